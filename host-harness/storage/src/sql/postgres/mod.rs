//! PostgreSQL: one database for many hosts, and whatever speaks its protocol and this much of its SQL.
//!
//! Keys are bytes (`BYTEA`), so that they order by their UTF-8 bytes whatever the collations of the database; an
//! operator reads them with `convert_from(key, 'UTF8')`. Transactions are `READ COMMITTED`: the lock on the scope's
//! row, which every writer takes first, makes them serial, and no other isolation would spare the lock. What a
//! transaction reads after that row nobody else changes. Readers never wait: each statement sees the state at its
//! start.
//!
//! `address` and `open` lead to a database, `connections` keeps connections and gives every step on them its time;
//! `schema` brings the tables up to date, `statements` holds the SQL, `query` is a statement with its parameters;
//! `read` and `write` carry out calls, `snapshot` reads all of a scope.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::super::batch::Batch;
use super::super::limits;
use super::super::notify::{Awaited, Waiters};
use super::super::scope::check_tenant;
use super::super::{
    ApplyOutcome, Check, Clock, FingerprintKey, KeyPage, Op, OpenError, Options, Page, Quota, Quotas, RangeOutcome,
    Scope, SealingKey, Snapshot, Storage, StorageError, StoredEntry, SystemClock, Usage,
};
use super::failure::{Kind, SqlFailure};
use super::queue::Queues;
use super::retry::repeated;
use super::stored::{self, Stored};
use super::writing::Attempt;

mod address;
mod connections;
mod open;
mod query;
mod read;
mod schema;
mod snapshot;
mod statements;
mod write;

use connections::{Connections, DbConnection, PooledConnection};
use open::Opened;
use query::Query;
use read::View;
use snapshot::PostgresSnapshot;
use statements::Statements;
use write::Writing;

/// A store in a database.
pub(super) struct PostgresStorage {
    /// What the database is called in messages: never holds a password.
    place: String,
    writers: Connections,
    readers: Connections,
    statements: Arc<Statements>,
    /// Whether the time is the database's, which all hosts share.
    follows_database: bool,
    /// What `wait` sleeps by, and what gives the time unless the database does.
    clock: Arc<dyn Clock>,
    quotas: Quotas,
    sealing_key: Option<SealingKey>,
    fingerprint_key: Result<FingerprintKey, StorageError>,
    poll_interval: Duration,
    queues: Queues,
    waiters: Waiters,
}

impl PostgresStorage {
    /// Connects to the database and brings its schema up to date.
    pub(super) async fn open(address: &str, options: Options) -> Result<Self, OpenError> {
        let Opened { place, writers, readers } = open::open(address, &options).await?;
        let store = Self {
            place,
            writers,
            readers,
            statements: Arc::new(Statements::new()),
            follows_database: options.clock.is_none(),
            clock: options.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            quotas: options.quotas,
            fingerprint_key: FingerprintKey::new(options.sealing_key.as_ref()),
            sealing_key: options.sealing_key,
            poll_interval: options.poll_interval,
            queues: Queues::default(),
            waiters: Waiters::default(),
        };
        store.purge_deleted_scopes().await.map_err(|failure| failure.of_open(&store.place))?;
        Ok(store)
    }

    fn time_ms(&self) -> Option<u64> {
        (!self.follows_database).then(|| self.clock.now_ms())
    }

    fn view<'a>(&'a self, scope: &'a Scope) -> View<'a> {
        View { statements: &self.statements, scope, time_ms: self.time_ms() }
    }

    fn writing<'a>(&'a self, link: &'a mut DbConnection, scope: &'a Scope) -> Writing<'a> {
        Writing { link, statements: &self.statements, scope, time_ms: self.time_ms() }
    }

    async fn try_get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<Stored>>, SqlFailure> {
        let mut link = self.readers.reader().await?;
        let found = self.view(scope).keys(&mut link, keys).await;
        link.settled(found).await
    }

    async fn try_apply(&self, scope: &Scope, batch: &Batch, quota: &Quota) -> Result<Attempt, SqlFailure> {
        let mut link = self.writers.begin_write().await?;
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
        let mut link = self.writers.begin_write().await?;
        let outcome = match self.writing(&mut link, scope).delete_range(prefix, checks).await {
            Ok(outcome @ (RangeOutcome::Done | RangeOutcome::More)) => commit(&mut link).await.map(|()| outcome),
            other => other,
        };
        link.settled(outcome).await
    }

    async fn try_delete_scope(&self, scope: &Scope) -> Result<(), SqlFailure> {
        let mut link = self.writers.begin_write().await?;
        let deleted = match self.writing(&mut link, scope).delete_scope().await {
            Ok(()) => commit(&mut link).await,
            failed => failed,
        };
        link.settled(deleted).await
    }

    async fn purge_deleted_scopes(&self) -> Result<(), SqlFailure> {
        let attempt = || async {
            let mut link = self.writers.reader().await?;
            let tombstones = write::tombstones(&mut link, &self.statements).await;
            link.settled(tombstones).await
        };
        for scope in repeated(attempt).await? {
            while repeated(|| self.purge_portion(scope)).await? {}
        }
        Ok(())
    }

    async fn purge_portion(&self, scope: i64) -> Result<bool, SqlFailure> {
        let mut link = self.writers.begin_write().await?;
        let more = match write::purge_portion(&mut link, &self.statements, scope).await {
            Ok(more) => commit(&mut link).await.map(|()| more),
            failed => failed,
        };
        link.settled(more).await
    }

    fn unseal(&self, scope: &Scope, stored: Stored) -> Result<StoredEntry, StorageError> {
        stored.unsealed(scope, self.sealing_key.as_ref())
    }
}

