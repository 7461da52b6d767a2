//! The trail of what administrators decided, one for each element: a component adds to it by the import `audit` and can neither
//! read nor change it, since it lies in a namespace of the tenant that no element can have.
//!
//! It goes where the tenant goes: an export, an import or a deletion of the tenant has it too.

use serde::{Deserialize, Serialize};

use crate::storage::{ApplyOutcome, Check, Op, Scope, Storage, StorageError};

/// The most decisions that are added at once.
const MAX_ENTRIES: usize = 500;
/// The most bytes of one decision.
const MAX_BYTES: usize = 64 << 10;
/// The most bytes of all of them together.
const MAX_TOTAL: usize = 512 << 10;

/// What somebody decided, in the words of the contract's `audit.entry`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Who decided.
    pub actor: String,
    /// The function that was called, such as `administration.set-member-roles`.
    pub action: String,
    /// The id that it is about; empty for the element as a whole.
    pub subject: String,
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

    /// Adds decisions, all or none. `call` is a name that no other addition has at this time.
    pub(crate) async fn append(&self, now_ms: u64, call: &str, decisions: &[Decision]) -> Result<(), AppendError> {
        if decisions.len() > MAX_ENTRIES {
            return Err(AppendError::Invalid(format!("{} entries, expected at most {MAX_ENTRIES}", decisions.len())));
        }
        let (mut ops, mut total) = (Vec::with_capacity(2 * decisions.len()), 0);
        for (number, decision) in decisions.iter().enumerate() {
            let value = serde_json::to_string(decision).map_err(|error| AppendError::Invalid(error.to_string()))?;
            total += value.len();
            for (found, most, of) in [(value.len(), MAX_BYTES, "an entry"), (total, MAX_TOTAL, "entries")] {
                if found > most {
                    return Err(AppendError::Invalid(format!("{of} of {found} bytes, expected at most {most}")));
                }
            }
            let key = format!("{now_ms:020}/{call}/{number:04}");
            ops.push(Op::Check(Check::absent(key.clone())));
            ops.push(Op::Put { key, value, ttl_ms: None, sealed: false });
        }
        match self.storage.apply(&self.element.audit()?, ops).await? {
            ApplyOutcome::Applied(_) => Ok(()),
            ApplyOutcome::Conflict(keys) => Err(StorageError::Other(format!("{} is there already", keys.join(", "))))?,
        }
    }

    /// Reads entries after a cursor.
    pub(crate) async fn read(&self, after: Option<&str>, limit: u32) -> Result<AuditPage, StorageError> {
        let page = self.storage.scan(&self.element.audit()?, "", after, limit).await?;
        let read = |entry: crate::storage::StoredEntry| {
            let at = entry.key.split('/').next().and_then(|at| at.parse().ok());
            let decision = serde_json::from_str(&entry.value).ok();
            let (Some(at), Some(decision)) = (at, decision) else {
                return Err(StorageError::Other(format!("the entry {} of the audit trail is damaged", entry.key)));
            };
            Ok(AuditEntry { cursor: entry.key, at, decision })
        };
        Ok(AuditPage { entries: page.entries.into_iter().map(read).collect::<Result<_, _>>()?, more: page.more })
    }
}
