//! What concerns the SQLite file alone: that it lasts, who may read it, and what is refused.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use organisation_storage::{Op, OpenError, Scope, StorageError, open, tenant};
use rusqlite::Connection;

use crate::backend::{Backend, Sqlite, apply, delete_all, options, scope, value};
use crate::wait::soon;

/// Carries a statement out past the store.
fn execute(file: &Path, statement: &str) {
    Connection::open(file).unwrap().execute_batch(statement).unwrap();
}

/// Whether the database, its log or its index hold this text anywhere, in use or not.
fn is_in_files(place: &Sqlite, needle: &str) -> bool {
    fs::read_dir(place.file().parent().unwrap()).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
    })
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
    let contains = |needle: &str| is_in_files(&place, needle);
    assert!(contains("in-plain-sight"), "the search works");
    assert!(!contains(secret));
    store.close().await;
    assert!(contains("in-plain-sight") && !contains(secret), "nor after the log went into the file");
}

#[tokio::test]
async fn a_sealed_value_needs_its_place() {
    let place = Sqlite::new();
    let (store, _) = place.store().await;
    let (mine, yours) = (scope("mine"), scope("yours"));
    apply(&store, &mine, vec![Op::put("k", "secret").sealed()]).await;
    apply(&store, &yours, vec![Op::put("k", "other").sealed()]).await;
    let copy = "UPDATE storage_entry SET value = (SELECT value FROM storage_entry WHERE key = 'k' AND scope = \
                (SELECT id FROM storage_scope WHERE tenant = 'mine')) WHERE key = 'k'";
    place.tamper(&[copy]).await;
    assert_eq!(value(&store, &mine, "k").await.as_deref(), Some("secret"));
    assert!(store.get_many(&yours, &["k".into()]).await.is_err(), "copied from another tenant");
}

