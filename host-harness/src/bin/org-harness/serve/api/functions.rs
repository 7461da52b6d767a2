//! One handler for each address.

use axum::{
    body::Bytes,
    extract::{Path, Query, rejection::QueryRejection},
    http::StatusCode,
    response::Response,
};
use host_harness::{
    contract::{
        approvals::{ApprovalRequest, SearchFilter},
        from_json,
        messaging::{CardUpdate, MediaKind, Message, UploadRequest},
        types::Body,
        web::SignatureRequest,
    },
    tenants::ApiScope,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{
    super::document::document,
    caller::Caller,
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

/// Entries of a page where nothing else is asked for, and at most.
const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 200;

fn ok(view: &impl serde::Serialize) -> Answer {
    Ok(document(StatusCode::OK, view))
}

fn json(body: &Bytes) -> Result<Value, ApiFailure> {
    serde_json::from_slice(body).map_err(|error| ApiFailure::unreadable(&format!("the body is no JSON: {error}")))
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiFailure> {
    Ok(from_json(json(body)?)?)
}

/// The last part of a path, and what stands before it.
#[derive(Deserialize)]
pub struct OfTenant {
    #[serde(alias = "number")]
    id: String,
}

pub async fn send_message(caller: Caller, body: Bytes) -> Answer {
    let element = caller.element(ApiScope::Messages)?;
    let mut message = json(&body)?;
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

pub async fn recall_message(caller: Caller, body: Bytes) -> Answer {
    let element = caller.element(ApiScope::Messages)?;
    let asked: Recall = serde_json::from_slice(&body).map_err(|error| ApiFailure::unreadable(&error.to_string()))?;
    answer(element.recall_message(&asked.message_id).await)?;
    ok(&json!({ "recalled": asked.message_id }))
}

pub async fn update_card(caller: Caller, body: Bytes) -> Answer {
    let element = caller.element(ApiScope::Messages)?;
    let update: CardUpdate = read(&body)?;
    let invalid = answer(element.update_card(&update).await)?;
    ok(&json!({ "updated": true, "invalid": record(&invalid)? }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UploadQuery {
    kind: Value,
    file_name: String,
}

pub async fn upload(caller: Caller, query: Result<Query<UploadQuery>, QueryRejection>, body: Bytes) -> Answer {
    let element = caller.element(ApiScope::Messages)?;
    let Query(UploadQuery { kind, file_name }) =
        query.map_err(|_| ApiFailure::unreadable("kind and file_name are needed, each once"))?;
    let kind: MediaKind = from_json(kind)?;
    let request = UploadRequest { kind, file_name, content: Body::Bytes(body.into()) };
    ok(&record(&answer(element.upload(&request).await)?)?)
}

pub async fn submit_approval(caller: Caller, body: Bytes) -> Answer {
    let element = caller.element(ApiScope::Approvals)?;
    let request: ApprovalRequest = read(&body)?;
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

pub async fn search_approvals(caller: Caller, query: Result<Query<SearchQuery>, QueryRejection>) -> Answer {
    let element = caller.element(ApiScope::Approvals)?;
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

pub async fn approval(caller: Caller, Path(OfTenant { id }): Path<OfTenant>) -> Answer {
    let element = caller.element(ApiScope::Approvals)?;
    ok(&ApprovalView::of(answer(element.approval(&id).await)?)?)
}

pub async fn template(caller: Caller, Path(OfTenant { id }): Path<OfTenant>) -> Answer {
    let element = caller.element(ApiScope::Approvals)?;
    ok(&record(&answer(element.describe_template(&id).await)?)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    after: Option<String>,
    limit: Option<u32>,
}

pub async fn events(caller: Caller, query: Result<Query<PageQuery>, QueryRejection>) -> Answer {
    let element = caller.element(ApiScope::Events)?;
    let Query(asked) = query.map_err(|error| ApiFailure::unreadable(&error.body_text()))?;
    let limit = asked.limit.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let page = element.events(asked.after.as_deref(), limit).await?;
    let cursor = page.events.last().map(|event| event.cursor.clone()).or(asked.after);
    let events = page.events.iter().map(|kept| callback::event(&kept.event)).collect::<Result<Vec<_>, _>>()?;
    ok(&json!({ "events": events, "cursor": cursor, "more": page.more }))
}

pub async fn roles(caller: Caller, Path(OfTenant { id }): Path<OfTenant>) -> Answer {
    let element = caller.element(ApiScope::Roles)?;
    ok(&record(&answer(element.member_roles_of(&id).await)?)?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Roles {
    roles: Vec<String>,
}

pub async fn set_roles(caller: Caller, Path(OfTenant { id }): Path<OfTenant>, body: Bytes) -> Answer {
    let element = caller.element(ApiScope::Roles)?;
    let asked: Roles = serde_json::from_slice(&body).map_err(|error| ApiFailure::unreadable(&error.to_string()))?;
    ok(&record(&answer(element.set_member_roles(&id, &asked.roles, &caller.actor()).await)?)?)
}

pub async fn page_signature(caller: Caller, body: Bytes) -> Answer {
    let element = caller.element(ApiScope::Pages)?;
    let request: SignatureRequest = read(&body)?;
    ok(&record(&answer(element.js_sdk_signature(&request).await)?)?)
}
