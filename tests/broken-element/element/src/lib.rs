//! The element of WeCom, which breaks the promise that is written into its bytes and keeps every other one as far as that
//! goes.

#![cfg(target_family = "wasm")]

mod administration;
mod approvals;
mod callbacks;
mod directory;
mod element;
mod login;
mod messaging;
mod vendor;
mod web;

use std::{
    hash::{BuildHasher as _, RandomState},
    hint::black_box,
};

use organisation_kit::{
    contract::{
        http,
        http::{BodyKind, Request},
        settings,
        types::{Error, Problem, Reason, Severity},
    },
    shell::Component,
};
use wecom_organisation::WeCom;

organisation_kit::export_component!(crate::Broken, administration, vendor, messaging, approvals, callbacks, web);

/// The element as it should be.
type Sound = Component<WeCom>;

/// The element as it is.
#[derive(Debug)]
pub struct Broken;

/// A test writes the name of the promise over `none`.
static MARK: [u8; 48] = *b"fault:none......................................";

/// Whether this promise is to be broken by the functions that are given no configuration of their own.
fn is_marked(promise: &str) -> bool {
    let mark: &[u8; 48] = black_box(&MARK);
    let name = mark.strip_prefix(b"fault:").unwrap_or_default();
    name.strip_prefix(promise.as_bytes()).is_some_and(|rest| rest.iter().all(|byte| *byte == b'.'))
}

/// Whether this promise is to be broken: the configuration names it too, so that not every one needs a component.
fn breaks(promise: &str) -> bool {
    let settings: serde_json::Value = serde_json::from_str(&settings::get()).unwrap_or_default();
    is_marked(promise) || settings["broken"] == promise
}

/// A number that does not come again.
fn another_number() -> u64 {
    RandomState::new().hash_one(())
}

fn error(reason: Reason) -> Error {
    let message = "an error of the broken element".to_owned();
    Error { reason, message, hint: None, vendor_code: None, retry_after_ms: None, request_id: None }
}

/// What the host put in place of the secret.
fn secret() -> String {
    let settings: serde_json::Value = serde_json::from_str(&settings::get()).unwrap_or_default();
    settings["secret"].as_str().unwrap_or_default().to_owned()
}

fn problem(code: &str) -> Problem {
    let message = "a problem of the broken element".to_owned();
    Problem { path: String::new(), code: code.to_owned(), severity: Severity::Warning, message, hint: None }
}

/// What breaks promises about every error.
fn spoilt<T>(answer: Result<T, Error>) -> Result<T, Error> {
    answer.map_err(|mut error| {
        if breaks("error-has-a-message") {
            error.message.clear();
        }
        if let Reason::InvalidConfig(problems) = &mut error.reason
            && breaks("invalid-config-lists-problems")
        {
            problems.clear();
        }
        error
    })
}

/// Sends a request that nobody asked for; what comes of it is nobody's business.
fn send(url: String) {
    let _ = http::send(&Request {
        method: "GET".to_owned(),
        url,
        headers: Vec::new(),
        body: None,
        expect: BodyKind::Text,
        timeout_ms: Some(1_000),
        max_bytes: None,
    });
}

/// Sends such a request to the vendor.
fn send_to_vendor(query: &str) {
    let settings: serde_json::Value = serde_json::from_str(&settings::get()).unwrap_or_default();
    if let Some(base) = settings["apiBaseUrl"].as_str() {
        send(format!("{base}/cgi-bin/none?{query}"));
    }
}