#[tokio::test]
async fn files_that_are_not_ours_are_left_alone() {
    let newer = async |file: &Path| {
        let options = options().0;
        open(&format!("sqlite:{}", file.display()), options).await.unwrap().close().await;
        execute(file, "UPDATE storage_number SET number = 99 WHERE name = 'schema'");
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, expected) in [
        ("newer", "has schema version 99, this program knows up to 1"),
        ("foreign", "is a database of another program"),
        ("text", "is not an SQLite database"),
        ("folder", "cannot open the database"),
        ("file/below", "cannot open the database"),
    ] {
        let file = folder.path().join(name);
        match name {
            "newer" => newer(&file).await,
            "foreign" => execute(&file, "CREATE TABLE storage_scope (id)"),
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

/// Files in use were written by another driver, and by programs to come before this one.
#[tokio::test]
async fn a_file_of_the_first_schema_is_read_and_written() {
    let place = Sqlite::new();
    fs::create_dir_all(place.file().parent().unwrap()).unwrap();
    execute(&place.file(), include_str!("first_schema.sql"));
    let (store, _) = place.store().await;
    let scope = Scope::new("default", "small").unwrap();
    let page = store.scan(&scope, "", None, 10).await.unwrap();
    let found: Vec<_> = page.entries.iter().map(|entry| (&*entry.key, entry.version, entry.expires_at_ms)).collect();
    let expected = [
        ("directory/d/2", 52, None),
        ("directory/d/21", 56, None),
        ("directory/f/00000000000000000001", 53, Some(1_798_570_276_585)),
        ("token/59f9edbc4886acab085a11f19126405f", 6, Some(1_795_985_176_556)),
    ];
    assert_eq!(found, expected);
    assert_eq!(page.entries[3].value.len(), 256, "the sealed value opens");
    let usage = store.usage(&scope).await.unwrap();
    assert_eq!(apply(&store, &scope, vec![Op::put("directory/d/2", ""), Op::delete("directory/d/21")]).await, [152]);
    assert_eq!(store.usage(&scope).await.unwrap().items, usage.items - 1);
    store.delete_scope(&scope).await.unwrap();
    assert_eq!(place.count("SELECT COUNT(*) FROM storage_entry").await, 0);
    assert_eq!(apply(&store, &scope, vec![Op::put("k", "v")]).await, [153], "versions go on");
}

#[tokio::test]
async fn a_locked_file_is_recognised() {
    let place = Sqlite::new();
    let busy_timeout = Duration::from_millis(20);
    let store = place.open(options().0.busy_timeout(busy_timeout)).await;
    apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await;
    let other = place.connection();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = store.apply(&scope("acme"), vec![Op::put("k", "w")]).await.unwrap_err();
    assert!(matches!(error, StorageError::Unavailable { maybe_applied: false, .. }), "{error}");
    assert_eq!(value(&store, &scope("acme"), "k").await.as_deref(), Some("v"), "readers do not wait for writers");
    let error = open(&place.address(), options().0.busy_timeout(busy_timeout)).await.unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    other.execute_batch("ROLLBACK").unwrap();
    apply(&store, &scope("acme"), vec![Op::put("k", "w")]).await;
}

/// Names, keys and values, of entries that are there, were written over, or were deleted before.
#[tokio::test]
async fn a_deleted_tenant_leaves_no_byte_in_the_files() {
    let place = Sqlite::new();
    let (store, _) = place.store().await;
    let (gone, stays) = (scope("leaving-tenant"), scope("staying-tenant"));
    for round in 0..3 {
        for part in 0..4 {
            let put = |index: u32| {
                let value = format!("private-value-{round}-").repeat(if index.is_multiple_of(50) { 700 } else { 5 });
                Op::put(format!("private-key/{part}/{index}"), value)
            };
            apply(&store, &gone, (0..250).map(put).collect()).await;
            apply(&store, &stays, vec![Op::put(format!("public-key/{part}"), "public-value")]).await;
        }
        delete_all(&store, &gone, &format!("private-key/{round}/1")).await;
    }
    let private = ["leaving-tenant", "private-key", "private-value"];
    for needle in private {
        assert!(is_in_files(&place, needle), "the search finds {needle}");
    }
    let deleted = tenant::delete(&*store, "leaving-tenant").await.unwrap();
    assert_eq!(deleted.scopes, 1);
    for needle in private {
        assert!(!is_in_files(&place, needle), "{needle} is left");
    }
    assert_eq!(value(&store, &stays, "public-key/3").await.as_deref(), Some("public-value"));

    // A reader that is under way keeps the log: that is said, and once it is gone the same call clears up.
    apply(&store, &gone, vec![Op::put("private-key", "private-value")]).await;
    let busy_timeout = Duration::from_millis(20);
    let hasty = place.open(options().0.busy_timeout(busy_timeout)).await;
    let mut reading = store.snapshot(&stays).await.unwrap();
    assert_eq!(reading.next().await.unwrap().len(), 4);
    let error = tenant::delete(&*hasty, "leaving-tenant").await.unwrap_err();
    assert!(matches!(&error, StorageError::Unavailable { message, .. } if message.contains("once more")), "{error}");
    drop(reading);
    soon(async {
        while tenant::delete(&*hasty, "leaving-tenant").await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(!is_in_files(&place, "private-value"));
}

#[tokio::test]
async fn others_write_while_a_deletion_waits_for_a_reader() {
    let place = Sqlite::new();
    // For longer than the test may take.
    let store = place.open(options().0.busy_timeout(Duration::from_hours(1))).await;
    let (gone, stays) = (scope("leaving-tenant"), scope("staying-tenant"));
    for scope in [&gone, &stays] {
        apply(&store, scope, vec![Op::put("k", "v")]).await;
    }
    let mut reading = store.snapshot(&stays).await.unwrap();
    assert_eq!(reading.next().await.unwrap().len(), 1);
    let deleting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { tenant::delete(&*store, "leaving-tenant").await }
    });
    soon(async {
        while !store.scopes("leaving-tenant").await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        // The first of these may still come before the bytes are to be taken away.
        for _ in 0..20 {
            apply(&store, &stays, vec![Op::put("k", "w")]).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    assert!(!deleting.is_finished(), "the reader is in the way");
    drop(reading);
    assert_eq!(soon(deleting).await.unwrap().unwrap().scopes, 1);
}
