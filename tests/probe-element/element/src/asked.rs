//! The functions of the host, asked in JSON. Records and cases have the form of `tests/conformance`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_kit::contract::{
    call, http, log, settings, storage,
    types::{Body, Header},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Asks a function, such as `storage.apply`, with an object of its arguments. An error where it cannot be asked like this.
pub(crate) fn answer(function: &str, arguments: Value) -> Result<Value, String> {
    Ok(match function {
        "call.remaining" => json(&call::remaining()),
        "settings.get" => json(&settings::get()),
        "log.write" => {
            let Line { message } = read(arguments)?;
            log::write(log::Level::Info, &message, &[]);
            Value::Null
        }
        "http.send" => {
            let Send { request } = read(arguments)?;
            sent(http::send(&request.into()))
        }
        "http.send-all" => {
            let SendAll { requests } = read(arguments)?;
            let requests: Vec<http::Request> = requests.into_iter().map(Into::into).collect();
            http::send_all(&requests).into_iter().map(sent).collect()
        }
        "storage.get-many" => {
            let Keys { keys } = read(arguments)?;
            stored(storage::get_many(&keys))
        }
        "storage.scan" => {
            let Scan { prefix, after_key, limit } = read(arguments)?;
            stored(storage::scan(&prefix, after_key.as_deref(), limit))
        }
        "storage.scan-keys" => {
            let Scan { prefix, after_key, limit } = read(arguments)?;
            stored(storage::scan_keys(&prefix, after_key.as_deref(), limit))
        }
        "storage.apply" => {
            let Apply { ops } = read(arguments)?;
            let ops: Vec<storage::Op> = ops.into_iter().map(Into::into).collect();
            stored(storage::apply(&ops).map(|outcome| match outcome {
                storage::Outcome::Applied(versions) => json!({ "applied": versions }),
                storage::Outcome::Conflict(keys) => json!({ "conflict": keys }),
            }))
        }
        "storage.delete-range" => {
            let DeleteRange { prefix, checks } = read(arguments)?;
            let checks: Vec<storage::Check> = checks.into_iter().map(Into::into).collect();
            stored(storage::delete_range(&prefix, &checks).map(|outcome| match outcome {
                storage::RangeOutcome::Done => json!("done"),
                storage::RangeOutcome::More => json!("more"),
                storage::RangeOutcome::Conflict(keys) => json!({ "conflict": keys }),
            }))
        }
        "storage.wait" => {
            let Wait { key, version, timeout_ms } = read(arguments)?;
            stored(storage::wait(&key, version, timeout_ms))
        }
        _ => return Err(format!("the host has no function {function}")),
    })
}

fn read<T: for<'de> Deserialize<'de>>(arguments: Value) -> Result<T, String> {
    serde_json::from_value(arguments).map_err(|error| error.to_string())
}

fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn sent(answer: Result<http::Response, http::HttpError>) -> Value {
    match answer {
        Ok(response) => json!({ "ok": {
            "status": response.status,
            "headers": response.headers.iter().map(|header| json!({ "name": header.name, "value": header.value }))
                .collect::<Value>(),
            "body": match response.body {
                Body::Text(text) => json!({ "text": text }),
                // A host chooses between the two.
                Body::Bytes(bytes) => json!({ "base64": STANDARD.encode(bytes) }),
                Body::Base64(text) => json!({ "base64": text }),
            },
        }}),
        Err(error) => json!({ "error": {
            "failure": match error.failure {
                http::Failure::Denied(option) => json!({ "denied": option }),
                http::Failure::Dns => json!("dns"),
                http::Failure::Connect => json!("connect"),
                http::Failure::Tls => json!("tls"),
                http::Failure::Timeout => json!("timeout"),
                http::Failure::Proxy(status) => json!({ "proxy": status }),
                http::Failure::TooLarge(limit) => json!({ "too-large": limit }),
                http::Failure::BudgetExhausted => json!("budget-exhausted"),
                http::Failure::Other(kind) => json!({ "other": kind }),
            },
            "message": error.message,
            "may_have_reached_server": error.may_have_reached_server,
        }}),
    }
}

fn stored(answer: Result<impl Serialize, storage::StorageError>) -> Value {
    match answer {
        Ok(answer) => json!({ "ok": answer }),
        Err(error) => json!({ "error": match error {
            storage::StorageError::Unavailable(maybe_applied) => json!({ "unavailable": maybe_applied }),
            storage::StorageError::Quota(quota) => json!({ "quota": quota }),
            storage::StorageError::Invalid(message) => json!({ "invalid": message }),
            storage::StorageError::Other(message) => json!({ "other": message }),
        }}),
    }
}

#[derive(Deserialize)]
struct Line {
    message: String,
}

#[derive(Deserialize)]
struct Send {
    request: Request,
}

#[derive(Deserialize)]
struct SendAll {
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
    #[serde(default)]
    headers: Vec<Header>,
    body: Option<Content>,
    #[serde(default)]
    expect: Expect,
    timeout_ms: Option<u32>,
    max_bytes: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Content {
    Text(String),
    Bytes(Vec<u8>),
    Base64(String),
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum Expect {
    #[default]
    Text,
    Bytes,
}

impl From<Request> for http::Request {
    fn from(request: Request) -> Self {
        Self {
            method: request.method,
            url: request.url,
            headers: request.headers,
            body: request.body.map(|body| match body {
                Content::Text(text) => Body::Text(text),
                Content::Bytes(bytes) => Body::Bytes(bytes),
                Content::Base64(text) => Body::Base64(text),
            }),
            expect: match request.expect {
                Expect::Text => http::BodyKind::Text,
                Expect::Bytes => http::BodyKind::Bytes,
            },
            timeout_ms: request.timeout_ms,
            max_bytes: request.max_bytes,
        }
    }
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<String>,
}

#[derive(Deserialize)]
struct Scan {
    prefix: String,
    after_key: Option<String>,
    limit: u32,
}

#[derive(Deserialize)]
struct Apply {
    ops: Vec<Op>,
}

#[derive(Deserialize)]
struct DeleteRange {
    prefix: String,
    #[serde(default)]
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Wait {
    key: String,
    version: Option<u64>,
    timeout_ms: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Op {
    Put(Put),
    Delete(String),
    Check(Check),
}

#[derive(Deserialize)]
struct Put {
    key: String,
    value: String,
    ttl_ms: Option<u64>,
    #[serde(default)]
    sealed: bool,
}

#[derive(Deserialize)]
struct Check {
    key: String,
    expected: Expectation,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Expectation {
    Absent,
    Version(u64),
}

impl From<Op> for storage::Op {
    fn from(op: Op) -> Self {
        match op {
            Op::Put(Put { key, value, ttl_ms, sealed }) => Self::Put(storage::Put { key, value, ttl_ms, sealed }),
            Op::Delete(key) => Self::Delete(key),
            Op::Check(check) => Self::Check(check.into()),
        }
    }
}

impl From<Check> for storage::Check {
    fn from(check: Check) -> Self {
        let expected = match check.expected {
            Expectation::Absent => storage::Expectation::Absent,
            Expectation::Version(version) => storage::Expectation::Version(version),
        };
        Self { key: check.key, expected }
    }
}
