//! The registry: strict, reloaded while it serves, and never worse off for a mistake.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use bundled_component::bundled_component;
use organisation_fleet::tenants::{
    Changes, Registry, Source, StoreError, StoredTenants, declarations_of_file, new_api_key,
};
use organisation_host::{
    Digest, Host,
    contract::callbacks::{Event, Happening},
    storage::{self, Op, Options, Quotas, Scope, SealingKey, Storage, StorageError},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::guests::Guest;

fn host() -> Host {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tenants-code");
    // A variable that is set here, as if it were the one with the sealing key.
    let own = ["CARGO_PKG_VERSION".to_owned()];
    Host::builder().bundled(bundled_component()).parallel_calls(4).code_cache(cache).own_variables(own).build().unwrap()
}

async fn store() -> Arc<dyn Storage> {
    storage::open("memory:", Options::default()).await.unwrap()
}

/// A folder with a registry file.
struct Declared {
    folder: TempDir,
    file: PathBuf,
}

impl Declared {
    fn new(tenants: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let declared = Self { file: folder.path().join("tenants.json"), folder };
        declared.write(tenants);
        declared
    }

    fn write(&self, tenants: Value) {
        fs::write(&self.file, json!({"tenants": tenants}).to_string()).unwrap();
    }

    fn element(&self, name: &str, configuration: &Value) {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("e.json"), "{}").unwrap();
        fs::write(folder.join(format!("{name}.json")), configuration.to_string()).unwrap();
    }

    async fn open(&self) -> (Registry, Changes) {
        Registry::open(host(), store().await, Quotas::default(), Source::File(self.file.clone())).await.unwrap()
    }
}

