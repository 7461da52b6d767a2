//! The backend in one SQLite file: for one machine, any number of processes.
//!
//! One connection writes and a few read. Writers of this process queue for the one connection in the order in which they
//! came, so SQLite's own waiting for locks, which is not fair, concerns other processes only. Readers never wait: the
//! write-ahead log gives each statement the state at its start.
//!
//! `open` makes or checks the file, `schema` brings it up to date, `statements` holds the SQL, `read` and `write` carry out
//! calls, `failure` sorts errors. The SQL keeps to what PostgreSQL understands too; what cannot is in `dialect`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Sqlite, SqlitePool};

use super::batch::Batch;
use super::limits;
use super::notify::{Awaited, Waiters};
use super::{
    Clock, Entry, FingerprintKey, Op, OpenError, Options, Outcome, Page, Quotas, Scope, SealingKey, Storage,
    StorageError, Usage,
};

mod dialect;
mod failure;
mod open;
mod read;
mod schema;
mod statements;
mod write;

use failure::failed;

type Transaction = sqlx::Transaction<'static, Sqlite>;

/// A store in an SQLite file.
pub struct SqliteStorage {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
    clock: Arc<dyn Clock>,
    quotas: Quotas,
    sealing_key: Option<SealingKey>,
    fingerprint_key: Result<FingerprintKey, StorageError>,
    poll_interval: Duration,
    waiters: Waiters,
}

impl SqliteStorage {
    /// Opens the file, and creates it and its folder if they are absent: readable and writable by their owner alone.
    /// Brings an older schema up to date.
    pub async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let open::Opened { path, writer, readers } = open::open(path, options.busy_timeout).await?;
        Ok(Self {
            path,
            writer,
            readers,
            clock: options.clock,
            quotas: options.quotas,
            fingerprint_key: FingerprintKey::new(options.sealing_key.as_ref()),
            sealing_key: options.sealing_key,
            poll_interval: options.poll_interval,
            waiters: Waiters::default(),
        })
    }

    /// A transaction that holds the right to write from its start, so that what it reads cannot change under it.
    async fn begin(&self) -> Result<Transaction, StorageError> {
        self.writer.begin_with(dialect::BEGIN_WRITE).await.map_err(failed)
    }
}

impl fmt::Debug for SqliteStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStorage").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        limits::check_keys(keys, self.quotas.of(scope))?;
        let now = self.clock.now_ms();
        let found = match keys.len() {
            0 => return Ok(Vec::new()),
            _ => read::keys(&self.readers, scope, keys, now).await?,
        };
        found.into_iter().map(|row| row.map(|row| self.unseal(scope, row)).transpose()).collect()
    }

    async fn scan(
        &self,
        scope: &Scope,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        let limit = limits::check_scan(prefix, after_key, limit, self.quotas.of(scope))?;
        let now = self.clock.now_ms();
        let (rows, more) = read::page(&self.readers, scope, prefix, after_key, limit, now).await?;
        let entries = rows.into_iter().map(|row| self.unseal(scope, row)).collect::<Result<_, _>>()?;
        Ok(Page { entries, more })
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<Outcome, StorageError> {
        let quota = self.quotas.of(scope);
        limits::check_ops(&ops, quota)?;
        let mut batch = Batch::new(ops);
        // Before the transaction: it is pure work, and others wait while it is open.
        write::seal(&mut batch, scope, self.sealing_key.as_ref())?;
        let mut transaction = self.begin().await?;
        let outcome = write::carry_out(&mut transaction, scope, &mut batch, quota, self.clock.now_ms()).await?;
        match outcome {
            Outcome::Conflict(_) => transaction.rollback().await.map_err(failed)?,
            Outcome::Applied(_) => {
                transaction.commit().await.map_err(failure::failed_commit)?;
                self.waiters.announce(scope, &batch);
            }
        }
        Ok(outcome)
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        limits::check_wait(key, self.quotas.of(scope))?;
        let read = || read::version(&self.readers, scope, key, self.clock.now_ms());
        let awaited = Awaited { scope, key, version, timeout, poll: Some(self.poll_interval) };
        self.waiters.wait(awaited, &*self.clock, read).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        read::usage(&self.readers, scope, self.clock.now_ms()).await
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        let mut transaction = self.begin().await?;
        write::delete_scope(&mut transaction, scope).await?;
        transaction.commit().await.map_err(failure::failed_commit)?;
        self.waiters.announce_all(scope);
        write::purge_deleted_scopes(&self.writer).await.map_err(failed)
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.fingerprint_key.clone()
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl SqliteStorage {
    fn unseal(&self, scope: &Scope, row: read::Row) -> Result<Entry, StorageError> {
        let read::Row { key, version, expires_at_ms, sealed, value, bytes: _ } = row;
        let value = match (sealed, &self.sealing_key) {
            (false, _) => value,
            (true, Some(sealing_key)) => sealing_key.open(scope, &key, &value)?,
            (true, None) => {
                return Err(StorageError::Other(
                    "a sealed value cannot be read: this store was opened without a sealing key; configure the key it \
                     was written with"
                        .into(),
                ));
            }
        };
        Ok(Entry { key, value, version, expires_at_ms })
    }
}
