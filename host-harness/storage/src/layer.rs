//! A store around another one.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    ApplyOutcome, Check, FingerprintKey, KeyPage, Op, Page, Quota, RangeOutcome, Scope, Snapshot, Storage,
    StorageError, StoredEntry, Usage,
};

/// A store around another one, for what changes or counts some calls: every method passes on to the store within unless it is
/// written otherwise. Whoever is a layer is a [`Storage`].
#[async_trait]
#[expect(missing_docs, reason = "each method is that of `Storage`")]
pub trait StorageLayer: Send + Sync + fmt::Debug {
    /// The store within.
    fn inner(&self) -> &dyn Storage;

    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        self.inner().get_many(scope, keys).await
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        self.inner().scan(scope, prefix, after, limit).await
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        self.inner().scan_keys(scope, prefix, after, limit).await
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        self.inner().apply(scope, ops).await
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        self.inner().delete_range(scope, prefix, checks).await
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        self.inner().wait(scope, key, version, timeout).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        self.inner().usage(scope).await
    }

    fn quota(&self, scope: &Scope) -> Quota {
        self.inner().quota(scope)
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        self.inner().delete_scope(scope).await
    }

    async fn clear_deleted(&self) -> Result<(), StorageError> {
        self.inner().clear_deleted().await
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.inner().fingerprint_key()
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        self.inner().scopes(tenant).await
    }

    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError> {
        self.inner().snapshot(scope).await
    }

    async fn close(&self) {
        self.inner().close().await;
    }
}

#[async_trait]
impl<L: StorageLayer> Storage for L {
    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        StorageLayer::get_many(self, scope, keys).await
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        StorageLayer::scan(self, scope, prefix, after, limit).await
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        StorageLayer::scan_keys(self, scope, prefix, after, limit).await
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        StorageLayer::apply(self, scope, ops).await
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        StorageLayer::delete_range(self, scope, prefix, checks).await
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        StorageLayer::wait(self, scope, key, version, timeout).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        StorageLayer::usage(self, scope).await
    }

    fn quota(&self, scope: &Scope) -> Quota {
        StorageLayer::quota(self, scope)
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        StorageLayer::delete_scope(self, scope).await
    }

    async fn clear_deleted(&self) -> Result<(), StorageError> {
        StorageLayer::clear_deleted(self).await
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        StorageLayer::fingerprint_key(self)
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        StorageLayer::scopes(self, tenant).await
    }

    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError> {
        StorageLayer::snapshot(self, scope).await
    }

    async fn close(&self) {
        StorageLayer::close(self).await;
    }
}
