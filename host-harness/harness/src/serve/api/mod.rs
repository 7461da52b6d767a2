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
    http::StatusCode,
    routing::{MethodRouter, any, get, post},
};

use super::{document::document, service::Service};
use failure::ApiFailure;

/// The addresses of the API.
pub fn router() -> Router<Arc<Service>> {
    let routes = routes().into_iter();
    let router = routes.fold(Router::new(), |router, (path, methods)| router.route(&of_tenant(path), methods));
    router
        .route("/t/{tenant}/api/{*elsewhere}", any(async || ApiFailure::not_found()))
        .method_not_allowed_fallback(async || ApiFailure::not_so())
        .route("/openapi.json", get(async || document(StatusCode::OK, &*openapi::DOCUMENT)))
}

/// Where an address of the API stands for each tenant.
fn of_tenant(path: &str) -> String {
    format!("/t/{{tenant}}/api/{path}")
}

fn routes() -> [(&'static str, MethodRouter<Arc<Service>>); 10] {
    [
        ("messages", post(functions::send_message)),
        ("messages/recall", post(functions::recall_message)),
        ("cards/update", post(functions::update_card)),
        ("media", post(functions::upload)),
        ("approvals", get(functions::search_approvals).post(functions::submit_approval)),
        ("approvals/{number}", get(functions::approval)),
        ("templates/{id}", get(functions::template)),
        ("events", get(functions::events)),
        ("members/{id}/roles", get(functions::roles).put(functions::set_roles)),
        ("page-signatures", post(functions::page_signature)),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What may be done at each is asked of a host, by a test of the program.
    #[test]
    fn the_addresses_that_there_are_are_those_that_are_described() {
        let described = openapi::DOCUMENT["paths"].as_object().unwrap();
        let described: BTreeSet<String> = described.keys().cloned().collect();
        assert_eq!(routes().iter().map(|(path, _)| of_tenant(path)).collect::<BTreeSet<_>>(), described);
    }
}
