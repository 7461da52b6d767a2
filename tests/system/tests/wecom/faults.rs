//! Every fault that the simulator knows, in a sync, a sign-in and a check: the right reason with a next step, nothing
//! half written, nothing secret shown.

use std::time::Duration;

use organisation_host::{
    Limits,
    contract::{
        directory::SyncStep,
        element::Status,
        login::Entry,
        types::{Error, Reason},
    },
    reason_name,
};
use system_tests::{Setting, Stage, sync::PLAIN};
use wecom_simulator::{DEMO_AGENT_ID, Effect, Fault, Generator, TOKEN_LIFETIME, When, demo};

/// Bytes of the largest answer in these tests; a batch of the sync takes 4 MiB an answer.
const LARGEST: u64 = 6 << 20;

/// What one fault does where it strikes once, and where it stays.
struct Row {
    effect: Effect,
    /// Of `sync`, when the first `user/list` is struck: `complete`, `wait …` or `paused …`.
    sync_once: &'static str,
    /// Of `sync`, when every one is.
    sync_always: &'static str,
    /// Of `exchange-code`, when `auth/getuserinfo` is struck.
    login: &'static str,
    /// Of the same request again, after the fault is gone.
    reload: &'static str,
    /// Of the aspect app-enabled, when `agent/get` always is.
    check: &'static str,
}

fn row(
    effect: Effect,
    sync: (&'static str, &'static str),
    login: (&'static str, &'static str),
    check: &'static str,
) -> Row {
    Row { effect, sync_once: sync.0, sync_always: sync.1, login: login.0, reload: login.1, check }
}

fn rows() -> Vec<Row> {
    let unreadable = ("wait unreadable", "paused unexpected-answer");
    let unreachable = ("wait unreachable", "paused unavailable");
    // A state is put back for whoever reloads the page, unless the answer was final; the code may be used up.
    let passing = |reason| (reason, "ok");
    let used = |reason| (reason, "login-rejected");
    let spent = |reason| (reason, reason);
    vec![
        row(Effect::HtmlWithOk, unreadable, passing("unexpected-answer"), "failed unexpected-answer"),
        row(Effect::Truncated, unreadable, used("unexpected-answer"), "failed unexpected-answer"),
        // An id that comes as a number is read as its digits, so a sign-in holds: as that of a stranger.
        row(Effect::WrongTypes, unreadable, ("ok", "ok"), "failed unexpected-answer"),
        row(Effect::Warning, unreadable, passing("unexpected-answer"), "failed unexpected-answer"),
        row(Effect::RootArray, unreadable, used("unexpected-answer"), "failed unexpected-answer"),
        row(Effect::InvalidUtf8, unreadable, used("unexpected-answer"), "failed unexpected-answer"),
        row(
            Effect::Redirect("http://127.0.0.1:1/elsewhere".to_owned()),
            unreadable,
            passing("unexpected-answer"),
            "failed unexpected-answer",
        ),
        row(Effect::EdgePage(502), unreachable, passing("unavailable"), "failed unreachable"),
        row(Effect::EdgePage(503), unreachable, passing("unavailable"), "failed unreachable"),
        row(Effect::EdgePage(403), unreadable, passing("unexpected-answer"), "failed unexpected-answer"),
        row(Effect::Disconnect { processed: false }, unreachable, passing("unavailable"), "failed unreachable"),
        row(Effect::Disconnect { processed: true }, unreachable, used("unavailable"), "failed unreachable"),
        row(Effect::MissingErrcode, ("complete", "complete"), ("ok", "ok"), "ok enabled"),
        row(Effect::Gzip, ("complete", "complete"), ("ok", "ok"), "ok enabled"),
        row(Effect::Delay(Duration::from_millis(20)), ("complete", "complete"), ("ok", "ok"), "ok enabled"),
        // Too large for a batch, small enough alone.
        row(Effect::Oversized(5 << 20), ("complete", "complete"), ("ok", "ok"), "ok enabled"),
        // Too large for the host: the export has no such bound.
        row(Effect::Oversized(7 << 20), ("complete", "complete"), used("answer-too-large"), "failed call-failed"),
        row(Effect::Code(-1), ("wait busy", "paused unavailable"), passing("unavailable"), "failed busy"),
        row(Effect::Code(6000), ("wait busy", "paused unavailable"), passing("unavailable"), "failed busy"),
        row(
            Effect::Code(45009),
            ("wait rate-limit", "paused rate-limited"),
            ("rate-limited", "ok"),
            "failed rate-limited",
        ),
        row(
            Effect::Code(45033),
            ("wait rate-limit", "paused rate-limited"),
            ("rate-limited", "ok"),
            "failed rate-limited",
        ),
        row(
            Effect::Block(Duration::from_secs(3_600)),
            ("wait rate-limit", "paused rate-limited"),
            // A code that is good does not count against the rate (doc 90312).
            ("ok", "ok"),
            "failed rate-limited",
        ),
        row(
            Effect::Code(60020),
            ("paused not-permitted", "paused not-permitted"),
            ("not-permitted", "ok"),
            "skipped not-looked-at",
        ),
        row(
            Effect::Code(48002),
            ("paused not-permitted", "paused not-permitted"),
            ("not-permitted", "ok"),
            "failed not-permitted",
        ),
        row(
            Effect::Code(50003),
            ("paused not-permitted", "paused not-permitted"),
            ("not-permitted", "ok"),
            "failed app-disabled",
        ),
        row(
            Effect::Code(301_007),
            ("paused not-permitted", "paused not-permitted"),
            ("not-permitted", "ok"),
            "failed not-permitted",
        ),
        row(
            Effect::Code(40058),
            ("paused vendor-error", "paused vendor-error"),
            spent("vendor-error"),
            "failed call-failed",
        ),
    ]
}

