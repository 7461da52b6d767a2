//! What requests are answered with.

use std::sync::Arc;

use host_harness::{
    Host,
    observe::metrics::Metrics,
    storage::Storage,
    tenants::{Registry, Tenant},
};

use super::health::{Health, HealthView};

/// The host as requests see it.
pub struct Service {
    host: Host,
    registry: Arc<Registry>,
    metrics: Arc<Metrics>,
    health: Health,
}

impl Service {
    pub fn new(host: Host, registry: Arc<Registry>, storage: Arc<dyn Storage>, metrics: Arc<Metrics>) -> Self {
        Self { host, registry, metrics, health: Health::of(storage) }
    }

    /// The host is about to end.
    pub fn stop(&self) {
        self.health.stop();
    }

    pub fn tenant(&self, name: &str) -> Option<Tenant> {
        self.registry.get(name)
    }

    pub fn metrics(&self) -> String {
        self.metrics.encode(self.host.current_load(), self.registry.len())
    }

    pub async fn health(&self) -> HealthView {
        self.health.view(self.registry.len(), self.registry.trouble().len()).await
    }
}
