//! Entries: how long they stay, for whom, and sealed or not.

use std::sync::Arc;
use std::time::Duration;

use organisation_storage::{ApplyOutcome, Op, Options, Quota, Quotas, Scope, Usage};

use crate::backend::{Backend, START_MS, apply, delete_all, get, keys, options, scope, value};

pub(crate) async fn what_has_expired_is_absent(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    let ops = vec![Op::put("lease", "mine").with_ttl_ms(10), Op::put("stays", ""), Op::put("z", "").with_ttl_ms(10)];
    let versions = apply(&store, &scope, ops).await;
    clock.advance(Duration::from_millis(9));
    assert_eq!(get(&store, &scope, "lease").await.unwrap().expires_at_ms, Some(START_MS + 10));
    assert_eq!(get(&store, &scope, "stays").await.unwrap().expires_at_ms, None);
    assert_eq!(store.usage(&scope).await.unwrap().items, 3);
    clock.advance(Duration::from_millis(1));
    assert_eq!(get(&store, &scope, "lease").await, None);
    assert_eq!(keys(&store, &scope, "", 1).await, ["stays"]);
    assert!(!store.scan(&scope, "", None, 1).await.unwrap().more, "what follows has expired");
    assert_eq!(store.usage(&scope).await.unwrap(), Usage { items: 1, bytes: 5 });
    let late = store.apply(&scope, vec![Op::check_version("lease", versions[0]), Op::put("fenced", "")]).await.unwrap();
    assert_eq!(late, ApplyOutcome::Conflict(vec!["lease".into()]));
    let next = apply(&store, &scope, vec![Op::check_absent("lease"), Op::put("lease", "yours")]).await;
    assert!(next[0] > versions[2]);
    clock.advance(Duration::from_secs(1_000_000));
    assert_eq!(value(&store, &scope, "lease").await.as_deref(), Some("yours"), "written without time to live");
    assert_eq!(store.usage(&scope).await.unwrap(), Usage { items: 2, bytes: 15 });
}

/// More than a store reaps in passing, so that some of it is still there.
pub(crate) async fn much_that_has_expired_is_absent(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    let names: Vec<String> = (0..900).map(|index| format!("k{index}")).collect();
    apply(&store, &scope, names.iter().map(|name| Op::put(name, "v").with_ttl_ms(10)).collect()).await;
    clock.advance(Duration::from_millis(10));
    apply(&store, &scope, names.iter().map(Op::check_absent).collect()).await;
    assert_eq!(store.usage(&scope).await.unwrap(), Usage::default());
    apply(&store, &scope, names[850..].iter().map(|name| Op::put(name, "w")).collect()).await;
    assert_eq!(store.usage(&scope).await.unwrap().items, 50);
    assert_eq!(keys(&store, &scope, "", 1_000).await, names[850..]);
}

pub(crate) async fn a_put_replaces_the_time_to_live(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    apply(
        &store,
        &scope,
        vec![Op::put("a", "1").with_ttl_ms(10), Op::put("b", "1"), Op::put("c", "1").with_ttl_ms(10)],
    )
    .await;
    apply(
        &store,
        &scope,
        vec![Op::put("a", "2"), Op::put("b", "2").with_ttl_ms(10), Op::put("c", "2").with_ttl_ms(20)],
    )
    .await;
    clock.advance(Duration::from_millis(10));
    assert_eq!(keys(&store, &scope, "", 10).await, ["a", "c"]);
    let for_ever = vec![Op::put("d", "").with_ttl_ms(u64::MAX)];
    apply(&store, &scope, for_ever).await;
    clock.advance(Duration::from_secs(10_000_000_000));
    assert_eq!(keys(&store, &scope, "", 10).await, ["a", "d"]);
}

