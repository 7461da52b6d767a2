//! The backend without a file: ordered maps behind a lock.
//!
//! It is for tests and demonstrations and shows the semantics at its plainest; every other backend must behave like it.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::batch::{Batch, Write};
use super::limits::{self, PAGE_ITEMS, ResponseBudget};
use super::notify::{Awaited, Seen, Waiters};
use super::scope::check_tenant;
use super::{
    ApplyOutcome, Check, Clock, FingerprintKey, Kept, KeptValue, KeyPage, Op, Options, Page, Quota, Quotas,
    RangeOutcome, Scope, Snapshot, Storage, StorageError, StoredEntry, SystemClock, Usage,
};

/// A store in this process's memory. What it holds is gone with it.
pub struct MemoryStorage {
    clock: Arc<dyn Clock>,
    quotas: Quotas,
    fingerprint_key: Result<FingerprintKey, StorageError>,
    waiters: Waiters,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last_version: u64,
    scopes: HashMap<Scope, Entries>,
}

/// The entries of one scope, with what is needed to expire and to count them.
#[derive(Default)]
struct Entries {
    rows: BTreeMap<String, StoredRow>,
    expiries: BTreeSet<(u64, String)>,
    usage: Usage,
}

struct StoredRow {
    value: String,
    /// Whether a store at rest would have sealed it.
    sealed: bool,
    version: u64,
    expires_at_ms: Option<u64>,
}

impl MemoryStorage {
    /// An empty store. Of the options the clock and the quotas count, and the sealing key for fingerprints.
    pub fn new(options: Options) -> Self {
        Self {
            clock: options.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            quotas: options.quotas,
            fingerprint_key: FingerprintKey::new(options.sealing_key.as_ref()),
            waiters: Waiters::default(),
            state: Mutex::default(),
        }
    }

    /// The state, free of what has expired in this scope. A panic elsewhere cannot leave it torn: changes are made only
    /// after everything that can fail.
    fn state(&self, scope: &Scope) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now_ms();
        if let Some(entries) = state.scopes.get_mut(scope) {
            entries.reap(now);
        }
        state
    }
}

impl fmt::Debug for MemoryStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStorage").field("quotas", &self.quotas).finish_non_exhaustive()
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        limits::check_keys(keys, &self.quotas.of(scope))?;
        let state = self.state(scope);
        let entries = state.scopes.get(scope);
        let mut budget = ResponseBudget::new();
        let found = keys.iter().map(|key| (key, entries.and_then(|entries| entries.rows.get(key))));
        Ok(found
            .take_while(|(key, row)| budget.admit(row.map_or(0, |row| row.bytes(key))))
            .map(|(key, row)| row.map(|row| row.entry(key)))
            .collect())
    }

    async fn scan(
        &self,
        scope: &Scope,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        let limit = limits::check_scan(prefix, after_key, limit, &self.quotas.of(scope))?;
        let state = self.state(scope);
        let Some(entries) = state.scopes.get(scope) else { return Ok(Page::default()) };
        let (rows, more) = entries.page(prefix, after_key, limit, StoredRow::bytes);
        Ok(Page { entries: rows.into_iter().map(|(key, row)| row.entry(key)).collect(), more })
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        let limit = limits::check_scan(prefix, after_key, limit, &self.quotas.of(scope))?;
        let state = self.state(scope);
        let Some(entries) = state.scopes.get(scope) else { return Ok(KeyPage::default()) };
        let (rows, more) = entries.page(prefix, after_key, limit, |_, key| key.len());
        Ok(KeyPage { keys: rows.into_iter().map(|(key, _)| key.clone()).collect(), more })
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        let quota = &self.quotas.of(scope);
        limits::check_ops(&ops, quota)?;
        let batch = Batch::new(ops);
        let mut state = self.state(scope);
        let now = self.clock.now_ms();
        let first_version = state.last_version + 1;
        let puts = batch.puts;
        // A scope without rows is as good as none, so it may stay behind when the batch is refused.
        let entries = state.scopes.entry(scope.clone()).or_default();
        let conflicts = Check::conflicts(&batch.checks, |key| entries.version(key));
        if !conflicts.is_empty() {
            return Ok(ApplyOutcome::Conflict(conflicts));
        }
        entries.admit(&batch, quota)?;
        // Waiters that wake now are bound to see the change: to read they need the lock that is held here.
        self.waiters.announce(scope, &batch);
        entries.carry_out(batch, first_version, now);
        state.last_version += puts;
        Ok(ApplyOutcome::Applied((first_version..first_version + puts).collect()))
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        limits::check_range(prefix, checks, &self.quotas.of(scope))?;
        let mut state = self.state(scope);
        let version = |key: &str| state.scopes.get(scope).and_then(|entries| entries.version(key));
        let conflicts = Check::conflicts(checks, version);
        if !conflicts.is_empty() {
            return Ok(RangeOutcome::Conflict(conflicts));
        }
        let Some(entries) = state.scopes.get_mut(scope) else { return Ok(RangeOutcome::Done) };
        let (rows, more) = entries.page(prefix, None, PAGE_ITEMS, StoredRow::bytes);
        let portion: Vec<String> = rows.into_iter().map(|(key, _)| key.clone()).collect();
        self.waiters.announce_range(scope, prefix);
        portion.iter().for_each(|key| entries.remove(key));
        Ok(if more { RangeOutcome::More } else { RangeOutcome::Done })
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        limits::check_wait(key, &self.quotas.of(scope))?;
        let read = || async {
            let state = self.state(scope);
            let row = state.scopes.get(scope).and_then(|entries| entries.rows.get(key));
            Ok(row.map(|row| Seen { version: row.version, expires_at_ms: row.expires_at_ms }))
        };
        self.waiters.wait(Awaited { scope, key, version, timeout, poll: None }, &*self.clock, read).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        Ok(self.state(scope).scopes.get(scope).map(|entries| entries.usage).unwrap_or_default())
    }

    async fn clear_deleted(&self) -> Result<(), StorageError> {
        Ok(())
    }

    fn quota(&self, scope: &Scope) -> Quota {
        self.quotas.of(scope)
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        self.state(scope).scopes.remove(scope);
        self.waiters.announce_all(scope);
        Ok(())
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.fingerprint_key.clone()
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        check_tenant(tenant)?;
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut scopes: Vec<Scope> = state.scopes.keys().filter(|scope| scope.tenant() == tenant).cloned().collect();
        scopes.sort_unstable();
        Ok(scopes)
    }

    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError> {
        let state = self.state(scope);
        let rows = state.scopes.get(scope).into_iter().flat_map(|entries| &entries.rows);
        Ok(Box::new(Copied { left: rows.map(|(key, row)| row.kept(key)).collect() }))
    }

    async fn close(&self) {}
}

