//! The element that asks of its host whatever it is told to, on the adapter.

use serde_json::{Value, json};
use wasmtime::{Result, bail, error::Context as _};

use crate::{
    element::{types::Body, vendor},
    platform::{Instance, Platform},
};

/// Asks a function of what is lent, in a fresh instance.
pub(crate) async fn asked(platform: &Platform, function: &str, arguments: &Value) -> Result<Value> {
    let request = vendor::ApiRequest {
        method: "POST".to_owned(),
        path: format!("/{function}"),
        query: Vec::new(),
        payload: Some(vendor::Payload::Json(arguments.to_string())),
        idempotency_key: None,
    };
    let Instance { mut store, exports } = platform.instance().await?;
    match exports.lowcode_organisation_vendor().call_call(&mut store, &request).await? {
        Ok(vendor::ApiResponse { body: Body::Text(text), .. }) => serde_json::from_str(&text).context("JSON"),
        answer => bail!("the probe answers {answer:?}"),
    }
}

/// What it is answered to a request of this address.
pub(crate) async fn got(platform: &Platform, url: &str) -> Result<Value> {
    asked(platform, "http.send", &json!({ "request": { "method": "GET", "url": url, "timeout_ms": 3_000 } })).await
}

/// A step of an `apply` that writes a value.
pub(crate) fn put(key: &str, value: &str, sealed: bool) -> Value {
    json!({ "put": { "key": key, "value": value, "sealed": sealed } })
}