fn outcome(step: &Result<SyncStep, Error>) -> String {
    match step {
        Ok(SyncStep::Complete(_)) => "complete".to_owned(),
        Ok(SyncStep::Wait(waiting)) => format!("wait {}", waiting.reason),
        Ok(SyncStep::Paused(pause)) => format!("paused {}", reason_name(&pause.error.reason)),
        Ok(other) => format!("{other:?}"),
        Err(error) => format!("error {}", reason_name(&error.reason)),
    }
}

fn limits() -> Limits {
    Limits::default().largest_response(LARGEST)
}

#[tokio::test]
async fn a_sync_waits_or_pauses_writes_nothing_and_then_goes_on() {
    for Row { effect, sync_once, sync_always, .. } in rows() {
        for (when, expected) in [(When::Nth(1), sync_once), (When::Always, sync_always)] {
            let stage = Setting::new(demo()).limits(limits()).start().await;
            stage.complete(&PLAIN).await;
            let before = (stage.copy().await, stage.changes().await);
            stage.control.change(|corp| {
                corp.rename_department(22, "新名").unwrap();
                corp.move_member("wujiu", 4).unwrap();
            });
            let fault = stage.control.inject(Fault::of("user/list", when, effect.clone()));
            let step = if when == When::Always { stage.sync(&PLAIN).await } else { stage.step(&PLAIN).await };
            assert_eq!(outcome(&step), expected, "{effect:?} {when:?}");
            assert!(stage.control.struck(fault) > 0, "{effect:?} struck");
            if let Ok(SyncStep::Paused(pause)) = &step {
                assert!(pause.error.hint.is_some(), "{effect:?}: {pause:?}");
            }
            if expected != "complete" {
                assert_eq!((stage.copy().await, stage.changes().await), before, "{effect:?}: nothing is half written");
                if let Ok(SyncStep::Wait(waiting)) = &step {
                    let asked = stage.vendor_calls();
                    assert!(matches!(stage.step(&PLAIN).await, Ok(SyncStep::Wait(_))), "an early call waits");
                    assert_eq!(stage.vendor_calls(), asked, "and asks nothing");
                    stage.advance_to(waiting.not_before);
                }
                stage.control.clear_faults();
                stage.complete(&PLAIN).await;
            }
            stage.assert_exact().await;
            stage.assert_discreet(&[]);
        }
    }
}

