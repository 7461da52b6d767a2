//! A version before, as others meet it: the component behind a store that keeps what it writes in the form of one version earlier,
//! and shows it what others wrote as that version would see it.
//!
//! A run carries the number of its form, so that one of today is a newer version's to it, and its own are an older version's to
//! today's. Fields that it did not know it neither writes nor reads.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use organisation_host::storage::{ApplyOutcome, Op, Page, Scope, Storage, StorageError, StorageLayer, StoredEntry};
use serde_json::{Value, json};

/// Where the current run lies.
const RUN: &str = "directory/run";
/// What a version before did not have.
const UNKNOWN: [&str; 2] = ["alternate_ids", "left_at"];

/// The store, as a version before writes and reads it.
pub struct Older(pub Arc<dyn Storage>);

impl fmt::Debug for Older {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Older").field(&self.0).finish()
    }
}

/// The value without what is unknown, and with a run's form so many versions on. What nothing is changed of stays to the byte.
fn turned(key: &str, value: String, by: i64) -> String {
    let Some(mut json) = serde_json::from_str::<Value>(&value).ok().filter(Value::is_object) else { return value };
    let mut is_changed = forget(&mut json);
    if key == RUN
        && let Some(format) = json["format"].as_i64()
    {
        json["format"] = json!(format + by);
        is_changed = true;
    }
    if is_changed { json.to_string() } else { value }
}

/// Whether there was something to forget.
fn forget(value: &mut Value) -> bool {
    match value {
        Value::Object(object) => {
            let before = object.len();
            object.retain(|key, _| !UNKNOWN.contains(&&**key));
            let is_changed = object.len() < before;
            object.values_mut().fold(is_changed, |is_changed, value| forget(value) | is_changed)
        }
        Value::Array(items) => items.iter_mut().fold(false, |is_changed, value| forget(value) | is_changed),
        _ => false,
    }
}

fn shown(entry: StoredEntry) -> StoredEntry {
    StoredEntry { value: turned(&entry.key, entry.value, 1), ..entry }
}

fn written(op: Op) -> Op {
    match op {
        Op::Put { key, value, ttl_ms, sealed } => Op::Put { value: turned(&key, value, -1), key, ttl_ms, sealed },
        op => op,
    }
}

#[async_trait]
impl StorageLayer for Older {
    fn inner(&self) -> &dyn Storage {
        self.0.as_ref()
    }

    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        let entries = self.0.get_many(scope, keys).await?;
        Ok(entries.into_iter().map(|entry| entry.map(shown)).collect())
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        let Page { entries, more } = self.0.scan(scope, prefix, after, limit).await?;
        Ok(Page { entries: entries.into_iter().map(shown).collect(), more })
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        self.0.apply(scope, ops.into_iter().map(written).collect()).await
    }
}
