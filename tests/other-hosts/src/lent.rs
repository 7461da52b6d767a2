//! What the adapter lends, and the contract does not want like this.

use serde_json::{Value, json};
use wasmtime::{Result, bail, ensure, error::Context as _};

use crate::{
    kept::Kept,
    platform::{Bucket, Instance, Platform},
    probe,
};

/// While an element judges its configuration it is lent nothing but `call` and `log`, says the contract. Which export runs the
/// adapter below it does not know: a platform that gives it no variables yet takes settings and destinations away, but not the store.
pub(crate) async fn judging(probe: &Platform) -> Result<()> {
    let ask = json!({ "ask": ["settings.get", "http.send", "storage.get-many"] }).to_string();
    let Instance { mut store, exports } = probe.instance().await?;
    let validation = exports.lowcode_organisation_element().call_validate_config(&mut store, &ask).await?;
    let answers: Vec<&str> = validation.summary.iter().map(|setting| setting.value.as_str()).collect();
    let [settings, http, storage] = answers[..] else { bail!("{answers:?}") };
    ensure!(settings == r#""""# && http.starts_with(r#"{"denied":"#), "{answers:?}");
    ensure!(storage == r#"{"ok":[null]}"#, "the store is not lent: {answers:?}");
    println!("weaker: validate-config is lent the store");
    Ok(())
}

/// Secrets, limits and values.
pub(crate) async fn weaker(probe: &Platform, configuration: &str) -> Result<()> {
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
    println!(
        "weaker: the secret is seen, 256 MiB are had, a sealed value is in clear, one value has {} bytes",
        bucket.largest()
    );
    Ok(())
}

/// Two writers that check the same key, at once: each checks before the other has written.
pub(crate) async fn two_writers(probe: &Platform) -> Result<()> {
    let absent = json!({ "check": { "key": "lease", "expected": "absent" } });
    let [first, second] = ["first", "second"]
        .map(|who| json!({ "ops": [absent, probe::put("lease", who, false), probe::put(who, "", false)] }));
    for (name, bucket) in [("own", Bucket::Own), ("kept", Bucket::Kept(Kept::default().together(2)))] {
        let probe = probe.with(bucket.clone());
        let (one, other) =
            tokio::join!(probe::asked(&probe, "storage.apply", &first), probe::asked(&probe, "storage.apply", &second));
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
