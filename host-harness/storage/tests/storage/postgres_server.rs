//! What concerns a PostgreSQL server alone: getting there, what is refused, whose clock it is, and losing it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use futures_util::future::join_all;
use organisation_storage::{ApplyOutcome, Op, StorageError, open, tenant};

use crate::backend::{Backend as _, Postgres, apply, get, options, puts, scope, value};
use crate::wait::soon;

/// The same database with another part of its address.
fn with(address: &str, from: &str, to: &str) -> String {
    assert!(address.contains(from), "{address} has no {from}");
    address.replacen(from, to, 1)
}

/// What stands between `@` and `/`, and after it.
fn server_and_name(address: &str) -> (&str, &str) {
    address.rsplit_once('@').unwrap().1.split_once('/').unwrap()
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_nothing_private() {
    let Some(place) = Postgres::place() else { return };
    let address = place.address();
    let (server, name) = server_and_name(address);
    place.tamper(&["REVOKE CREATE ON SCHEMA public FROM PUBLIC"]).await;
    let legacy = format!("CREATE DATABASE {name}_legacy ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
    place.tamper(&["CREATE SCHEMA foreign_schema", "CREATE TABLE foreign_schema.letters (id INT)", &legacy]).await;
    place.tamper(&["CREATE ROLE guest LOGIN PASSWORD 'guest'"]).await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (case, address, expected) in [
        ("another password", with(address, "Tr0ub4dor", "hunter2"), "refuses: "),
        ("no such database", with(address, name, "nowhere"), "is not there: "),
        ("nobody listens", with(address, server, &closed.to_string()), "cannot reach the server of "),
        ("another encoding", with(address, name, &format!("{name}_legacy")), "has the encoding SQL_ASCII"),
        (
            "another program",
            format!("{address}?options[search_path]=foreign_schema"),
            "is a database of another program",
        ),
        ("no such schema", format!("{address}?options[search_path]=nowhere"), "is not there: "),
        ("no right to make tables", format!("postgres://guest:guest@{server}/{name}"), "refuses: "),
        ("TLS without trust", format!("{address}?sslmode=verify-full"), "cannot reach the server of "),
    ] {
        let error = open(&address, options().0).await.unwrap_err();
        let (message, debug) = (error.to_string(), format!("{error:?}"));
        assert!(message.contains(expected), "{case}: {message}");
        for private in ["Tr0ub4dor", "hunter2", "%2F"] {
            assert!(!message.contains(private) && !debug.contains(private), "{case}: {debug}");
        }
    }
    let store = open(address, options().0).await.unwrap();
    assert!(!format!("{store:?}").contains("Tr0ub4dor"), "{store:?}");
    place.tamper(&["UPDATE storage_number SET number = 99 WHERE name = 'schema'"]).await;
    let error = open(address, options().0).await.unwrap_err();
    assert!(error.to_string().contains("has schema version 99, this program knows up to 1"), "{error}");
}

/// A user who may only read and write suffices once the tables are there.
#[tokio::test]
async fn whoever_may_not_make_tables_can_use_those_there_are() {
    let Some(place) = Postgres::place() else { return };
    let (server, name) = server_and_name(place.address());
    place.store().await.0.close().await;
    let role = format!("writer_{name}");
    place
        .tamper(&[
            &format!("CREATE ROLE {role} LOGIN PASSWORD 'w'"),
            &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"),
        ])
        .await;
    let store = open(&format!("postgres://{role}:w@{server}/{name}"), options().0).await.unwrap();
    apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await;
    store.delete_scope(&scope("acme")).await.unwrap();
}

#[tokio::test]
async fn tls_is_used_and_checked_as_the_address_asks() {
    let Some(place) = Postgres::place() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    fs::write(&file, postgres_for_tests::authority()).unwrap();
    let address = format!("{}?sslmode=verify-full&sslrootcert={}", place.address(), file.display());
    let store = open(&address, options().0).await.unwrap();
    apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await;
    let others = "SELECT COUNT(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                  WHERE datname = current_database() AND pid <> pg_backend_pid() AND NOT ssl";
    assert_eq!(place.count(others).await, 0, "no connection without TLS");

    let (_, name) = server_and_name(place.address());
    let by_name = with(&address, "127.0.0.1", "localhost");
    let error = open(&by_name, options().0).await.unwrap_err().to_string();
    assert!(
        error.contains("cannot reach the server of") && error.contains(name),
        "another name than certified: {error}"
    );
}

#[tokio::test]
async fn a_sealed_value_and_a_deleted_tenant_are_in_no_table() {
    let Some(place) = Postgres::place() else { return };
    let (store, _) = place.store().await;
    let gone = scope("leaving-tenant");
    let ops = vec![Op::put("k", "correct-horse").sealed(), Op::put("private-key", "private-value")];
    apply(&store, &gone, ops).await;
    apply(&store, &scope("stays"), vec![Op::put("public-key", "public-value")]).await;
    let tables = async || -> String {
        let mut connection = place.connection().await;
        let names: Vec<String> =
            sqlx::query_scalar("SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'")
                .fetch_all(&mut connection)
                .await
                .unwrap();
        assert_eq!(names.len(), 4);
        let mut all = String::new();
        for name in names {
            let rows = format!("SELECT CAST({name} AS TEXT) FROM {name}");
            let rows: Vec<String> = sqlx::query_scalar(&rows).fetch_all(&mut connection).await.unwrap();
            all.push_str(&rows.concat());
        }
        all
    };
    // Keys are bytes, which text shows as hexadecimal.
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let before = tables().await;
    for (needle, found) in [
        ("leaving-tenant".to_owned(), true),
        (hex("private-key"), true),
        ("private-value".to_owned(), true),
        ("correct-horse".to_owned(), false),
    ] {
        assert_eq!(before.contains(&needle), found, "{needle}");
    }
    tenant::delete(&*store, "leaving-tenant").await.unwrap();
    let after = tables().await;
    for needle in ["leaving-tenant".to_owned(), hex("private-key"), "private-value".to_owned()] {
        assert!(!after.contains(&needle), "{needle} is left");
    }
    assert!(after.contains("public-value"));
}

#[tokio::test]
async fn time_is_the_databases() {
    const HOUR_MS: u64 = 3_600_000;
    let Some(place) = Postgres::place() else { return };
    let store = open(place.address(), options().0.clock(None)).await.unwrap();
    let acme = scope("acme");
    let now = async || -> u64 {
        let sql = "SELECT CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)";
        place.count(sql).await.try_into().unwrap()
    };
    let before = now().await;
    let ops = vec![Op::put("lease", "").with_ttl_ms(HOUR_MS), Op::put("stays", "")];
    let version = apply(&store, &acme, ops).await[0];
    let after = now().await;
    let expires_at = get(&store, &acme, "lease").await.unwrap().expires_at_ms.unwrap();
    assert!((before + HOUR_MS..=after + HOUR_MS).contains(&expires_at), "{expires_at}");

    // A waiter returns when the time comes, whatever this machine's clock says and without a change that wakes it.
    let waiter = tokio::spawn({
        let (store, acme) = (Arc::clone(&store), acme.clone());
        async move { store.wait(&acme, "lease", Some(version), Duration::from_secs(60)).await }
    });
    place.tamper(&[&format!("UPDATE storage_entry SET expires_at_ms = {} WHERE key = 'lease'", after)]).await;
    assert_eq!(soon(waiter).await.unwrap(), Ok(true));
    assert_eq!(get(&store, &acme, "lease").await, None);
    assert_eq!(store.usage(&acme).await.unwrap().items, 1);
    let names: Vec<String> =
        (0..100).map(|index| format!("k{index}")).chain(["lease".into(), "stays".into()]).collect();
    let found = store.get_many(&acme, &names).await.unwrap();
    assert_eq!((found[100].is_some(), found[101].is_some()), (false, true), "an answer of several statements");
    let next = apply(&store, &acme, vec![Op::check_absent("lease"), Op::put("lease", "").with_ttl_ms(30)]).await[0];
    assert_eq!(soon(store.wait(&acme, "lease", Some(next), Duration::from_secs(60))).await, Ok(true));
}

#[tokio::test]
async fn a_writer_in_the_way_is_recognised() {
    let Some(place) = Postgres::place() else { return };
    let store = place.open(options().0.busy_timeout(Duration::from_millis(20))).await;
    apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await;
    let mut other = place.connection().await;
    sqlx::query("BEGIN").execute(&mut other).await.unwrap();
    sqlx::query("UPDATE storage_scope SET items = items").execute(&mut other).await.unwrap();
    let error = store.apply(&scope("acme"), vec![Op::put("k", "w")]).await.unwrap_err();
    assert!(matches!(error, StorageError::Unavailable { maybe_applied: false, .. }), "{error}");
    assert_eq!(value(&store, &scope("acme"), "k").await.as_deref(), Some("v"), "readers do not wait for writers");
    apply(&store, &scope("another"), vec![Op::put("k", "w")]).await;
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    apply(&store, &scope("acme"), vec![Op::put("k", "w")]).await;
}

#[tokio::test]
async fn a_deadlock_is_resolved_by_repeating() {
    let Some(place) = Postgres::place() else { return };
    let (store, _) = place.store().await;
    apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await;
    let mut other = place.connection().await;
    // The store waits first, so the server ends its transaction.
    for statement in ["SET deadlock_timeout = '1min'", "BEGIN", "UPDATE storage_entry SET bytes = bytes"] {
        sqlx::query(statement).execute(&mut other).await.unwrap();
    }
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.apply(&scope("acme"), vec![Op::put("k", "w")]).await }
    });
    let waits = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    soon(async {
        while place.count(waits).await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    sqlx::query("UPDATE storage_scope SET items = items").execute(&mut other).await.unwrap();
    sqlx::query("COMMIT").execute(&mut other).await.unwrap();
    assert!(matches!(soon(writer).await.unwrap(), Ok(ApplyOutcome::Applied(_))));
    assert_eq!(value(&store, &scope("acme"), "k").await.as_deref(), Some("w"));
}

/// The server ends all connections, over and over, while others count: each time after they got on a little.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_connections_lose_nothing() {
    const WRITERS: u64 = 4;
    const INCREMENTS: u64 = 10;
    let Some(place) = Postgres::place() else { return };
    let (store, _) = place.store().await;
    let acme = scope("acme");
    apply(&store, &acme, vec![Op::put("counter", "0")]).await;
    let attempts = Arc::new(AtomicU64::new(0));
    let writers = (0..WRITERS).map(|_| {
        let (store, acme, attempts) = (Arc::clone(&store), acme.clone(), Arc::clone(&attempts));
        tokio::spawn(async move {
            let (mut done, mut doubtful) = (0, 0);
            while done + doubtful < INCREMENTS {
                attempts.fetch_add(1, Ordering::Relaxed);
                let Ok(found) = store.get_many(&acme, &["counter".into()]).await else { continue };
                let entry = found[0].clone().unwrap();
                let next = entry.value.parse::<u64>().unwrap() + 1;
                let ops = vec![Op::check_version("counter", entry.version), Op::put("counter", next.to_string())];
                match store.apply(&acme, ops).await {
                    Ok(ApplyOutcome::Applied(_)) => done += 1,
                    Ok(ApplyOutcome::Conflict(_)) | Err(StorageError::Unavailable { maybe_applied: false, .. }) => {}
                    Err(StorageError::Unavailable { maybe_applied: true, .. }) => doubtful += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (done, doubtful)
        })
    });
    let writers = tokio::spawn(join_all(writers.collect::<Vec<_>>()));
    let end = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut next = 0;
    while !writers.is_finished() {
        if attempts.load(Ordering::Relaxed) >= next {
            next = attempts.load(Ordering::Relaxed) + 2 * WRITERS;
            place.count(end).await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let ended = writers.await.unwrap().into_iter().map(Result::unwrap);
    let (done, doubtful) = ended.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let counted: u64 = value(&store, &acme, "counter").await.unwrap().parse().unwrap();
    assert!((done..=done + doubtful).contains(&counted), "{counted} counted, {done} done, {doubtful} in doubt");
}

/// What stands between store and server, and at the store's next commit lets one of them know nothing of the other any
/// more.
fn cut_at_commit(server: &str, deliver: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = server.to_owned();
    thread::spawn(move || {
        for client in listener.incoming() {
            let client = client.unwrap();
            let server = TcpStream::connect(&server).unwrap();
            let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
            thread::spawn(move || forward_until_commit(client, server, deliver));
        }
    });
    address
}

fn forward_until_commit(mut client: TcpStream, mut server: TcpStream, deliver: bool) {
    let mut bytes = [0; 65_536];
    while let Ok(length @ 1..) = client.read(&mut bytes) {
        let commits = bytes[..length].windows(7).any(|window| window == b"COMMIT\0");
        if commits {
            client.shutdown(Shutdown::Both).unwrap();
        }
        if (!commits || deliver) && server.write_all(&bytes[..length]).is_err() {
            return;
        }
        if commits {
            // What was delivered is carried out before the end of the connection is noticed.
            let _ = server.shutdown(Shutdown::Write);
            return;
        }
    }
}

#[tokio::test]
async fn a_commit_without_an_answer_may_have_been_applied() {
    for deliver in [true, false] {
        let Some(place) = Postgres::place() else { return };
        // The tables are there, so opening commits nothing.
        let (direct, _) = place.store().await;
        let (server, _) = server_and_name(place.address());
        let through = with(place.address(), server, &cut_at_commit(server, deliver));
        let acme = scope("acme");
        apply(&direct, &acme, puts(&["before"])).await;
        let store = open(&format!("{through}?sslmode=disable"), options().0).await.unwrap();
        let error = store.apply(&acme, vec![Op::put("k", "v")]).await.unwrap_err();
        assert!(matches!(error, StorageError::Unavailable { maybe_applied: true, .. }), "{error}");
        let applied = soon(async {
            loop {
                match value(&direct, &acme, "k").await {
                    None if deliver => tokio::time::sleep(Duration::from_millis(5)).await,
                    found => return found.is_some(),
                }
            }
        });
        assert_eq!(applied.await, deliver);
    }
}

/// Sizes are those of the address, and behind a pooler nothing is left in a session for the next who gets it: no
/// setting, no prepared statement; and what reads is in a transaction as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_stays_in_a_session_behind_a_pooler() {
    for (parameters, kept) in [("?readers=2&writers=3", true), ("?readers=2&writers=3&pooler=transaction", false)] {
        let Some(place) = Postgres::place() else { return };
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (server, _) = server_and_name(place.address());
        let through = with(place.address(), server, &listened_to(server, &heard));
        let store = open(&format!("{through}{parameters}&sslmode=disable"), options().0).await.unwrap();
        join_all((0..20).map(|tenant| {
            let store = Arc::clone(&store);
            async move {
                let scope = scope(&format!("tenant{tenant}"));
                apply(&store, &scope, vec![Op::put("k", "v")]).await;
                assert_eq!(get(&store, &scope, "k").await.unwrap().value, "v");
            }
        }))
        .await;
        let sessions =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        assert!((2..=5).contains(&place.count(sessions).await), "{parameters}");
        let heard = heard.lock().unwrap();
        let said = |text: &str| heard.iter().filter(|bytes| contains(bytes, text)).count();
        assert_eq!(said("sqlx_s_") > 0, kept, "{parameters}: statements prepared by name");
        assert_eq!(said("extra_float_digits") > 0, kept, "{parameters}: settings at the start");
        assert_eq!(said("SET lock_timeout") > 0, kept, "{parameters}: settings of the session");
        assert_eq!(said("SET LOCAL lock_timeout") > 0, !kept, "{parameters}: settings of the transaction");
        assert_eq!(said("READ ONLY; SET LOCAL") >= 20, !kept, "{parameters}: transactions that read");
    }
}

/// A pooler that takes nothing but user and database at the start, as PgBouncer's own settings have it.
fn strict_pooler() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut bytes = [0; 65_536];
            let length = client.read(&mut bytes).unwrap();
            let refused = ["extra_float_digits", "options"].into_iter().find(|name| contains(&bytes[..length], name));
            let message = format!("unsupported startup parameter: {}", refused.unwrap_or("none"));
            let fields = format!("SFATAL\0VFATAL\0C08P01\0M{message}\0\0");
            let size = u32::try_from(fields.len() + 4).unwrap();
            client.write_all(&[b"E", &size.to_be_bytes()[..], fields.as_bytes()].concat()).unwrap();
        }
    });
    address
}

