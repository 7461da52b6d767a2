//! Who asks, and whether they may: known before anything of the body is read.

use std::{marker::PhantomData, sync::Arc};

use axum::{
    RequestPartsExt as _,
    extract::{FromRequestParts, Path},
    http::{header, request::Parts},
};
use organisation_fleet::tenants::{ApiScope, Tenant};
use organisation_host::Element;
use serde::Deserialize;

use super::{
    super::{request_limits::RequestPermit, service::Service},
    failure::ApiFailure,
};

/// The most milliseconds that a request may take: nobody waits longer for an answer.
const LONGEST_MS: u64 = 20_000;
/// The most bytes of a component's answer: it becomes JSON here.
const ANSWER_BYTES: u64 = 4 << 20;

/// What a key has to be for.
pub trait For: Send + Sync + 'static {
    const SCOPE: ApiScope;
}

macro_rules! scopes {
    ($($name:ident)*) => {
        $(
            #[doc = "See the scope of this name."]
            pub struct $name;

            impl For for $name {
                const SCOPE: ApiScope = ApiScope::$name;
            }
        )*
    };
}

scopes! { Messages Approvals Events Roles Pages }

/// A request with a key of the tenant that is for `S`.
pub struct Caller<S> {
    service: Arc<Service>,
    element: Element,
    /// Who has the key.
    name: String,
    _permit: RequestPermit,
    scope: PhantomData<S>,
}

#[derive(Deserialize)]
struct Named {
    tenant: String,
}

impl<S: For> FromRequestParts<Arc<Service>> for Caller<S> {
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
        if !found.scopes.contains(&S::SCOPE) {
            return Err(ApiFailure::not_in_scope(S::SCOPE));
        }
        let permit = service.admit_api(&tenant).ok_or_else(ApiFailure::too_many)?;
        let (name, element) = (found.name.clone(), limited(&tenant));
        Ok(Self { service: Arc::clone(service), element, name, _permit: permit, scope: PhantomData })
    }
}

impl<S> Caller<S> {
    /// The tenant's element.
    pub fn element(&self) -> &Element {
        &self.element
    }

    /// What requests are answered with.
    pub fn service(&self) -> &Service {
        &self.service
    }

    /// Who decides, for the audit trail.
    pub fn actor(&self) -> String {
        format!("api-key {}", self.name)
    }
}

fn limited(tenant: &Tenant) -> Element {
    let mut limits = tenant.element.limits().clone();
    limits.wall_ms = limits.wall_ms.min(LONGEST_MS);
    limits.hostcall_bytes = limits.hostcall_bytes.min(ANSWER_BYTES);
    tenant.element.with_limits(limits)
}
