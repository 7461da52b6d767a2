//! What the vendor sends to the app by itself: handed to the element, answered at once, and what is left done later.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use host_harness::{
    Called, Element,
    contract::{
        callbacks::{Handled, IncomingRequest, OutgoingResponse},
        types::{Body, Error, Header, Reason},
    },
    reason_name,
    tenants::Tenant,
};

use super::service::Service;

/// The most bytes of a body (contract).
pub const MAX_BODY: usize = 1 << 20;
/// Vendors wait five seconds and no longer.
const LONGEST_MS: u64 = 4_000;
/// What an answer to the vendor may be: it is served from the address where people sign in, so never a page.
const MEDIA_TYPES: [&str; 3] = ["text/plain", "application/xml", "application/json"];

/// Answers a request of the vendor at one of a tenant's routes.
pub async fn receive(
    State(service): State<Arc<Service>>,
    Path((tenant, route)): Path<(String, String)>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(tenant) = service.tenant(&tenant) else { return StatusCode::NOT_FOUND.into_response() };
    let Some(_permit) = service.admit_callback(&tenant) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let request = IncomingRequest {
        route,
        method: method.as_str().to_owned(),
        query: query.unwrap_or_default(),
        headers: headers.iter().filter_map(header_of).collect(),
        body: (!body.is_empty()).then(|| text_or_bytes(body)),
    };
    match hurried(&tenant).handle_callback(&request).await {
        Ok(Called { value: Ok(handled), .. }) => answer(&service, &tenant, handled).await,
        Ok(Called { value: Err(error), report }) => {
            let status = status_of(&error);
            tracing::warn!(
                lowcode.tenant = report.tenant,
                lowcode.call = report.call,
                route = request.route,
                reason = reason_name(&error.reason),
                error = error.message,
                "what the vendor sent was not handled"
            );
            status.into_response()
        }
        Err(failed) => {
            let call = &failed.report.call;
            tracing::warn!(error = %failed.error, lowcode.call = call, "what the vendor sent was not handled");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

async fn answer(service: &Service, tenant: &Tenant, handled: Handled) -> Response {
    if !handled.events.is_empty()
        && let Err(error) = tenant.element.keep_events(&handled.events).await
    {
        // The vendor sent it, and the element will not show it again: that it is lost must be seen.
        let lost = handled.events.len();
        tracing::error!(lowcode.tenant = &*tenant.name, %error, lost, "events of the vendor could not be kept");
    }
    for task in handled.follow_ups {
        service.follow_ups().add(tenant, task);
    }
    written(handled.response)
}

/// The answer, as far as it may be one.
fn written(OutgoingResponse { status, headers, body }: OutgoingResponse) -> Response {
    let media_type = headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-type"));
    let media_type = media_type.map(|header| header.value.as_str()).filter(|value| {
        let kind = value.split(';').next().unwrap_or_default().trim();
        MEDIA_TYPES.iter().any(|admitted| admitted.eq_ignore_ascii_case(kind))
    });
    let media_type = media_type.and_then(|value| HeaderValue::from_str(value).ok());
    let media_type = media_type.unwrap_or(HeaderValue::from_static("text/plain; charset=utf-8"));
    let body = match body {
        Body::Text(text) => text.into_bytes(),
        Body::Bytes(bytes) => bytes,
        Body::Base64(text) => match STANDARD.decode(text) {
            Ok(bytes) => bytes,
            Err(_) => return StatusCode::BAD_GATEWAY.into_response(),
        },
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
}

fn header_of((name, value): (&header::HeaderName, &HeaderValue)) -> Option<Header> {
    Some(Header { name: name.as_str().to_owned(), value: value.to_str().ok()?.to_owned() })
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
        _ => StatusCode::NOT_FOUND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_never_a_page() {
        for (given, expected) in [
            (Some("text/plain"), "text/plain"),
            (Some("application/xml; charset=utf-8"), "application/xml; charset=utf-8"),
            (Some("Application/JSON"), "Application/JSON"),
            (Some("text/html"), "text/plain; charset=utf-8"),
            (Some("text/plain\r\nset-cookie: a=b"), "text/plain; charset=utf-8"),
            (None, "text/plain; charset=utf-8"),
        ] {
            let header = |value: &str| Header { name: "Content-Type".to_owned(), value: value.to_owned() };
            let set_cookie = Header { name: "set-cookie".to_owned(), value: "a=b".to_owned() };
            let headers = given.map(header).into_iter().chain([set_cookie]).collect();
            let response = written(OutgoingResponse { status: 200, headers, body: Body::Text("ok".to_owned()) });
            assert_eq!(response.headers()[header::CONTENT_TYPE], expected, "{given:?}");
            assert!(!response.headers().contains_key(header::SET_COOKIE));
        }
        let odd = written(OutgoingResponse { status: 7, headers: Vec::new(), body: Body::Base64("?".to_owned()) });
        assert_eq!(odd.status(), StatusCode::BAD_GATEWAY);
    }
}
