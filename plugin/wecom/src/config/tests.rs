use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{field::ELEMENT, *};
use organisation_kit::{
    config::Guard,
    contract::{
        directory::Strategy,
        element::{Description, SecretPlace, Validation},
        types::{Problem, Reason, Severity},
    },
    locale::Locale,
};

mod advice;
mod description;
mod problem;
mod properties;

const SECRET: &str = "nJ3vX9kQz81bYw-nJ3vX9kQz81bYw_nJ3vX9kQz81bY";
const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

fn describe(locale: &str) -> Description {
    ELEMENT.describe(locale)
}

fn validate(document: &str) -> Validation {
    ELEMENT.validate(document)
}

fn base() -> Value {
    json!({ "corpId": "ww0123456789abcdef", "agentId": 1000002, "secret": SECRET })
}

/// The base with other keys; `null` takes one away.
fn with(changes: Value) -> String {
    let mut document = base();
    for (key, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => document.as_object_mut().unwrap().remove(key),
            value => document.as_object_mut().unwrap().insert(key.clone(), value.clone()),
        };
    }
    document.to_string()
}

/// Problems as `E code path` and `W code path`.
fn problems(document: &str) -> Vec<String> {
    let show = |problem: &Problem| {
        let severity = if problem.severity == Severity::Error { 'E' } else { 'W' };
        format!("{severity} {} {}", problem.code, problem.path).trim_end().to_owned()
    };
    validate(document).problems.iter().map(show).collect()
}

fn summary(document: &str) -> Vec<(String, String)> {
    validate(document).summary.into_iter().map(|setting| (setting.key, setting.value)).collect()
}

#[test]
fn three_keys_suffice() {
    let config = Config::parse(&base().to_string()).unwrap();
    let url = |text: &str| Url::parse(text).unwrap();
    assert_eq!(
        config,
        Config {
            common: Common {
                organisation: "ww0123456789abcdef".to_owned(),
                application: "1000002".to_owned(),
                basis: "1000002 https://qyapi.weixin.qq.com/".to_owned(),
                ids: ELEMENT.ids,
                locale: Locale::Both,
                redirect_uri: None,
                trusted_domain: None,
                homepage: HomepageState::Allow,
                strategy: Strategy::Automatic,
                fields: None,
                guard: Guard::default(),
                departed_days: None,
            },
            agent_id: 1_000_002,
            secret: Secret::new(SECRET),
            api_base: url("https://qyapi.weixin.qq.com"),
            login_base: url("https://login.work.weixin.qq.com"),
            oauth_base: url("https://open.weixin.qq.com"),
            proxy: None,
            callback: None,
            contact_callback: None,
        }
    );
    assert_eq!(problems(&base().to_string()), Vec::<String>::new());
}

#[test]
fn every_key_is_read() {
    let config = Config::parse(&with(json!({
        "redirectUri": "https://app.example.com:8443/login?from=wecom",
        "apiBaseUrl": "https://wecom.corp.example/api/",
        "loginBaseUrl": "https://login.corp.example/",
        "oauthBaseUrl": "http://127.0.0.1:9000",
        "trustedDomain": "App.Example.com:8443",
        "proxy": "http://proxy.corp.example:3128",
        "homepageState": "refuse",
        "locale": "zh-CN",
        "sync": { "strategy": "walk", "fields": ["name", "mobile", "id", "name"] },
    })))
    .unwrap();
    assert_eq!(config.common.redirect_uri.unwrap().as_str(), "https://app.example.com:8443/login?from=wecom");
    assert_eq!(config.api_base.as_str(), "https://wecom.corp.example/api");
    assert_eq!(config.login_base.as_str(), "https://login.corp.example/");
    assert_eq!(config.oauth_base.as_str(), "http://127.0.0.1:9000/");
    assert_eq!(config.common.trusted_domain.as_deref(), Some("app.example.com:8443"));
    assert_eq!(config.proxy.unwrap().as_str(), "http://proxy.corp.example:3128/");
    assert_eq!(config.common.homepage, HomepageState::Refuse);
    assert_eq!(config.common.locale, Locale::Chinese);
    assert_eq!(config.common.strategy, Strategy::Walk);
    assert_eq!(config.common.fields, Some(BTreeSet::from(["mobile".to_owned(), "name".to_owned()])));
}

