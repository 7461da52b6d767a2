//! Who asks, and whether they may: known before anything of the body is read.

use axum::http::{HeaderMap, header};
use organisation_fleet::tenants::{ApiScope, Tenant};
use organisation_host::Element;

use super::{
    super::{request_limits::RequestPermit, service::Service},
    failure::ApiFailure,
};

/// The most milliseconds that a request may take: nobody waits longer for an answer.
const LONGEST_MS: u64 = 20_000;
/// The most bytes of a component's answer: it becomes JSON here.
const ANSWER_BYTES: u64 = 4 << 20;

/// Whoever asks with a key of the tenant.
pub struct Caller {
    /// The tenant's element, within the limits of a request.
    pub element: Element,
    /// Who decides, for the audit trail.
    pub actor: String,
    /// One of the tenant's places, until the request is answered.
    pub permit: RequestPermit,
}

/// Lets a request in that presents a key of the tenant for this scope.
///
/// # Errors
/// There is no such key, it is not for this, or too many requests of the tenant are under way.
pub fn admit(service: &Service, tenant: &str, headers: &HeaderMap, scope: ApiScope) -> Result<Caller, ApiFailure> {
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let presented =
        presented.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    let Some((_, key)) = presented else { return Err(ApiFailure::no_key()) };
    // A tenant that is not there and a key that is none are not told apart.
    let tenant = service.tenant(tenant).ok_or_else(ApiFailure::no_key)?;
    let found = tenant.api_keys.find(key.trim()).ok_or_else(ApiFailure::no_key)?;
    if !found.scopes.contains(&scope) {
        return Err(ApiFailure::not_in_scope(scope));
    }
    let permit = service.admit_api(&tenant).ok_or_else(ApiFailure::too_many)?;
    Ok(Caller { element: limited(&tenant), actor: format!("api-key {}", found.name), permit })
}

fn limited(tenant: &Tenant) -> Element {
    let mut limits = tenant.element.limits().clone();
    limits.wall_ms = limits.wall_ms.min(LONGEST_MS);
    limits.hostcall_bytes = limits.hostcall_bytes.min(ANSWER_BYTES);
    tenant.element.with_limits(limits)
}
