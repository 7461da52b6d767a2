//! The part of the console's page that shows what apps and members did: messages, deliveries, and the desk.

use maud::{Markup, html};

use super::view::form;
use crate::approval::{Approval, Template};
use crate::callback::{Attempt, Delivery};
use crate::control::Control;
use crate::corp::Corp;
use crate::message::Received;

/// Of each list the page shows this many, newest first.
const SHOWN: usize = 20;

/// Messages, deliveries, and the desk.
pub(super) fn activity(control: &Control, corp: &Corp) -> Markup {
    let app = corp.apps().next().map(|app| app.id.to_string()).unwrap_or_default();
    let mut received: Vec<(String, Received)> = control
        .inboxes()
        .into_iter()
        .flat_map(|(member, inbox)| inbox.into_iter().map(move |one| (member.clone(), one)))
        .collect();
    received.sort_by_key(|(_, one)| std::cmp::Reverse(one.at));
    let (deliveries, approvals, templates) = (control.deliveries(), control.approvals(), control.templates());
    html! {
        h2 { "消息 Messages" }
        table { @for (member, one) in received.iter().take(SHOWN) { (message_row(member, one)) } }
        (form("write", "发给应用 Write to the app", &[("member", ""), ("app", &app), ("text", "")]))
        (form("enter-app", "进入应用 Enter", &[("member", ""), ("app", &app)]))
        (form("choose-menu", "点菜单 Choose from the menu", &[("member", ""), ("app", &app), ("key", ""), ("url", "")]))
        h2 { "回调 Callbacks" }
        (form("save-callback", "保存 Save", &[("receiver", &app), ("url", ""), ("token", ""), ("aes_key", "")]))
        table { @for one in deliveries.iter().rev().take(SHOWN) { (delivery_row(one)) } }
        h2 { "审批 Approvals" }
        table { @for one in approvals.iter().rev().take(SHOWN) { (approval_row(one)) } }
        @for template in &templates { (apply_form(template)) }
    }
}

fn message_row(member: &str, one: &Received) -> Markup {
    let card = &one.content;
    let listed = |list: &serde_json::Value| list.as_array().cloned().unwrap_or_default();
    let buttons = listed(&card["button_list"]).into_iter().chain(listed(&card["action_menu"]["action_list"]));
    let submit = card["submit_button"]["key"].as_str().map(str::to_owned);
    let keys: Vec<String> =
        buttons.filter_map(|button| button["key"].as_str().map(str::to_owned)).chain(submit).collect();
    html! {
        tr {
            td { (member) }
            td {
                (one.kind) " "
                @if one.recalled { "已撤回 recalled" } @else { code { (one.content) } }
                @if let Some(text) = one.card.as_ref().and_then(|card| card.replaced.as_ref()) { " → " (text) }
            }
            td {
                @if !one.recalled {
                    @for key in &keys {
                        (form("press", key, &[
                            ("member", member), ("message", &one.id), ("key", key), ("selections", ""),
                        ]))
                    }
                }
            }
        }
    }
}

fn delivery_row(one: &Delivery) -> Markup {
    let attempts = one.attempts.iter().map(|attempt| match attempt {
        Attempt::Answered { status, .. } => status.to_string(),
        Attempt::TimedOut => "超时 timed out".to_owned(),
        Attempt::Failed(error) => error.clone(),
    });
    html! {
        tr {
            td { (one.id.0) " " (one.event) }
            td { (attempts.collect::<Vec<_>>().join(" · ")) " " (one.body().unwrap_or_default()) }
            td { code { (one.message) } }
        }
    }
}

fn approval_row(one: &Approval) -> Markup {
    html! {
        tr {
            td { (one.number) " " (one.name) }
            td { (one.applicant) " · " (format!("{:?}", one.status)) }
            td {
                @for member in one.awaited() {
                    @for (decision, label) in [("agree", "同意 Agree"), ("reject", "驳回 Reject")] {
                        (form("decide", &format!("{member} {label}"), &[
                            ("member", member), ("number", &one.number), ("decision", decision), ("speech", ""),
                        ]))
                    }
                }
                (form("withdraw", "撤销 Withdraw", &[("member", &one.applicant), ("number", &one.number)]))
            }
        }
    }
}

fn apply_form(template: &Template) -> Markup {
    let label = format!("提交 Apply: {}", template.name());
    form("apply", &label, &[("member", ""), ("template", &template.id), ("contents", "")])
}
