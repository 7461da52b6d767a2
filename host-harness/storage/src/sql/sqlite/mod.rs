//! SQLite: one file, for one machine, any number of processes.
//!
//! One thread writes, so that the writers of this process queue in the order in which they came, and SQLite's own
//! waiting for locks, which is not fair, concerns other processes only. A few threads read; they wait for no writer:
//! each call sees the state at its start. `threads` hands work over, `open` makes the file and connects, `read` and
//! `write` carry out calls, `snapshot` reads one state page by page, and `failure` says what an error of SQLite means.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::Semaphore;

use super::super::batch::Batch;
use super::super::limits;
use super::super::notify::{Awaited, Waiters};
use super::super::scope::check_tenant;
use super::super::{
    ApplyOutcome, Check, Clock, FingerprintKey, KeyPage, Op, OpenError, Options, Page, Quota, Quotas, RangeOutcome,
    Scope, SealingKey, Snapshot, Storage, StorageError, StoredEntry, SystemClock, Usage,
};
use super::QUEUE_TIMEOUT;
use super::failure::{Kind, SqlFailure};
use super::queue::Queues;
use super::retry::repeated;
use super::stored::{Stored, seal};
use super::writing::Attempt;

mod failure;
mod open;
mod read;
mod snapshot;
mod threads;
mod write;

use open::File;
use read::View;
use snapshot::SqliteSnapshot;
use threads::{Threads, Work};
use write::Writing;

/// How many threads read: enough to keep two cores busy; a read takes less than a millisecond.
const READERS: usize = 4;

/// How long others get to go on before bytes of what was deleted are taken away.
const WIPE_PAUSE: Duration = Duration::from_millis(10);

/// A store in a file.
pub(super) struct SqliteStorage {
    /// The path of the file.
    place: String,
    writer: Threads,
    readers: Arc<Threads>,
    /// Those of the snapshots: each has a connection of its own.
    snapshots: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    quotas: Quotas,
    sealing_key: Option<SealingKey>,
    fingerprint_key: Result<FingerprintKey, StorageError>,
    busy_timeout: Duration,
    poll_interval: Duration,
    queues: Queues,
    waiters: Arc<Waiters>,
}

