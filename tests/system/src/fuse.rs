//! Cutting a call off in its middle, at a chosen operation, as the death of a host would.
//!
//! A [`Fuse`] counts what a call does outside the guest: requests (through the [`Switchboard`](crate::switchboard)) and
//! storage operations (through [`Fused`]). When the count is used up the operation does not return, and the test drops
//! the call's future: the guest is gone at a known point. Or it lets the operation go on after all, as for a host that
//! was stopped for a while.

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use organisation_host::storage::{
    ApplyOutcome, Check, KeyPage, Op, Page, RangeOutcome, Scope, Storage, StorageError, StorageLayer, StoredEntry,
};
use tokio::sync::Notify;

/// On which side of the last operation the call dies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cut {
    /// The operation is not carried out.
    #[default]
    Before,
    /// It is carried out, but nobody learns of it.
    After,
}

/// Counts operations down. Cheap to share; whole until it is armed.
#[derive(Debug, Default)]
pub struct Fuse {
    is_armed: AtomicBool,
    left: AtomicI64,
    cut: Mutex<Cut>,
    blown: Notify,
    resumed: Notify,
}

impl Fuse {
    /// Lets `operations` pass, then cuts.
    pub fn arm(&self, operations: i64, cut: Cut) {
        self.left.store(operations, Ordering::SeqCst);
        *self.cut.lock().unwrap_or_else(PoisonError::into_inner) = cut;
        self.is_armed.store(true, Ordering::SeqCst);
    }

    /// Lets everything pass again.
    pub fn mend(&self) {
        self.is_armed.store(false, Ordering::SeqCst);
    }

    /// Lets the operations go on that hang, as if a stopped host came back.
    pub fn resume(&self) {
        self.resumed.notify_waiters();
    }

    /// Runs a call until it answers (`Some`) or the fuse cuts it off (`None`).
    pub async fn watch<T>(&self, call: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.blown.notified() => None,
            answer = call => Some(answer),
        }
    }

    /// Carries out one operation, or dies at it.
    pub async fn pass<T>(&self, operation: impl Future<Output = T>) -> T {
        if !self.is_armed.load(Ordering::SeqCst) || self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return operation.await;
        }
        let cut = *self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        match cut {
            Cut::Before => {
                self.hang().await;
                operation.await
            }
            Cut::After => {
                let outcome = operation.await;
                self.hang().await;
                outcome
            }
        }
    }

    async fn hang(&self) {
        self.blown.notify_one();
        self.resumed.notified().await;
    }
}

/// A store whose operations go through a fuse.
pub struct Fused {
    /// The store itself.
    pub inner: Arc<dyn Storage>,
    /// What counts its operations.
    pub fuse: Arc<Fuse>,
}

impl fmt::Debug for Fused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fused").field("inner", &self.inner).finish_non_exhaustive()
    }
}

#[async_trait]
impl StorageLayer for Fused {
    fn inner(&self) -> &dyn Storage {
        self.inner.as_ref()
    }

    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        self.fuse.pass(self.inner.get_many(scope, keys)).await
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        self.fuse.pass(self.inner.scan(scope, prefix, after, limit)).await
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        self.fuse.pass(self.inner.apply(scope, ops)).await
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        self.fuse.pass(self.inner.scan_keys(scope, prefix, after, limit)).await
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        self.fuse.pass(self.inner.delete_range(scope, prefix, checks)).await
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        self.fuse.pass(self.inner.wait(scope, key, version, timeout)).await
    }
}