#[test]
fn the_keys_of_callbacks_and_what_nothing_uses_yet_are_read() {
    let read = |values: &Values| {
        let keys = ["callback.token", "callback.encodingAESKey", "contactCallback.secret", "contactCallback.token"];
        let secret = |key: &str| values.secret(key).map(|secret| secret.expose().to_owned());
        Some((keys.map(secret), secret("contactCallback.encodingAESKey")))
    };
    let document = with(json!({
        "callback": { "token": "t0ken", "encodingAESKey": KEY },
        "contactCallback": { "secret": SECRET, "token": "c0ntact", "encodingAESKey": KEY },
    }));
    let (found, key) = ELEMENT.parse(&document, read).unwrap();
    assert_eq!(found, ["t0ken", KEY, SECRET, "c0ntact"].map(|secret| Some(secret.to_owned())));
    assert_eq!(key.as_deref(), Some(KEY));
}

#[test]
fn keys_may_stand_flat_or_nested_and_the_secret_has_two_names() {
    let places = |document: &str| {
        let found = validate(document).secrets.into_iter();
        found.map(|SecretPlace { key, path }| format!("{key} {path}")).collect::<Vec<_>>()
    };
    let sound = Config::parse(&base().to_string()).unwrap();
    let id = "ww0123456789abcdef";
    for (document, secrets) in [
        (json!({ "corpId": id, "agentId": "1000002", "corpSecret": SECRET }), vec!["secret corpSecret"]),
        (
            json!({ "corpId": id, "agentId": 1000002, "secret": SECRET, "corpSecret": SECRET }),
            vec!["secret secret", "secret corpSecret"],
        ),
        (
            json!({ "authConfig": { "corpId": id, "agentId": 1000002, "secret": SECRET } }),
            vec!["secret authConfig.secret"],
        ),
        (
            json!({ "authConfig": { "corpId": id, "corpSecret": SECRET }, "agentId": 1000002 }),
            vec!["secret authConfig.corpSecret"],
        ),
        (
            json!({ "authConfig": { "corpId": id, "agentId": "1000002" }, "agentId": 1000002, "secret": SECRET }),
            vec!["secret secret"],
        ),
        (
            json!({ "authConfig": null, "corpId": id, "agentId": " 1000002", "secret": SECRET, "redirectUri": "" }),
            vec!["secret secret"],
        ),
        (
            json!({ "corpId": id, "agentId": 1000002, "secret": SECRET, "callback": { "token": "" } }),
            vec!["secret secret"],
        ),
    ] {
        let document = document.to_string();
        assert_eq!(Config::parse(&document).as_ref(), Ok(&sound), "{document}");
        assert_eq!(places(&document), secrets, "{document}");
        assert_eq!(validate(&document).destinations[0].secrets, ["secret"], "{document}");
    }
}

#[test]
fn every_secret_of_a_document_has_its_place_also_of_an_unsound_one() {
    for (changes, expected) in [
        (
            json!({ "contactCallback": { "secret": SECRET, "token": "t", "encodingAESKey": KEY } }),
            &["secret", "contactCallback.secret", "contactCallback.token", "contactCallback.encodingAESKey"][..],
        ),
        (json!({ "authConfig": { "callback": { "token": "t" } } }), &["secret", "authConfig.callback.token"]),
        (json!({ "proxy": "http://a.example", "proxyPassword": "p" }), &["secret", "proxyPassword"]),
        (json!({ "proxyPassword": "p" }), &["secret", "proxyPassword"]),
        (json!({ "secret": 7 }), &["secret"]),
        (json!({ "secret": [SECRET] }), &["secret"]),
        (json!({ "secret": "with space" }), &["secret"]),
        (json!({ "secret": "{{NAME}}" }), &["secret"]),
        (json!({ "secret": SECRET, "corpSecret": "another" }), &["secret", "corpSecret"]),
        (json!({ "apiBaseUrl": "nonsense", "corpId": null }), &["secret"]),
        (json!({ "secret": " " }), &[]),
    ] {
        let found = validate(&with(changes.clone())).secrets;
        assert_eq!(found.iter().map(|place| place.path.as_str()).collect::<Vec<_>>(), expected, "{changes}");
    }
}

