//! What every backend checks before it looks at its data, so that all refuse the same calls in the same words.

use super::quota::{Quota, name};
use super::{Check, Op, StorageError};

/// The most keys of a `get_many`, entries of a page, operations of an `apply`, and keys that a `delete_range` deletes
/// at once.
pub const PAGE_ITEMS: usize = 1_000;

/// The most bytes of keys and values in an answer (unless a single entry is larger), in an `apply`, and in a portion of
/// a `delete_range` (unless a single entry is larger): 1 MiB.
pub const PAGE_BYTES: usize = 1 << 20;

/// Checks the keys of a `get_many`.
pub(crate) fn check_keys(keys: &[String], quota: &Quota) -> Result<(), StorageError> {
    check_count(keys.len())?;
    keys.iter().enumerate().try_for_each(|(index, key)| check_key(key, quota, || format!("key {index}")))
}

/// Checks the arguments of a `scan` and answers the page size that holds.
pub(crate) fn check_scan(
    prefix: &str,
    after_key: Option<&str>,
    limit: u32,
    quota: &Quota,
) -> Result<usize, StorageError> {
    check_text(prefix, name::KEY, quota.key_bytes, || "prefix".into())?;
    check_text(after_key.unwrap_or_default(), name::KEY, quota.key_bytes, || "after-key".into())?;
    if limit == 0 {
        return Err(StorageError::Invalid(format!("scan limit is 0, expected 1 to {PAGE_ITEMS}")));
    }
    Ok(PAGE_ITEMS.min(usize::try_from(limit).unwrap_or(PAGE_ITEMS)))
}

/// Checks the key of a `wait`.
pub(crate) fn check_wait(key: &str, quota: &Quota) -> Result<(), StorageError> {
    check_key(key, quota, || "key".into())
}

/// Checks the operations of an `apply`.
pub(crate) fn check_ops(ops: &[Op], quota: &Quota) -> Result<(), StorageError> {
    check_count(ops.len())?;
    let mut bytes = 0;
    for (index, op) in ops.iter().enumerate() {
        let at = || format!("operation {index}");
        match op {
            Op::Put { key, value, ttl_ms, .. } => {
                check_key(key, quota, at)?;
                check_text(value, name::VALUE, quota.value_bytes, at)?;
                if *ttl_ms == Some(0) {
                    return Err(StorageError::Invalid(format!(
                        "{}: time to live is 0 ms, expected at least 1 (delete the key instead)",
                        at()
                    )));
                }
                bytes += key.len() + value.len();
            }
            Op::Delete { key } | Op::Check(Check { key, .. }) => {
                check_key(key, quota, at)?;
                bytes += key.len();
            }
        }
    }
    check_bytes(bytes)
}

/// Checks the arguments of a `delete_range`.
pub(crate) fn check_range(prefix: &str, checks: &[Check], quota: &Quota) -> Result<(), StorageError> {
    check_text(prefix, name::KEY, quota.key_bytes, || "prefix".into())?;
    check_count(checks.len())?;
    for (index, check) in checks.iter().enumerate() {
        check_key(&check.key, quota, || format!("check {index}"))?;
    }
    check_bytes(prefix.len() + checks.iter().map(|check| check.key.len()).sum::<usize>())
}

pub(crate) fn check_bytes(bytes: usize) -> Result<(), StorageError> {
    if bytes > PAGE_BYTES {
        return Err(StorageError::Quota { name: name::CALL_BYTES, limit: PAGE_BYTES as u64, asked: bytes as u64 });
    }
    Ok(())
}

pub(crate) fn check_count(count: usize) -> Result<(), StorageError> {
    if count > PAGE_ITEMS {
        return Err(StorageError::Quota { name: name::CALL_ITEMS, limit: PAGE_ITEMS as u64, asked: count as u64 });
    }
    Ok(())
}

fn check_key(key: &str, quota: &Quota, at: impl Fn() -> String) -> Result<(), StorageError> {
    if key.is_empty() {
        return Err(StorageError::Invalid(format!("{}: the key is empty", at())));
    }
    check_text(key, name::KEY, quota.key_bytes, at)
}

fn check_text(text: &str, name: &'static str, limit: u64, at: impl Fn() -> String) -> Result<(), StorageError> {
    if text.len() as u64 > limit {
        return Err(StorageError::Quota { name, limit, asked: text.len() as u64 });
    }
    if text.contains('\0') {
        return Err(StorageError::Invalid(format!("{}: the {name} contains U+0000, expected text without it", at())));
    }
    Ok(())
}

/// How many bytes an answer may still take. The first item always fits, so that every call makes progress.
pub(crate) struct ResponseBudget {
    left: usize,
    empty: bool,
}

impl ResponseBudget {
    /// The budget of one answer.
    pub(crate) fn new() -> Self {
        Self { left: PAGE_BYTES, empty: true }
    }

    /// Takes an item in, or refuses it.
    pub(crate) fn admit(&mut self, bytes: usize) -> bool {
        if !self.empty && bytes > self.left {
            return false;
        }
        self.empty = false;
        self.left = self.left.saturating_sub(bytes);
        true
    }
}
