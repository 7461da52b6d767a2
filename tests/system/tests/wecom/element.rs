//! What an element says of itself and of a configuration.

use organisation_host::{
    contract::types::{Reason, Severity},
    reason_name,
};
use serde_json::{Value, json};
use system_tests::{
    Stage,
    copy::{EVERYBODY, EVERYWHERE},
    stage::at_domain,
    sync::PLAIN,
};
use wecom_simulator::{DEMO_CORP_ID, DEMO_SECRET};

#[tokio::test]
async fn the_element_describes_itself_in_the_language_asked_for() {
    let stage = Stage::demo().await;
    for (locale, title, label) in [
        ("zh", "企业微信组织", "企业 ID"),
        ("zh-Hans-CN", "企业微信组织", "企业 ID"),
        ("en", "WeCom organisation", "Corp ID"),
        ("fr", "WeCom organisation", "Corp ID"),
        ("", "WeCom organisation", "Corp ID"),
    ] {
        let description = stage.element.describe(locale).reported().await.unwrap().value;
        assert_eq!((&*description.title, &*description.fields[0].label), (title, label), "{locale:?}");
        assert!(description.ids_ignore_case);
    }
    let required = |fields: &[organisation_host::contract::element::ConfigField]| {
        fields.iter().filter(|field| field.required).map(|field| field.key.clone()).collect::<Vec<_>>()
    };
    let description = stage.element.describe("en").await.unwrap();
    assert_eq!(required(&description.fields), ["corpId", "agentId", "secret"]);
}

/// Problems as `error code path` and `warning code path`.
async fn problems(stage: &Stage, document: &str) -> Vec<String> {
    let validation = stage.element.validate_config(document).reported().await.unwrap().value;
    let errors = validation.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    assert_eq!(validation.valid, errors == 0, "valid means without an error");
    let show = |problem: &organisation_host::contract::types::Problem| {
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        assert!(!problem.message.is_empty() && !problem.message.contains(DEMO_SECRET));
        format!("{severity} {} {}", problem.code, problem.path).trim_end().to_owned()
    };
    validation.problems.iter().map(show).collect()
}

#[tokio::test]
async fn a_configuration_is_judged_key_by_key() {
    let stage = Stage::demo().await;
    for (keys, expected) in [
        (json!({}), vec![]),
        (json!({ "agentId": "1000073" }), vec![]),
        (json!({ "secret": null, "corpSecret": DEMO_SECRET }), vec![]),
        (
            json!({ "corpId": null, "agentId": null, "secret": null,
                    "authConfig": { "corpId": DEMO_CORP_ID, "agentId": "1000073", "corpSecret": DEMO_SECRET } }),
            vec![],
        ),
        (json!({ "redirectUri": null }), vec![]),
        (
            json!({ "corpId": null, "agentId": "", "secret": " " }),
            vec!["error missing agentId", "error missing corpId", "error missing secret"],
        ),
        (json!({ "corpId": 7 }), vec!["error wrong-type corpId"]),
        (json!({ "agentId": "eins" }), vec!["error malformed agentId"]),
        (json!({ "secret": "short" }), vec!["warning unusual-length secret"]),
        (json!({ "redirectUri": "/login" }), vec!["error malformed redirectUri"]),
        (json!({ "redirectUri": at_domain(":443/x") }), vec!["warning default-port redirectUri"]),
        (json!({ "redirecturi": "x" }), vec!["warning unknown-key redirecturi"]),
        (json!({ "homepageState": "maybe" }), vec!["error unknown-value homepageState"]),
        (json!({ "sync": { "fields": ["name", "shoe-size"] } }), vec!["error unknown-value sync.fields.1"]),
    ] {
        let found = problems(&stage, &stage.document(&keys)).await;
        assert_eq!(found, expected, "{keys}");
    }
    for (document, expected) in [
        ("", "error empty-document"),
        ("[]", "error not-an-object"),
        ("{\"corpId\":", "error invalid-json"),
        ("7", "error not-an-object"),
    ] {
        assert_eq!(problems(&stage, document).await, [expected], "{document}");
    }
}

