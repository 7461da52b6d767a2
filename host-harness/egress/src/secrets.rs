//! Where the host puts secrets into requests that a component wrote with placeholders.
//!
//! Filling in happens last, behind policy and hooks: the component never has the secret, a recording never shows it,
//! and the destination is already known to be allowed. Egress knows nothing of placeholders; it promises the moment
//! and that filling in cannot change where the request goes.

use bytes::Bytes;
use http::HeaderMap;
use url::Url;

use super::{destination::Destination, error::HttpError, response::Response};

/// The parts of a request that may hold placeholders. No `Debug`: after filling in they hold secrets.
#[derive(Clone)]
pub struct Outgoing {
    /// The URL; scheme, host and port must stay as they are.
    pub url: Url,
    /// The component's headers.
    pub headers: HeaderMap,
    /// The request body.
    pub body: Bytes,
}

/// Fills placeholders in on the way out and redacts secrets on the way back.
pub trait Secrets: Send + Sync {
    /// Replaces placeholders. `destination` is where the request goes.
    ///
    /// # Errors
    /// When a placeholder stands where it must not, or its secret may not go to this destination; the request is then
    /// not sent. The message must not hold the secret.
    fn fill(&self, destination: &Destination, outgoing: Outgoing) -> Result<Outgoing, HttpError>;

    /// Removes secrets that the server sent back.
    fn redact(&self, response: Response) -> Response;
}
