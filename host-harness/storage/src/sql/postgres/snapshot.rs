//! One state of a scope: a transaction that reads.

use std::sync::Arc;

use super::super::super::{Kept, PAGE_ITEMS, Scope, SealingKey, Snapshot, StorageError};
use super::connections::PooledConnection;
use super::read::View;
use super::statements::Statements;
use async_trait::async_trait;

pub(super) struct PostgresSnapshot {
    /// In the transaction, which ends with it.
    pub(super) link: PooledConnection,
    pub(super) statements: Arc<Statements>,
    pub(super) scope: Scope,
    pub(super) time_ms: Option<u64>,
    pub(super) sealing_key: Option<SealingKey>,
    /// Where the last page ended.
    pub(super) last_key: Option<String>,
    pub(super) ended: bool,
}

#[async_trait]
impl Snapshot for PostgresSnapshot {
    async fn next(&mut self) -> Result<Vec<Kept>, StorageError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let Self { link, statements, scope, time_ms, last_key, sealing_key, ended } = self;
        let view = View { statements, scope, time_ms: *time_ms };
        let (stored, more) = view.page(link, "", last_key.as_deref(), PAGE_ITEMS).await?;
        *ended = !more;
        *last_key = stored.last().map(|last| last.key.clone());
        Ok(stored.into_iter().map(|stored| stored.open(scope, sealing_key.as_ref())).collect())
    }
}
