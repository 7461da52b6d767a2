//! `storage`, on a bucket.

use std::{collections::BTreeMap, ops::Bound, thread, time::Duration};

use crate::{
    Adapter, bucket, call,
    entries::{Entries, Held},
    generated::{
        exports::lowcode::organisation::storage::{
            Check, Entry, EntryPage, Expectation, Guest, KeyPage, Op, Outcome, RangeOutcome, StorageError,
        },
        wasi::keyvalue::store::Error,
    },
    rules,
};

/// How long a `wait` looks away: nothing tells it of a change.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

impl Guest for Adapter {
    fn get_many(keys: Vec<String>) -> Result<Vec<Option<Entry>>, StorageError> {
        rules::keys(&keys)?;
        let (entries, mut page, mut answer) = (read()?, rules::Page::default(), Vec::new());
        for key in keys {
            let held = entries.map().get(&key);
            if !page.admits(held.map_or(0, |held| key.len() + held.value.len())) {
                break;
            }
            answer.push(held.map(|held| entry(&key, held)));
        }
        Ok(answer)
    }

    fn scan(prefix: String, after_key: Option<String>, limit: u32) -> Result<EntryPage, StorageError> {
        let size = |key: &str, held: &Held| key.len() + held.value.len();
        let (entries, more) = page(&prefix, after_key.as_deref(), limit, size, entry)?;
        Ok(EntryPage { entries, more })
    }

    fn scan_keys(prefix: String, after_key: Option<String>, limit: u32) -> Result<KeyPage, StorageError> {
        let (keys, more) = page(&prefix, after_key.as_deref(), limit, |key, _| key.len(), |key, _| key.to_owned())?;
        Ok(KeyPage { keys, more })
    }

    fn apply(ops: Vec<Op>) -> Result<Outcome, StorageError> {
        rules::ops(&ops)?;
        let mut entries = read()?;
        let checks = ops.iter().filter_map(|op| if let Op::Check(check) = op { Some(check) } else { None });
        let lost = lost(checks, &entries);
        if !lost.is_empty() {
            return Ok(Outcome::Conflict(lost));
        }
        let puts = ops.iter().filter(|op| matches!(op, Op::Put(_))).count() as u64;
        if ops.iter().all(|op| matches!(op, Op::Check(_))) {
            return Ok(Outcome::Applied(Vec::new()));
        }
        // Numbers from the store, so that two writers who overwrite each other do not give one number twice.
        let mut version =
            if puts == 0 { 0 } else { bucket::increment("versions", puts).map_err(failed(false))? - puts };
        let (now, mut versions) = (bucket::now(), Vec::new());
        for op in ops {
            match op {
                Op::Put(put) => {
                    version += 1;
                    versions.push(version);
                    let expires = put.ttl_ms.map(|ttl| now.saturating_add(ttl));
                    entries.map_mut().insert(put.key, Held { value: put.value, version, expires });
                }
                Op::Delete(key) => {
                    entries.map_mut().remove(&key);
                }
                Op::Check(_) => {}
            }
        }
        entries.write().map_err(failed(true))?;
        Ok(Outcome::Applied(versions))
    }

    fn delete_range(prefix: String, checks: Vec<Check>) -> Result<RangeOutcome, StorageError> {
        rules::prefix(&prefix)?;
        rules::keys(&checks.iter().map(|check| check.key.clone()).collect::<Vec<_>>())?;
        let mut entries = read()?;
        let lost = lost(checks.iter(), &entries);
        if !lost.is_empty() {
            return Ok(RangeOutcome::Conflict(lost));
        }
        let (mut page, mut gone, mut more) = (rules::Page::default(), Vec::new(), false);
        for (key, held) in after(entries.map(), &prefix, None) {
            more = !page.admits(key.len() + held.value.len());
            if more {
                break;
            }
            gone.push(key.clone());
        }
        if !gone.is_empty() {
            for key in &gone {
                entries.map_mut().remove(key);
            }
            entries.write().map_err(failed(true))?;
        }
        Ok(if more { RangeOutcome::More } else { RangeOutcome::Done })
    }

    fn wait(key: String, version: Option<u64>, timeout_ms: u32) -> Result<bool, StorageError> {
        rules::key(&key)?;
        let mut left = Duration::from_millis(call::wall_ms().min(u64::from(timeout_ms)));
        loop {
            if read()?.map().get(&key).map(|held| held.version) != version {
                return Ok(true);
            }
            if left.is_zero() {
                return Ok(false);
            }
            let rest = left.min(LOOK_AGAIN);
            thread::sleep(rest);
            left -= rest;
        }
    }
}

fn read() -> Result<Entries, StorageError> {
    Entries::read().map_err(failed(false))
}

fn failed(maybe_applied: bool) -> impl Fn(Error) -> StorageError {
    move |error| match error {
        Error::NoSuchStore => StorageError::Other("no-such-store".to_owned()),
        Error::AccessDenied => StorageError::Other("access-denied".to_owned()),
        Error::Other(_) => StorageError::Unavailable(maybe_applied),
    }
}

fn entry(key: &str, held: &Held) -> Entry {
    Entry { key: key.to_owned(), value: held.value.clone(), version: held.version }
}

fn lost<'a>(checks: impl Iterator<Item = &'a Check>, entries: &Entries) -> Vec<String> {
    let mut lost = Vec::new();
    for check in checks {
        let holds = match (entries.map().get(&check.key), check.expected) {
            (None, Expectation::Absent) => true,
            (Some(held), Expectation::Version(version)) => held.version == version,
            _ => false,
        };
        if !holds && !lost.contains(&check.key) {
            lost.push(check.key.clone());
        }
    }
    lost
}

fn after<'a>(
    entries: &'a BTreeMap<String, Held>,
    prefix: &'a str,
    after_key: Option<&'a str>,
) -> impl Iterator<Item = (&'a String, &'a Held)> {
    let begin = match after_key {
        Some(key) if key >= prefix => Bound::Excluded(key),
        _ => Bound::Included(prefix),
    };
    entries.range::<str, _>((begin, Bound::Unbounded)).take_while(move |(key, _)| key.starts_with(prefix))
}

fn page<T>(
    prefix: &str,
    after_key: Option<&str>,
    limit: u32,
    size: impl Fn(&str, &Held) -> usize,
    made: impl Fn(&str, &Held) -> T,
) -> Result<(Vec<T>, bool), StorageError> {
    let mut page = rules::Page::new(rules::scan(prefix, after_key, limit)?);
    let (entries, mut found) = (read()?, Vec::new());
    for (key, held) in after(entries.map(), prefix, after_key) {
        if !page.admits(size(key, held)) {
            return Ok((found, true));
        }
        found.push(made(key, held));
    }
    Ok((found, false))
}
