//! A store whose writes wait: a call reads what it has written, and everybody else sees it once it is carried out, all in one
//! step and only where what the call checked still holds.
//!
//! So what an element writes while it handles a delivery of the vendor, such as that it has handled it, comes after the host has
//! kept the events of it: wherever a host dies, the vendor's repetition finds either both or none.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    ApplyOutcome, Check, FingerprintKey, KeyPage, Op, Page, RangeOutcome, Scope, Snapshot, Storage, StorageError,
    StoredEntry, Usage,
};

/// Versions of what waits begin here: above any that a store has given, and below what databases end at.
const FIRST_VERSION: u64 = 1 << 62;

/// The store of one call on one scope.
pub struct Deferred {
    inner: Arc<dyn Storage>,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// What the call demanded of keys that it had not written itself.
    checks: Vec<Check>,
    /// The last write of each key: nothing where it was deleted.
    writes: BTreeMap<String, Option<Written>>,
    versions: u64,
}

struct Written {
    value: String,
    ttl_ms: Option<u64>,
    sealed: bool,
    version: u64,
}

impl Deferred {
    /// Nothing waits yet.
    pub fn new(inner: Arc<dyn Storage>) -> Self {
        Self { inner, waiting: Mutex::default() }
    }

    /// Carries out what waits. A conflict says that somebody else has written what the call relied on: then nothing of it is done.
    ///
    /// # Errors
    /// As [`Storage::apply`].
    pub async fn carry_out(&self, scope: &Scope) -> Result<ApplyOutcome, StorageError> {
        let Waiting { checks, writes, .. } = std::mem::take(&mut *self.lock());
        let write = |(key, written)| match written {
            Some(Written { value, ttl_ms, sealed, .. }) => Op::Put { key, value, ttl_ms, sealed },
            None => Op::Delete { key },
        };
        let ops: Vec<Op> = checks.into_iter().map(Op::Check).chain(writes.into_iter().map(write)).collect();
        if ops.is_empty() {
            return Ok(ApplyOutcome::Applied(Vec::new()));
        }
        self.inner.apply(scope, ops).await
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Whole whatever a panic interrupted: nothing in it is changed in two steps.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page of the store may hold what was written here, or lack it: such a call writes first.
    async fn carry_out_first(&self, scope: &Scope) -> Result<(), StorageError> {
        match self.carry_out(scope).await? {
            ApplyOutcome::Applied(_) => Ok(()),
            ApplyOutcome::Conflict(_) => Err(StorageError::unavailable("another writer came first")),
        }
    }
}

impl Waiting {
    /// The version of a key that waits; `Some(None)` where it was deleted.
    fn version(&self, key: &str) -> Option<Option<u64>> {
        self.writes.get(key).map(|written| written.as_ref().map(|written| written.version))
    }

    /// Takes operations whose checks hold, and answers with the versions of the puts.
    fn take(&mut self, checks: Vec<Check>, ops: Vec<Op>) -> Vec<u64> {
        // What the call has written itself nobody else can have changed.
        self.checks.extend(checks.into_iter().filter(|check| !self.writes.contains_key(&check.key)));
        let mut versions = Vec::new();
        for op in ops {
            match op {
                Op::Put { key, value, ttl_ms, sealed } => {
                    let version = FIRST_VERSION + self.versions;
                    self.versions += 1;
                    versions.push(version);
                    self.writes.insert(key, Some(Written { value, ttl_ms, sealed, version }));
                }
                Op::Delete { key } => drop(self.writes.insert(key, None)),
                Op::Check(_) => {}
            }
        }
        versions
    }
}

impl fmt::Debug for Deferred {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deferred").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[async_trait]
impl Storage for Deferred {
    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        let mut entries = self.inner.get_many(scope, keys).await?;
        let waiting = self.lock();
        for (entry, key) in entries.iter_mut().zip(keys) {
            if let Some(written) = waiting.writes.get(key) {
                *entry = written.as_ref().map(|written| StoredEntry {
                    key: key.clone(),
                    value: written.value.clone(),
                    version: written.version,
                    expires_at_ms: None,
                });
            }
        }
        Ok(entries)
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        let check = |op: &Op| if let Op::Check(check) = op { Some(check.clone()) } else { None };
        let checks: Vec<Check> = ops.iter().filter_map(check).collect();
        let keys: Vec<String> = checks.iter().map(|check| check.key.clone()).collect();
        let mut stored: BTreeMap<&str, u64> = BTreeMap::new();
        let mut rest = &keys[..];
        while !rest.is_empty() {
            let entries = self.inner.get_many(scope, rest).await?;
            let (read, left) = rest.split_at(entries.len().clamp(1, rest.len()));
            let versions = read.iter().zip(entries).filter_map(|(key, entry)| Some((key.as_str(), entry?.version)));
            stored.extend(versions);
            rest = left;
        }
        let mut waiting = self.lock();
        let version = |key: &str| waiting.version(key).unwrap_or_else(|| stored.get(key).copied());
        let conflicts = Check::conflicts(&checks, version);
        if !conflicts.is_empty() {
            return Ok(ApplyOutcome::Conflict(conflicts));
        }
        Ok(ApplyOutcome::Applied(waiting.take(checks, ops)))
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        self.carry_out_first(scope).await?;
        self.inner.scan(scope, prefix, after, limit).await
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        self.carry_out_first(scope).await?;
        self.inner.scan_keys(scope, prefix, after, limit).await
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        self.carry_out_first(scope).await?;
        self.inner.delete_range(scope, prefix, checks).await
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        self.carry_out_first(scope).await?;
        self.inner.wait(scope, key, version, timeout).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        self.inner.usage(scope).await
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        self.inner.delete_scope(scope).await
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.inner.fingerprint_key()
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        self.inner.scopes(tenant).await
    }

    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError> {
        self.inner.snapshot(scope).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryStorage, Options};

