//! What a host learns of a tenant when it takes it up: asked beside everything else, so that an element that does not answer
//! keeps nobody waiting.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};
use organisation_fleet::tenants::Registry;
use tokio::sync::mpsc;

use super::{redirects, service::Service};

/// Elements that are asked at the same time.
const PARALLEL: usize = 4;

/// Asks the elements of tenants that are taken up, for as long as the host serves.
pub async fn validate_new(registry: &Registry, service: &Service, names: mpsc::UnboundedReceiver<String>) {
    let names = stream::unfold(names, async |mut names| names.recv().await.map(|name| (name, names)));
    names.for_each_concurrent(PARALLEL, async |name| validate(registry, service, &name).await).await;
}

async fn validate(registry: &Registry, service: &Service, name: &str) {
    // Whoever is gone again meanwhile has nothing to be known.
    let Some(tenant) = registry.get(name) else { return };
    match tenant.element.validate().await {
        Ok(validation) => {
            redirects::compare(service.public_url(), name, &validation.summary);
            service.root_files().take(registry, &Arc::clone(&tenant.name), validation.files);
        }
        // It says why where it is needed.
        Err(error) => {
            tracing::debug!(%error, "an element does not say what its configuration asks for");
        }
    }
}
