//! Actions of members towards apps: they press cards, open apps, choose from menus and write.

use serde_json::json;

use super::action::{Action, action, done};
use super::fields::{ActionError, Fields};
use crate::callback::{Event, Receiver};
use crate::control::Control;
use crate::message::Press;

/// Fields that begin so carry choices of a card; the rest of the name is the question.
pub(super) const CHOICE: &str = "choice.";

pub(super) static ACTIONS: &[Action] = &[
    action(
        "press",
        "member message key [selections] [choice.QUESTION] (question=option,option; several separated by ;)",
        |control, fields| {
            let mut press = Press::key(fields.text("key")?);
            for (question, options) in fields.beginning_with(CHOICE) {
                press = press.choosing(question, &options.split(',').collect::<Vec<_>>());
            }
            for part in fields.given("selections").unwrap_or_default().split(';').filter(|part| !part.is_empty()) {
                let (question, options) =
                    part.split_once('=').ok_or_else(|| fields.invalid("selections", "question=option,option"))?;
                press = press.choosing(question.trim(), &options.split(',').map(str::trim).collect::<Vec<_>>());
            }
            let pressed = control.press(fields.text("member")?, fields.text("message")?, &press)?;
            Ok(json!({"ok": true, "response_code": pressed.response_code, "delivery": pressed.delivery}))
        },
    ),
    action("scan", "member ticket (of GET /sim/scans)", |control, fields| {
        done(control.scan(fields.text("member")?, fields.text("ticket")?))
    }),
    action("confirm-scan", "member ticket", |control, fields| {
        done(control.answer_scan(fields.text("member")?, fields.text("ticket")?, true))
    }),
    action("deny-scan", "member ticket", |control, fields| {
        done(control.answer_scan(fields.text("member")?, fields.text("ticket")?, false))
    }),
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
