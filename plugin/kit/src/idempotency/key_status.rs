//! What record and lease of a key say. Pure.

use serde::{Deserialize, Serialize};

use super::{LIFE_MS, Unfinished};

/// A request under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KeyRecord {
    /// Fingerprint of the request.
    pub(super) request: String,
    pub(super) begun_at_ms: u64,
    /// How often it was begun, this time included.
    pub(super) attempts: u32,
    pub(super) state: RecordState,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RecordState {
    /// Begun, with how far it came; the outcome is not known.
    Begun(Option<String>),
    /// Made, with its answer.
    Done(String),
    /// Made; the answer was too large.
    DoneUnkept,
}

/// Somebody is at it. The mark tells the holder its own lease when a write ended without an answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct KeyLease {
    pub(super) holder: String,
}

/// How a key stands for one request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyStatus {
    /// Nobody is at it; with what earlier attempts left, of which nobody knows the outcome.
    Free(Option<KeyRecord>),
    /// Another call is at it.
    Underway,
    /// This call is at it: it wrote the lease without hearing so.
    Mine(KeyRecord),
    Done(String),
    DoneUnkept,
    /// The key stands for another request.
    OtherRequest,
}

impl KeyRecord {
    /// As it is written when somebody begins, after what there was before.
    pub(super) fn begun(before: Option<Self>, request: &str, now: u64) -> Self {
        match before {
            Some(before) => Self { attempts: before.attempts.saturating_add(1), ..before },
            None => {
                Self { request: request.to_owned(), begun_at_ms: now, attempts: 1, state: RecordState::Begun(None) }
            }
        }
    }

    /// Milliseconds for which it is kept still; never 0, which no write can say.
    pub(super) fn left_ms(&self, now: u64) -> u64 {
        self.begun_at_ms.saturating_add(LIFE_MS).saturating_sub(now).max(1)
    }

    /// The attempt before this one.
    pub(super) fn unfinished(&self) -> Option<Unfinished> {
        match &self.state {
            RecordState::Begun(progress) if self.attempts > 1 => {
                Some(Unfinished { since_ms: self.begun_at_ms, progress: progress.clone() })
            }
            _ => None,
        }
    }
}

/// Judges what was read at one moment. A record whose time is over counts as absent, since a store's clock may stand still.
pub(super) fn judge(
    record: Option<KeyRecord>,
    lease: Option<&KeyLease>,
    request: &str,
    holder: &str,
    now: u64,
) -> KeyStatus {
    let record = record.filter(|record| now < record.begun_at_ms.saturating_add(LIFE_MS));
    match (record, lease) {
        (Some(record), _) if record.request != request => KeyStatus::OtherRequest,
        (Some(KeyRecord { state: RecordState::Done(answer), .. }), _) => KeyStatus::Done(answer),
        (Some(KeyRecord { state: RecordState::DoneUnkept, .. }), _) => KeyStatus::DoneUnkept,
        (Some(record), Some(lease)) if lease.holder == holder => KeyStatus::Mine(record),
        (_, Some(_)) => KeyStatus::Underway,
        (record, None) => KeyStatus::Free(record),
    }
}
