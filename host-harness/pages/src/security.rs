//! Headers of every answer.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// Nothing is loaded from elsewhere, nothing in a page is run or painted but what stands in files of this server, and no other site
/// shows a page in a frame. Addresses hold codes and states, so none is passed to other sites.
const HEADERS: [(HeaderName, &str); 4] = [
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

/// Puts the headers on an answer; browsers keep nothing unless the answer itself says that they may. To be used with
/// `axum::middleware::map_response`.
pub async fn secured(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
