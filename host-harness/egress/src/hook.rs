//! Hooks see every request on its way out: to record and replay, to fake a vendor, to inject faults.
//!
//! **Why a hook cannot weaken the policy.** A hook runs after the policy and gets a [`Checked`] request, which only the
//! policy can make and nobody can change. It may answer by itself, which touches no network, or pass on with
//! [`Next::run`], which carries that same request and cannot be made by a hook, so it cannot redirect one. What is
//! passed on still has its addresses checked when it is connected, its secrets filled in behind the hooks (a recording
//! never sees one) and its answer capped. An answer that a hook makes up counts against the same limits.

use std::sync::Arc;

use async_trait::async_trait;

use super::{error::HttpError, policy::Checked, response::Response};

/// Something that surrounds requests.
///
/// ```
/// use async_trait::async_trait;
/// use organisation_egress::{Checked, HttpFailure, Hook, HttpError, Next, Response};
///
/// /// Lets no answer through to the component, as if the connection always broke.
/// struct BreakAfterSending;
///
/// #[async_trait]
/// impl Hook for BreakAfterSending {
///     async fn around(&self, _request: &Checked, next: Next<'_>) -> Result<Response, HttpError> {
///         next.run().await?;
///         Err(HttpError::after_sending(HttpFailure::Other("injected"), "the connection broke (injected)"))
///     }
/// }
/// ```
#[async_trait]
pub trait Hook: Send + Sync {
    /// Answers `request`, or passes it on with `next.run()`. The time a hook takes counts as the request's time.
    ///
    /// # Errors
    /// Whatever the component should see.
    async fn around(&self, request: &Checked, next: Next<'_>) -> Result<Response, HttpError>;
}

/// The rest of the way: further hooks, then the network.
pub struct Next<'a> {
    pub(super) request: &'a Checked,
    pub(super) hooks: &'a [Arc<dyn Hook>],
    pub(super) network: &'a dyn Network,
}

impl Next<'_> {
    /// Sends the request on, unchanged.
    ///
    /// # Errors
    /// Whatever the further hooks or the network answer.
    pub async fn run(self) -> Result<Response, HttpError> {
        match self.hooks.split_first() {
            Some((hook, hooks)) => hook.around(self.request, Next { hooks, ..self }).await,
            None => self.network.send(self.request).await,
        }
    }
}

/// The end of the way.
#[async_trait]
pub(super) trait Network: Send + Sync {
    async fn send(&self, request: &Checked) -> Result<Response, HttpError>;
}
