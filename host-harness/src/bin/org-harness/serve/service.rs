//! What requests are answered with.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use host_harness::{
    Host,
    observe::metrics::Metrics,
    storage::{Scope, Storage},
    tenants::{Registry, Tenant},
};
use serde::Serialize;

/// A room that is only looked into to see whether the storage answers.
const PROBE: &str = "health";

/// The host as requests see it.
pub struct Service {
    host: Host,
    registry: Arc<Registry>,
    storage: Arc<dyn Storage>,
    metrics: Arc<Metrics>,
    stopping: AtomicBool,
}

/// Whether a proxy should send people here.
#[derive(Debug, Serialize)]
pub struct HealthView {
    pub live: bool,
    pub ready: bool,
    pub stopping: bool,
    pub storage: &'static str,
    pub tenants: usize,
    /// Declarations that could not be taken up; the log says which and why.
    pub troubles: usize,
}

impl Service {
    pub fn new(host: Host, registry: Arc<Registry>, storage: Arc<dyn Storage>, metrics: Arc<Metrics>) -> Self {
        Self { host, registry, storage, metrics, stopping: AtomicBool::new(false) }
    }

    /// The host is about to end.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub fn tenant(&self, name: &str) -> Option<Tenant> {
        self.registry.get(name)
    }

    pub fn metrics(&self) -> String {
        self.metrics.encode(self.host.current_load(), self.registry.len())
    }

    pub async fn health(&self) -> HealthView {
        let answers = match Scope::of_host(PROBE) {
            Ok(scope) => self.storage.get_many(&scope, &["probe".to_owned()]).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = &answers {
            tracing::warn!(%error, "the storage does not answer");
        }
        let stopping = self.stopping.load(Ordering::Relaxed);
        HealthView {
            live: true,
            ready: answers.is_ok() && !stopping,
            stopping,
            storage: if answers.is_ok() { "ok" } else { "unavailable" },
            tenants: self.registry.len(),
            troubles: self.registry.trouble().len(),
        }
    }
}
