//! What only WeCom says about a login code.

use std::time::Duration;

use organisation_host::contract::{
    login::{AuthorizationRequest, Entry, ExchangeRequest},
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
async fn a_code_that_wecom_refuses_is_rejected_with_its_number() {
    let sound = async |stage: &Stage| stage.arrive(Entry::Browser, "lisi").await;
    type Spoil = fn(&Stage, Arrival) -> Arrival;
    let rows: [(&str, Spoil, i64); 4] = [
        ("a code of five minutes ago", |stage, arrival| after(stage, 300, arrival), 40029),
        ("an unknown code", |_, arrival| Arrival { code: "made-up".to_owned(), ..arrival }, 40029),
        (
            "a code that expired by another number",
            |stage, arrival| {
                stage.control.configure(|behaviour| behaviour.switches.expired_code = 42003);
                after(stage, 300, arrival)
            },
            42003,
        ),
        (
            "a member who left in between",
            |stage, arrival| {
                stage.control.change(|corp| corp.remove_member("lisi")).unwrap();
                arrival
            },
            40029,
        ),
    ];
    for (name, spoil, vendor_code) in rows {
        let stage = Stage::demo().await;
        let arrival = spoil(&stage, sound(&stage).await);
        let error = rejected(stage.exchange(&arrival).await);
        assert_eq!(error.vendor_code, Some(vendor_code), "{name}");
        assert_eq!(stage.control.count("auth/getuserinfo").calls, 1, "{name}");
        stage.assert_discreet(&[&arrival.code, &arrival.state]);
    }
}

fn after(stage: &Stage, seconds: u64, arrival: Arrival) -> Arrival {
    stage.advance(Duration::from_secs(seconds));
    arrival
}

#[tokio::test]
async fn workspace_entries_ignore_which_browser_it_is() {
    for (entry, presented) in [
        (Entry::Workspace, None),
        (Entry::Workspace, Some("another")),
        (Entry::WorkspaceConsent, None),
        (Entry::WorkspaceConsent, Some("another")),
    ] {
        let stage = Stage::demo().await;
        let request =
            AuthorizationRequest { browser_binding: Some("cookie-hash".to_owned()), ..entering(entry.clone()) };
        let arrival = stage.arrive_by(&request, &Choice::Member("lisi".to_owned())).await;
        let request = ExchangeRequest { browser_binding: presented.map(str::to_owned), ..arrival.request() };
        let exchange = stage.heard(stage.element.exchange_code(&request)).await.unwrap();
        assert_eq!(member(exchange).id, "lisi", "{entry:?} {presented:?}");
    }
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
