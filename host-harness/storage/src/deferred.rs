//! A store whose writes wait: a call reads what it has written, and everybody else sees it once it is carried out, all
//! in one step and only where what the call checked still holds.
//!
//! So what an element writes while it handles a delivery of the vendor, such as that it has handled it, comes after the
//! host has kept the events of it: wherever a host dies, the vendor's repetition finds either both or none. An element
//! that scans, waits or deletes a range while it handles one has what it wrote before carried out first.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use tokio::sync::RwLock;

use super::limits::{self, ResponseBudget};
use super::{
    ApplyOutcome, Check, Expectation, KeyPage, Op, Page, RangeOutcome, Scope, Storage, StorageError, StoredEntry,
};

/// Versions of what waits begin here: above any that a store has given, and below what databases end at.
const FIRST_VERSION: u64 = 1 << 62;

/// The store of one call on one scope.
///
/// What waits is at most what one [`Storage::apply`] may carry. Where carrying it out fails, the store has failed: it
/// answers everything with that conflict or error from then on, since the call relies on writes that are not there.
pub struct Deferred {
    inner: Arc<dyn Storage>,
    waiting: RwLock<Waiting>,
}

#[derive(Default)]
struct Waiting {
    /// What the call demanded of keys that it had not written itself.
    checks: Vec<Check>,
    /// The last write of each key: nothing where it was deleted.
    writes: BTreeMap<String, Option<Written>>,
    /// How many versions were given.
    given: u64,
    /// Of what was carried out: the version that was given, and the one that it has in the store.
    stored: HashMap<u64, u64>,
    failure: Option<Failure>,
}

#[derive(Clone)]
struct Written {
    value: String,
    ttl_ms: Option<u64>,
    sealed: bool,
    version: u64,
}

/// Why what waits was not carried out.
#[derive(Clone)]
enum Failure {
    /// Others have written these keys.
    Conflict(Vec<String>),
    Error(StorageError),
}

impl From<Failure> for StorageError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Conflict(_) => Self::unavailable("another writer came first"),
            Failure::Error(error) => error,
        }
    }
}

impl Deferred {
    /// Nothing waits yet.
    pub fn new(inner: Arc<dyn Storage>) -> Self {
        Self { inner, waiting: RwLock::default() }
    }

    /// Carries out what waits. A conflict says that somebody else has written what the call relied on: then nothing of
    /// it is done, nor is it ever.
    ///
    /// # Errors
    /// As [`Storage::apply`]; the same again after an error or a conflict.
    pub async fn carry_out(&self, scope: &Scope) -> Result<ApplyOutcome, StorageError> {
        let mut waiting = self.waiting.write().await;
        match waiting.failure.clone() {
            Some(Failure::Conflict(keys)) => return Ok(ApplyOutcome::Conflict(keys)),
            Some(Failure::Error(error)) => return Err(error),
            None => {}
        }
        let ops = waiting.ops();
        if ops.is_empty() {
            return Ok(ApplyOutcome::Applied(Vec::new()));
        }
        // What holds where this future is dropped before the end of it is seen.
        let message = "carrying out the writes of the call was broken off".to_owned();
        waiting.failure = Some(Failure::Error(StorageError::Unavailable { maybe_applied: true, message }));
        let outcome = self.inner.apply(scope, ops).await;
        waiting.failure = match &outcome {
            Ok(ApplyOutcome::Applied(versions)) => {
                waiting.are_carried_out(versions);
                None
            }
            Ok(ApplyOutcome::Conflict(keys)) => Some(Failure::Conflict(keys.clone())),
            Err(error) => Some(Failure::Error(error.clone())),
        };
        outcome
    }

    /// Whether somebody else has written what the call relied on: what it answers is worth nothing.
    pub async fn is_in_conflict(&self) -> bool {
        matches!(self.waiting.read().await.failure, Some(Failure::Conflict(_)))
    }

    /// A page of the store may hold what was written here, or lack it: such a call writes first.
    async fn carry_out_first(&self, scope: &Scope) -> Result<(), StorageError> {
        match self.carry_out(scope).await? {
            ApplyOutcome::Applied(_) => Ok(()),
            ApplyOutcome::Conflict(keys) => Err(Failure::Conflict(keys).into()),
        }
    }
}