impl SqliteStorage {
    /// Opens the file, and creates it and its folder if they are absent.
    pub(super) async fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let (path, busy_timeout) = (path.to_owned(), options.busy_timeout);
        let place = path.display().to_string();
        let making = tokio::task::spawn_blocking(move || File::make(&path, busy_timeout));
        let file = making
            .await
            .map_err(|stopped| OpenError::Database { place: place.clone(), message: stopped.to_string() })??;
        let failed = |failure: SqlFailure| failure.of_open(&place);
        // SQLite itself gives up after the busy timeout; the rest is for the queue and a slow disk.
        let limit = busy_timeout.saturating_add(QUEUE_TIMEOUT);
        let writer = Threads::start(file.clone(), Work::Write, 1, limit).map_err(failed)?;
        let made = || {
            let file = file.clone();
            writer.run(move |connection| file.bring_up_to_date(connection))
        };
        repeated(made).await.map_err(failed)?.judge(&place)?;
        let readers = Threads::start(file.to_read(), Work::Read, READERS, limit).map_err(failed)?;
        let store = Self {
            writer,
            readers: Arc::new(readers),
            snapshots: Arc::new(Semaphore::new(READERS)),
            clock: options.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            quotas: options.quotas,
            fingerprint_key: FingerprintKey::new(options.sealing_key.as_ref()),
            sealing_key: options.sealing_key,
            busy_timeout: options.busy_timeout,
            poll_interval: options.poll_interval,
            queues: Queues::default(),
            waiters: Arc::default(),
            place,
        };
        store.purge_deleted_scopes().await.map_err(|failure| failure.of_open(&store.place))?;
        Ok(store)
    }

    /// Has a thread read one state of a scope.
    async fn read<T: Send + 'static>(
        &self,
        scope: &Scope,
        read: impl Fn(&View<'_>) -> Result<T, SqlFailure> + Send + Sync + 'static,
    ) -> Result<T, SqlFailure> {
        let read = Arc::new(read);
        let attempt = || {
            let (read, scope, time_ms) = (Arc::clone(&read), scope.clone(), self.clock.now_ms());
            self.readers.run(move |connection| read(&View::begin(connection, &scope, time_ms)?))
        };
        repeated(attempt).await
    }

    /// Has the thread that writes do this within a transaction on a scope.
    async fn write<T: Send + 'static>(
        &self,
        scope: &Scope,
        write: impl Fn(Writing<'_>) -> Result<T, SqlFailure> + Send + Sync + 'static,
    ) -> Result<T, SqlFailure> {
        let write = Arc::new(write);
        let attempt = || {
            let (write, scope, clock) = (Arc::clone(&write), scope.clone(), Arc::clone(&self.clock));
            self.writer.run(move |connection| write(Writing::begin(connection, &scope, || clock.now_ms())?))
        };
        repeated(attempt).await
    }

    async fn purge_deleted_scopes(&self) -> Result<(), SqlFailure> {
        for scope in repeated(|| self.writer.run(write::tombstones)).await? {
            while repeated(|| self.writer.run(move |connection| write::purge_portion(connection, scope))).await? {}
        }
        Ok(())
    }

    /// Takes away the bytes of what was deleted. Others may be in the way for as long as writers wait for each other;
    /// those of this process write meanwhile.
    async fn wipe(&self) -> Result<(), StorageError> {
        let start = Instant::now();
        let attempt = || {
            let file = self.writer.file().clone();
            self.writer.run(move |connection| write::wipe(connection, &file))
        };
        while !repeated(attempt).await? {
            if start.elapsed() > self.busy_timeout {
                return Err(StorageError::unavailable(
                    "the entries are deleted, but others keep reading what still holds their bytes; delete once more",
                ));
            }
            tokio::time::sleep(WIPE_PAUSE).await;
        }
        Ok(())
    }

    fn unseal(&self, scope: &Scope, stored: Stored) -> Result<StoredEntry, StorageError> {
        stored.unsealed(scope, self.sealing_key.as_ref())
    }
}

