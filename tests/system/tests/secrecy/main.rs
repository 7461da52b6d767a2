//! No secret comes to light, whatever happens: a whole sign-in and a whole sync with everything traced that can be
//! traced, and with everything going wrong on the way that can go wrong.
//!
//! A program of its own, because what it captures is what the whole process traces.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too; clippy exempts only the tests themselves")]

mod capture;
mod mirror;
mod needle;

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use organisation_host::{
    Element, Limits,
    contract::{
        directory::{Strategy, SyncStep},
        login::{Entry, ExchangeRequest},
    },
    settings::{Document, Variables},
    storage::{FingerprintKey, SealingKey},
};
use serde_json::{Value, json};
use system_tests::{
    Setting, Stage,
    stage::{SEALING_KEY, Store},
    sync::{Caller, PLAIN},
};
use wecom_simulator::{DEMO_SECRET, Effect, Exports, Fault, When, demo};

use capture::Capture;
use mirror::Manner;
use needle::{Needle, Places};

const EXPORT: Caller = Caller { strategy: Strategy::Export, ..PLAIN };
const WRONG_SECRET: &str = "Wr0ng-secret_of-an-app_that-nobody-knows-00";
/// With characters that every encoding writes in its own way.
const CONTACT_SECRET: &str = "c0ntact\"s3cret\\with/odd+chars&more=%41~end";
const PROXY_PASSWORD: &str = "pr0xy pass\"word\\of/the+proxy";
const CALLBACK_TOKEN: &str = "cbT0kenOfTheApp";
const CALLBACK_KEY: &str = "cbKeyOfTheApp0123456789abcdefghijklmnopqrst";
const BINDING: &str = "a-cookie-of-the-platform-8fd1";

/// A demonstration with every secret that a configuration can hold.
async fn stage() -> Stage {
    let config = json!({
        "contactCallback": { "secret": CONTACT_SECRET, "token": CALLBACK_TOKEN, "encodingAESKey": CALLBACK_KEY },
        "callback": { "token": CALLBACK_TOKEN, "encodingAESKey": CALLBACK_KEY },
        "proxyPassword": PROXY_PASSWORD,
    });
    let stage = Setting::new(demo()).store(Store::Sqlite).config(config).start().await;
    stage.control.configure(|behaviour| {
        // Slow enough that a call ends between the order and the files.
        behaviour.exports = Exports { duration: Duration::from_secs(3), smallest_block: Some(6), ..Exports::default() };
    });
    stage
}

fn secrets_of_the_configuration() -> BTreeSet<Needle> {
    [
        ("the app's secret", DEMO_SECRET),
        ("a wrong secret", WRONG_SECRET),
        ("the contact-sync secret", CONTACT_SECRET),
        ("the proxy's password", PROXY_PASSWORD),
        ("a callback token", CALLBACK_TOKEN),
        ("a callback key", CALLBACK_KEY),
        ("a browser binding", BINDING),
        ("the sealing key", std::str::from_utf8(&SEALING_KEY).unwrap()),
    ]
    .map(|(name, value)| Needle::new(name, value))
    .into()
}

/// What the outside gets to see of a stage, and what lies on its disk.
fn places(stage: &Stage, capture: &Capture) -> Places {
    let mut places = Places::default();
    places.add("the trace", capture.bytes());
    places.add("the database", stage.at_rest());
    places.add("what calls answered and reported", stage.notes().join("\n"));
    places.add("how requests and answers show themselves", stage.switchboard().shown().join("\n"));
    let key = SealingKey::new(SEALING_KEY);
    let fingerprints = FingerprintKey::new(Some(&key)).unwrap();
    let document = Document::parse(&stage.document(&json!({}))).unwrap();
    let variables: Variables = [("SECRET", DEMO_SECRET)].into_iter().collect();
    let (element, host, storage) = (&stage.element, &stage.host, &stage.storage);
    let shown = format!("{key:?} {fingerprints:?} {document:?} {variables:?} {element:?} {host:?} {storage:?}");
    places.add("how values show themselves", shown);
    places
}

#[track_caller]
fn assert_secret(places: &Places, needles: &BTreeSet<Needle>) {
    assert_eq!(places.leaks(needles), BTreeSet::new());
}

