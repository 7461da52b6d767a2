//! SQLite: one file, for one machine, any number of processes.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteQueryResult, SqliteRow};
use sqlx::{Executor as _, Row as _, Sqlite};

use super::dialect::{Dialect, Kind, WriteSizes};
use super::driver::Driver;

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

    use super::super::query::Query;
    use super::super::{SqlStorage, StorageError};
    use super::*;
    use crate::{ApplyOutcome, Op, Options, Scope, Storage as _};

    /// Failures that are hard to bring about from outside, made by SQLite itself.
    #[tokio::test]
    async fn failures_are_distinguished() {
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

    async fn store(folder: &tempfile::TempDir) -> SqlStorage<Sqlite> {
        let database = open(&folder.path().join("a.db"), Options::default().busy_timeout).await.unwrap();
        SqlStorage::new(database, Options::default()).await.unwrap()
    }

    fn puts(keys: std::ops::Range<u32>, length: usize) -> Vec<Op> {
        keys.map(|key| Op::put(format!("{key:04}"), "v".repeat(length))).collect()
    }

    #[tokio::test]
    async fn a_full_disk_is_reported_and_what_there_is_room_for_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (store, scope) = (store(&folder).await, Scope::new("acme", "organisation").unwrap());
        for _ in 0..3 {
            let mut link = store.database.writers.acquire().await.unwrap();
            Query::<Sqlite>::new(&"PRAGMA max_page_count = 60".into()).all(&mut link).await.unwrap();
            drop(link);
            let full = store.apply(&scope, puts(0..100, 10_000)).await.unwrap_err();
            assert!(full.to_string().contains("full"), "{full}");
            assert!(matches!(full, StorageError::Unavailable { maybe_applied: false, .. }), "{full:?}");
            assert!(matches!(store.apply(&scope, puts(0..3, 10)).await, Ok(ApplyOutcome::Applied(_))));
        }
        assert_eq!(store.usage(&scope).await.unwrap().items, 3);
    }

    /// After some failures, such as a disk that is full, SQLite has undone the transaction before anybody rolls back.
    #[tokio::test]
    async fn a_transaction_that_sqlite_undid_by_itself_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let (store, scope) = (store(&folder).await, Scope::new("acme", "organisation").unwrap());
        for _ in 0..3 {
            for mut link in [
                store.database.writers.begin_write().await.unwrap(),
                store.database.readers.begin_read().await.unwrap(),
            ] {
                Query::<Sqlite>::new(&"ROLLBACK".into()).all(&mut link).await.unwrap();
                assert_eq!(link.settled(Ok(1)).await.unwrap(), 1);
            }
            assert!(matches!(store.apply(&scope, puts(0..3, 10)).await, Ok(ApplyOutcome::Applied(_))));
            // More keys than one statement reads, so within a transaction.
            let keys: Vec<String> = (0..500).map(|key| format!("{key:04}")).collect();
            assert_eq!(store.get_many(&scope, &keys).await.unwrap().iter().flatten().count(), 3);
        }
    }
}
