//! A component that was built when the contract was 0.1.0, and what it said of itself: every later host of 0.1.x has to run it,
//! beside the component of today and on the same storage.
//!
//! It is the element of Rollcall, `tests/frozen/rollcall-0.1.0.wasm`. While the contract is not published a change of it renews the
//! file: `cargo test -p system-tests --test frozen -- --ignored`. After that it stays as it is.

#![allow(missing_docs)]

use std::{fs, path::PathBuf};

use organisation_host::{Digest, Element, Host, contract::element::Description};
use second_vendor::Control as Rollcall;
use serde_json::{Value, json};
use system_tests::{Stage, TestVendor, sync::PLAIN};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../frozen").join(name)
}

fn component() -> Vec<u8> {
    fs::read(path("rollcall-0.1.0.wasm")).expect("the frozen component is kept")
}

/// What stands beside the file.
fn described(component: &[u8], description: &Description) -> Value {
    let host = Host::builder().build().expect("this machine has room for a host");
    let world = host.inspect(component).expect("it is a component").world;
    let imports: Vec<_> = world.imports.iter().filter(|name| name.starts_with("lowcode:")).collect();
    json!({
        "sha256": Digest::of(component).to_string(),
        "world": "lowcode:organisation/organisation-element@0.1.0",
        "imports": imports,
        "exports": world.exports,
        "id": description.id,
        "version": description.version,
        "fields": description.fields.iter().map(|field| &field.key).collect::<Vec<_>>(),
        "capabilities": description.capabilities,
    })
}

async fn description(element: &Element) -> Description {
    element.describe("en").reported().await.expect("it says what it is").value
}

/// The sample company at Rollcall, whose element runs the component of then.
async fn stage() -> Stage<Rollcall> {
    let stage = Stage::<Rollcall>::sample().await;
    let frozen = stage.host.load(&component()).expect("this host runs it");
    stage.element.swap_component(&frozen, None).expect("nothing is pinned");
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_says_what_it_said() {
    let stage = stage().await;
    let kept: Value = serde_json::from_slice(&fs::read(path("rollcall-0.1.0.json")).unwrap()).unwrap();
    assert_eq!(described(&component(), &description(&stage.element).await), kept);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_component_still_works() {
    let stage = stage().await;
    assert!(stage.element.validate().await.unwrap().valid);
    stage.check().await;
    let added = stage.complete(&PLAIN).await.members.added;
    assert_eq!(added, 12);
    stage.control.promote("lisi", "总监");
    assert_eq!(stage.complete(&PLAIN).await.members.updated, 1);
    stage.assert_exact().await;
    let arrival = stage.arrive_from(&system_tests::sign_in::entering(BROWSER), "zhangsan").await;
    stage.exchange(&arrival).await.unwrap();
}

const BROWSER: organisation_host::contract::login::Entry = organisation_host::contract::login::Entry::Browser;

/// The component of then and that of today take turns on one storage, as two hosts do while one of them is being updated.
#[tokio::test(flavor = "multi_thread")]
async fn then_and_today_share_a_storage() {
    let stage = stage().await;
    stage.complete(&PLAIN).await;
    let copy = stage.copy().await;
    for turn in 0..4 {
        let component = if turn % 2 == 0 { stage.component.clone() } else { stage.host.load(&component()).unwrap() };
        stage.element.swap_component(&component, None).unwrap();
        assert_eq!(stage.copy().await, copy, "turn {turn}");
        assert_eq!(stage.complete(&PLAIN).await.members.unchanged, 12, "turn {turn}");
        stage.assert_exact().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "renews the files, while the contract may still change"]
async fn renew() {
    let stage = Stage::<Rollcall>::sample().await;
    let component = Rollcall::component();
    fs::create_dir_all(path("")).unwrap();
    fs::write(path("rollcall-0.1.0.wasm"), component).unwrap();
    let description = described(component, &description(&stage.element).await);
    fs::write(path("rollcall-0.1.0.json"), format!("{description:#}\n")).unwrap();
}
