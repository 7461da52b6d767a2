//! Exchanging code and state: once, for whom they were made, and for nobody by a trick.

use std::time::Duration;

use futures_util::future::join_all;
use host_harness::contract::{
    login::{AuthorizationRequest, Entry, Exchange, ExchangeRequest},
    types::Reason,
};
use system_tests::{
    Stage,
    sign_in::{Arrival, entering},
    sync::PLAIN,
};
use wecom_simulator::{Choice, DEMO_AGENT_ID};

use crate::login::{member, rejected};

#[tokio::test]
async fn a_repeated_callback_has_the_same_outcome_for_thirty_seconds() {
    let stage = Stage::demo().await;
    let arrival = stage.arrive(Entry::Browser, "lisi").await;
    let first = stage.exchange(&arrival).await.unwrap();
    stage.advance(Duration::from_secs(29));
    assert_eq!(stage.exchange(&arrival).await.unwrap(), first);
    assert_eq!(stage.control.count("auth/getuserinfo").calls, 1);
    stage.advance(Duration::from_secs(1));
    rejected(stage.exchange(&arrival).await);
    assert_eq!(stage.control.count("auth/getuserinfo").calls, 1, "the spent state is known without asking");

    // A refusal is repeated just the same.
    let arrival = Arrival { code: "made-up".to_owned(), ..stage.arrive(Entry::Browser, "lisi").await };
    let refusal = rejected(stage.exchange(&arrival).await);
    assert_eq!(refusal.vendor_code, Some(40029));
    assert_eq!(rejected(stage.exchange(&arrival).await), refusal);
    assert_eq!(stage.control.count("auth/getuserinfo").calls, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_callbacks_share_one_vendor_call() {
    let stage = Stage::demo().await;
    stage.control.configure(|behaviour| behaviour.latency = Duration::from_millis(20));
    for door in [Entry::Browser, Entry::Workspace] {
        let arrival = stage.arrive(door, "lisi").await;
        let before = stage.control.count("auth/getuserinfo").calls;
        let elsewhere = stage.elsewhere().await;
        let request = arrival.request();
        let calls = [&stage.element, &elsewhere, &stage.element, &elsewhere].map(|one| one.exchange_code(&request));
        let outcomes: Vec<Exchange> = join_all(calls).await.into_iter().map(|one| stage.heard(one).unwrap()).collect();
        assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:#?}");
        assert_eq!(stage.control.count("auth/getuserinfo").calls, before + 1);
    }
}

#[tokio::test]
async fn what_is_expired_foreign_or_made_up_is_rejected() {
    let sound = async |stage: &Stage| stage.arrive(Entry::Browser, "lisi").await;
    type Spoil = fn(&Stage, Arrival) -> Arrival;
    let rows: [(&str, Spoil, Option<i64>, u64); 6] = [
        ("an unknown state", |_, arrival| Arrival { state: "A".repeat(22), ..arrival }, None, 0),
        ("a state of ten minutes ago", |stage, arrival| after(stage, 600, arrival), None, 0),
        ("a code of five minutes ago", |stage, arrival| after(stage, 300, arrival), Some(40029), 1),
        ("an unknown code", |_, arrival| Arrival { code: "made-up".to_owned(), ..arrival }, Some(40029), 1),
        (
            "a code that expired by another number",
            |stage, arrival| {
                stage.control.configure(|behaviour| behaviour.switches.expired_code = 42003);
                after(stage, 300, arrival)
            },
            Some(42003),
            1,
        ),
        (
            "a member who left in between",
            |stage, arrival| {
                stage.control.change(|corp| corp.remove_member("lisi")).unwrap();
                arrival
            },
            Some(40029),
            1,
        ),
    ];
    for (name, spoil, vendor_code, calls) in rows {
        let stage = Stage::demo().await;
        let arrival = spoil(&stage, sound(&stage).await);
        let error = rejected(stage.exchange(&arrival).await);
        assert_eq!(error.vendor_code, vendor_code, "{name}");
        assert_eq!(stage.control.count("auth/getuserinfo").calls, calls, "{name}");
        stage.assert_discreet(&[&arrival.code, &arrival.state]);
    }
}

fn after(stage: &Stage, seconds: u64, arrival: Arrival) -> Arrival {
    stage.advance(Duration::from_secs(seconds));
    arrival
}

#[tokio::test]
async fn a_state_is_good_once_whatever_the_code() {
    let stage = Stage::demo().await;
    let first = stage.arrive(Entry::Browser, "lisi").await;
    let second = stage.arrive(Entry::Browser, "wangwu").await;
    assert_eq!(member(stage.exchange(&first).await.unwrap()).id, "lisi");
    // Somebody else's code with a state that is spent: neither the old outcome nor a new one.
    rejected(stage.exchange(&Arrival { code: second.code.clone(), state: first.state.clone() }).await);
    assert_eq!(member(stage.exchange(&second).await.unwrap()).id, "wangwu", "the code was not touched");
    // A code that was spent with another state.
    let third = stage.arrive(Entry::Browser, "lisi").await;
    let error = rejected(stage.exchange(&Arrival { code: first.code, state: third.state }).await);
    assert_eq!(error.vendor_code, Some(40029));
}

#[tokio::test]
async fn what_cannot_have_come_from_wecom_is_an_invalid_argument() {
    let stage = Stage::demo().await;
    let request = |code: &str, state: &str, binding: Option<&str>| ExchangeRequest {
        code: code.to_owned(),
        state: state.to_owned(),
        browser_binding: binding.map(str::to_owned),
    };
    let long = "x".repeat(513);
    for (request, path) in [
        (request("", "state", None), "code"),
        (request("with space", "state", None), "code"),
        (request(&long, "state", None), "code"),
        (request("code", "", None), "state"),
        (request("code", "st-ate", None), "state"),
        (request("code", "state", Some("")), "browser-binding"),
    ] {
        let error = stage.heard(stage.element.exchange_code(&request).await).unwrap_err();
        let Reason::InvalidArgument(problem) = &error.reason else { panic!("{error:?}") };
        assert_eq!(problem.path, path);
    }
    assert_eq!(stage.vendor_calls(), 0);
}

#[tokio::test]
async fn a_bound_browser_is_asked_for_again_and_workspace_entries_are_not() {
    for (entry, given, presented, is_admitted) in [
        (Entry::Browser, Some("cookie-hash"), Some("cookie-hash"), true),
        (Entry::Browser, Some("cookie-hash"), Some("another"), false),
        (Entry::Browser, Some("cookie-hash"), None, false),
        (Entry::Browser, None, Some("another"), true),
        (Entry::Browser, None, None, true),
        (Entry::Workspace, Some("cookie-hash"), None, true),
        (Entry::Workspace, Some("cookie-hash"), Some("another"), true),
        (Entry::WorkspaceConsent, Some("cookie-hash"), Some("another"), true),
    ] {
        let stage = Stage::demo().await;
        let binding = given.map(str::to_owned);
        let request = AuthorizationRequest { browser_binding: binding, ..entering(entry.clone()) };
        let arrival = stage.arrive_by(&request, &Choice::Member("lisi".to_owned())).await;
        let request = ExchangeRequest { browser_binding: presented.map(str::to_owned), ..arrival.request() };
        let outcome = stage.heard(stage.element.exchange_code(&request).await);
        assert_eq!(outcome.is_ok(), is_admitted, "{entry:?} {given:?} {presented:?}");
        if !is_admitted {
            rejected(outcome);
            // Guessing did not spend the sign-in of the person it belongs to.
            let request = ExchangeRequest { browser_binding: given.map(str::to_owned), ..arrival.request() };
            stage.heard(stage.element.exchange_code(&request).await).unwrap();
        }
    }
}

#[tokio::test]
async fn no_address_leads_off_the_site() {
    let stage = Stage::demo().await;
    for return_to in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/%2Fevil.example",
        "/%252Fevil.example",
        "/a\r\nset-cookie: x",
        "/%0d%0aset-cookie:x",
        "javascript:alert(1)",
        "orders",
        "",
    ] {
        let request = AuthorizationRequest { return_to: Some(return_to.to_owned()), ..entering(Entry::Browser) };
        let error = stage.heard(stage.element.authorization_url(&request).await).unwrap_err();
        let Reason::InvalidArgument(problem) = &error.reason else { panic!("{return_to:?}: {error:?}") };
        assert_eq!(problem.path, "return-to", "{return_to:?}");
    }
    for redirect_uri in [
        "https://evil.example/login",
        "https://app.example.com.evil.example/",
        "https://evil.example@app.example.com/",
        "https://app.example.com:8443/login",
        "http://app.example.com/login",
        "https://app.example.com\\@evil.example/",
        "/login",
        "",
    ] {
        let request = AuthorizationRequest { redirect_uri: Some(redirect_uri.to_owned()), ..entering(Entry::Browser) };
        let error = stage.heard(stage.element.authorization_url(&request).await).unwrap_err();
        let Reason::InvalidArgument(problem) = &error.reason else { panic!("{redirect_uri:?}: {error:?}") };
        assert_eq!(problem.path, "redirect-uri", "{redirect_uri:?}");
    }
    let error = stage.heard(stage.element.authorization_url(&entering(Entry::Other("face".to_owned()))).await);
    assert_eq!(error.unwrap_err().reason, Reason::Unsupported);
    assert_eq!(stage.usage().await.items, 0, "nothing was stored for what was refused");
}

#[tokio::test]
async fn a_token_that_ends_during_the_exchange_is_renewed_once() {
    for (number, token_calls) in [(42001, 2), (40014, 2)] {
        let stage = Stage::demo().await;
        stage.control.configure(|behaviour| behaviour.switches.expired_token = number);
        stage.complete(&PLAIN).await;
        stage.control.reset_log();
        let arrival = stage.arrive(Entry::Browser, "lisi").await;
        stage.control.expire_tokens();
        assert_eq!(member(stage.exchange(&arrival).await.unwrap()).id, "lisi");
        let counts = stage.control.count("auth/getuserinfo");
        assert_eq!((counts.calls, counts.succeeded), (token_calls, 1), "{number}");
        assert_eq!(stage.control.count("gettoken").calls, 1, "{number}");
        stage.assert_discreet(&[&arrival.code]);
    }
}

#[tokio::test]
async fn a_refusal_before_the_code_was_looked_at_lets_the_person_reload() {
    let stage = Stage::demo().await;
    let arrival = stage.arrive(Entry::Browser, "lisi").await;
    stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["203.0.113.7"])).unwrap();
    let error = stage.exchange(&arrival).await.unwrap_err();
    assert_eq!((error.reason, error.vendor_code), (Reason::NotPermitted, Some(60020)));
    stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["127.0.0.1"])).unwrap();
    assert_eq!(member(stage.exchange(&arrival).await.unwrap()).id, "lisi");
}