#[tokio::test]
async fn a_sign_in_fails_with_its_reason_and_says_so_again() {
    for Row { effect, login, reload, .. } in rows() {
        let stage = Setting::new(demo()).limits(limits()).start().await;
        stage.complete(&PLAIN).await;
        let arrival = stage.arrive(Entry::Browser, "lisi").await;
        let fault = stage.control.inject(Fault::of("auth/getuserinfo", When::Always, effect.clone()));
        let reason = |outcome: &Result<_, Error>| match outcome {
            Ok(_) => "ok".to_owned(),
            Err(error) => reason_name(&error.reason).to_owned(),
        };
        let outcome = stage.exchange(&arrival).await;
        assert_eq!(reason(&outcome), login, "{effect:?}");
        assert_eq!(stage.control.struck(fault), 1, "a code is presented once: {effect:?}");
        if let Err(error) = outcome {
            assert!(error.hint.is_some(), "{error:?}");
        }
        stage.control.clear_faults();
        assert_eq!(reason(&stage.exchange(&arrival).await), reload, "{effect:?}, the page reloaded");
        // Whatever happened, the next sign-in works.
        let arrival = stage.arrive(Entry::Browser, "lisi").await;
        stage.exchange(&arrival).await.unwrap();
        stage.assert_discreet(&[&arrival.code, &arrival.state]);
    }
}

#[tokio::test]
async fn a_check_tells_faults_apart_and_survives_a_passing_one() {
    for Row { effect, check, .. } in rows() {
        let stage = Setting::new(demo()).limits(limits()).start().await;
        stage.control.inject(Fault::of("agent/get", When::Always, effect.clone()));
        let verdict = stage.check().await.remove(2);
        let status = match verdict.status {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Skipped => "skipped",
            Status::Warning => "warning",
        };
        assert_eq!(format!("{status} {}", verdict.code), check, "{effect:?}");
        stage.control.clear_faults();
        assert_eq!(stage.check().await[2].status, Status::Ok, "{effect:?}: nothing of it is remembered");
        stage.assert_discreet(&[]);
    }
}

#[tokio::test]
async fn reads_are_repeated_three_times_at_most() {
    for (strikes, is_read) in [(1, true), (3, true), (4, false)] {
        for effect in
            [Effect::HtmlWithOk, Effect::EdgePage(502), Effect::Code(-1), Effect::Disconnect { processed: true }]
        {
            let stage = Stage::demo().await;
            stage.control.inject(Fault::of("user/get", When::First(strikes), effect.clone()));
            let outcome = stage.heard(stage.element.sync_member("lisi")).await;
            assert_eq!(outcome.is_ok(), is_read, "{strikes} × {effect:?}");
            assert_eq!(stage.control.count("user/get").calls.max(1), strikes.min(3) + 1, "{effect:?}");
        }
    }
}

#[tokio::test]
async fn a_removed_trusted_address_pauses_with_the_address_and_its_return_goes_on() {
    let stage = Stage::of(Generator::sized(3, 80, 20).generate().unwrap()).await;
    // Removed after the scope was read: the first departments are already in.
    stage.control.inject(Fault::of("user/list", When::After(7), Effect::Code(60020)));
    stage.control.configure(|behaviour| behaviour.switches.seen_address = Some("198.51.100.23".to_owned()));
    stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["198.51.100.23"])).unwrap();
    let error = stage.paused(&PLAIN).await;
    assert_eq!((&error.reason, error.vendor_code), (&Reason::NotPermitted, Some(60020)));
    let hint = error.hint.unwrap();
    assert!(hint.contains("add 198.51.100.23 in the console"), "{hint}");
    assert!(error.request_id.is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_digit())));
    let fetched = stage.control.count("user/list").succeeded;
    assert!(fetched > 0);
    stage.control.clear_faults();
    let report = stage.complete(&PLAIN).await;
    let again = stage.control.count("user/list").succeeded - fetched;
    assert!(again < report.departments_total, "the run went on where it stopped: {again} departments were left");
    stage.assert_exact().await;
}

