//! Several stores on one place: as several hosts have them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use organisation_storage::{ApplyOutcome, Op, Options, SealingKey, Storage, StorageError};

use crate::backend::{Backend, apply, get, keys, options, puts, scope, value};
use crate::wait::soon;

/// Stores on the same place, each with connections and waiters of its own.
async fn stores(backend: &impl Backend, count: usize) -> Vec<Arc<dyn Storage>> {
    join_all((0..count).map(|_| backend.open(options().0))).await
}

pub(crate) async fn stores_see_and_wake_each_other(backend: &impl Backend) {
    let (here, clock) = backend.store().await;
    let (there, _) = backend.store().await;
    let scope = scope("acme");
    let version = apply(&there, &scope, vec![Op::put("k", "1")]).await[0];
    assert_eq!(get(&here, &scope, "k").await.unwrap().version, version);
    let lost = here.apply(&scope, vec![Op::check_absent("k"), Op::put("k", "2")]).await.unwrap();
    assert_eq!(lost, ApplyOutcome::Conflict(vec!["k".into()]));

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

pub(crate) async fn one_of_many_stores_wins(backend: &impl Backend) {
    let stores = stores(backend, 4).await;
    let scope = scope("acme");
    // Among the first writers of a scope is also decided who makes it.
    for round in 0..5 {
        let lease = format!("lease {round}");
        let attempts = (0..16).map(|writer| {
            let (store, scope, lease) = (Arc::clone(&stores[writer % stores.len()]), scope.clone(), lease.clone());
            tokio::spawn(async move {
                let ops = vec![Op::check_absent(&lease), Op::put(&lease, writer.to_string())];
                matches!(store.apply(&scope, ops).await.unwrap(), ApplyOutcome::Applied(_)).then_some(writer)
            })
        });
        let winners: Vec<_> = join_all(attempts).await.into_iter().filter_map(Result::unwrap).collect();
        assert_eq!(winners.len(), 1, "{winners:?}");
        for store in &stores {
            assert_eq!(value(store, &scope, &lease).await, Some(winners[0].to_string()), "linearizable");
        }
    }
}

pub(crate) async fn increments_of_many_stores_are_not_lost(backend: &impl Backend) {
    const WRITERS: usize = 6;
    const INCREMENTS: usize = 12;
    let stores = stores(backend, 3).await;
    let scope = scope("acme");
    apply(&stores[0], &scope, vec![Op::put("counter", "0")]).await;
    let writers = (0..WRITERS).map(|writer| {
        let (store, scope) = (Arc::clone(&stores[writer % stores.len()]), scope.clone());
        tokio::spawn(async move {
            let (mut versions, mut seen) = (Vec::new(), 0);
            while versions.len() < INCREMENTS {
                let entry = get(&store, &scope, "counter").await.unwrap();
                assert!(entry.version >= seen, "a later read sees no earlier state");
                seen = entry.version;
                let next = entry.value.parse::<u64>().unwrap() + 1;
                let ops = vec![Op::check_version("counter", entry.version), Op::put("counter", next.to_string())];
                if let ApplyOutcome::Applied(applied) = store.apply(&scope, ops).await.unwrap() {
                    seen = applied[0];
                    versions.extend(applied);
                }
            }
            versions
        })
    });
    let versions: Vec<u64> = join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();
    let unique: HashSet<_> = versions.iter().collect();
    assert_eq!(unique.len(), WRITERS * INCREMENTS, "no version came twice");
    assert_eq!(value(&stores[1], &scope, "counter").await, Some((WRITERS * INCREMENTS).to_string()));
}

pub(crate) async fn no_reader_sees_half_an_apply(backend: &impl Backend) {
    let stores = stores(backend, 2).await;
    let scope = scope("acme");
    // More keys than one statement of a read names, so that the answer takes several.
    let names: Vec<String> = (0..150).map(|index| format!("k{index:03}")).collect();
    let write = |round: u32| names.iter().map(|name| Op::put(name, round.to_string())).collect::<Vec<_>>();
    apply(&stores[0], &scope, write(0)).await;
    let writer = tokio::spawn({
        let (store, scope) = (Arc::clone(&stores[0]), scope.clone());
        let rounds: Vec<_> = (1..40).map(write).collect();
        async move {
            for ops in rounds {
                apply(&store, &scope, ops).await;
            }
        }
    });
    while !writer.is_finished() {
        let found = stores[1].get_many(&scope, &names).await.unwrap();
        let values: HashSet<_> = found.iter().flatten().map(|entry| &entry.value).collect();
        assert_eq!((found.len(), values.len()), (names.len(), 1), "{values:?}");
        let page = stores[1].scan(&scope, "", None, 1_000).await.unwrap();
        let values: HashSet<_> = page.entries.iter().map(|entry| &entry.value).collect();
        assert_eq!((page.entries.len(), values.len()), (names.len(), 1), "{values:?}");
    }
    writer.await.unwrap();
}

pub(crate) async fn a_scope_deleted_and_made_again_reuses_no_version(backend: &impl Backend) {
    let stores = stores(backend, 3).await;
    let scope = scope("acme");
    let writers = (0..3).map(|writer| {
        let (store, scope) = (Arc::clone(&stores[writer]), scope.clone());
        tokio::spawn(async move {
            let mut versions = Vec::new();
            for round in 0..20 {
                versions.extend(apply(&store, &scope, vec![Op::put("a", ""), Op::put("b", "")]).await);
                if round % 3 == writer {
                    store.delete_scope(&scope).await.unwrap();
                }
            }
            versions
        })
    });
    let versions: Vec<u64> = join_all(writers).await.into_iter().flat_map(Result::unwrap).collect();
    let unique: HashSet<_> = versions.iter().collect();
    assert_eq!((versions.len(), unique.len()), (120, 120), "{versions:?}");
}

pub(crate) async fn a_new_place_may_be_opened_by_many_at_once(backend: &impl Backend) {
    let opened = stores(backend, 6).await;
    let mut last = 0;
    for store in opened {
        let version = apply(&store, &scope("acme"), vec![Op::put("k", "v")]).await[0];
        assert!(version > last, "all count on from each other");
        last = version;
    }
}

pub(crate) async fn a_sealed_value_needs_its_key(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    apply(&store, &scope, vec![Op::put("k", "secret").sealed(), Op::put("plain", "p")]).await;
    for (name, sealing_key) in [("another key", Some(SealingKey::new([2; 32]))), ("no key", None)] {
        let store = backend.open(options().0.sealing_key(sealing_key)).await;
        let error = store.get_many(&scope, &["k".into()]).await.unwrap_err();
        assert!(matches!(&error, StorageError::Other(message) if message.contains("sealing key")), "{name}: {error}");
        assert!(store.scan(&scope, "", None, 10).await.is_err(), "{name}");
        assert_eq!(value(&store, &scope, "plain").await.as_deref(), Some("p"), "{name}: the others can be read");
    }
    let store = backend.open(options().0.sealing_key(None)).await;
    let error = store.apply(&scope, vec![Op::put("k", "never plain").sealed()]).await.unwrap_err();
    assert!(matches!(&error, StorageError::Other(message) if message.contains("sealing key")), "{error}");
    // What cannot be read can be replaced.
    apply(&store, &scope, vec![Op::put("k", "plain now")]).await;
    assert_eq!(value(&store, &scope, "k").await.as_deref(), Some("plain now"));
}

pub(crate) async fn everything_is_there_after_reopening(backend: &impl Backend) {
    let scope = scope("acme");
    let (store, clock) = backend.store().await;
    let ops = vec![Op::put("plain", "1"), Op::put("sealed", "2").sealed(), Op::put("short", "3").with_ttl_ms(10)];
    let versions = apply(&store, &scope, ops).await;
    let usage = store.usage(&scope).await.unwrap();
    store.close().await;
    assert!(matches!(store.usage(&scope).await, Err(StorageError::Unavailable { maybe_applied: false, .. })));

    let store = backend.open(options().0.clock(Some(Arc::new(clock.clone())))).await;
    assert_eq!(store.usage(&scope).await.unwrap(), usage);
    let page = store.scan(&scope, "", None, 10).await.unwrap();
    let found: Vec<_> = page.entries.iter().map(|entry| (&*entry.key, &*entry.value, entry.version)).collect();
    assert_eq!(found, [("plain", "1", versions[0]), ("sealed", "2", versions[1]), ("short", "3", versions[2])]);
    clock.advance(Duration::from_millis(10));
    assert_eq!(keys(&store, &scope, "", 10).await, ["plain", "sealed"]);
    assert!(apply(&store, &scope, vec![Op::put("plain", "")]).await[0] > versions[2]);
}

/// As if a process had died between making a scope unreachable and removing its rows: the next to open the place goes
/// on.
pub(crate) async fn deletions_that_broke_off_are_finished(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    apply(&store, &scope("gone"), puts(&["a", "b"])).await;
    apply(&store, &scope("stays"), puts(&["c"])).await;
    backend
        .tamper(&[
            "INSERT INTO storage_deleted_scope (id) SELECT id FROM storage_scope WHERE tenant = 'gone'",
            "DELETE FROM storage_scope WHERE tenant = 'gone'",
        ])
        .await;
    assert_eq!(backend.count("SELECT COUNT(*) FROM storage_entry").await, 3);
    let reopened = stores(backend, 3).await;
    assert_eq!(backend.count("SELECT COUNT(*) FROM storage_entry").await, 1);
    assert_eq!(backend.count("SELECT COUNT(*) FROM storage_deleted_scope").await, 0);
    assert_eq!(keys(&reopened[0], &scope("stays"), "", 10).await, ["c"]);
}
