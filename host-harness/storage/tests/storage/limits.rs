//! Limits: of calls, and of what a scope may hold.

use std::sync::Arc;
use std::time::Duration;

use organisation_storage::{
    ApplyOutcome, Check, Op, PAGE_BYTES, PAGE_ITEMS, Quota, Quotas, Storage, StorageError, Usage,
};

use crate::backend::{Backend, apply, keys, options, scope};

pub(crate) async fn wrong_calls_are_refused(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    let key = |bytes| "k".repeat(bytes);
    let invalid: [(&str, Op); 5] = [
        ("empty key", Op::put("", "v")),
        ("empty key to delete", Op::delete("")),
        ("U+0000 in a key", Op::put("a\0b", "v")),
        ("U+0000 in a value", Op::put("k", "secret\0")),
        ("no time to live", Op::put("k", "v").with_ttl_ms(0)),
    ];
    for (name, op) in invalid {
        let error = store.apply(&scope, vec![Op::put("fine", ""), op]).await.unwrap_err();
        assert!(matches!(error, StorageError::Invalid(_)), "{name}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    let quota: [(&str, u64, u64, Vec<Op>); 5] = [
        ("key", 512, 513, vec![Op::put(key(513), "")]),
        ("key", 512, 513, vec![Op::check_absent(key(513))]),
        ("value", 262_144, 262_145, vec![Op::put("k", key(262_145))]),
        ("call-items", 1_000, 1_001, vec![Op::delete("k"); 1_001]),
        ("call-bytes", 1 << 20, (1 << 20) + 4, vec![Op::put("k", key(262_144)); 4]),
    ];
    for (expected, most, needed, ops) in quota {
        match store.apply(&scope, ops).await.unwrap_err() {
            StorageError::Quota { name, limit, asked } => assert_eq!((name, limit, asked), (expected, most, needed)),
            other => panic!("{expected}: {other}"),
        }
    }
    assert_eq!(keys(&store, &scope, "", 10).await, [] as [&str; 0]);

    let too_many = vec!["k".to_owned(); PAGE_ITEMS + 1];
    let is_invalid = |error| matches!(error, StorageError::Invalid(_));
    assert!(matches!(store.get_many(&scope, &too_many).await, Err(StorageError::Quota { name: "call-items", .. })));
    assert!(is_invalid(store.get_many(&scope, &["".to_owned()]).await.unwrap_err()));
    assert!(is_invalid(store.scan(&scope, "", None, 0).await.unwrap_err()));
    assert!(is_invalid(store.scan(&scope, "a\0", None, 1).await.unwrap_err()));
    assert!(is_invalid(store.scan(&scope, "", Some("\0"), 1).await.unwrap_err()));
    assert!(is_invalid(store.scan_keys(&scope, "", None, 0).await.unwrap_err()));
    assert!(is_invalid(store.scan_keys(&scope, "", Some("\0"), 1).await.unwrap_err()));
    assert!(is_invalid(store.delete_range(&scope, "\0", &[]).await.unwrap_err()));
    assert!(is_invalid(store.delete_range(&scope, "", &[Check::absent("")]).await.unwrap_err()));
    let absent = |bytes, count| vec![Check::absent(key(bytes)); count];
    for (expected, prefix, checks) in [
        ("key", key(513), absent(1, 1)),
        ("key", key(512), absent(513, 1)),
        ("call-items", String::new(), absent(1, PAGE_ITEMS + 1)),
    ] {
        let error = store.delete_range(&scope, &prefix, &checks).await.unwrap_err();
        assert!(matches!(&error, StorageError::Quota { name, .. } if *name == expected), "{expected}: {error}");
    }
    assert!(is_invalid(store.wait(&scope, "", None, Duration::ZERO).await.unwrap_err()));
    assert_eq!(store.get_many(&scope, &[]).await.unwrap(), []);
}

pub(crate) async fn the_largest_calls_are_accepted(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    // 1,000 keys of 512 bytes and values that fill the mebibyte to the last byte.
    let value = "v".repeat(PAGE_BYTES / PAGE_ITEMS - 512);
    let mut rest = PAGE_BYTES - PAGE_ITEMS * (512 + value.len());
    let mut ops = Vec::new();
    for index in 0..PAGE_ITEMS {
        let extra = usize::from(rest > 0);
        rest -= extra;
        ops.push(Op::put(format!("{index:0512}"), format!("{value}{}", "v".repeat(extra))));
    }
    let all: Vec<String> = (0..PAGE_ITEMS).map(|index| format!("{index:0512}")).collect();
    assert_eq!(apply(&store, &scope, ops.clone()).await.len(), PAGE_ITEMS);
    assert_eq!(apply(&store, &scope, ops).await.len(), PAGE_ITEMS, "over what is there");
    let usage = Usage { items: PAGE_ITEMS as u64, bytes: PAGE_BYTES as u64 };
    assert_eq!(store.usage(&scope).await.unwrap(), usage);
    let found = store.get_many(&scope, &all).await.unwrap();
    assert!(found.iter().flatten().map(|entry| &entry.key).eq(&all));
    let page = store.scan(&scope, "", None, 1_000).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (PAGE_ITEMS, false));
    apply(&store, &scope, all.iter().map(Op::delete).collect()).await;
    assert_eq!(store.usage(&scope).await.unwrap(), Usage::default());
}