#[tokio::test]
async fn whoever_forgets_the_pooler_is_told_which_parameter_to_add() {
    for (parameters, expected) in [
        ("", "unsupported startup parameter: extra_float_digits; there is a pooler"),
        ("", "add pooler=transaction to the address"),
        ("&pooler=transaction&options[search_path]=other", "options; the pooler takes no such parameter"),
    ] {
        let address = format!("postgres://me:secret@{}/org?sslmode=disable{parameters}", strict_pooler());
        let error = open(&address, options().0).await.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("secret"), "{error}");
    }
}

/// An engine that lacks a setting does without it, also where it goes with each transaction.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setting_that_the_server_does_not_know_is_done_without() {
    for parameters in ["", "&pooler=transaction"] {
        let Some(place) = Postgres::place() else { return };
        let (heard, (server, _)) = (Arc::default(), server_and_name(place.address()));
        let misread = |bytes: &mut [u8]| {
            for at in 0..bytes.len().saturating_sub(9) {
                if bytes[at..].starts_with(b"plan_cache") {
                    bytes[at..at + 10].copy_from_slice(b"plan_nope_");
                }
            }
        };
        let through = with(place.address(), server, &listened_to_with(server, &heard, misread));
        let store = open(&format!("{through}?sslmode=disable{parameters}"), options().0).await.unwrap();
        apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await;
        assert_eq!(get(&store, &scope("acme"), "k").await.unwrap().value, "v");
        let heard = heard.lock().unwrap();
        let said = |text: &str| heard.iter().filter(|bytes| contains(bytes, text)).count();
        assert!(said("plan_nope_") > 0, "{parameters}: nobody asked for it");
        assert_eq!(
            said("SET LOCAL plan_nope_"),
            usize::from(!parameters.is_empty()),
            "{parameters}: it was asked for again"
        );
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// What stands between store and server, and keeps what the store says.
fn listened_to(server: &str, heard: &Arc<Mutex<Vec<Vec<u8>>>>) -> String {
    listened_to_with(server, heard, |_| {})
}

/// The same, and changes it.
fn listened_to_with(server: &str, heard: &Arc<Mutex<Vec<Vec<u8>>>>, change: fn(&mut [u8])) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (server, heard) = (server.to_owned(), Arc::clone(heard));
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut server = TcpStream::connect(&server).unwrap();
            let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
            let heard = Arc::clone(&heard);
            thread::spawn(move || std::io::copy(&mut from_server, &mut to_client));
            thread::spawn(move || {
                let mut bytes = [0; 65_536];
                while let Ok(length @ 1..) = client.read(&mut bytes) {
                    change(&mut bytes[..length]);
                    heard.lock().unwrap().push(bytes[..length].to_vec());
                    if server.write_all(&bytes[..length]).is_err() {
                        return;
                    }
                }
                let _ = server.shutdown(Shutdown::Write);
            });
        }
    });
    address
}
