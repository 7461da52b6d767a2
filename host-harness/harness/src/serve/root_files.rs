//! Small files at the root of this host by which a vendor sees whose it is: what the configurations of tenants name.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use organisation_fleet::tenants::Registry;
use organisation_host::contract::element::RootFile;

/// Files of one tenant, and bytes of one.
const OF_A_TENANT: usize = 8;
const BYTES: usize = 4 << 10;

/// Contents by name and tenant, as they were taken up.
#[derive(Default)]
pub struct RootFiles(RwLock<BTreeMap<String, BTreeMap<Arc<str>, String>>>);

impl RootFiles {
    /// Takes the files of a tenant in place of the former, and forgets those of tenants that are gone.
    pub fn take(&self, registry: &Registry, tenant: &Arc<str>, files: Vec<RootFile>) {
        let asked = files.len();
        let fits = |file: &RootFile| is_name(&file.name) && file.content.len() <= BYTES;
        let files: Vec<RootFile> = files.into_iter().filter(fits).take(OF_A_TENANT).collect();
        if files.len() < asked {
            let left = asked - files.len();
            tracing::warn!(
                lowcode.tenant = &**tenant,
                left,
                "files of a tenant are not served: they are too many, or none"
            );
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for contents in all.values_mut() {
            contents.retain(|name, _| name != tenant && registry.get(name).is_some());
        }
        for file in files {
            all.entry(file.name).or_default().insert(Arc::clone(tenant), file.content);
        }
        all.retain(|_, contents| !contents.is_empty());
    }

    /// The content of a file; nothing where no tenant that is served names it, or two say different things.
    pub fn find(&self, registry: &Registry, name: &str) -> Option<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut contents = all.get(name)?.iter().filter(|(tenant, _)| registry.get(tenant).is_some());
        let (_, content) = contents.next()?;
        if contents.any(|(_, other)| other != content) {
            tracing::warn!(name, "tenants want different contents of one file at the root: none is served");
            return None;
        }
        Some(content.clone())
    }
}

/// Whether it can be the name of such a file: the contract's letters, and a text.
fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let known = ["robots.txt", "security.txt", "humans.txt", "ads.txt"];
    name.len() <= 128
        && name.strip_suffix(".txt").is_some_and(|stem| !stem.is_empty() && !stem.starts_with('.'))
        && !known.contains(&name.to_ascii_lowercase().as_str())
        && name.bytes().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        for (name, is_one) in [
            ("WW_verify_0123456789abcdef.txt", true),
            ("a-b.txt", true),
            ("a-b.html", false),
            ("metrics", false),
            ("robots.txt", false),
            ("Robots.txt", false),
            (".well-known", false),
            (".txt", false),
            ("..", false),
            ("a/b.txt", false),
            ("a%2f.txt", false),
            ("", false),
        ] {
            assert_eq!(is_name(name), is_one, "{name}");
        }
    }
}
