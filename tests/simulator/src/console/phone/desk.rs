//! The approval desk: what waits for this member, what the member asked for, and new requests.

use maud::{Markup, html};
use serde_json::Value;

use super::super::scene::{Scene, field, hidden};
use crate::approval::{Approval, ApprovalStatus};
use crate::corp::{Member, folded};

/// Of each list the latest so many are shown.
const LISTED: usize = 20;

pub(super) fn screen(scene: &Scene, member: &Member) -> Markup {
    let mine = |id: &str| folded(id) == folded(&member.id);
    let approvals = scene.control.approvals();
    let waiting: Vec<&Approval> =
        approvals.iter().rev().filter(|one| one.awaited().iter().any(|id| mine(id))).take(LISTED).collect();
    let own: Vec<&Approval> = approvals.iter().rev().filter(|one| mine(&one.applicant)).take(LISTED).collect();
    html! {
        h2 { (scene.say("待我审批", "Waiting for me")) }
        @if waiting.is_empty() { p.hint { (scene.say("没有待审批的申请。", "Nothing waits.")) } }
        @for one in waiting { (decision(scene, member, one)) }
        h2 { (scene.say("我的申请", "My requests")) }
        @if own.is_empty() { p.hint { (scene.say("还没有提交申请。", "None yet.")) } }
        @for one in own { (request(scene, member, one)) }
        h2 { (scene.say("提交申请", "Apply")) }
        (scene.form("apply", &html! {
            (hidden("member", &member.id))
            div.field {
                label {
                    (scene.say("模板", "Template"))
                    select name="template" { @for template in scene.control.templates() { option value=(template.id) { (template.name()) } } }
                }
            }
            details {
                summary { (scene.say("填写内容（JSON）", "Contents (JSON)")) }
                label { "apply_data.contents" textarea name="contents" {} }
            }
            button { (scene.say("提交", "Submit")) }
        }))
    }
}

fn decision(scene: &Scene, member: &Member, one: &Approval) -> Markup {
    html! {
        article.card {
            (summary(scene, one))
            (scene.form("decide", &html! {
                (hidden("member", &member.id)) (hidden("number", &one.number))
                (field(scene.say("意见", "Remark"), "speech", "", ""))
                div.row {
                    button name="decision" value="agree" { (scene.say("同意", "Agree")) }
                    button.danger name="decision" value="reject" { (scene.say("驳回", "Reject")) }
                }
                details {
                    summary { (scene.say("转审或加签", "Hand over or add an approver")) }
                    (field(scene.say("成员账号", "Member id"), "to", "", ""))
                    div.row {
                        button.quiet name="decision" value="transfer" { (scene.say("转审", "Hand over")) }
                        button.quiet name="decision" value="add-approver" { (scene.say("加签", "Add")) }
                    }
                }
            }))
        }
    }
}

fn request(scene: &Scene, member: &Member, one: &Approval) -> Markup {
    let fields = [("member", member.id.as_str()), ("number", one.number.as_str())];
    html! {
        article.card {
            (summary(scene, one))
            div.row {
                @if one.status == ApprovalStatus::InProgress {
                    (scene.button("urge", &fields, "quiet", scene.say("催办", "Urge")))
                }
                @if matches!(one.status, ApprovalStatus::InProgress | ApprovalStatus::Approved) {
                    (scene.button("withdraw", &fields, "quiet", scene.say("撤销", "Withdraw")))
                }
            }
            details {
                summary { (scene.say("评论", "Comment")) }
                (scene.form("comment", &html! {
                    (hidden("member", &member.id)) (hidden("number", &one.number))
                    (field(scene.say("内容", "Text"), "text", "", ""))
                    button.quiet { (scene.say("发送", "Send")) }
                }))
            }
        }
    }
}

fn summary(scene: &Scene, one: &Approval) -> Markup {
    let (class, status) = match one.status {
        ApprovalStatus::InProgress => ("tag warn", scene.say("审批中", "in progress")),
        ApprovalStatus::Approved => ("tag good", scene.say("已同意", "approved")),
        ApprovalStatus::Rejected => ("tag bad", scene.say("已驳回", "rejected")),
        ApprovalStatus::Withdrawn => ("tag", scene.say("已撤销", "withdrawn")),
        ApprovalStatus::WithdrawnAfterApproval => ("tag", scene.say("通过后撤销", "withdrawn after approval")),
        ApprovalStatus::Deleted => ("tag", scene.say("已删除", "deleted")),
        ApprovalStatus::Paid => ("tag good", scene.say("已支付", "paid")),
    };
    html! {
        h3 { (one.name) " " span class=(class) { (status) } }
        p.hint { (one.number) " · " (one.applicant) " · " (scene.time(one.applied)) }
        @for content in &one.contents { p { strong { (title(content)) } " " (value(content)) } }
        @if !one.awaited().is_empty() { p.hint { (scene.say("等待", "awaited: ")) " " (one.awaited().join(" · ")) } }
        @for decided in one.nodes.iter().flat_map(|node| &node.members).filter(|decided| !decided.speech.is_empty()) {
            p { (decided.id) "：" (decided.speech) }
        }
        @for comment in &one.comments { p { (comment.member) "：" (comment.text) } }
    }
}

fn title(content: &Value) -> &str {
    content["title"][0]["text"].as_str().or_else(|| content["control"].as_str()).unwrap_or_default()
}

/// The texts of a value; of a control that has none, the value itself.
fn value(content: &Value) -> String {
    let value = &content["value"];
    let plain = ["text", "new_money", "new_number"].iter().find_map(|name| value[*name].as_str());
    plain.map_or_else(|| value.to_string(), str::to_owned)
}
