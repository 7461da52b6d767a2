//! The trial of `tests/other-hosts`: an adapter below the real component, on what wasmtime's own crates lend of WASI, against a
//! simulated WeCom.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use bundled_component::bundled_component;
use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, Setup, Simulator, demo};

/// Builds the trial in the target directory of this workspace.
fn build() -> PathBuf {
    let trial = Path::new(env!("CARGO_MANIFEST_DIR")).join("../other-hosts");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder in the target directory");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(trial).args(["build", "--locked", "--target-dir"]).arg(target);
    assert!(cargo.status().expect("cargo runs").success());
    target.join("debug/other-hosts")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds wasmtime once more, with the crates of its own that lend WASI, which takes minutes"]
async fn what_is_said_of_wasi_http_and_wasi_keyvalue_holds() {
    let program = tokio::task::spawn_blocking(build).await.expect("it builds");
    let simulator = Simulator::start(Setup::new(demo())).await.expect("a port on loopback is free");
    let base = simulator.base_url();
    let folder = tempfile::tempdir().expect("a folder");
    let [element, probe, document] = ["element.wasm", "probe.wasm", "org.json"].map(|name| folder.path().join(name));
    let configuration = json!({
        "corpId": DEMO_CORP_ID, "agentId": DEMO_AGENT_ID, "secret": DEMO_SECRET,
        "redirectUri": "https://app.example.com/callback",
        "apiBaseUrl": base, "loginBaseUrl": base, "oauthBaseUrl": base,
    });
    fs::write(&element, bundled_component()).expect("it is written");
    fs::write(&probe, probe_element::component()).expect("it is written");
    fs::write(&document, configuration.to_string()).expect("it is written");

    let mut command = Command::new(program);
    command.args([&element, &probe, &document]).arg("lisi");
    let status = tokio::task::spawn_blocking(move || command.status()).await.expect("it runs");
    assert!(status.expect("it starts").success());
}
