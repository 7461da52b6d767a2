//! What a tenant's platform asks of this host by JSON, with a key of the tenant: `/t/TENANT/api/…`. `/openapi.json` describes it.
//!
//! | File | What it holds |
//! |---|---|
//! | `caller` | the key that a request presents, and what it may be used for |
//! | `call` | what a request says |
//! | `operations` | everything that can be asked, a row each |
//! | `failure` | errors |
//! | `openapi` | the description |

mod call;
mod caller;
mod failure;
mod openapi;
mod operations;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode},
    response::Response,
    routing::{MethodFilter, any, get, on},
};
use serde_json::Value;

use self::{
    call::ApiCall,
    failure::ApiFailure,
    operations::{OPERATIONS, Operation, Takes},
};
use super::{document::document, service::Service};

/// The most bytes of a request, and of a file for the vendor.
const MAX_JSON: usize = 6 << 20;
const MAX_FILE: usize = 24 << 20;

type Names = Result<Path<BTreeMap<String, String>>, PathRejection>;
type Pairs = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// The addresses of the API.
pub fn router() -> Router<Arc<Service>> {
    let router = OPERATIONS.iter().fold(Router::new(), |router, operation| {
        let handler =
            async |service, path, query, headers, body| carry_out(operation, service, path, query, headers, body).await;
        router.route(&of_tenant(operation.path), on(method(operation), handler))
    });
    router
        .route("/t/{tenant}/api/{*elsewhere}", any(async || ApiFailure::not_found()))
        .method_not_allowed_fallback(async || ApiFailure::method_not_allowed())
        .route("/openapi.json", get(async || document(StatusCode::OK, &*openapi::DOCUMENT)))
}

/// Where an address of the API stands for each tenant.
fn of_tenant(path: &str) -> String {
    format!("/t/{{tenant}}/api/{path}")
}

fn method(operation: &Operation) -> MethodFilter {
    match operation.method {
        "get" => MethodFilter::GET,
        "put" => MethodFilter::PUT,
        _ => MethodFilter::POST,
    }
}

async fn carry_out(
    operation: &'static Operation,
    State(service): State<Arc<Service>>,
    path: Names,
    query: Pairs,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiFailure> {
    let Path(mut path) = path.map_err(|_| ApiFailure::not_found())?;
    let tenant = path.remove("tenant").unwrap_or_default();
    let caller = caller::admit(&service, &tenant, &headers, operation.scope)?;
    let Query(pairs) = query.map_err(|error| ApiFailure::unreadable(&error.body_text()))?;
    let query = call::query(pairs, &operation.query)?;
    let call =
        ApiCall { element: caller.element, actor: caller.actor, path, query, body: Value::Null, file: Bytes::new() };
    // The room of a body is held until the request is answered.
    let answer = match operation.takes {
        Takes::Nothing => {
            let held = service.bodies().read(body, MAX_JSON).await?;
            call::fields(&held.bytes, &[])?;
            operation.carry_out(call).await?
        }
        Takes::Record(_) => {
            let held = service.bodies().read(body, MAX_JSON).await?;
            operation.carry_out(ApiCall { body: call::json(&held.bytes)?, ..call }).await?
        }
        Takes::Fields(fields) => {
            let held = service.bodies().read(body, MAX_JSON).await?;
            operation.carry_out(ApiCall { body: call::fields(&held.bytes, fields)?, ..call }).await?
        }
        Takes::File => {
            let _permit = service.admit_upload(&tenant).ok_or_else(ApiFailure::too_many)?;
            let held = service.bodies().read(body, MAX_FILE).await?;
            operation.carry_out(ApiCall { file: held.bytes.clone(), ..call }).await?
        }
    };
    drop(caller.permit);
    Ok(document(StatusCode::OK, &answer))
}
