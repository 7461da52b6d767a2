//! `storage`: from the contract's words to those of [`crate::storage`] and back. The scope comes from the host: nothing
//! that a component says can name another tenant's keys.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    call::state::{CallState, Capabilities},
    contract::storage::{
        Check, Entry, EntryPage, Expectation, Host, KeyPage, Op, Outcome, Quota, RangeOutcome, StorageError,
    },
    storage,
};

impl CallState {
    fn store(&self) -> Result<(&dyn storage::Storage, &storage::Scope), StorageError> {
        match &self.capabilities {
            Capabilities::Everything { storage, scope, .. } => Ok((storage.as_ref(), scope)),
            Capabilities::Nothing => Err(StorageError::Other("this function is pure and has no storage".to_owned())),
        }
    }

    /// The component gets the kind; what exactly happened to the database is for the operator.
    fn storage_error(&self, error: storage::StorageError) -> StorageError {
        let (call, site) = (&self.recorder.call, &self.recorder.site);
        tracing::warn!(
            lowcode.tenant = site.tenant, lowcode.element = site.element, lowcode.call = call, %error, "storage failed"
        );
        error.into()
    }
}

impl Host for CallState {
    async fn get_many(&mut self, keys: Vec<String>) -> wasmtime::Result<Result<Vec<Option<Entry>>, StorageError>> {
        self.count("storage")?;
        let (store, scope) = match self.store() {
            Ok(store) => store,
            Err(error) => return Ok(Err(error)),
        };
        let found = store.get_many(scope, &keys).await;
        Ok(found
            .map(|entries| entries.into_iter().map(|entry| entry.map(Into::into)).collect())
            .map_err(|error| self.storage_error(error)))
    }

    async fn scan(
        &mut self,
        prefix: String,
        after_key: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<EntryPage, StorageError>> {
        self.count("storage")?;
        let (store, scope) = match self.store() {
            Ok(store) => store,
            Err(error) => return Ok(Err(error)),
        };
        let page = store.scan(scope, &prefix, after_key.as_deref(), limit).await;
        Ok(page.map(Into::into).map_err(|error| self.storage_error(error)))
    }

    async fn scan_keys(
        &mut self,
        prefix: String,
        after_key: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<KeyPage, StorageError>> {
        self.count("storage")?;
        let (store, scope) = match self.store() {
            Ok(store) => store,
            Err(error) => return Ok(Err(error)),
        };
        let page = store.scan_keys(scope, &prefix, after_key.as_deref(), limit).await;
        Ok(page.map(|page| KeyPage { keys: page.keys, more: page.more }).map_err(|error| self.storage_error(error)))
    }

    async fn apply(&mut self, ops: Vec<Op>) -> wasmtime::Result<Result<Outcome, StorageError>> {
        self.count("storage")?;
        let (store, scope) = match self.store() {
            Ok(store) => store,
            Err(error) => return Ok(Err(error)),
        };
        let outcome = store.apply(scope, ops.into_iter().map(Into::into).collect()).await;
        Ok(outcome.map(Into::into).map_err(|error| self.storage_error(error)))
    }

    async fn delete_range(
        &mut self,
        prefix: String,
        checks: Vec<Check>,
    ) -> wasmtime::Result<Result<RangeOutcome, StorageError>> {
        self.count("storage")?;
        let (store, scope) = match self.store() {
            Ok(store) => store,
            Err(error) => return Ok(Err(error)),
        };
        let checks: Vec<storage::Check> = checks.into_iter().map(Into::into).collect();
        let outcome = store.delete_range(scope, &prefix, &checks).await;
        Ok(outcome.map(Into::into).map_err(|error| self.storage_error(error)))
    }

    async fn wait(
        &mut self,
        key: String,
        version: Option<u64>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<bool, StorageError>> {
        self.count("storage")?;
        let (store, scope) = match self.store() {
            Ok(store) => store,
            Err(error) => return Ok(Err(error)),
        };
        let left = self.deadline.saturating_duration_since(Instant::now());
        let timeout = Duration::from_millis(timeout_ms.into()).min(left);
        let changed = store.wait(scope, &key, version, timeout).await;
        Ok(changed.map_err(|error| self.storage_error(error)))
    }
}

impl From<storage::StoredEntry> for Entry {
    fn from(entry: storage::StoredEntry) -> Self {
        Self { key: entry.key, value: entry.value, version: entry.version }
    }
}

impl From<storage::Page> for EntryPage {
    fn from(page: storage::Page) -> Self {
        Self { entries: page.entries.into_iter().map(Into::into).collect(), more: page.more }
    }
}

impl From<Op> for storage::Op {
    fn from(op: Op) -> Self {
        match op {
            Op::Put(put) => Self::Put { key: put.key, value: put.value, ttl_ms: put.ttl_ms, sealed: put.sealed },
            Op::Delete(key) => Self::Delete { key },
            Op::Check(check) => Self::Check(check.into()),
        }
    }
}

impl From<Check> for storage::Check {
    fn from(check: Check) -> Self {
        let expected = match check.expected {
            Expectation::Absent => storage::Expectation::Absent,
            Expectation::Version(version) => storage::Expectation::Version(version),
        };
        Self { key: check.key, expected }
    }
}

impl From<storage::RangeOutcome> for RangeOutcome {
    fn from(outcome: storage::RangeOutcome) -> Self {
        match outcome {
            storage::RangeOutcome::Done => Self::Done,
            storage::RangeOutcome::More => Self::More,
            storage::RangeOutcome::Conflict(keys) => Self::Conflict(keys),
        }
    }
}

impl From<storage::ApplyOutcome> for Outcome {
    fn from(outcome: storage::ApplyOutcome) -> Self {
        match outcome {
            storage::ApplyOutcome::Applied(versions) => Self::Applied(versions),
            storage::ApplyOutcome::Conflict(keys) => Self::Conflict(keys),
        }
    }
}

impl From<storage::StorageError> for StorageError {
    fn from(error: storage::StorageError) -> Self {
        match error {
            storage::StorageError::Unavailable { maybe_applied, .. } => Self::Unavailable(maybe_applied),
            storage::StorageError::Quota { name, limit, .. } => Self::Quota(Quota { name: name.to_owned(), limit }),
            storage::StorageError::Invalid(message) => Self::Invalid(message),
            storage::StorageError::Other(message) => Self::Other(message),
        }
    }
}