/// Both entries, and everything that can be wrong with what comes back.
async fn sign_in(stage: &Stage, needles: &mut BTreeSet<Needle>) {
    for (entry, binding) in [(Entry::Browser, Some(BINDING)), (Entry::Workspace, None), (Entry::WorkspaceConsent, None)]
    {
        let request = organisation_host::contract::login::AuthorizationRequest {
            browser_binding: binding.map(str::to_owned),
            ..system_tests::sign_in::entering(entry)
        };
        let arrival = stage.arrive_by(&request, &wecom_simulator::Choice::Member("lisi".to_owned())).await;
        needles.insert(Needle::new("a code", &arrival.code));
        needles.insert(Needle::new("a state", &arrival.state));
        let exchange = ExchangeRequest { browser_binding: binding.map(str::to_owned), ..arrival.request() };
        let answered = stage.heard(stage.element.exchange_code(&exchange)).await.unwrap();
        stage.note(&answered);
        // Again at once, again too late, with another state, and with another binding.
        let again = stage.heard(stage.element.exchange_code(&exchange)).await;
        assert!(again.is_ok());
        stage.advance(Duration::from_secs(31));
        for exchange in [
            exchange.clone(),
            ExchangeRequest { state: Some("AnotherStateOfNobody22".to_owned()), ..exchange.clone() },
            ExchangeRequest { browser_binding: Some("another-binding-of-nobody".to_owned()), ..exchange },
        ] {
            assert!(stage.heard(stage.element.exchange_code(&exchange)).await.is_err());
        }
    }
    // A code that WeCom refuses, and one that it cannot be asked about.
    for effect in
        [Effect::Code(40029), Effect::EdgePage(502), Effect::Disconnect { processed: true }, Effect::HtmlWithOk]
    {
        let arrival = stage.arrive(Entry::Browser, "zhangsan").await;
        needles.insert(Needle::new("a code", &arrival.code));
        needles.insert(Needle::new("a state", &arrival.state));
        stage.control.inject(Fault::of("auth/getuserinfo", When::Always, effect.clone()));
        assert!(stage.exchange(&arrival).await.is_err(), "{effect:?}");
        stage.control.clear_faults();
    }
}