/// A snapshot that is a copy.
struct Copied {
    left: VecDeque<Kept>,
}

#[async_trait]
impl Snapshot for Copied {
    async fn next(&mut self) -> Result<Vec<Kept>, StorageError> {
        Ok(self.left.drain(..self.left.len().min(PAGE_ITEMS)).collect())
    }
}

impl Entries {
    fn reap(&mut self, now: u64) {
        while let Some((at, _)) = self.expiries.first()
            && *at <= now
            && let Some((_, key)) = self.expiries.pop_first()
        {
            if let Some(row) = self.rows.remove(&key) {
                self.usage.remove(row.bytes(&key) as u64);
            }
        }
    }

    fn version(&self, key: &str) -> Option<u64> {
        self.rows.get(key).map(|row| row.version)
    }

    /// The rows of a page, and whether more follow. `bytes` says what a row adds to it.
    fn page(
        &self,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
        bytes: impl Fn(&StoredRow, &str) -> usize,
    ) -> (Vec<(&String, &StoredRow)>, bool) {
        let start = match after_key {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        let (mut page, mut budget) = (Vec::new(), ResponseBudget::new());
        let rows = self.rows.range::<str, _>((start, Bound::Unbounded));
        for (key, row) in rows.take_while(|(key, _)| key.starts_with(prefix)) {
            if page.len() == limit || !budget.admit(bytes(row, key)) {
                return (page, true);
            }
            page.push((key, row));
        }
        (page, false)
    }

    fn remove(&mut self, key: &str) {
        if let Some(row) = self.rows.remove(key) {
            self.usage.remove(row.bytes(key) as u64);
            if let Some(at) = row.expires_at_ms {
                self.expiries.remove(&(at, key.to_owned()));
            }
        }
    }

    /// Compares what the scope would hold after a batch with its quota.
    fn admit(&self, batch: &Batch, quota: &Quota) -> Result<(), StorageError> {
        let mut gone = Usage::default();
        for key in batch.keys.keys() {
            if let Some(row) = self.rows.get(key) {
                gone.add(row.bytes(key) as u64);
            }
        }
        quota.admit(self.usage, batch.adds().plus(self.usage.minus(gone)))
    }

    fn carry_out(&mut self, batch: Batch, first_version: u64, now: u64) {
        for (key, write) in batch.keys {
            self.remove(&key);
            if let Write::Put(put) = write {
                let expires_at_ms = put.expires_at_ms(now);
                let version = first_version + put.ordinal;
                let row = StoredRow { value: put.value, sealed: put.sealed, version, expires_at_ms };
                self.usage.add(row.bytes(&key) as u64);
                self.expiries.extend(expires_at_ms.map(|at| (at, key.clone())));
                self.rows.insert(key, row);
            }
        }
    }
}

impl StoredRow {
    fn bytes(&self, key: &str) -> usize {
        key.len() + self.value.len()
    }

    fn entry(&self, key: &str) -> StoredEntry {
        let Self { value, version, expires_at_ms, sealed: _ } = self;
        StoredEntry { key: key.to_owned(), value: value.clone(), version: *version, expires_at_ms: *expires_at_ms }
    }

    fn kept(&self, key: &str) -> Kept {
        let value = match self.sealed {
            false => KeptValue::Plain(self.value.clone()),
            true => KeptValue::Sealed(Ok(self.value.clone())),
        };
        Kept { key: key.to_owned(), value, expires_at_ms: self.expires_at_ms }
    }
}
