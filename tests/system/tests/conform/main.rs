//! The elements of this repository against the promises of the contract, and elements that break one each.

#![allow(missing_docs)]

use std::{collections::BTreeSet, marker::PhantomData, path::PathBuf, sync::Arc};

use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};
use organisation_conform::{Conformance, Part, Person, Subject, conform};
use organisation_host::{
    ComponentFile, Host,
    egress::{AllowList, OperatorList},
    settings::Document,
};
use second_vendor::Control as Rollcall;
use serde_json::{Value, json};
use system_tests::{company::Company, test_vendor::TestVendor};
use wecom_simulator::Control as WeCom;

/// A member of the sample company.
struct Member<V>(PhantomData<V>);

#[async_trait]
impl<V: TestVendor> Person for Member<V> {
    async fn sign_in(&self, url: &str) -> Result<String, String> {
        let arrival = V::sign_in(url, "zhangsan").await;
        Ok(format!("https://app.example.com/login/callback?code={}&state={}", arrival.code, arrival.state))
    }
}

async fn examined<V: TestVendor>(component: &'static [u8], parts: &'static [Part]) -> Conformance {
    examined_as::<V>(ComponentFile::of(component), json!({}), parts).await
}

/// The same with further keys of the configuration.
async fn examined_as<V: TestVendor>(file: ComponentFile, further: Value, parts: &'static [Part]) -> Conformance {
    let (_server, base_url, _control) = V::start(V::in_real_time(V::setup(&Company::sample()))).await;
    let address = base_url.trim_start_matches("http://");
    let mut document = V::document(&base_url);
    let keys = document.as_object_mut().expect("a configuration is an object");
    keys.extend(further.as_object().expect("further keys are an object").clone());
    let subject = Subject {
        settings: Document::parse(&document.to_string()).expect("it is JSON"),
        operator: OperatorList::only(AllowList::parse([address]).expect("an address of a fake is sound")),
        person: Some(Arc::new(Member::<V>(PhantomData))),
        parts: parts.to_vec(),
    };
    // Compiled code is kept for the whole program: it takes longer than all else.
    let code = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("conform-code");
    let host = |clock| Host::builder().clock(clock).code_cache(code).build();
    conform(host, &file, subject, |_| ()).await.expect("the component can be examined")
}

/// Everything is looked at, but for what these promises say, and nothing is broken.
fn assert_conforms(conformance: &Conformance, skipped: &[&str]) {
    let broken: Vec<_> = conformance.findings.iter().filter(|finding| !finding.is_kept()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
    let found: Vec<_> =
        conformance.findings.iter().filter(|finding| finding.looks == 0).map(|finding| finding.promise.name).collect();
    assert_eq!(found, skipped);
}

#[tokio::test(flavor = "multi_thread")]
async fn wecom_conforms() {
    assert_conforms(&examined::<WeCom>(WeCom::component(), &Part::ALL).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_vendor_conforms() {
    assert_conforms(&examined::<Rollcall>(Rollcall::component(), &Part::ALL).await, &["homepage-stores-nothing"]);
}

/// One element for each promise, which breaks it; and the parts of an examination that lead there.
const BROKEN: [(&[Part], &[&str]); 6] = [
    (
        &[Part::Configuration],
        &[
            "describe-is-pure",
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
    (&[Part::Trouble], &["check-answers-verdicts", "removes-nobody-unasked"]),
    (&[Part::Death], &["any-host-goes-on", "killed-costs-little"]),
];

/// So many examinations at the same time.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_promise_is_found_and_named() {
    let all = BROKEN.iter().flat_map(|(parts, promises)| promises.iter().map(move |promise| (*parts, *promise)));
    let examinations = stream::iter(all).map(|(parts, promise)| {
        // What `describe` and `validate-config` break stands in the component: they have no configuration of their own.
        let is_in_component = parts == [Part::Configuration] || promise == "homepage-stores-nothing";
        let file = if is_in_component {
            ComponentFile::of(broken_element::breaking(promise))
        } else {
            ComponentFile::of(broken_element::component())
        };
        let examination = examined_as::<Rollcall>(file, json!({ "broken": promise }), parts);
        async move { (promise, tokio::spawn(examination).await.unwrap()) }
    });
    let examined: Vec<_> = examinations.buffer_unordered(AT_ONCE).collect().await;
    for (promise, conformance) in &examined {
        let finding = conformance.findings.iter().find(|finding| finding.promise.name == *promise).unwrap();
        let found: Vec<_> = conformance.findings.iter().filter(|finding| !finding.is_kept()).collect();
        assert!(!finding.is_kept(), "{promise} was broken, found were {found:#?}");
    }
    let named: BTreeSet<_> = examined.iter().map(|(promise, _)| *promise).collect();
    let known: BTreeSet<_> = examined[0].1.findings.iter().map(|finding| finding.promise.name).collect();
    assert_eq!(known, named, "every promise is broken by some element");
}

/// So that nothing is found because of what breaks promises, or of where that is written.
#[tokio::test(flavor = "multi_thread")]
async fn the_broken_element_conforms_where_it_breaks_nothing() {
    let conformance = examined::<Rollcall>(broken_element::component(), &Part::ALL).await;
    assert_conforms(&conformance, &["homepage-stores-nothing"]);
}
