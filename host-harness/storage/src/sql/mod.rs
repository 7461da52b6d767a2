//! The backends in a database that speaks SQL: one store, and a dialect for each database.
//!
//! Writers of one scope queue at the scope's row, whatever the database; what a transaction reads after that row nobody else
//! changes. SQLite admits one writer at a time anyway: one connection writes, so that the writers of this process queue in
//! the order in which they came, and SQLite's own waiting for locks, which is not fair, concerns other processes only.
//! Readers never wait: each statement sees the state at its start.
//!
//! `connections` keeps connections and gives every step on them its time; `statements` holds the SQL, `query` a statement with its parameters, `driver` what a driver does with it; `schema` brings a database up to date; `read` and `write`
//! carry out calls, `snapshot` reads all of a scope; `queue` lets the writers of this process follow each other, `retry` repeats what
//! lost a race, `failure` sorts errors. `dialect` says what the databases do differently; `sqlite` and `postgres` are the two,
//! and open their kind of place.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::limits;
use super::notify::{Awaited, Waiters};
use super::scope::check_tenant;
use super::{
    ApplyOutcome, Check, Clock, FingerprintKey, Kept, KeptValue, KeyPage, Op, OpenError, Options, Page, Quota, Quotas,
    RangeOutcome, Scope, SealingKey, Snapshot, Storage, StorageError, StoredEntry, SystemClock, Usage,
};
use async_trait::async_trait;

mod connections;
mod dialect;
mod driver;
mod failure;
#[cfg(feature = "postgres")]
mod postgres;
mod query;
mod queue;
mod read;
mod retry;
mod schema;
mod snapshot;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statements;
mod write;

use connections::{Connections, DbConnection, PooledConnection};
use dialect::Dialect;
use failure::SqlFailure;
use query::Query;
use queue::Queues;
use read::{Stored, View};
use retry::repeated;
use schema::Found;
use snapshot::SqlSnapshot;
use statements::Statements;
use write::{Attempt, Writing};

/// How long a call waits for other writers before it answers that the store is unavailable.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long others get to go on before bytes of what was deleted are taken away.
const WIPE_PAUSE: Duration = Duration::from_millis(10);

/// Opens the store in this SQLite file; see [`super::open()`].
#[cfg(feature = "sqlite")]
pub(super) async fn open_sqlite(path: &str, options: Options) -> Result<Arc<dyn Storage>, OpenError> {
    let database = sqlite::open(path.as_ref(), options.busy_timeout).await?;
    Ok(Arc::new(SqlStorage::new(database, options).await?))
}

/// Opens the store in the PostgreSQL database with this address; see [`super::open()`].
#[cfg(feature = "postgres")]
pub(super) async fn open_postgres(address: &str, options: Options) -> Result<Arc<dyn Storage>, OpenError> {
    let database = postgres::open(address, &options).await?;
    Ok(Arc::new(SqlStorage::new(database, options).await?))
}

/// A database whose schema is up to date.
struct Database<D: Dialect> {
    /// What it is called in messages: never holds a password.
    place: String,
    writers: Connections<D>,
    readers: Connections<D>,
}

/// Answers the schema version to go on from, if the database is one to go on with.
fn judge(found: Found, place: &str) -> Result<u32, OpenError> {
    let place = place.to_owned();
    match found {
        Found::Empty => Ok(0),
        Found::Version(version) if version <= schema::KNOWN => Ok(version),
        Found::Version(found) => Err(OpenError::NewerSchema { place, found, known: schema::KNOWN }),
        Found::Foreign => Err(OpenError::Foreign { place }),
    }
}

/// Brings the schema up to date where the database is empty or ours. Several processes may do this at once.
async fn bring_up_to_date<D: Dialect>(writers: &Connections<D>, place: &str) -> Result<(), OpenError> {
    async fn migrated<D: Dialect>(link: &mut DbConnection<D>, place: &str) -> Result<Found, SqlFailure> {
        let found = schema::inspect::<D>(link).await?;
        if matches!(judge(found, place), Ok(version) if version < schema::KNOWN) {
            // Another process may have come first, of a newer program even.
            let found = Found::Version(schema::migrate::<D>(link).await?);
            commit(link).await?;
            return Ok(found);
        }
        Ok(found)
    }
    let attempt = || async {
        let mut link = writers.begin_write().await?;
        let found = migrated(&mut link, place).await;
        link.settled(found).await
    };
    let found = repeated(attempt).await.map_err(|failure| failure.of_open(place))?;
    judge(found, place).map(drop)
}

/// A store in a database.
struct SqlStorage<D: Dialect> {
    database: Database<D>,
    statements: Arc<Statements>,
    /// Whether the time is the database's.
    follows_database: bool,
    /// What `wait` sleeps by, and what gives the time unless the database does.
    clock: Arc<dyn Clock>,
    quotas: Quotas,
    sealing_key: Option<SealingKey>,
    fingerprint_key: Result<FingerprintKey, StorageError>,
    busy_timeout: Duration,
    poll_interval: Duration,
    queues: Queues,
    waiters: Waiters,
}

