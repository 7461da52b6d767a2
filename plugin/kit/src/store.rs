//! The platform's storage with this component's conventions: values are JSON, reads are complete, a lost race is a
//! value.

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    contract::storage::{Check, Entry, Expectation, Op, Outcome, Put, Version},
    failure::Failure,
    json,
    platform::Platform,
};

/// Keys and operations that one `get-many` or `apply` may carry (storage contract).
pub const ITEMS_PER_CALL: usize = 1_000;

/// A value that was read, with the version to check when it is replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// What was stored.
    pub value: T,
    /// The version of that write.
    pub version: Version,
}

/// Reads all keys, in order, however many calls that takes. Only what one call answers is one snapshot.
pub fn get_many(platform: &dyn Platform, keys: &[String]) -> Result<Vec<Option<Entry>>, Failure> {
    let mut entries = Vec::with_capacity(keys.len());
    while entries.len() < keys.len() {
        let end = keys.len().min(entries.len() + ITEMS_PER_CALL);
        let asked = &keys[entries.len()..end];
        let mut answer = platform.get_many(asked)?;
        if answer.is_empty() || answer.len() > asked.len() {
            return Err(Failure::from(crate::contract::storage::StorageError::Other(format!(
                "asked for {} keys, got {} answers",
                asked.len(),
                answer.len()
            ))));
        }
        entries.append(&mut answer);
    }
    Ok(entries)
}

/// Reads one key as text.
pub fn get_text(platform: &dyn Platform, key: &str) -> Result<Option<Entry>, Failure> {
    Ok(get_many(platform, &[key.to_owned()])?.pop().flatten())
}

/// Reads one key as JSON.
pub fn get<T: DeserializeOwned>(platform: &dyn Platform, key: &str) -> Result<Option<Versioned<T>>, Failure> {
    get_text(platform, key)?.map(|entry| parse(&entry)).transpose()
}

/// Reads one key as JSON, whichever write it is.
pub fn value<T: DeserializeOwned>(platform: &dyn Platform, key: &str) -> Result<Option<T>, Failure> {
    parsed(get_text(platform, key)?.as_ref())
}

/// Reads an entry's value as JSON.
pub fn parse<T: DeserializeOwned>(entry: &Entry) -> Result<Versioned<T>, Failure> {
    let value = json::from_str(&entry.value).map_err(|error| Failure::corrupt(&entry.key, &error))?;
    Ok(Versioned { value, version: entry.version })
}

/// Reads the value of an entry that may be absent.
pub fn parsed<T: DeserializeOwned>(entry: Option<&Entry>) -> Result<Option<T>, Failure> {
    Ok(entry.map(parse).transpose()?.map(|stored| stored.value))
}

/// All keys with a prefix, in order, however many calls that takes.
pub fn keys(platform: &dyn Platform, prefix: &str) -> Result<Vec<String>, Failure> {
    let mut keys: Vec<String> = Vec::new();
    loop {
        let mut page = platform.scan_keys(prefix, keys.last().map(String::as_str), ITEMS_PER_CALL as u32)?;
        let is_last = !page.more || page.keys.is_empty();
        keys.append(&mut page.keys);
        if is_last {
            return Ok(keys);
        }
    }
}

/// Applies the operations. `Ok(Err(keys))` is a lost race: nothing was done, the checks of these keys failed.
pub fn apply(platform: &dyn Platform, ops: &[Op]) -> Result<Result<Vec<Version>, Vec<String>>, Failure> {
    Ok(match platform.apply(ops)? {
        Outcome::Applied(versions) => Ok(versions),
        Outcome::Conflict(keys) => Err(keys),
    })
}

/// A write of JSON that stays.
pub fn put<T: Serialize>(key: impl Into<String>, value: &T) -> Op {
    put_text(key, to_json(value))
}

/// A write of text that stays.
pub fn put_text(key: impl Into<String>, value: String) -> Op {
    Op::Put(Put { key: key.into(), value, ttl_ms: None, sealed: false })
}

/// A write of text that expires.
pub fn put_text_for(key: impl Into<String>, value: String, ttl_ms: u64) -> Op {
    Op::Put(Put { key: key.into(), value, ttl_ms: Some(ttl_ms), sealed: false })
}

/// A write of JSON that expires.
pub fn put_for<T: Serialize>(key: impl Into<String>, value: &T, ttl_ms: u64) -> Op {
    Op::Put(Put { key: key.into(), value: to_json(value), ttl_ms: Some(ttl_ms), sealed: false })
}

/// A write of JSON that expires and is encrypted at rest.
pub fn put_sealed<T: Serialize>(key: impl Into<String>, value: &T, ttl_ms: u64) -> Op {
    Op::Put(Put { key: key.into(), value: to_json(value), ttl_ms: Some(ttl_ms), sealed: true })
}

/// Demands that the key is still at this version, or still absent.
pub fn check(key: impl Into<String>, version: Option<Version>) -> Op {
    let expected = version.map_or(Expectation::Absent, Expectation::Version);
    Op::Check(Check { key: key.into(), expected })
}

/// A removal.
pub fn delete(key: impl Into<String>) -> Op {
    Op::Delete(key.into())
}

/// The JSON of a stored type.
pub fn to_json<T: Serialize>(value: &T) -> String {
    // Only maps with keys that are not text, and failing `Serialize` implementations, cannot be written; this
    // component stores neither.
    serde_json::to_string(value).unwrap_or_else(|error| unreachable!("a stored type cannot be written: {error}"))
}

/// Whether a text is the JSON of a stored type.
pub fn is_json_of<T: Serialize>(value: &T, text: &str) -> bool {
    let mut json = Vec::with_capacity(text.len());
    serde_json::to_writer(&mut json, value).is_ok() && json == text.as_bytes()
}
