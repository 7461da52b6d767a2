//! The access token: fetched by one call at a time, renewed when it dies, never asked for with a refused secret.

use std::time::Duration;

use organisation_host::{
    Element,
    contract::{directory::SyncStep, element::Status, types::Reason},
};
use serde_json::json;
use system_tests::{Setting, Stage, stage::Store, sync::PLAIN};
use wecom_simulator::{DEMO_AGENT_ID, DEMO_SECRET, Effect, Fault, Secret, When, demo};

/// A call that needs a token and nothing else: one member is read.
async fn use_token(stage: &Stage, element: &Element) -> Result<(), organisation_host::contract::types::Error> {
    stage.heard(element.sync_member("lisi")).await.map(drop)
}

fn token_calls(stage: &Stage) -> u64 {
    stage.control.count("gettoken").calls
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_call_repeated_once() {
    for code in [42001, 40014, 40001] {
        let stage = Stage::demo().await;
        stage.control.configure(|behaviour| behaviour.switches.same_token = false);
        stage.control.inject(Fault::of("user/get", When::Nth(1), Effect::Code(code)));
        use_token(&stage, &stage.element).await.unwrap();
        assert_eq!((token_calls(&stage), stage.control.count("user/get").calls), (2, 2), "{code}");
        assert_eq!(stage.switchboard().overheard().len(), 2, "a second token was handed out");
        // Where the new one is refused as well, nobody is asked a third time.
        let stage = Stage::demo().await;
        stage.control.inject(Fault::of("user/get", When::Always, Effect::Code(code)));
        let error = use_token(&stage, &stage.element).await.unwrap_err();
        assert_eq!((token_calls(&stage), stage.control.count("user/get").calls), (2, 2), "{code}");
        assert_eq!(error.vendor_code, Some(code));
        stage.assert_discreet(&[]);
    }
}

#[tokio::test]
async fn a_refused_secret_is_presented_once_an_hour_until_it_changes() {
    let stage = Stage::demo().await;
    let secret = stage.control.reset_secret(DEMO_AGENT_ID).unwrap();
    for minutes in [0, 1, 30, 28] {
        stage.advance(Duration::from_secs(60 * minutes));
        let error = use_token(&stage, &stage.element).await.unwrap_err();
        assert_eq!((error.reason, error.vendor_code), (Reason::CredentialsRefused, Some(40001)));
        assert!(error.hint.is_some());
        assert!(
            matches!(stage.step(&PLAIN).await, Ok(SyncStep::Paused(pause)) if pause.error.vendor_code == Some(40001))
        );
        assert_eq!(token_calls(&stage), 1, "a wrong secret blocks the address of every tenant");
    }
    for hours in 1..=2 {
        stage.advance(Duration::from_secs(3_600));
        use_token(&stage, &stage.element).await.unwrap_err();
        assert_eq!(token_calls(&stage), 1 + hours, "but WeCom may have it back");
    }
    for checks in 1..=2 {
        assert_eq!(stage.check().await[0].status, Status::Failed);
        assert_eq!(token_calls(&stage), 3 + checks, "an administrator who checks may ask");
    }
    // Another secret is another credential.
    let mended = stage.reconfigured(&json!({ "secret": secret.reveal() }));
    use_token(&stage, &mended).await.unwrap();
    use_token(&stage, &stage.element).await.unwrap_err();
    assert_eq!(token_calls(&stage), 6);
    // The old one back in WeCom's console: a check finds out, and the refusal is forgotten.
    stage.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.secret = Secret::new(DEMO_SECRET))).unwrap();
    assert_eq!(stage.check().await[0].status, Status::Ok);
    use_token(&stage, &stage.element).await.unwrap();
    stage.assert_discreet(&[secret.reveal()]);
}

#[tokio::test]
async fn a_secret_that_wecom_takes_back_heals_by_itself_within_an_hour() {
    let stage = Stage::demo().await;
    stage.control.reset_secret(DEMO_AGENT_ID).unwrap();
    use_token(&stage, &stage.element).await.unwrap_err();
    stage.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.secret = Secret::new(DEMO_SECRET))).unwrap();
    use_token(&stage, &stage.element).await.unwrap_err();
    stage.advance(Duration::from_secs(3_600));
    use_token(&stage, &stage.element).await.unwrap();
    assert_eq!(token_calls(&stage), 2);
}

#[tokio::test]
async fn a_token_is_replaced_before_its_end() {
    // min(7200 − 300, 0.97 · 7200) seconds, by the rule for tokens that die early.
    let stage = Stage::demo().await;
    stage.control.configure(|behaviour| behaviour.switches.same_token = false);
    use_token(&stage, &stage.element).await.unwrap();
    stage.advance(Duration::from_secs(6_899));
    use_token(&stage, &stage.element).await.unwrap();
    assert_eq!(token_calls(&stage), 1);
    stage.advance(Duration::from_secs(1));
    use_token(&stage, &stage.element).await.unwrap();
    assert_eq!(token_calls(&stage), 2);
    assert!(stage.control.requests().iter().all(|request| request.errcode == Some(0)), "no call met a dead token");
}

#[tokio::test]
async fn two_credentials_have_two_tokens() {
    let stage = Stage::demo().await;
    let other = wecom_simulator::corp::App::new(1_000_074, "another", Secret::new("secret-of-another-app"));
    stage.control.change(|corp| corp.add_app(other)).unwrap();
    let other = stage.reconfigured(&json!({ "agentId": 1_000_074, "secret": "secret-of-another-app" }));
    use_token(&stage, &stage.element).await.unwrap();
    let error = stage.heard(other.sync_member("wangwu")).await.unwrap_err();
    assert_eq!(error.reason, Reason::NotFound, "the other app sees nobody: {error:?}");
    assert_eq!((token_calls(&stage), stage.switchboard().overheard().len()), (2, 2));
}

#[tokio::test]
async fn a_token_is_not_readable_at_rest() {
    let stage = Setting::new(demo()).store(Store::Sqlite).start().await;
    stage.complete(&PLAIN).await;
    let (tokens, file) = (stage.switchboard().overheard(), stage.at_rest());
    assert!(!tokens.is_empty());
    let holds = |text: &str| file.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("directory/head"), "the file is what it is taken for");
    for secret in tokens.iter().map(String::as_str).chain([DEMO_SECRET]) {
        assert!(!holds(secret));
    }
}
