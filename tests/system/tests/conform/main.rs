//! The elements of this repository against the promises of the contract, and elements that break one each.

#![allow(missing_docs)]

use std::{collections::BTreeSet, marker::PhantomData, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use organisation_conform::{Conformance, Part, Person, Promise, Samples, Subject, VendorAdmin, conform};
use organisation_host::{
    ComponentFile, Host,
    contract::{callbacks::IncomingRequest, from_json, types::Body},
    egress::{AllowList, OperatorList},
    settings::Document,
};
use second_vendor::Control as Rollcall;
use serde_json::{Value, json};
use system_tests::{company::Company, test_vendor::TestVendor};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use wecom_simulator::{Control as WeCom, DEMO_AGENT_ID, Event, PURCHASE_TEMPLATE, Receiver, corp::Callback};

/// A member of the sample company.
struct Member<V>(PhantomData<V>);

#[async_trait]
impl<V: TestVendor> Person for Member<V> {
    async fn sign_in(&self, url: &str) -> Result<String, String> {
        let arrival = V::sign_in(url, "zhangsan").await;
        Ok(format!("https://app.example.com/login/callback?code={}&state={}", arrival.code, arrival.state))
    }
}

/// Whoever administers the sample company.
struct Administrator<V>(V);

#[async_trait]
impl<V: TestVendor> VendorAdmin for Administrator<V> {
    async fn remove_member(&self, id: &str) -> Result<(), String> {
        self.0.take_away(id);
        Ok(())
    }
}

/// What an examination needs beside a vendor that answers.
trait Examined: TestVendor {
    /// Further keys of the configuration, and what only the vendor can make.
    async fn samples(&self) -> (Value, Samples);
}

impl Examined for Rollcall {
    async fn samples(&self) -> (Value, Samples) {
        (json!({}), Samples::default())
    }
}

impl Examined for WeCom {
    async fn samples(&self) -> (Value, Samples) {
        let (token, key) = ("conformCallbackToken", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port on loopback is free");
        let url = format!("http://{}/callback", listener.local_addr().expect("it listens"));
        let app = Receiver::App(DEMO_AGENT_ID);
        self.set_callback(app, Some(Callback::new(url, token, key))).expect("the app is there");
        self.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.approvals = true)).expect("the app is there");
        let event = Event::subscribe("lisi");
        let (delivered, delivery) = tokio::join!(self.deliver(app, &event), delivery(listener));
        delivered.expect("the app has an address");
        let approval = from_json(json!({
            "template": PURCHASE_TEMPLATE, "applicant": "lisi",
            "fields": [{ "id": "Money-1700000000001", "value": { "plain": { "money": "700" } } }],
        }));
        let approval = Some(approval.expect("it is a request"));
        let keys = json!({ "callback": { "token": token, "encodingAESKey": key } });
        (keys, Samples { approval, deliveries: vec![delivery] })
    }
}

/// The first whole request to an address, as the host of an element hands it over. The vendor gives a request up that is not
/// answered in time, and comes again.
async fn delivery(listener: TcpListener) -> IncomingRequest {
    loop {
        let (mut stream, _) = listener.accept().await.expect("the vendor comes");
        let Some((head, body)) = request(&mut stream).await else { continue };
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.expect("the vendor listens");
        let target = head.split(' ').nth(1).expect("a request has a target");
        let query = target.split_once('?').expect("it is signed in its query").1.to_owned();
        let (route, method) = ("wecom".to_owned(), "POST".to_owned());
        return IncomingRequest { route, method, query, headers: Vec::new(), body: Some(Body::Text(body)) };
    }
}

/// Head and body of a request; nothing where it ends before.
async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut received = Vec::new();
    while stream.read_buf(&mut received).await.expect("the vendor sends") > 0 {
        let text = String::from_utf8_lossy(&received);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.expect("the vendor says how long it is") {
            return Some((head.to_owned(), body.to_owned()));
        }
    }
    None
}

async fn examined<V: Examined>(component: &'static [u8], parts: &'static [Part]) -> Conformance {
    examined_as::<V>(ComponentFile::of(component), json!({}), parts).await
}

