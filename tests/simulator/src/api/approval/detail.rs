//! `oa/getapprovaldetail` (doc 91983): one request with its form and its flow, in the present view and the older one.

use serde_json::{Map, Value, json};

use super::{check, unfit};
use crate::api::answer::{Answer, Refusal};
use crate::api::call::Call;
use crate::approval::{Approval, NodeKind, Template};
use crate::world::World;

/// Lists that every value carries, whether they mean something or not.
const ALWAYS: &[&str] =
    &["tips", "members", "departments", "files", "children", "stat_field", "sum_field", "related_approval"];

/// One request.
pub(crate) fn detail(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    check(call, "oa/getapprovaldetail")?;
    let number = call.text("sp_no").ok_or_else(|| unfit("invalid sp_no"))?;
    let one = call.world.approvals.request(number).ok_or_else(|| unfit("invalid sp_no"))?;
    let applicant = call.view.corp.member(&one.applicant);
    applicant.filter(|member| call.view.range.member(member)).ok_or(301055)?;
    let template = call.world.approvals.template(&one.template);
    let contents: Vec<Value> = template.map(|template| contents(call.world, template, one)).unwrap_or_default();
    let historic = call.world.behaviour.approvals.single_objects;
    let deciding = || one.nodes.iter().filter(|node| node.kind != NodeKind::Copy);
    let records = deciding().map(|node| {
        let details = node.members.iter().map(|member| {
            json!({
                "approver": {"userid": member.id}, "speech": member.speech, "sp_status": member.state,
                "sptime": member.decided, "media_id": [],
            })
        });
        json!({
            "sp_status": node.state, "approverattr": node.relation.attribute(), "details": details.collect::<Vec<_>>(),
        })
    });
    let nodes = one.nodes.iter().map(|node| {
        let members = node.members.iter().map(|member| {
            json!({
                "userid": member.id, "speech": member.speech, "sp_yj": member.state, "sptime": member.decided,
                "media_ids": [],
            })
        });
        let mut shown = json!({"node_type": node.kind.number(), "sub_node_list": members.collect::<Vec<_>>()});
        // Nodes that are only told have neither.
        if node.kind != NodeKind::Copy {
            shown["sp_status"] = node.state.into();
            shown["apv_rel"] = node.relation.number().into();
        }
        shown
    });
    let comments = one.comments.iter().map(|comment| {
        json!({
            "commentUserInfo": {"userid": comment.member}, "commenttime": comment.at, "commentcontent": comment.text,
            "commentid": comment.id, "media_id": [],
        })
    });
    let info = json!({
        "sp_no": one.number, "sp_name": one.name, "sp_status": one.status.number(), "template_id": one.template,
        "apply_time": one.applied / 1000,
        "applyer": {"userid": one.applicant, "partyid": one.department.to_string()},
        "sp_record": single(records.collect(), historic),
        "notifyer": single(one.copies().map(|id| json!({"userid": id})).collect(), historic),
        "apply_data": {"contents": contents},
        "comments": comments.collect::<Vec<_>>(),
        "process_list": {"node_list": nodes.collect::<Vec<_>>()},
    });
    Ok(Answer::ok(vec![("info", info)]))
}

/// Historic answers show a single record without its list.
fn single(mut list: Vec<Value>, historic: bool) -> Value {
    match list.pop() {
        Some(only) if historic && list.is_empty() => only,
        Some(last) => {
            list.push(last);
            Value::from(list)
        }
        None => Value::from(list),
    }
}

/// The form: what was submitted, what the platform adds, and the controls that it works out itself.
fn contents(world: &World, template: &Template, one: &Approval) -> Vec<Value> {
    template.controls.iter().filter_map(|control| content(world, control, &one.contents)).collect()
}

fn content(world: &World, control: &Value, given: &[Value]) -> Option<Value> {
    let property = &control["property"];
    let kind = property["control"].as_str().unwrap_or_default();
    let given = given.iter().find(|content| content["id"] == property["id"]);
    let mut value = match (kind, given) {
        ("Tips", _) => json!({"new_tips": control["config"]["tips"]}),
        ("Formula", _) => json!({"formula": {"value": "0"}}),
        (_, Some(given)) => given["value"].clone(),
        (_, None) => return None,
    };
    enrich(world, kind, control, &mut value);
    if let Value::Object(value) = &mut value {
        fill(value);
    }
    Some(json!({"control": kind, "id": property["id"], "title": property["title"], "value": value}))
}

/// Adds the empty lists that say nothing about the control.
fn fill(value: &mut Map<String, Value>) {
    for name in ALWAYS {
        value.entry(*name).or_insert_with(|| json!([]));
    }
}

/// Adds what is shown with some controls.
fn enrich(world: &World, kind: &str, control: &Value, value: &mut Value) {
    let list = |value: &mut Value| std::mem::take(value).as_array().cloned().unwrap_or_default();
    match kind {
        "Selector" => {
            let offered = control["config"]["selector"]["options"].as_array().cloned().unwrap_or_default();
            let mut chosen = list(&mut value["selector"]["options"]);
            for option in &mut chosen {
                let found = offered.iter().find(|one| one["key"] == option["key"]);
                option["value"] = found.map(|one| one["value"].clone()).unwrap_or_else(|| json!([]));
            }
            value["selector"]["options"] = Value::from(chosen);
        }
        "Attendance" | "Vacation" => {
            let inner = if kind == "Vacation" { &mut value["vacation"] } else { value };
            let attendance = &mut inner["attendance"];
            attendance["date_range"]["perday_duration"] = 86_400.into();
            let days = attendance["slice_info"]["day_items"].as_array();
            if let Some(days) = days {
                let total: i64 = days.iter().filter_map(|day| day["duration"].as_i64()).sum();
                attendance["slice_info"]["duration"] = total.into();
                // 1: as the platform works it out.
                attendance["slice_info"]["state"] = 1.into();
            }
        }
        "RelatedApproval" => {
            let mut related = list(&mut value["related_approval"]);
            for one in &mut related {
                let found = one["sp_no"].as_str().and_then(|number| world.approvals.request(number));
                if let Some(found) = found {
                    one["template_names"] = json!([{"text": found.name, "lang": "zh_CN"}]);
                    one["sp_status"] = found.status.number().into();
                    one["name"] = world.corp().member(&found.applicant).map_or("", |member| &member.name).into();
                    one["create_time"] = (found.applied / 1000).into();
                }
            }
            value["related_approval"] = Value::from(related);
        }
        "Table" => {
            let columns = control["config"]["table"]["children"].as_array().cloned().unwrap_or_default();
            let mut rows = list(&mut value["children"]);
            for row in &mut rows {
                let cells = list(&mut row["list"]);
                let shown = columns.iter().filter_map(|column| content(world, column, &cells));
                row["list"] = Value::from(shown.collect::<Vec<_>>());
            }
            value["children"] = Value::from(rows);
        }
        _ => {}
    }
}
