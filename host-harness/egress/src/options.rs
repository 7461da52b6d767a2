//! How a process reaches out.

use std::{sync::Arc, time::Duration};

use derive_setters::Setters;

use super::{
    permits::NetworkLimits,
    resolver::{Resolver, SystemResolver},
    tls::TrustedRoots,
};

/// How a process reaches out.
#[derive(Clone, Setters)]
#[non_exhaustive]
pub struct EgressOptions {
    /// Names to addresses.
    pub resolver: Arc<dyn Resolver>,
    /// Authorities trusted beside those of the system.
    pub roots: TrustedRoots,
    /// Time to open a TCP connection, all addresses of a name together (5 s); the wait for a place among the connections has
    /// as much, and so has TLS. The request's own time bounds all of it too.
    pub connect_timeout: Duration,
    /// How long an idle connection is kept (30 s). Shorter than servers usually wait, because a request on a
    /// connection that the server is just closing fails with "may have reached the server".
    pub keep_alive: Duration,
    /// How many idle connections are kept for one scheme, host and port (32).
    pub kept_per_host: usize,
    /// How long the addresses of a name are taken for those it has (5 s); failures for a second at most.
    pub names_kept: Duration,
    /// What all calls together may have under way.
    pub limits: NetworkLimits,
}

impl Default for EgressOptions {
    fn default() -> Self {
        Self {
            resolver: Arc::new(SystemResolver),
            roots: TrustedRoots::default(),
            connect_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(30),
            kept_per_host: 32,
            names_kept: Duration::from_secs(5),
            limits: NetworkLimits::default(),
        }
    }
}
