//! `storage`: from the contract's words to those of [`crate::storage`] and back. The scope comes from the host: nothing
//! that a component says can name another tenant's keys.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::{
    call::state::{CallState, Capabilities},
    contract::{
        storage::{
            Check, Entry, EntryPage, Expectation, Host, KeyPage, Op, Outcome, Quota, RangeOutcome, StorageError,
        },
        to_json,
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

    /// The component gets the kind; what exactly happened to the database is for the operator, who gets a warning for the
    /// first failure of a call and one with their number at its end. The component's own mistakes are not his business.
    fn storage_error(&mut self, error: storage::StorageError) -> StorageError {
        let (call, site) = (&self.recorder.call, &self.recorder.site);
        macro_rules! event {
            ($level:ident) => {
                tracing::event!(
                    tracing::Level::$level,
                    lowcode.tenant = site.tenant,
                    lowcode.element = site.element,
                    lowcode.call = call,
                    %error,
                    "storage failed"
                )
            };
        }
        let is_the_components =
            matches!(error, storage::StorageError::Invalid(_) | storage::StorageError::Quota { .. });
        if !is_the_components {
            self.storage_failures += 1;
        }
        if is_the_components || self.storage_failures > 1 {
            event!(DEBUG);
        } else {
            event!(WARN);
        }
        error.into()
    }
}

/// The answer of an import: the one that is played, else what the store answers. Either is written down where calls are.
macro_rules! answered {
    ($state:ident, $function:literal, $arguments:expr, |$store:ident, $scope:ident| $work:expr) => {{
        let played = $state.tape.ask($function, || Ok($arguments))?;
        let answer = match (played, $state.store()) {
            (Some(played), _) => played,
            (None, Err(error)) => Err(error),
            (None, Ok(($store, $scope))) => match $work.await {
                Ok(answer) => Ok(answer.into()),
                Err(error) => Err($state.storage_error(error)),
            },
        };
        $state.tape.note(&answer)?;
        answer
    }};
}

impl Host for CallState {
    async fn get_many(&mut self, keys: Vec<String>) -> wasmtime::Result<Result<Vec<Option<Entry>>, StorageError>> {
        self.count("storage")?;
        self.transfer(keys.iter().map(|key| size_of::<String>() + key.len()).sum())?;
        let answer: Result<Vec<Option<Entry>>, _> =
            answered!(self, "storage.get-many", json!({"keys": keys}), |store, scope| async {
                let found = store.get_many(scope, &keys).await?;
                Ok(found.into_iter().map(|entry| entry.map(Into::into)).collect::<Vec<_>>())
            });
        if let Ok(found) = &answer {
            self.transfer(found.iter().map(|entry| entry.as_ref().map_or(0, entry_bytes)).sum())?;
        }
        Ok(answer)
    }

    async fn scan(
        &mut self,
        prefix: String,
        after_key: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<EntryPage, StorageError>> {
        self.count("storage")?;
        let asked = || json!({"prefix": prefix, "after_key": after_key, "limit": limit});
        let answer: Result<EntryPage, _> = answered!(self, "storage.scan", asked(), |store, scope| {
            store.scan(scope, &prefix, after_key.as_deref(), limit)
        });
        if let Ok(page) = &answer {
            self.transfer(page.entries.iter().map(entry_bytes).sum())?;
        }
        Ok(answer)
    }

    async fn scan_keys(
        &mut self,
        prefix: String,
        after_key: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<KeyPage, StorageError>> {
        self.count("storage")?;
        let asked = || json!({"prefix": prefix, "after_key": after_key, "limit": limit});
        let answer: Result<KeyPage, _> = answered!(self, "storage.scan-keys", asked(), |store, scope| {
            store.scan_keys(scope, &prefix, after_key.as_deref(), limit)
        });
        if let Ok(page) = &answer {
            self.transfer(page.keys.iter().map(|key| size_of::<String>() + key.len()).sum())?;
        }
        Ok(answer)
    }

    async fn apply(&mut self, ops: Vec<Op>) -> wasmtime::Result<Result<Outcome, StorageError>> {
        self.count("storage")?;
        self.transfer(ops.iter().map(op_bytes).sum())?;
        Ok(answered!(self, "storage.apply", json!({"ops": to_json(&ops)?}), |store, scope| {
            store.apply(scope, ops.into_iter().map(Into::into).collect())
        }))
    }

    async fn delete_range(
        &mut self,
        prefix: String,
        checks: Vec<Check>,
    ) -> wasmtime::Result<Result<RangeOutcome, StorageError>> {
        self.count("storage")?;
        self.transfer(checks.iter().map(|check| size_of::<Check>() + check.key.len()).sum())?;
        let asked = || Ok(json!({"prefix": prefix, "checks": to_json(&checks)?}));
        Ok(answered!(self, "storage.delete-range", asked()?, |store, scope| async {
            let checks: Vec<storage::Check> = checks.into_iter().map(Into::into).collect();
            store.delete_range(scope, &prefix, &checks).await
        }))
    }

    async fn wait(
        &mut self,
        key: String,
        version: Option<u64>,
        timeout_ms: u32,
    ) -> wasmtime::Result<Result<bool, StorageError>> {
        self.count("storage")?;
        let left = self.deadline.saturating_duration_since(Instant::now());
        let timeout = Duration::from_millis(timeout_ms.into()).min(left);
        let asked = || json!({"key": key, "version": version, "timeout_ms": timeout_ms});
        Ok(answered!(self, "storage.wait", asked(), |store, scope| store.wait(scope, &key, version, timeout)))
    }
}

/// What an entry is in bytes, as it crosses the boundary.
fn entry_bytes(entry: &Entry) -> usize {
    size_of::<Entry>() + entry.key.len() + entry.value.len()
}

fn op_bytes(op: &Op) -> usize {
    let texts = match op {
        Op::Put(put) => put.key.len() + put.value.len(),
        Op::Delete(key) => key.len(),
        Op::Check(check) => check.key.len(),
    };
    size_of::<Op>() + texts
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

impl From<storage::KeyPage> for KeyPage {
    fn from(page: storage::KeyPage) -> Self {
        Self { keys: page.keys, more: page.more }
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
