use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use rusqlite::Connection;

use super::*;

/// Failures that are hard to bring about from outside, made by SQLite itself.
#[test]
fn failures_are_distinguished() {
    let fill = "CREATE TABLE t AS SELECT zeroblob(1000000)";
    for (name, prepare, then, expected) in [
        ("a full disk", "PRAGMA max_page_count = 2", fill, Kind::Full),
        ("a read-only file", "PRAGMA query_only = 1", fill, Kind::ReadOnly),
        ("a mistake in the SQL", "SELECT 1", "SELECT nonsense", Kind::Other),
    ] {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(prepare).unwrap();
        let failure = SqlFailure::from(connection.execute_batch(then).unwrap_err());
        assert!(matches!(failure, SqlFailure::Database { kind, .. } if kind == expected), "{name}: {failure:?}");
    }
}

async fn store(folder: &tempfile::TempDir) -> SqliteStorage {
    SqliteStorage::open(&folder.path().join("a.db"), Options::default()).await.unwrap()
}

fn scope() -> Scope {
    Scope::new("acme", "organisation").unwrap()
}

fn puts(keys: std::ops::Range<u32>, length: usize) -> Vec<Op> {
    keys.map(|key| Op::put(format!("{key:04}"), "v".repeat(length))).collect()
}

#[tokio::test]
async fn a_full_disk_is_reported_and_what_there_is_room_for_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let (store, scope) = (store(&folder).await, scope());
    for _ in 0..3 {
        store.writer.run(|connection| Ok(connection.execute_batch("PRAGMA max_page_count = 60")?)).await.unwrap();
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
    let (store, scope) = (store(&folder).await, scope());
    for _ in 0..3 {
        for (threads, begin) in [(&store.writer, "BEGIN IMMEDIATE"), (&*store.readers, "BEGIN")] {
            let undone = |connection: &Connection| Ok(connection.execute_batch("ROLLBACK")?);
            let begun = move |connection: &Connection| {
                connection.execute_batch(begin)?;
                undone(connection)
            };
            threads.run(begun).await.unwrap();
        }
        assert!(matches!(store.apply(&scope, puts(0..3, 10)).await, Ok(ApplyOutcome::Applied(_))));
        let keys: Vec<String> = (0..500).map(|key| format!("{key:04}")).collect();
        assert_eq!(store.get_many(&scope, &keys).await.unwrap().iter().flatten().count(), 3);
    }
}

/// A statement that would never end.
const ENDLESS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n";

fn endless(connection: &Connection) -> Result<(), SqlFailure> {
    Ok(connection.query_row(ENDLESS, (), |_| Ok(()))?)
}

fn threads(folder: &tempfile::TempDir, work: Work, limit: Duration) -> Threads {
    let file = File::make(&folder.path().join("b.db"), Duration::from_secs(1)).unwrap();
    Threads::start(file, work, 1, limit).unwrap()
}

/// What is in memory alone and dies with a connection.
const MARK: &str = "CREATE TEMP TABLE mark (x)";

fn is_marked(connection: &Connection) -> Result<bool, SqlFailure> {
    Ok(connection.prepare("SELECT 1 FROM temp.sqlite_schema")?.exists(())?)
}

#[tokio::test]
async fn work_that_takes_too_long_is_broken_off_with_its_connection() {
    let folder = tempfile::tempdir().unwrap();
    let threads = threads(&folder, Work::Read, Duration::from_secs(1));
    threads.run(|connection| Ok(connection.execute_batch(MARK)?)).await.unwrap();
    assert!(threads.run(is_marked).await.unwrap(), "the connection is kept");
    let error = StorageError::from(threads.run(endless).await.unwrap_err());
    assert!(matches!(error, StorageError::Unavailable { .. }), "{error:?}");
    assert!(!threads.run(is_marked).await.unwrap(), "the thread goes on, with another connection");
}

#[tokio::test]
async fn what_is_not_done_in_time_is_in_doubt_only_where_it_has_begun() {
    let folder = tempfile::tempdir().unwrap();
    for (work, in_doubt) in [(Work::Read, false), (Work::Write, true)] {
        let threads = threads(&folder, work, Duration::from_secs(2));
        let (release, held) = mpsc::channel::<()>();
        let done = Arc::new(AtomicBool::new(false));
        let doing = Arc::clone(&done);
        let begun = threads.run(move |_| Ok(held.recv().is_err()));
        let waiting = threads.run(move |_| {
            doing.store(true, Ordering::SeqCst);
            Ok(())
        });
        let (begun, waiting) = tokio::join!(begun, waiting);
        for (name, failure, expected) in
            [("begun", begun.unwrap_err(), in_doubt), ("waiting", waiting.unwrap_err(), false)]
        {
            let error = StorageError::from(failure);
            let told = matches!(error, StorageError::Unavailable { maybe_applied, .. } if maybe_applied == expected);
            assert!(told, "{name}: {error:?}");
        }
        drop(release);
        threads.close().await;
        assert!(!done.load(Ordering::SeqCst), "what was given up is not done later");
    }
}

#[tokio::test]
async fn a_thread_outlives_work_that_panics() {
    let folder = tempfile::tempdir().unwrap();
    let threads = threads(&folder, Work::Write, Duration::from_secs(20));
    let panicking = |_: &Connection| -> Result<(), SqlFailure> { panic!("a mistake in the work") };
    let error = StorageError::from(threads.run(panicking).await.unwrap_err());
    assert!(matches!(error, StorageError::Unavailable { maybe_applied: true, .. }), "{error:?}");
    assert!(!threads.run(is_marked).await.unwrap());
    threads.close().await;
    let error = StorageError::from(threads.run(is_marked).await.unwrap_err());
    assert!(error.to_string().contains("closed"), "{error}");
}
