//! How much a scope may hold: [`Quota`], [`Quotas`] for a whole store, and [`Usage`] for what is held.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use derive_setters::Setters;

use super::{Scope, StorageError};

/// The names that [`StorageError::Quota`] uses.
pub mod name {
    /// Bytes of one key ([`super::Quota::key_bytes`]).
    pub const KEY: &str = "key";
    /// Bytes of one value ([`super::Quota::value_bytes`]).
    pub const VALUE: &str = "value";
    /// Entries in the scope ([`super::Quota::items`]).
    pub const ITEMS: &str = "items";
    /// Bytes in the scope ([`super::Quota::total_bytes`]).
    pub const BYTES: &str = "bytes";
    /// Keys of one `get_many`, or operations of one `apply` ([`super::super::PAGE_ITEMS`]).
    pub const CALL_ITEMS: &str = "call-items";
    /// Bytes of keys and values of one `apply` ([`super::super::PAGE_BYTES`]).
    pub const CALL_BYTES: &str = "call-bytes";
}

/// The limits of one scope. Bytes are UTF-8 bytes of keys and values; what sealing and the database add does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct Quota {
    /// The longest key (and prefix), in bytes.
    pub key_bytes: u64,
    /// The longest value, in bytes.
    pub value_bytes: u64,
    /// The most entries at one time.
    pub items: u64,
    /// The most bytes of keys and values at one time.
    pub total_bytes: u64,
}

impl Default for Quota {
    /// 512 bytes a key, 256 KiB a value, 10 million entries and 8 GiB a scope: a directory of a million members with
    /// its indexes and its feed fits several times over.
    fn default() -> Self {
        Self { key_bytes: 512, value_bytes: 256 << 10, items: 10_000_000, total_bytes: 8 << 30 }
    }
}

/// The quotas of a store: one for everybody, and the scopes that got their own. Clones share these, so that they can be
/// changed while the store is open.
#[derive(Debug, Clone, Default)]
pub struct Quotas {
    default: Quota,
    own: Arc<RwLock<HashMap<Scope, Quota>>>,
}

impl Quotas {
    /// The same quota for every scope.
    pub fn uniform(default: Quota) -> Self {
        Self { default, own: Arc::default() }
    }

    /// Gives one scope its own quota. A scope that already holds more keeps it, but cannot grow.
    #[must_use]
    pub fn with_own(self, scope: Scope, quota: Quota) -> Self {
        self.set_own(scope, Some(quota));
        self
    }

    /// Gives one scope its own quota, or that of everybody again, from the next call on.
    pub fn set_own(&self, scope: Scope, quota: Option<Quota>) {
        // Nothing under the lock panics.
        let mut own = self.own.write().unwrap_or_else(PoisonError::into_inner);
        match quota {
            Some(quota) => own.insert(scope, quota),
            None => own.remove(&scope),
        };
    }

    /// The quota that holds for a scope.
    pub fn of(&self, scope: &Scope) -> Quota {
        self.own.read().unwrap_or_else(PoisonError::into_inner).get(scope).copied().unwrap_or(self.default)
    }
}

/// What a scope holds at present; what has expired does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Entries.
    pub items: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
}

impl Usage {
    /// Counts one more entry of this size.
    pub(crate) fn add(&mut self, bytes: u64) {
        self.items += 1;
        self.bytes += bytes;
    }

    /// Counts one entry of this size less.
    pub(crate) fn remove(&mut self, bytes: u64) {
        *self = self.minus(Self { items: 1, bytes });
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { items: self.items + other.items, bytes: self.bytes + other.bytes }
    }

    /// What remains without `other`.
    pub(crate) fn minus(self, other: Self) -> Self {
        Self { items: self.items.saturating_sub(other.items), bytes: self.bytes.saturating_sub(other.bytes) }
    }
}

impl Quota {
    /// Whether a scope may go from one usage to another. Shrinking is always allowed, also above a quota that was
    /// lowered.
    pub(crate) fn admit(&self, before: Usage, after: Usage) -> Result<(), StorageError> {
        for (name, limit, before, after) in [
            (name::ITEMS, self.items, before.items, after.items),
            (name::BYTES, self.total_bytes, before.bytes, after.bytes),
        ] {
            if after > limit && after > before {
                return Err(StorageError::Quota { name, limit, asked: after });
            }
        }
        Ok(())
    }

    /// Whether a usage is above neither limit: then nobody need look at what has expired.
    pub(crate) fn covers(&self, usage: Usage) -> bool {
        usage.items <= self.items && usage.bytes <= self.total_bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_beyond_a_limit_is_refused_and_shrinking_is_not() {
        let quota = Quota { items: 2, total_bytes: 10, ..Quota::default() };
        for (before, after, refused) in [
            ((0, 0), (2, 10), None),
            ((2, 10), (3, 10), Some(name::ITEMS)),
            ((2, 10), (2, 11), Some(name::BYTES)),
            ((5, 50), (4, 40), None),
            ((5, 50), (5, 50), None),
            ((5, 50), (4, 51), Some(name::BYTES)),
        ] {
            let usage = |(items, bytes)| Usage { items, bytes };
            let name = match quota.admit(usage(before), usage(after)) {
                Err(StorageError::Quota { name, .. }) => Some(name),
                _ => None,
            };
            assert_eq!(name, refused, "{before:?} → {after:?}");
        }
    }
}
