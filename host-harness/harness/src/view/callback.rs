//! What a request of the vendor led to.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_host::contract::{
    callbacks::{Event, Handled},
    types::Body,
};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{error::ErrorView, record::record, time};
use crate::command_error::CommandError;

/// What `callback` prints.
#[derive(Debug, Serialize)]
pub struct HandledView {
    pub status: u16,
    /// Text; base64 of what is none.
    pub body: String,
    pub events: Vec<Value>,
    pub follow_ups: Value,
    /// What was done of it at once, with `--follow-up`.
    pub done: Vec<FollowedView>,
}

/// A task that was carried out.
#[derive(Debug, Serialize)]
pub struct FollowedView {
    pub kind: String,
    pub subject: String,
    /// Why it failed.
    pub problem: Option<ErrorView>,
}

impl HandledView {
    /// As every answer is printed.
    ///
    /// # Errors
    /// As [`record`].
    pub fn of(handled: &Handled, done: Vec<FollowedView>) -> Result<Self, CommandError> {
        Ok(Self {
            status: handled.response.status,
            body: body(&handled.response.body),
            events: handled.events.iter().map(event).collect::<Result<_, _>>()?,
            follow_ups: record(&handled.follow_ups)?,
            done,
        })
    }
}

/// A body as text.
pub fn body(body: &Body) -> String {
    match body {
        Body::Text(text) => text.clone(),
        Body::Base64(text) => text.clone(),
        Body::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap_or_else(|_| STANDARD.encode(bytes)),
    }
}

/// An event: `{"kind": "card", "id", "at", "member", "card": {"task_id" …}}`.
///
/// # Errors
/// As [`record`].
pub fn event(event: &Event) -> Result<Value, CommandError> {
    let mut view = Map::from_iter([
        ("id".to_owned(), event.id.clone().into()),
        ("at".to_owned(), time(event.at).into()),
        ("member".to_owned(), event.member.clone().into()),
    ]);
    match record(&event.happening)? {
        // A case with its fields.
        Value::Object(case) => {
            for (kind, fields) in case {
                view.insert("kind".to_owned(), kind.clone().into());
                view.insert(kind, fields);
            }
        }
        kind => drop(view.insert("kind".to_owned(), kind)),
    }
    Ok(view.into())
}
