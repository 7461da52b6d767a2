//! A time limit for everything that comes before a request: addresses, TCP, a proxy's tunnel, TLS.
//!
//! The time limit of a request is not enough. The HTTP library goes on with a connection in the background when another
//! one came free for the request meanwhile, and there a server that never ends its handshake would hold a socket for ever.

use std::{
    error::Error,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::future::BoxFuture;
use http::Uri;
use tokio::time::timeout;
use tower_service::Service;

use super::{
    connector::ConnectFailure,
    error::{HttpError, HttpFailure},
};

/// A connector that gives up.
#[derive(Clone)]
pub(super) struct Deadline<C> {
    pub(super) connector: C,
    pub(super) limit: Duration,
}

impl<C> Service<Uri> for Deadline<C>
where
    C: Service<Uri, Error: Into<Box<dyn Error + Send + Sync>>, Future: Send + 'static>,
{
    type Response = C::Response;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<C::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (host, limit) = (uri.host().unwrap_or_default().to_owned(), self.limit);
        let connecting = self.connector.call(uri);
        Box::pin(async move {
            match timeout(limit, connecting).await {
                Ok(connected) => connected.map_err(Into::into),
                Err(_) => {
                    let message = format!("no connection with {host} was ready for a request within {limit:?}");
                    Err(ConnectFailure(HttpError::before_sending(HttpFailure::Timeout, message)).into())
                }
            }
        })
    }
}
