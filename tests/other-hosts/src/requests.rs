//! Requests of `http`: over which connections, and where to.

use serde_json::json;
use wasmtime::{Result, ensure, error::Context as _};

use crate::{platform::Platform, probe, vendor::Vendor};

/// Connections: how many there are, and one on which nobody speaks.
pub(crate) async fn connections(probe: &Platform) -> Result<()> {
    let vendor = Vendor::start()?;
    let mut probe = probe.clone();
    probe.set("hosts", &format!("http://{0} https://{0}", vendor.address()));
    let request = json!({ "method": "GET", "url": format!("http://{}/", vendor.address()) });
    let answers = probe::asked(&probe, "http.send-all", &json!({ "requests": vec![request; 8] })).await?;
    let answers = answers.as_array().context("a list")?;
    ensure!(answers.len() == 8 && answers.iter().all(|answer| answer["ok"]["body"]["text"] == "ok"), "{answers:?}");
    ensure!(vendor.connections() == 8, "connections are kept: {}", vendor.connections());

    let silent = probe::got(&probe, &format!("https://{}/", vendor.address())).await?;
    ensure!(silent["error"]["failure"] == "timeout", "{silent}");
    println!(
        "connections: 8 for 8 requests to one host; the adapter's own clock ends a TLS handshake that nobody answers"
    );
    Ok(())
}

/// Where requests go.
pub(crate) async fn addresses(mut probe: Platform, hosts: &str) -> Result<()> {
    let base = hosts.split(' ').next().context("a host")?;
    let denied = probe::got(&probe, "http://127.0.0.1:9/").await?;
    ensure!(denied["error"]["failure"]["denied"].is_string(), "{denied}");
    let redirected = probe::got(&probe, &format!("{base}/")).await?;
    ensure!(redirected["ok"]["status"] == 303, "it is followed: {redirected}");

    // A name that leads to this machine itself: nothing but its spelling was admitted.
    let inside = base.replace("127.0.0.1", "localhost");
    probe.set("hosts", &format!("{inside} http://nowhere.invalid"));
    let reached = probe::got(&probe, &format!("{inside}/")).await?;
    ensure!(reached["ok"]["status"].is_number(), "{reached}");
    let unknown = probe::got(&probe, "http://nowhere.invalid/").await?;
    ensure!(unknown["error"]["failure"] == "dns", "{unknown}");
    println!("addresses: nothing but the spelling of a name is looked at; redirects come back");
    Ok(())
}
