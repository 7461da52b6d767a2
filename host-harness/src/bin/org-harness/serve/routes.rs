//! Addresses.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{IntoResponse as _, Response},
    routing::get,
};
use host_harness::observe::metrics::CONTENT_TYPE;

use super::{document::document, service::Service, sign_in};

/// The addresses of a host.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/health", get(health))
        .route("/t/{tenant}/login", get(sign_in::login))
        .route("/t/{tenant}/callback", get(sign_in::callback))
        .with_state(service)
        .layer(map_response(guarded))
}

async fn metrics(State(service): State<Arc<Service>>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], service.metrics()).into_response()
}

async fn health(State(service): State<Arc<Service>>) -> Response {
    let health = service.health().await;
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    document(status, &health)
}

/// Addresses hold codes and states: nothing is kept by browsers or passed to other sites, and nothing is loaded.
async fn guarded(mut response: Response) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    ];
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
