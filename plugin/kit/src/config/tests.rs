//! The reader with the table of an invented vendor: as much as a vendor has to write.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{
    Common, Element, Field, Guard, HomepageState, Kind, Secret, Use, Values,
    field::{
        BASE_URL, HOMEPAGE_STATE, LOCALE, PROXY, PROXY_PASSWORD, PROXY_USERNAME, REDIRECT_URI, RETENTION_DEPARTED_DAYS,
        SYNC_FIELDS, SYNC_GUARD_ABSOLUTE, SYNC_GUARD_FLOOR, SYNC_GUARD_PERCENT, TRUSTED_DOMAIN,
    },
};
use crate::{
    contract::{
        directory::Strategy,
        types::{Problem, Severity},
    },
    directory::id::IdRule,
    locale::Locale,
};

static ELEMENT: Element = Element {
    id: "example.directory",
    version: "1.2.3",
    title: ("示例组织", "Example directory"),
    summary: ("示例", "an example"),
    unsupported: &["login.homepage-url"],
    further: &[],
    routes: &[],
    ids: IdRule::Exact,
    fields: &[
        Field {
            key: "tenant",
            elsewhere: "account id",
            label: ("租户", "Tenant"),
            help: ("租户的标识", "the tenant"),
            required: true,
            place: Some(("设置 → 租户", "Settings → Tenant")),
            ..Field::PLAIN
        },
        Field {
            key: "clientSecret",
            elsewhere: "id secret",
            label: ("密钥", "Client secret"),
            help: ("应用的密钥", "the secret of the app"),
            required: true,
            kind: Kind::Secret(Use::Sent("api")),
            ..Field::PLAIN
        },
        Field {
            key: "apiBaseUrl",
            label: ("接口地址", "API address"),
            help: ("接口地址", "the API"),
            kind: Kind::Base { tail: "v1", purpose: Some("api") },
            default: Some("https://api.example.com"),
            ..BASE_URL
        },
        REDIRECT_URI,
        TRUSTED_DOMAIN,
        HOMEPAGE_STATE,
        LOCALE,
        SYNC_FIELDS,
        SYNC_GUARD_PERCENT,
        SYNC_GUARD_FLOOR,
        SYNC_GUARD_ABSOLUTE,
        RETENTION_DEPARTED_DAYS,
        PROXY,
        PROXY_USERNAME,
        PROXY_PASSWORD,
    ],
    prefixes: &["example"],
};

fn build(values: &Values) -> Option<(Common, Secret)> {
    let basis = values.url("apiBaseUrl")?.to_string();
    Some((values.common(values.text("tenant")?, String::new(), basis, IdRule::Exact), values.secret("clientSecret")?))
}

/// A sound document with other keys; `null` takes one away.
fn with(changes: &Json) -> String {
    let mut document = json!({ "tenant": "acme", "clientSecret": "S3CRET-of-acme" });
    for (key, value) in changes.as_object().unwrap() {
        document[key] = value.clone();
    }
    document.to_string()
}

/// Problems as `E code path` and `W code path`.
fn problems(document: &str) -> Vec<String> {
    let show = |problem: &Problem| {
        let severity = if problem.severity == Severity::Error { 'E' } else { 'W' };
        format!("{severity} {} {}", problem.code, problem.path)
    };
    ELEMENT.validate(document).problems.iter().map(show).collect()
}

#[test]
fn a_vendor_reads_its_own_keys_and_gets_the_usual_ones() {
    let (common, secret) = ELEMENT.parse(&with(&json!({})), build).unwrap();
    let expected = Common {
        organisation: "acme".to_owned(),
        application: String::new(),
        basis: "https://api.example.com/".to_owned(),
        ids: IdRule::Exact,
        locale: Locale::Both,
        redirect_uri: None,
        trusted_domain: None,
        homepage: HomepageState::Allow,
        strategy: Strategy::Automatic,
        fields: None,
        guard: Guard { percent: 20, floor: 5, absolute: None },
        departed_days: None,
    };
    assert_eq!((&common, secret.expose()), (&expected, "S3CRET-of-acme"));
    let document = with(&json!({ "locale": "zh-CN", "homepageState": "refuse", "sync": { "fields": ["name", "id"] } }));
    let fields = Some(BTreeSet::from(["name".to_owned()]));
    let expected = Common { locale: Locale::Chinese, homepage: HomepageState::Refuse, fields, ..expected };
    assert_eq!(ELEMENT.parse(&document, build).unwrap().0, expected);
    // A key of the kit that the table has not is unknown.
    assert_eq!(problems(&with(&json!({ "sync": { "strategy": "walk" } }))), ["W unknown-key sync.strategy"]);
}

