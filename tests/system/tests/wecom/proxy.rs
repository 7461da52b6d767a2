//! A proxy that the configuration names and the operator admits: WeCom is reached through it, and what fails on its side
//! is told as the proxy's.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use organisation_host::{
    Element,
    contract::{
        element::{Aspect, Status, Verdict},
        types::Error,
    },
    reason_name,
};
use serde_json::json;
use system_tests::{Stage, sync::PLAIN};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use wecom_simulator::DEMO_AGENT_ID;

/// A name that nothing on this machine resolves: only the proxy knows where it leads.
const VENDOR: &str = "http://wecom.nowhere.test:8080";
const PASSWORD: &str = "pr0xy-passw0rd";
/// `me` and the password.
const CREDENTIALS: &str = "proxy-authorization: Basic bWU6cHIweHktcGFzc3cwcmQ=\r\n";

struct Proxy {
    address: String,
    connections: Arc<AtomicUsize>,
}

/// A proxy that passes on to the simulator whatever comes with the right credentials.
async fn proxy(stage: &Stage) -> Proxy {
    let document: serde_json::Value = serde_json::from_str(&stage.document(&json!({}))).unwrap();
    let simulator = document["apiBaseUrl"].as_str().unwrap().trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy { address: listener.local_addr().unwrap().to_string(), connections: Arc::default() };
    let connections = Arc::clone(&proxy.connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            let simulator = simulator.clone();
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { return };
                    head.push(byte);
                }
                if !String::from_utf8_lossy(&head).contains(CREDENTIALS) {
                    let _ = stream.write_all(b"HTTP/1.1 407 No\r\ncontent-length: 0\r\n\r\n").await;
                    return;
                }
                let mut onward = TcpStream::connect(simulator).await.unwrap();
                onward.write_all(&head).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut onward).await;
            });
        }
    });
    proxy
}

/// The stage's element behind a proxy, where the operator admits `admitted`.
fn behind(stage: &Stage, proxy: &Proxy, password: &str, admitted: &[&str]) -> Element {
    let config = json!({
        "apiBaseUrl": VENDOR,
        "proxy": format!("http://{}", proxy.address),
        "proxyUsername": "me",
        "proxyPassword": password,
    });
    stage.admitting(admitted, &config)
}

fn verdict(verdicts: &[Verdict], aspect: &Aspect) -> Verdict {
    verdicts.iter().find(|verdict| verdict.aspect == *aspect).unwrap().clone()
}

#[tokio::test]
async fn wecom_is_reached_through_the_proxy_and_trusts_its_address() {
    let stage = Stage::demo().await;
    let proxy = proxy(&stage).await;
    let element = behind(&stage, &proxy, PASSWORD, &[VENDOR, &proxy.address]);
    stage.sync_of(&element, &PLAIN).await.unwrap();
    assert_eq!(stage.copy_of(&element).await.members.len(), 22);
    assert!(proxy.connections.load(Ordering::SeqCst) > 0, "it went through the proxy: nothing else knows the name");

    let verdicts = stage.heard(element.check_connection()).await.unwrap();
    let found = verdict(&verdicts, &Aspect::TrustedIp);
    assert!(found.status == Status::Ok && found.message.contains(&proxy.address), "{found:?}");
    stage.control.change(|corp| corp.trust_only(DEMO_AGENT_ID, &["203.0.113.7"])).unwrap();
    let verdicts = stage.heard(element.check_connection()).await.unwrap();
    let found = verdict(&verdicts, &Aspect::TrustedIp);
    assert!(found.code == "address-not-trusted" && found.message.contains("of the proxy"), "{found:?}");
    stage.note(&verdicts);
    stage.assert_discreet(&[PASSWORD, "bWU6cHIweHktcGFzc3cwcmQ="]);
}

#[tokio::test]
async fn what_the_proxy_refuses_is_told_as_the_proxys() {
    let stage = Stage::demo().await;
    let proxy = proxy(&stage).await;
    let here = proxy.address.clone();
    let gone = Proxy { address: "127.0.0.1:1".to_owned(), connections: Arc::default() };
    let refused = async |element: Element| -> Error { stage.heard(element.sync_member("lisi")).await.unwrap_err() };
    for (name, element, reason, hint) in [
        (
            "not admitted by the operator",
            behind(&stage, &proxy, PASSWORD, &[VENDOR]),
            "not-permitted",
            format!("--allow-host {here}"),
        ),
        (
            "other credentials",
            behind(&stage, &proxy, "an0ther-passw0rd", &[VENDOR, &here]),
            "not-permitted",
            "proxyPassword".to_owned(),
        ),
        (
            "not there",
            behind(&stage, &gone, PASSWORD, &[VENDOR, "127.0.0.1:1"]),
            "unavailable",
            "check proxy".to_owned(),
        ),
    ] {
        let error = refused(element).await;
        assert_eq!(reason_name(&error.reason), reason, "{name}: {error:?}");
        assert!(error.hint.as_ref().is_some_and(|found| found.contains(&hint)), "{name}: {error:?}");
        assert!(error.message.contains("proxy"), "{name}: {error:?}");
    }
    assert_eq!(stage.vendor_calls(), 0);
    stage.assert_discreet(&[PASSWORD, "an0ther-passw0rd"]);
}
