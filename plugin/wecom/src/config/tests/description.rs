//! What the element says of itself.

use super::*;
use organisation_kit::contract::element::ConfigField;

#[test]
fn the_tag_chooses_the_language() {
    for (tag, title, label) in [
        ("zh-CN", "企业微信组织", "企业 ID"),
        ("en", "WeCom organisation", "Corp ID"),
        ("", "WeCom organisation", "Corp ID"),
    ] {
        let description = describe(tag);
        assert_eq!((description.title.as_str(), description.fields[0].label.as_str()), (title, label), "{tag}");
    }
}

#[test]
fn each_field_says_what_an_editor_needs() {
    let description = describe("en");
    let keys = |pick: fn(&ConfigField) -> bool| {
        description.fields.iter().filter(|field| pick(field)).map(|field| field.key.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(keys(|field| field.required), ["corpId", "agentId", "secret"]);
    // What is only sent, and what signs and decrypts.
    assert_eq!(keys(|field| field.secret && !field.in_clear), ["secret", "contactCallback.secret", "proxyPassword"]);
    assert_eq!(
        keys(|field| field.in_clear),
        ["callback.token", "callback.encodingAESKey", "contactCallback.token", "contactCallback.encodingAESKey"]
    );
    assert!(description.fields.iter().all(|field| field.secret || !field.in_clear));
    assert_eq!(
        keys(|field| field.default.is_some()),
        [
            "homepageState",
            "sync.strategy",
            "sync.guard.percent",
            "sync.guard.floor",
            "apiBaseUrl",
            "loginBaseUrl",
            "oauthBaseUrl"
        ]
    );
    for field in description.fields.iter().filter(|field| field.required) {
        assert!(field.where_to_find.is_some() && field.pattern.is_some(), "{}", field.key);
    }
    let anchored = |pattern: &String| pattern.starts_with('^') && pattern.ends_with('$');
    assert!(description.fields.iter().filter_map(|field| field.pattern.as_ref()).all(anchored));
}

#[test]
fn what_works_is_named() {
    let description = describe("en");
    for (interfaces, functions) in [(&["element.", "login.", "directory."][..], 25), (&["administration."], 12)] {
        let is_named = |name: &&String| interfaces.iter().any(|interface| name.starts_with(interface));
        assert_eq!(description.capabilities.iter().filter(is_named).count(), functions, "{interfaces:?}");
    }
    assert_eq!(description.version, env!("CARGO_PKG_VERSION"));
}

#[test]
fn every_field_speaks_both_languages_and_no_key_stands_twice() {
    let (zh, en) = (describe("zh"), describe("en"));
    let keys: BTreeSet<_> = zh.fields.iter().map(|field| &field.key).collect();
    assert_eq!(keys.len(), zh.fields.len());
    for (zh, en) in zh.fields.iter().zip(&en.fields) {
        let has_chinese = |text: &str| text.contains(|c| matches!(c, '\u{4e00}'..='\u{9fff}'));
        assert!(!en.label.is_empty() && has_chinese(&zh.help) && !has_chinese(&en.help), "{}", zh.key);
    }
}

#[test]
fn a_field_that_nothing_uses_says_so() {
    for field in describe("en").fields {
        let is_unused = field.key.starts_with("callback.") || field.key.starts_with("contactCallback.");
        assert_eq!(field.help.ends_with("not used yet"), is_unused, "{}", field.key);
    }
}
