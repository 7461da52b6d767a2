//! A scope as it was at one moment, page by page.

use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Connection;
use tokio::sync::OwnedSemaphorePermit;

use super::super::super::{Kept, PAGE_ITEMS, Scope, SealingKey, Snapshot, StorageError};
use super::read::View;
use super::threads::Threads;

/// One state of a scope: a transaction that reads, on a connection of its own.
pub(super) struct SqliteSnapshot {
    /// In the transaction, which ends with it. None after a failure.
    pub(super) connection: Option<Connection>,
    pub(super) readers: Arc<Threads>,
    pub(super) scope: Scope,
    /// The row of the scope.
    pub(super) id: Option<i64>,
    pub(super) time_ms: u64,
    pub(super) sealing_key: Option<SealingKey>,
    /// Where the last page ended.
    pub(super) last_key: Option<String>,
    pub(super) ended: bool,
    pub(super) _permit: OwnedSemaphorePermit,
}

#[async_trait]
impl Snapshot for SqliteSnapshot {
    async fn next(&mut self) -> Result<Vec<Kept>, StorageError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let broken = || StorageError::unavailable("reading the snapshot has failed before; take another");
        let connection = self.connection.take().ok_or_else(broken)?;
        let (id, time_ms, last_key) = (self.id, self.time_ms, self.last_key.take());
        let read = move |_: &Connection| {
            let page = View::resumed(&connection, id, time_ms).page("", last_key.as_deref(), PAGE_ITEMS)?;
            Ok((connection, page))
        };
        let (connection, (stored, more)) = self.readers.run(read).await?;
        self.connection = Some(connection);
        self.last_key = stored.last().map(|last| last.key.clone());
        self.ended = !more;
        Ok(stored.into_iter().map(|stored| stored.open(&self.scope, self.sealing_key.as_ref())).collect())
    }
}
