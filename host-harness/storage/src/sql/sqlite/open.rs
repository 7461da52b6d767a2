//! Making and checking the file.
//!
//! The file is looked at before anything is changed in it: a database of another program or of a newer version of this one
//! stays exactly as it was.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Sqlite};

use super::super::super::{OpenError, PAGE_ITEMS};
use super::super::connections::{ConnectionOptions, Connections, DbConnection};
use super::super::dialect::{Dialect as _, Kind};
use super::super::failure::SqlFailure;
use super::super::query::Query;
use super::super::{Database, QUEUE_TIMEOUT, bring_up_to_date, judge, schema};

/// Enough to keep two cores busy; a read takes less than a millisecond.
const READERS: u32 = 4;

/// How many rows the writing connection reads ahead: all that an `apply` may ask for, so that it is not woken over and over.
/// They are small; the readers, whose rows carry values, keep to the few that are usual.
const WRITER_ROWS: usize = PAGE_ITEMS;

/// The cache of a connection, in KiB (negative: so SQLite distinguishes KiB from pages). An `apply` of the largest size fits with the
/// pages of the index it touches; a smaller cache would write some of them twice.
const CACHE: &str = "-16384";

/// After how many pages of 4 KiB the log is brought into the file. The default, a quarter of this, would wait for the disk
/// at every third of a series of large `apply`s.
const CHECKPOINT_PAGES: &str = "4000";

/// The log beside the file is cut to this size after a checkpoint: a burst of writes does not occupy the disk for ever.
const LOG_BYTES: &str = "67108864";

/// Opens the file, and creates it and its folder if they are absent: readable and writable by their owner alone.
pub(in super::super) async fn open(path: &Path, busy_timeout: Duration) -> Result<Database<Sqlite>, OpenError> {
    let path = make_file(path.to_owned()).await?;
    let place = path.display().to_string();
    let failed = |failure: SqlFailure| failure.of_open(&place);
    let options = connection(&path, busy_timeout);
    let writers = Connections::new(manner(options.clone().row_buffer_size(WRITER_ROWS), 1, busy_timeout));
    {
        let mut link = writers.acquire().await.map_err(failed)?;
        let found = schema::inspect::<Sqlite>(&mut link).await.map_err(failed)?;
        judge(found, &place)?;
        use_log(&mut link, busy_timeout).await.map_err(failed)?;
    }
    bring_up_to_date(&writers, &place).await?;
    let readers = Connections::new(manner(options.pragma("query_only", "1"), READERS, busy_timeout));
    Ok(Database { place, writers, readers })
}

fn connection(path: &Path, busy_timeout: Duration) -> SqliteConnectOptions {
    // SQLite's C interface counts milliseconds in 31 bits; a longer time means the longest.
    let busy_timeout = busy_timeout.min(Duration::from_millis(i32::MAX.unsigned_abs().into()));
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .busy_timeout(busy_timeout)
        // Enough for the survival of everything acknowledged when the process dies; see the module `storage` on power.
        .synchronous(SqliteSynchronous::Normal)
        .pragma("cache_size", CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("journal_size_limit", LOG_BYTES)
        .pragma("temp_store", "MEMORY")
        // What is deleted or written over is gone from the file, and not only from the tables.
        .pragma("secure_delete", "1")
        .disable_statement_logging()
}

fn manner(options: SqliteConnectOptions, most: u32, busy_timeout: Duration) -> ConnectionOptions<Sqlite> {
    ConnectionOptions {
        options,
        session: Vec::new(),
        begin_read: Sqlite::BEGIN_READ.into(),
        begin_write: Sqlite::BEGIN_WRITE.into(),
        wraps_reads: false,
        keeps_statements: true,
        most,
        wait: QUEUE_TIMEOUT,
        // SQLite itself gives up after the busy timeout; the rest is for a slow disk.
        limit: busy_timeout.saturating_add(QUEUE_TIMEOUT),
        is_remote: false,
    }
}

/// Turns on the write-ahead log, which the file remembers. SQLite does not apply its busy timeout here, so a process that
/// opens the same new file at the same moment has to be waited for by hand.
async fn use_log(link: &mut DbConnection<Sqlite>, busy_timeout: Duration) -> Result<(), SqlFailure> {
    let start = Instant::now();
    loop {
        match Query::<Sqlite>::new(&"PRAGMA journal_mode = WAL".into()).all(link).await {
            Err(SqlFailure::Database { kind: Kind::Locked, .. }) if start.elapsed() < busy_timeout => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            result => return result.map(drop),
        }
    }
}

/// Creates folder and file if they are absent, and answers the absolute path: SQLite would take a relative one that begins
/// with `file:` for an address with parameters.
async fn make_file(path: PathBuf) -> Result<PathBuf, OpenError> {
    let shown = path.clone();
    let made = tokio::task::spawn_blocking(move || {
        let path = std::path::absolute(path)?;
        if let Some(folder) = path.parent() {
            private_folder().recursive(true).create(folder)?;
        }
        private_file().create(true).append(true).open(&path)?;
        Ok(path)
    });
    let made = made.await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
    let place = shown.display().to_string();
    made.map_err(|error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnly { place },
        io::ErrorKind::StorageFull => OpenError::DiskFull { place },
        _ => OpenError::Database { place, message: error.to_string() },
    })
}

#[cfg(unix)]
fn private_folder() -> fs::DirBuilder {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    builder
}

#[cfg(unix)]
fn private_file() -> fs::OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    // SQLite gives the files it makes beside this one the same mode.
    options.mode(0o600);
    options
}

/// Elsewhere a new file inherits the rights of its folder.
#[cfg(not(unix))]
fn private_folder() -> fs::DirBuilder {
    fs::DirBuilder::new()
}

#[cfg(not(unix))]
fn private_file() -> fs::OpenOptions {
    fs::OpenOptions::new()
}
