//! What is refused before the bucket is asked.

use crate::generated::exports::lowcode::organisation::storage::{Check, Op, Quota, StorageError};

const KEY: usize = 512;
const VALUE: usize = 256 << 10;
const ITEMS: usize = 1_000;
const BYTES: usize = 1 << 20;

/// A key as the contract wants it.
pub(crate) fn key(key: &str) -> Result<(), StorageError> {
    if key.is_empty() {
        return Err(invalid("a key is not empty"));
    }
    prefix(key)?;
    within("key", key.len(), KEY)
}

/// A prefix, or a key to begin after.
pub(crate) fn prefix(text: &str) -> Result<(), StorageError> {
    if text.contains('\0') { Err(invalid("U+0000 stands in no key and no value")) } else { Ok(()) }
}

/// Keys to be read.
pub(crate) fn keys(keys: &[String]) -> Result<(), StorageError> {
    within("call-items", keys.len(), ITEMS)?;
    keys.iter().try_for_each(|one| key(one))
}

/// The operations of an `apply`.
pub(crate) fn ops(ops: &[Op]) -> Result<(), StorageError> {
    within("call-items", ops.len(), ITEMS)?;
    let mut bytes = 0;
    for op in ops {
        match op {
            Op::Put(put) => {
                key(&put.key)?;
                prefix(&put.value)?;
                within("value", put.value.len(), VALUE)?;
                if put.ttl_ms == Some(0) {
                    return Err(invalid("a time to live is not 0"));
                }
                bytes += put.key.len() + put.value.len();
            }
            Op::Delete(name) | Op::Check(Check { key: name, .. }) => {
                key(name)?;
                bytes += name.len();
            }
        }
    }
    within("call-bytes", bytes, BYTES)
}

/// The arguments of a scan. Answers how many entries a page has at most.
pub(crate) fn scan(start: &str, after_key: Option<&str>, limit: u32) -> Result<usize, StorageError> {
    prefix(start)?;
    after_key.map_or(Ok(()), prefix)?;
    if limit == 0 { Err(invalid("a limit is not 0")) } else { Ok(ITEMS.min(limit as usize)) }
}

/// How much of a page is left.
pub(crate) struct Page {
    items: usize,
    bytes: usize,
    first: bool,
}

impl Page {
    /// A page of at most so many items.
    pub(crate) fn new(items: usize) -> Self {
        Self { items, bytes: BYTES, first: true }
    }

    /// Whether an item of this size still has a place: the first one always has.
    pub(crate) fn admits(&mut self, size: usize) -> bool {
        let admitted = self.items > 0 && (self.first || size <= self.bytes);
        if admitted {
            (self.items, self.bytes, self.first) = (self.items - 1, self.bytes.saturating_sub(size), false);
        }
        admitted
    }
}

impl Default for Page {
    fn default() -> Self {
        Self::new(ITEMS)
    }
}

fn invalid(message: &str) -> StorageError {
    StorageError::Invalid(message.to_owned())
}

fn within(name: &str, size: usize, limit: usize) -> Result<(), StorageError> {
    if size <= limit {
        return Ok(());
    }
    Err(StorageError::Quota(Quota { name: name.to_owned(), limit: limit as u64 }))
}
