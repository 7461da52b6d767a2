//! Errors of the API: the document that the program prints, with a status.

use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use organisation_fleet::tenants::ApiScope;
use organisation_host::{
    CallFailure,
    contract::{
        JsonError,
        types::{Error, Reason},
    },
    storage::StorageError,
};

use super::super::{body::BodyError, document::document};
use crate::{
    command_error::CommandError,
    view::error::{ErrorDocument, ErrorView},
};

/// Why a request has no answer.
#[derive(Debug)]
pub struct ApiFailure {
    status: StatusCode,
    view: ErrorView,
}

impl ApiFailure {
    fn of(status: StatusCode, reason: &str, message: &str, hint: &str) -> Self {
        let mut view = ErrorView::from(&CommandError::usage(message, hint));
        reason.clone_into(&mut view.reason);
        Self { status, view }
    }

    /// There is no such address.
    pub fn not_found() -> Self {
        Self::of(StatusCode::NOT_FOUND, "not-found", "there is nothing here", "/openapi.json lists the addresses")
    }

    /// The address takes another method.
    pub fn method_not_allowed() -> Self {
        let hint = "/openapi.json lists the addresses with their methods";
        Self::of(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "this address takes another method", hint)
    }

    /// No key, or none of this tenant.
    pub fn no_key() -> Self {
        let hint = "send authorization: Bearer KEY with a key that the tenant's declaration names in api_keys";
        Self::of(StatusCode::UNAUTHORIZED, "no-key", "a key of this tenant is needed", hint)
    }

    /// A key that is not for this.
    pub fn not_in_scope(scope: ApiScope) -> Self {
        let message = format!("this key is not for {}", scope.name());
        Self::of(StatusCode::FORBIDDEN, "not-in-scope", &message, "add the scope to the key's entry in api_keys")
    }

    /// Too many requests of the tenant are under way.
    pub fn too_many() -> Self {
        let message = "too many requests of this tenant are under way";
        Self::of(StatusCode::SERVICE_UNAVAILABLE, "busy", message, "try again in a moment")
    }

    /// An answer that is no JSON; none of the program's is so.
    pub fn unwritten(error: &serde_json::Error) -> Self {
        let hint = "report it: this is a mistake of the program";
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, "internal", &error.to_string(), hint)
    }

    /// A request that cannot be read.
    pub fn unreadable(message: &str) -> Self {
        Self::of(StatusCode::BAD_REQUEST, "invalid-request", message, "/openapi.json describes every request")
    }
}

impl From<BodyError> for ApiFailure {
    fn from(error: BodyError) -> Self {
        let hint = "/openapi.json describes every request";
        match error {
            BodyError::TooLarge => {
                Self::of(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is larger than it may be", hint)
            }
            BodyError::NoRoom => Self::too_many(),
            BodyError::Incomplete => {
                let message = "the body did not come in five seconds";
                Self::of(StatusCode::REQUEST_TIMEOUT, "incomplete", message, "send it anew")
            }
        }
    }
}

impl From<JsonError> for ApiFailure {
    fn from(error: JsonError) -> Self {
        Self::unreadable(&error.to_string())
    }
}

impl From<CommandError> for ApiFailure {
    fn from(error: CommandError) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, view: ErrorView::from(&error) }
    }
}

impl From<StorageError> for ApiFailure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Invalid(_) => Self::unreadable(&error.to_string()),
            StorageError::Quota { .. } => {
                let hint = "the tenant's operator raises the quota";
                Self::of(StatusCode::UNPROCESSABLE_ENTITY, "quota-exceeded", &error.to_string(), hint)
            }
            StorageError::Unavailable { .. } => {
                tracing::warn!(%error, "the API could not read the storage");
                let message = "the storage does not answer";
                Self::of(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, "try again in a moment")
            }
            // Damage: to come again mends nothing.
            StorageError::Other(_) => {
                tracing::error!(%error, "the API could not read the storage");
                let message = "what is stored cannot be read";
                Self::of(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, "the host's log says why")
            }
        }
    }
}

impl From<Error> for ApiFailure {
    fn from(error: Error) -> Self {
        let status = match error.reason {
            Reason::InvalidArgument(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Reason::NotFound => StatusCode::NOT_FOUND,
            Reason::Conflict | Reason::MassRemovalBlocked(_) => StatusCode::CONFLICT,
            Reason::CursorExpired => StatusCode::GONE,
            Reason::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Reason::Unavailable | Reason::BudgetExhausted => StatusCode::SERVICE_UNAVAILABLE,
            Reason::Unsupported => StatusCode::NOT_IMPLEMENTED,
            Reason::NotPermitted => StatusCode::FORBIDDEN,
            // The configuration, or the vendor.
            _ => StatusCode::BAD_GATEWAY,
        };
        Self { status, view: ErrorView::from(error) }
    }
}

impl From<CallFailure> for ApiFailure {
    fn from(failure: CallFailure) -> Self {
        match failure {
            CallFailure::Refused(error) => Self::from(*error),
            CallFailure::Failed(failed) => {
                // What a limit or a trap says concerns the operator.
                let call = &failed.report.call;
                tracing::warn!(error = %failed.error, lowcode.call = call, "a request of the API broke off");
                let message = "the call was broken off";
                Self::of(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message, "the host's log says why")
            }
        }
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        let mut response = document(self.status, &ErrorDocument { error: self.view });
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_that_is_damaged_is_not_asked_again() {
        let quota = StorageError::Quota { name: "items", limit: 1, asked: 2 };
        for (error, status, reason) in [
            (StorageError::Invalid("cursor".to_owned()), 400, "invalid-request"),
            (quota, 422, "quota-exceeded"),
            (StorageError::unavailable("busy"), 503, "unavailable"),
            (StorageError::Other("a secret of the host".to_owned()), 500, "internal"),
        ] {
            let failure = ApiFailure::from(error);
            assert_eq!((failure.status.as_u16(), &*failure.view.reason), (status, reason));
            assert!(!failure.view.message.contains("secret"), "{failure:?}");
        }
    }
}