impl<D: Dialect> SqlStorage<D> {
    async fn new(database: Database<D>, options: Options) -> Result<Self, OpenError> {
        let store = Self {
            database,
            statements: Arc::new(Statements::new::<D>()),
            follows_database: D::HAS_CLOCK && options.clock.is_none(),
            clock: options.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            quotas: options.quotas,
            fingerprint_key: FingerprintKey::new(options.sealing_key.as_ref()),
            sealing_key: options.sealing_key,
            busy_timeout: options.busy_timeout,
            poll_interval: options.poll_interval,
            queues: Queues::default(),
            waiters: Waiters::default(),
        };
        store.purge_deleted_scopes().await.map_err(|failure| failure.of_open(&store.database.place))?;
        Ok(store)
    }

    fn time_ms(&self) -> Option<u64> {
        (!self.follows_database).then(|| self.clock.now_ms())
    }

    fn view<'a>(&'a self, scope: &'a Scope) -> View<'a> {
        View { statements: &self.statements, scope, time_ms: self.time_ms() }
    }

    fn writing<'a>(&'a self, link: &'a mut DbConnection<D>, scope: &'a Scope) -> Writing<'a, D> {
        Writing { link, statements: &self.statements, scope, time_ms: self.time_ms() }
    }

    async fn try_get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Stored>>, SqlFailure> {
        let view = self.view(scope);
        if keys.len() <= statements::KEYS_AT_ONCE {
            let mut link = self.database.readers.reader().await?;
            let found = view.keys::<D>(&mut link, keys).await;
            return link.settled(found).await;
        }
        // Several statements see one state only within a transaction.
        let mut link = self.database.readers.begin_read().await?;
        let found = match view.fixed::<D>(&mut link).await {
            Ok(view) => view.keys::<D>(&mut link, keys).await,
            Err(failure) => Err(failure),
        };
        link.settled(found).await
    }

    async fn try_apply(&self, scope: &Scope, batch: &Batch, quota: &Quota) -> Result<Attempt, SqlFailure> {
        let mut link = self.database.writers.begin_write().await?;
        let attempt = match self.writing(&mut link, scope).carry_out(batch, quota).await {
            Ok(attempt @ Attempt::Ended(ApplyOutcome::Applied(_))) => commit(&mut link).await.map(|()| attempt),
            // However this commit ends, nothing of the `apply` is done.
            Ok(Attempt::Reaped) => link.commit().await.map(|()| Attempt::Reaped),
            other => other,
        };
        link.settled(attempt).await
    }

    async fn try_delete_range(
        &self,
        scope: &Scope,
        prefix: &str,
        checks: &[Check],
    ) -> Result<RangeOutcome, SqlFailure> {
        let mut link = self.database.writers.begin_write().await?;
        let outcome = match self.writing(&mut link, scope).delete_range(prefix, checks).await {
            Ok(outcome @ (RangeOutcome::Done | RangeOutcome::More)) => commit(&mut link).await.map(|()| outcome),
            other => other,
        };
        link.settled(outcome).await
    }

    async fn try_delete_scope(&self, scope: &Scope) -> Result<(), SqlFailure> {
        let mut link = self.database.writers.begin_write().await?;
        let deleted = match self.writing(&mut link, scope).delete_scope().await {
            Ok(()) => commit(&mut link).await,
            failed => failed,
        };
        link.settled(deleted).await
    }

    async fn purge_deleted_scopes(&self) -> Result<(), SqlFailure> {
        let attempt = || async {
            let mut link = self.database.writers.reader().await?;
            let tombstones = write::tombstones::<D>(&mut link, &self.statements).await;
            link.settled(tombstones).await
        };
        for scope in repeated(attempt).await? {
            while repeated(|| self.purge_portion(scope)).await? {}
        }
        Ok(())
    }

    async fn purge_portion(&self, scope: i64) -> Result<bool, SqlFailure> {
        let mut link = self.database.writers.begin_write().await?;
        let more = match write::purge_portion::<D>(&mut link, &self.statements, scope).await {
            Ok(more) => commit(&mut link).await.map(|()| more),
            failed => failed,
        };
        link.settled(more).await
    }

    /// Takes away the bytes of what was deleted. Others may be in the way for as long as writers wait for each other.
    async fn wipe(&self) -> Result<(), StorageError> {
        let start = Instant::now();
        let attempt = || async {
            let mut link = self.database.writers.acquire().await?;
            link.step(D::wipe).await
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
        let Stored { version, expires_at_ms, .. } = stored;
        let Kept { key, value, .. } = stored.open(scope, self.sealing_key.as_ref());
        let value = match value {
            KeptValue::Plain(value) => value,
            KeptValue::Sealed(value) => value?,
        };
        Ok(StoredEntry { key, value, version, expires_at_ms })
    }
}

