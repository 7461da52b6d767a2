//! Small files at the root of this host by which a vendor sees whose it is: what the configurations of tenants name.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use host_harness::{
    contract::element::RootFile,
    tenants::{Registry, Tenant},
};
use tokio::sync::Semaphore;

/// Root files by tenant, as far as somebody asked.
pub struct RootFiles {
    known: Mutex<HashMap<Arc<str>, (Tenant, Vec<RootFile>)>>,
    /// One look at all tenants at a time: strangers ask for whatever they like.
    looking: Semaphore,
}

impl Default for RootFiles {
    fn default() -> Self {
        Self { known: Mutex::default(), looking: Semaphore::new(1) }
    }
}

impl RootFiles {
    /// The content of a file; nothing where no tenant names it.
    pub async fn find(&self, registry: &Registry, name: &str) -> Option<String> {
        if !is_name(name) {
            return None;
        }
        let _looking = self.looking.acquire().await.ok()?;
        for tenant in registry.all() {
            let found = match self.known(&tenant) {
                Some(files) => files,
                None => self.learn(tenant).await,
            };
            if let Some(file) = found.into_iter().find(|file| file.name == name) {
                return Some(file.content);
            }
        }
        None
    }

    fn known(&self, tenant: &Tenant) -> Option<Vec<RootFile>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (former, files) = known.get(&tenant.name)?;
        former.is_same(tenant).then(|| files.clone())
    }

    async fn learn(&self, tenant: Tenant) -> Vec<RootFile> {
        let files = match tenant.element.validate().await {
            Ok(called) => called.value.files,
            Err(failed) => {
                tracing::warn!(lowcode.tenant = &*tenant.name, error = %failed.error, "a tenant's files are not known");
                return Vec::new();
            }
        };
        let files: Vec<RootFile> = files.into_iter().filter(|file| is_name(&file.name)).collect();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(Arc::clone(&tenant.name), (tenant, files.clone()));
        files
    }
}

/// Whether it can be the name of such a file: the contract's letters, and no name that is known otherwise.
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.len() <= 128
        && name.contains('.')
        && !name.starts_with('.')
        && name != "favicon.ico"
        && name != "robots.txt"
        && name.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for (name, is_one) in [
            ("WW_verify_0123456789abcdef.txt", true),
            ("a-b.c", true),
            ("metrics", false),
            ("robots.txt", false),
            (".well-known", false),
            ("..", false),
            ("a/b.txt", false),
            ("a%2f.txt", false),
            ("", false),
        ] {
            assert_eq!(is_name(name), is_one, "{name}");
        }
    }
}
