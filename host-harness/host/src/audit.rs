//! The trail of what administrators decided, one for each element: a component adds to it by the import `audit` and can neither
//! read nor change it, since it lies in a namespace of the tenant that no element can have.
//!
//! Entries are numbered in the step that adds them, so that all hosts agree on their order, whatever their clocks say, and whoever
//! has read up to one misses none that another host was still adding.
//!
//! It goes where the tenant goes: an export, an import or a deletion of the tenant has it too.

use serde::{Deserialize, Serialize};

use crate::storage::{ApplyOutcome, Check, Expectation, Op, Scope, Storage, StorageError};

/// The most decisions that are added at once.
const MAX_ENTRIES: usize = 500;
/// The most bytes of one decision.
const MAX_BYTES: usize = 64 << 10;
/// The most bytes of all of them together.
const MAX_TOTAL: usize = 512 << 10;
/// Where the number of the last entry stands.
const LAST: &str = "last";
/// Before the number of an entry.
const PREFIX: &str = "entry/";
/// Hosts that add at the same time try again so often.
const ATTEMPTS: usize = 20;

/// What somebody decided, in the words of the contract's `audit.entry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub actor: String,
    /// The function that was called, such as `administration.set-member-roles`.
    pub action: String,
    /// The id that it is about; absent for the element as a whole.
    pub subject: Option<String>,
    /// JSON text of how it stood.
    pub before: Option<String>,
    /// JSON text of how it was to stand.
    pub after: Option<String>,
}

/// A decision in the trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Where it stands, to read on from.
    pub cursor: String,
    /// When it was added, in milliseconds since 1970 by the host's clock.
    pub at: u64,
    /// What it says.
    pub decision: Decision,
}

/// A page of a trail, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Whether there are more after the last one.
    pub more: bool,
}

/// Why nothing was added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppendError {
    #[error("{0}")]
    Invalid(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The trail of one element.
pub(crate) struct Trail<'a> {
    storage: &'a dyn Storage,
    element: &'a Scope,
}

impl<'a> Trail<'a> {
    pub(crate) fn new(storage: &'a dyn Storage, element: &'a Scope) -> Self {
        Self { storage, element }
    }

    /// Adds decisions, all or none.
    pub(crate) async fn append(&self, now_ms: u64, decisions: &[Decision]) -> Result<(), AppendError> {
        if decisions.len() > MAX_ENTRIES {
            return Err(AppendError::Invalid(format!("{} entries, expected at most {MAX_ENTRIES}", decisions.len())));
        }
        let (mut values, mut total) = (Vec::with_capacity(decisions.len()), 0);
        for decision in decisions {
            let value = serde_json::to_string(decision).map_err(|error| AppendError::Invalid(error.to_string()))?;
            total += value.len();
            for (found, most, of) in [(value.len(), MAX_BYTES, "an entry"), (total, MAX_TOTAL, "entries")] {
                if found > most {
                    return Err(AppendError::Invalid(format!("{of} of {found} bytes, expected at most {most}")));
                }
            }
            values.push(value);
        }
        let scope = self.element.audit()?;
        for _ in 0..ATTEMPTS {
            let last = self.storage.get_many(&scope, &[LAST.to_owned()]).await?.into_iter().next().flatten();
            let number: u64 = match &last {
                Some(entry) => entry
                    .value
                    .parse()
                    .map_err(|_| StorageError::Other("the number of the last audit entry is damaged".to_owned()))?,
                None => 0,
            };
            let expected = last.map_or(Expectation::Absent, |entry| Expectation::Version(entry.version));
            let mut ops = vec![Op::Check(Check { key: LAST.to_owned(), expected })];
            let put = |key: String, value: String| Op::Put { key, value, ttl_ms: None, sealed: false };
            for (value, number) in values.iter().zip(number + 1..) {
                ops.push(put(format!("{PREFIX}{number:020}/{now_ms}"), value.clone()));
            }
            ops.push(put(LAST.to_owned(), (number + values.len() as u64).to_string()));
            if let ApplyOutcome::Applied(_) = self.storage.apply(&scope, ops).await? {
                return Ok(());
            }
        }
        Err(StorageError::unavailable("other hosts add to the audit trail of this element all the time"))?
    }

    /// Reads entries after a cursor.
    pub(crate) async fn read(&self, after: Option<&str>, limit: u32) -> Result<AuditPage, StorageError> {
        let page = self.storage.scan(&self.element.audit()?, PREFIX, after, limit).await?;
        let read = |entry: crate::storage::StoredEntry| {
            let at = entry.key.rsplit('/').next().and_then(|at| at.parse().ok());
            let decision = serde_json::from_str(&entry.value).ok();
            let (Some(at), Some(decision)) = (at, decision) else {
                return Err(StorageError::Other(format!("the entry {} of the audit trail is damaged", entry.key)));
            };
            Ok(AuditEntry { cursor: entry.key, at, decision })
        };
        Ok(AuditPage { entries: page.entries.into_iter().map(read).collect::<Result<_, _>>()?, more: page.more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::{MemoryStorage, Options};

    fn decision(actor: &str, number: usize) -> Decision {
        let (actor, action) = (actor.to_owned(), number.to_string());
        Decision { actor, action, subject: None, before: None, after: None }
    }

    #[tokio::test]
    async fn entries_of_one_millisecond_have_the_order_in_which_they_were_added_and_none_is_missed() {
        let (storage, element) = (MemoryStorage::new(Options::default()), Scope::new("acme", "organisation").unwrap());
        let trail = Trail::new(&storage, &element);
        // The clock of the second host is behind.
        let hosts = [("one", 1_000), ("other", 900)];
        let (mut read, mut after) = (Vec::new(), None);
        for number in 0..12 {
            let (actor, now_ms) = hosts[number % 2];
            trail.append(now_ms, &[decision(actor, 2 * number), decision(actor, 2 * number + 1)]).await.unwrap();
            if number % 3 == 2 {
                let page = trail.read(after.as_deref(), 100).await.unwrap();
                after = page.entries.last().map(|entry| entry.cursor.clone());
                read.extend(page.entries);
            }
        }
        let found: Vec<_> = read.iter().map(|entry| entry.decision.action.parse::<usize>().unwrap()).collect();
        assert_eq!(found, (0..24).collect::<Vec<_>>());
        assert!(read.iter().all(|entry| hosts.contains(&(&entry.decision.actor, entry.at))), "{read:?}");

        let (storage, element) = (&storage, &element);
        let adding = (0..8).map(|number| async move {
            Trail::new(storage, element)
                .append(1_000, &[decision("many", 2 * number), decision("many", 2 * number + 1)])
                .await
        });
        for added in futures_util::future::join_all(adding).await {
            added.unwrap();
        }
        let page = trail.read(after.as_deref(), 100).await.unwrap();
        let found: Vec<usize> = page.entries.iter().map(|entry| entry.decision.action.parse().unwrap()).collect();
        assert!(found.len() == 16 && found.chunks(2).all(|pair| pair[1] == pair[0] + 1), "{found:?}");
    }
}
