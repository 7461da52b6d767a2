//! SQLite: one file, for one machine, any number of processes.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteQueryResult, SqliteRow};
use sqlx::{Executor as _, Row as _, Sqlite};

use super::dialect::{Dialect, WriteSizes};
use super::failure::Kind;
use super::query::Driver;

mod open;

pub(super) use open::open;

impl Dialect for Sqlite {
    // SQLite admits one writing transaction at a time; this one is it from its start.
    const BEGIN_WRITE: &'static str = "BEGIN IMMEDIATE";
    const BEGIN_READ: &'static str = "BEGIN";
    const LOCK_ROW: &'static str = "";
    const HOLD_ROW: &'static str = "";
    const IDENTITY: &'static str = "INTEGER PRIMARY KEY AUTOINCREMENT";
    const KEY: &'static str = "TEXT COLLATE BINARY";
    const TABLES: &'static str =
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    // SQLite looks parameters up one by one, which takes time that grows with the square of their number: a few middling
    // statements are faster than one large.
    const WRITE_SIZES: WriteSizes = WriteSizes { keys: &[64, 8, 1], rows: &[16, 4, 1] };
    const HAS_CLOCK: bool = false;

    fn time(parameter: &str) -> String {
        parameter.to_owned()
    }

    fn time_after_lock(parameter: &str) -> String {
        parameter.to_owned()
    }

    fn one_answer(select: String) -> String {
        // Rows are made one by one, as they are asked for.
        select
    }

    fn add_key(arguments: &mut SqliteArguments, key: &str) -> Result<(), BoxDynError> {
        Self::add_text(arguments, key)
    }

    fn key(row: &SqliteRow, column: usize) -> Result<String, sqlx::Error> {
        Self::text(row, column)
    }

    fn changed(result: &SqliteQueryResult) -> u64 {
        result.rows_affected()
    }

    fn kind(error: &sqlx::Error) -> Kind {
        kind(error)
    }

    fn wipe(connection: &mut SqliteConnection) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
        // What is deleted is overwritten in the file (`secure_delete`); the log beside it still holds the pages of before.
        // Answers 1 when a reader or writer was in the way for longer than the busy timeout.
        let busy = connection.fetch_one("PRAGMA wal_checkpoint(TRUNCATE)");
        busy.map(|row| Ok(row?.try_get::<i64, _>(0)? == 0)).boxed()
    }
}

/// SQLite's result codes ("Result and Error Codes" in its documentation); the low byte of an extended code.
fn kind(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::PoolTimedOut => Kind::Crowded,
        sqlx::Error::PoolClosed => Kind::Closed,
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => Kind::Lost,
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or_default();
            match code & 0xFF {
                5 | 6 => Kind::Locked,
                8 => Kind::ReadOnly,
                10 | 14 => Kind::Lost,
                11 => Kind::Damaged,
                13 => Kind::Full,
                26 => Kind::NotADatabase,
                _ => Kind::Other,
            }
        }
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::*;

    /// Failures that are hard to bring about from outside, made by SQLite itself.
    #[tokio::test]
    async fn failures_are_told_apart() {
        let fill = "CREATE TABLE t AS SELECT zeroblob(1000000)";
        for (name, prepare, then, expected) in [
            ("a full disk", "PRAGMA max_page_count = 2", fill, Kind::Full),
            ("a read-only file", "PRAGMA query_only = 1", fill, Kind::ReadOnly),
            ("a mistake in the SQL", "SELECT 1", "SELECT nonsense", Kind::Other),
        ] {
            let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
            sqlx::query(prepare).execute(&mut connection).await.unwrap();
            let error = sqlx::query(then).execute(&mut connection).await.unwrap_err();
            assert_eq!(kind(&error), expected, "{name}: {error}");
            connection.close().await.unwrap();
        }
    }
}
