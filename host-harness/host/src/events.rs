//! What the vendor told, kept for the platform to read in its own time: for seven days, in a namespace of the tenant that no
//! component reaches.

use serde_json::Value;

use crate::{
    contract::{callbacks::Event, from_json, to_json},
    digest::Digest,
    storage::{ApplyOutcome, Check, Expectation, Op, Scope, Storage, StorageError, StoredEntry},
};

/// How long an event is kept.
const KEPT_MS: u64 = 7 * 24 * 60 * 60 * 1_000;
/// How long it is known that it was: longer than any vendor repeats a delivery.
const KNOWN_MS: u64 = 24 * 60 * 60 * 1_000;
/// Events of one call at most: a delivery tells one thing.
const MOST: usize = 100;
/// Where the number of the last event stands. It stays when events go, so that a cursor never comes again.
const LAST: &str = "last";
const PREFIX: &str = "event/";
/// Before the digest of an event's id.
const KNOWN: &str = "known/";
/// Hosts that write at the same time try again so often.
const ATTEMPTS: usize = 20;

/// An event that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptEvent {
    /// Where it stands, to read on from.
    pub cursor: String,
    /// What happened.
    pub event: Event,
}

/// A page of events, in the order in which they were kept.
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

    /// Keeps events, of equal ids the first within a day. They are numbered in the same step that writes them, so whoever has read
    /// up to one misses none that another host was still writing.
    pub(crate) async fn keep(&self, events: &[Event]) -> Result<(), StorageError> {
        if events.len() > MOST {
            return Err(StorageError::Invalid(format!("{} events at once, expected at most {MOST}", events.len())));
        }
        let scope = self.element.events()?;
        let mut keys = vec![LAST.to_owned()];
        let mut values = Vec::new();
        for event in events {
            let known = format!("{KNOWN}{}", Digest::of(event.id.as_bytes()));
            if !keys.contains(&known) {
                keys.push(known);
                values.push(to_json(event).map_err(|error| StorageError::Other(error.to_string()))?);
            }
        }
        for _ in 0..ATTEMPTS {
            // A hundred short values are one page.
            let mut stored = self.storage.get_many(&scope, &keys).await?.into_iter();
            let last = stored.next().flatten();
            let new = stored.zip(&keys[1..]).zip(&values).filter(|((stored, _), _)| stored.is_none());
            let new: Vec<(&String, &Value)> = new.map(|((_, known), value)| (known, value)).collect();
            if new.is_empty() {
                return Ok(());
            }
            // A number that cannot be read must not begin anew: events would take the place of others.
            let number: u64 = match &last {
                Some(entry) => entry
                    .value
                    .parse()
                    .map_err(|_| StorageError::Other("the number of the last kept event is damaged".to_owned()))?,
                None => 0,
            };
            let expected = last.map_or(Expectation::Absent, |entry| Expectation::Version(entry.version));
            let mut ops = vec![Op::Check(Check { key: LAST.to_owned(), expected })];
            for ((known, value), number) in new.iter().zip(number + 1..) {
                let key = format!("{PREFIX}{number:020}");
                ops.push(Op::Put { key, value: value.to_string(), ttl_ms: Some(KEPT_MS), sealed: false });
                let (key, value) = ((*known).clone(), number.to_string());
                ops.push(Op::Put { key, value, ttl_ms: Some(KNOWN_MS), sealed: false });
            }
            let value = (number + new.len() as u64).to_string();
            ops.push(Op::Put { key: LAST.to_owned(), value, ttl_ms: None, sealed: false });
            if let ApplyOutcome::Applied(_) = self.storage.apply(&scope, ops).await? {
                return Ok(());
            }
        }
        Err(StorageError::unavailable("other hosts keep events of this element all the time"))
    }

    /// Reads events after a cursor.
    pub(crate) async fn read(&self, after: Option<&str>, limit: u32) -> Result<EventPage, StorageError> {
        let after = after.map(|cursor| match cursor.parse::<u64>() {
            Ok(number) => Ok(format!("{PREFIX}{number:020}")),
            Err(_) => Err(StorageError::Invalid("the cursor is none that this host has answered".to_owned())),
        });
        let page = self.storage.scan(&self.element.events()?, PREFIX, after.transpose()?.as_deref(), limit).await?;
        Ok(EventPage { events: page.entries.into_iter().map(read).collect::<Result<_, _>>()?, more: page.more })
    }
}

fn read(entry: StoredEntry) -> Result<KeptEvent, StorageError> {
    let damaged = || StorageError::Other(format!("the kept event {} is damaged", entry.key));
    let number: u64 = entry.key.strip_prefix(PREFIX).and_then(|number| number.parse().ok()).ok_or_else(damaged)?;
    let value: Value = serde_json::from_str(&entry.value).map_err(|_| damaged())?;
    Ok(KeptEvent { cursor: number.to_string(), event: from_json(value).map_err(|_| damaged())? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        contract::callbacks::Happening,
        storage::{MemoryStorage, Options},
    };

    fn event(id: usize) -> Event {
        Event { id: id.to_string(), at: 1, member: Some("lisi".to_owned()), happening: Happening::EnteredRange }
    }

    #[tokio::test]
    async fn events_of_several_hosts_are_read_once_each_in_one_order() {
        let (storage, element) = (MemoryStorage::new(Options::default()), Scope::new("acme", "organisation").unwrap());
        let events = Events::new(&storage, &element);
        let pairs: Vec<_> = (0..8).map(|writer| [event(2 * writer), event(2 * writer + 1)]).collect();
        for kept in futures_util::future::join_all(pairs.iter().map(|pair| events.keep(pair))).await {
            kept.unwrap();
        }
        let (mut after, mut found) = (None, Vec::new());
        loop {
            let page = events.read(after.as_deref(), 3).await.unwrap();
            after = page.events.last().map(|event| event.cursor.clone()).or(after);
            found.extend(page.events.into_iter().map(|kept| kept.event.id.parse::<usize>().unwrap()));
            if !page.more {
                break;
            }
        }
        assert!(found.chunks(2).all(|pair| pair[1] == pair[0] + 1), "{found:?}");
        found.sort_unstable();
        assert_eq!(found, (0..16).collect::<Vec<_>>());
        // What is repeated is kept once, whoever keeps it.
        let again = [event(3), event(16), event(16)];
        for kept in futures_util::future::join_all((0..3).map(|_| events.keep(&again))).await {
            kept.unwrap();
        }
        let ids: Vec<String> =
            events.read(None, 100).await.unwrap().events.into_iter().map(|kept| kept.event.id).collect();
        assert_eq!((ids.len(), ids.last().map(String::as_str)), (17, Some("16")));
        let damage = Op::Put { key: LAST.to_owned(), value: "x".to_owned(), ttl_ms: None, sealed: false };
        storage.apply(&element.events().unwrap(), vec![damage]).await.unwrap();
        assert!(matches!(events.keep(&[event(17)]).await, Err(StorageError::Other(_))));
        assert!(events.keep(&[event(3)]).await.is_ok(), "it is there, and has no need of the number");
        assert_eq!(events.read(None, 100).await.unwrap().events.len(), 17);
        assert!(matches!(events.read(Some("x"), 3).await, Err(StorageError::Invalid(_))));
        assert!(matches!(events.keep(&vec![event(0); MOST + 1]).await, Err(StorageError::Invalid(_))));
    }
}