#[test]
fn the_guard_is_configured_within_bounds_and_never_switched_off() {
    let guard = |guard: Json| with(&json!({ "sync": { "guard": guard } }));
    let usual = Guard::default();
    for (given, expected) in [
        (json!({}), usual),
        (json!({ "percent": 10 }), Guard { percent: 10, ..usual }),
        (
            json!({ "percent": "50", "floor": 0, "absolute": " 200 " }),
            Guard { percent: 50, floor: 0, absolute: Some(200) },
        ),
        (json!({ "absolute": 1_000_000 }), Guard { absolute: Some(1_000_000), ..usual }),
    ] {
        assert_eq!(ELEMENT.parse(&guard(given.clone()), build).unwrap().0.guard, expected, "{given}");
    }
    for (given, expected) in [
        (json!({ "percent": 0 }), "E malformed sync.guard.percent"),
        (json!({ "percent": 51 }), "E malformed sync.guard.percent"),
        (json!({ "percent": 20.5 }), "E malformed sync.guard.percent"),
        (json!({ "percent": "20%" }), "E malformed sync.guard.percent"),
        (json!({ "percent": "+20" }), "E malformed sync.guard.percent"),
        (json!({ "percent": false }), "E wrong-type sync.guard.percent"),
        (json!({ "floor": 101 }), "E malformed sync.guard.floor"),
        (json!({ "floor": -1 }), "E malformed sync.guard.floor"),
        (json!({ "absolute": 0 }), "E malformed sync.guard.absolute"),
        (json!({ "absolute": 1_000_001 }), "E malformed sync.guard.absolute"),
        (json!(false), "E wrong-type sync.guard"),
        (json!("off"), "E wrong-type sync.guard"),
        (json!({ "enabled": false }), "W unknown-key sync.guard.enabled"),
        (json!({ "percnt": 20 }), "W unknown-key sync.guard.percnt"),
    ] {
        assert_eq!(problems(&guard(given.clone())), [expected], "{given}");
    }
    let message = |document: &str| ELEMENT.validate(document).problems.remove(0).message;
    assert_eq!(message(&guard(json!({ "percent": 0 }))), "found \"0\"; expected a whole number from 1 to 50");
    let written = with(&json!({ "sync": { "percent": 20 } }));
    assert!(message(&written).ends_with("did you mean sync.guard.percent?"), "{}", message(&written));
    let written = with(&json!({ "locale": "zh", "sync": { "guard": { "percent": 90 } } }));
    assert_eq!(message(&written), "填写的是\"90\"，应为1 到 50 之间的整数");
    let summary = ELEMENT.validate(&guard(json!({ "absolute": 200 }))).summary;
    let shown: Vec<_> = summary.iter().map(|setting| (&*setting.key, &*setting.value)).collect();
    for setting in [("sync.guard.percent", "20"), ("sync.guard.floor", "5"), ("sync.guard.absolute", "200")] {
        assert!(shown.contains(&setting), "{shown:?}");
    }
}

#[test]
fn retention_is_a_number_of_days_and_off_when_left_out() {
    let retention = |retention: Json| with(&json!({ "retention": retention }));
    let pattern = RETENTION_DEPARTED_DAYS.pattern.unwrap();
    for (given, expected) in [(json!(1), Some(1)), (json!("365"), Some(365)), (json!(3_650), Some(3_650))] {
        let common = ELEMENT.parse(&retention(json!({ "departedDays": given })), build).unwrap().0;
        assert_eq!(common.departed_days, expected, "{given}");
    }
    assert_eq!(ELEMENT.parse(&with(&json!({})), build).unwrap().0.departed_days, None);
    for given in [json!(0), json!(3_651), json!(-1), json!(1.5), json!("30d")] {
        let found = problems(&retention(json!({ "departedDays": given })));
        assert_eq!(found, ["E malformed retention.departedDays"], "{given}");
    }
    assert!(pattern.starts_with('^') && pattern.ends_with('$'));
    let written = with(&json!({ "retention": { "days": 30 } }));
    assert_eq!(problems(&written), ["W unknown-key retention.days"]);
}