impl fmt::Debug for SqliteStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStorage").field("place", &self.place).finish_non_exhaustive()
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        limits::check_keys(keys, &self.quotas.of(scope))?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys = keys.to_vec();
        let found = self.read(scope, move |view| view.keys(&keys)).await?;
        found.into_iter().map(|stored| stored.map(|stored| self.unseal(scope, stored)).transpose()).collect()
    }

    async fn scan(
        &self,
        scope: &Scope,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError> {
        let limit = limits::check_scan(prefix, after_key, limit, &self.quotas.of(scope))?;
        let (prefix, after_key) = (prefix.to_owned(), after_key.map(str::to_owned));
        let (stored, more) = self.read(scope, move |view| view.page(&prefix, after_key.as_deref(), limit)).await?;
        let entries = stored.into_iter().map(|stored| self.unseal(scope, stored)).collect::<Result<_, _>>()?;
        Ok(Page { entries, more })
    }

    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError> {
        let limit = limits::check_scan(prefix, after_key, limit, &self.quotas.of(scope))?;
        let (prefix, after_key) = (prefix.to_owned(), after_key.map(str::to_owned));
        let (keys, more) = self.read(scope, move |view| view.key_page(&prefix, after_key.as_deref(), limit)).await?;
        Ok(KeyPage { keys, more })
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        let quota = self.quotas.of(scope);
        limits::check_ops(&ops, &quota)?;
        let mut batch = Batch::new(ops);
        // Before the transaction: it is pure work, and others wait while it is open.
        seal(&mut batch, scope, self.sealing_key.as_ref())?;
        let batch = Arc::new(batch);
        loop {
            // Anew after each portion of what has expired, so that the scope's other writers come between.
            let _permit = self.queues.acquire(scope).await?;
            let (batch, waiters, of) = (Arc::clone(&batch), Arc::clone(&self.waiters), scope.clone());
            let apply = move |writing: Writing<'_>| {
                let attempt = writing.apply(&batch, &quota)?;
                if matches!(attempt, Attempt::Ended(ApplyOutcome::Applied(_))) {
                    // Here, so that it happens also when the caller is gone.
                    waiters.announce(&of, &batch);
                }
                Ok(attempt)
            };
            if let Attempt::Ended(outcome) = self.write(scope, apply).await? {
                return Ok(outcome);
            }
        }
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        limits::check_range(prefix, checks, &self.quotas.of(scope))?;
        let _permit = self.queues.acquire(scope).await?;
        let (prefix, checks) = (prefix.to_owned(), checks.to_vec());
        let (waiters, of) = (Arc::clone(&self.waiters), scope.clone());
        let delete = move |writing: Writing<'_>| {
            let outcome = writing.delete_range(&prefix, &checks)?;
            if !matches!(outcome, RangeOutcome::Conflict(_)) {
                waiters.announce_range(&of, &prefix);
            }
            Ok(outcome)
        };
        Ok(self.write(scope, delete).await?)
    }

    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError> {
        limits::check_wait(key, &self.quotas.of(scope))?;
        let awaited: Arc<str> = key.into();
        let read = || async {
            let key = Arc::clone(&awaited);
            Ok(self.read(scope, move |view| view.version(&key)).await?)
        };
        let awaited = Awaited { scope, key, version, timeout, poll: Some(self.poll_interval) };
        self.waiters.wait(awaited, &*self.clock, read).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the method is that of a view of one lifetime")]
        let usage = self.read(scope, |view| view.usage()).await?;
        Ok(usage)
    }

    fn quota(&self, scope: &Scope) -> Quota {
        self.quotas.of(scope)
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        let permit = self.queues.acquire(scope).await?;
        let (waiters, of) = (Arc::clone(&self.waiters), scope.clone());
        let delete = move |writing: Writing<'_>| {
            writing.delete_scope()?;
            waiters.announce_all(&of);
            Ok(())
        };
        self.write(scope, delete).await?;
        drop(permit);
        self.clear_deleted().await
    }

    async fn clear_deleted(&self) -> Result<(), StorageError> {
        self.purge_deleted_scopes().await?;
        self.wipe().await
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.fingerprint_key.clone()
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        check_tenant(tenant)?;
        let attempt = || {
            let tenant = tenant.to_owned();
            self.readers.run(move |connection| read::elements(connection, &tenant))
        };
        let elements = repeated(attempt).await?;
        let scopes = elements.iter().map(|element| Scope::new(tenant, element));
        let mut scopes = scopes.collect::<Result<Vec<_>, StorageError>>()?;
        scopes.sort_unstable();
        Ok(scopes)
    }

    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError> {
        let permit = tokio::time::timeout(QUEUE_TIMEOUT, Arc::clone(&self.snapshots).acquire_owned()).await;
        let busy = || SqlFailure::database(Kind::Busy, "too many snapshots are being read".to_owned());
        let permit = permit.ok().and_then(Result::ok).ok_or_else(busy)?;
        let time_ms = self.clock.now_ms();
        let attempt = || {
            let (scope, file) = (scope.clone(), self.readers.file().clone());
            self.readers.run(move |_| {
                let connection = file.connect()?;
                let id = View::begin(&connection, &scope, time_ms)?.scope();
                Ok((connection, id))
            })
        };
        let (connection, id) = repeated(attempt).await?;
        Ok(Box::new(SqliteSnapshot {
            connection: Some(connection),
            readers: Arc::clone(&self.readers),
            scope: scope.clone(),
            id,
            time_ms,
            sealing_key: self.sealing_key.clone(),
            last_key: None,
            ended: false,
            _permit: permit,
        }))
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

#[cfg(test)]
mod tests;
