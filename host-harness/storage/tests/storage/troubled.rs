//! A store around another one in which something happens at the wrong moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use organisation_storage::{
    ApplyOutcome, Check, FingerprintKey, KeyPage, Op, Page, RangeOutcome, Scope, Snapshot, Storage, StorageError,
    StoredEntry, Usage,
};

#[derive(Debug)]
pub(crate) struct Troubled {
    pub(crate) inner: Arc<dyn Storage>,
    /// The deletion that fails, from 1; 0: none.
    pub(crate) fails_at: usize,
    pub(crate) deletions: AtomicUsize,
    /// Where somebody writes once, just after it was found that a tenant has nothing.
    pub(crate) comes_back: Option<Scope>,
    pub(crate) came: AtomicUsize,
}

impl Troubled {
    pub(crate) fn around(inner: &Arc<dyn Storage>) -> Self {
        let inner = Arc::clone(inner);
        Self { inner, fails_at: 0, deletions: AtomicUsize::new(0), comes_back: None, came: AtomicUsize::new(0) }
    }
}

#[async_trait]
impl Storage for Troubled {
    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        if self.deletions.fetch_add(1, SeqCst) + 1 == self.fails_at {
            return Err(StorageError::Other("the database went away".into()));
        }
        self.inner.delete_scope(scope).await
    }

    async fn clear_deleted(&self) -> Result<(), StorageError> {
        self.inner.clear_deleted().await
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        let scopes = self.inner.scopes(tenant).await?;
        if let Some(scope) = self.comes_back.as_ref().filter(|_| scopes.is_empty())
            && self.came.fetch_add(1, SeqCst) == 0
        {
            self.inner.apply(scope, vec![Op::put("state", "of a sign-in")]).await?;
        }
        Ok(scopes)
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        self.inner.apply(scope, ops).await
    }

    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        self.inner.get_many(scope, keys).await
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        self.inner.scan(scope, prefix, after, limit).await
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        self.inner.scan_keys(scope, prefix, after, limit).await
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        self.inner.delete_range(scope, prefix, checks).await
    }

    async fn wait(&self, s: &Scope, key: &str, version: Option<u64>, timeout: Duration) -> Result<bool, StorageError> {
        self.inner.wait(s, key, version, timeout).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        self.inner.usage(scope).await
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.inner.fingerprint_key()
    }

    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError> {
        self.inner.snapshot(scope).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
