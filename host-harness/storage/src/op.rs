//! The records that go into and come out of a store.
//!
//! `Debug` of anything that carries a value shows its length only: values hold tokens and personal data.

use std::collections::BTreeSet;
use std::fmt;

/// What is stored under a key.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEntry {
    /// The key, without the scope.
    pub key: String,
    /// The value, in plain text also when it is sealed at rest.
    pub value: String,
    /// Changes with every put; unique in the scope and never used again, also after delete or expiry.
    pub version: u64,
    /// When the entry ceases to exist: milliseconds since 1970 on the store's clock; `None` = never.
    pub expires_at_ms: Option<u64>,
}

impl fmt::Debug for StoredEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredEntry")
            .field("key", &self.key)
            .field("value", &format_args!("<{} bytes>", self.value.len()))
            .field("version", &self.version)
            .field("expires_at_ms", &self.expires_at_ms)
            .finish()
    }
}

/// One page of a scan of keys alone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPage {
    /// The keys, in order; give the last one as `after_key` to read on.
    pub keys: Vec<String>,
    /// Whether further keys with the prefix followed when this page was read.
    pub more: bool,
}

/// One page of a scan, in key order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The entries; give the last one's key as `after_key` to read on.
    pub entries: Vec<StoredEntry>,
    /// Whether further entries with the prefix followed when this page was read.
    pub more: bool,
}

/// What a key must look like for an `apply` or a `delete_range` to take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// There is no such key (never was, deleted, or expired).
    Absent,
    /// The key is there and has this version.
    Version(u64),
}

impl Expectation {
    /// Whether a key with this version (`None` = absent) is as expected.
    pub fn holds(self, version: Option<u64>) -> bool {
        match self {
            Self::Absent => version.is_none(),
            Self::Version(expected) => version == Some(expected),
        }
    }
}

/// A demand on the state before a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The key.
    pub key: String,
    /// What it must look like.
    pub expected: Expectation,
}

impl Check {
    /// Demands that a key is absent.
    pub fn absent(key: impl Into<String>) -> Self {
        Self { key: key.into(), expected: Expectation::Absent }
    }

    /// Demands that a key has a version.
    pub fn version(key: impl Into<String>, version: u64) -> Self {
        Self { key: key.into(), expected: Expectation::Version(version) }
    }

    /// The keys whose checks fail, each once, in the order of the checks.
    pub(crate) fn conflicts(checks: &[Self], version_of: impl Fn(&str) -> Option<u64>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let failed = checks.iter().filter(|check| !check.expected.holds(version_of(&check.key)));
        failed.filter(|check| seen.insert(check.key.as_str())).map(|check| check.key.clone()).collect()
    }
}

/// One operation of an `apply`.
#[derive(Clone, PartialEq, Eq)]
pub enum Op {
    /// Writes a key, whether or not it exists. Time to live and sealing are those given here, not inherited.
    Put {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// Time to live in milliseconds, at least 1; `None` = for ever.
        ttl_ms: Option<u64>,
        /// Encrypt the value at rest with the host's key.
        sealed: bool,
    },
    /// Removes a key. An absent key is fine.
    Delete {
        /// The key.
        key: String,
    },
    /// Demands a state. All checks see the state before the `apply`, wherever they stand among the operations.
    Check(Check),
}

impl Op {
    /// A put that lives for ever and is not sealed.
    pub fn put(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Put { key: key.into(), value: value.into(), ttl_ms: None, sealed: false }
    }

    /// A delete of one key.
    pub fn delete(key: impl Into<String>) -> Self {
        Self::Delete { key: key.into() }
    }

    /// A check that a key is absent.
    pub fn check_absent(key: impl Into<String>) -> Self {
        Self::Check(Check::absent(key))
    }

    /// A check that a key has a version.
    pub fn check_version(key: impl Into<String>, version: u64) -> Self {
        Self::Check(Check::version(key, version))
    }

    /// The same operation, with a time to live if it is a put.
    #[must_use]
    pub fn with_ttl_ms(mut self, ttl: u64) -> Self {
        if let Self::Put { ttl_ms, .. } = &mut self {
            *ttl_ms = Some(ttl);
        }
        self
    }

    /// The same operation, sealed if it is a put.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        if let Self::Put { sealed, .. } = &mut self {
            *sealed = true;
        }
        self
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { key, value, ttl_ms, sealed } => f
                .debug_struct("Put")
                .field("key", key)
                .field("value", &format_args!("<{} bytes>", value.len()))
                .field("ttl_ms", ttl_ms)
                .field("sealed", sealed)
                .finish(),
            Self::Delete { key } => f.debug_struct("Delete").field("key", key).finish(),
            Self::Check(check) => check.fmt(f),
        }
    }
}

/// How an `apply` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplyOutcome {
    /// All operations took effect; the versions that the puts received, one a put, in order.
    Applied(Vec<u64>),
    /// Nothing was changed: these keys were not as their checks expected (each once, in the order of the checks).
    Conflict(Vec<String>),
}

/// How a `delete_range` ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RangeOutcome {
    /// No key with the prefix is left.
    Done,
    /// A portion was deleted, and more may be left.
    More,
    /// Nothing was deleted: these keys were not as their checks expected (each once, in the order of the checks).
    Conflict(Vec<String>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_a_value() {
        let entry = StoredEntry { key: "k".into(), value: "hunter2".into(), version: 1, expires_at_ms: None };
        let page = Page { entries: vec![entry.clone()], more: false };
        for text in [format!("{entry:?}"), format!("{page:?}"), format!("{:?}", Op::put("k", "hunter2").sealed())] {
            assert!(!text.contains("hunter2") && text.contains("<7 bytes>"), "{text}");
        }
    }
}
