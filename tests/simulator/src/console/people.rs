//! Actions of members towards apps: they press cards, open apps, choose from menus and write.

use serde_json::json;

use super::action::{Action, action};
use super::fields::{ActionError, Fields};
use crate::callback::{Event, Receiver};
use crate::control::Control;
use crate::message::Press;

pub(super) static ACTIONS: &[Action] = &[
    action(
        "press",
        "member message key [selections] (question=option,option; several separated by ;)",
        |control, fields| {
            let mut press = Press::key(fields.text("key")?);
            for part in fields.given("selections").unwrap_or_default().split(';').filter(|part| !part.is_empty()) {
                let (question, options) =
                    part.split_once('=').ok_or_else(|| fields.invalid("selections", "question=option,option"))?;
                press = press.choosing(question.trim(), &options.split(',').map(str::trim).collect::<Vec<_>>());
            }
            let pressed = control.press(fields.text("member")?, fields.text("message")?, &press)?;
            Ok(json!({"ok": true, "response_code": pressed.response_code, "delivery": pressed.delivery}))
        },
    ),
    action("enter-app", "member app", |control, fields| {
        let delivery = control.enter_app(fields.text("member")?, fields.number("app")?)?;
        Ok(json!({"ok": true, "delivery": delivery}))
    }),
    action("choose-menu", "member app, and one of key url", |control, fields| {
        let member = fields.text("member")?;
        let event = match fields.given("url") {
            Some(url) if !url.is_empty() => Event::view(member, url),
            _ => Event::click(member, fields.text("key")?),
        };
        emit(control, fields, &event)
    }),
    action("write", "member app text", |control, fields| {
        emit(control, fields, &Event::text_message(fields.text("member")?, fields.text("text")?))
    }),
];

fn emit(control: &Control, fields: &Fields, event: &Event) -> Result<serde_json::Value, ActionError> {
    let delivery = control.emit(Receiver::App(fields.number("app")?), event)?;
    Ok(json!({"ok": true, "delivery": delivery}))
}
