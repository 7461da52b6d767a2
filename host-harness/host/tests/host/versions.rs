//! Several versions of a component side by side in one host, and one taking the place of another.

use std::sync::Arc;

use organisation_host::{Digest, Host, Limits, LoadedComponent};

use crate::{
    element::{Gate, options},
    wire::{self, DESCRIBE, OVERVIEW, data, log},
};

/// A component that logs its version, in `overview` after it has asked its vendor.
fn version(name: &str) -> Vec<u8> {
    let log = log("i32.const 1024\n ", &format!("i32.const {}\n ", name.len()));
    let (guest, url) = wire::caller(9, "/");
    let overview = format!("{}{log}i32.const 0", wire::send(url, None));
    let guest = guest.items(&data(1_024, name.as_bytes()));
    guest.with(DESCRIBE, &format!("{log}i32.const 0")).with(OVERVIEW, &overview).build()
}

#[tokio::test]
async fn versions_run_side_by_side() {
    let host = Host::builder().parallel_calls(4).build().unwrap();
    let mut calls = Vec::new();
    for name in ["one", "two", "three"] {
        let component = host.load(&version(name)).unwrap();
        let element = host.element(&component, options(Limits::default())).unwrap();
        calls.push((name, component.digest(), tokio::spawn(async move { element.describe("en").reported().await })));
    }
    for (name, digest, call) in calls {
        let report = call.await.unwrap().unwrap().report;
        assert_eq!((&*report.log.lines[0].message, report.component), (name, digest));
    }
}

#[tokio::test]
async fn a_new_version_takes_over_between_two_calls() {
    let host = Host::builder().parallel_calls(4).build().unwrap();
    let old = host.load(&version("old")).unwrap();
    let gate = Arc::new(Gate::default());
    let mut options = options(Limits::default());
    options.hooks = vec![Arc::clone(&gate) as _];
    let element = host.element(&old, options).unwrap();
    let (old_digest, code) = (old.digest(), Arc::downgrade(&old));
    drop(old);

    let clone = element.clone();
    let under_way = tokio::spawn(async move { clone.overview().reported().await });
    gate.reached.notified().await;

    // Another file than the one that is meant takes nothing over.
    let new = host.load(&version("new")).unwrap();
    element.swap_component(&new, Some(Digest::of(b"another"))).unwrap_err();
    assert_eq!(element.component().digest(), old_digest);
    element.swap_component(&new, Some(new.digest())).unwrap();
    let next = element.describe("en").reported().await.unwrap().report;
    assert_eq!((&*next.log.lines[0].message, next.component), ("new", new.digest()));
    assert!(code.upgrade().is_some(), "the call under way still needs it");

    gate.open.notify_one();
    let ended = under_way.await.unwrap().unwrap().report;
    let said: Vec<&str> = ended.log.lines.iter().map(|line| &*line.message).collect();
    assert_eq!((said, ended.component), (vec!["old"], old_digest), "the vendor's answer was well, too");
    assert!(freed(&code), "nobody needs it any more");
}

fn freed(code: &std::sync::Weak<LoadedComponent>) -> bool {
    code.upgrade().is_none()
}
