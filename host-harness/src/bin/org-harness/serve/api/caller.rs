//! Who asks, and whether they may.

use std::sync::Arc;

use axum::{
    RequestPartsExt as _,
    extract::{FromRequestParts, Path},
    http::{header, request::Parts},
};
use host_harness::{
    Element,
    tenants::{ApiScope, Tenant},
};
use serde::Deserialize;

use super::{
    super::{service::Service, sign_in_limits::SignInPermit},
    failure::ApiFailure,
};

/// A request with a key of the tenant.
pub struct Caller {
    tenant: Tenant,
    /// Who has the key.
    name: String,
    scopes: Vec<ApiScope>,
    _permit: SignInPermit,
}

#[derive(Deserialize)]
struct Named {
    tenant: String,
}

impl FromRequestParts<Arc<Service>> for Caller {
    type Rejection = ApiFailure;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, ApiFailure> {
        let Path(Named { tenant }) = parts.extract().await.map_err(|_| ApiFailure::not_found())?;
        let presented = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let presented = presented
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let Some((_, key)) = presented else { return Err(ApiFailure::no_key()) };
        // A tenant that is not there and a key that is none are not told apart.
        let tenant = service.tenant(&tenant).ok_or_else(ApiFailure::no_key)?;
        let found = tenant.api_keys.find(key.trim()).ok_or_else(ApiFailure::no_key)?;
        let (name, scopes) = (found.name.clone(), found.scopes.iter().copied().collect());
        let permit = service.admit_api(&tenant).ok_or_else(ApiFailure::too_many)?;
        Ok(Self { tenant, name, scopes, _permit: permit })
    }
}

impl Caller {
    /// The tenant's element, where the key may be used for this.
    ///
    /// # Errors
    /// It may not.
    pub fn element(&self, scope: ApiScope) -> Result<&Element, ApiFailure> {
        if self.scopes.contains(&scope) { Ok(&self.tenant.element) } else { Err(ApiFailure::not_in_scope(scope)) }
    }

    /// Who decides, for the audit trail.
    pub fn actor(&self) -> String {
        format!("api-key {}", self.name)
    }
}