    fn stores() -> (Arc<dyn Storage>, Deferred, Scope) {
        let inner: Arc<dyn Storage> = Arc::new(MemoryStorage::new(Options::default()));
        (Arc::clone(&inner), Deferred::new(inner), Scope::new("acme", "organisation").unwrap())
    }

    async fn value(store: &dyn Storage, scope: &Scope, key: &str) -> Option<String> {
        store.get_many(scope, &[key.to_owned()]).await.unwrap().pop().flatten().map(|entry| entry.value)
    }

    fn is_applied(outcome: &ApplyOutcome) -> bool {
        matches!(outcome, ApplyOutcome::Applied(_))
    }

    #[tokio::test]
    async fn a_call_reads_what_it_wrote_and_others_once_it_is_carried_out() {
        let (inner, deferred, scope) = stores();
        inner.apply(&scope, vec![Op::put("old", "1")]).await.unwrap();
        let first = vec![Op::check_absent("new"), Op::put("new", "1"), Op::delete("old")];
        assert!(is_applied(&deferred.apply(&scope, first.clone()).await.unwrap()));
        assert_eq!(deferred.apply(&scope, first).await.unwrap(), ApplyOutcome::Conflict(vec!["new".to_owned()]));
        let new = deferred.get_many(&scope, &["new".to_owned()]).await.unwrap().pop().flatten().unwrap();
        let second = vec![Op::check_version("new", new.version), Op::check_absent("old"), Op::put("new", "2")];
        assert!(is_applied(&deferred.apply(&scope, second).await.unwrap()));
        assert_eq!(value(&deferred, &scope, "new").await.as_deref(), Some("2"));
        assert_eq!(value(&deferred, &scope, "old").await, None);
        assert_eq!(value(inner.as_ref(), &scope, "old").await.as_deref(), Some("1"), "nothing is done so far");

        assert!(is_applied(&deferred.carry_out(&scope).await.unwrap()));
        assert_eq!(value(inner.as_ref(), &scope, "new").await.as_deref(), Some("2"));
        assert_eq!(value(inner.as_ref(), &scope, "old").await, None);
        assert!(is_applied(&deferred.carry_out(&scope).await.unwrap()), "nothing waits any more");
    }

    #[tokio::test]
    async fn whoever_relied_on_what_is_no_more_writes_nothing() {
        let (inner, deferred, scope) = stores();
        let mark = vec![Op::check_absent("mark"), Op::put("mark", "mine"), Op::put("other", "mine")];
        assert!(is_applied(&deferred.apply(&scope, mark).await.unwrap()));
        inner.apply(&scope, vec![Op::put("mark", "theirs")]).await.unwrap();
        let conflict = ApplyOutcome::Conflict(vec!["mark".to_owned()]);
        assert_eq!(deferred.carry_out(&scope).await.unwrap(), conflict);
        assert_eq!(value(inner.as_ref(), &scope, "other").await, None);
    }

    #[tokio::test]
    async fn what_reads_many_keys_sees_what_was_written() {
        let (inner, deferred, scope) = stores();
        deferred.apply(&scope, vec![Op::put("a", "1")]).await.unwrap();
        assert_eq!(deferred.scan(&scope, "", None, 10).await.unwrap().entries.len(), 1);
        assert_eq!(value(inner.as_ref(), &scope, "a").await.as_deref(), Some("1"));
    }
}