#[test]
fn what_is_yet_to_be_filled_in_is_an_error_only_where_nobody_could_mean_it() {
    for (key, value, expected) in [
        // Certain.
        ("tenant", "{{TENANT}}", Some('E')),
        ("tenant", "${TENANT}", Some('E')),
        ("tenant", "prefix-{{X}}", Some('E')),
        ("tenant", "<tenant>", Some('E')),
        ("tenant", "xxx", Some('E')),
        ("tenant", "idxxxxxxxx", Some('E')),
        ("tenant", "******", Some('E')),
        ("tenant", "changeme", Some('E')),
        ("tenant", "Tenant", Some('E')),
        ("clientSecret", "client_secret", Some('E')),
        ("tenant", "TODO", Some('E')),
        ("clientSecret", "changeme", Some('E')),
        ("redirectUri", "https://{{HOST}}/login", Some('E')),
        // Not sound either.
        ("redirectUri", "https://你的域名/login", Some('E')),
        ("redirectUri", "your-address", Some('E')),
        ("trustedDomain", "您的域名", Some('E')),
        ("trustedDomain", "企业域名", Some('E')),
        ("homepageState", "填写", Some('E')),
        // Perhaps.
        ("tenant", "your-tenant", Some('W')),
        ("tenant", "YOUR_TENANT", Some('W')),
        ("tenant", "yourTenant", Some('W')),
        ("tenant", "请填写租户", Some('W')),
        ("trustedDomain", "your-domain.example", Some('W')),
        ("redirectUri", "https://your-domain.example/login", Some('W')),
        ("redirectUri", "https://app.example.com/填写", Some('W')),
        ("proxyUsername", "replace-svc", Some('W')),
        ("proxyUsername", "todo", Some('W')),
        // Real.
        ("tenant", "yourong", None),
        ("tenant", "Insertion", None),
        ("tenant", "a{{b", None),
        ("tenant", "idxx", None),
        ("trustedDomain", "yourong-tech.com", None),
        ("redirectUri", "https://yourong-tech.com/login", None),
        ("proxyUsername", "张三", None),
        ("clientSecret", "nJ3vX9-kQz_81bYw", None),
        ("clientSecret", "secret://clientSecret?v=0a1b", None),
        // Nobody can tell a password.
        ("proxyPassword", "insert coin", None),
        ("proxyPassword", "密码很长", None),
        ("proxyPassword", "xxxx", None),
        ("proxyPassword", "a${b}c", None),
        ("proxyPassword", "${PROXY_PASSWORD}", Some('E')),
    ] {
        let expected: Vec<_> = expected.iter().map(|severity| format!("{severity} placeholder {key}")).collect();
        assert_eq!(problems(&with(&json!({ key: value }))), expected, "{key}: {value}");
    }
}

#[test]
fn a_name_of_a_variable_is_told_and_a_secret_is_not() {
    for (key, value, shown, hidden) in [
        ("clientSecret", "{{CLIENT_SECRET}}", "variable CLIENT_SECRET", "{{"),
        ("clientSecret", "your-S3CRET", "a placeholder", "S3CRET"),
        ("clientSecret", "{{S3CRET and more}}", "template variable", "S3CRET"),
        ("tenant", "your-tenant", "\"your-tenant\"", "***"),
        ("redirectUri", "https://{{HOST}}/x", "template variable", "HOST"),
    ] {
        let report = format!("{:?}", ELEMENT.validate(&with(&json!({ key: value }))).problems);
        assert!(report.replace("\\\"", "\"").contains(shown) && !report.contains(hidden), "{report}");
    }
}

#[test]
fn a_key_is_understood_by_its_meaning_before_its_spelling() {
    for (key, expected) in [
        ("Tenant", "tenant"),
        ("EXAMPLE_TENANT", "tenant"),
        ("example-account", "tenant"),
        ("SECRET", "clientSecret"),
        ("client_secret", "clientSecret"),
        ("id", "tenant or clientSecret"),
        ("callback_url", "redirectUri"),
        ("https_proxy", "proxy"),
        ("language", "locale"),
        ("sync_fields", "sync.fields"),
        ("memberFields", "sync.fields"),
        ("redirektUri", "redirectUri"),
        ("synch", "sync"),
        ("guard", "sync.guard"),
        ("gaurd", "sync.guard"),
        ("removalPercent", "sync.guard.percent"),
    ] {
        let problem = ELEMENT.validate(&with(&json!({ key: "x" }))).problems.remove(0);
        assert!(problem.message.ends_with(&format!("is ignored; did you mean {expected}?")), "{key}: {problem:?}");
    }
    let problem = ELEMENT.validate(&with(&json!({ "shoeSize": 43 }))).problems.remove(0);
    let hint = problem.hint.as_deref().unwrap_or_default();
    assert!(hint.contains("remove it, or use one of tenant, clientSecret, apiBaseUrl"), "{problem:?}");
}

#[test]
fn messages_come_in_the_language_of_the_document() {
    for (locale, message, hint) in [
        (Some("zh"), "缺少 tenant 或其值为空，应为租户", "请填写租户（设置 → 租户）"),
        (Some("en"), "tenant is missing or empty; expected the Tenant", "fill in the Tenant (Settings → Tenant)"),
        (
            None,
            "tenant is missing or empty; expected the Tenant",
            "请填写租户（设置 → 租户） / fill in the Tenant (Settings → Tenant)",
        ),
    ] {
        let document = with(&json!({ "tenant": null, "locale": locale }));
        let problem = ELEMENT.validate(&document).problems.remove(0);
        assert_eq!((&*problem.message, problem.hint.as_deref()), (message, Some(hint)));
        let error = ELEMENT.parse(&document, build).unwrap_err().into_error(ELEMENT.locale_of(&document));
        assert!(error.message.contains(message), "{error:?}");
    }
}

#[test]
fn a_description_has_both_languages_and_says_which_secrets_the_host_keeps() {
    let description = ELEMENT.describe("zh");
    assert_eq!((&*description.id, &*description.title), ("example.directory", "示例组织"));
    let description = ELEMENT.describe("en");
    assert_eq!(description.title, "Example directory");
    let field = &description.fields[1];
    assert_eq!((field.required, field.secret, field.in_clear), (true, true, false));
}
