//! What a tenant's platform asks of this host by JSON, with a key of the tenant: `/t/TENANT/api/…`. `/openapi.json` describes it.
//!
//! | File | What it holds |
//! |---|---|
//! | `caller` | the key that a request presents, and what it may be used for |
//! | `failure` | errors |
//! | `functions` | one handler for each address |
//! | `openapi` | the description |

mod caller;
mod failure;
mod functions;
mod openapi;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::StatusCode,
    routing::{get, post},
};

use super::{document::document, service::Service};

/// The largest request: a file that is handed to the vendor.
const MAX_BODY: usize = 24 << 20;

/// The addresses of the API.
pub fn router() -> Router<Arc<Service>> {
    Router::new()
        .route("/t/{tenant}/api/messages", post(functions::send_message))
        .route("/t/{tenant}/api/messages/recall", post(functions::recall_message))
        .route("/t/{tenant}/api/cards/update", post(functions::update_card))
        .route("/t/{tenant}/api/media", post(functions::upload))
        .route("/t/{tenant}/api/approvals", get(functions::search_approvals).post(functions::submit_approval))
        .route("/t/{tenant}/api/approvals/{number}", get(functions::approval))
        .route("/t/{tenant}/api/templates/{id}", get(functions::template))
        .route("/t/{tenant}/api/events", get(functions::events))
        .route("/t/{tenant}/api/members/{id}/roles", get(functions::roles).put(functions::set_roles))
        .route("/t/{tenant}/api/page-signatures", post(functions::page_signature))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route("/openapi.json", get(async || document(StatusCode::OK, &*openapi::DOCUMENT)))
}
