//! A trial of an organisation element under `wasi:http`, `wasi:keyvalue` and `wasi:config`, as wasmtime's own crates lend them: with
//! an adapter composed below it, against a simulated WeCom. What it finds stands in `docs/other-hosts.md`; it fails where that is
//! no longer so.
//!
//! `other-hosts ELEMENT PROBE CONFIGURATION`: two components of the repository, and the JSON document for the first one.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

mod browser;
mod caller;
mod compose;
mod element;
mod kept;
mod platform;
mod probe;

use std::{collections::BTreeMap, env, fs};

use caller::{Caller, Life};
use element::{directory, login, types};
use kept::Kept;
use platform::{Bucket, Instance, Platform};
use serde_json::{Value, json};
use wasmtime::{Engine, Result, bail, ensure, error::Context as _};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [element, probe, configuration] = &arguments[..] else { bail!("other-hosts ELEMENT PROBE CONFIGURATION") };
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
    nothing_is_kept(&element).await?;
    one_instance(&element).await?;
    kept(&element.with(Bucket::Kept(Kept::default()))).await?;

    let mut probe = Platform::of(&engine, &probe, Bucket::Own)?;
    probe.set("configuration", &configuration);
    probe.set("hosts", &hosts);
    weaker(&probe, &configuration).await?;
    two_writers(&probe).await?;
    addresses(probe, &hosts).await
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

/// wasmtime's own bucket, and an instance for each call as the contract wants it: what a call wrote no other call sees.
async fn nothing_is_kept(element: &Platform) -> Result<()> {
    let mut caller = Caller::new(element, Life::Call);
    match caller.sign_in("lisi").await? {
        Err(types::Error { reason: types::Reason::LoginRejected, .. }) => {}
        answer => bail!("a sign-in: {answer:?}"),
    }
    match caller.sync().await? {
        Err(types::Error { reason: types::Reason::NotFound, .. }) => {}
        answer => bail!("a sync: {answer:?}"),
    }
    println!("own bucket, an instance for each call: sign-in is login-rejected, the run of a sync is not-found");
    Ok(())
}

/// The same bucket in one instance for all calls, which the contract forbids.
async fn one_instance(element: &Platform) -> Result<()> {
    let mut caller = Caller::new(element, Life::Trial);
    works(&mut caller, "own bucket, one instance").await?;
    let mut caller = Caller::new(element, Life::Call);
    ensure!(caller.copied().await? == (0, 0), "the next instance knows of it");
    println!("own bucket: the next instance has an empty copy");
    Ok(())
}

/// A bucket that outlives instances, and an instance for each call.
async fn kept(element: &Platform) -> Result<()> {
    let mut caller = Caller::new(element, Life::Call);
    works(&mut caller, "kept bucket, an instance for each call").await?;
    ensure!(caller.copied().await?.0 > 0, "the copy is gone");
    Ok(())
}

/// A first sync, an unchanged one and a sign-in.
async fn works(caller: &mut Caller, how: &str) -> Result<()> {
    let mut synced = Vec::new();
    for what in ["first sync", "unchanged sync"] {
        match caller.sync().await? {
            Ok((report, calls)) => {
                ensure!(report.outcome == directory::RunOutcome::Complete, "{report:?}");
                println!("{how}: {what} of {} members in {calls} calls: {}", report.members_total, figures(&caller.asked().await?));
                synced.push(report);
            }
            Err(error) => bail!("{what}: {error:?}"),
        }
    }
    ensure!(synced[0].members.added > 0 && synced[1].members.added == 0, "{synced:?}");
    ensure!(synced[1].members.unchanged == synced[0].members.added, "{synced:?}");
    match caller.sign_in("lisi").await? {
        Ok(login::Exchange { outcome: login::Outcome::Member(identity), .. }) => {
            ensure!(identity.id == "lisi" && identity.in_directory, "{identity:?}");
        }
        answer => bail!("a sign-in: {answer:?}"),
    }
    println!("{how}: sign-in: {}", figures(&caller.asked().await?));
    Ok(())
}

/// What the adapter lends, and the contract does not want like this.
async fn weaker(probe: &Platform, configuration: &str) -> Result<()> {
    let document: Value = serde_json::from_str(configuration)?;
    let secret = document["secret"].as_str().context("a secret")?;
    let seen = probe::asked(probe, "settings.get", &json!({})).await?;
    ensure!(seen.as_str().is_some_and(|seen| seen.contains(secret)), "the element does not see the secret");

    let left = probe::asked(probe, "call.remaining", &json!({})).await?;
    for unmeasured in ["cpu_ms", "memory", "host_calls"] {
        ensure!(left[unmeasured] == u64::MAX, "{unmeasured} is measured: {left}");
    }
    // Twice what is usual.
    let had = probe::asked(probe, "work.allocate", &json!({ "n": 256 << 20 })).await?;
    ensure!(had == 256 << 20, "memory is bounded: {had}");

    let bucket = Kept::default();
    let keeping = probe.with(Bucket::Kept(bucket.clone()));
    let sealed = json!({ "ops": [probe::put("token", "to be sealed", true)] });
    ensure!(probe::asked(&keeping, "storage.apply", &sealed).await? == json!({ "ok": { "applied": [1] } }), "sealed");
    ensure!(bucket.text().contains("to be sealed"), "it is sealed");
    let large = "x".repeat(256 << 10);
    for number in 0..80 {
        let ops = json!({ "ops": [probe::put(&format!("large/{number:02}"), &large, false)] });
        let answer = probe::asked(&keeping, "storage.apply", &ops).await?;
        ensure!(answer["ok"]["applied"].is_array(), "a quota: {answer}");
    }
    println!("weaker: the secret is seen, 256 MiB are had, a sealed value is in clear, one value has {} bytes", bucket.largest());
    Ok(())
}

/// Two writers that check the same key, at once: each checks before the other has written.
async fn two_writers(probe: &Platform) -> Result<()> {
    let absent = json!({ "check": { "key": "lease", "expected": "absent" } });
    let [first, second] = ["first", "second"].map(|who| json!({ "ops": [absent, probe::put("lease", who, false), probe::put(who, "", false)] }));
    for (name, bucket) in [("own", Bucket::Own), ("kept", Bucket::Kept(Kept::default().together(2)))] {
        let probe = probe.with(bucket.clone());
        let (one, other) = tokio::join!(
            probe::asked(&probe, "storage.apply", &first),
            probe::asked(&probe, "storage.apply", &second)
        );
        for answer in [one?, other?] {
            ensure!(answer["ok"]["applied"].is_array(), "{name} bucket: one loses: {answer}");
        }
        let page = probe::asked(&probe, "storage.scan-keys", &json!({ "prefix": "", "limit": 10 })).await?;
        let keys = page["ok"]["keys"].as_array().map_or(0, Vec::len);
        ensure!(keys == if name == "own" { 0 } else { 2 }, "{name} bucket: {page}");
        println!("two writers, {name} bucket: both hold the lease, and of 3 keys written {keys} are left");
    }
    Ok(())
}

/// Where requests go.
async fn addresses(mut probe: Platform, hosts: &str) -> Result<()> {
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

fn figures(asked: &BTreeMap<String, u64>) -> String {
    asked.iter().map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}
