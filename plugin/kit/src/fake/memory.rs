//! The store of the fake: what `wit/storage.wit` promises, and no more.

use std::collections::BTreeMap;

use crate::contract::storage::{Entry, EntryPage, Expectation, Op, Outcome, Quota, StorageError, Version};

const PAGE_BYTES: usize = 1 << 20;
const PAGE_ITEMS: usize = 1_000;
const VALUE_BYTES: usize = 256 << 10;
const KEY_BYTES: usize = 512;

/// A written key.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) value: String,
    pub(super) version: Version,
    pub(super) expires_at: Option<u64>,
    pub(super) sealed: bool,
}

/// All keys. Every method is told the time; what has expired by then is absent.
#[derive(Default)]
pub(super) struct Memory {
    slots: BTreeMap<String, Slot>,
    last_version: Version,
}

impl Memory {
    pub(super) fn slot(&self, key: &str, now: u64) -> Option<&Slot> {
        self.slots.get(key).filter(|slot| alive(slot, now))
    }

    pub(super) fn keys(&self, prefix: &str, now: u64) -> Vec<String> {
        let present = self.slots.iter().filter(|(key, slot)| key.starts_with(prefix) && alive(slot, now));
        present.map(|(key, _)| key.clone()).collect()
    }

    pub(super) fn get_many(&self, keys: &[String], now: u64) -> Result<Vec<Option<Entry>>, StorageError> {
        if keys.len() > PAGE_ITEMS {
            return Err(StorageError::Invalid(format!("{} keys in one reading", keys.len())));
        }
        let (mut entries, mut size) = (Vec::new(), 0);
        for key in keys {
            let slot = self.slot(key, now);
            size += slot.map_or(0, |slot| key.len() + slot.value.len());
            if size > PAGE_BYTES && !entries.is_empty() {
                break;
            }
            entries.push(slot.map(|slot| entry(key, slot)));
        }
        Ok(entries)
    }

    pub(super) fn scan(&self, prefix: &str, after_key: Option<&str>, limit: u32, now: u64) -> EntryPage {
        let (mut page, mut size) = (EntryPage { entries: Vec::new(), more: false }, 0);
        let start = after_key.unwrap_or_default().max(prefix);
        let following = self.slots.range(start.to_owned()..).filter(|(key, slot)| {
            key.starts_with(prefix) && after_key.is_none_or(|after| key.as_str() > after) && alive(slot, now)
        });
        for (key, slot) in following {
            size += key.len() + slot.value.len();
            let full = page.entries.len() >= (limit as usize).clamp(1, PAGE_ITEMS) || size > PAGE_BYTES;
            if full && !page.entries.is_empty() {
                page.more = true;
                break;
            }
            page.entries.push(entry(key, slot));
        }
        page
    }

    pub(super) fn apply(&mut self, ops: &[Op], now: u64) -> Result<Outcome, StorageError> {
        judge(ops)?;
        let failed: Vec<_> = ops.iter().filter_map(|op| self.failed_check(op, now)).collect();
        if !failed.is_empty() {
            return Ok(Outcome::Conflict(failed));
        }
        let mut versions = Vec::new();
        for op in ops {
            match op {
                Op::Put(put) => {
                    self.last_version += 1;
                    versions.push(self.last_version);
                    let slot = Slot {
                        value: put.value.clone(),
                        version: self.last_version,
                        expires_at: put.ttl_ms.map(|ttl| now + ttl),
                        sealed: put.sealed,
                    };
                    self.slots.insert(put.key.clone(), slot);
                }
                Op::Delete(key) => {
                    self.slots.remove(key);
                }
                Op::DeletePrefix(prefix) => self.slots.retain(|key, _| !key.starts_with(prefix)),
                Op::Check(_) => {}
            }
        }
        Ok(Outcome::Applied(versions))
    }

    fn failed_check(&self, op: &Op, now: u64) -> Option<String> {
        let Op::Check(check) = op else { return None };
        let expected = match check.expected {
            Expectation::Absent => None,
            Expectation::Version(version) => Some(version),
        };
        let found = self.slot(&check.key, now).map(|slot| slot.version);
        (found != expected).then(|| check.key.clone())
    }
}

fn entry(key: &str, slot: &Slot) -> Entry {
    Entry { key: key.to_owned(), value: slot.value.clone(), version: slot.version }
}

fn alive(slot: &Slot, now: u64) -> bool {
    slot.expires_at.is_none_or(|at| at > now)
}

fn judge(ops: &[Op]) -> Result<(), StorageError> {
    if ops.len() > PAGE_ITEMS {
        return Err(StorageError::Quota(Quota { name: "call-items".to_owned(), limit: PAGE_ITEMS as u64 }));
    }
    let mut size = 0;
    for op in ops {
        let (key, value) = match op {
            Op::Put(put) => (&put.key, put.value.as_str()),
            Op::Delete(key) | Op::DeletePrefix(key) => (key, ""),
            Op::Check(check) => (&check.key, ""),
        };
        size += key.len() + value.len();
        if key.is_empty() || key.len() > KEY_BYTES || key.contains('\0') || value.contains('\0') {
            return Err(StorageError::Invalid(format!("key of {} bytes or its value", key.len())));
        }
        if value.len() > VALUE_BYTES {
            return Err(StorageError::Quota(Quota { name: "value".to_owned(), limit: VALUE_BYTES as u64 }));
        }
    }
    if size > PAGE_BYTES {
        return Err(StorageError::Quota(Quota { name: "call-bytes".to_owned(), limit: PAGE_BYTES as u64 }));
    }
    Ok(())
}