#[test]
fn a_proxy_is_for_the_host_and_its_password_goes_nowhere_else() {
    for (changes, expected) in [
        (json!({}), None),
        (json!({ "proxyPassword": "p" }), None),
        (json!({ "proxy": "http://proxy.example:3128" }), Some(("http", "proxy.example", 3128, None, None))),
        (json!({ "proxy": "https://proxy.example" }), Some(("https", "proxy.example", 443, None, None))),
        (
            json!({ "proxy": "http://[2001:db8::1]", "proxyUsername": "me", "proxyPassword": "p:w" }),
            Some(("http", "[2001:db8::1]", 80, Some("me"), Some("proxyPassword"))),
        ),
    ] {
        let validation = validate(&with(changes.clone()));
        assert!(validation.valid, "{changes}");
        let found = validation.proxy.as_ref().map(|found| {
            let (username, password) = (found.username.as_deref(), found.password.as_deref());
            (&*found.scheme, &*found.host, found.port, username, password)
        });
        assert_eq!(found, expected, "{changes}");
        assert_eq!(validation.destinations[0].secrets, ["secret"], "{changes}");
    }
}

#[test]
fn servers_of_export_files_get_no_secret() {
    let hosts = json!(["cdn.example.com", "http://127.0.0.1:7080"]);
    let destinations = validate(&with(json!({ "sync": { "downloadHosts": hosts } }))).destinations;
    let found: Vec<_> = destinations[1..]
        .iter()
        .map(|found| (&*found.scheme, &*found.host, found.port, &*found.purpose, found.secrets.len()))
        .collect();
    assert_eq!(found, [("https", "cdn.example.com", 443, "download", 0), ("http", "127.0.0.1", 7080, "download", 0)]);
}

#[test]
fn hints_come_in_the_language_of_the_document() {
    for (locale, zh, en) in
        [(json!("zh"), true, false), (json!("en"), false, true), (json!(null), true, true), (json!("fr"), true, true)]
    {
        let validation = validate(&with(json!({ "locale": locale, "agentId": "abc" })));
        let problem = validation.problems.iter().find(|problem| problem.path == "agentId").unwrap();
        let hint = problem.hint.as_deref().unwrap();
        assert_eq!((hint.contains("请填写整数"), hint.contains("whole number")), (zh, en), "{problem:?}");
    }
}

