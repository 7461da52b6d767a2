//! Messages of a member, the latest first, each as its kind is shown.

use maud::{Markup, html};
use serde_json::Value;

use super::super::scene::{Scene, web_address};
use super::card;
use crate::corp::Member;
use crate::message::Received;

/// So many messages stand on a page.
const LISTED: usize = 20;

pub(super) fn screen(scene: &Scene, member: &Member) -> Markup {
    let inbox = scene.control.inbox(&member.id);
    let skip = scene.page() * LISTED;
    let path = scene.here.split('?').next().unwrap_or_default();
    html! {
        @if inbox.is_empty() { p.hint { (scene.say("还没有消息。", "No message yet.")) } }
        @for one in inbox.iter().rev().skip(skip).take(LISTED) {
            article.message {
                p.hint { (scene.corp.app(one.app).map_or("", |app| app.name.as_str())) " · " (scene.time(one.at)) }
                @if one.recalled { p.hint { (scene.say("消息已撤回", "The message was recalled")) } } @else { (shown(scene, member, one)) }
            }
        }
        (scene.pager(path, &[], inbox.len() > skip + LISTED))
    }
}

fn shown(scene: &Scene, member: &Member, one: &Received) -> Markup {
    let content = &one.content;
    match one.kind.as_str() {
        "text" | "markdown" => html! { p.text { (text(&content["content"])) } },
        "textcard" => linked(scene, content),
        "news" | "mpnews" => {
            let articles = content["articles"].as_array().map(Vec::as_slice).unwrap_or_default();
            html! { @for article in articles { (linked(scene, article)) } }
        }
        "template_card" => card::card(scene, member, one),
        "image" | "voice" | "video" | "file" => {
            html! { p { span.tag { (one.kind) } " " code { (text(&content["media_id"])) } } }
        }
        _ => html! { p { span.tag { (one.kind) } } pre { (content) } },
    }
}

/// Title, description and address.
fn linked(scene: &Scene, content: &Value) -> Markup {
    html! {
        h3 { (text(&content["title"])) }
        p.text { (text(&content["description"])) }
        @if let Some(url) = web_address(text(&content["url"])) {
            @let label = text(&content["btntxt"]);
            a href=(url) { @if label.is_empty() { (scene.say("详情", "Details")) } @else { (label) } }
        }
    }
}

/// A text; "" where there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
