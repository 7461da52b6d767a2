//! What holds for every document, sound or not.

use proptest::{prelude::*, strategy::Strategy};

use super::*;

/// A document that writes a summary down again, with secrets in place of the masks.
fn document_of(summary: &[(String, String)]) -> String {
    let mut document = json!({});
    for (key, value) in summary {
        let value = match key.as_str() {
            "sync.fields" => json!(value.split(',').filter(|name| !name.is_empty()).collect::<Vec<_>>()),
            "secret" | "contactCallback.secret" => json!(SECRET),
            "proxyPassword" => json!("p4ssword"),
            key if key.ends_with(".token") => json!("t0ken"),
            key if key.ends_with("AESKey") => json!(KEY),
            _ => json!(value),
        };
        *key.split('.').fold(&mut document, |object, name| &mut object[name]) = value;
    }
    document.to_string()
}

/// JSON of any shape, with our own keys and telling values often among it.
fn any_document() -> impl Strategy<Value = Value> {
    let keys = prop_oneof![
        4 => prop::sample::select(vec![
            "corpId", "agentId", "secret", "corpSecret", "redirectUri", "authConfig", "callback", "contactCallback",
            "token", "encodingAESKey", "apiBaseUrl", "loginBaseUrl", "oauthBaseUrl", "trustedDomain", "proxy", "sync",
            "strategy", "fields", "guard", "maxAgeSeconds", "welcomeReply", "domainProof", "percent", "floor", "absolute", "locale", "homepageState",
        ])
        .prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "(https?|jms)://[a-z.:@#?/%]{0,20}".prop_map(Value::from),
        prop::sample::select(vec![
            "ww0123456789abcdef",
            "1000002",
            SECRET,
            KEY,
            "zh",
            "walk",
            "allow",
            "{{X}}",
            "WW_verify_a1B2c3d4e5f6g7h8.txt",
            "name"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// A sound configuration with any of the optional keys.
fn sound_document() -> impl Strategy<Value = Value> {
    let optional = |values: Vec<Value>| prop::option::of(prop::sample::select(values));
    let text = |values: &[&str]| optional(values.iter().map(|value| json!(value)).collect());
    (
        text(&["https://app.example.com/login", "http://App.example.com:80", "https://a.example:8443/?x=1#f"]),
        text(&["app.example.com", "APP.example.com:443", "a.example:8443"]),
        text(&["http://127.0.0.1:9000/", "https://wecom.corp.example/api/cgi-bin/", "https://wecom.corp.example:443"]),
        optional(vec![json!({ "token": "abc", "encodingAESKey": KEY, "maxAgeSeconds": 600 }), json!({})]),
        optional(vec![json!({ "secret": SECRET, "token": "abc", "encodingAESKey": KEY })]),
        optional(vec![
            json!({ "strategy": "export" }),
            json!({ "fields": [] }),
            json!({ "fields": ["name", "email"] }),
            json!({ "guard": { "percent": 50, "floor": 0, "absolute": "1000000" } }),
        ]),
        text(&["zh", "en", "zh-CN", "EN_us"]),
        text(&["allow", "refuse"]),
        text(&["https://proxy.example:1080", "http://proxy.example"]),
        text(&["WW_verify_a1B2.txt", "WW_verify_a1B2.txt:other", "WW_verify_a1B2.txt:a1B2"]),
    )
        .prop_map(|(redirect, domain, api, callback, contact, sync, locale, homepage, proxy, proof)| {
            let mut document = base();
            for (key, value) in [
                ("redirectUri", redirect),
                ("trustedDomain", domain),
                ("apiBaseUrl", api),
                ("callback", callback),
                ("contactCallback", contact),
                ("sync", sync),
                ("locale", locale),
                ("homepageState", homepage),
                ("proxy", proxy),
                ("domainProof", proof),
            ] {
                document[key] = value.unwrap_or_default();
            }
            document
        })
}

proptest! {
    #[test]
    fn any_text_is_judged(document in any::<String>()) {
        let validation = validate(&document);
        prop_assert_eq!(validation.valid, Config::parse(&document).is_ok());
    }

    #[test]
    fn any_json_is_judged(document in any_document()) {
        let document = document.to_string();
        let validation = validate(&document);
        prop_assert_eq!(validation.valid, Config::parse(&document).is_ok());
        let is_error = |problem: &Problem| problem.severity == Severity::Error;
        prop_assert_eq!(validation.valid, !validation.problems.iter().any(is_error));
        let place = |problem: &Problem| (!is_error(problem), problem.path.clone());
        let order: Vec<_> = validation.problems.iter().map(place).collect();
        prop_assert!(order.is_sorted(), "{:?}", order);
    }

    #[test]
    fn a_summary_read_again_is_the_same(document in sound_document()) {
        let first = summary(&document.to_string());
        prop_assert!(validate(&document.to_string()).valid, "{:?}", problems(&document.to_string()));
        let again = document_of(&first);
        prop_assert!(validate(&again).valid);
        prop_assert_eq!(summary(&again), first);
    }
}
