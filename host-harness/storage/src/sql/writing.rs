//! What an `apply` makes of a scope: decided here for both databases, without touching either.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use super::super::batch::{Batch, Write};
use super::super::{ApplyOutcome, Check, PAGE_ITEMS, Quota, StorageError, Usage};

/// How many expired rows one `apply` removes in passing.
const REAP_ROWS: usize = 200;

/// The row of a scope: it counts what the scope holds and gives out versions, so a quota costs no counting.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ScopeRow {
    pub(super) id: i64,
    /// Counts rows, also those that have expired and are not yet reaped.
    pub(super) usage: Usage,
    pub(super) last_version: u64,
    /// What time it is, for everything that happens in this transaction.
    pub(super) time_ms: u64,
}

/// What a write must know of a key's row.
pub(super) struct KeyState {
    pub(super) version: u64,
    pub(super) expires_at_ms: Option<u64>,
    pub(super) bytes: u64,
}

/// What became of an attempt at an `apply`.
pub(super) enum Attempt {
    /// It came to its end.
    Ended(ApplyOutcome),
    /// Nothing of it was carried out, but some of what has expired was removed: without that there may be no room for
    /// it. That is committed, and the `apply` is to be tried again.
    Reaped,
}

/// What an `apply` comes to.
pub(super) enum Decision<'b> {
    /// Nothing changes: these keys were not as their checks expected.
    Conflict(Vec<String>),
    /// These keys are removed, and what the batch puts is written.
    Write {
        /// Single keys that are there.
        deletes: Vec<&'b str>,
        /// The version of the first put.
        first_version: u64,
    },
}

impl ScopeRow {
    /// Whether the batch is within the quota whatever it replaces, and counting what has expired.
    pub(super) fn has_room(&self, batch: &Batch, quota: &Quota) -> bool {
        quota.covers(self.usage.plus(batch.adds()))
    }

    /// How much of what has expired goes before the batch. It does not count. Where that might decide, as much goes as
    /// it takes, in transactions of their own: a tenant near its quota gets on however much there is, and nobody waits
    /// for all of it. Else some goes in passing.
    pub(super) fn most_reaped(&self, batch: &Batch, quota: &Quota) -> usize {
        if self.has_room(batch, quota) { REAP_ROWS } else { PAGE_ITEMS }
    }

    /// Decides what a batch comes to, and counts it in.
    pub(super) fn decide<'b, K: Borrow<str> + Hash + Eq>(
        &mut self,
        batch: &'b Batch,
        quota: &Quota,
        states: &HashMap<K, KeyState>,
    ) -> Result<Decision<'b>, StorageError> {
        let conflicts = self.conflicts(&batch.checks, states);
        if !conflicts.is_empty() {
            return Ok(Decision::Conflict(conflicts));
        }
        let before = self.usage;
        let mut deletes = Vec::new();
        for (key, write) in &batch.keys {
            let Some(state) = states.get(key.as_str()) else { continue };
            self.usage.remove(state.bytes);
            if matches!(write, Write::Delete) {
                deletes.push(key.as_str());
            }
        }
        self.usage = self.usage.plus(batch.adds());
        quota.admit(before, self.usage)?;
        let first_version = self.last_version + 1;
        self.last_version += batch.puts;
        Ok(Decision::Write { deletes, first_version })
    }

    /// The keys whose checks fail.
    pub(super) fn conflicts<K: Borrow<str> + Hash + Eq>(
        &self,
        checks: &[Check],
        states: &HashMap<K, KeyState>,
    ) -> Vec<String> {
        let is_present = |state: &&KeyState| state.expires_at_ms.is_none_or(|at| at > self.time_ms);
        Check::conflicts(checks, |key| states.get(key).filter(is_present).map(|state| state.version))
    }
}

/// What a batch comes to in a scope that holds nothing and for which nothing is to be put: only checks can make a
/// difference.
pub(super) fn of_nothing(batch: &Batch) -> ApplyOutcome {
    match Check::conflicts(&batch.checks, |_| None) {
        conflicts if conflicts.is_empty() => ApplyOutcome::Applied(Vec::new()),
        conflicts => ApplyOutcome::Conflict(conflicts),
    }
}
