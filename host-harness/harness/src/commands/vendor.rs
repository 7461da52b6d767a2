//! `call`, `callback`, `js-sdk-signature`: the vendor's API, what the vendor sends, and what a page in its client needs.

use std::path::Path;

use organisation_host::{
    Element, Received,
    contract::{
        callbacks::{FollowUpTask, IncomingRequest},
        types::Body,
        vendor::{ApiRequest, Parameter, Payload},
        web::{Identity, SignatureRequest},
    },
};
use serde_json::{Value, json};

use super::input;
use crate::{
    cli::{
        self, Global,
        vendor::{Call, Callback, JsSdkSignature},
    },
    command_error::{CommandError, ExitStatus},
    output::Output,
    session::{self, Session},
    text,
    view::{
        callback::{FollowedView, HandledView, body},
        record::record,
    },
};

/// The route of what the contacts' own application delivers.
const CONTACTS: &str = "contacts";
/// Tasks that one command carries out at most: each may leave further ones.
const MAX_TASKS: usize = 1_000;

/// Makes one call of the vendor's API and prints its answer.
///
/// # Errors
/// A file cannot be read, or the component or the vendor refuses.
pub async fn call(options: &Global, asked: &Call, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let payload = match &asked.body {
        None => None,
        Some(text) => match text.strip_prefix('@') {
            Some(file) => Some(Payload::Json(input::json(Path::new(file))?.to_string())),
            None => Some(Payload::Json(text.clone())),
        },
    };
    let query = asked.query.iter().map(|(name, value)| Parameter { name: name.clone(), value: value.clone() });
    let request = ApiRequest {
        method: asked.method.clone(),
        path: asked.path.clone(),
        query: query.collect(),
        payload,
        idempotency_key: asked.idempotency_key.clone(),
    };
    let element = Session::open(options).await?.element;
    let response = session::answer(element.call_vendor(&request), output).await?;
    let text = body(&response.body);
    let view: Value =
        serde_json::from_str(&text).unwrap_or_else(|_| json!({ "status": response.status, "body": text }));
    output.answer(&view, |_| format!("{view:#}"))?;
    Ok(ExitStatus::Done)
}

/// Hands in a request of the vendor.
///
/// # Errors
/// The configuration has no such route, a file cannot be read, or the component refuses.
pub async fn callback(options: &Global, asked: &Callback, output: &mut Output) -> Result<ExitStatus, CommandError> {
    let element = Session::open(options).await?.element;
    let route = match (&asked.route, asked.contacts) {
        (Some(route), _) => route.clone(),
        (None, true) => CONTACTS.to_owned(),
        (None, false) => {
            let routes = session::value(element.validate(), output).await?.routes;
            let mut names: Vec<String> = routes.into_iter().map(|route| route.name).collect();
            // Most of what a vendor sends is for the app itself.
            names.sort_by_key(|name| name == CONTACTS);
            names.into_iter().next().ok_or_else(|| {
                CommandError::usage(
                    "the configuration has no place where the vendor may send something",
                    "`describe` lists the keys of callbacks",
                )
            })?
        }
    };
    let body = asked.body.as_deref().map(input::bytes).transpose()?.map(Body::Bytes);
    let request = IncomingRequest {
        route,
        method: if body.is_some() { "POST" } else { "GET" }.to_owned(),
        query: asked.query.clone(),
        headers: Vec::new(),
        body,
    };
    let Received { handled, lost } = session::answer(element.receive_callback(&request), output).await?;
    lost.map_or(Ok(()), Err)?;
    let done = if asked.follow_up { follow(&element, handled.follow_ups.clone(), output).await? } else { Vec::new() };
    let view = HandledView::of(&handled, done)?;
    output.answer(&view, |paint| text::record::record("回调 callback", &view, paint))?;
    let is_done = (200..300).contains(&view.status) && view.done.iter().all(|task| task.problem.is_none());
    Ok(if is_done { ExitStatus::Done } else { ExitStatus::Negative })
}

/// Does what a handler left, and what that left.
async fn follow(
    element: &Element,
    mut tasks: Vec<FollowUpTask>,
    output: &mut Output,
) -> Result<Vec<FollowedView>, CommandError> {
    let mut done = Vec::new();
    while let Some(task) = tasks.pop() {
        if done.len() == MAX_TASKS {
            let message = format!("callbacks.follow-up leaves further work after {MAX_TASKS} tasks");
            return Err(CommandError::BrokenPromise(message));
        }
        let problem = match session::value(element.follow_up(&task), output).await? {
            Ok(further) => {
                tasks.extend(further);
                None
            }
            Err(error) => Some(error.into()),
        };
        done.push(FollowedView { kind: task.kind, subject: task.subject, problem });
    }
    Ok(done)
}

/// Signs the address of a page.
///
/// # Errors
/// The component or the vendor refuses.
pub async fn js_sdk_signature(
    options: &Global,
    asked: &JsSdkSignature,
    output: &mut Output,
) -> Result<ExitStatus, CommandError> {
    let identity = match asked.kind {
        cli::vendor::Identity::Corp => Identity::Organisation,
        cli::vendor::Identity::App => Identity::App,
    };
    let request = SignatureRequest { url: asked.url.clone(), identity, functions: asked.function.clone() };
    let element = Session::open(options).await?.element;
    let mut view = record(&session::answer(element.js_sdk_signature(&request), output).await?)?;
    if let Some(calls) = view.get_mut("calls").and_then(Value::as_array_mut) {
        for arguments in calls.iter_mut().filter_map(|call| call.get_mut("arguments")) {
            if let Some(read) = arguments.as_str().and_then(|text| serde_json::from_str(text).ok()) {
                *arguments = read;
            }
        }
    }
    output.answer(&view, |paint| text::record::record("JS-SDK 签名 signature", &view, paint))?;
    Ok(ExitStatus::Done)
}
