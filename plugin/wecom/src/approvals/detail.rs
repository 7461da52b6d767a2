//! One request with all that was decided (doc 91983), in its present and its former shapes.

use organisation_kit::contract::approvals::{Approval, Consent, Decision, Field, Node, NodeKind, Remark};

use super::{status, value::read};
use crate::wire::{
    json_tree::{self, JsonTree},
    tolerant::UnreadableField,
};

/// Reads the answer of `oa/getapprovaldetail`.
pub(super) fn parse(text: &str) -> Result<Approval, serde_json::Error> {
    let answer = json_tree::parse(text)?;
    let info = JsonTree(&answer).at("info");
    let text = |key: &str| info.at(key).text().unwrap_or_default();
    let applicant = |at: JsonTree<'_>| at.at("userid").text();
    // One of the two stands there.
    let applicants = info.at("applyer").list().chain(info.at("batch_applyer").list()).filter_map(applicant);
    Ok(Approval {
        number: info.at("sp_no").text().ok_or(UnreadableField("info.sp_no"))?,
        name: text("sp_name"),
        template: text("template_id"),
        status: status::REQUEST.name(info.at("sp_status").number().ok_or(UnreadableField("info.sp_status"))?),
        submitted_at: info.at("apply_time").instant().ok_or(UnreadableField("info.apply_time"))?,
        applicants: applicants.collect(),
        department: info.at("applyer").at("partyid").text(),
        fields: info.at("apply_data").at("contents").list().map(field).collect(),
        nodes: nodes(info),
        copied_to: copied_to(info),
        remarks: info.at("comments").list().map(remark).collect(),
    })
}

/// Something that was filled in.
pub(super) fn field(content: JsonTree<'_>) -> Field {
    let (id, kind, titles) = read::head(content);
    Field { value: read::field(kind.as_deref(), content.at("value")), id, kind, titles }
}

/// Everybody who gets a copy (抄送): a list of its own, and the nodes for it where one view has more than the other.
fn copied_to(info: JsonTree<'_>) -> Vec<String> {
    let nodes = info.at("process_list").at("node_list").list().filter(|node| node.at("node_type").number() == Some(2));
    let people = info.at("notifyer").list().chain(nodes.flat_map(|node| node.at("sub_node_list").list()));
    let mut members = Vec::new();
    for id in people.filter_map(|one| one.at("userid").text()) {
        if !members.contains(&id) {
            members.push(id);
        }
    }
    members
}

/// The present view; where an old installation has none, the one before.
fn nodes(info: JsonTree<'_>) -> Vec<Node> {
    let present = info.at("process_list").at("node_list");
    if present.is_nothing() {
        return info.at("sp_record").list().map(record).collect();
    }
    present.list().map(node).collect()
}

fn node(node: JsonTree<'_>) -> Node {
    let kind = match node.at("node_type").number() {
        Some(2) => NodeKind::Copy,
        Some(3) => NodeKind::Handle,
        // A node of a kind that is not known here has people who decide, or it would be none.
        _ => NodeKind::Approve,
    };
    let decides = kind != NodeKind::Copy;
    let consent = match node.at("apv_rel").number() {
        Some(1) => Some(Consent::All),
        Some(2) => Some(Consent::Any),
        Some(3) => Some(Consent::InTurn),
        _ => None,
    };
    let decision = |one: JsonTree<'_>| Decision {
        member: one.at("userid").text().unwrap_or_default(),
        status: one.at("sp_yj").number().filter(|_| decides).map(|number| status::DECISION.name(number)),
        comment: one.at("speech").text(),
        at: one.at("sptime").instant(),
        files: one.at("media_ids").texts(),
    };
    Node {
        kind,
        consent: consent.filter(|_| decides),
        status: node.at("sp_status").number().filter(|_| decides).map(|number| status::DECISION.name(number)),
        decisions: node.at("sub_node_list").list().map(decision).collect(),
    }
}

/// A node of the view before, in which 1 means any of them and 2 all.
fn record(record: JsonTree<'_>) -> Node {
    let decision = |one: JsonTree<'_>| Decision {
        member: one.at("approver").at("userid").text().unwrap_or_default(),
        status: one.at("sp_status").number().map(|number| status::DECISION.name(number)),
        comment: one.at("speech").text(),
        at: one.at("sptime").instant(),
        files: one.at("media_id").texts(),
    };
    Node {
        kind: NodeKind::Approve,
        consent: match record.at("approverattr").number() {
            Some(1) => Some(Consent::Any),
            Some(2) => Some(Consent::All),
            _ => None,
        },
        status: record.at("sp_status").number().map(|number| status::DECISION.name(number)),
        decisions: record.at("details").list().map(decision).collect(),
    }
}

fn remark(remark: JsonTree<'_>) -> Remark {
    let text = |key: &str| remark.at(key).text().unwrap_or_default();
    Remark {
        id: text("commentid"),
        member: remark.at("commentUserInfo").at("userid").text().unwrap_or_default(),
        text: text("commentcontent"),
        at: remark.at("commenttime").instant().unwrap_or_default(),
        files: remark.at("media_id").texts(),
    }
}

#[cfg(test)]
mod tests;
