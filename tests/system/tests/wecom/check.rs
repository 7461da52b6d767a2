//! `check-connection`: one verdict for each aspect, asked for every time.

use organisation_host::{
    CallError, Limits,
    contract::element::{Aspect, Status, Verdict},
};
use serde_json::{Value, json};
use system_tests::{Setting, Stage, sync::PLAIN};
use wecom_simulator::{
    DEMO_AGENT_ID, Effect, ErrorText, Fault, Secret, When,
    corp::{App, Grant},
    demo,
};

const ASPECTS: [Aspect; 7] = [
    Aspect::Credentials,
    Aspect::TrustedIp,
    Aspect::AppEnabled,
    Aspect::VisibleRange,
    Aspect::TrustedDomain,
    Aspect::SensitiveFields,
    Aspect::Callback,
];

/// Each verdict as `status code`, in the order of the contract.
fn summary(verdicts: &[Verdict]) -> Vec<String> {
    assert_eq!(verdicts.iter().map(|verdict| verdict.aspect.clone()).collect::<Vec<_>>(), ASPECTS);
    let status = |status: Status| match status {
        Status::Ok => "ok",
        Status::Warning => "warning",
        Status::Failed => "failed",
        Status::Skipped => "skipped",
    };
    verdicts.iter().map(|verdict| format!("{} {}", status(verdict.status), verdict.code)).collect()
}

/// What every failed verdict owes to the administrator.
fn assert_helpful(name: &str, verdicts: &[Verdict]) {
    for verdict in verdicts.iter().filter(|verdict| verdict.status == Status::Failed) {
        assert!(verdict.hint.as_ref().is_some_and(|hint| hint.len() > 10), "{name}: {verdict:?}");
    }
}

fn fact<'a>(verdict: &'a Verdict, name: &str) -> &'a str {
    let fact = verdict.facts.iter().find(|fact| fact.name == name);
    &fact.unwrap_or_else(|| panic!("no {name} in {verdict:?}")).value
}

const SEEN: [&str; 2] = ["skipped not-observed", "skipped not-configured"];
const UNSEEN: &str = "skipped not-looked-at";

#[tokio::test]
async fn each_aspect_has_its_verdict() {
    let app = |stage: &Stage, change: fn(&mut App)| {
        stage.control.change(|corp| corp.update_app(DEMO_AGENT_ID, change)).unwrap();
    };
    let sound = ["ok accepted", "ok accepted", "ok enabled", "ok granted", "ok trusted"];
    let refused = |code: &'static str| [code, UNSEEN, UNSEEN, UNSEEN, UNSEEN];
    let domain = |code: &'static str| [sound[0], sound[1], sound[2], sound[3], code];
    type Change<'a> = &'a dyn Fn(&Stage);
    let rows: [(&str, Value, Change<'_>, [&str; 5]); 17] = [
        ("everything as it should be", json!({}), &|_| {}, sound),
        (
            "secret reset",
            json!({}),
            &|stage| drop(stage.control.reset_secret(DEMO_AGENT_ID).unwrap()),
            refused("failed secret-refused"),
        ),
        ("app disabled", json!({}), &|stage| app(stage, |app| app.enabled = false), refused("failed secret-refused")),
        ("another corp", json!({ "corpId": "ww0000000000000001" }), &|_| {}, refused("failed corp-unknown")),
        (
            "address not trusted",
            json!({}),
            &|stage| stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["203.0.113.7"])).unwrap(),
            ["ok accepted", "failed address-not-trusted", UNSEEN, UNSEEN, UNSEEN],
        ),
        (
            "disabled while the token lives",
            json!({}),
            &|stage| {
                stage.control.inject(Fault::of("agent/get", When::Always, Effect::Code(50003)));
            },
            ["ok accepted", UNSEEN, "failed app-disabled", UNSEEN, UNSEEN],
        ),
        (
            "closed",
            json!({}),
            &|stage| {
                let closed = r#"{"errcode":0,"agentid":1000073,"close":1,"allow_partys":{"partyid":[2]},
                                 "redirect_domain":"app.example.com"}"#;
                stage.switchboard().answer("agent/get", closed);
            },
            ["ok accepted", "ok accepted", "failed app-disabled", "ok granted", "ok trusted"],
        ),
        (
            "another app of the corp",
            json!({ "agentId": 1_000_074 }),
            &|stage| {
                let other = App::new(1_000_074, "another", Secret::new("secret-of-another-app"));
                stage.control.change(|corp| corp.add_app(other)).unwrap();
            },
            ["ok accepted", "ok accepted", "failed wrong-agent", UNSEEN, UNSEEN],
        ),
        (
            "no such app",
            json!({ "agentId": 1_000_099 }),
            &|_| {},
            ["ok accepted", "ok accepted", "failed wrong-agent", UNSEEN, UNSEEN],
        ),
        (
            "nothing granted",
            json!({}),
            &|stage| {
                for grant in [Grant::Department(2), Grant::Tag(7), Grant::Member("shiwu".to_owned())] {
                    assert!(stage.control.change(|corp| corp.ungrant(DEMO_AGENT_ID, &grant)).unwrap());
                }
            },
            [sound[0], sound[1], sound[2], "failed empty-range", sound[4]],
        ),
        (
            "another domain",
            json!({}),
            &|stage| app(stage, |app| app.trusted_domains = vec!["www.example.com".to_owned()]),
            domain("failed domain-mismatch"),
        ),
        (
            "another port",
            json!({}),
            &|stage| app(stage, |app| app.trusted_domains = vec!["app.example.com:8443".to_owned()]),
            domain("failed port-mismatch"),
        ),
        (
            "no domain",
            json!({}),
            &|stage| app(stage, |app| app.trusted_domains.clear()),
            domain("failed no-trusted-domain"),
        ),
        ("no redirect address", json!({ "redirectUri": null }), &|_| {}, domain("skipped no-redirect-uri")),
        ("vendor off the network", json!({}), &Stage::unplug, refused("failed unreachable")),
        (
            "destination not allowed",
            json!({ "apiBaseUrl": "http://127.0.0.1:9" }),
            &|_| {},
            refused("failed host-denied"),
        ),
        (
            "token refused for the rate",
            json!({}),
            &|stage| {
                stage.control.inject(Fault::of("gettoken", When::Always, Effect::Code(45009)));
            },
            refused("failed rate-limited"),
        ),
    ];
    for (name, config, change, expected) in rows {
        let stage = Setting::new(demo()).config(config).start().await;
        change(&stage);
        let verdicts = stage.check().await;
        assert_eq!(summary(&verdicts), [&expected[..], &SEEN[..]].concat(), "{name}: {verdicts:#?}");
        assert_helpful(name, &verdicts);
        stage.assert_discreet(&[]);
    }
}

