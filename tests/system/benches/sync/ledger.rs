//! A store that keeps account of what is written to it, by the part of the directory that the key belongs to. What a
//! sync writes is seen here as it happens, so "nothing was written" is no guess from what is there afterwards.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use organisation_host::storage::{ApplyOutcome, Check, Op, RangeOutcome, Scope, Storage, StorageError, StorageLayer};

/// Prefix of the scratch of all runs.
const SCRATCH: &str = "directory/r/";

/// What was written below one part of the directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub puts: u64,
    pub deletes: u64,
    /// Keys and values of the puts.
    pub bytes: u64,
}

/// The account of one sync.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// By the part: `record`, `index`, `feed`, `head`, `scratch`, `run`, `other`.
    parts: BTreeMap<&'static str, Written>,
    /// Bytes of scratch by key, where that was wanted: of a large first sync it would cost more than it tells.
    scratch: Option<BTreeMap<String, u64>>,
    scratch_bytes: u64,
    /// The most scratch there was at a time.
    pub scratch_peak: u64,
    /// Writes that were refused.
    pub refused: u64,
    /// Number of writes.
    pub applies: u64,
    /// The longest write.
    pub longest: Duration,
    /// All portions of the ranges that were deleted, together.
    pub clearing: Duration,
}

/// See the module.
#[derive(Debug)]
pub struct Ledger {
    inner: Arc<dyn Storage>,
    account: Mutex<Account>,
}

impl Account {
    /// What was written of a part.
    pub fn of(&self, part: &str) -> Written {
        self.parts.get(part).copied().unwrap_or_default()
    }

    /// Everything that was written.
    pub fn bytes(&self) -> u64 {
        self.parts.values().map(|written| written.bytes).sum()
    }

    fn note(&mut self, op: &Op) {
        match op {
            Op::Put { key, value, .. } => {
                let bytes = (key.len() + value.len()) as u64;
                let written = self.parts.entry(part(key)).or_default();
                written.puts += 1;
                written.bytes += bytes;
                self.note_scratch(key, Some(bytes));
            }
            Op::Delete { key } => {
                self.parts.entry(part(key)).or_default().deletes += 1;
                self.note_scratch(key, None);
            }
            Op::Check(_) => {}
        }
    }

    fn note_cleared(&mut self, prefix: &str) {
        if let Some(scratch) = &mut self.scratch {
            scratch.retain(|key, _| !key.starts_with(prefix));
            self.scratch_bytes = scratch.values().sum();
        }
    }

    fn note_scratch(&mut self, key: &str, bytes: Option<u64>) {
        let Some(scratch) = self.scratch.as_mut().filter(|_| key.starts_with(SCRATCH)) else { return };
        let before = match bytes {
            Some(bytes) => scratch.insert(key.to_owned(), bytes),
            None => scratch.remove(key),
        };
        self.scratch_bytes = self.scratch_bytes + bytes.unwrap_or_default() - before.unwrap_or_default();
        self.scratch_peak = self.scratch_peak.max(self.scratch_bytes);
    }
}

/// The part that a key belongs to.
fn part(key: &str) -> &'static str {
    let Some(rest) = key.strip_prefix("directory/") else { return "other" };
    match rest.split_once('/').map_or(rest, |(first, _)| first) {
        "m" | "d" => "record",
        "x" => "index",
        "f" => "feed",
        "head" => "head",
        "r" => "scratch",
        "run" | "run-lease" | "last-run" => "run",
        _ => "other",
    }
}

impl Ledger {
    pub fn new(inner: Arc<dyn Storage>) -> Self {
        Self { inner, account: Mutex::default() }
    }

    /// Begins a new account, which follows scratch key by key where that is wanted.
    pub fn open_account(&self, follow_scratch: bool) {
        let scratch = follow_scratch.then(BTreeMap::new);
        *self.account() = Account { scratch, ..Account::default() };
    }

    /// The account so far.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl StorageLayer for Ledger {
    fn inner(&self) -> &dyn Storage {
        self.inner.as_ref()
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        {
            let mut account = self.account();
            ops.iter().for_each(|op| account.note(op));
        }
        let started = Instant::now();
        let outcome = self.inner.apply(scope, ops).await;
        let took = started.elapsed();
        let mut account = self.account();
        // One run writes alone, so this stays at zero, or else the account holds what did not happen.
        account.refused += u64::from(!matches!(outcome, Ok(ApplyOutcome::Applied(_))));
        account.applies += 1;
        account.longest = account.longest.max(took);
        outcome
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        let started = Instant::now();
        let outcome = self.inner.delete_range(scope, prefix, checks).await;
        let took = started.elapsed();
        let mut account = self.account();
        account.longest = account.longest.max(took);
        account.clearing += took;
        if let Ok(RangeOutcome::Done) = outcome {
            account.note_cleared(prefix);
        }
        outcome
    }
}
