//! Making and checking the file, and connecting to it.
//!
//! The file is looked at before anything is changed in it: a database of another program or of a newer version of this
//! one stays exactly as it was.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::super::super::OpenError;
use super::super::failure::{Kind, SqlFailure};
use super::super::schema::{self, FoundSchema};
use super::threads;

/// The cache of a connection, in KiB (negative: so SQLite distinguishes KiB from pages). An `apply` of the largest size
/// fits with the pages of the index it touches; a smaller cache would write some of them twice.
const CACHE: i64 = -16_384;

/// After how many pages of 4 KiB the log is brought into the file. The default, a quarter of this, would wait for the
/// disk at every third of a series of large `apply`s.
const CHECKPOINT_PAGES: i64 = 4_000;

/// The log beside the file is cut to this size after a checkpoint: a burst of writes does not occupy the disk for ever.
const LOG_BYTES: i64 = 64 << 20;

/// How many statements a connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;

/// A number that SQLite hands out to each new row and never hands out again.
const IDENTITY: &str = "INTEGER PRIMARY KEY AUTOINCREMENT";

/// A text that compares by its UTF-8 bytes.
const KEY: &str = "TEXT COLLATE BINARY";

/// How to connect to a file.
#[derive(Clone)]
pub(super) struct File {
    path: PathBuf,
    busy_timeout: Duration,
    /// Whether SQLite is to refuse whatever changes the file.
    reads_only: bool,
}

impl File {
    /// Creates folder and file if they are absent: readable and writable by their owner alone.
    pub(super) fn make(path: &Path, busy_timeout: Duration) -> Result<Self, OpenError> {
        let made = || -> io::Result<PathBuf> {
            // SQLite would take a relative path that begins with `file:` for an address with parameters.
            let path = std::path::absolute(path)?;
            if let Some(folder) = path.parent() {
                private_folder().recursive(true).create(folder)?;
            }
            private_file().create(true).append(true).open(&path)?;
            Ok(path)
        };
        let place = path.display().to_string();
        match made() {
            Ok(path) => Ok(Self { path, busy_timeout, reads_only: false }),
            Err(error) => Err(match error.kind() {
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => OpenError::ReadOnly { place },
                io::ErrorKind::StorageFull => OpenError::DiskFull { place },
                _ => OpenError::Database { place, message: error.to_string() },
            }),
        }
    }

    /// The same file for connections that only read.
    pub(super) fn to_read(&self) -> Self {
        Self { reads_only: true, ..self.clone() }
    }

    /// Connects. Work on the connection ends with the time of its thread.
    pub(super) fn connect(&self) -> Result<Connection, SqlFailure> {
        // It was made before; and each connection belongs to one thread at a time.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&self.path, flags)?;
        threads::keep_time(&mut connection)?;
        self.wait_for_others(&connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        for (name, value) in [
            // Enough for the survival of everything acknowledged when the process dies; see the module `storage` on
            // power.
            ("synchronous", 1),
            ("cache_size", CACHE),
            ("wal_autocheckpoint", CHECKPOINT_PAGES),
            ("journal_size_limit", LOG_BYTES),
            // In memory.
            ("temp_store", 2),
            // What is deleted or written over is gone from the file, and not only from the tables.
            ("secure_delete", 1),
            ("query_only", i64::from(self.reads_only)),
        ] {
            connection.execute_batch(&format!("PRAGMA {name} = {value}"))?;
        }
        Ok(connection)
    }

    /// Has a connection wait for other processes as long as the busy timeout says.
    pub(super) fn wait_for_others(&self, connection: &Connection) -> rusqlite::Result<()> {
        // SQLite counts milliseconds in 31 bits; a longer time means the longest.
        connection.busy_timeout(self.busy_timeout.min(Duration::from_millis(i32::MAX.unsigned_abs().into())))
    }

    /// Brings the file up to date on a connection that writes. Several processes may do this at once.
    pub(super) fn bring_up_to_date(&self, connection: &Connection) -> Result<FoundSchema, SqlFailure> {
        let found = inspect(connection)?;
        if found.judge("").is_err() {
            return Ok(found);
        }
        self.use_log(connection)?;
        connection.execute_batch("BEGIN IMMEDIATE")?;
        // Another process may have come first, of a newer program even.
        let found = inspect(connection)?;
        if found.is_behind() {
            migrate(connection)?;
            connection.execute_batch("COMMIT").map_err(|error| SqlFailure::from(error).of_commit())?;
        }
        Ok(found)
    }

    /// Turns on the write-ahead log, which the file remembers. SQLite does not apply its busy timeout here, so a
    /// process that opens the same new file at the same moment has to be waited for by hand.
    fn use_log(&self, connection: &Connection) -> Result<(), SqlFailure> {
        let start = Instant::now();
        loop {
            let used = connection.query_row("PRAGMA journal_mode = WAL", (), |_| Ok(()));
            match used.map_err(SqlFailure::from) {
                Err(SqlFailure::Database { kind: Kind::Locked, .. }) if start.elapsed() < self.busy_timeout => {
                    thread::sleep(Duration::from_millis(5));
                }
                result => return result,
            }
        }
    }
}

/// Looks without changing anything.
fn inspect(connection: &Connection) -> Result<FoundSchema, SqlFailure> {
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")?;
    let tables: Vec<String> = tables.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(match tables.iter().any(|table| table == schema::MARK) {
        true => FoundSchema::Version(version(connection)?),
        false if tables.is_empty() => FoundSchema::Empty,
        false => FoundSchema::Foreign,
    })
}

/// Brings a database that is empty or ours up to date, within a transaction.
fn migrate(connection: &Connection) -> Result<(), SqlFailure> {
    for statement in schema::BASE {
        connection.execute_batch(statement)?;
    }
    let from = version(connection)? as usize;
    for statement in schema::steps(IDENTITY, KEY).iter().skip(from).flatten() {
        connection.execute_batch(statement)?;
    }
    connection.execute(schema::SET_VERSION, [schema::KNOWN])?;
    Ok(())
}

/// The version of the schema; 0 while somebody is at the very beginning.
fn version(connection: &Connection) -> Result<u32, SqlFailure> {
    let mut statement = connection.prepare(schema::VERSION)?;
    let mut rows = statement.query(())?;
    match rows.next()? {
        Some(row) => Ok(row.get::<_, i64>(0)?.try_into().unwrap_or(u32::MAX)),
        None => Ok(0),
    }
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