impl Waiting {
    fn ops(&self) -> Vec<Op> {
        let write = |(key, written): (&String, &Option<Written>)| match written.clone() {
            Some(Written { value, ttl_ms, sealed, .. }) => Op::Put { key: key.clone(), value, ttl_ms, sealed },
            None => Op::Delete { key: key.clone() },
        };
        self.checks.iter().cloned().map(Op::Check).chain(self.writes.iter().map(write)).collect()
    }

    /// What waited has these versions in the store now.
    fn are_carried_out(&mut self, versions: &[u64]) {
        self.checks.clear();
        let given = std::mem::take(&mut self.writes).into_values().flatten().map(|written| written.version);
        self.stored.extend(given.zip(versions.iter().copied()));
    }

    fn check(&self) -> Result<(), StorageError> {
        self.failure.clone().map_or(Ok(()), |failure| Err(failure.into()))
    }

    /// The version in the store of what was carried out by now; any other one as it is.
    fn stored_version(&self, version: u64) -> u64 {
        self.stored.get(&version).copied().unwrap_or(version)
    }

    /// The same with the versions in the store of what was carried out by now.
    fn translated(&self, check: &Check) -> Check {
        let expected = match check.expected {
            Expectation::Version(version) => Expectation::Version(self.stored_version(version)),
            Expectation::Absent => Expectation::Absent,
        };
        Check { key: check.key.clone(), expected }
    }

    /// The version of a key that waits; `Some(None)` where it was deleted.
    fn version(&self, key: &str) -> Option<Option<u64>> {
        self.writes.get(key).map(|written| written.as_ref().map(|written| written.version))
    }

    /// Checks that what waits can be carried out in one `apply` when these come to it.
    fn has_room(&self, checks: &[Check], ops: &[Op]) -> Result<(), StorageError> {
        let (mut count, mut bytes) = (0, 0);
        let mut add = |size: usize| (count, bytes) = (count + 1, bytes + size);
        self.checks.iter().for_each(|check| add(check.key.len()));
        checks.iter().filter(|check| self.is_new(check)).for_each(|check| add(check.key.len()));
        let mut written: BTreeMap<&str, usize> = BTreeMap::new();
        let value = |written: &Option<Written>| written.as_ref().map_or(0, |written| written.value.len());
        written.extend(self.writes.iter().map(|(key, waiting)| (key.as_str(), value(waiting))));
        for op in ops {
            match op {
                Op::Put { key, value, .. } => drop(written.insert(key, value.len())),
                Op::Delete { key } => drop(written.insert(key, 0)),
                Op::Check(_) => {}
            }
        }
        written.iter().for_each(|(key, value)| add(key.len() + value));
        limits::check_count(count)?;
        limits::check_bytes(bytes)
    }

    /// What the call has written itself nobody else can have changed; and nothing is demanded twice.
    fn is_new(&self, check: &Check) -> bool {
        !self.writes.contains_key(&check.key) && !self.checks.contains(check)
    }