/// What a configuration holds of the documentation's example of a callback: token and EncodingAESKey.
#[tokio::test]
async fn callback_keys_of_the_fact_sheet_are_accepted_and_broken_ones_are_not() {
    let stage = Stage::demo().await;
    let official = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
    let (own, trailing) =
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9");
    let long = "a".repeat(33);
    for (callback, expected) in [
        (json!({ "token": "QDG6eK", "encodingAESKey": official }), vec![]),
        (json!({ "token": "simTok3n2026", "encodingAESKey": own }), vec![]),
        (json!({ "token": "simTok3n2026", "encodingAESKey": trailing }), vec![]),
        (json!({ "token": "QDG6eK" }), vec!["error missing callback.encodingAESKey"]),
        (json!({ "encodingAESKey": official }), vec!["error missing callback.token"]),
        (json!({ "token": "QDG-6eK", "encodingAESKey": official }), vec!["error malformed callback.token"]),
        (json!({ "token": long, "encodingAESKey": official }), vec!["error malformed callback.token"]),
        (
            json!({ "token": "QDG6eK", "encodingAESKey": &official[1..] }),
            vec!["error malformed callback.encodingAESKey"],
        ),
        (
            json!({ "token": "QDG6eK", "encodingAESKey": format!("{}=", &official[1..]) }),
            vec!["error malformed callback.encodingAESKey"],
        ),
    ] {
        let document = stage.document(&json!({ "callback": callback }));
        assert_eq!(problems(&stage, &document).await, expected, "{callback}");
    }
}

#[tokio::test]
async fn a_validation_names_the_destination_with_its_secrets_and_masks_them() {
    let stage = Stage::demo().await;
    for (api, (scheme, host, port)) in [
        (Value::Null, ("https", "qyapi.weixin.qq.com", 443)),
        (json!("https://wecom.corp.example:8443/base"), ("https", "wecom.corp.example", 8443)),
        (json!("http://127.0.0.1:9000"), ("http", "127.0.0.1", 9000)),
    ] {
        let document = stage.document(&json!({ "apiBaseUrl": api }));
        let validation = stage.element.validate_config(&document).reported().await.unwrap().value;
        let [destination] = &validation.destinations[..] else { panic!("{validation:?}") };
        assert_eq!((&*destination.scheme, &*destination.host, destination.port), (scheme, host, port));
        assert_eq!((&*destination.purpose, &destination.secrets[..]), ("api", &["secret".to_owned()][..]));
        let shown = format!("{validation:?}");
        assert!(!shown.contains(DEMO_SECRET) && shown.contains(DEMO_CORP_ID), "{shown}");
    }
}

#[tokio::test]
async fn the_copy_is_read_while_the_configuration_says_whose_it_is() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    let copy = stage.overview().await;
    let other = "wwffffffffffffffff";
    for (name, config, expected) in [
        ("a secret that is missing", json!({ "secret": null }), "read"),
        ("a number that is none", json!({ "agentId": "eins" }), "read"),
        ("an address that is none", json!({ "redirectUri": "app", "apiBaseUrl": "" }), "read"),
        ("a language that nobody speaks", json!({ "locale": "xx" }), "read"),
        ("an organisation that is missing", json!({ "corpId": null }), "invalid-config"),
        ("an organisation that is none", json!({ "corpId": "acme" }), "invalid-config"),
        ("another organisation, and a secret that is missing", json!({ "corpId": other, "secret": null }), "conflict"),
    ] {
        let element = stage.reconfigured(&config);
        let answers = [
            stage.heard(element.overview()).await.map(|found| assert_eq!(found, copy, "{name}")),
            stage.heard(element.departments(&EVERYWHERE, None, 10)).await.map(drop),
            stage.heard(element.members(&EVERYBODY, None, 10)).await.map(drop),
            stage.heard(element.find_member("lisi")).await.map(drop),
            stage.heard(element.find_department("2")).await.map(drop),
            stage.heard(element.changes(None, 10)).await.map(drop),
            stage.heard(element.history()).await.map(drop),
        ];
        for answer in answers {
            let found = answer.as_ref().map_or_else(|error| reason_name(&error.reason), |()| "read");
            assert_eq!(found, expected, "{name}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn an_unsound_configuration_is_refused_by_every_export_that_needs_one() {
    let stage = Stage::demo().await;
    let element = stage.reconfigured(&json!({ "agentId": "eins" }));
    let request = system_tests::sign_in::entering(organisation_host::contract::login::Entry::Browser);
    let exchange = organisation_host::contract::login::ExchangeRequest::new("code", "state");
    let refusals = [
        stage.heard(element.check_connection()).await.map(drop),
        stage.heard(element.login_config(&request)).await.map(drop),
        stage.heard(element.authorization_url(&request)).await.map(drop),
        stage.heard(element.homepage_url(&at_domain("/"))).await.map(drop),
        stage.heard(element.exchange_code(&exchange)).await.map(drop),
        stage.note_answer(PLAIN.call(&element).await).map(drop),
        stage.heard(element.sync_member("lisi")).await.map(drop),
        stage.heard(element.sync_department("2")).await.map(drop),
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        let Reason::InvalidConfig(problems) = &error.reason else { panic!("{error:?}") };
        assert_eq!((&*problems[0].path, &*problems[0].code), ("agentId", "malformed"));
    }
    assert_eq!(stage.vendor_calls(), 0);
    stage.assert_discreet(&[]);
}
