//! Keys: which there may be, how they order, and how many an answer holds.

use organisation_storage::{Op, PAGE_BYTES, Quota, Quotas};

use crate::backend::{Backend, apply, keys, options, puts, scope};

/// Keys that a careless backend would mix up, misorder, or misread, in the order of their UTF-8 bytes.
pub(crate) const ODD_KEYS: &[&str] = &[
    "\u{1}",
    " ",
    "\"quoted\"",
    "%",
    "'; DROP TABLE storage_entry; --",
    "*",
    "A",
    "A%",
    "A_",
    "Aa",
    "_",
    "a",
    "a ",
    "aa",
    "a\u{301}",
    "a\u{10FFFF}",
    "a\u{10FFFF}\u{10FFFF}",
    "b",
    "e\u{301}",
    "ß",
    "à",
    "á",
    "é",
    "İ",
    "中",
    "企业/部门",
    "\u{D7FF}",
    "\u{E000}",
    "\u{FFFF}",
    "😀",
    "😀😀",
    "\u{10FFFF}",
    "\u{10FFFF}a",
];

pub(crate) async fn scans_go_in_byte_order_page_by_page(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    assert_eq!(keys(&store, &scope, "", 10).await, [] as [&str; 0]);
    let mut shuffled = ODD_KEYS.to_vec();
    shuffled.sort_by_key(|key| key.len() % 3);
    apply(&store, &scope, puts(&shuffled)).await;
    for limit in [1, 2, 7, 1_000, u32::MAX] {
        assert_eq!(keys(&store, &scope, "", limit).await, ODD_KEYS, "limit {limit}");
    }
    let exact = store.scan(&scope, "", None, u32::try_from(ODD_KEYS.len()).unwrap()).await.unwrap();
    assert!(!exact.more, "a page that ends with the last entry says so");
}

pub(crate) async fn scans_keep_within_prefix_and_limit(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    apply(&store, &scope, puts(ODD_KEYS)).await;
    for prefix in ODD_KEYS.iter().copied().chain(["", "企业", "\u{10FFFE}", "zz", "a\u{10FFFE}"]) {
        let expected: Vec<_> = ODD_KEYS.iter().copied().filter(|key| key.starts_with(prefix)).collect();
        assert_eq!(keys(&store, &scope, prefix, 2).await, expected, "{prefix:?}");
        for after in ["", "A", "a", "a\u{10FFFF}", "zz", "\u{10FFFF}\u{10FFFF}"] {
            let expected: Vec<_> = expected.iter().copied().filter(|key| *key > after).collect();
            let page = store.scan(&scope, prefix, Some(after), 3).await.unwrap();
            let found: Vec<_> = page.entries.iter().map(|entry| entry.key.as_str()).collect();
            assert_eq!(found, expected[..expected.len().min(3)], "{prefix:?} after {after:?}");
            assert_eq!(page.more, expected.len() > 3, "{prefix:?} after {after:?}");
            let page_keys = store.scan_keys(&scope, prefix, Some(after), 3).await.unwrap();
            assert_eq!((page_keys.keys, page_keys.more), (found.into_iter().map(str::to_owned).collect(), page.more));
        }
    }
}

pub(crate) async fn odd_keys_are_keys_like_others(backend: &impl Backend) {
    let (store, _) = backend.store().await;
    let scope = scope("acme");
    apply(&store, &scope, puts(ODD_KEYS)).await;
    let asked: Vec<String> = ODD_KEYS.iter().rev().map(|key| (*key).to_owned()).collect();
    let found = store.get_many(&scope, &asked).await.unwrap();
    for (key, entry) in asked.iter().zip(&found) {
        let entry = entry.as_ref().unwrap();
        assert_eq!((&entry.key, &entry.value), (key, &format!("value of {key}")));
    }
    assert_eq!(found.len(), ODD_KEYS.len());
    for (index, key) in ODD_KEYS.iter().enumerate() {
        apply(&store, &scope, vec![Op::delete(*key)]).await;
        assert_eq!(keys(&store, &scope, "", 1_000).await, ODD_KEYS[index + 1..], "after deleting {key:?}");
    }
    let repeated = ["x", "a", "x"].map(str::to_owned);
    apply(&store, &scope, vec![Op::put("x", "line 1\nline 2\t\u{7F}🀄")]).await;
    let found = store.get_many(&scope, &repeated).await.unwrap();
    assert_eq!(found[0].as_ref().unwrap().value, "line 1\nline 2\t\u{7F}🀄");
    assert_eq!((&found[0], &found[1]), (&found[2], &None));
}

pub(crate) async fn answers_end_before_a_mebibyte(backend: &impl Backend) {
    let quotas = Quotas::uniform(Quota::default().value_bytes(1 << 20));
    let store = backend.open(options().0.quotas(quotas)).await;
    let scope = scope("acme");
    // One byte of key each. Three fit exactly, the fourth does not.
    for (key, bytes) in [("a", 300_000), ("b", 300_000), ("c", PAGE_BYTES - 600_003), ("d", 1), ("e", PAGE_BYTES - 1)] {
        let put = Op::put(key, "v".repeat(bytes));
        // A sealed value is longer than it was given; what counts is how it is answered.
        apply(&store, &scope, vec![if key == "b" { put.sealed() } else { put }]).await;
    }
    for (asked, answered) in [
        ("abcd", "abc"),
        ("dcba", "dcb"),
        ("-abc-d-", "-abc-"),
        ("abacd", "aba"),
        ("eabc", "e"),
        ("--eabc", "--e"),
        ("ae", "a"),
        ("d", "d"),
    ] {
        let keys: Vec<String> = asked.chars().map(String::from).collect();
        let found = store.get_many(&scope, &keys).await.unwrap();
        let found: String = found.iter().map(|entry| entry.as_ref().map_or("-", |entry| &entry.key)).collect();
        assert_eq!(found, answered, "asked for {asked}");
    }
    // More keys than one statement takes, the large ones last.
    let keys: Vec<String> =
        (0..900).map(|index| format!("absent {index}")).chain(["a", "b", "e"].map(Into::into)).collect();
    assert_eq!(store.get_many(&scope, &keys).await.unwrap().len(), 902);
    for (after, answered, more) in [("", "abc", true), ("a", "bcd", true), ("c", "d", true), ("d", "e", false)] {
        let page = store.scan(&scope, "", Some(after), 1_000).await.unwrap();
        let found: String = page.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!((found.as_str(), page.more), (answered, more), "after {after:?}");
    }
}
