//! Connections to a database: opened when they are wanted, kept while they are sound, and closed as soon as anything
//! about them is in doubt.
//!
//! Every step on a connection has a time limit, and a step that does not come to its end, by the limit or because its
//! caller was dropped, takes the connection with it: what a server that has fallen silent never answers holds no place
//! here. sqlx's own pool does not serve: it tests each connection that comes back, without a time limit.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, query_with, raw_sql};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::super::failure::{Kind, SqlFailure};
use super::query::Row;
use super::statements::Sql;

/// How connections are made and used.
pub(super) struct ConnectionOptions {
    pub(super) connect: PgConnectOptions,
    /// What is set once on a new connection, and what for. Not every engine knows all of it, and none is needed for
    /// right answers.
    pub(super) session: Vec<(Sql, &'static str)>,
    pub(super) begin_read: Sql,
    pub(super) begin_write: Sql,
    /// Whether a single statement that reads gets a transaction too: where a pooler hands each transaction to another
    /// session.
    pub(super) wraps_reads: bool,
    /// Whether statements are prepared by name and kept with the connection.
    pub(super) keeps_statements: bool,
    /// How many there are, at most.
    pub(super) most: u32,
    /// How long a caller waits for one that is free.
    pub(super) wait: Duration,
    /// How long one step may take: a statement, or connecting.
    pub(super) limit: Duration,
}

/// One that rested longer is tried before it is used: the server may have gone meanwhile.
const TRUSTED_REST: Duration = Duration::from_secs(1);

/// How long that may take: nothing but a round trip.
const TRIAL: Duration = Duration::from_secs(2);

/// One that rested longer is closed: what a burst of work needed does not stay for ever.
const LONGEST_REST: Duration = Duration::from_secs(600);

/// All connections for one kind of work. Clones are the same.
pub(super) struct Connections(Arc<Shared>);

struct Shared {
    options: Arc<ConnectionOptions>,
    permits: Arc<Semaphore>,
    /// Those that rest, the last that was used last.
    idle: Mutex<Vec<(DbConnection, Instant)>>,
    is_closed: AtomicBool,
}

impl Connections {
    pub(super) fn new(options: ConnectionOptions) -> Self {
        let permits = Arc::new(Semaphore::new(options.most as usize));
        Self(Arc::new(Shared {
            options: Arc::new(options),
            permits,
            idle: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }))
    }

    /// One for statements that read, each seeing a state of its own unless they share a transaction.
    pub(super) async fn reader(&self) -> Result<PooledConnection, SqlFailure> {
        match self.0.options.wraps_reads {
            true => self.begin_read().await,
            false => self.acquire().await,
        }
    }

    /// One with a transaction that reads one state.
    pub(super) async fn begin_read(&self) -> Result<PooledConnection, SqlFailure> {
        self.begin(&self.0.options.begin_read).await
    }

    /// One with a transaction that writes.
    pub(super) async fn begin_write(&self) -> Result<PooledConnection, SqlFailure> {
        self.begin(&self.0.options.begin_write).await
    }

    async fn begin(&self, sql: &Sql) -> Result<PooledConnection, SqlFailure> {
        let mut lease = self.acquire().await?;
        // Said first: with a pooler the text is more than `BEGIN`, and one that fails in its middle leaves a
        // transaction open.
        lease.in_transaction = true;
        lease.raw(sql).await?;
        Ok(lease)
    }

    /// One without a transaction; callers get theirs in the order in which they came.
    pub(super) async fn acquire(&self) -> Result<PooledConnection, SqlFailure> {
        let shared = &self.0;
        let failed = |kind, message: &str| SqlFailure::Database { kind, message: message.to_owned() };
        let permit = tokio::time::timeout(shared.options.wait, Arc::clone(&shared.permits).acquire_owned()).await;
        let permit = permit
            .map_err(|_| failed(Kind::Busy, "all connections are in use"))?
            .map_err(|_| failed(Kind::Closed, "the store is closed"))?;
        if shared.is_closed.load(Ordering::SeqCst) {
            return Err(failed(Kind::Closed, "the store is closed"));
        }
        let link = match shared.rested().await {
            Some(link) => link,
            None => DbConnection::open(&shared.options).await?,
        };
        Ok(PooledConnection { link: Some(link), shared: Arc::clone(shared), _permit: permit })
    }

    /// Waits for those in use, and closes all. Later calls fail.
    pub(super) async fn close(&self) {
        let shared = &self.0;
        shared.is_closed.store(true, Ordering::SeqCst);
        // An error would mean that somebody else closes at the same time, and waits.
        let _all = shared.permits.acquire_many(shared.options.most).await;
        shared.permits.close();
        let idle = std::mem::take(&mut *shared.idle());
        for (link, _) in idle {
            link.close().await;
        }
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Vec<(DbConnection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that rested and is sound, if there is any.
    async fn rested(&self) -> Option<DbConnection> {
        let (mut link, since) = self.idle().pop()?;
        if since.elapsed() > TRUSTED_REST {
            let tried = link.progress.step(TRIAL, link.connection.ping()).await;
            if tried.is_err() {
                // The others have rested longer.
                self.idle().clear();
                return None;
            }
        }
        Some(link)
    }

    fn take_back(&self, link: DbConnection) {
        if link.progress.is_lost {
            // Whatever happened to it has probably happened to those that rest.
            self.idle().clear();
        } else if link.is_sound() && !self.is_closed.load(Ordering::SeqCst) {
            let mut idle = self.idle();
            idle.retain(|(_, since)| since.elapsed() < LONGEST_REST);
            idle.push((link, Instant::now()));
        }
    }
}

/// A connection in use; given back when it is dropped, if it is sound then.
pub(super) struct PooledConnection {
    /// Absent only while it is given back.
    link: Option<DbConnection>,
    shared: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            self.shared.take_back(link);
        }
    }
}

impl Deref for PooledConnection {
    type Target = DbConnection;

