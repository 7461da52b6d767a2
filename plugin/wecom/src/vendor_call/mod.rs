//! `vendor.call`: any call of WeCom's API that answers no token, ticket or key.
//!
//! [`target`] judges method, path and query, [`refused`] names the calls that nobody may make this way, [`payload`] judges and
//! makes the body. All three are pure; what follows is one call like any other: the token is added and renewed once, an
//! `errcode` becomes an error, and what is no JSON comes back as it is.

use organisation_kit::{
    calls::Call,
    contract::{
        http::{BodyKind, Request},
        vendor::{ApiRequest, ApiResponse},
    },
    failure::Failure,
    fingerprint, idempotency,
};

use self::payload::Payload;
use crate::api::{call::VENDOR_CALL, client::WeComClient, multipart};

mod payload;
mod refused;
mod target;
#[cfg(test)]
mod tests;

/// Milliseconds for a call of which nobody knows what it sends and answers: 20 MB pass in it.
const TIMEOUT_MS: u32 = 30_000;

/// See `vendor.call`.
pub(crate) fn call(client: &WeComClient<'_>, asked: &ApiRequest) -> Result<ApiResponse, Failure> {
    let (config, platform) = (client.config(), client.calls.platform());
    let url = target::judge(&config.api_base, asked)?;
    let payload = Payload::judge(asked.payload.as_ref())?;
    let target = [asked.method.as_bytes(), url.as_bytes()];
    let request = fingerprint::of_bytes(target.into_iter().chain(payload.identity()));
    let once = ("call", asked.idempotency_key.as_deref());
    idempotency::once(platform, &config.common, once, &[&request], || {
        let (headers, body) = payload.into_parts(&multipart::boundary(platform));
        let request = Request {
            method: asked.method.clone(),
            url,
            headers,
            body,
            expect: BodyKind::Text,
            timeout_ms: Some(TIMEOUT_MS),
            max_bytes: None,
        };
        let call = Call::new(VENDOR_CALL, request).about(format!(" {}", asked.path));
        let response = client.calls.response(call)?;
        let headers = response.headers.into_iter().filter(|header| !header.name.eq_ignore_ascii_case("set-cookie"));
        Ok(ApiResponse { status: response.status, headers: headers.collect(), body: response.body })
    })
}