/// A tenant near its quota gets on, whatever has expired and however often its calls are cut off; and nobody waits for
/// that.
pub(crate) async fn what_has_expired_is_removed_in_portions(backend: &impl Backend) {
    const PARTS: u64 = 30;
    let (options, clock) = options();
    let quotas = Quotas::uniform(Quota::default().items(1_000 * PARTS));
    let store = backend.open(options.quotas(quotas)).await;
    let (full, other) = (scope("full"), scope("other"));
    let fill = async || {
        for part in 0..PARTS {
            let put = |index| Op::put(format!("{part:02}/{index:03}"), "v").with_ttl_ms(10);
            apply(&store, &full, (0..1_000).map(put).collect()).await;
        }
        clock.advance(Duration::from_millis(10));
    };
    let rows = async || backend.count("SELECT COUNT(*) FROM storage_entry").await;
    let at_most = i64::try_from(1_000 * PARTS).unwrap();

    // There is room as soon as a portion is gone, so no more goes.
    fill().await;
    apply(&store, &full, vec![Op::put("k", "v")]).await;
    let left = rows().await;
    assert!((at_most - 1_500..at_most).contains(&left), "{left}");
    // An `apply` that needs all of the room needs all portions.
    let large = |part: u64| (0..1_000).map(|index| Op::put(format!("l{part:02}/{index:03}"), "v")).collect::<Vec<_>>();
    for part in 0..PARTS - 1 {
        apply(&store, &full, large(part)).await;
    }
    assert!(rows().await <= at_most);
    assert!(store.apply(&full, large(PARTS)).await.is_err(), "that is one too many");
    delete_all(&store, &full, "").await;

    // Calls that are cut off lose nothing of what they removed: the quota of one entry takes all portions.
    fill().await;
    apply(&store, &other, vec![Op::put("k", "v")]).await;
    let quotas = Quotas::uniform(Quota::default().items(1));
    let strict = backend.open(Options::default().quotas(quotas).clock(Some(Arc::new(clock.clone())))).await;
    let write_one = async || strict.apply(&full, vec![Op::put("k", "v")]).await;
    let mut kept = 0;
    for patience in (5..).step_by(5) {
        let before = rows().await;
        match tokio::time::timeout(Duration::from_millis(patience), write_one()).await {
            Ok(outcome) => {
                assert!(matches!(outcome, Ok(ApplyOutcome::Applied(_))), "{outcome:?}");
                break;
            }
            Err(_) => kept += usize::from(rows().await < before),
        }
    }
    assert!(kept > 0, "what a call removed before it was cut off is back");
    assert_eq!(strict.usage(&full).await.unwrap().items, 1);
    delete_all(&store, &full, "").await;

    // And another tenant writes all the while. Two connections are open before: a new one takes as long as some portions.
    fill().await;
    let third = scope("third");
    let write = |scope| apply(&strict, scope, vec![Op::put("k", "v")]);
    tokio::join!(write(&other), write(&third));
    let mut writing = tokio::spawn({
        let (strict, full) = (Arc::clone(&strict), full.clone());
        async move { strict.apply(&full, vec![Op::put("k", "v")]).await }
    });
    let mut others = 0;
    let outcome = loop {
        tokio::select! {
            biased;
            outcome = &mut writing => break outcome.unwrap(),
            versions = apply(&strict, &other, vec![Op::put("k", "v")]) => others += versions.len(),
        }
    };
    assert!(matches!(outcome, Ok(ApplyOutcome::Applied(_))), "{outcome:?}");
    assert!(others >= 3, "another tenant waited for all of it");
    assert_eq!(strict.usage(&full).await.unwrap().items, 1);
    assert_eq!(rows().await, 3);
}

pub(crate) async fn scopes_cannot_reach_each_other(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let names = ["a", "a/b", "b", "A", "a%", "%", "_", "a'", "a\u{301}", "á", "a:b", "..", "a b"];
    let mut scopes: Vec<Scope> = Vec::new();
    for tenant in names {
        scopes.extend(names.map(|element| Scope::new(tenant, element).unwrap()));
    }
    for scope in &scopes {
        let mine = format!("{} | {}", scope.tenant(), scope.element());
        apply(&store, scope, vec![Op::check_absent("k"), Op::put("k", mine), Op::put("b/k", "")]).await;
    }
    let (first, others) = scopes.split_first().unwrap();
    delete_all(&store, first, "").await;
    store.delete_scope(&others[0]).await.unwrap();
    for scope in &others[1..] {
        let mine = format!("{} | {}", scope.tenant(), scope.element());
        assert_eq!(value(&store, scope, "k").await, Some(mine));
        assert_eq!(keys(&store, scope, "", 10).await, ["b/k", "k"]);
    }
    assert_eq!(keys(&store, first, "", 10).await, [] as [&str; 0]);
}

pub(crate) async fn a_deleted_scope_is_empty(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let (gone, stays) = (scope("gone"), scope("stays"));
    store.delete_scope(&gone).await.unwrap();
    for part in 0..5 {
        let ops = (0..1_000).map(|index| Op::put(format!("{part}/{index}"), "v")).collect();
        apply(&store, &gone, ops).await;
    }
    apply(&store, &stays, vec![Op::put("k", "v")]).await;
    store.delete_scope(&gone).await.unwrap();
    assert_eq!(store.usage(&gone).await.unwrap(), Usage::default());
    assert_eq!(keys(&store, &gone, "", 10).await, [] as [&str; 0]);
    assert_eq!(get(&store, &gone, "0/0").await, None);
    // It may come to life again, with nothing of the old.
    apply(&store, &gone, vec![Op::check_absent("0/0"), Op::put("new", "v")]).await;
    assert_eq!(keys(&store, &gone, "", 10).await, ["new"]);
    assert_eq!(keys(&store, &stays, "", 10).await, ["k"]);
}

pub(crate) async fn sealed_values_read_like_others(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    for sealed in ["token 令牌", ""] {
        let versions = apply(&store, &scope, vec![Op::put("k", sealed).sealed(), Op::put("l", "plain")]).await;
        let entry = get(&store, &scope, "k").await.unwrap();
        assert_eq!((entry.value.as_str(), entry.version), (sealed, versions[0]));
        assert_eq!(store.scan(&scope, "", None, 10).await.unwrap().entries[0], entry);
        let bytes = (2 + sealed.len() + "plain".len()) as u64;
        assert_eq!(store.usage(&scope).await.unwrap(), Usage { items: 2, bytes }, "counted as it was given");
    }
    apply(&store, &scope, vec![Op::put("k", "plain again")]).await;
    assert_eq!(value(&store, &scope, "k").await.as_deref(), Some("plain again"));
}
