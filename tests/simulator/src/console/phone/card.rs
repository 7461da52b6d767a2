//! A template card as one can press it.

use maud::{Markup, html};
use serde_json::Value;

use super::super::people::CHOICE;
use super::super::scene::{Scene, hidden, web_address};
use super::inbox::text;
use crate::corp::Member;
use crate::message::Received;

pub(super) fn card(scene: &Scene, member: &Member, one: &Received) -> Markup {
    let content = &one.content;
    let replaced = one.card.as_ref().and_then(|card| card.replaced.as_deref());
    html! {
        div.template-card {
            @if content["source"]["desc"].is_string() { p.hint { (text(&content["source"]["desc"])) } }
            h3 { (text(&content["main_title"]["title"])) }
            p { (text(&content["main_title"]["desc"])) }
            @if content["emphasis_content"].is_object() {
                p.figure { (text(&content["emphasis_content"]["title"])) }
                p.hint { (text(&content["emphasis_content"]["desc"])) }
            }
            @if content["quote_area"]["quote_text"].is_string() { blockquote { (text(&content["quote_area"]["quote_text"])) } }
            @if content["sub_title_text"].is_string() { p { (text(&content["sub_title_text"])) } }
            @if !list(&content["horizontal_content_list"]).is_empty() {
                dl.facts {
                    @for line in list(&content["horizontal_content_list"]) { dt { (text(&line["keyname"])) } dd { (text(&line["value"])) } }
                }
            }
            @for line in list(&content["vertical_content_list"]) { h3 { (text(&line["title"])) } p { (text(&line["desc"])) } }
            @for jump in list(&content["jump_list"]) {
                @if let Some(url) = web_address(text(&jump["url"])) { p { a href=(url) { (text(&jump["title"])) } } }
            }
            @if let Some(url) = web_address(text(&content["card_action"]["url"])) {
                p { a href=(url) { (scene.say("打开卡片", "Open the card")) } }
            }
            (presses(scene, member, one, replaced))
            @if let Some(replaced) = replaced { p { span.tag.good { (replaced) } } }
        }
    }
}

/// Buttons, choices and the menu.
fn presses(scene: &Scene, member: &Member, one: &Received, replaced: Option<&str>) -> Markup {
    let content = &one.content;
    let menu = list(&content["action_menu"]["action_list"]);
    html! {
        @if replaced.is_none() {
            @if !list(&content["button_list"]).is_empty() || content["submit_button"].is_object() {
                (scene.form("press", &html! {
                    (hidden("member", &member.id)) (hidden("message", &one.id))
                    @if content["checkbox"].is_object() { (checkbox(&content["checkbox"])) }
                    @if content["button_selection"].is_object() { (selection(&content["button_selection"])) }
                    @for question in list(&content["select_list"]) { (selection(question)) }
                    div.row {
                        @for button in list(&content["button_list"]) { (press_button(button)) }
                        @if content["submit_button"].is_object() {
                            @let label = text(&content["submit_button"]["text"]);
                            button name="key" value=(text(&content["submit_button"]["key"])) {
                                @if label.is_empty() { (scene.say("提交", "Submit")) } @else { (label) }
                            }
                        }
                    }
                }))
            }
        }
        @if !menu.is_empty() {
            details {
                summary { @let label = text(&content["action_menu"]["desc"]);
                    @if label.is_empty() { (scene.say("更多", "More")) } @else { (label) } }
                div.row {
                    @for entry in menu {
                        (scene.button("press", &[("member", &member.id), ("message", &one.id), ("key", text(&entry["key"]))], "quiet", text(&entry["text"])))
                    }
                }
            }
        }
    }
}

fn press_button(button: &Value) -> Markup {
    let opens = button["type"] == 1 || button["type"] == "1";
    let quiet = matches!(button["style"].as_i64(), Some(2 | 4));
    html! {
        @if opens {
            @if let Some(url) = web_address(text(&button["url"])) { a.button.quiet href=(url) { (text(&button["text"])) } }
        } @else {
            button class=(if quiet { "quiet" } else { "" }) name="key" value=(text(&button["key"])) { (text(&button["text"])) }
        }
    }
}

fn checkbox(question: &Value) -> Markup {
    let name = format!("{CHOICE}{}", text(&question["question_key"]));
    let kind = if question["mode"] == 1 { "checkbox" } else { "radio" };
    html! {
        ul.plain {
            @for option in list(&question["option_list"]) {
                li { label { input type=(kind) name=(name) value=(text(&option["id"])) checked[option["is_checked"] == true]; " " (text(&option["text"])) } }
            }
        }
    }
}

fn selection(question: &Value) -> Markup {
    let name = format!("{CHOICE}{}", text(&question["question_key"]));
    let title = text(&question["title"]);
    html! {
        div.field {
            label {
                @if title.is_empty() { (text(&question["question_key"])) } @else { (title) }
                select name=(name) disabled[question["disable"] == true] {
                    @for option in list(&question["option_list"]) {
                        option value=(text(&option["id"])) selected[option["id"] == question["selected_id"]] { (text(&option["text"])) }
                    }
                }
            }
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
