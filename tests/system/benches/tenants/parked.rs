//! Memory of calls that wait for the vendor's first answer.

use std::{sync::Arc, time::Duration};

use bundled_component::bundled_component;
use organisation_host::{
    Host, Limits,
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
        let element = element.with_limits(Limits::default().wall_ms(600_000));
        let state = element.authorization_url(&AuthorizationRequest::new(Entry::Browser)).await?.state;
        requests.push((element, ExchangeRequest::new("code", state)));
    }
    let before = Memory::now()?;
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
    let now = Memory::now()?;
    let each = |bytes: fn(&Memory) -> u64| {
        format!("{:.1} KiB", bytes(&now).saturating_sub(bytes(&before)) as f64 / calls as f64 / 1024.0)
    };
    line("memory of each", &each(|memory| memory.own));
    line("  with the component's constants counted in each (RSS)", &each(|memory| memory.resident));
    line("  and the kernel's page tables of each", &each(|memory| memory.page_tables));
    line("kernel mappings", &now.mappings.saturating_sub(before.mappings).to_string());
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

/// What this process has of the machine's memory, in bytes, where the system tells.
struct Memory {
    /// A page counts once, however often it is mapped: all instances of a component map one copy of its constants.
    own: u64,
    /// A page counts as often as it is mapped.
    resident: u64,
    page_tables: u64,
    /// Their number.
    mappings: usize,
}

impl Memory {
    fn now() -> Outcome<Self> {
        let status = std::fs::read_to_string("/proc/self/status")?;
        Ok(Self {
            own: bytes(&std::fs::read_to_string("/proc/self/smaps_rollup")?, "Pss:")?,
            resident: bytes(&status, "VmRSS:")?,
            page_tables: bytes(&status, "VmPTE:")?,
            mappings: std::fs::read_to_string("/proc/self/maps")?.lines().count(),
        })
    }
}

fn bytes(table: &str, name: &str) -> Outcome<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name)).ok_or_else(|| format!("no {name}"))?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}
