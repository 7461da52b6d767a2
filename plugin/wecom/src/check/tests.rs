use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::fake::{FakePlatform, SECRET, START_MS, document, errcode, lost, ok, path, query, status};
use organisation_kit::{
    contract::{
        element::{Status, Verdict},
        http::{self, HttpError, Request, Response},
        storage::StorageError,
    },
    platform::Platform,
};

type Answer = Result<Response, HttpError>;
type Server = fn() -> Answer;

const CONSOLE: &str = "https://work.weixin.qq.com/wework_admin/frame#";

/// The app of the usual configuration, with other fields.
fn agent(changes: Value) -> Answer {
    let mut answer = json!({
        "errcode": 0, "errmsg": "ok", "agentid": 1000073, "name": "Org Sync", "close": 0,
        "redirect_domain": "app.example.com",
        "allow_partys": { "partyid": [2, 31] },
        "allow_userinfos": { "user": [{ "userid": "lisi" }] },
    });
    for (key, value) in changes.as_object().unwrap() {
        answer[key] = value.clone();
    }
    ok(answer.to_string())
}

fn token() -> Answer {
    ok(r#"{"errcode":0,"errmsg":"ok","access_token":"T0KEN","expires_in":7200}"#)
}

fn platform(gettoken: Server, agent_get: impl Fn() -> Answer + 'static) -> FakePlatform {
    let platform = FakePlatform::new();
    platform.serve(move |request: &Request| match path(request).as_str() {
        "/cgi-bin/gettoken" => gettoken(),
        "/cgi-bin/agent/get" => {
            assert_eq!(query(request, "agentid").as_deref(), Some("1000073"));
            agent_get()
        }
        other => panic!("{other} is not part of the check"),
    });
    platform
}

/// The usual configuration in English, with other keys; `null` takes one away.
fn config(changes: Value) -> Config {
    let mut document: Value = serde_json::from_str(&document()).unwrap();
    document["locale"] = json!("en");
    for (key, value) in changes.as_object().unwrap() {
        document[key] = value.clone();
    }
    Config::parse(&document.to_string()).unwrap()
}

/// The verdicts in the language of the configuration.
fn check_connection(platform: &FakePlatform, config: &Config) -> Result<Vec<Verdict>, Failure> {
    let findings = WeComClient::new(platform, config).check()?;
    Ok(findings.into_iter().map(|(aspect, finding)| finding.about(aspect, config.common.locale)).collect())
}

fn check(platform: &FakePlatform) -> Vec<Verdict> {
    check_connection(platform, &config(json!({}))).unwrap()
}

/// Verdicts in short: `+` ok, `~` warning, `!` failed, `-` skipped, and the code.
fn short(verdicts: &[Verdict]) -> Vec<String> {
    let sign = |status| match status {
        Status::Ok => '+',
        Status::Warning => '~',
        Status::Failed => '!',
        Status::Skipped => '-',
    };
    verdicts.iter().map(|verdict| format!("{}{}", sign(verdict.status), verdict.code)).collect()
}

fn of(verdicts: &[Verdict], aspect: Aspect) -> &Verdict {
    verdicts.iter().find(|verdict| verdict.aspect == aspect).unwrap()
}

fn facts(verdict: &Verdict) -> Vec<(&str, &str)> {
    verdict.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect()
}

fn put(platform: &FakePlatform, key: &str, value: &str) {
    platform.apply(&[store::put_text(key, value.to_owned())]).unwrap();
}

#[test]
fn a_sound_app_passes_every_aspect_in_order() {
    let platform = platform(token, || agent(json!({})));
    let verdicts = check(&platform);
    assert_eq!(
        short(&verdicts),
        ["+accepted", "+accepted", "+enabled", "+granted", "+trusted", "-not-observed", "-not-configured"]
    );
    let order: Vec<_> = verdicts.iter().map(|verdict| verdict.aspect.clone()).collect();
    assert_eq!(
        order,
        [
            Aspect::Credentials,
            Aspect::TrustedIp,
            Aspect::AppEnabled,
            Aspect::VisibleRange,
            Aspect::TrustedDomain,
            Aspect::SensitiveFields,
            Aspect::Callback
        ]
    );
    assert_eq!(facts(of(&verdicts, Aspect::AppEnabled)), [("name", "Org Sync")]);
    assert_eq!(facts(of(&verdicts, Aspect::VisibleRange)), [("departments", "2"), ("members", "1"), ("tags", "0")]);
    assert_eq!(platform.paths(), ["/cgi-bin/gettoken", "/cgi-bin/agent/get"]);
}

#[test]
fn the_credential_is_presented_every_time() {
    let platform = platform(token, || agent(json!({})));
    check(&platform);
    check(&platform);
    assert_eq!(platform.count("gettoken"), 2);
}

#[test]
fn a_refused_credential_hides_what_depends_on_it() {
    let refuse: [(Server, &str, Option<i64>, Option<&str>); 9] = [
        (|| errcode(40001, "invalid credential"), "!secret-refused", Some(40001), Some("apps")),
        (|| errcode(40013, "invalid corpid"), "!corp-unknown", Some(40013), Some("profile")),
        (|| errcode(40091, "invalid secret"), "!other-corp", Some(40091), Some("profile")),
        (|| errcode(45031, "weak"), "!secret-too-weak", Some(45031), Some("apps")),
        (|| errcode(45009, "api freq out of limit"), "!rate-limited", Some(45009), None),
        (|| errcode(-1, "system error"), "!busy", Some(-1), None),
        (|| Err(lost(http::Failure::Timeout)), "!unreachable", None, None),
        (|| status(502, "<html>"), "!unreachable", None, None),
        (|| Err(lost(http::Failure::Denied(Some("--allow-host x".to_owned())))), "!host-denied", None, None),
    ];
    for (gettoken, code, vendor_code, page) in refuse {
        let platform = platform(gettoken, || panic!("there is no token to ask with"));
        let verdicts = check(&platform);
        let hidden = "-not-looked-at";
        assert_eq!(short(&verdicts), [code, hidden, hidden, hidden, hidden, "-not-observed", "-not-configured"]);
        let verdict = of(&verdicts, Aspect::Credentials);
        assert_eq!(verdict.vendor_code, vendor_code, "{code}");
        assert!(verdict.hint.is_some(), "{code}");
        assert_eq!(verdict.console_url, page.map(|page| format!("{CONSOLE}{page}")), "{code}");
        assert!(!format!("{verdicts:?}").contains(SECRET));
    }
}

#[test]
fn a_time_to_wait_is_told() {
    let platform = platform(|| errcode(45009, "api freq out of limit"), || agent(json!({})));
    let verdicts = check(&platform);
    assert_eq!(
        facts(of(&verdicts, Aspect::Credentials)),
        [("request-id", "1760000000412345678901234"), ("retry-after-ms", "60000")]
    );
}

#[test]
fn the_address_to_add_is_named() {
    let named = platform(token, || errcode(60020, "not allow to access from your ip"));
    let verdicts = check(&named);
    let hidden = "-not-looked-at";
    assert_eq!(short(&verdicts)[..5], ["+accepted", "!address-not-trusted", hidden, hidden, hidden]);
    let verdict = of(&verdicts, Aspect::TrustedIp);
    assert!(verdict.message.contains("203.0.113.7"), "{}", verdict.message);
    let hint = verdict.hint.as_deref().unwrap();
    assert!(hint.contains("add 203.0.113.7") && hint.contains("about a minute"), "{hint}");
    assert!(facts(verdict).contains(&("address", "203.0.113.7")));
    assert_eq!(verdict.vendor_code, Some(60020));
    assert_eq!(verdict.console_url.as_deref(), Some("https://work.weixin.qq.com/wework_admin/frame#apps"));

    let silent = platform(token, || ok(r#"{"errcode":60020,"errmsg":"not allow to access from your ip"}"#));
    let verdicts = check(&silent);
    let verdict = of(&verdicts, Aspect::TrustedIp);
    assert_eq!((verdict.code.as_str(), facts(verdict).len()), ("address-not-trusted", 0));
    assert!(verdict.hint.as_deref().unwrap().contains("outgoing address"));
}

#[test]
fn the_app_is_judged_by_what_it_answers() {
    let hidden = "-not-looked-at";
    let answers: [(Server, &str, &str, &str); 9] = [
        (|| agent(json!({ "close": 1 })), "+accepted", "!app-disabled", "+granted"),
        (|| agent(json!({ "agentid": 1000074 })), "+accepted", "!wrong-agent", hidden),
        (|| agent(json!({ "agentid": "1000073" })), "+accepted", "+enabled", "+granted"),
        (|| errcode(301_002, "not allow operate another agent"), "+accepted", "!wrong-agent", hidden),
        (|| errcode(60011, "no privilege"), "+accepted", "!wrong-agent", hidden),
        (|| errcode(50003, "app disabled"), hidden, "!app-disabled", hidden),
        (|| errcode(45009, "api freq out of limit"), hidden, "!rate-limited", hidden),
        (|| status(200, "<html>"), hidden, "!unexpected-answer", hidden),
        (|| Err(lost(http::Failure::Connect)), hidden, "!unreachable", hidden),
    ];
    for (answer, trusted_ip, enabled, range) in answers {
        let verdicts = check(&platform(token, answer));
        assert_eq!(short(&verdicts)[..4], ["+accepted", trusted_ip, enabled, range]);
    }
}

#[test]
fn an_empty_range_fails() {
    for (changes, code, counts) in [
        (json!({ "allow_partys": {}, "allow_userinfos": {} }), "!empty-range", ["0", "0", "0"]),
        (json!({ "allow_partys": null, "allow_userinfos": null }), "!empty-range", ["0", "0", "0"]),
        (json!({ "allow_partys": {}, "allow_tags": { "tagid": [7] } }), "+granted", ["0", "1", "1"]),
    ] {
        let verdicts = check(&platform(token, move || agent(changes.clone())));
        let verdict = of(&verdicts, Aspect::VisibleRange);
        assert_eq!(short(&verdicts)[3], code);
        assert_eq!(verdict.facts.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>(), counts);
    }
}

#[test]
fn the_redirect_host_is_compared_whole() {
    let here = "https://app.example.com/login";
    for (redirect, domain, code) in [
        (json!(here), "app.example.com", "+trusted"),
        (json!(here), "APP.example.com", "+trusted"),
        (json!(here), "https://app.example.com/", "+trusted"),
        (json!(here), "other.example;app.example.com", "+trusted"),
        (json!("https://app.example.com:443/"), "app.example.com", "+trusted"),
        (json!("https://app.example.com:8443/"), "app.example.com:8443", "+trusted"),
        (json!("https://app.example.com:8443/"), "app.example.com", "!port-mismatch"),
        (json!(here), "app.example.com:8443", "!port-mismatch"),
        (json!(here), "example.com", "!domain-mismatch"),
        (json!(here), "sub.app.example.com", "!domain-mismatch"),
        (json!(here), "", "!no-trusted-domain"),
        (json!(null), "app.example.com", "-no-redirect-uri"),
    ] {
        let platform = platform(token, move || agent(json!({ "redirect_domain": domain })));
        let verdicts = check_connection(&platform, &config(json!({ "redirectUri": redirect }))).unwrap();
        assert_eq!(short(&verdicts)[4], code, "{redirect} {domain}");
        let verdict = of(&verdicts, Aspect::TrustedDomain);
        if verdict.status == Status::Failed {
            let hint = verdict.hint.as_deref().unwrap();
            assert!(hint.contains("workspace") && hint.contains("callback domain"), "{hint}");
            assert_eq!(verdict.facts[0].name, "redirect-host");
        }
    }
}

/// Puts the head of a copy of this corp.
fn copy_of(platform: &FakePlatform, corp_id: &str) {
    let head = head::Head { organisation: corp_id.to_owned(), ..head::Head::default() };
    put(platform, "directory/head", &store::to_json(&head));
}

#[test]
fn what_was_observed_of_this_organisation_is_told() {
    let note = |seen: bool, organisation: &str| format!(r#"{{"seen":{seen},"at":{START_MS}{organisation}}}"#);
    let (ours, other) = (r#","organisation":"WW21C67DA6767865C2""#, r#","organisation":"ww9""#);
    for (name, copy, note, expected) in [
        ("nothing", None, None, "-not-observed"),
        ("seen", None, Some(note(true, ours)), "+observed"),
        ("not seen", None, Some(note(false, ours)), "~withheld"),
        ("of another", Some("ww21c67da6767865c2"), Some(note(false, other)), "-not-observed"),
        ("an earlier note of our copy", Some("WW21c67da6767865c2"), Some(note(true, "")), "+observed"),
        ("an earlier note of another copy", Some("ww9"), Some(note(true, "")), "-not-observed"),
        ("an earlier note of nobody's copy", None, Some(note(true, "")), "-not-observed"),
        ("damaged", None, Some("{".to_owned()), "-unreadable"),
    ] {
        let platform = platform(token, || agent(json!({})));
        if let Some(copy) = copy {
            copy_of(&platform, copy);
        }
        if let Some(note) = &note {
            put(&platform, OBSERVED_SENSITIVE_FIELDS, note);
        }
        let verdicts = check(&platform);
        assert_eq!(short(&verdicts)[5], expected, "{name}");
        let told = of(&verdicts, Aspect::SensitiveFields).facts.iter().any(|fact| fact.value == START_MS.to_string());
        assert_eq!(told, matches!(expected, "+observed" | "~withheld"), "{name}");
    }
}

#[test]
fn a_copy_of_another_organisation_is_told() {
    for (copy, expected) in [
        ("ww21c67da6767865c2", "+accepted"),
        ("WW21C67DA6767865C2", "+accepted"),
        ("ww9999999999999999", "!other-organisation"),
    ] {
        let platform = platform(token, || agent(json!({})));
        copy_of(&platform, copy);
        let verdicts = check(&platform);
        assert_eq!(short(&verdicts)[..2], [expected, "+accepted"], "{copy}");
        let verdict = of(&verdicts, Aspect::Credentials);
        if verdict.status == Status::Failed {
            assert!(verdict.message.contains(copy) && verdict.message.contains("ww21c67da6767865c2"));
            assert!(verdict.hint.as_deref().unwrap().contains("create a new element"));
        }
    }
    // What WeCom refuses is told first: the id may be mistyped.
    let platform = platform(|| errcode(40013, "invalid corpid"), || agent(json!({})));
    copy_of(&platform, "ww9");
    let verdicts = check(&platform);
    assert_eq!(short(&verdicts)[0], "!corp-unknown");
    assert!(facts(of(&verdicts, Aspect::Credentials)).contains(&("directory-organisation", "ww9")));
}

#[test]
fn callbacks_are_told_as_they_were_seen() {
    let sound = json!({ "token": "abc", "encodingAESKey": "a".repeat(43) });
    let configured = |other: &str| {
        config(json!({ "callback": sound, "contactCallback": { "token": other, "encodingAESKey": "b".repeat(43) } }))
    };
    let platform = platform(token, || agent(json!({})));
    let verdict = |config: &Config| {
        let verdicts = check_connection(&platform, config).unwrap();
        of(&verdicts, Aspect::Callback).clone()
    };
    let none = verdict(&config(json!({})));
    assert_eq!((none.code.as_str(), &none.hint, &none.console_url), ("not-configured", &None, &None));
    let unseen = verdict(&configured("def"));
    assert_eq!((unseen.code.as_str(), unseen.status), ("not-observed", Status::Skipped));
    assert!(unseen.message.contains("wecom, contacts") && unseen.hint.is_some(), "{unseen:?}");
    let config = configured("def");
    for (route, callback) in [("wecom", &config.callback), ("contacts", &config.contact_callback)] {
        crate::callbacks::reached::note(&platform, route, callback.as_ref().unwrap()).unwrap();
    }
    let seen = verdict(&config);
    assert_eq!((seen.code.as_str(), seen.status), ("observed", Status::Ok));
    assert_eq!(facts(&seen)[0], ("wecom-observed-at", START_MS.to_string().as_str()));
    // With another token nobody knows.
    let half = verdict(&configured("other"));
    assert_eq!((half.code.as_str(), half.facts.len()), ("not-observed", 1));
    assert!(half.message.contains("contacts") && !half.message.contains("wecom"), "{half:?}");
}

#[test]
fn a_trusted_domain_that_cannot_be_read_is_not_called_missing() {
    let platform = platform(token, || agent(json!({ "redirect_domain": ["app.example.com"] })));
    assert_eq!(short(&check(&platform))[4], "-unreadable");
}

#[test]
fn a_store_that_fails_ends_the_check() {
    for (prefix, maybe_applied) in
        [("directory/head", false), ("observed/", false), ("token/", false), ("token/", true)]
    {
        let platform = platform(token, || agent(json!({})));
        platform.before_storage(move |_, touch| {
            if touch.concerns(prefix) { Err(StorageError::Unavailable(maybe_applied)) } else { Ok(()) }
        });
        let failure = check_connection(&platform, &config(json!({}))).unwrap_err();
        assert_eq!(failure, Failure::from(StorageError::Unavailable(maybe_applied)), "{prefix}");
    }
}

#[test]
fn every_text_follows_the_locale() {
    for (locale, has_chinese, has_english) in
        [(json!("zh"), true, false), (json!("en"), false, true), (json!(null), true, true)]
    {
        let platform = platform(token, || agent(json!({ "close": 1, "redirect_domain": "" })));
        let verdicts = check_connection(&platform, &config(json!({ "locale": locale }))).unwrap();
        for verdict in verdicts {
            for text in [Some(verdict.message), verdict.hint].into_iter().flatten() {
                assert_eq!(text.chars().any(|c| matches!(c, '\u{4e00}'..='\u{9fff}')), has_chinese, "{text}");
                assert!(!has_english || text.contains(' '), "{text}");
            }
        }
    }
}
