//! Keys by which a tenant's platform speaks to a host: what each may do, and the digest by which it is known. The key itself is
//! kept by whoever it was made for.

use std::{collections::BTreeSet, fmt};

use organisation_host::Digest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::fields::Fields;

/// What stands before a key, so that people and scanners know one when they see it.
pub const KEY_PREFIX: &str = "orgkey_";
/// Keys of one tenant.
const MAX_KEYS: usize = 32;

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApiScope {
    /// To send messages.
    Messages,
    /// To make and read requests for approval.
    Approvals,
    /// To read what the vendor told.
    Events,
    /// To read and set roles.
    Roles,
    /// To sign addresses of pages.
    Pages,
    /// To read members and departments.
    Directory,
    /// To follow what changes in the directory, and to acknowledge it.
    Changes,
    /// To run a sync, to approve what it removes, and to read single records anew.
    Sync,
    /// To decide on rules of roles, administrators, resigned members and signatures, and to erase.
    Administration,
    /// To read the trail of decisions.
    Audit,
    /// To call the vendor's API as the app: whatever the app may do.
    Vendor,
}

impl ApiScope {
    /// All of them, by name.
    pub const ALL: [(Self, &'static str); 11] = [
        (Self::Messages, "messages"),
        (Self::Approvals, "approvals"),
        (Self::Events, "events"),
        (Self::Roles, "roles"),
        (Self::Pages, "pages"),
        (Self::Directory, "directory"),
        (Self::Changes, "changes"),
        (Self::Sync, "sync"),
        (Self::Administration, "administration"),
        (Self::Audit, "audit"),
        (Self::Vendor, "vendor"),
    ];

    /// The name of a scope.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(scope, _)| *scope == self).map_or("", |(_, name)| name)
    }
}

/// One key.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Who has it, for logs and the audit trail.
    pub name: String,
    /// What it may be used for.
    pub scopes: BTreeSet<ApiScope>,
    sha256: Digest,
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKey").field("name", &self.name).field("scopes", &self.scopes).finish_non_exhaustive()
    }
}

/// The keys of a tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiKeys(Vec<ApiKey>);

impl ApiKeys {
    /// Whose key this is. How long that takes tells nothing of the keys.
    pub fn find(&self, presented: &str) -> Option<&ApiKey> {
        let digest: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
        let mut found = None;
        for key in &self.0 {
            if bool::from(key.sha256.as_bytes().ct_eq(&digest)) {
                found = Some(key);
            }
        }
        found
    }
}

/// A new key, and the digest that is declared of it.
///
/// # Errors
/// The machine has no randomness.
pub fn new_api_key() -> Result<(String, Digest), getrandom::Error> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let mut random = [0; 32];
    getrandom::fill(&mut random)?;
    let key = format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(random));
    let digest = Digest::of(key.as_bytes());
    Ok((key, digest))
}

/// Reads `api_keys`.
pub(super) fn api_keys(fields: &mut Fields<'_>) -> ApiKeys {
    let items = match fields.take("api_keys") {
        None => return ApiKeys::default(),
        Some(Value::Array(items)) => items,
        Some(other) => {
            fields.unexpected("api_keys", other, "a list: [ { … } ]");
            return ApiKeys::default();
        }
    };
    if items.len() > MAX_KEYS {
        fields.problem("api_keys", format!("has {} keys, expected at most {MAX_KEYS}", items.len()));
        return ApiKeys::default();
    }
    let path = fields.path("api_keys");
    let mut keys: Vec<ApiKey> = Vec::new();
    for (index, item) in items.into_iter().enumerate() {
        let Some(mut inner) = Fields::of(format!("{path}.{index}"), item, fields.problems()) else { continue };
        keys.extend(api_key(&mut inner));
        inner.end();
    }
    ApiKeys(keys)
}

fn api_key(fields: &mut Fields<'_>) -> Option<ApiKey> {
    let name = fields.text("name");
    if !name.as_ref().is_some_and(|name| (1..=100).contains(&name.len()) && !name.chars().any(char::is_control)) {
        fields.problem("name", "is missing or longer than 100 bytes: say who has the key");
    }
    let sha256 = fields.text("sha256").and_then(|text| text.parse::<Digest>().ok());
    if sha256.is_none() {
        fields.problem("sha256", "is missing or none: `org-harness tenants api-key` makes a key and says its SHA-256");
    }
    let known = || ApiScope::ALL.map(|(_, name)| name).join(", ");
    let scopes = match fields.take("scopes") {
        Some(Value::Array(items)) => {
            let read = |item: &Value| {
                let name = item.as_str()?;
                ApiScope::ALL.iter().find(|(_, known)| *known == name).map(|(scope, _)| *scope)
            };
            items.iter().map(read).collect::<Option<BTreeSet<_>>>()
        }
        _ => None,
    };
    if scopes.as_ref().is_none_or(BTreeSet::is_empty) {
        fields.problem("scopes", format!("is missing or names none of {}", known()));
    }
    Some(ApiKey { name: name?, scopes: scopes?, sha256: sha256? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_digest_alone() {
        let (key, digest) = new_api_key().unwrap();
        let other = new_api_key().unwrap().0;
        assert!(key.starts_with(KEY_PREFIX) && key.len() == KEY_PREFIX.len() + 43 && key != other);
        let keys = ApiKeys(vec![ApiKey { name: "crm".into(), scopes: [ApiScope::Roles].into(), sha256: digest }]);
        assert_eq!(keys.find(&key).map(|key| &*key.name), Some("crm"));
        assert!(!format!("{keys:?}").contains(&digest.to_string()));
        for wrong in ["", "orgkey_", &other, &key[1..], &digest.to_string()] {
            assert_eq!(keys.find(wrong), None, "{wrong}");
        }
    }
}
