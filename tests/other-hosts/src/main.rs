//! A trial of an organisation element under `wasi:http`, `wasi:keyvalue` and `wasi:config`, as wasmtime's own crates lend them: with
//! an adapter composed below it, against a simulated WeCom. What it finds stands in `docs/other-hosts.md`; it fails where that is
//! no longer so.
//!
//! `other-hosts ELEMENT PROBE CONFIGURATION MEMBER`: two components of the repository, the JSON document for the first one, and who
//! signs in.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

mod browser;
mod caller;
mod clock;
mod compose;
mod element;
mod kept;
mod lent;
mod platform;
mod probe;
mod requests;
mod stored;
mod vectors;
mod vendor;

use std::{env, fs};

use kept::Kept;
use platform::{Bucket, Instance, Platform};
use wasmtime::{Engine, Result, bail, ensure};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [element, probe, configuration, member] = &arguments[..] else {
        bail!("other-hosts ELEMENT PROBE CONFIGURATION MEMBER")
    };
    let (element, probe) = (fs::read(element)?, fs::read(probe)?);
    let configuration = fs::read_to_string(configuration)?;

    let engine = Engine::default();
    let mut element = Platform::of(&engine, &element, Bucket::Own)?;
    let asked = element.asked();
    ensure!(asked.iter().any(|name| name.starts_with("wasi:http/outgoing-handler@")), "{asked:?}");
    ensure!(asked.iter().all(|name| name.starts_with("wasi:") || name.ends_with("/types@0.1.0")), "{asked:?}");

    let hosts = described(&element, &configuration).await?;
    element.set("configuration", &configuration);
    element.set("hosts", &hosts);
    stored::nothing_is_kept(&element, member).await?;
    stored::one_instance(&element, member).await?;
    stored::kept(&element.with(Bucket::Kept(Kept::default())), member).await?;
    stored::two_people(&element, member).await?;

    let mut probe = Platform::of(&engine, &probe, Bucket::Own)?;
    vectors::played(&probe).await?;
    lent::judging(&probe).await?;
    probe.set("configuration", &configuration);
    probe.set("hosts", &hosts);
    lent::weaker(&probe, &configuration).await?;
    lent::two_writers(&probe).await?;
    requests::connections(&probe).await?;
    requests::addresses(probe, &hosts).await
}

/// `describe` and `validate-config` need nothing of the platform. Answers the hosts that the configuration names.
async fn described(element: &Platform, configuration: &str) -> Result<String> {
    let Instance { mut store, exports } = element.instance().await?;
    let description = exports.lowcode_organisation_element().call_describe(&mut store, "en").await?;
    let Instance { mut store, exports } = element.instance().await?;
    let validation = exports.lowcode_organisation_element().call_validate_config(&mut store, configuration).await?;
    ensure!(validation.valid, "{:?}", validation.problems);
    let hosts = validation.destinations.iter().map(|to| format!("{}://{}:{}", to.scheme, to.host, to.port));
    println!("describe: {} {}; the configuration is valid", description.id, description.version);
    Ok(hosts.collect::<Vec<_>>().join(" "))
}