async fn commit(link: &mut DbConnection) -> Result<(), SqlFailure> {
    link.commit().await.map_err(SqlFailure::of_commit)
}

impl fmt::Debug for PostgresStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStorage").field("place", &self.place).finish_non_exhaustive()
    }
}

#[async_trait]
impl Storage for PostgresStorage {
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
            let mut link = self.readers.reader().await?;
            let page = self.view(scope).page(&mut link, prefix, after_key, limit).await;
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
            let mut link = self.readers.reader().await?;
            let page = self.view(scope).key_page(&mut link, prefix, after_key, limit).await;
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
        stored::seal(&mut batch, scope, self.sealing_key.as_ref())?;
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
            let mut link = self.readers.reader().await?;
            let version = view.version(&mut link, key, clock_ms).await;
            link.settled(version).await
        };
        let read = || async { Ok(repeated(attempt).await?) };
        let awaited = Awaited { scope, key, version, timeout, poll: Some(self.poll_interval) };
        self.waiters.wait(awaited, &*self.clock, read).await
    }

    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError> {
        let attempt = || async {
            let mut link = self.readers.reader().await?;
            let usage = self.view(scope).usage(&mut link).await;
            link.settled(usage).await
        };
        Ok(repeated(attempt).await?)
    }

    fn quota(&self, scope: &Scope) -> Quota {
        self.quotas.of(scope)
    }

    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError> {
        let permit = self.queues.acquire(scope).await?;
        repeated(|| self.try_delete_scope(scope)).await?;
        drop(permit);
        self.waiters.announce_all(scope);
        self.clear_deleted().await
    }

    async fn clear_deleted(&self) -> Result<(), StorageError> {
        // When the bytes of deleted rows leave the server's files is the server's matter.
        Ok(self.purge_deleted_scopes().await?)
    }

    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError> {
        self.fingerprint_key.clone()
    }

    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError> {
        check_tenant(tenant)?;
        let attempt = || async {
            let query = Query::new(&self.statements.elements).bind(tenant);
            let mut link = self.readers.reader().await?;
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
            let mut link: PooledConnection = self.readers.begin_read().await?;
            let time_ms = self.view(scope).fixed(&mut link).await?.time_ms;
            // In some databases the state is that of the first look at a table.
            self.view(scope).usage(&mut link).await?;
            Ok((link, time_ms))
        };
        let (link, time_ms) = repeated(attempt).await?;
        Ok(Box::new(PostgresSnapshot {
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
        self.readers.close().await;
        self.writers.close().await;
    }
}

impl From<sqlx::Error> for SqlFailure {
    fn from(error: sqlx::Error) -> Self {
        let kind = match &error {
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => {
                Kind::Lost
            }
            sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => kind(error.code(), error.severity()),
                None => Kind::Other,
            },
            _ => Kind::Other,
        };
        Self::database(kind, error.to_string())
    }
}

/// What an SQLSTATE means ("PostgreSQL Error Codes" in its documentation). An error that ends the session says nothing
/// about what became of the statement.
fn kind(code: &str, severity: PgSeverity) -> Kind {
    match code {
        "40003" => Kind::Lost,
        // Lost races: a transaction undone, or the same thing made by another at the same moment.
        "23505" | "40001" | "40P01" | "42P07" | "42710" => Kind::Raced,
        "28000" | "28P01" | "42501" => Kind::Denied,
        "3D000" | "3F000" => Kind::Missing,
        "25006" => Kind::Standby,
        "55P03" => Kind::Locked,
        "53100" => Kind::Full,
        "57014" | "53200" | "53300" | "53400" => Kind::Busy,
        "XX001" | "XX002" => Kind::Damaged,
        _ if matches!(code.get(..2), Some("08" | "57" | "58")) => Kind::Lost,
        _ if matches!(severity, PgSeverity::Fatal | PgSeverity::Panic) => Kind::Lost,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_sorted_by_what_is_to_be_done() {
        for (code, severity, expected) in [
            ("40001", PgSeverity::Error, Kind::Raced),
            ("40P01", PgSeverity::Error, Kind::Raced),
            ("40003", PgSeverity::Error, Kind::Lost),
            ("57P01", PgSeverity::Fatal, Kind::Lost),
            ("08006", PgSeverity::Error, Kind::Lost),
            ("XX000", PgSeverity::Panic, Kind::Lost),
            ("XX000", PgSeverity::Error, Kind::Other),
            ("28P01", PgSeverity::Fatal, Kind::Denied),
            ("53300", PgSeverity::Fatal, Kind::Busy),
            ("25006", PgSeverity::Error, Kind::Standby),
            ("42703", PgSeverity::Error, Kind::Other),
        ] {
            assert_eq!(kind(code, severity), expected, "{code}");
        }
    }
}
