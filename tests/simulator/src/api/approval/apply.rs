//! `oa/applyevent` (doc 91853).

use serde_json::Value;

use super::value::{self, Against, MOST_FILES};
use super::{check, unfit};
use crate::api::answer::{Answer, Refusal};
use crate::api::call::{Call, number};
use crate::approval::{ApprovalNode, Change, NodeKind, Relation, Submission, Template, TemplateFlow};
use crate::corp::{Corp, Member};

/// Checks a request against its template and takes it in.
pub(crate) fn apply(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    check(call, "oa/applyevent")?;
    let corp = call.view.corp.clone();
    let applicant = call.text("creator_userid").ok_or_else(|| Refusal::form("missing creator_userid"))?;
    let member = corp.member(applicant).filter(|member| call.view.range.member(member)).ok_or(301055)?;
    let id = call.text("template_id").ok_or_else(|| Refusal::form("missing template_id"))?;
    let template = call.world.approvals.template(id).ok_or_else(|| unfit("invalid template_id"))?.clone();
    let department = department(call, member)?;
    let nodes = match call.number("use_template_approver") {
        Some(0) => nodes(call, &corp)?,
        Some(1) => template_nodes(&corp, &template, member)?,
        _ => return Err(Refusal::form("invalid use_template_approver")),
    };
    let contents = contents(call, &template)?;
    check_summary(call.body.get("summary_list"))?;
    if call.world.approvals.overlaps(&member.id, &contents) {
        return Err(301079.into());
    }
    let submission = Submission { applicant: member.id.clone(), department, nodes, contents };
    let number = call.world.submit_approval(&template, submission);
    call.world.tell_approval(&number, Change::Submitted);
    Ok(Answer::ok(vec![("sp_no", Value::from(number))]))
}

/// `choose_department`, which must be one of the member's; else the main one.
fn department(call: &Call<'_>, member: &Member) -> Result<u64, Refusal> {
    match call.number("choose_department") {
        None => Ok(member.main().unwrap_or_default()),
        Some(id) => {
            let place = member.departments.iter().find(|place| i64::try_from(place.department) == Ok(id));
            place.map(|place| place.department).ok_or_else(|| unfit("invalid choose_department"))
        }
    }
}

/// The flow of the body, in the present form or the older one.
fn nodes(call: &Call<'_>, corp: &Corp) -> Result<Vec<ApprovalNode>, Refusal> {
    let mut nodes = Vec::new();
    if let Some(process) = call.body.get("process") {
        let list = process["node_list"].as_array().ok_or_else(|| Refusal::form("process.node_list is no list"))?;
        for node in list {
            let kind = number(&node["type"]).and_then(NodeKind::of).ok_or_else(|| unfit("invalid node type"))?;
            let relation = match kind {
                NodeKind::Copy => Relation::All,
                _ => number(&node["apv_rel"]).and_then(Relation::of).ok_or_else(|| unfit("invalid apv_rel"))?,
            };
            nodes.push(ApprovalNode::new(kind, relation, &members(corp, &node["userid"])?));
        }
    } else {
        for node in call.body.get("approver").and_then(Value::as_array).into_iter().flatten() {
            let relation = match number(&node["attr"]) {
                Some(1) => Relation::Any,
                Some(2) => Relation::All,
                _ => return Err(unfit("invalid attr")),
            };
            nodes.push(ApprovalNode::new(NodeKind::Approver, relation, &members(corp, &node["userid"])?));
        }
        if let Some(told) = call.body.get("notifyer") {
            nodes.push(ApprovalNode::new(NodeKind::Copy, Relation::All, &members(corp, told)?));
        }
    }
    if nodes.iter().any(|node| node.kind == NodeKind::Approver) {
        Ok(nodes)
    } else {
        Err(unfit("nobody is named to approve"))
    }
}

fn members<'c>(corp: &'c Corp, list: &Value) -> Result<Vec<&'c str>, Refusal> {
    let ids = list.as_array().filter(|ids| !ids.is_empty()).ok_or_else(|| Refusal::form("userid is no list"))?;
    let known = |id: &Value| corp.member(id.as_str()?).map(|member| member.id.as_str());
    ids.iter().map(|id| known(id).ok_or_else(|| unfit("invalid userid"))).collect()
}

/// The flow of the template, for this applicant.
pub(crate) fn template_nodes(corp: &Corp, template: &Template, member: &Member) -> Result<Vec<ApprovalNode>, Refusal> {
    let leaders = || {
        let department = member.main().and_then(|id| corp.department(id));
        let department = department.map(|department| department.leaders.as_slice()).unwrap_or_default();
        let others = member.direct_leaders.iter().chain(department).filter_map(|id| corp.member(id));
        others.chain(corp.members()).find(|other| other.id != member.id).map(|leader| vec![leader.id.as_str()])
    };
    let approvers = match &template.flow {
        TemplateFlow::Leader => leaders().unwrap_or_default(),
        TemplateFlow::Members(ids) => ids.iter().map(String::as_str).collect(),
        TemplateFlow::ChosenByApplicant => return Err(unfit("the flow has nodes chosen by the applicant")),
    };
    Ok(vec![ApprovalNode::new(NodeKind::Approver, Relation::Any, &approvers)])
}

/// The contents, without what the platform works out itself.
fn contents(call: &Call<'_>, template: &Template) -> Result<Vec<Value>, Refusal> {
    let given = call.body.get("apply_data").and_then(|data| data["contents"].as_array());
    let given = given.ok_or_else(|| Refusal::form("apply_data.contents is no list"))?;
    let world = &*call.world;
    let known = |number: &str| world.approvals.request(number).is_some();
    let against = Against { view: &call.view, media: &world.media, now: world.now(), known: &known };
    let mut kept = Vec::new();
    let mut files = 0;
    for content in given {
        let (kind, id) = (&content["control"], &content["id"]);
        let control = template.controls.iter().find(|one| one["property"]["id"] == *id);
        let control = control.ok_or_else(|| unfit(format!("control {id} is not in the template")))?;
        if control["property"]["control"] != *kind {
            return Err(unfit(format!("control {id} is no {kind}")));
        }
        if matches!(kind.as_str(), Some("Formula" | "Tips")) {
            continue;
        }
        value::check(control, &content["value"], &against).map_err(|why| unfit(format!("{id}: {why}")))?;
        files += content["value"]["files"].as_array().map_or(0, Vec::len);
        kept.push(serde_json::json!({"control": kind, "id": id, "value": content["value"]}));
    }
    if files > MOST_FILES {
        return Err(unfit("too many attachments"));
    }
    let missing = template.controls.iter().find(|control| {
        let property = &control["property"];
        property["require"] == 1 && !kept.iter().any(|content| content["id"] == property["id"])
    });
    match missing {
        Some(control) => Err(unfit(format!("{} is required", control["property"]["id"]))),
        None => Ok(kept),
    }
}

/// One to three lines of up to 20 characters, in a language that exists.
fn check_summary(list: Option<&Value>) -> Result<(), Refusal> {
    let lines = list.and_then(Value::as_array).ok_or_else(|| Refusal::form("summary_list is no list"))?;
    if !(1..=3).contains(&lines.len()) {
        return Err(unfit("summary_list has 1 to 3 lines"));
    }
    for text in lines.iter().flat_map(|line| line["summary_info"].as_array().into_iter().flatten()) {
        let written = text["text"].as_str().is_some_and(|text| text.chars().count() <= 20);
        if !written || !matches!(text["lang"].as_str(), Some("zh_CN" | "en")) {
            return Err(unfit("invalid summary_info"));
        }
    }
    Ok(())
}
