//! Changes: what an `apply` does, in one go and against others.

use std::collections::HashSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use organisation_storage::{ApplyOutcome, Op, Usage};

use crate::backend::{Backend, apply, get, keys, puts, scope, value};

pub(crate) async fn apply_is_all_or_nothing(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    apply(&store, &scope, vec![Op::put("old", "1")]).await;
    let ops = vec![Op::put("new", "2"), Op::delete("old"), Op::check_absent("old")];
    assert_eq!(store.apply(&scope, ops).await.unwrap(), ApplyOutcome::Conflict(vec!["old".into()]));
    assert_eq!(keys(&store, &scope, "", 10).await, ["old"]);
    assert_eq!(store.usage(&scope).await.unwrap(), Usage { items: 1, bytes: 4 });
    assert_eq!(apply(&store, &scope, vec![]).await, [0_u64; 0]);
    assert_eq!(apply(&store, &scope, vec![Op::delete("never there")]).await, [0_u64; 0]);
}

pub(crate) async fn conflicts_name_the_keys(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    let nowhere = store.apply(&scope, vec![Op::check_version("a", 1), Op::check_absent("b")]).await.unwrap();
    assert_eq!(nowhere, ApplyOutcome::Conflict(vec!["a".into()]), "also in a scope that holds nothing");
    let versions = apply(&store, &scope, puts(&["a", "b", "c"])).await;
    let outcome = store.apply(
        &scope,
        vec![
            Op::check_version("c", versions[0]),
            Op::check_version("a", versions[0]),
            Op::check_absent("b"),
            Op::check_absent("d"),
            Op::check_version("d", u64::MAX),
            Op::check_absent("c"),
        ],
    );
    let failed = ["c", "b", "d"].map(str::to_owned).to_vec();
    assert_eq!(outcome.await.unwrap(), ApplyOutcome::Conflict(failed), "each once, in the order of the checks");
}

pub(crate) async fn checks_see_the_state_before(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    let ops = vec![Op::put("a", "1"), Op::check_absent("a"), Op::delete("a"), Op::put("a", "2"), Op::check_absent("a")];
    let versions = apply(&store, &scope, ops).await;
    let after_delete = vec![Op::delete("a"), Op::check_version("a", versions[1])];
    assert_eq!(apply(&store, &scope, after_delete).await, [0_u64; 0]);
}

pub(crate) async fn operations_act_in_order(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    let put = |key: &str, value: &str| Op::put(key, value);
    let rows: [(&str, Vec<Op>, &[(&str, &str)]); 5] = [
        ("the last put stays", vec![put("a", "1"), put("a", "2")], &[("a", "2")]),
        ("a put after a delete stays", vec![Op::delete("a"), put("a", "3")], &[("a", "3")]),
        ("a delete after a put removes", vec![put("a", "4"), Op::delete("a")], &[]),
        ("others join", vec![put("ab", "7"), put("z", "8")], &[("ab", "7"), ("z", "8")]),
        (
            "a stored key that is written twice is counted once",
            vec![Op::delete("ab"), put("ab", "9"), put("c", "9")],
            &[("ab", "9"), ("c", "9"), ("z", "8")],
        ),
    ];
    for (name, ops, expected) in rows {
        let puts = ops.iter().filter(|op| matches!(op, Op::Put { .. })).count();
        assert_eq!(apply(&store, &scope, ops).await.len(), puts, "{name}: one version a put");
        let page = store.scan(&scope, "", None, 10).await.unwrap();
        let found: Vec<_> = page.entries.iter().map(|entry| (entry.key.as_str(), entry.value.as_str())).collect();
        assert_eq!(found, expected, "{name}");
        let bytes = found.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum();
        assert_eq!(store.usage(&scope).await.unwrap(), Usage { items: found.len() as u64, bytes }, "{name}");
    }
}

pub(crate) async fn versions_are_never_reused(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    let mut seen = HashSet::new();
    for round in 0..4 {
        // Overwritten within one apply, deleted, expired, removed with the whole scope.
        let versions = apply(
            &store,
            &scope,
            vec![Op::put("k", "1"), Op::put("k", "2"), Op::put("ttl", "").with_ttl_ms(5), Op::put("other", "")],
        )
        .await;
        assert_eq!(get(&store, &scope, "k").await.unwrap().version, versions[1]);
        for version in versions {
            assert!(seen.insert(version), "version {version} came twice, round {round}");
        }
        match round {
            0 => assert_eq!(apply(&store, &scope, vec![Op::delete("k"), Op::delete("other")]).await, [0_u64; 0]),
            1 => clock.advance(Duration::from_millis(5)),
            _ => store.delete_scope(&scope).await.unwrap(),
        }
    }
}

pub(crate) async fn one_of_many_writers_wins(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    let writers: Vec<_> = (0..40)
        .map(|writer| {
            let (store, scope) = (Arc::clone(&store), scope.clone());
            tokio::spawn(async move {
                let ops = vec![Op::check_absent("lease"), Op::put("lease", writer.to_string())];
                matches!(store.apply(&scope, ops).await.unwrap(), ApplyOutcome::Applied(_)).then_some(writer)
            })
        })
        .collect();
    let mut winners = Vec::new();
    for writer in writers {
        winners.extend(writer.await.unwrap());
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(value(&store, &scope, "lease").await, Some(winners[0].to_string()));
}

pub(crate) async fn concurrent_increments_are_not_lost(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    apply(&store, &scope, vec![Op::put("counter", "0")]).await;
    let writers: Vec<_> = (0..8)
        .map(|_| {
            let (store, scope) = (Arc::clone(&store), scope.clone());
            tokio::spawn(async move {
                let mut done = 0;
                while done < 25 {
                    let entry = get(&store, &scope, "counter").await.unwrap();
                    let next = entry.value.parse::<u64>().unwrap() + 1;
                    let ops = vec![Op::check_version("counter", entry.version), Op::put("counter", next.to_string())];
                    done += u32::from(matches!(store.apply(&scope, ops).await.unwrap(), ApplyOutcome::Applied(_)));
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(value(&store, &scope, "counter").await.as_deref(), Some("200"));
}

pub(crate) async fn an_abandoned_apply_happens_wholly_or_not_at_all(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    for round in 0..60_u64 {
        let value_of_round = round.to_string();
        let ops = (0..20).map(|index| Op::put(format!("k{index}"), &value_of_round)).collect();
        let mut call = store.apply(&scope, ops);
        // Dropped after a few steps, a few more each round, in the middle of whatever it is doing.
        for _ in 0..round {
            if poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_ready())).await {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(call);
        let page = store.scan(&scope, "", None, 100).await.unwrap();
        let values: HashSet<_> = page.entries.iter().map(|entry| &entry.value).collect();
        assert!(values.len() <= 1, "round {round}: {values:?}");
    }
    // And the store goes on working.
    apply(&store, &scope, vec![Op::put("after", "")]).await;
}
