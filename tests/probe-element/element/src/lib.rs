//! An element that asks of its host whatever it is told to, and answers what it got: `vendor.call` with a path such as
//! `/storage.apply` and the arguments as JSON. `tests/conformance` says in which form.
//!
//! `validate-config` answers what stands in the configuration, so that a test decides what may be reached and what is secret.

#![cfg(target_family = "wasm")]

mod asked;
mod callbacks;
mod element;
mod unsupported;
mod work;

use organisation_kit::contract::{
    types::{Body, Error, Problem, Reason, Severity},
    vendor::{ApiRequest, ApiResponse, Guest, Payload},
};

organisation_kit::export_component!(Probe, vendor, callbacks);

/// The element.
#[derive(Debug)]
pub struct Probe;

impl Guest for Probe {
    fn call(request: ApiRequest) -> Result<ApiResponse, Error> {
        let arguments = match &request.payload {
            Some(Payload::Json(text)) => text,
            None => "{}",
            Some(_) => return Err(wrong("payload", "the arguments are JSON")),
        };
        let arguments = serde_json::from_str(arguments).map_err(|error| wrong("payload", &error.to_string()))?;
        let answer = match request.path.strip_prefix('/') {
            Some(function) if function.starts_with("work.") => work::done(function, &arguments),
            Some(function) => asked::answer(function, arguments),
            None => Err("a path begins with a slash".to_owned()),
        };
        let answer = answer.map_err(|message| wrong("path", &message))?;
        Ok(ApiResponse { status: 200, headers: Vec::new(), body: Body::Text(answer.to_string()) })
    }
}

fn wrong(path: &str, message: &str) -> Error {
    let problem = Problem {
        path: path.to_owned(),
        code: "no-such-question".to_owned(),
        severity: Severity::Error,
        message: message.to_owned(),
        hint: None,
    };
    error(Reason::InvalidArgument(problem), message)
}

fn error(reason: Reason, message: &str) -> Error {
    let message = message.to_owned();
    Error { reason, message, hint: None, vendor_code: None, retry_after_ms: None, request_id: None }
}