/// The same with further keys of the configuration.
async fn examined_as<V: Examined>(file: ComponentFile, further: Value, parts: &'static [Part]) -> Conformance {
    let (_server, base_url, control) = V::start(V::in_real_time(V::setup(&Company::sample()))).await;
    let address = base_url.trim_start_matches("http://");
    let mut document = V::document(&base_url);
    let keys = document.as_object_mut().expect("a configuration is an object");
    let (of_vendor, samples) = control.samples().await;
    for further in [of_vendor, further] {
        keys.extend(further.as_object().expect("further keys are an object").clone());
    }
    let subject = Subject {
        settings: Document::parse(&document.to_string()).expect("it is JSON"),
        operator: OperatorList::only(AllowList::parse([address]).expect("an address of a fake is sound")),
        person: Some(Arc::new(Member::<V>(PhantomData))),
        vendor_admin: Some(Arc::new(Administrator(control))),
        samples,
        parts: parts.to_vec(),
    };
    // Compiled code is kept for the whole program: it takes longer than all else.
    let code = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("conform-code");
    let host = |clock| Host::builder().clock(clock).code_cache(code).build();
    conform(host, &file, subject, |_| ()).await.expect("the component can be examined")
}

/// Everything is looked at, but for what is to be skipped, and nothing is broken.
fn assert_conforms(conformance: &Conformance, is_skipped: impl Fn(&Promise) -> bool) {
    let broken: Vec<_> = conformance.findings.iter().filter(|finding| !finding.is_kept()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    for finding in &conformance.findings {
        assert_eq!(finding.looks == 0, is_skipped(finding.promise), "{finding:?}");
        assert_eq!(finding.looks == 0, finding.skipped.is_some(), "it says why: {finding:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wecom_conforms() {
    assert_conforms(&examined::<WeCom>(WeCom::component(), &Part::ALL).await, |_| false);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_vendor_conforms() {
    let further = ["messaging.wit", "vendor.wit", "approvals.wit", "callbacks.wit", "web.wit"];
    assert_conforms(&examined::<Rollcall>(Rollcall::component(), &Part::ALL).await, |promise| {
        ["homepage-stores-nothing", "routes-name-headers"].contains(&promise.name) || further.contains(&promise.file)
    });
}

/// One element for each promise, which breaks it; and the parts of an examination that lead there.
const BROKEN: [(&[Part], &[&str]); 13] = [
    (
        &[Part::Configuration],
        &[
            "describe-is-pure",
            "describe-is-pure/audit",
            "describe-in-two-languages",
            "capabilities",
            "same-answer",
            "validate-is-pure",
            "valid-means-no-error",
            "problems-in-order",
            "unreadable-document",
            "secrets-are-named",
            "validation-holds-no-secret",
            "destinations-name-secret-fields",
            "routes-name-headers",
            "problem-code",
            "invalid-config-is-said",
            "invalid-config-lists-problems",
            "error-has-a-message",
        ],
    ),
    (&[Part::Connection], &["aspects-in-order", "keeps-to-itself"]),
    (
        &[Part::SignIn],
        &[
            "state-is-random",
            "state-lives-ten-minutes",
            "redirect-on-the-configured-host",
            "return-to-on-the-same-site",
            "browser-binding",
            "code-repeated",
            "spent-is-rejected",
            "code-sent-once",
            "homepage-stores-nothing",
            "keeps-secrets",
        ],
    ),
    (
        &[Part::Sync],
        &[
            "begin-joins",
            "more-has-moved",
            "wait-is-bounded",
            "planning-writes-nothing",
            "plan-asks-nobody",
            "plan-says-what-happens",
            "complete-repeats",
            "ended-is-not-found",
            "unchanged-writes-nothing",
            "approve-needs-a-block",
            "repair-needs-a-written-run",
            "reset-forgets",
            "feed-gives-the-copy",
            "feed-is-dense",
            "pages-keep-their-limit",
            "cursors-end",
            "departments-in-order",
            "members-in-order",
            "levels-of-the-tree",
            "members-of-a-department",
            "search",
            "find-members-in-order",
            "find-members-bounded",
            "absent-is-not-found",
            "error-has-a-reason",
            "overview-counts",
            "cursor-of-the-summary",
            "acknowledge",
            "refresh-writes-the-copy",
            "history",
            "stops-before-limits",
        ],
    ),
    (
        &[Part::Administration],
        &[
            "roles-are-replaced",
            "roles-sorted",
            "assigned-apart-from-ruled",
            "roles-in-the-feed",
            "unknown-member-is-said",
            "outlives-syncs",
            "outlives-reset",
            "administrators-in-order",
            "administrators-are-members",
            "signature",
            "signature-is-an-image",
            "rules-follow-members",
            "rules-in-the-feed",
            "rules-name-tags",
            "retired-stays-so",
            "retired-at-sign-in",
            "retired-one-by-one",
            "retires-no-administrator",
            "reinstated-with-suspended-roles",
            "roles-are-confirmed",
            "erased-leaves-nothing",
            "erased-in-the-feed",
            "erases-nobody-present",
            "decisions-are-audited",
            "decisions-are-audited/of-erasing",
            "no-effect-without-entry",
            "actor-is-named",
        ],
    ),
    (
        &[Part::Messaging],
        &[
            "message-once-under-a-key",
            "message-key-refused",
            "message-stays-unknown",
            "message-not-repeated",
            "message-has-recipients",
            "message-to-nobody",
            "message-names-invalid",
            "message-limits",
            "message-recalled",
            "card-updated",
            "card-code-once",
            "file-uploaded",
            "file-name-without-path",
        ],
    ),
    (
        &[Part::VendorCall],
        &[
            "call-once-under-a-key",
            "call-stays-unknown",
            "call-key-refused",
            "call-not-repeated",
            "call-answers-as-it-is",
            "call-inside-the-api",
            "call-answers-no-token",
            "call-keeps-its-token",
            "keeps-secrets/in-an-error",
        ],
    ),
    (
        &[Part::Approvals],
        &[
            "template-not-found",
            "approval-not-found",
            "search-cursor",
            "approval-is-judged",
            "approval-once-under-a-key",
            "approval-looked-for",
            "approval-notified",
            "approval-notified-once",
        ],
    ),
    (
        &[Part::Callbacks],
        &[
            "handler-asks-nobody",
            "handler-believes-nobody",
            "route-unknown",
            "delivery-once",
            "follow-up-repeats",
            "follow-up-repeats/fails",
            "follow-up-unknown",
        ],
    ),
    (
        &[Part::Web],
        &[
            "page-on-a-trusted-host",
            "page-calls-are-json",
            "page-signature-time",
            "page-signature-expires",
            "keeps-secrets/in-an-answer",
        ],
    ),
    (
        &[Part::Trouble],
        &[
            "check-answers-verdicts",
            "removes-nobody-unasked",
            "removes-nobody-unasked/half-a-list",
            "removes-nobody-unasked/refresh",
        ],
    ),
    (&[Part::Removal], &["administrator-stays", "removes-not-many-unasked"]),
    (&[Part::Death], &["any-host-goes-on", "killed-costs-little", "killed-costs-little/begins-anew"]),
];

/// The promise that such an element breaks, in whichever way.
fn named(broken: &str) -> &str {
    broken.split('/').next().unwrap_or(broken)
}

/// So many examinations at the same time.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_promise_is_found_and_named() {
    let all = BROKEN.iter().flat_map(|(parts, promises)| promises.iter().map(move |promise| (*parts, *promise)));
    let examinations = stream::iter(all).map(|(parts, promise)| {
        // What `describe` and `validate-config` break stands in the component: they have no configuration of their own.
        let file = if parts == [Part::Configuration] {
            ComponentFile::of(broken_element::breaking(promise))
        } else {
            ComponentFile::of(broken_element::component())
        };
        let examination = examined_as::<WeCom>(file, json!({ "broken": promise }), parts);
        async move { (promise, tokio::spawn(examination).await.unwrap()) }
    });
    let examined: Vec<_> = examinations.buffer_unordered(AT_ONCE).collect().await;
    let missed = examined.iter().filter_map(|(promise, conformance)| {
        let finding = conformance.findings.iter().find(|finding| finding.promise.name == named(promise)).unwrap();
        let found = conformance.findings.iter().filter(|finding| !finding.is_kept());
        let found: Vec<_> = found.map(|finding| (finding.promise.name, &finding.broken)).collect();
        finding.is_kept().then(|| format!("{promise} was broken: {finding:?}, found were {found:#?}"))
    });
    let missed: Vec<_> = missed.collect();
    assert!(missed.is_empty(), "{} were missed: {}", missed.len(), missed.join("\n"));
    let broken: BTreeSet<_> = examined.iter().map(|(promise, _)| named(promise)).collect();
    let known: BTreeSet<_> = examined[0].1.findings.iter().map(|finding| finding.promise.name).collect();
    assert_eq!(known, broken, "every promise is broken by some element");
}

/// So that nothing is found because of what breaks promises, or of where that is written.
#[tokio::test(flavor = "multi_thread")]
async fn the_broken_element_conforms_where_it_breaks_nothing() {
    assert_conforms(&examined::<WeCom>(broken_element::component(), &Part::ALL).await, |_| false);
}
