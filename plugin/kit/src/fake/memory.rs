//! The store of the fake: what `wit/storage.wit` promises, and no more.

use std::collections::BTreeMap;

use crate::contract::storage::{
    Check, Entry, EntryPage, Expectation, KeyPage, Op, Outcome, Quota, RangeOutcome, StorageError, Version,
};

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
        check_count(keys.len())?;
        keys.iter().try_for_each(|key| check_key(key))?;
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

    pub(super) fn scan(
        &self,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
        now: u64,
    ) -> Result<EntryPage, StorageError> {
        let limit = check_scan(prefix, after_key, limit)?;
        let (page, more) = self.page(prefix, after_key, limit, now, |slot| slot.value.len());
        Ok(EntryPage { entries: page.into_iter().map(|(key, slot)| entry(key, slot)).collect(), more })
    }

    pub(super) fn scan_keys(
        &self,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
        now: u64,
    ) -> Result<KeyPage, StorageError> {
        let limit = check_scan(prefix, after_key, limit)?;
        let (page, more) = self.page(prefix, after_key, limit, now, |_| 0);
        Ok(KeyPage { keys: page.into_iter().map(|(key, _)| key.clone()).collect(), more })
    }

    pub(super) fn delete_range(
        &mut self,
        prefix: &str,
        checks: &[Check],
        now: u64,
    ) -> Result<RangeOutcome, StorageError> {
        check_text("key", prefix, KEY_BYTES)?;
        check_count(checks.len())?;
        checks.iter().try_for_each(|check| check_key(&check.key))?;
        check_bytes(prefix.len() + checks.iter().map(|check| check.key.len()).sum::<usize>())?;
        let conflicts = self.conflicts(checks.iter(), now);
        if !conflicts.is_empty() {
            return Ok(RangeOutcome::Conflict(conflicts));
        }
        let (page, more) = self.page(prefix, None, PAGE_ITEMS, now, |slot| slot.value.len());
        let portion: Vec<String> = page.into_iter().map(|(key, _)| key.clone()).collect();
        portion.iter().for_each(|key| drop(self.slots.remove(key)));
        Ok(if more { RangeOutcome::More } else { RangeOutcome::Done })
    }

    /// The keys of a page, and whether more follow. `bytes` says what a slot adds to those of its key.
    fn page(
        &self,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
        now: u64,
        bytes: impl Fn(&Slot) -> usize,
    ) -> (Vec<(&String, &Slot)>, bool) {
        let (mut page, mut size) = (Vec::new(), 0);
        let start = after_key.unwrap_or_default().max(prefix);
        let following = self.slots.range(start.to_owned()..).take_while(|(key, _)| key.starts_with(prefix));
        for (key, slot) in following.filter(|(_, slot)| alive(slot, now)) {
            if after_key.is_some_and(|after| key.as_str() <= after) {
                continue;
            }
            size += key.len() + bytes(slot);
            if page.len() == limit || (size > PAGE_BYTES && !page.is_empty()) {
                return (page, true);
            }
            page.push((key, slot));
        }
        (page, false)
    }

    pub(super) fn apply(&mut self, ops: &[Op], now: u64) -> Result<Outcome, StorageError> {
        judge(ops)?;
        let checks = ops.iter().filter_map(|op| match op {
            Op::Check(check) => Some(check),
            _ => None,
        });
        let conflicts = self.conflicts(checks, now);
        if !conflicts.is_empty() {
            return Ok(Outcome::Conflict(conflicts));
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
                        expires_at: put.ttl_ms.map(|ttl| now.saturating_add(ttl)),
                        sealed: put.sealed,
                    };
                    self.slots.insert(put.key.clone(), slot);
                }
                Op::Delete(key) => {
                    self.slots.remove(key);
                }
                Op::Check(_) => {}
            }
        }
        Ok(Outcome::Applied(versions))
    }

    /// The keys whose checks fail, each once, in the order of the checks.
    fn conflicts<'c>(&self, checks: impl Iterator<Item = &'c Check>, now: u64) -> Vec<String> {
        let mut failed: Vec<String> = Vec::new();
        for check in checks {
            let expected = match check.expected {
                Expectation::Absent => None,
                Expectation::Version(version) => Some(version),
            };
            let found = self.slot(&check.key, now).map(|slot| slot.version);
            if found != expected && !failed.contains(&check.key) {
                failed.push(check.key.clone());
            }
        }
        failed
    }
}

fn entry(key: &str, slot: &Slot) -> Entry {
    Entry { key: key.to_owned(), value: slot.value.clone(), version: slot.version }
}

fn alive(slot: &Slot, now: u64) -> bool {
    slot.expires_at.is_none_or(|at| at > now)
}

