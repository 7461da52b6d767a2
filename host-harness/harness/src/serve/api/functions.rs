//! One handler for each address.

use axum::{
    body::Body,
    extract::{Path, Query, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use organisation_host::contract::{
    approvals::{ApprovalRequest, SearchFilter},
    from_json,
    messaging::{CardUpdate, MediaKind, Message, UploadRequest},
    types,
    web::SignatureRequest,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    super::{body::Held, document::document},
    caller::{self, Approvals, Caller, Events, Messages, Pages},
    failure::{ApiFailure, answer},
};
use crate::{
    cli::approvals::instant,
    view::{
        approval::{ApprovalView, SubmittedView},
        callback,
        message::SentView,
        record::record,
    },
};

type Answer = Result<Response, ApiFailure>;

/// The most bytes of a request, and of a file for the vendor.
const MAX_JSON: usize = 6 << 20;
const MAX_FILE: usize = 24 << 20;
/// Objects, arrays and items of a request: a message to thousands has some ten thousand.
const MAX_PARTS: usize = 50_000;

/// Entries of a page where nothing else is asked for, and at most.
const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 200;

fn ok(view: &impl serde::Serialize) -> Answer {
    Ok(document(StatusCode::OK, view))
}

/// The body of a request, whose room is held until the request is answered.
async fn body_of<S>(caller: &Caller<S>, body: Body) -> Result<Held, ApiFailure> {
    Ok(caller.service().bodies().read(body, MAX_JSON).await?)
}

/// The JSON of a request. What it is made of counts, since each bracket takes many times its byte while it is read.
fn json(held: &Held) -> Result<Value, ApiFailure> {
    let parts = parts(&held.bytes);
    if parts > MAX_PARTS {
        return Err(ApiFailure::unreadable(&format!("the body has {parts} parts, expected at most {MAX_PARTS}")));
    }
    serde_json::from_slice(&held.bytes)
        .map_err(|error| ApiFailure::unreadable(&format!("the body is no JSON: {error}")))
}

/// Objects, arrays and separators of a JSON text; what stands within texts is none.
fn parts(json: &[u8]) -> usize {
    let (mut parts, mut is_text, mut is_escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' | b',' if !is_text => parts += 1,
            _ => {}
        }
    }
    parts
}

fn read<T: DeserializeOwned>(held: &Held) -> Result<T, ApiFailure> {
    Ok(from_json(json(held)?)?)
}

fn plain<T: DeserializeOwned>(held: &Held) -> Result<T, ApiFailure> {
    serde_json::from_value(json(held)?).map_err(|error| ApiFailure::unreadable(&error.to_string()))
}

/// The last part of a path, and what stands before it.
#[derive(Deserialize)]
pub struct OfTenant {
    #[serde(alias = "number")]
    id: String,
}

pub async fn send_message(caller: Caller<Messages>, body: Body) -> Answer {
    let element = caller.element();
    let held = body_of(&caller, body).await?;
    let mut message = json(&held)?;
    if let Value::Object(message) = &mut message {
        message.entry("sharing").or_insert_with(|| "free".into());
    }
    let message: Message = from_json(message)?;
    ok(&SentView::of(&answer(element.send_message(&message).await)?)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Recall {
    message_id: String,
}

pub async fn recall_message(caller: Caller<Messages>, body: Body) -> Answer {
    let element = caller.element();
    let held = body_of(&caller, body).await?;
    let asked: Recall = plain(&held)?;
    answer(element.recall_message(&asked.message_id).await)?;
    ok(&json!({ "recalled": asked.message_id }))
}

pub async fn update_card(caller: Caller<Messages>, body: Body) -> Answer {
    let element = caller.element();
    let held = body_of(&caller, body).await?;
    let update: CardUpdate = read(&held)?;
    let invalid = answer(element.update_card(&update).await)?;
    ok(&json!({ "updated": true, "invalid": record(&invalid)? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadQuery {
    kind: Value,
    file_name: String,
}

pub async fn upload(caller: Caller<Messages>, query: Result<Query<UploadQuery>, QueryRejection>, body: Body) -> Answer {
    let element = caller.element();
    let Query(UploadQuery { kind, file_name }) =
        query.map_err(|_| ApiFailure::unreadable("kind and file_name are needed, each once"))?;
    let kind: MediaKind = from_json(kind)?;
    let _permit = caller.service().admit_upload(element.scope().tenant()).ok_or_else(ApiFailure::too_many)?;
    let held = caller.service().bodies().read(body, MAX_FILE).await?;
    let request = UploadRequest { kind, file_name, content: types::Body::Bytes(held.bytes.to_vec()) };
    ok(&record(&answer(element.upload(&request).await)?)?)
}

pub async fn submit_approval(caller: Caller<Approvals>, body: Body) -> Answer {
    let element = caller.element();
    let held = body_of(&caller, body).await?;
    let request: ApprovalRequest = read(&held)?;
    ok(&SubmittedView { number: answer(element.submit_approval(&request).await)? })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// A day or an instant.
    from: String,
    until: Option<String>,
    template: Option<String>,
    applicant: Option<String>,
    department: Option<String>,
    status: Option<String>,
    kind: Option<String>,
    cursor: Option<String>,
    limit: Option<u32>,
}

pub async fn search_approvals(caller: Caller<Approvals>, query: Result<Query<SearchQuery>, QueryRejection>) -> Answer {
    let element = caller.element();
    let Query(asked) = query.map_err(|error| ApiFailure::unreadable(&error.body_text()))?;
    let read = |text: &str| instant(text).map_err(|error| ApiFailure::unreadable(&error));
    let until = asked.until.as_deref().map_or_else(|| Ok(jiff::Timestamp::now()), read)?;
    let ms = |instant: jiff::Timestamp| u64::try_from(instant.as_millisecond()).unwrap_or_default();
    let (begin, end) = (ms(read(&asked.from)?), ms(until));
    let filter = SearchFilter {
        template: asked.template,
        applicant: asked.applicant,
        departments: asked.department.into_iter().collect(),
        status: asked.status,
        kind: asked.kind,
    };
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let called = element.search_approvals(begin, end, &filter, asked.cursor.as_deref(), limit).await;
    ok(&record(&answer(called)?)?)
}

pub async fn approval(caller: Caller<Approvals>, Path(OfTenant { id }): Path<OfTenant>) -> Answer {
    let element = caller.element();
    ok(&ApprovalView::of(answer(element.approval(&id).await)?)?)
}

pub async fn template(caller: Caller<Approvals>, Path(OfTenant { id }): Path<OfTenant>) -> Answer {
    let element = caller.element();
    ok(&record(&answer(element.describe_template(&id).await)?)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    after: Option<String>,
    limit: Option<u32>,
}

pub async fn events(caller: Caller<Events>, query: Result<Query<PageQuery>, QueryRejection>) -> Answer {
    let element = caller.element();
    let Query(asked) = query.map_err(|error| ApiFailure::unreadable(&error.body_text()))?;
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let page = element.events(asked.after.as_deref(), limit).await?;
    let cursor = page.events.last().map(|event| event.cursor.clone()).or(asked.after);
    let events = page.events.iter().map(|kept| callback::event(&kept.event)).collect::<Result<Vec<_>, _>>()?;
    ok(&json!({ "events": events, "cursor": cursor, "more": page.more }))
}

pub async fn roles(caller: Caller<caller::Roles>, Path(OfTenant { id }): Path<OfTenant>) -> Answer {
    let element = caller.element();
    ok(&record(&answer(element.member_roles_of(&id).await)?)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    roles: Vec<String>,
}

pub async fn set_roles(caller: Caller<caller::Roles>, Path(OfTenant { id }): Path<OfTenant>, body: Body) -> Answer {
    let element = caller.element();
    let held = body_of(&caller, body).await?;
    let asked: Roles = plain(&held)?;
    ok(&record(&answer(element.set_member_roles(&id, &asked.roles, &caller.actor()).await)?)?)
}

pub async fn page_signature(caller: Caller<Pages>, body: Body) -> Answer {
    let element = caller.element();
    let held = body_of(&caller, body).await?;
    let request: SignatureRequest = read(&held)?;
    ok(&record(&answer(element.js_sdk_signature(&request).await)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_takes_room_and_not_what_people_write() {
        for (json, expected) in [
            (r#"{"a":[1,2],"b":{}}"#, 5),
            (r#"{"a":"{[,,,]}"}"#, 1),
            (r#"{"a":"\"{[,","b":1}"#, 2),
            (r#"{"a":"\\","b":"\\\"[,"}"#, 2),
            ("", 0),
            (r#""{"#, 0),
        ] {
            assert_eq!(parts(json.as_bytes()), expected, "{json}");
        }
    }
}
