//! Names to addresses: the one place where the network says where a name leads.
//!
//! A resolver only answers; the connector judges the answer. Tests inject resolvers that lie.

use std::{io, net::IpAddr};

use async_trait::async_trait;

/// Turns a name into addresses.
#[async_trait]
pub trait Resolver: Send + Sync + 'static {
    /// The addresses of `name`, in the order in which to try them; empty if it has none.
    ///
    /// # Errors
    /// When the name does not exist or no name server answered.
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>>;
}

/// The resolver of the operating system, so that `/etc/hosts` and the network's own zones work as everywhere else.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect())
    }
}
