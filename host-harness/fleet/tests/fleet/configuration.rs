//! The configuration in a stored declaration, and its replacement.

use organisation_fleet::tenants::{StoreError, StoredTenants};
use organisation_host::{
    settings::Object,
    storage::{self, Options, SealingKey},
};
use serde_json::{Value, json};

async fn stored(declaration: &Value) -> StoredTenants {
    let sealing_key = Some(SealingKey::new([1; 32]));
    let storage = storage::open("memory:", Options::default().sealing_key(sealing_key)).await.unwrap();
    let tenants = StoredTenants::new(storage);
    tenants.put(&declaration.to_string()).await.unwrap();
    tenants
}

fn object(value: Value) -> Object {
    let Value::Object(map) = value else { panic!("no object") };
    Object::new(map)
}

fn granted(grants: Value) -> Value {
    json!({
        "name": "acme", "grants": grants, "sync": {"every": "1h"},
        "element": {"name": "org", "configuration": {"corpId": "ww1", "secret": "{{CARGO_PKG_NAME}}"}},
    })
}

#[tokio::test]
async fn only_what_the_operator_grants_is_replaced_and_nothing_around_it() {
    for (declaration, is_replaceable) in [
        (granted(json!({"configuration": true})), true),
        (granted(json!({"configuration": false})), false),
        (granted(json!({})), false),
        (json!({"name": "acme", "element": "/elements/acme", "grants": {"configuration": true}}), false),
    ] {
        let tenants = stored(&declaration).await;
        assert_eq!(tenants.configuration("acme").await.unwrap().is_some(), is_replaceable, "{declaration}");
        assert!(tenants.configuration("globex").await.unwrap().is_none());
    }

    let tenants = stored(&granted(json!({"configuration": true, "variables": ["CARGO_PKG_NAME"]}))).await;
    let former = tenants.configuration("acme").await.unwrap().unwrap();
    assert_eq!(former.object()["secret"], "{{CARGO_PKG_NAME}}");
    assert!(former.filled(former.object()).unwrap().expose().contains("organisation-fleet"));
    assert!(former.filled(&object(json!({"secret": "{{HOME}}"}))).is_err(), "another variable than was granted");
    assert!(!format!("{former:?}").contains("ww1"));
    let late = tenants.configuration("acme").await.unwrap().unwrap();
    assert!(tenants.replace_configuration(former, object(json!({"corpId": "ww2"}))).await.unwrap());
    let again = tenants.replace_configuration(late, object(json!({"corpId": "ww3"}))).await.unwrap();
    assert!(!again, "somebody else was faster");
    let (_, text) = tenants.list().await.unwrap().pop().unwrap();
    let kept: Value = serde_json::from_str(&text.unwrap()).unwrap();
    assert_eq!(kept["element"], json!({"name": "org", "configuration": {"corpId": "ww2"}}));
    assert_eq!((&kept["sync"], &kept["grants"]["variables"]), (&json!({"every": "1h"}), &json!(["CARGO_PKG_NAME"])));
}

#[tokio::test]
async fn a_declaration_that_says_otherwise_is_no_flag() {
    let tenants = stored(&granted(json!({}))).await;
    let error = tenants.put(&granted(json!({"configuration": "yes"})).to_string()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unsound(_)) && error.to_string().contains("grants.configuration"), "{error}");
}
