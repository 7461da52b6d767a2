//! The platform of `examples/embedder`, built as an embedder builds it and run against a simulated WeCom.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use bundled_component::bundled_component;
use serde_json::json;
use wecom_simulator::{Browser, Choice, DEMO_AGENT_ID, DEMO_CORP_ID, DEMO_SECRET, Setup, Simulator, demo};

/// Ends a program with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Builds the example in the target directory of this workspace, with which it shares most of what it needs.
fn build() -> PathBuf {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/embedder");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder in the target directory");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(example).args(["build", "--locked", "--target-dir"]).arg(target);
    assert!(cargo.status().expect("cargo runs").success());
    target.join("debug/embedder")
}

/// What an address of the platform answers a browser that holds a cookie.
fn ask(address: &str, cookie: &str) -> String {
    let (host, path) = address.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address");
    let mut stream = TcpStream::connect(host).expect("it listens");
    write!(stream, "GET /{path} HTTP/1.0\r\nhost: {host}\r\ncookie: {cookie}\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    answer
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "builds wasmtime once more, as an embedder has it, which takes minutes; .ci/run runs it"]
async fn a_member_signs_in_at_a_platform_that_embeds_the_library() {
    let program = tokio::task::spawn_blocking(build).await.expect("it builds");
    let simulator = Simulator::start(Setup::new(demo())).await.expect("a port on loopback is free");
    let base = simulator.base_url();
    let folder = tempfile::tempdir().expect("a folder");
    let (component, element) = (folder.path().join("component.wasm"), folder.path().join("org"));
    let configuration = json!({
        "corpId": DEMO_CORP_ID, "agentId": DEMO_AGENT_ID, "secret": DEMO_SECRET,
        "redirectUri": "https://app.example.com/callback",
        "apiBaseUrl": base, "loginBaseUrl": base, "oauthBaseUrl": base,
    });
    fs::write(&component, bundled_component()).expect("it is written");
    fs::create_dir(&element).expect("it is made");
    fs::write(element.join("e.json"), r#"{"type":"corps.QywxInnerType","title":"组织"}"#).expect("it is written");
    fs::write(element.join("org.json"), configuration.to_string()).expect("it is written");

    let mut command = Command::new(program);
    command.args([&component, &element]).args(["127.0.0.1:0", &simulator.address().to_string()]);
    let mut running = Running(command.stdout(Stdio::piped()).spawn().expect("it starts"));
    let mut address = String::new();
    let output = running.0.stdout.take().expect("it is piped");
    BufReader::new(output).read_line(&mut address).expect("it says where it is");
    let address = address.trim();

    let browser = Browser::desktop();
    // Of two browsers that begin, each has its own cookie.
    let mut begun = Vec::new();
    for _ in 0..2 {
        let page = browser.get(address).await.expect("it answers");
        let sign_in = page.header("location").unwrap_or_else(|| panic!("{page:?}")).to_owned();
        let cookie = page.header("set-cookie").unwrap_or_else(|| panic!("{page:?}"));
        let (cookie, attributes) = cookie.split_once("; ").expect("it has attributes");
        assert!(cookie.starts_with("__Host-"), "{cookie}");
        assert_eq!(attributes, "Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
        begun.push((sign_in, cookie.to_owned()));
    }
    let [(sign_in, own), (_, foreign)] = &begun[..] else { unreachable!("two have begun") };
    let back = browser.sign_in(sign_in, &Choice::Member("lisi".to_owned())).await.expect("the member gets in");
    let back = back.replace("https://app.example.com/", address);
    for (cookie, status) in [("another=one", 403), (foreign, 502), (own, 200)] {
        let answer = ask(&back, &format!("before=x; {cookie}; after=y"));
        assert!(answer.starts_with(&format!("HTTP/1.0 {status}")), "{cookie}: {answer}");
        assert_eq!(answer.contains("lisi"), status == 200, "{cookie}: {answer}");
    }
}