    fn deref(&self) -> &DbConnection {
        self.link.as_ref().unwrap_or_else(|| unreachable!("it is given back at the end only"))
    }
}

impl DerefMut for PooledConnection {
    fn deref_mut(&mut self) -> &mut DbConnection {
        self.link.as_mut().unwrap_or_else(|| unreachable!("it is given back at the end only"))
    }
}

/// A connection, and what is known of it.
pub(super) struct DbConnection {
    connection: PgConnection,
    options: Arc<ConnectionOptions>,
    progress: Progress,
    in_transaction: bool,
}

/// How far a connection has come with what it was last asked for.
#[derive(Default)]
struct Progress {
    /// A step has begun and its end was not seen.
    in_step: bool,
    /// The connection broke or fell silent.
    is_lost: bool,
}

impl Progress {
    /// Takes a step within a time limit.
    async fn step<T>(
        &mut self,
        limit: Duration,
        step: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, SqlFailure> {
        self.step_until(Instant::now() + limit, limit, step).await
    }

    /// Takes a step that ends at a time, the end of this limit.
    async fn step_until<T>(
        &mut self,
        ends_at: Instant,
        limit: Duration,
        step: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, SqlFailure> {
        self.in_step = true;
        let taken = tokio::time::timeout_at(ends_at.into(), step).await;
        let result = taken.map_err(|_| SqlFailure::silent(limit)).and_then(|taken| taken.map_err(SqlFailure::from));
        self.is_lost = matches!(&result, Err(failure) if failure.is_of_connection());
        self.in_step = self.is_lost;
        result
    }
}

impl DbConnection {
    /// Connects.
    pub(super) async fn open(options: &Arc<ConnectionOptions>) -> Result<Self, SqlFailure> {
        let connecting = tokio::time::timeout(options.limit, options.connect.connect());
        let connection = connecting.await.map_err(|_| SqlFailure::silent(options.limit))?.map_err(SqlFailure::from)?;
        let options = Arc::clone(options);
        let mut link = Self { connection, options, progress: Progress::default(), in_transaction: false };
        for (setting, why) in &Arc::clone(&link.options).session {
            match link.raw(setting).await {
                Err(failure) if !failure.is_of_connection() => {
                    tracing::debug!(%setting, why, ?failure, "the database does not know a setting");
                }
                result => result?,
            }
        }
        Ok(link)
    }

    /// Carries out a statement with its parameters.
    pub(super) async fn execute(&mut self, sql: &str, arguments: PgArguments) -> Result<(), SqlFailure> {
        let query = query_with(sql, arguments).persistent(self.options.keeps_statements);
        self.progress.step(self.options.limit, self.connection.execute(query)).await.map(drop)
    }

    /// The rows of a statement, as they come. The time limit is that of all of them.
    pub(super) fn rows<'l>(&'l mut self, sql: &'l str, arguments: PgArguments) -> Rows<'l> {
        let limit = self.options.limit;
        let query = query_with(sql, arguments).persistent(self.options.keeps_statements);
        Rows {
            stream: self.connection.fetch(query),
            ends_at: Instant::now() + limit,
            limit,
            progress: &mut self.progress,
        }
    }

    /// Carries out statements without parameters.
    pub(super) async fn raw(&mut self, sql: &str) -> Result<(), SqlFailure> {
        self.progress.step(self.options.limit, self.connection.execute(raw_sql(sql))).await.map(drop)
    }

    /// Commits the transaction.
    pub(super) async fn commit(&mut self) -> Result<(), SqlFailure> {
        self.raw("COMMIT").await?;
        self.in_transaction = false;
        Ok(())
    }

    /// Passes a result on, after what is left of a transaction was rolled back. Where that fails the connection is
    /// closed in the end, which has the same effect.
    pub(super) async fn settled<T>(&mut self, result: Result<T, SqlFailure>) -> Result<T, SqlFailure> {
        if self.in_transaction && !self.progress.in_step && self.raw("ROLLBACK").await.is_ok() {
            self.in_transaction = false;
        }
        result
    }

    fn is_sound(&self) -> bool {
        !self.progress.in_step && !self.in_transaction && !self.progress.is_lost
    }

    /// Takes leave of the server, which is a courtesy: it has as long as any step, and what comes of it does not
    /// matter.
    pub(super) async fn close(self) {
        let _ = tokio::time::timeout(self.options.limit, self.connection.close()).await;
    }
}

/// The rows of a statement, as they come.
pub(super) struct Rows<'l> {
    stream: BoxStream<'l, Result<PgRow, sqlx::Error>>,
    ends_at: Instant,
    limit: Duration,
    progress: &'l mut Progress,
}

impl Rows<'_> {
    /// The next one. Rows that nobody wants any more are the driver's matter: it passes over them before the next
    /// statement.
    pub(super) async fn next(&mut self) -> Result<Option<Row>, SqlFailure> {
        let stream = &mut self.stream;
        let next = async { stream.next().await.transpose() };
        Ok(self.progress.step_until(self.ends_at, self.limit, next).await?.map(Row::new))
    }
}