#[test]
fn the_summary_fills_defaults_in_and_masks_secrets() {
    let document =
        with(json!({ "callback": { "token": "t0kent0ken", "encodingAESKey": KEY }, "sync": { "fields": [] } }));
    let expected = [
        ("corpId", "ww0123456789abcdef"),
        ("agentId", "1000002"),
        ("secret", "***"),
        ("homepageState", "allow"),
        ("sync.strategy", "auto"),
        ("sync.fields", ""),
        ("sync.guard.percent", "20"),
        ("sync.guard.floor", "5"),
        ("callback.token", "***"),
        ("callback.encodingAESKey", "***"),
        ("apiBaseUrl", "https://qyapi.weixin.qq.com"),
        ("loginBaseUrl", "https://login.work.weixin.qq.com"),
        ("oauthBaseUrl", "https://open.weixin.qq.com"),
    ];
    assert_eq!(summary(&document), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

#[test]
fn a_secret_in_the_wrong_field_is_not_shown() {
    for changes in [
        json!({ "corpId": SECRET }),
        json!({ "agentId": SECRET }),
        json!({ "redirectUri": SECRET }),
        json!({ "trustedDomain": format!("{SECRET}/") }),
        json!({ "locale": SECRET }),
        json!({ SECRET: 1 }),
        json!({ "corpId": format!("ww{SECRET}") }),
        json!({ "authConfig": { "secret": format!("{SECRET}x") } }),
    ] {
        let document = with(changes);
        // A configuration that was accepted has the value where somebody put it; whatever is said about it has not.
        let everything = format!("{:?} {:?}", validate(&document), Config::parse(&document).err());
        assert!(!everything.contains(SECRET), "{everything}");
    }
}

#[test]
fn the_only_destination_is_the_api() {
    for (api, scheme, host, port) in [
        (json!(null), "https", "qyapi.weixin.qq.com", 443),
        (json!("http://127.0.0.1:9000/x"), "http", "127.0.0.1", 9000),
        (json!("https://[2001:db8::1]:8443"), "https", "[2001:db8::1]", 8443),
    ] {
        let document = with(json!({ "apiBaseUrl": api, "proxy": "http://proxy.example:3128" }));
        let destinations = validate(&document).destinations;
        assert_eq!(destinations.len(), 1);
        let found = &destinations[0];
        assert_eq!((found.scheme.as_str(), found.host.as_str(), found.port), (scheme, host, port));
        assert_eq!((found.purpose.as_str(), found.secrets.as_slice()), ("api", &["secret".to_owned()][..]));
    }
}

#[test]
fn a_refused_configuration_lists_every_problem() {
    let failure =
        Config::parse(&with(json!({ "corpId": null, "agentId": "x", "corpID": "y", "loginurl": "z" }))).unwrap_err();
    let Reason::InvalidConfig(problems) = &failure.reason else { panic!("{failure:?}") };
    assert_eq!(
        problems.iter().map(|problem| problem.path.as_str()).collect::<Vec<_>>(),
        ["agentId", "corpId", "loginurl"]
    );
    assert!(
        failure.message.en.starts_with("the configuration is invalid: agentId: found \"x\""),
        "{}",
        failure.message.en
    );
}

#[test]
fn a_route_is_there_where_its_keys_are() {
    let names = |document: &str| validate(document).routes.into_iter().map(|route| route.name).collect::<Vec<_>>();
    let sound = json!({ "token": "t0ken", "encodingAESKey": KEY });
    assert_eq!(names(&base().to_string()), Vec::<String>::new());
    assert_eq!(names(&with(json!({ "callback": sound }))), ["wecom"]);
    assert_eq!(names(&with(json!({ "contactCallback": sound }))), ["contacts"]);
    assert_eq!(names(&with(json!({ "callback": sound, "contactCallback": sound }))), ["wecom", "contacts"]);
    // One half of it, or one that is no key, is a problem and no route.
    for callback in [json!({ "token": "t0ken" }), json!({ "token": "t0ken", "encodingAESKey": &KEY[1..] })] {
        let document = with(json!({ "callback": callback }));
        assert_eq!((names(&document), validate(&document).valid), (vec![], false), "{callback}");
    }
    let spaced =
        with(json!({ "callback": { "token": " t0ken ", "encodingAESKey": format!("{} {}", &KEY[..9], &KEY[9..]) } }));
    assert_eq!((names(&spaced), validate(&spaced).valid), (vec!["wecom".to_owned()], true));
    for (seconds, is_sound) in [(59, false), (60, true), (86_400, true), (86_401, false)] {
        let document = json!({ "callback": { "token": "t0ken", "encodingAESKey": KEY, "maxAgeSeconds": seconds } });
        assert_eq!(validate(&with(document)).valid, is_sound, "{seconds}");
    }
}

#[test]
fn replies_are_texts_for_people() {
    let with_reply = |reply: &str| {
        with(
            json!({ "callback": { "token": "t0ken", "encodingAESKey": KEY, "welcomeReply": reply, "messageReply": "好" } }),
        )
    };
    for (reply, expected) in [
        ("您的消息已收到，请填写申请表：\n<a href=\"https://app.example.com/?a=1&b=2\">申请</a>", &[][..]),
        ("xxxx", &[]),
        (&"好".repeat(682), &[]),
        (&"好".repeat(683), &["E too-long callback.welcomeReply"]),
        ("a\tb", &["E malformed callback.welcomeReply"]),
        ("a\u{0}b", &["E malformed callback.welcomeReply"]),
        ("{{WELCOME}}", &["E placeholder callback.welcomeReply"]),
    ] {
        assert_eq!(problems(&with_reply(reply)), expected, "{reply:.30}");
    }
    let too_long = validate(&with_reply(&"好".repeat(683))).problems.remove(0);
    assert!(too_long.message.contains("2049") && too_long.message.contains("2048"), "{too_long:?}");
    let callback = Config::parse(&with_reply(" 甲\n乙 ")).unwrap().callback.unwrap();
    assert_eq!((callback.welcome_reply.as_deref(), callback.message_reply.as_deref()), (Some("甲\n乙"), Some("好")));
}

#[test]
fn the_proof_of_a_domain_becomes_a_file() {
    let files = |proof: &str| validate(&with(json!({ "domainProof": proof }))).files;
    for (proof, name, content) in [
        ("WW_verify_a1B2c3d4e5f6g7h8.txt", "WW_verify_a1B2c3d4e5f6g7h8.txt", "a1B2c3d4e5f6g7h8"),
        (" WW_verify_a1.txt:b2 ", "WW_verify_a1.txt", "b2"),
    ] {
        let found = files(proof);
        assert_eq!(found.len(), 1, "{proof}");
        assert_eq!((found[0].name.as_str(), found[0].content.as_str()), (name, content));
    }
    assert_eq!(validate(&base().to_string()).files.len(), 0);
    for proof in
        ["a1B2c3d4e5f6g7h8", "https://app.example.com/WW_verify_a1.txt", "../WW_verify_a1.txt", "WW_verify_.txt"]
    {
        assert_eq!(problems(&with(json!({ "domainProof": proof }))), ["E malformed domainProof"], "{proof}");
        assert_eq!(files(proof).len(), 0, "{proof}");
    }
}
