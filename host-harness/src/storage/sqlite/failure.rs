//! What an SQL error means for the caller.

use std::path::Path;

use super::super::{OpenError, StorageError};

/// The kinds of failure that make a difference to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Locked,
    Full,
    ReadOnly,
    NotADatabase,
    Damaged,
    /// The operating system failed in the middle of something.
    Device,
    /// The store is closed, or its queue is too long.
    Closed,
    Crowded,
    Other,
}

/// SQLite's result codes ("Result and Error Codes" in its documentation); the low byte of an extended code.
fn kind(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::PoolTimedOut => Kind::Crowded,
        sqlx::Error::PoolClosed => Kind::Closed,
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Kind::Device,
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
            match code & 0xFF {
                5 | 6 => Kind::Locked,
                8 => Kind::ReadOnly,
                10 | 14 => Kind::Device,
                11 => Kind::Damaged,
                13 => Kind::Full,
                26 => Kind::NotADatabase,
                _ => Kind::Other,
            }
        }
        _ => Kind::Other,
    }
}

/// Whether another process is in the way.
pub(super) fn is_locked(error: &sqlx::Error) -> bool {
    kind(error) == Kind::Locked
}

/// A failure after which nothing is changed.
pub(super) fn failed(error: sqlx::Error) -> StorageError {
    match kind(&error) {
        Kind::Locked => StorageError::unavailable("another process keeps the database locked; try again"),
        Kind::Full => StorageError::unavailable("the disk that holds the database is full; free some space"),
        Kind::Device => StorageError::unavailable(format!("the database file cannot be used: {error}")),
        Kind::Closed => StorageError::unavailable("the store is closed"),
        Kind::Crowded => StorageError::unavailable("too many calls wait for the database; try again"),
        Kind::ReadOnly => StorageError::Other("the database file has become read-only".into()),
        Kind::Damaged | Kind::NotADatabase => {
            StorageError::Other(format!("the database file is damaged; restore it from a copy: {error}"))
        }
        Kind::Other => StorageError::Other(error.to_string()),
    }
}

/// A failure of `COMMIT`. SQLite undoes what it could not commit, unless the device failed and nobody knows how far it
/// came.
pub(super) fn failed_commit(error: sqlx::Error) -> StorageError {
    let maybe_applied = kind(&error) == Kind::Device;
    match failed(error) {
        StorageError::Unavailable { message, .. } => StorageError::Unavailable { maybe_applied, message },
        other => other,
    }
}

/// A failure while the file is opened.
pub(super) fn failed_open(path: &Path, error: sqlx::Error) -> OpenError {
    let path = path.to_owned();
    match kind(&error) {
        Kind::Locked => OpenError::Locked { path },
        Kind::Full => OpenError::DiskFull { path },
        Kind::ReadOnly => OpenError::ReadOnly { path },
        Kind::NotADatabase => OpenError::NotADatabase { path },
        _ => OpenError::File { path, message: error.to_string() },
    }
}

/// A number in the database that ought not to be negative.
pub(super) fn unsigned(number: i64) -> Result<u64, StorageError> {
    u64::try_from(number)
        .map_err(|_| StorageError::Other(format!("the database is damaged: found {number} where a count stands")))
}

/// A number as the database keeps it. What it cannot keep is greater than all it has, so comparisons stay right.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::*;

    async fn connection() -> SqliteConnection {
        SqliteConnectOptions::new().in_memory(true).connect().await.unwrap()
    }

    /// Failures that are hard to bring about from outside, made by SQLite itself.
    #[tokio::test]
    async fn failures_are_told_apart() {
        let fill = "CREATE TABLE t AS SELECT zeroblob(1000000)";
        for (name, prepare, then, expected) in [
            ("a full disk", "PRAGMA max_page_count = 2", fill, Kind::Full),
            ("a read-only file", "PRAGMA query_only = 1", fill, Kind::ReadOnly),
            ("a mistake in the SQL", "SELECT 1", "SELECT nonsense", Kind::Other),
        ] {
            let mut connection = connection().await;
            sqlx::query(prepare).execute(&mut connection).await.unwrap();
            let error = sqlx::query(then).execute(&mut connection).await.unwrap_err();
            assert_eq!(kind(&error), expected, "{name}: {error}");
            connection.close().await.unwrap();
        }
    }

    #[test]
    fn only_a_failed_device_leaves_a_commit_in_doubt() {
        let doubtful = |error| matches!(failed_commit(error), StorageError::Unavailable { maybe_applied: true, .. });
        assert!(doubtful(sqlx::Error::WorkerCrashed));
        assert!(!doubtful(sqlx::Error::PoolTimedOut));
        assert!(!doubtful(sqlx::Error::PoolClosed));
    }
}
