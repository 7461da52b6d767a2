//! `http`: from the contract's words to those of [`crate::egress`] and back.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    call::state::{CallState, Capabilities},
    contract::{
        JsonError,
        http::{BodyKind, Failure, Host, HttpError, Request, Response},
        to_json,
        types::{Body, Header},
    },
    egress,
};

impl Host for CallState {
    async fn send(&mut self, request: Request) -> wasmtime::Result<Result<Response, HttpError>> {
        self.count("http")?;
        self.transfer(request_bytes(&request))?;
        let played = self.tape.ask("http.send", || Ok(json!({"request": written(Some(&request))?})))?;
        let answer = match (played, &self.capabilities) {
            (Some(played), _) => in_bytes(played),
            (None, Capabilities::Everything { http, .. }) => {
                http.send(request.into()).await.map(Into::into).map_err(Into::into)
            }
            (None, Capabilities::Nothing) => Err(pure()),
        };
        self.note_answers("http.send", std::slice::from_ref(&answer))?;
        self.transfer(answer_bytes(&answer))?;
        Ok(answer)
    }

    async fn send_all(&mut self, requests: Vec<Request>) -> wasmtime::Result<Vec<Result<Response, HttpError>>> {
        self.count("http")?;
        self.transfer(requests.iter().map(request_bytes).sum())?;
        let answers: Vec<_> = match &self.capabilities {
            Capabilities::Everything { http, .. } => {
                let answers = http.send_all(requests.into_iter().map(Into::into).collect()).await;
                answers.into_iter().map(|answer| answer.map(Into::into).map_err(Into::into)).collect()
            }
            Capabilities::Nothing => requests.iter().map(|_| Err(pure())).collect(),
        };
        self.transfer(answers.iter().map(answer_bytes).sum())?;
        Ok(answers)
    }
}

impl CallState {
    /// Writes down what a request, or each of several, was answered.
    pub(super) fn note_answers(&self, function: &str, answers: &[Result<Response, HttpError>]) -> wasmtime::Result<()> {
        if !self.tape.records() {
            return Ok(());
        }
        let answers: Vec<_> = answers.iter().map(|answer| answer.clone().map(in_base64)).collect();
        match (function, &*answers) {
            ("http.send", [answer]) => self.tape.note(answer),
            _ => self.tape.note(&answers),
        }
    }
}

/// A request as it is written down; nothing of one that nobody has read.
pub(super) fn written(request: Option<&Request>) -> Result<Value, JsonError> {
    let body = |body: &Body| match body {
        Body::Bytes(bytes) => Body::Base64(STANDARD.encode(bytes)),
        body => body.clone(),
    };
    let request = request.map(|request| Request { body: request.body.as_ref().map(body), ..request.clone() });
    to_json(&request)
}

/// An answer as it is written down: its bytes take a third of the room.
fn in_base64(response: Response) -> Response {
    match response.body {
        Body::Bytes(bytes) => Response { body: Body::Base64(STANDARD.encode(bytes)), ..response },
        _ => response,
    }
}

/// An answer as a component gets it. What is no base64 is left, and the component has to deal with it.
pub(super) fn in_bytes(answer: Result<Response, HttpError>) -> Result<Response, HttpError> {
    let response = answer?;
    let bytes = match &response.body {
        Body::Base64(text) => STANDARD.decode(text).ok(),
        _ => None,
    };
    Ok(match bytes {
        Some(bytes) => Response { body: Body::Bytes(bytes), ..response },
        None => response,
    })
}

/// What a request is in bytes, as it crosses the boundary.
pub(super) fn request_bytes(Request { method, url, headers, body, .. }: &Request) -> usize {
    size_of::<Request>() + method.len() + url.len() + headers_bytes(headers) + body.as_ref().map_or(0, body_bytes)
}

pub(super) fn answer_bytes(answer: &Result<Response, HttpError>) -> usize {
    let parts = match answer {
        Ok(Response { headers, body, .. }) => headers_bytes(headers) + body_bytes(body),
        Err(HttpError { message, .. }) => message.len(),
    };
    size_of::<Response>() + parts
}

fn headers_bytes(headers: &[Header]) -> usize {
    headers.iter().map(|header| size_of::<Header>() + header.name.len() + header.value.len()).sum()
}

fn body_bytes(body: &Body) -> usize {
    match body {
        Body::Text(text) | Body::Base64(text) => text.len(),
        Body::Bytes(bytes) => bytes.len(),
    }
}

/// The failure of every request of a pure function.
pub(super) fn pure() -> HttpError {
    HttpError {
        failure: Failure::Denied(None),
        message: "this function is pure and has no network".to_owned(),
        may_have_reached_server: false,
    }
}

impl From<Request> for egress::Request {
    fn from(request: Request) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers.into_iter().map(|header| (header.name, header.value)).collect(),
            body: request.body.map(|body| match body {
                Body::Text(text) => egress::Body::Text(text),
                Body::Bytes(bytes) => egress::Body::Bytes(bytes),
                Body::Base64(_) => unreachable!("base64 is decoded where the request is lifted"),
            }),
            expect: match request.expect {
                BodyKind::Text => egress::BodyKind::Text,
                BodyKind::Bytes => egress::BodyKind::Bytes,
            },
            timeout_ms: request.timeout_ms,
            max_bytes: request.max_bytes,
        }
    }
}

impl From<egress::Response> for Response {
    fn from(response: egress::Response) -> Self {
        Self {
            status: response.status,
            headers: response.headers.into_iter().map(|(name, value)| Header { name, value }).collect(),
            body: match response.body {
                egress::Body::Text(text) => Body::Text(text),
                egress::Body::Bytes(bytes) => Body::Bytes(bytes),
            },
        }
    }
}

impl From<egress::HttpError> for HttpError {
    fn from(error: egress::HttpError) -> Self {
        let failure = match error.kind {
            egress::HttpFailure::Denied { option } => Failure::Denied(option),
            egress::HttpFailure::Dns => Failure::Dns,
            egress::HttpFailure::Connect => Failure::Connect,
            egress::HttpFailure::Tls => Failure::Tls,
            egress::HttpFailure::Timeout => Failure::Timeout,
            egress::HttpFailure::Proxy { status } => Failure::Proxy(status),
            egress::HttpFailure::TooLarge { limit } => Failure::TooLarge(limit),
            egress::HttpFailure::BudgetExhausted => Failure::BudgetExhausted,
            egress::HttpFailure::Other(kind) => Failure::Other(kind.to_owned()),
        };
        Self { failure, message: error.message, may_have_reached_server: error.may_have_reached_server }
    }
}