fn inline(name: &str, configuration: Value) -> Value {
    json!({"name": name, "element": {"name": "org", "configuration": configuration}})
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_taken_up_and_nothing_else_is_touched() {
    let declared = Declared::new(json!([
        inline("steady", json!({"corpId": "a"})),
        inline("moving", json!({"corpId": "b"})),
        inline("leaving", json!({"corpId": "c"})),
        {"name": "folder", "element": "wecom"},
    ]));
    declared.element("wecom", &json!({"corpId": "d"}));
    let (registry, changes) = declared.open().await;
    assert_eq!(changes.added.len(), 4);
    assert_eq!(registry.get("folder").unwrap().element.scope().element(), "wecom");
    // A plain digest over a configuration lets whoever sees it try guesses.
    let shown = format!("{:?}", registry.get("folder").unwrap());
    assert!(shown.contains(r#"name: "folder""#) && !shown.contains("made_of"), "{shown}");
    assert!(registry.reload().await.unwrap().is_empty(), "nothing changed");

    let mut faster = inline("moving", json!({"corpId": "b"}));
    faster["sync"] = json!({"every": "1h"});
    declared.write(json!([
        inline("steady", json!({"corpId": "a"})),
        faster,
        inline("new", json!({"corpId": "e"})),
        {"name": "folder", "element": "wecom"},
    ]));
    declared.element("wecom", &json!({"corpId": "f"}));
    let changes = registry.reload().await.unwrap();
    let expected = Changes {
        added: names(&["new"]),
        changed: names(&["moving", "folder"]),
        removed: names(&["leaving"]),
        unusable: [].into(),
    };
    assert_eq!(changes, expected);
    assert!(registry.get("leaving").is_none());
    assert!(registry.get("moving").unwrap().period.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_keeps_the_former_tenants_and_says_so() {
    let declared = Declared::new(json!([inline("acme", json!({}))]));
    let (registry, _) = declared.open().await;
    for (text, words) in [
        ("{\"tenants\": [", "no JSON at line 1"),
        ("{\"tenants\": [{\"name\": \"acme\", \"elements\": \"x\"}]}", "did you mean \"element\"?"),
    ] {
        fs::write(&declared.file, text).unwrap();
        let message = registry.reload().await.unwrap_err().to_string();
        assert!(message.contains("tenants.json") && message.contains(words), "{message}");
        assert_eq!(registry.trouble(), [message]);
        assert!(registry.get("acme").is_some());
    }
    fs::remove_file(&declared.file).unwrap();
    assert!(registry.reload().await.unwrap_err().to_string().contains("cannot read"));
    declared.write(json!([inline("acme", json!({}))]));
    assert!(registry.reload().await.unwrap().is_empty());
    assert!(registry.trouble().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_tenants_mistake_is_no_other_tenants() {
    let declared = Declared::new(json!([]));
    let file = declared.folder.path().join("element.wasm");
    fs::write(&file, bundled_component()).unwrap();
    fs::write(declared.folder.path().join("broken.wasm"), "not wasm").unwrap();
    let pinned = |name: &str, component: Value| {
        let mut tenant = inline(name, json!({}));
        tenant["component"] = component;
        tenant
    };
    let open = |name: &str, component: Value| {
        let mut tenant = pinned(name, component);
        tenant["grants"] = json!({"only_these_hosts": true});
        tenant
    };
    let digest = Digest::of(bundled_component()).to_string();
    let owned = |name: &str, variable: &str| {
        let mut tenant = inline(name, json!({"secret": format!("{{{{{variable}}}}}")}));
        tenant["grants"] = json!({"variables": [variable]});
        tenant
    };
    let mut ungranted = inline("granted", json!({"secret": "{{CARGO_PKG_NAME}}"}));
    ungranted["grants"] = json!({"variables": ["CARGO_PKG_NAME"]});
    declared.write(json!([
        inline("good", json!({})),
        pinned("pinned", json!({"file": "element.wasm", "sha256": digest})),
        ungranted,
        pinned("other-digest", json!({"file": "element.wasm", "sha256": "00".repeat(32)})),
        open("no-component", json!({"file": "broken.wasm"})),
        open("absent-component", json!({"file": "absent.wasm"})),
        inline("not-granted", json!({"secret": "{{CARGO_PKG_NAME}}"})),
        {"name": "no-folder", "element": "absent"},
        {"name": "not-set", "element": "absent", "grants": {"variables": ["ORGANISATION_TEST_UNSET"]}},
        owned("password", "PGPASSWORD"),
        owned("key", "CARGO_PKG_VERSION"),
    ]));
    let (registry, changes) = declared.open().await;
    assert_eq!(changes.added, names(&["good", "pinned", "granted"]));
    assert_eq!(registry.get("pinned").unwrap().element.component().digest(), Digest::of(bundled_component()));
    for (tenant, words) in [
        ("other-digest", "expected sha256:0000"),
        ("no-component", "broken.wasm: not a component"),
        ("absent-component", "absent.wasm"),
        ("not-granted", "element.configuration: secret uses {{CARGO_PKG_NAME}}, which is not granted to this tenant"),
        ("no-folder", "is not an element folder"),
        ("not-set", "ORGANISATION_TEST_UNSET, which is not set"),
        ("password", "grants.variables names PGPASSWORD, which holds a secret of the host itself"),
        ("key", "grants.variables names CARGO_PKG_VERSION, which holds a secret of the host itself"),
    ] {
        let why = &changes.unusable[tenant];
        assert!(why.contains(words), "{tenant}: {why}");
        assert!(registry.trouble().iter().any(|trouble| trouble.contains(tenant)));
    }
    // What has worked goes on as it was when its declaration goes bad.
    declared.write(json!([
        inline("good", json!({})),
        pinned("pinned", json!({"file": "element.wasm", "sha256": "11".repeat(32)})),
    ]));
    let changes = registry.reload().await.unwrap();
    assert_eq!(changes.removed, names(&["granted"]));
    assert!(changes.unusable.contains_key("pinned") && registry.get("pinned").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_component_in_the_same_file_is_taken_up() {
    let declared = Declared::new(json!([]));
    let file = declared.folder.path().join("element.wasm");
    // Of the same length, as an attacker or a very small change would have it.
    let [first, second] =
        ["(global i32 (i32.const 1))", "(global i32 (i32.const 2))"].map(|items| Guest::default().items(items).build());
    assert_eq!((first.len(), first == second), (second.len(), false));
    fs::write(&file, &first).unwrap();
    let mut tenant = inline("acme", json!({}));
    tenant["component"] = json!({"file": "element.wasm"});
    tenant["grants"] = json!({"only_these_hosts": true});
    declared.write(json!([tenant]));
    let (registry, _) = declared.open().await;
    let digest = || registry.get("acme").unwrap().element.component().digest();
    assert_eq!(digest(), Digest::of(&first));
    assert!(registry.reload().await.unwrap().is_empty());

    fs::write(&file, &second).unwrap();
    assert_eq!(registry.reload().await.unwrap().changed, names(&["acme"]));
    assert_eq!(digest(), Digest::of(&second));
    fs::write(&file, "half of a file").unwrap();
    for _ in 0..2 {
        let changes = registry.reload().await.unwrap();
        assert!(changes.unusable["acme"].contains("element.wasm: not a component"), "{changes:?}");
        assert_eq!(digest(), Digest::of(&second), "it is served as it was");
    }
    fs::write(&file, &second).unwrap();
    assert!(registry.reload().await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_are_declared_in_the_store_of_all_hosts() {
    let storage = store().await;
    let stored = StoredTenants::new(Arc::clone(&storage));
    let open = || Registry::open(host(), Arc::clone(&storage), Quotas::default(), Source::Stored(Arc::clone(&storage)));
    let (one, changes) = open().await.unwrap();
    assert!(changes.is_empty() && one.is_empty());
    let declared = Declared::new(json!([inline("acme", json!({"a": 1})), inline("other", json!({}))]));
    for declaration in declarations_of_file(&declared.file).unwrap() {
        stored.put(&declaration).await.unwrap();
    }
    let (two, _) = open().await.unwrap();
    assert_eq!(one.reload().await.unwrap().added, names(&["acme", "other"]));
    assert_eq!(two.len(), 2);
    stored.put(&inline("acme", json!({"a": 2})).to_string()).await.unwrap();
    assert!(stored.remove("other").await.unwrap() && !stored.remove("other").await.unwrap());
    let changes = one.reload().await.unwrap();
    assert_eq!((changes.changed, changes.removed), (names(&["acme"]), names(&["other"])));

    let refused = stored.put(r#"{"name": "(host)", "element": "x"}"#).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Unsound(problems) if problems.len() == 2), "{refused}");
    let relative = Declared::new(json!([{"name": "a", "element": "elements/a"}]));
    let message = declarations_of_file(&relative.file).unwrap_err().to_string();
    assert!(message.contains("tenants.0.element: is a relative path"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declaration_that_cannot_be_opened_is_one_tenants_problem() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("sqlite:{}", folder.path().join("store.db").display());
    let open = async |key: u8| -> Arc<dyn Storage> {
        let options = Options::default().sealing_key(Some(SealingKey::new([key; 32])));
        storage::open(&address, options).await.unwrap()
    };
    let (ours, another) = (open(1).await, open(2).await);
    let stored = StoredTenants::new(Arc::clone(&ours));
    for name in ["acme", "other"] {
        stored.put(&inline(name, json!({})).to_string()).await.unwrap();
    }
    let source = Source::Stored(Arc::clone(&ours));
    let (registry, changes) = Registry::open(host(), ours, Quotas::default(), source).await.unwrap();
    assert_eq!(changes.added, names(&["acme", "other"]));

    StoredTenants::new(another).put(&inline("acme", json!({"a": 1})).to_string()).await.unwrap();
    stored.put(&inline("other", json!({"a": 1})).to_string()).await.unwrap();
    let changes = registry.reload().await.unwrap();
    assert_eq!((changes.changed, changes.removed), (names(&["other"]), names(&[])));
    assert!(changes.unusable["acme"].contains("sealed with another sealing key"), "{:?}", changes.unusable);
    assert!(registry.get("acme").is_some(), "it is served as it was");
    let listed = stored.list().await.unwrap();
    let opened: Vec<(&str, bool)> = listed.iter().map(|(name, text)| (&**name, text.is_ok())).collect();
    assert_eq!(opened, [("acme", false), ("other", true)]);
    assert!(stored.remove("acme").await.unwrap() && !stored.remove("acme").await.unwrap());
    assert_eq!(registry.reload().await.unwrap().removed, names(&["acme"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quota_is_found_wherever_it_is_declared() {
    let limited = |mut tenant: Value, items: u64| {
        tenant["quota"] = json!({"items": items});
        tenant
    };
    let declared = Declared::new(json!([
        limited(inline("acme", json!({})), 7),
        limited(json!({"name": "elsewhere", "element": "/not/here/wecom"}), 8),
        inline("plain", json!({})),
    ]));
    let storage = store().await;
    let stored = StoredTenants::new(Arc::clone(&storage));
    for declaration in declarations_of_file(&declared.file).unwrap() {
        stored.put(&declaration).await.unwrap();
    }
    let (file, stored) = (Source::File(declared.file.clone()), Source::Stored(Arc::clone(&storage)));
    for (name, expected) in
        [("acme", Some(("org", 7))), ("elsewhere", Some(("wecom", 8))), ("plain", None), ("nobody", None)]
    {
        for source in [&file, &stored] {
            let found = source.own_quota(name).await.unwrap();
            let found = found.as_ref().map(|(scope, quota)| {
                assert_eq!(scope.tenant(), name);
                (scope.element(), quota.items)
            });
            assert_eq!(found, expected, "{name} {source:?}");
        }
    }
    let ops = vec![Op::put("tenant/acme", "{}")];
    storage.apply(&Scope::new("(host)", "tenants").unwrap(), ops).await.unwrap();
    let message = stored.own_quota("acme").await.unwrap_err().to_string();
    assert!(message.contains(r#"tenant "acme" is not sound: name: is missing"#), "{message}");
    fs::write(&declared.file, "[]").unwrap();
    let message = file.own_quota("acme").await.unwrap_err().to_string();
    assert!(message.contains("tenants.json"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_element_gets_into_the_hosts_own_rooms() {
    let host = host();
    let component = host.load(bundled_component()).unwrap();
    let settings = organisation_host::settings::Document::parse("{}").unwrap();
    let options = organisation_host::ElementOptions::new("(host)", "tenants", settings, store().await);
    let message = host.element(&component, options).unwrap_err().to_string();
    assert!(message.contains("kept for the host itself"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_taken_out_is_void_also_where_the_rest_cannot_be_taken_up() {
    let (key, sha256) = new_api_key().unwrap();
    let declare = |keys: Value, component: &str| {
        let mut tenant = inline("acme", json!({}));
        tenant["api_keys"] = keys;
        tenant["component"] = json!({"file": component});
        tenant["grants"] = json!({"only_these_hosts": true});
        json!([tenant])
    };
    let keys = json!([{"name": "crm", "sha256": sha256.to_string(), "scopes": ["messages"]}]);
    let declared = Declared::new(json!([]));
    fs::write(declared.folder.path().join("sound.wasm"), Guest::default().build()).unwrap();
    fs::write(declared.folder.path().join("broken.wasm"), "no component").unwrap();
    declared.write(declare(keys.clone(), "sound.wasm"));
    let (registry, _) = declared.open().await;
    let is_good = || registry.get("acme").unwrap().api_keys.find(&key).is_some();
    assert!(is_good());
    declared.write(declare(json!([]), "broken.wasm"));
    assert!(registry.reload().await.unwrap().unusable.contains_key("acme"));
    assert!(!is_good(), "it is served as it was, but not to this key");
    declared.write(declare(keys, "sound.wasm"));
    registry.reload().await.unwrap();
    assert!(is_good(), "the declaration of before has it again");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_keeps_for_an_element_has_its_quota() {
    let quotas = Quotas::default();
    let storage = storage::open("memory:", Options::default().quotas(quotas.clone())).await.unwrap();
    let mut tenant = inline("acme", json!({}));
    tenant["quota"] = json!({"items": 3});
    let declared = Declared::new(json!([tenant]));
    let source = Source::File(declared.file.clone());
    let (registry, _) = Registry::open(host(), storage, quotas, source).await.unwrap();
    let element = registry.get("acme").unwrap().element;
    let event = Event { id: "1".to_owned(), at: 1, member: None, happening: Happening::EnteredRange };
    // The number of the last one is an item, and so is its id.
    element.keep_events(std::slice::from_ref(&event)).await.unwrap();
    let refused = element.keep_events(&[Event { id: "2".to_owned(), ..event }]).await;
    assert!(matches!(refused, Err(StorageError::Quota { name: "items", limit: 3, .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_are_taken_up_while_the_store_is_open() {
    let quotas = Quotas::default();
    let storage = storage::open("memory:", Options::default().quotas(quotas.clone())).await.unwrap();
    let limited = |quota: Value| {
        let mut tenant = inline("acme", json!({}));
        tenant["quota"] = quota;
        json!([tenant])
    };
    let declared = Declared::new(limited(json!({"items": 1})));
    let source = Source::File(declared.file.clone());
    let (registry, _) = Registry::open(host(), Arc::clone(&storage), quotas, source).await.unwrap();
    let scope = Scope::new("acme", "org").unwrap();
    let put = |key: &str| storage.apply(&scope, vec![Op::put(key, "")]);
    put("a").await.unwrap();
    assert!(matches!(put("b").await, Err(StorageError::Quota { name: "items", limit: 1, .. })));
    declared.write(limited(json!({"items": 2})));
    assert_eq!(registry.reload().await.unwrap().changed, names(&["acme"]));
    put("b").await.unwrap();
    assert!(put("c").await.is_err());
    declared.write(json!([]));
    registry.reload().await.unwrap();
    put("c").await.unwrap();
}
