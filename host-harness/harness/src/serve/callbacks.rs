//! What the vendor sends to the app by itself: handed to the element, answered at once, and what is left done later.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_fleet::tenants::Tenant;
use organisation_host::{
    Called, Element, Received,
    contract::{
        callbacks::{IncomingRequest, OutgoingResponse},
        types::{Body, Error, Header, Reason},
    },
    reason_name,
};
use tokio::time::timeout;

use super::{body::BodyError, service::Service};

/// The most bytes of a body (contract).
const MAX_BODY: usize = 1 << 20;
/// Vendors wait five seconds and no longer.
const LONGEST_MS: u64 = 4_000;
/// How long the whole of it may take, other tries and the storage included. A little longer, so that a call that takes
/// too long ends by its own limit, which its report names.
const ALL: Duration = Duration::from_millis(LONGEST_MS + 100);
/// How often it is said of one tenant that what arrives is refused.
const LOGGED_EVERY: Duration = Duration::from_secs(60);

/// Answers a request of the vendor at one of a tenant's routes. The body is read when the request has a place.
pub async fn receive(
    State(service): State<Arc<Service>>,
    Path((tenant, route)): Path<(String, String)>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: axum::body::Body,
) -> Response {
    let Some(tenant) = service.tenant(&tenant) else { return StatusCode::NOT_FOUND.into_response() };
    let Some(_permit) = service.admit_callback(&tenant) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let held = match service.bodies().read(body, MAX_BODY).await {
        Ok(held) => held,
        Err(BodyError::TooLarge) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(BodyError::NoRoom) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(BodyError::Incomplete) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let request = IncomingRequest {
        route,
        method: method.as_str().to_owned(),
        query: query.unwrap_or_default(),
        headers: given(&headers),
        body: (!held.bytes.is_empty()).then(|| text_or_bytes(held.bytes.clone())),
    };
    let element = hurried(&tenant);
    let Ok(received) = timeout(ALL, element.receive_callback(&request).reported()).await else {
        // What the element wrote is carried out or not; when the vendor repeats it that is looked at.
        tracing::warn!(lowcode.tenant = &*tenant.name, "what the vendor sent was not handled in time");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    match received {
        Ok(Called { value: Ok(received), .. }) => answer(&service, &tenant, received),
        Ok(Called { value: Err(error), report }) => {
            let status = status_of(&error);
            // Strangers ask for what there is not.
            if status != StatusCode::NOT_FOUND && service.may_log_refusal(&tenant, LOGGED_EVERY) {
                tracing::warn!(
                    lowcode.tenant = report.tenant,
                    lowcode.call = report.call,
                    reason = reason_name(&error.reason),
                    error = error.message,
                    "what the vendor sent was not handled"
                );
            }
            status.into_response()
        }
        Err(failed) => {
            let call = &failed.report.call;
            tracing::warn!(error = %failed.error, lowcode.call = call, "what the vendor sent was not handled");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn answer(service: &Service, tenant: &Tenant, Received { handled, lost }: Received) -> Response {
    if let Some(error) = lost {
        // The vendor sent it, and will not send it again: that it is lost must be seen.
        let lost = handled.events.len();
        tracing::error!(lowcode.tenant = &*tenant.name, %error, lost, "events of the vendor could not be kept");
    }
    service.follow_ups().add(tenant, handled.follow_ups);
    if (400..500).contains(&handled.response.status) && service.may_log_refusal(tenant, LOGGED_EVERY) {
        tracing::warn!(
            lowcode.tenant = &*tenant.name,
            status = handled.response.status,
            "something arrived at a tenant's route for its vendor and was refused: where the vendor sent it, token and key in its \
             console are not those of the configuration (-v shows what the element says)"
        );
    }
    written(handled.response)
}

/// The answer. It is text and nothing else, whatever the element says: it is served from the address where people sign
/// in, and must never become a page there.
fn written(OutgoingResponse { status, body }: OutgoingResponse) -> Response {
    const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
    let body = match body {
        Body::Text(text) => text.into_bytes(),
        Body::Bytes(bytes) => bytes,
        Body::Base64(text) => match STANDARD.decode(text) {
            Ok(bytes) => bytes,
            Err(_) => return StatusCode::BAD_GATEWAY.into_response(),
        },
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(header::CONTENT_TYPE, TEXT)], body).into_response()
}

/// All that is text: the host's library hands over what the route names.
fn given(headers: &HeaderMap) -> Vec<Header> {
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    headers
        .iter()
        .filter_map(|(name, value)| Some(Header { name: name.as_str().to_owned(), value: text(value)? }))
        .collect()
}

fn text_or_bytes(body: Bytes) -> Body {
    match String::from_utf8(body.into()) {
        Ok(text) => Body::Text(text),
        Err(error) => Body::Bytes(error.into_bytes()),
    }
}

fn hurried(tenant: &Tenant) -> Element {
    let mut limits = tenant.element.limits().clone();
    limits.wall_ms = limits.wall_ms.min(LONGEST_MS);
    tenant.element.with_limits(limits)
}

/// Where there is nothing to be had nothing is said of why; what may work later, the vendor repeats.
fn status_of(error: &Error) -> StatusCode {
    match error.reason {
        Reason::Unavailable | Reason::BudgetExhausted | Reason::Conflict | Reason::RateLimited => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        // Such as that the storage refuses what the element writes: for the operator to see.
        Reason::Other(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::NOT_FOUND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_never_a_page() {
        let body = Body::Text("<html xmlns='http://www.w3.org/1999/xhtml'/>".to_owned());
        let response = written(OutgoingResponse { status: 200, body });
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(response.headers().len(), 1);
        let odd = written(OutgoingResponse { status: 7, body: Body::Base64("?".to_owned()) });
        assert_eq!(odd.status(), StatusCode::BAD_GATEWAY);
    }
}
