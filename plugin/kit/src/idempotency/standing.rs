//! What record and lease of a key say. Pure.

use serde::{Deserialize, Serialize};

use super::{LIFE_MS, Unfinished};

/// A request under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Fingerprint of the request.
    pub(super) request: String,
    pub(super) begun_at_ms: u64,
    /// How often it was begun, this time included.
    pub(super) attempts: u32,
    pub(super) state: State,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    /// Begun, with how far it came; the outcome is not known.
    Begun(Option<String>),
    /// Made, with its answer.
    Done(String),
    /// Made; the answer was too large.
    DoneUnkept,
}

/// Somebody is at it. The mark tells the holder its own lease when a write ended without an answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Lease {
    pub(super) holder: String,
}

/// How a key stands for one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody is at it; with what earlier attempts left, of which nobody knows the outcome.
    Free(Option<Record>),
    /// Another call is at it.
    Underway,
    /// This call is at it: it wrote the lease without hearing so.
    Mine(Record),
    Done(String),
    DoneUnkept,
    /// The key stands for another request.
    OtherRequest,
}

impl Record {
    /// As it is written when somebody begins, after what there was before.
    pub(super) fn begun(before: Option<Self>, request: &str, now: u64) -> Self {
        match before {
            Some(before) => Self { attempts: before.attempts.saturating_add(1), ..before },
            None => Self { request: request.to_owned(), begun_at_ms: now, attempts: 1, state: State::Begun(None) },
        }
    }

    /// Milliseconds for which it is kept still; never 0, which no write can say.
    pub(super) fn left_ms(&self, now: u64) -> u64 {
        self.begun_at_ms.saturating_add(LIFE_MS).saturating_sub(now).max(1)
    }

    /// The attempt before this one.
    pub(super) fn unfinished(&self) -> Option<Unfinished> {
        match &self.state {
            State::Begun(progress) if self.attempts > 1 => {
                Some(Unfinished { since_ms: self.begun_at_ms, progress: progress.clone() })
            }
            _ => None,
        }
    }
}

/// Judges what was read at one moment. A record whose time is over counts as absent, since a store's clock may stand still.
pub(super) fn judge(record: Option<Record>, lease: Option<&Lease>, request: &str, holder: &str, now: u64) -> Standing {
    let record = record.filter(|record| now < record.begun_at_ms.saturating_add(LIFE_MS));
    match (record, lease) {
        (Some(record), _) if record.request != request => Standing::OtherRequest,
        (Some(Record { state: State::Done(answer), .. }), _) => Standing::Done(answer),
        (Some(Record { state: State::DoneUnkept, .. }), _) => Standing::DoneUnkept,
        (Some(record), Some(lease)) if lease.holder == holder => Standing::Mine(record),
        (_, Some(_)) => Standing::Underway,
        (record, None) => Standing::Free(record),
    }
}
