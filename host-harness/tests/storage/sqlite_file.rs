//! What concerns the SQLite file alone: that it lasts, who may read it, and what is refused.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use host_harness::storage::{Op, OpenError, Options, Outcome, SealingKey, StorageError, open};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::backend::{Backend, Sqlite, apply, get, keys, options, puts, scope, value};
use crate::wait::soon;

/// A connection past the store, for looking and for damage.
async fn raw(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await.unwrap()
}

async fn execute(file: &Path, statements: &[&str]) {
    let mut connection = raw(file).await;
    for statement in statements {
        sqlx::query(AssertSqlSafe(*statement)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let place = Sqlite::new();
    let scope = scope("acme");
    let (first_options, clock) = options();
    let store = place.open(first_options).await;
    let ops = vec![Op::put("plain", "1"), Op::put("sealed", "2").sealed(), Op::put("short", "3").with_ttl_ms(10)];
    let versions = apply(&store, &scope, ops).await;
    let usage = store.usage(&scope).await.unwrap();
    store.close().await;
    assert!(matches!(store.usage(&scope).await, Err(StorageError::Unavailable { maybe_applied: false, .. })));

    let store = place.open(Options { clock: Arc::new(clock.clone()), ..options().0 }).await;
    assert_eq!(store.usage(&scope).await.unwrap(), usage);
    let page = store.scan(&scope, "", None, 10).await.unwrap();
    let found: Vec<_> = page.entries.iter().map(|entry| (&*entry.key, &*entry.value, entry.version)).collect();
    assert_eq!(found, [("plain", "1", versions[0]), ("sealed", "2", versions[1]), ("short", "3", versions[2])]);
    clock.advance(Duration::from_millis(10));
    assert_eq!(keys(&store, &scope, "", 10).await, ["plain", "sealed"]);
    assert!(apply(&store, &scope, vec![Op::put("plain", "")]).await[0] > versions[2]);
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Sqlite::new();
    let (store, _) = place.store().await;
    apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = place.file().parent().unwrap().to_owned();
    assert_eq!(mode(&folder), 0o700);
    let mut files = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 3, "database, log, and index of the log");
}

#[tokio::test]
async fn a_sealed_value_is_nowhere_in_the_files() {
    let place = Sqlite::new();
    let (store, _) = place.store().await;
    let scope = scope("acme");
    let secret = "correct-horse-battery-staple";
    for _ in 0..3 {
        apply(&store, &scope, vec![Op::put("sealed", secret).sealed(), Op::put("plain", "in-plain-sight")]).await;
    }
    let contains = |needle: &str| {
        fs::read_dir(place.file().parent().unwrap()).unwrap().any(|entry| {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        })
    };
    assert!(contains("in-plain-sight"), "the search works");
    assert!(!contains(secret));
    store.close().await;
    assert!(contains("in-plain-sight") && !contains(secret), "nor after the log went into the file");
}

#[tokio::test]
async fn a_sealed_value_needs_its_key_and_its_place() {
    let place = Sqlite::new();
    let (store, _) = place.store().await;
    let (mine, yours) = (scope("mine"), scope("yours"));
    apply(&store, &mine, vec![Op::put("k", "secret").sealed(), Op::put("plain", "p")]).await;
    apply(&store, &yours, vec![Op::put("k", "other").sealed()]).await;
    store.close().await;

    for (name, sealing_key) in [("another key", Some(SealingKey::new([2; 32]))), ("no key", None)] {
        let store = place.open(Options { sealing_key, ..options().0 }).await;
        let error = store.get_many(&mine, &["k".into()]).await.unwrap_err();
        assert!(matches!(&error, StorageError::Other(message) if message.contains("sealing key")), "{name}: {error}");
        assert!(store.scan(&mine, "", None, 10).await.is_err(), "{name}");
        assert_eq!(value(&store, &mine, "plain").await.as_deref(), Some("p"), "{name}: the others can be read");
        store.close().await;
    }

    let copy = "UPDATE storage_entry SET value = (SELECT value FROM storage_entry WHERE key = 'k' AND scope = \
                (SELECT id FROM storage_scope WHERE tenant = 'mine')) WHERE key = 'k'";
    execute(&place.file(), &[copy]).await;
    let store = place.open(options().0).await;
    assert_eq!(value(&store, &mine, "k").await.as_deref(), Some("secret"));
    assert!(store.get_many(&yours, &["k".into()]).await.is_err(), "copied from another tenant");
    store.close().await;

    let store = place.open(Options { sealing_key: None, ..options().0 }).await;
    let error = store.apply(&mine, vec![Op::put("k", "never plain").sealed()]).await.unwrap_err();
    assert!(matches!(&error, StorageError::Other(message) if message.contains("sealing key")), "{error}");
    // What cannot be read can be replaced.
    apply(&store, &mine, vec![Op::put("k", "plain now")]).await;
    assert_eq!(value(&store, &mine, "k").await.as_deref(), Some("plain now"));
}

#[tokio::test]
async fn addresses_are_checked() {
    for (address, expected) in [
        ("postgres://u:hunter2@db/x", "storage backend postgres is not built into this program"),
        ("postgresql://db/x", "storage backend postgres is not built into this program"),
        ("mysql://u:hunter2@db/x", "storage address starts with \"mysql\""),
        ("storage.db", "storage address starts with \"storage.db\""),
        ("memory:x", "storage address starts with \"memory\""),
        ("", "storage address starts with \"\""),
        ("sqlite:", "sqlite: needs the path of a file"),
        ("sqlite::memory:", "sqlite: needs the path of a file"),
    ] {
        let message = open(address, Options::default()).await.unwrap_err().to_string();
        assert!(message.starts_with(expected), "{address}: {message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("storage.db");
    open(&format!("sqlite://{}", file.display()), Options::default()).await.unwrap();
    assert!(file.exists());
}

#[tokio::test]
async fn files_that_are_not_ours_are_left_alone() {
    let newer = async |file: &Path| {
        let options = options().0;
        open(&format!("sqlite:{}", file.display()), options).await.unwrap().close().await;
        execute(file, &["UPDATE storage_number SET number = 99 WHERE name = 'schema'"]).await;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [
        ("newer", "has schema version 99, this program knows up to 1"),
        ("foreign", "is a database of another program"),
        ("text", "is not an SQLite database"),
        ("folder", "cannot open the database file"),
        ("file/below", "cannot open the database file"),
    ] {
        let file = folder.path().join(name);
        match name {
            "newer" => newer(&file).await,
            "foreign" => execute(&file, &["CREATE TABLE storage_scope (id)"]).await,
            "text" => fs::write(&file, "This is a letter. ".repeat(1_000)).unwrap(),
            "folder" => fs::create_dir(&file).unwrap(),
            _ => fs::write(folder.path().join("file"), "").unwrap(),
        }
        let before = fs::read(&file).ok();
        let error = open(&format!("sqlite:{}", file.display()), options().0).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{name}: {error}");
        assert_eq!(fs::read(&file).ok(), before, "{name} was changed");
    }
}

#[tokio::test]
async fn a_locked_file_is_told_apart() {
    let place = Sqlite::new();
    let busy_timeout = Duration::from_millis(20);
    let store = place.open(Options { busy_timeout, ..options().0 }).await;
    apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await;
    let mut other = raw(&place.file()).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let error = store.apply(&scope("acme"), vec![Op::put("k", "w")]).await.unwrap_err();
    assert!(matches!(error, StorageError::Unavailable { maybe_applied: false, .. }), "{error}");
    assert_eq!(value(&store, &scope("acme"), "k").await.as_deref(), Some("v"), "readers do not wait for writers");
    let error = open(&place.address(), Options { busy_timeout, ..options().0 }).await.unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    apply(&store, &scope("acme"), vec![Op::put("k", "w")]).await;
}

#[tokio::test]
async fn a_new_file_may_be_opened_by_many_at_once() {
    let place = Sqlite::new();
    let address = place.address();
    let opening: Vec<_> = (0..6)
        .map(|_| {
            let address = address.clone();
            tokio::spawn(async move { open(&address, options().0).await })
        })
        .collect();
    let mut last = 0;
    for store in opening {
        let store = store.await.unwrap().unwrap();
        let version = apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await[0];
        assert!(version > last, "all count on from each other");
        last = version;
    }
}

#[tokio::test]
async fn stores_on_one_file_see_and_wake_each_other() {
    let place = Sqlite::new();
    let (here, clock) = place.store().await;
    let (there, _) = place.store().await;
    let scope = scope("acme");
    let version = apply(&there, &scope, vec![Op::put("k", "1")]).await[0];
    assert_eq!(get(&here, &scope, "k").await.unwrap().version, version);
    let lost = here.apply(&scope, vec![Op::check_absent("k"), Op::put("k", "2")]).await.unwrap();
    assert_eq!(lost, Outcome::Conflict(vec!["k".into()]));

    let waiter = tokio::spawn({
        let (here, scope) = (Arc::clone(&here), scope.clone());
        async move { here.wait(&scope, "k", Some(version), Duration::from_secs(3_600)).await }
    });
    // Its timeout and its poll.
    soon(clock.until_sleepers(2)).await;
    apply(&there, &scope, vec![Op::put("k", "3")]).await;
    assert!(!waiter.is_finished());
    clock.advance(Options::default().poll_interval);
    assert_eq!(soon(waiter).await.unwrap(), Ok(true));
}

#[tokio::test]
async fn the_rows_of_a_deleted_scope_go() {
    let place = Sqlite::new();
    let rows = async || -> i64 {
        let sql = "SELECT (SELECT COUNT(*) FROM storage_entry) + (SELECT COUNT(*) FROM storage_deleted_scope)";
        sqlx::query_scalar(sql).fetch_one(&mut raw(&place.file()).await).await.unwrap()
    };
    let (store, _) = place.store().await;
    apply(&store, &scope("gone"), puts(&["a", "b"])).await;
    assert_eq!(rows().await, 2);
    store.delete_scope(&scope("gone")).await.unwrap();
    assert_eq!(rows().await, 0);
    apply(&store, &scope("gone"), puts(&["a", "b"])).await;
    store.close().await;
    // As if the process had died between making the scope unreachable and removing its rows: the next to open the file goes
    // on.
    execute(
        &place.file(),
        &["INSERT INTO storage_deleted_scope (id) SELECT id FROM storage_scope", "DELETE FROM storage_scope"],
    )
    .await;
    place.open(options().0).await.close().await;
    assert_eq!(rows().await, 0);
}

/// The environment variable that tells [`writer_that_gets_killed`] where to write.
const KILLED_ADDRESS: &str = "STORAGE_TEST_KILLED_ADDRESS";

/// The other half of [`what_was_acknowledged_survives_a_kill`]: runs in a process of its own, never by itself.
#[tokio::test]
#[ignore = "started by what_was_acknowledged_survives_a_kill"]
async fn writer_that_gets_killed() {
    let address = std::env::var(KILLED_ADDRESS).unwrap();
    let store = open(&address, options().0).await.unwrap();
    for number in 0_u64.. {
        let text = number.to_string();
        apply(&store, &scope("acme"), vec![Op::put("a", &text), Op::put("b", &text)]).await;
        println!("acknowledged {number}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let place = Sqlite::new();
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "sqlite_file::writer_that_gets_killed"])
        .env(KILLED_ADDRESS, place.address())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    let numbers = lines.by_ref().map_while(Result::ok).filter_map(|line| {
        let (_, number) = line.split_once("acknowledged ")?;
        number.parse::<u64>().ok()
    });
    let acknowledged = numbers.take(50).last().unwrap();
    writer.kill().unwrap();
    writer.wait().unwrap();

    let (store, _) = place.store().await;
    let (a, b) = (value(&store, &scope("acme"), "a").await, value(&store, &scope("acme"), "b").await);
    assert_eq!(a, b, "an apply is never torn");
    assert!(a.unwrap().parse::<u64>().unwrap() >= acknowledged);
}
