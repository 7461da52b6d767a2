//! The elements of this repository against the promises of the contract, and elements that break one each.

#![allow(missing_docs)]

use std::{borrow::Cow, marker::PhantomData, sync::Arc};

use async_trait::async_trait;
use host_harness::{
    ComponentFile, Host,
    conform::{Conformance, Person, Subject, conform},
    egress::{AllowList, OperatorList},
    settings::Document,
};
use second_vendor::Control as Rollcall;
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

async fn examined<V: TestVendor>(component: impl Into<Cow<'static, [u8]>>) -> Conformance {
    let (_server, base_url, _control) = V::start(V::in_real_time(V::setup(&Company::sample()))).await;
    let address = base_url.trim_start_matches("http://");
    let subject = Subject {
        settings: Document::parse(&V::document(&base_url).to_string()).unwrap(),
        operator: OperatorList::only(AllowList::parse(&[address]).unwrap()),
        person: Some(Arc::new(Member::<V>(PhantomData))),
    };
    conform(Host::builder(), &ComponentFile::of(component), subject, |_| ()).await.unwrap()
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
    assert_conforms(&examined::<WeCom>(WeCom::component()).await, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_vendor_conforms() {
    assert_conforms(&examined::<Rollcall>(Rollcall::component()).await, &["homepage-stores-nothing"]);
}