async fn store_with(backend: &impl Backend, items: u64, total_bytes: u64) -> Arc<dyn Storage> {
    let quotas = Quotas::uniform(Quota::default().items(items).total_bytes(total_bytes));
    backend.open(options().0.quotas(quotas)).await
}

pub(crate) async fn quotas_limit_what_a_scope_holds(backend: &impl Backend) {
    let store = store_with(backend, 3, 20).await;
    let scope = scope("acme");
    let put = |key: &str, bytes: usize| Op::put(key, "v".repeat(bytes));
    // Each row starts from what the accepted rows before it left.
    let rows: [(&str, Vec<Op>, Option<(&str, u64)>); 10] = [
        ("fill the items", vec![put("a", 1), put("b", 1), put("c", 1)], None),
        ("one item more", vec![put("d", 1)], Some(("items", 4))),
        ("replacing adds no item", vec![put("a", 2)], None),
        ("one for another", vec![Op::delete("a"), put("d", 1)], None),
        ("more than there is room for", [&[put("e", 1)][..], &["b", "c", "d", "e"].map(Op::delete)].concat(), None),
        ("the state after counts", vec![put("a", 1), put("b", 1), put("c", 1), put("d", 1), Op::delete("a")], None),
        ("fill the bytes", vec![put("b", 15)], None),
        ("one byte more", vec![put("c", 2)], Some(("bytes", 21))),
        ("both", vec![put("e", 9)], Some(("items", 4))),
        ("deleting is always allowed", ["b", "c", "d"].map(Op::delete).into(), None),
    ];
    for (name, ops, refused) in rows {
        let before = store.usage(&scope).await.unwrap();
        match (store.apply(&scope, ops).await, refused) {
            (Ok(ApplyOutcome::Applied(_)), None) => {}
            (Err(StorageError::Quota { name: quota, asked, .. }), Some(expected)) => {
                assert_eq!((quota, asked), expected, "{name}");
                assert_eq!(store.usage(&scope).await.unwrap(), before, "{name}");
            }
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
    assert_eq!(store.usage(&scope).await.unwrap(), Usage::default());
}

pub(crate) async fn what_has_expired_frees_its_quota(backend: &impl Backend) {
    let (options, clock) = options();
    let quotas = Quotas::uniform(Quota::default().items(1_000));
    let store = backend.open(options.quotas(quotas)).await;
    let scope = scope("acme");
    let puts = |prefix: &str, ttl| -> Vec<Op> {
        (0..1_000).map(|index| Op::put(format!("{prefix}{index}"), "").with_ttl_ms(ttl)).collect()
    };
    apply(&store, &scope, puts("short", 10)).await;
    clock.advance(Duration::from_millis(10));
    // More than is reaped in passing, and partly written over.
    apply(&store, &scope, puts("short", 20)).await;
    clock.advance(Duration::from_millis(20));
    apply(&store, &scope, puts("long", 1_000)).await;
    assert_eq!(store.usage(&scope).await.unwrap().items, 1_000);
    assert!(matches!(store.apply(&scope, vec![Op::put("one more", "")]).await, Err(StorageError::Quota { .. })));
    clock.advance(Duration::from_secs(1));
    assert_eq!(store.usage(&scope).await.unwrap(), Usage::default());
    assert_eq!(keys(&store, &scope, "", 10).await, [] as [&str; 0]);
}

pub(crate) async fn a_scope_may_have_its_own_quota(backend: &impl Backend) {
    let small = Quota::default().items(1).value_bytes(1);
    let quotas = Quotas::default().with_own(scope("small"), small);
    let store = backend.open(options().0.quotas(quotas)).await;
    for (tenant, ops, admitted) in [
        ("small", vec![Op::put("a", "1")], true),
        ("small", vec![Op::put("b", "1")], false),
        ("small", vec![Op::put("a", "12")], false),
        ("other", vec![Op::put("a", "12"), Op::put("b", "12")], true),
    ] {
        assert_eq!(store.apply(&scope(tenant), ops.clone()).await.is_ok(), admitted, "{tenant} {ops:?}");
    }
}