    /// Takes operations whose checks hold, and answers with the versions of the puts.
    fn take(&mut self, checks: Vec<Check>, ops: Vec<Op>) -> Vec<u64> {
        for check in checks {
            if self.is_new(&check) {
                self.checks.push(check);
            }
        }
        let mut versions = Vec::new();
        for op in ops {
            match op {
                Op::Put { key, value, ttl_ms, sealed } => {
                    let version = FIRST_VERSION + self.given;
                    self.given += 1;
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
impl super::StorageLayer for Deferred {
    fn inner(&self) -> &dyn Storage {
        self.inner.as_ref()
    }

    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        let waiting = self.waiting.read().await;
        waiting.check()?;
        let entries = self.inner.get_many(scope, keys).await?;
        let own = |key: &String, entry| match waiting.writes.get(key) {
            None => entry,
            Some(written) => written.clone().map(|Written { value, version, .. }| StoredEntry {
                key: key.clone(),
                value,
                version,
                expires_at_ms: None,
            }),
        };
        let mut budget = ResponseBudget::new();
        let bytes = |entry: &Option<StoredEntry>| entry.as_ref().map_or(0, |entry| entry.key.len() + entry.value.len());
        let entries = keys.iter().zip(entries).map(|(key, entry)| own(key, entry));
        Ok(entries.take_while(|entry| budget.admit(bytes(entry))).collect())
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        limits::check_ops(&ops, &self.inner.quota(scope))?;
        let mut waiting = self.waiting.write().await;
        match waiting.failure.clone() {
            Some(Failure::Conflict(keys)) => return Ok(ApplyOutcome::Conflict(keys)),
            Some(Failure::Error(error)) => return Err(error),
            None => {}
        }
        let check = |op: &Op| if let Op::Check(check) = op { Some(waiting.translated(check)) } else { None };
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
        let version = |key: &str| waiting.version(key).unwrap_or_else(|| stored.get(key).copied());
        let conflicts = Check::conflicts(&checks, version);
        if !conflicts.is_empty() {
            return Ok(ApplyOutcome::Conflict(conflicts));
        }
        waiting.has_room(&checks, &ops)?;
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
        if let ApplyOutcome::Conflict(keys) = self.carry_out(scope).await? {
            return Ok(RangeOutcome::Conflict(keys));
        }
        let checks: Vec<Check> = {
            let waiting = self.waiting.read().await;
            checks.iter().map(|check| waiting.translated(check)).collect()
        };
        self.inner.delete_range(scope, prefix, &checks).await
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        self.carry_out_first(scope).await?;
        let version = match version {
            Some(version) => Some(self.waiting.read().await.stored_version(version)),
            None => None,
        };
        self.inner.wait(scope, key, version, timeout).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryStorage, Options, PAGE_BYTES, PAGE_ITEMS, Quota, Quotas, quota::name};

    fn stores() -> (Arc<dyn Storage>, Deferred, Scope) {
        stores_with(Quota::default())
    }

    fn stores_with(quota: Quota) -> (Arc<dyn Storage>, Deferred, Scope) {
        let options = Options { quotas: Quotas::uniform(quota), ..Options::default() };
        let inner: Arc<dyn Storage> = Arc::new(MemoryStorage::new(options));
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

    async fn entry(store: &dyn Storage, scope: &Scope, key: &str) -> StoredEntry {
        store.get_many(scope, &[key.to_owned()]).await.unwrap().pop().flatten().unwrap()
    }

    #[tokio::test]
    async fn a_conflict_before_the_end_is_that_of_the_whole_call() {
        let (inner, deferred, scope) = stores();
        let mark = vec![Op::check_absent("mark"), Op::put("mark", "mine")];
        assert!(is_applied(&deferred.apply(&scope, mark).await.unwrap()));
        inner.apply(&scope, vec![Op::put("mark", "theirs")]).await.unwrap();
        assert!(!deferred.is_in_conflict().await, "nobody has looked so far");
        deferred.scan(&scope, "", None, 10).await.unwrap_err();
        assert!(deferred.is_in_conflict().await);
        let conflict = ApplyOutcome::Conflict(vec!["mark".to_owned()]);
        assert_eq!(deferred.apply(&scope, vec![Op::put("other", "mine")]).await.unwrap(), conflict);
        deferred.get_many(&scope, &["mark".to_owned()]).await.unwrap_err();
        let range = deferred.delete_range(&scope, "", &[]).await.unwrap();
        assert_eq!(range, RangeOutcome::Conflict(vec!["mark".to_owned()]));
        assert_eq!(deferred.carry_out(&scope).await.unwrap(), conflict, "not as if nothing waited");
        assert_eq!(value(inner.as_ref(), &scope, "mark").await.as_deref(), Some("theirs"));
    }

    #[tokio::test]
    async fn an_error_before_the_end_is_that_of_the_whole_call() {
        let quota = Quota { items: 1, ..Quota::default() };
        let (_, deferred, scope) = stores_with(quota);
        let puts = vec![Op::put("a", "1"), Op::put("b", "1")];
        assert!(is_applied(&deferred.apply(&scope, puts).await.unwrap()));
        let error = deferred.scan(&scope, "", None, 10).await.unwrap_err();
        assert!(matches!(error, StorageError::Quota { .. }), "{error}");
        for failed in [
            deferred.apply(&scope, vec![Op::delete("a")]).await.unwrap_err(),
            deferred.get_many(&scope, &["a".to_owned()]).await.unwrap_err(),
            deferred.carry_out(&scope).await.unwrap_err(),
        ] {
            assert_eq!(failed, error);
        }
    }

    #[tokio::test]
    async fn what_could_not_be_carried_out_is_refused_at_once() {
        let (inner, deferred, scope) = stores_with(Quota { value_bytes: PAGE_BYTES as u64, ..Quota::default() });
        let half = "v".repeat(PAGE_BYTES / 2);
        for refused in [Op::put("", "v"), Op::put("k", "v\0"), Op::put("k", "v").with_ttl_ms(0)] {
            let error = deferred.apply(&scope, vec![refused]).await.unwrap_err();
            assert!(matches!(error, StorageError::Invalid(_)), "{error}");
        }
        let limit = |error: StorageError| match error {
            StorageError::Quota { name, .. } => name,
            other => panic!("{other}"),
        };
        assert!(is_applied(&deferred.apply(&scope, vec![Op::put("a", &half)]).await.unwrap()));
        assert!(is_applied(&deferred.apply(&scope, vec![Op::put("a", &half)]).await.unwrap()), "in the place of it");
        let error = deferred.apply(&scope, vec![Op::put("b", &half)]).await.unwrap_err();
        assert_eq!(limit(error), name::CALL_BYTES);
        let puts = |keys: std::ops::Range<usize>| keys.map(|key| Op::put(format!("{key:04}"), "")).collect();
        assert!(is_applied(&deferred.apply(&scope, puts(0..PAGE_ITEMS - 1)).await.unwrap()));
        let error = deferred.apply(&scope, puts(PAGE_ITEMS..PAGE_ITEMS + 1)).await.unwrap_err();
        assert_eq!(limit(error), name::CALL_ITEMS);
        assert!(is_applied(&deferred.carry_out(&scope).await.unwrap()), "what was taken");
        assert_eq!(inner.usage(&scope).await.unwrap().items, PAGE_ITEMS as u64);
    }

    #[tokio::test]
    async fn versions_outlive_that_they_are_carried_out() {
        let (_, deferred, scope) = stores();
        deferred.apply(&scope, vec![Op::put("a", "1"), Op::put("b", "1")]).await.unwrap();
        let (a, b) = (entry(&deferred, &scope, "a").await.version, entry(&deferred, &scope, "b").await.version);
        deferred.scan(&scope, "", None, 10).await.unwrap();
        let ApplyOutcome::Applied(versions) =
            deferred.apply(&scope, vec![Op::check_version("a", a), Op::put("c", "1")]).await.unwrap()
        else {
            panic!("nobody else has written it")
        };
        assert!(versions[0] > a.max(b), "none is given twice");
        let crossed = deferred.apply(&scope, vec![Op::check_version("a", b)]).await.unwrap();
        assert_eq!(crossed, ApplyOutcome::Conflict(vec!["a".to_owned()]));
        assert!(!deferred.wait(&scope, "b", Some(b), Duration::ZERO).await.unwrap(), "it is as it was");
        let range = deferred.delete_range(&scope, "a", &[Check::version("b", b)]).await.unwrap();
        assert_eq!(range, RangeOutcome::Done);
        assert!(is_applied(&deferred.carry_out(&scope).await.unwrap()));
    }

    #[tokio::test]
    async fn an_answer_is_no_larger_for_what_waits() {
        let (inner, deferred, scope) = stores_with(Quota { value_bytes: PAGE_BYTES as u64, ..Quota::default() });
        let part = "v".repeat(PAGE_BYTES * 2 / 3);
        inner.apply(&scope, vec![Op::put("a", &part)]).await.unwrap();
        deferred.apply(&scope, vec![Op::put("b", &part)]).await.unwrap();
        let keys = ["a", "b"].map(str::to_owned);
        assert_eq!(deferred.get_many(&scope, &keys).await.unwrap().len(), 1);
        assert_eq!(deferred.get_many(&scope, &keys[1..]).await.unwrap().len(), 1);
    }
}
