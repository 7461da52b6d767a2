//! A tenant as a whole: copied to a file, from store to store, and removed.

use std::io::Cursor;
use std::sync::Arc;
use std::time::Duration;

use organisation_storage::tenant::{self, Deleted, Exported, Import, ImportError, Imported, SealedValues};
use organisation_storage::{KeptValue, ManualClock, Op, Quota, Quotas, Scope, SealingKey, Storage, Usage};

use crate::backend::{Backend, apply, delete_all, get, keys, options, scope, value};
use crate::troubled::Troubled;

const TRANSFER: [u8; 32] = [9; 32];

async fn export(store: &Arc<dyn Storage>, tenant: &str, key: Option<&SealingKey>) -> (Exported, Vec<u8>) {
    let mut file = Vec::new();
    let sealed = key.map_or(SealedValues::LeftOut, SealedValues::Resealed);
    (tenant::export(&**store, tenant, sealed, &mut file).await.unwrap(), file)
}

async fn import(
    store: &Arc<dyn Storage>,
    tenant: &str,
    file: &[u8],
    key: Option<&SealingKey>,
    clock: &ManualClock,
    replace: bool,
) -> Result<Imported, ImportError> {
    let how = Import { replace, transfer_key: key, clock, quotas: &Quotas::default() };
    tenant::import(&**store, tenant, Cursor::new(file), how).await
}

fn element(tenant: &str, element: &str) -> Scope {
    Scope::new(tenant, element).unwrap()
}

/// Two elements with everything that an entry can be.
async fn furnish(store: &Arc<dyn Storage>, tenant: &str) {
    let ops = vec![
        Op::put("plain", "line 1\nline 2 \"企业\" \u{10FFFF}"),
        Op::put("token", "a sealed token").sealed(),
        Op::put("lease", "short").with_ttl_ms(1_000),
        Op::put("cache", "long").with_ttl_ms(1_000_000),
    ];
    apply(store, &element(tenant, "wecom"), ops).await;
    // More than a page and more than a batch.
    for part in 0..3 {
        let ops = (0..700).map(|index| Op::put(format!("{part}/{index:03}"), "v".repeat(900))).collect();
        apply(store, &element(tenant, "other 元素"), ops).await;
    }
}

pub(crate) async fn a_copy_holds_everything(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    furnish(&store, "acme").await;
    apply(&store, &scope("neighbour"), vec![Op::put("k", "not to be copied")]).await;
    let (exported, file) = export(&store, "acme", None).await;
    assert_eq!(exported, Exported { scopes: 2, entries: 2_103, sealed: 0, left_out: 1 });
    assert!(!String::from_utf8(file.clone()).unwrap().contains("not to be copied"));

    let refused = import(&store, "acme", &file, None, &clock, false).await.unwrap_err();
    assert!(matches!(refused, ImportError::NotEmpty { entries: 2_104 }), "{refused}");
    clock.advance(Duration::from_millis(1_000));
    let imported = import(&store, "branch", &file, None, &clock, false).await.unwrap();
    let expected = Imported { exported_as: "acme".into(), scopes: 2, entries: 2_102, expired: 1, left_out: 1 };
    assert_eq!(imported, expected);
    for name in ["wecom", "other 元素"] {
        let (from, to) = (element("acme", name), element("branch", name));
        let names = keys(&store, &to, "", 1_000).await;
        let all = keys(&store, &from, "", 1_000).await;
        assert_eq!(names, all.into_iter().filter(|key| key != "token").collect::<Vec<_>>());
        for key in [names.first(), names.last()].into_iter().flatten() {
            let (from, to) = (get(&store, &from, key).await.unwrap(), get(&store, &to, key).await.unwrap());
            assert_eq!((from.value, from.expires_at_ms), (to.value, to.expires_at_ms), "{key}");
        }
    }
    let (_, again) = export(&store, "branch", None).await;
    let lines = |file: &[u8]| String::from_utf8(file.to_vec()).unwrap().lines().count();
    assert_eq!(lines(&again), lines(&file) - 1, "all but what has expired");

    // Replacing leaves nothing of what was there.
    apply(&store, &element("branch", "third"), vec![Op::put("k", "v")]).await;
    import(&store, "branch", &again, None, &clock, true).await.unwrap();
    let scopes = store.scopes("branch").await.unwrap();
    assert_eq!(scopes, [element("branch", "other 元素"), element("branch", "wecom")]);
    let (nothing, file) = export(&store, "nobody", None).await;
    assert_eq!((nothing.scopes, nothing.entries), (0, 0));
    import(&store, "nobody", &file, None, &clock, false).await.unwrap();
    assert_eq!(store.scopes("nobody").await.unwrap(), []);
}

