//! What the vendor told, kept for the platform to read in its own time: for seven days, in a namespace of the tenant that no
//! component reaches.

use serde_json::Value;

use crate::{
    contract::{callbacks::Event, from_json, to_json},
    storage::{Op, Scope, Storage, StorageError},
};

/// How long an event is kept.
const KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// Events that are written at once.
const PORTION: usize = 500;

/// An event that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvent {
    /// Where it stands, to read on from.
    pub cursor: String,
    /// What happened.
    pub event: Event,
}

/// A page of events, in the order in which they arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub events: Vec<KeptEvent>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// The events of one element.
pub(crate) struct Events<'a> {
    storage: &'a dyn Storage,
    element: &'a Scope,
}

impl<'a> Events<'a> {
    pub(crate) fn new(storage: &'a dyn Storage, element: &'a Scope) -> Self {
        Self { storage, element }
    }

    /// Keeps events that arrived at this time. `call` is a name that no other call has.
    pub(crate) async fn keep(&self, now_ms: u64, call: &str, events: &[Event]) -> Result<(), StorageError> {
        let mut ops = Vec::with_capacity(events.len());
        for (number, event) in events.iter().enumerate() {
            let value = to_json(event).map_err(|error| StorageError::Other(error.to_string()))?.to_string();
            let key = format!("{now_ms:020}/{call}/{number:04}");
            ops.push(Op::Put { key, value, ttl_ms: Some(KEPT_MS), sealed: false });
        }
        let scope = self.element.events()?;
        for portion in ops.chunks(PORTION) {
            self.storage.apply(&scope, portion.to_vec()).await?;
        }
        Ok(())
    }

    /// Reads events after a cursor.
    pub(crate) async fn read(&self, after: Option<&str>, limit: u32) -> Result<EventPage, StorageError> {
        let page = self.storage.scan(&self.element.events()?, "", after, limit).await?;
        let mut events = Vec::with_capacity(page.entries.len());
        for entry in page.entries {
            let read: Option<Value> = serde_json::from_str(&entry.value).ok();
            let event = read.and_then(|value| from_json(value).ok());
            let event = event.ok_or_else(|| StorageError::Other(format!("the kept event {} is damaged", entry.key)))?;
            events.push(KeptEvent { cursor: entry.key, event });
        }
        Ok(EventPage { events, more: page.more })
    }
}
