//! `sys_approval_change`: a request after a change, without its form (fact sheet section 6.7).

use super::flow::NodeKind;
use super::request::{Approval, Change};
use crate::callback::{Event, EventValue};

/// The event of one change. Lists are repeated elements without anything around them.
pub(crate) fn event(approval: &Approval, change: Change) -> Event {
    let seconds = approval.applied / 1000;
    let mut info: Vec<(&str, EventValue)> = vec![("SpNoStr", approval.number.as_str().into())];
    if let Ok(number) = approval.number.parse::<u64>() {
        info.push(("SpNo", number.into()));
    }
    info.extend([
        ("SpName", approval.name.as_str().into()),
        ("SpStatus", approval.status.number().into()),
        ("TemplateId", approval.template.as_str().into()),
        ("ApplyTime", seconds.into()),
        (
            "Applyer",
            vec![("UserId", approval.applicant.as_str().into()), ("Party", approval.department.to_string().into())]
                .into(),
        ),
    ]);
    for node in approval.nodes.iter().filter(|node| node.kind != NodeKind::Copy) {
        let mut record: Vec<(&str, EventValue)> =
            vec![("SpStatus", node.state.into()), ("ApproverAttr", node.relation.attribute().into())];
        record.extend(node.members.iter().map(|member| {
            let details: Vec<(&str, EventValue)> = vec![
                ("Approver", vec![("UserId", member.id.as_str().into())].into()),
                ("Speech", member.speech.as_str().into()),
                ("SpStatus", member.state.into()),
                ("SpTime", member.decided.into()),
            ];
            ("Details", details.into())
        }));
        info.push(("SpRecord", record.into()));
    }
    info.extend(approval.copies().map(|id| ("Notifyer", vec![("UserId", id.into())].into())));
    info.extend(approval.comments.iter().map(|comment| {
        let fields: Vec<(&str, EventValue)> = vec![
            ("CommentUserInfo", vec![("UserId", comment.member.as_str().into())].into()),
            ("CommentTime", comment.at.into()),
            ("CommentContent", comment.text.as_str().into()),
            ("CommentId", comment.id.as_str().into()),
        ];
        ("Comments", fields.into())
    }));
    let nodes = approval.nodes.iter().map(|node| {
        let mut fields: Vec<(&str, EventValue)> = vec![("NodeType", node.kind.number().into())];
        if node.kind != NodeKind::Copy {
            fields.extend([("SpStatus", node.state.into()), ("ApvRel", node.relation.number().into())]);
        }
        fields.extend(node.members.iter().map(|member| {
            let sub: Vec<(&str, EventValue)> = vec![
                ("UserInfo", vec![("UserId", member.id.as_str().into())].into()),
                ("Speech", member.speech.as_str().into()),
                ("SpYj", member.state.into()),
                ("Sptime", member.decided.into()),
            ];
            ("SubNodeList", sub.into())
        }));
        ("NodeList", fields.into())
    });
    info.push(("ProcessList", nodes.collect::<Vec<(&str, EventValue)>>().into()));
    info.push(("StatuChangeEvent", change.number().into()));
    Event::new("sys_approval_change", "sys").with("ApprovalInfo", info)
}