pub(crate) async fn sealed_values_go_along_only_with_a_key(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let acme = scope("acme");
    apply(&store, &acme, vec![Op::put("token", "a sealed token").sealed(), Op::put("plain", "p")]).await;
    let (key, other) = (SealingKey::new(TRANSFER), SealingKey::new([8; 32]));
    let (exported, file) = export(&store, "acme", Some(&key)).await;
    assert_eq!(exported, Exported { scopes: 1, entries: 2, sealed: 1, left_out: 0 });
    assert!(!String::from_utf8(file.clone()).unwrap().contains("a sealed token"));

    for (name, given) in [("no key", None), ("another key", Some(&other))] {
        let refused = import(&store, "branch", &file, given, &clock, false).await.unwrap_err();
        let expected = match given {
            None => matches!(refused, ImportError::KeyNeeded { sealed: 1 }),
            Some(_) => matches!(refused, ImportError::OtherKey { line: 4 }),
        };
        assert!(expected, "{name}: {refused}");
        assert_eq!(store.scopes("branch").await.unwrap(), [], "{name}");
    }
    import(&store, "branch", &file, Some(&key), &clock, false).await.unwrap();
    assert_eq!(value(&store, &scope("branch"), "token").await.as_deref(), Some("a sealed token"));
    let (again, _) = export(&store, "branch", None).await;
    assert_eq!((again.entries, again.left_out), (1, 1), "it is sealed in the new place, too");
}

