//! Deleting ranges: which keys go, in which portions, and who may delete.

use std::sync::Arc;
use std::time::Duration;

use organisation_storage::{Check, Op, PAGE_BYTES, RangeOutcome, Usage};

use tokio::sync::Semaphore;

use crate::backend::{Backend, apply, delete_all, get, keys, puts, scope};
use crate::reading::ODD_KEYS;

pub(crate) async fn a_range_spares_its_neighbours(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let (scope, neighbour) = (scope("acme"), scope("acme2"));
    assert_eq!(store.delete_range(&scope, "", &[]).await.unwrap(), RangeOutcome::Done, "of a scope that holds nothing");
    apply(&store, &neighbour, puts(ODD_KEYS)).await;
    for prefix in ODD_KEYS.iter().copied().chain(["", "企", "zz"]) {
        apply(&store, &scope, puts(ODD_KEYS)).await;
        assert_eq!(delete_all(&store, &scope, prefix).await, 1);
        let expected: Vec<_> = ODD_KEYS.iter().copied().filter(|key| !key.starts_with(prefix)).collect();
        assert_eq!(keys(&store, &scope, "", 1_000).await, expected, "{prefix:?}");
        assert_eq!(store.usage(&scope).await.unwrap().items, expected.len() as u64, "{prefix:?}");
    }
    assert_eq!(keys(&store, &neighbour, "", 1_000).await, ODD_KEYS);
}

pub(crate) async fn a_large_range_goes_in_portions_in_key_order(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    // In an order that is not that of the keys, and some of them expired by the time.
    for part in [2, 0, 1] {
        let put = |index: u32| {
            let put = Op::put(format!("r/{part}/{index:03}"), "v");
            if index % 100 == 99 { put.with_ttl_ms(10) } else { put }
        };
        apply(&store, &scope, (0..700).map(put).collect()).await;
    }
    let last = apply(&store, &scope, vec![Op::put("q", ""), Op::put("s", "")]).await[1];
    assert_eq!(store.delete_range(&scope, "r/", &[]).await.unwrap(), RangeOutcome::More);
    let left = keys(&store, &scope, "r/", 1_000).await;
    assert_eq!((left.len(), left[0].as_str()), (1_100, "r/1/300"), "the first thousand is gone");
    assert_eq!(store.usage(&scope).await.unwrap(), Usage { items: 1_102, bytes: 1_100 * 8 + 2 });
    clock.advance(Duration::from_millis(10));
    assert!(delete_all(&store, &scope, "r/").await >= 2, "what has expired is no reason for a larger portion");
    assert_eq!(keys(&store, &scope, "", 10).await, ["q", "s"]);
    assert_eq!(store.usage(&scope).await.unwrap(), Usage { items: 2, bytes: 2 });
    assert!(apply(&store, &scope, puts(&["r/0/000"])).await[0] > last, "no version is used again");

    // Large values: as many as a page holds.
    for (key, bytes) in [("1", PAGE_BYTES / 4 - 1), ("2", PAGE_BYTES / 4 - 1), ("3", PAGE_BYTES / 4 - 1)] {
        apply(&store, &scope, vec![Op::put(key, "v".repeat(bytes))]).await;
    }
    for (key, bytes) in [("4", PAGE_BYTES / 4 - 1), ("5", 0)] {
        apply(&store, &scope, vec![Op::put(key, "v".repeat(bytes))]).await;
    }
    assert_eq!(store.delete_range(&scope, "", &[]).await.unwrap(), RangeOutcome::More);
    assert_eq!(keys(&store, &scope, "", 10).await, ["5", "q", "r/0/000", "s"]);
    assert_eq!(store.delete_range(&scope, "", &[]).await.unwrap(), RangeOutcome::Done);
}

pub(crate) async fn whoever_lost_the_right_deletes_nothing(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let scope = scope("acme");
    let nowhere = store.delete_range(&scope, "", &[Check::version("lease", 1), Check::absent("x")]).await.unwrap();
    assert_eq!(nowhere, RangeOutcome::Conflict(vec!["lease".into()]), "also in a scope that holds nothing");
    let lease =
        apply(&store, &scope, vec![Op::put("lease", "").with_ttl_ms(10), Op::put("r/1", ""), Op::put("r/2", "")]).await
            [0];
    let mine = [Check::version("lease", lease), Check::absent("r/3")];
    for (name, checks, conflicts) in [
        (
            "another's",
            vec![Check::version("lease", lease + 1), Check::absent("r/1"), Check::absent("r/1")],
            vec!["lease", "r/1"],
        ),
        ("nobody's", vec![Check::absent("lease")], vec!["lease"]),
    ] {
        let conflicts = conflicts.into_iter().map(str::to_owned).collect();
        assert_eq!(
            store.delete_range(&scope, "r/", &checks).await.unwrap(),
            RangeOutcome::Conflict(conflicts),
            "{name}"
        );
    }
    assert_eq!(keys(&store, &scope, "r/", 10).await.len(), 2);
    assert_eq!(store.delete_range(&scope, "r/", &mine).await.unwrap(), RangeOutcome::Done);
    apply(&store, &scope, puts(&["r/1"])).await;
    clock.advance(Duration::from_millis(10));
    let lapsed = store.delete_range(&scope, "r/", &mine).await.unwrap();
    assert_eq!(lapsed, RangeOutcome::Conflict(vec!["lease".into()]));
    assert!(get(&store, &scope, "r/1").await.is_some());
}

/// A tenant that deletes much keeps another one waiting for a portion, not for all of them.
pub(crate) async fn others_write_between_two_portions(backend: &impl Backend) {
    const PORTIONS: usize = 50;
    let (store, _) = backend.store().await;
    let large = scope("large");
    for part in 0..PORTIONS {
        let put = |index| Op::put(format!("{part:02}/{index:03}"), "v");
        apply(&store, &large, (0..1_000).map(put).collect()).await;
    }
    let deleted = Arc::new(Semaphore::new(0));
    let deleting = tokio::spawn({
        let (store, deleted) = (Arc::clone(&store), Arc::clone(&deleted));
        async move {
            while store.delete_range(&large, "", &[]).await.unwrap() == RangeOutcome::More {
                deleted.add_permits(1);
            }
        }
    });
    // Three portions are deleted for sure, so that it is under way.
    deleted.acquire_many(3).await.unwrap().forget();
    apply(&store, &scope("other"), vec![Op::put("k", "v")]).await;
    assert!(!deleting.is_finished(), "the other one waited for all of it");
    deleting.await.unwrap();
}
