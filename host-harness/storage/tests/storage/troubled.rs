//! A store around another one in which something happens at the wrong moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use async_trait::async_trait;
use organisation_storage::{Op, Scope, Storage, StorageError, StorageLayer};

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
impl StorageLayer for Troubled {
    fn inner(&self) -> &dyn Storage {
        self.inner.as_ref()
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        if self.deletions.fetch_add(1, SeqCst) + 1 == self.fails_at {
            return Err(StorageError::Other("the database went away".into()));
        }
        self.inner.delete_scope(scope).await
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
}