/// By walk and by export, with what WeCom hands out for it noted on the way.
async fn sync(stage: &Stage, needles: &mut BTreeSet<Needle>) {
    stage.complete(&PLAIN).await;
    stage.control.change(|corp| corp.update_member("lisi", |person| person.name = "改名".to_owned())).unwrap();
    loop {
        let step = stage.step(&EXPORT).await.unwrap();
        for entry in stage.stored("directory/r/").await.into_iter().filter(|entry| entry.key.contains("/j/")) {
            let job: Value = serde_json::from_str(&entry.value).unwrap();
            needles.insert(Needle::new("an export's key", job["key"].as_str().unwrap()));
        }
        match step {
            SyncStep::Wait(waiting) => stage.advance_to(waiting.not_before),
            SyncStep::Complete(report) => break assert_eq!(report.strategy, Strategy::Export),
            SyncStep::More(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Whatever goes wrong with credentials, tokens, the vendor and the call itself.
async fn trouble(stage: &Stage) {
    for expire in [|stage: &Stage| stage.control.expire_tokens(), |stage: &Stage| stage.control.revoke_tokens()] {
        expire(stage);
        stage.heard(stage.element.sync_member("lisi")).await.unwrap();
    }
    for effect in [Effect::Code(40014), Effect::Code(42001), Effect::Code(-1), Effect::WrongTypes, Effect::Truncated] {
        stage.control.inject(Fault::of("user/get", When::Always, effect));
        assert!(stage.heard(stage.element.sync_member("lisi")).await.is_err());
        stage.control.clear_faults();
    }
    for wrong in [json!({ "secret": WRONG_SECRET }), json!({ "secret": null, "corpSecret": WRONG_SECRET })] {
        let element = stage.reconfigured(&wrong);
        stage.note(&stage.heard(element.check_connection()).await);
        assert!(stage.heard(element.sync_member("lisi")).await.is_err());
        stage.note(&element.validate().reported().await.unwrap());
    }
    // An unsound configuration is judged, and refused, without being quoted.
    let unsound = json!({ "corpId": DEMO_SECRET, "agentId": WRONG_SECRET, "corpSecret": WRONG_SECRET, DEMO_SECRET: 1 });
    let element = stage.reconfigured(&unsound);
    stage.note(&element.validate().reported().await.unwrap());
    assert!(stage.heard(element.check_connection()).await.is_err());
    // Limits end calls, and the component breaks off.
    for limits in
        [Limits::default().memory_bytes(1 << 20), Limits::default().host_calls(2), Limits::default().requests(0)]
    {
        match stage.element.with_limits(limits).check_connection().reported().await {
            Ok(called) => stage.note(&called),
            Err(failed) => stage.note_failed(&failed),
        }
    }
}

/// Vendors that send back what they are sent.
async fn echoes(stage: &Stage) {
    for manner in [Manner::Errmsg, Manner::Page, Manner::Torn, Manner::Broken] {
        let address = mirror::start(manner).await;
        for config in [
            json!({ "apiBaseUrl": format!("http://{address}") }),
            json!({ "apiBaseUrl": format!("http://{address}"), "secret": CONTACT_SECRET }),
        ] {
            let element = stage.admitting(&[&address], &config);
            // First, since after a refusal nothing is asked until an administrator does.
            assert!(stage.heard(element.sync_member("lisi")).await.is_err(), "{manner:?}");
            // A host carries out no more than a few refused checks a minute.
            stage.advance(Duration::from_secs(60));
            let verdicts = stage.heard(element.check_connection()).await.unwrap();
            assert!(format!("{verdicts:?}").contains("Failed"), "{manner:?}: {verdicts:?}");
            stage.note(&verdicts);
            assert!(stage.step_of(&element, &PLAIN).await.is_ok_and(|step| !matches!(step, SyncStep::Complete(_))));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_comes_to_light_whatever_happens() {
    let capture = Capture::begin();
    let stage = stage().await;
    let mut needles = secrets_of_the_configuration();
    stage.note(&stage.element.validate().reported().await.unwrap());
    stage.note(&stage.element.describe("zh").reported().await.unwrap());
    stage.note(&stage.check().await);
    sign_in(&stage, &mut needles).await;
    assert_secret(&places(&stage, &capture), &needles);
    sync(&stage, &mut needles).await;
    trouble(&stage).await;
    echoes(&stage).await;
    stage.unplug();
    assert!(stage.heard(stage.element.sync_member("lisi")).await.is_err());
    stage.note(&stage.heard(stage.element.check_connection()).await);

    needles.extend(stage.switchboard().overheard().into_iter().map(|text| {
        let name = if text.starts_with("http") { "a file's address" } else { "a token or a ticket" };
        Needle::new(name, text)
    }));
    needles.insert(Needle::new("the sealing key in base64", STANDARD.encode(SEALING_KEY)));
    for name in ["a code", "a state", "an export's key", "a file's address", "a token or a ticket"] {
        assert!(needles.iter().any(|needle| needle.name == name), "there was no {name} to look for");
    }
    let places = places(&stage, &capture);
    for (place, text) in [
        ("the trace", "http exchange"),
        ("the trace", "corpsecret"),
        ("the trace", "sync-member"),
        ("the database", "改名"),
        ("the database", "x1:"),
        ("what calls answered and reported", "secret-refused"),
        ("what calls answered and reported", "[secret]"),
        ("how requests and answers show themselves", "/cgi-bin/gettoken?corpid&corpsecret"),
    ] {
        assert!(
            places.holds(place, text),
            "{place} does not hold {text:?}: what was looked through is not the real thing"
        );
    }
    assert_secret(&places, &needles);
}

/// What the component writes where the secret belongs, before the host puts the secret in.
async fn presented(stage: &Stage, element: &Element) -> BTreeSet<String> {
    let before = stage.switchboard().secrets_presented().len();
    stage.note(&stage.heard(element.check_connection()).await);
    stage.switchboard().secrets_presented().split_off(before).into_iter().collect()
}

#[tokio::test]
async fn the_component_never_has_the_secret_however_it_is_spelled() {
    let stage = Setting::new(demo()).config(json!({ "secret": null })).start().await;
    let mut stand_ins = BTreeSet::new();
    for (name, config) in [
        ("secret", json!({ "secret": DEMO_SECRET })),
        ("the other name", json!({ "corpSecret": DEMO_SECRET })),
        ("nested", json!({ "authConfig": { "secret": DEMO_SECRET } })),
        ("nested under the other name", json!({ "authConfig": { "corpSecret": DEMO_SECRET } })),
        ("twice", json!({ "authConfig": { "corpSecret": DEMO_SECRET }, "secret": DEMO_SECRET })),
        ("with space around", json!({ "secret": format!("\u{feff} {DEMO_SECRET}\n") })),
        ("beside one that is not read", json!({ "corpSecret": DEMO_SECRET, "other": { "secret": DEMO_SECRET } })),
    ] {
        let element = stage.reconfigured(&config);
        let presented = presented(&stage, &element).await;
        assert!(presented.iter().all(|text| text.starts_with("secret://secret?v=")), "{name}: {presented:?}");
        assert_eq!(presented.len(), 1, "{name}");
        stage.heard(element.sync_member("lisi")).await.unwrap();
        stand_ins.extend(presented);
    }
    assert_eq!(stand_ins.len(), 1, "one secret has one stand-in, so one token serves all of these");
    // Another tenant's stand-in for the same secret is another one.
    let neighbour = stage.element_of(("globex", "organisation"), &json!({ "secret": DEMO_SECRET }));
    assert!(presented(&stage, &neighbour).await.is_disjoint(&stand_ins));
}

#[tokio::test]
async fn hosts_of_one_store_write_the_same_in_the_place_of_a_secret() {
    for store in [Store::Memory, Store::Sqlite] {
        let stage = Setting::new(demo()).store(store).start().await;
        let elsewhere = stage.elsewhere().await;
        let here = presented(&stage, &stage.element).await;
        assert_eq!(here.len(), 1, "{store:?}");
        assert_eq!(presented(&stage, &elsewhere).await, here, "{store:?}");
    }
}

#[test]
fn a_secret_that_lies_open_is_found_in_every_spelling() {
    let needles = secrets_of_the_configuration();
    for needle in &needles {
        for (spelling, text) in needle.spellings() {
            let mut places = Places::default();
            places.add("nowhere", "nothing");
            places.add("here", format!("before{text}after"));
            let leak = format!("{} ({spelling}) in here", needle.name);
            assert!(places.leaks(&needles).contains(&leak), "{leak}");
        }
        // In base64 also in the middle of something longer, wherever it begins.
        for before in 0..6 {
            let mut places = Places::default();
            let (_, plain) = &needle.spellings()[0];
            places.add("here", STANDARD.encode([&vec![b'x'; before], plain.as_bytes(), b"yyy"].concat()));
            let leaks = places.leaks(&needles);
            assert!(leaks.iter().any(|leak| leak.starts_with(needle.name)), "{} after {before}", needle.name);
        }
    }
}

#[tokio::test]
async fn a_secret_that_is_traced_noted_or_stored_is_found() {
    let capture = Capture::begin();
    let stage = stage().await;
    let planted = Needle::new("a planted secret", "pl4nted\"needle-0123456789");
    let needles = BTreeSet::from([planted.clone()]);
    assert_secret(&places(&stage, &capture), &needles);

    let (_, value) = planted.spellings().swap_remove(0);
    let span = tracing::trace_span!("call", argument = value);
    span.in_scope(|| tracing::trace!(target: "element", "nothing"));
    stage.note(&Some(&value));
    let op =
        organisation_host::storage::Op::Put { key: "k".to_owned(), value: value.clone(), ttl_ms: None, sealed: false };
    stage.storage.apply(stage.element.scope(), vec![op]).await.unwrap();
    let leaks = places(&stage, &capture).leaks(&needles);
    for place in ["the trace", "what calls answered and reported", "the database"] {
        assert!(leaks.iter().any(|leak| leak.ends_with(&format!("in {place}"))), "{place}: {leaks:?}");
    }
    // Sealed, the same does not lie in the file.
    let sealed = Needle::new("a sealed secret", "s3aled-needle-0123456789");
    let (_, value) = sealed.spellings().swap_remove(0);
    let op = organisation_host::storage::Op::Put { key: "s".to_owned(), value, ttl_ms: None, sealed: true };
    stage.storage.apply(stage.element.scope(), vec![op]).await.unwrap();
    assert_secret(&places(&stage, &capture), &BTreeSet::from([sealed]));
}