async fn commit<D: Dialect>(link: &mut DbConnection<D>) -> Result<(), SqlFailure> {
    link.commit().await.map_err(SqlFailure::of_commit)
}

impl<D: Dialect> fmt::Debug for SqlStorage<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStorage").field("place", &self.database.place).finish_non_exhaustive()
    }
}

#[async_trait]
impl<D: Dialect> Storage for SqlStorage<D> {
    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError> {
        limits::check_keys(keys, &self.quotas.of(scope))?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = repeated(|| self.try_get_many(scope, keys)).await?;
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
        let attempt = || async {
            let mut link = self.database.readers.reader().await?;
            let page = self.view(scope).page::<D>(&mut link, prefix, after_key, limit).await;
            link.settled(page).await
        };
        let (stored, more) = repeated(attempt).await?;
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
        let attempt = || async {
            let mut link = self.database.readers.reader().await?;
            let page = self.view(scope).key_page::<D>(&mut link, prefix, after_key, limit).await;
            link.settled(page).await
        };
        let (keys, more) = repeated(attempt).await?;
        Ok(KeyPage { keys, more })
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        let quota = &self.quotas.of(scope);
        limits::check_ops(&ops, quota)?;
        let mut batch = Batch::new(ops);
        // Before the transaction: it is pure work, and others wait while it is open.
        write::seal(&mut batch, scope, self.sealing_key.as_ref())?;
        let (outcome, _permit) = loop {
            // Anew after each portion of what has expired, so that the scope's other writers come between.
            let permit = self.queues.acquire(scope).await?;
            if let Attempt::Ended(outcome) = repeated(|| self.try_apply(scope, &batch, quota)).await? {
                break (outcome, permit);
            }
        };
        if matches!(outcome, ApplyOutcome::Applied(_)) {
            self.waiters.announce(scope, &batch);
        }
        Ok(outcome)
    }

    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        limits::check_range(prefix, checks, &self.quotas.of(scope))?;
        let _permit = self.queues.acquire(scope).await?;
        let outcome = repeated(|| self.try_delete_range(scope, prefix, checks)).await?;
        if !matches!(outcome, RangeOutcome::Conflict(_)) {
            self.waiters.announce_range(scope, prefix);
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
        limits::check_wait(key, &self.quotas.of(scope))?;
        let attempt = || async {
            let clock_ms = self.clock.now_ms();
            let time_ms = (!self.follows_database).then_some(clock_ms);
            let view = View { time_ms, ..self.view(scope) };
            let mut link = self.database.readers.reader().await?;
            let version = view.version::<D>(&mut link, key, clock_ms).await;
            link.settled(version).await
        };
        let read = || async { Ok(repeated(attempt).await?) };
        let awaited = Awaited { scope, key, version, timeout, poll: Some(self.poll_interval) };
        self.waiters.wait(awaited, &*self.clock, read).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        let attempt = || async {
            let mut link = self.database.readers.reader().await?;
            let usage = self.view(scope).usage::<D>(&mut link).await;
            link.settled(usage).await
        };
        Ok(repeated(attempt).await?)
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        let permit = self.queues.acquire(scope).await?;
        repeated(|| self.try_delete_scope(scope)).await?;
        drop(permit);
        self.waiters.announce_all(scope);
        self.purge_deleted_scopes().await?;
        self.wipe().await
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.fingerprint_key.clone()
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        check_tenant(tenant)?;
        let attempt = || async {
            let query = Query::<D>::new(&self.statements.elements).text(tenant);
            let mut link = self.database.readers.reader().await?;
            let elements = query.all(&mut link).await;
            link.settled(elements).await
        };
        let elements = repeated(attempt).await?;
        let scopes = elements.iter().map(|row| Scope::new(tenant, &row.text(0)?));
        let mut scopes = scopes.collect::<Result<Vec<_>, StorageError>>()?;
        scopes.sort_unstable();
        Ok(scopes)
    }

    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError> {
        let attempt = || async {
            let mut link: PooledConnection<D> = self.database.readers.begin_read().await?;
            let time_ms = self.view(scope).fixed::<D>(&mut link).await?.time_ms;
            // In some databases the state is that of the first look at a table.
            self.view(scope).usage::<D>(&mut link).await?;
            Ok((link, time_ms))
        };
        let (link, time_ms) = repeated(attempt).await?;
        Ok(Box::new(SqlSnapshot {
            link,
            statements: Arc::clone(&self.statements),
            scope: scope.clone(),
            time_ms,
            sealing_key: self.sealing_key.clone(),
            last_key: None,
            ended: false,
        }))
    }

    async fn close(&self) {
        self.database.readers.close().await;
        self.database.writers.close().await;
    }
}