fn judge(ops: &[Op]) -> Result<(), StorageError> {
    check_count(ops.len())?;
    let mut size = 0;
    for op in ops {
        let (key, value) = match op {
            Op::Put(put) if put.ttl_ms == Some(0) => {
                return Err(StorageError::Invalid("a time to live of 0".to_owned()));
            }
            Op::Put(put) => (&put.key, put.value.as_str()),
            Op::Delete(key) => (key, ""),
            Op::Check(check) => (&check.key, ""),
        };
        size += key.len() + value.len();
        check_key(key)?;
        check_text("value", value, VALUE_BYTES)?;
    }
    check_bytes(size)
}

fn check_scan(prefix: &str, after_key: Option<&str>, limit: u32) -> Result<usize, StorageError> {
    check_text("key", prefix, KEY_BYTES)?;
    check_text("key", after_key.unwrap_or_default(), KEY_BYTES)?;
    match limit {
        0 => Err(StorageError::Invalid("a limit of 0".to_owned())),
        _ => Ok(PAGE_ITEMS.min(limit as usize)),
    }
}

pub(super) fn check_key(key: &str) -> Result<(), StorageError> {
    if key.is_empty() {
        return Err(StorageError::Invalid("an empty key".to_owned()));
    }
    check_text("key", key, KEY_BYTES)
}

fn check_text(name: &str, text: &str, limit: usize) -> Result<(), StorageError> {
    if text.len() > limit {
        return Err(quota(name, limit));
    }
    match text.contains('\0') {
        true => Err(StorageError::Invalid(format!("U+0000 in a {name}"))),
        false => Ok(()),
    }
}

fn check_count(count: usize) -> Result<(), StorageError> {
    if count > PAGE_ITEMS { Err(quota("call-items", PAGE_ITEMS)) } else { Ok(()) }
}

fn check_bytes(bytes: usize) -> Result<(), StorageError> {
    if bytes > PAGE_BYTES { Err(quota("call-bytes", PAGE_BYTES)) } else { Ok(()) }
}

fn quota(name: &str, limit: usize) -> StorageError {
    StorageError::Quota(Quota { name: name.to_owned(), limit: limit as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(key: &str, value: &str) -> Op {
        Op::Put(crate::contract::storage::Put {
            key: key.to_owned(),
            value: value.to_owned(),
            ttl_ms: None,
            sealed: false,
        })
    }

    /// The same calls that the suite of the host's stores refuses.
    #[test]
    fn wrong_calls_are_refused_as_a_host_refuses_them() {
        let mut memory = Memory::default();
        let key = |bytes| "k".repeat(bytes);
        let absent = |key: String| Check { key, expected: Expectation::Absent };
        let is_invalid = |error: StorageError| matches!(error, StorageError::Invalid(_));
        let is_quota =
            |error: StorageError, meant: &str| matches!(error, StorageError::Quota(found) if found.name == meant);
        for (name, op) in [
            ("empty key", put("", "v")),
            ("empty key to delete", Op::Delete(String::new())),
            ("U+0000 in a key", put("a\0b", "v")),
            ("U+0000 in a value", put("k", "\0")),
        ] {
            assert!(is_invalid(memory.apply(&[op], 0).unwrap_err()), "{name}");
        }
        for (name, op) in
            [("key", put(&key(513), "")), ("key", Op::Check(absent(key(513)))), ("value", put("k", &key(262_145)))]
        {
            assert!(is_quota(memory.apply(&[op], 0).unwrap_err(), name), "{name}");
        }
        assert!(is_invalid(memory.get_many(&[String::new()], 0).unwrap_err()));
        assert!(is_quota(memory.get_many(&vec!["k".to_owned(); 1_001], 0).unwrap_err(), "call-items"));
        assert!(is_invalid(memory.scan("", None, 0, 0).unwrap_err()));
        assert!(is_invalid(memory.scan_keys("", Some("\0"), 1, 0).unwrap_err()));
        assert!(is_quota(memory.delete_range(&key(513), &[], 0).unwrap_err(), "key"));
        assert!(is_invalid(memory.delete_range("", &[absent(String::new())], 0).unwrap_err()));
        assert!(is_quota(memory.delete_range("", &vec![absent("k".into()); 1_001], 0).unwrap_err(), "call-items"));
    }

    #[test]
    fn ranges_are_deleted_in_portions_of_a_page() {
        let mut memory = Memory::default();
        for part in 0..3 {
            let ops: Vec<Op> = (0..700).map(|index| put(&format!("a/{part}/{index:03}"), "")).collect();
            memory.apply(&ops, 0).unwrap();
        }
        memory.apply(&[put("b", "")], 0).unwrap();
        let fence = [Check { key: "b".to_owned(), expected: Expectation::Absent }];
        let conflict = memory.delete_range("a/", &fence, 0).unwrap();
        assert!(matches!(conflict, RangeOutcome::Conflict(keys) if keys == ["b"]));
        for left in [1_100, 100, 0] {
            let more = matches!(memory.delete_range("a/", &[], 0).unwrap(), RangeOutcome::More);
            assert_eq!((memory.keys("a/", 0).len(), more), (left, left > 0));
        }
        assert_eq!(memory.keys("", 0), ["b"]);
    }
}