#[tokio::test]
async fn a_hint_names_the_address_that_wecom_saw() {
    for (seen, text, named) in [
        (None, ErrorText::Full, Some("127.0.0.1")),
        (Some("198.51.100.23"), ErrorText::Full, Some("198.51.100.23")),
        (Some("2001:db8::17"), ErrorText::Full, Some("2001:db8::17")),
        (Some("198.51.100.23"), ErrorText::EmptyAddress, None),
        (Some("198.51.100.23"), ErrorText::NoAddress, None),
        (Some("198.51.100.23"), ErrorText::Bare, None),
    ] {
        let stage = Stage::demo().await;
        stage.control.configure(|behaviour| {
            behaviour.switches.seen_address = seen.map(str::to_owned);
            behaviour.quirks.error_text = text;
        });
        stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["203.0.113.7"])).unwrap();
        let verdict = stage.check().await.remove(1);
        assert_eq!((verdict.status, verdict.vendor_code), (Status::Failed, Some(60020)));
        let hint = verdict.hint.as_deref().unwrap();
        match named {
            Some(address) => {
                assert!(hint.contains(&format!("add {address} in the console")), "{hint}");
                assert_eq!(fact(&verdict, "address"), address);
            }
            None => assert!(hint.contains("outgoing address") && !hint.contains("198."), "{hint}"),
        }
        assert!(verdict.console_url.is_some_and(|url| url.starts_with("https://work.weixin.qq.com/")));
    }
}

#[tokio::test]
async fn the_range_is_counted_as_it_was_granted() {
    let stage = Stage::demo().await;
    let range = stage.check().await.remove(3);
    let counts = ["departments", "members", "tags"].map(|name| fact(&range, name).to_owned());
    assert_eq!(counts, ["1", "1", "1"]);
}

#[tokio::test]
async fn what_no_api_tells_is_what_the_last_sync_saw() {
    for (is_old, expected) in [(false, "warning withheld"), (true, "ok observed")] {
        let stage = Stage::demo().await;
        stage.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.created_before_2022 = is_old)).unwrap();
        assert_eq!(summary(&stage.check().await)[5], "skipped not-observed");
        stage.complete(&PLAIN).await;
        assert_eq!(summary(&stage.check().await)[5], expected);
    }
}

#[tokio::test]
async fn a_check_asks_every_time_and_only_reads() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    let directory = stage.stored("directory/").await;
    stage.control.reset_log();
    for checks in 1..=3 {
        stage.check().await;
        for api in ["gettoken", "agent/get"] {
            assert_eq!(stage.control.count(api).calls, checks, "{api}");
        }
    }
    assert_eq!(stage.vendor_calls(), 6, "nothing else was asked");
    assert!(stage.control.requests().iter().all(|request| request.method == "GET"));
    assert_eq!(stage.stored("directory/").await, directory, "the copy was not touched");
    // What was mended a moment ago is seen at once.
    stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &[])).unwrap();
    assert_eq!(stage.check().await[1].status, Status::Failed);
    stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["127.0.0.1"])).unwrap();
    assert_eq!(stage.check().await[1].status, Status::Ok);
}

#[tokio::test]
async fn an_export_that_trips_over_a_limit_says_which() {
    let stage = Stage::demo().await;
    let limits = Limits::default().host_calls(3);
    let failed = stage.element.with_limits(limits).check_connection().reported().await.unwrap_err();
    stage.note_failed(&failed);
    let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{failed}") };
    assert_eq!(exceeded.limit.as_str(), "host-calls");
    assert_eq!(summary(&stage.check().await)[0], "ok accepted", "the next call works");
    stage.assert_discreet(&[]);
}
