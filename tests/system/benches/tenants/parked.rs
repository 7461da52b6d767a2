//! Memory of calls that wait for the vendor's first answer.

use std::{sync::Arc, time::Duration};

use host_harness::{
    Host, Limits, bundled_component,
    contract::login::{AuthorizationRequest, Entry, ExchangeRequest},
    storage::{MemoryStorage, Options, Storage},
};
use tokio::task::JoinSet;

use crate::{
    Outcome, line,
    sizes::Sizes,
    tenant::{NOWHERE, element},
    vendor::Silent,
};

/// Parks calls, each of a tenant of its own, and looks at the process.
pub async fn measure(sizes: &Sizes) -> Outcome<()> {
    let calls = sizes.parked;
    println!("{calls} calls parked in their first request");
    let host = Host::builder().parallel_calls(u32::try_from(calls)?).build()?;
    let component = host.load(bundled_component())?;
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(Options::default()));
    let silent = Arc::new(Silent::default());
    let mut requests = Vec::with_capacity(calls);
    for number in 0..calls {
        let hook = Arc::clone(&silent) as _;
        let element = element(&host, &component, &storage, format!("t{number}"), NOWHERE, Some(hook))?;
        let element = element.with_limits(Limits { wall_ms: 600_000, ..Limits::default() });
        let authorization = element.authorization_url(&AuthorizationRequest::new(Entry::Browser)).await?.value;
        let state = authorization.map_err(|error| error.message)?.state;
        requests.push((element, ExchangeRequest::new("code", state)));
    }
    let (before, mappings_before) = (resident()?, mappings()?);
    let mut running = JoinSet::new();
    for (element, request) in requests {
        running.spawn(async move { element.exchange_code(&request).await.map(drop) });
    }
    let load = loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let load = host.current_load();
        if silent.parked() + load.interactive_waiting >= calls {
            break load;
        }
        if let Some(ended) = running.try_join_next() {
            ended??;
            return Err("a call ended before it was let go".into());
        }
    };
    line(
        "calls that run, calls that wait for a place",
        &format!("{} / {}", load.interactive, load.interactive_waiting),
    );
    let each = resident()?.saturating_sub(before) as f64 / calls as f64 / 1024.0;
    line("resident memory of each", &format!("{each:.1} KiB"));
    line("kernel mappings", &(mappings()?.saturating_sub(mappings_before)).to_string());
    while !running.is_empty() {
        silent.release();
        tokio::select! {
            Some(ended) = running.join_next() => ended??,
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
        }
    }
    println!();
    Ok(())
}

/// Bytes of memory that this process has, where the system tells.
fn resident() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

fn mappings() -> Outcome<usize> {
    Ok(std::fs::read_to_string("/proc/self/maps")?.lines().count())
}