#[tokio::test]
async fn tokens_that_end_in_mid_sync_are_renewed() {
    for code in [42001, 40014] {
        let stage = Stage::of(Generator::sized(6, 80, 20).generate().unwrap()).await;
        stage.control.configure(|behaviour| {
            (behaviour.switches.expired_token, behaviour.switches.same_token) = (code, false);
        });
        // After two steps' worth of time the token is dead for everybody.
        stage.control.inject(Fault::of("user/list", When::Nth(4), Effect::Code(45009)));
        assert!(matches!(stage.step(&PLAIN).await, Ok(SyncStep::Wait(_))));
        stage.advance(TOKEN_LIFETIME);
        stage.control.inject(Fault::of("user/list", When::Nth(3), Effect::Code(code)));
        stage.complete(&PLAIN).await;
        stage.assert_exact().await;
        assert!(stage.control.count("gettoken").calls >= 2);
        stage.assert_discreet(&[]);
    }
}

#[tokio::test]
async fn a_refused_secret_pauses_a_sync_which_goes_on_with_the_new_one() {
    let stage = Stage::of(Generator::sized(6, 80, 20).generate().unwrap()).await;
    stage.control.inject(Fault::of("user/list", When::Nth(6), Effect::Code(45009)));
    let Ok(SyncStep::Wait(waiting)) = stage.step(&PLAIN).await else { panic!() };
    let secret = stage.control.reset_secret(DEMO_AGENT_ID).unwrap();
    stage.advance_to(waiting.not_before);
    let error = stage.paused(&PLAIN).await;
    assert_eq!(error.reason, Reason::CredentialsRefused);
    let mended = stage.reconfigured(&serde_json::json!({ "secret": secret.reveal() }));
    let Ok(SyncStep::Complete(report)) = stage.sync_of(&mended, &PLAIN).await else { panic!() };
    assert!(report.waits > 0, "the same run went on");
    stage.assert_exact().await;
    stage.assert_discreet(&[secret.reveal()]);
}

#[tokio::test]
async fn departments_and_members_that_vanish_during_a_sync_are_noted_or_confirmed() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    // The list still shows department 23 while its members can no longer be read.
    stage.control.inject(Fault::of("user/list", When::Always, Effect::Code(60011)).with_query("department_id", "23"));
    let report = stage.complete(&PLAIN).await;
    assert!(report.notes.iter().any(|note| note.contains("23") && note.contains("60011")), "{:?}", report.notes);
    assert_eq!(report.members.left_range, 0, "whoever was in it was asked about one by one");
    stage.control.clear_faults();
    stage.assert_exact().await;
}

/// The one test that waits in real time: a request has eight seconds.
#[tokio::test]
async fn an_answer_that_never_comes_is_given_up() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    let arrival = stage.arrive(Entry::Browser, "lisi").await;
    stage.control.inject(Fault::of("auth/getuserinfo", When::Always, Effect::Delay(Duration::from_secs(30))));
    let error = stage.exchange(&arrival).await.unwrap_err();
    assert_eq!(error.reason, Reason::Unavailable);
    // Whoever signs in reads what it means for them.
    assert_eq!(error.message, "the sign-in service does not answer for now");
    assert_eq!(error.hint.as_deref(), Some("reload the page shortly"));
    stage.assert_discreet(&[&arrival.code]);
}