pub(crate) async fn what_is_not_right_changes_nothing(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let acme = scope("acme");
    apply(&store, &acme, vec![Op::put("a", "first"), Op::put("b", "second")]).await;
    let (_, file) = export(&store, "acme", None).await;
    let text = String::from_utf8(file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 5);
    let without = |index: usize| {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, line)| format!("{line}\n"));
        kept.collect::<String>()
    };
    let swapped = [0, 1, 3, 2, 4].map(|index| format!("{}\n", lines[index])).concat();
    let cases = [
        ("empty", String::new(), "cut off after line 0"),
        ("cut off within a line", text[..text.len() - 40].to_owned(), "cut off after line 4"),
        ("without its line break", text.trim_end().to_owned(), "cut off after line 4"),
        ("without the trailer", without(4), "cut off after line 4"),
        ("without an entry", without(2), "damaged at line 4"),
        ("without its scope", without(1), "damaged at line 2: an entry without a scope"),
        ("another value", text.replace("first", "fir5t"), "damaged at line 5"),
        ("another order", swapped, "damaged at line 4: an entry out of order"),
        ("an entry twice", text.replace(r#""key":"b""#, r#""key":"a""#), "damaged at line 4: an entry out of order"),
        ("an element twice", text.replace(lines[3], lines[1]), "damaged at line 4: an element out of order"),
        ("no key", text.replace(r#""key":"a""#, r#""key":"""#), "damaged at line 3: an entry that no store holds"),
        ("no text", text.replace("first", r"fir\u0000st"), "damaged at line 3: an entry that no store holds"),
        ("too long", text.replace("first", &"x".repeat(1 << 20)), "damaged at line 3: an entry that no store holds"),
        ("counts and values do not agree", text.replace(r#""entries":2"#, r#""entries":3"#), "damaged at line 5"),
        ("no JSON", text.replace(r#"{"entry""#, r#"{entry""#), "damaged at line 3: it is not JSON"),
        ("an unknown line", text.replace(r#"{"entry""#, r#"{"entity""#), "damaged at line 3"),
        ("more after the end", format!("{text}{}\n", lines[2]), "damaged at line 5: something follows"),
        ("two exports", format!("{text}{text}"), "damaged at line 5: something follows"),
        ("a newer version", text.replace(r#""version":1"#, r#""version":2"#), "has version 2"),
        ("another format", text.replace("organisation-tenant", "letter"), "no exported tenant"),
        ("a letter", "Dear Sir or Madam,\n".to_owned(), "no exported tenant"),
        ("without the header", without(0), "no exported tenant"),
    ];
    apply(&store, &scope("branch"), vec![Op::put("k", "v")]).await;
    for (name, damaged, expected) in cases {
        for tenant in ["fresh", "branch"] {
            let error = import(&store, tenant, damaged.as_bytes(), None, &clock, true).await.unwrap_err();
            assert!(error.to_string().contains(expected), "{name}: {error}");
        }
        assert_eq!(store.scopes("fresh").await.unwrap(), [], "{name}");
        assert_eq!(value(&store, &scope("branch"), "k").await.as_deref(), Some("v"), "{name}");
    }
}

pub(crate) async fn what_does_not_fit_is_refused_before_anything_is_deleted(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    let ops = vec![Op::put("k", "a value"), Op::put("longer", "v"), Op::put("short", "v").with_ttl_ms(1_000)];
    apply(&store, &element("acme", "wecom"), ops).await;
    apply(&store, &element("acme", "other 元素"), vec![Op::put("a", "b")]).await;
    let (_, file) = export(&store, "acme", None).await;
    apply(&store, &scope("branch"), vec![Op::put("k", "v")]).await;
    let import = async |quota: Quota| {
        let quotas = Quotas::default().with_own(element("branch", "wecom"), quota);
        let how = Import { replace: true, transfer_key: None, clock: &clock, quotas: &quotas };
        tenant::import(&*store, "branch", Cursor::new(&file), how).await
    };
    let usual = Quota::default();
    for (quota, expected) in [
        (usual.key_bytes(5), ("key", 5, 6)),
        (usual.value_bytes(6), ("value", 6, 7)),
        (usual.items(2), ("items", 2, 3)),
        (usual.total_bytes(20), ("bytes", 20, 21)),
    ] {
        let error = import(quota).await.unwrap_err();
        let ImportError::Quota { element, name, limit, asked } = &error else { panic!("{error}") };
        assert_eq!((&**element, (*name, *limit, *asked)), ("wecom", expected));
        assert!(error.to_string().contains("declare a larger quota"), "{error}");
        assert_eq!(value(&store, &scope("branch"), "k").await.as_deref(), Some("v"), "{error}");
    }
    // What has expired needs no room.
    clock.advance(Duration::from_secs(1));
    let imported = import(usual.items(2).total_bytes(15)).await.unwrap();
    assert_eq!((imported.entries, imported.expired), (3, 1));
}

pub(crate) async fn an_import_that_fails_leaves_nothing(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    furnish(&store, "acme").await;
    let (_, file) = export(&store, "acme", None).await;
    // The elements come in order; the quota of the second does not suffice, and the caller does not know.
    let quotas = Quotas::default().with_own(element("branch", "wecom"), Quota::default().items(2));
    let narrow = backend.open(options().0.quotas(quotas)).await;
    let assert_empty = async |name: &str| {
        assert_eq!(narrow.scopes("branch").await.unwrap(), [], "{name}");
        assert_eq!(narrow.usage(&element("branch", "other 元素")).await.unwrap(), Usage::default(), "{name}");
    };
    let error = import(&narrow, "branch", &file, None, &clock, false).await.unwrap_err();
    assert!(error.to_string().contains("quota items exceeded"), "{error}");
    assert!(matches!(error, ImportError::Storage(_)), "{error}");
    assert_empty("it was empty before").await;

    apply(&narrow, &scope("branch"), vec![Op::put("k", "v")]).await;
    let error = import(&narrow, "branch", &file, None, &clock, true).await.unwrap_err();
    assert!(
        matches!(&error, ImportError::Emptied { failure } if matches!(**failure, ImportError::Storage(_))),
        "{error}"
    );
    assert!(error.to_string().contains("it is empty now"), "{error}");
    assert_empty("what it held is gone").await;
}

pub(crate) async fn a_replacement_that_fails_says_what_may_be_gone(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    furnish(&store, "acme").await;
    furnish(&store, "branch").await;
    let (_, file) = export(&store, "acme", None).await;
    let quotas = Quotas::default();
    let how = || Import { replace: true, transfer_key: None, clock: &clock, quotas: &quotas };
    let troubled = Troubled { fails_at: 2, ..Troubled::around(&store) };
    let error = tenant::import(&troubled, "branch", Cursor::new(&file), how()).await.unwrap_err();
    assert!(matches!(error, ImportError::NotReplaced { .. }), "{error}");
    assert!(error.to_string().contains("may be gone, wholly or in part; import once more"), "{error}");
    assert_eq!(store.scopes("branch").await.unwrap(), [element("branch", "wecom")], "one of two");
    tenant::import(&troubled, "branch", Cursor::new(&file), how()).await.unwrap();
    assert_eq!(store.scopes("branch").await.unwrap().len(), 2);
}

pub(crate) async fn what_comes_back_is_deleted_again(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    furnish(&store, "gone").await;
    let host = Troubled { comes_back: Some(element("gone", "wecom")), ..Troubled::around(&store) };
    assert_eq!(tenant::delete(&host, "gone").await.unwrap(), Deleted { scopes: 2, entries: 2_104 });
    assert_eq!(store.scopes("gone").await.unwrap().len(), 1, "a host has not reloaded");
    assert_eq!(tenant::delete_what_comes_back(&host, "gone").await.unwrap(), Deleted { scopes: 1, entries: 1 });
    assert_eq!(store.scopes("gone").await.unwrap(), []);
}

pub(crate) async fn an_export_sees_one_moment(backend: &impl Backend) {
    let (store, clock) = backend.store().await;
    furnish(&store, "acme").await;
    let scope = element("acme", "other 元素");
    apply(&store, &scope, vec![Op::put("0/000 short", "").with_ttl_ms(10), Op::put("9 short", "").with_ttl_ms(10)])
        .await;
    let mut snapshot = store.snapshot(&scope).await.unwrap();
    let mut pages = vec![snapshot.next().await.unwrap()];
    // Everything changes between two pages: values, keys, and the time.
    delete_all(&store, &scope, "2/").await;
    apply(&store, &scope, vec![Op::put("1/000", "new"), Op::put("3", "new")]).await;
    clock.advance(Duration::from_millis(10));
    while pages.last().is_some_and(|page| !page.is_empty()) {
        pages.push(snapshot.next().await.unwrap());
    }
    assert!(pages.len() > 2, "it takes several pages");
    let names: Vec<_> = pages.iter().flatten().map(|kept| kept.key.as_str()).collect();
    assert_eq!((names.len(), names[1], names[2_101]), (2_102, "0/000 short", "9 short"));
    for kept in pages.iter().flatten() {
        let KeptValue::Plain(value) = &kept.value else { panic!("{kept:?}") };
        assert!(!value.contains("new"), "{kept:?}");
    }
    drop(snapshot);
    assert_eq!(keys(&store, &scope, "", 1_000).await.len(), 1_401);
}

pub(crate) async fn a_deleted_tenant_is_gone(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    furnish(&store, "gone").await;
    furnish(&store, "gone2").await;
    assert_eq!(tenant::delete(&*store, "gone").await.unwrap(), Deleted { scopes: 2, entries: 2_104 });
    assert_eq!(store.scopes("gone").await.unwrap(), []);
    assert_eq!(export(&store, "gone", None).await.0.entries, 0);
    assert_eq!(store.scopes("gone2").await.unwrap().len(), 2);
    assert_eq!(tenant::delete(&*store, "gone").await.unwrap(), Deleted::default(), "once more is fine");
    assert!(tenant::delete(&*store, "").await.is_err());
}

/// What all tenants depend on is no tenant.
pub(crate) async fn the_hosts_own_rooms_are_left_alone(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    furnish(&store, "(host)").await;
    let refused = tenant::delete(&*store, "(host)").await.unwrap_err();
    assert!(refused.to_string().contains("kept for the host itself"), "{refused}");
    let refused = tenant::export(&*store, "(host)", SealedValues::LeftOut, Vec::new()).await.unwrap_err();
    assert!(refused.to_string().contains("kept for the host itself"), "{refused}");
    assert_eq!(store.scopes("(host)").await.unwrap().len(), 2);
}
