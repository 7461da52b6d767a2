//! The store of a component under examination.

use std::time::Duration;

use async_trait::async_trait;
use organisation_host::storage::{
    ApplyOutcome, Check, KeyPage, Op, Page, RangeOutcome, Scope, Storage, StorageError, StorageLayer, StoredEntry,
};

use super::Platform;

#[async_trait]
impl StorageLayer for Platform {
    fn inner(&self) -> &dyn Storage {
        &self.store
    }

    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        self.stored(self.store.get_many(scope, keys)).await
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        self.stored(self.store.scan(scope, prefix, after, limit)).await
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        {
            let mut state = self.state();
            if state.unwritable.as_ref() == Some(scope) {
                return Err(StorageError::unavailable("nothing can be written here (examination)"));
            }
            state.notice(&ops);
        }
        self.stored(self.store.apply(scope, ops)).await
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        self.stored(self.store.scan_keys(scope, prefix, after, limit)).await
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        self.state().counts.writes += 1;
        self.stored(self.store.delete_range(scope, prefix, checks)).await
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        self.stored(self.store.wait(scope, key, version, timeout)).await
    }
}
