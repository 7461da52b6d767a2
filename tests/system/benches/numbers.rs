//! The figures of the product, measured on the real component in the real host against the simulator on loopback.
//!
//! ```text
//! cargo bench -p system-tests                       # 10,000 members in 500 departments
//! cargo bench -p system-tests -- 100000 5000        # another size
//! ```
//!
//! Nothing here passes or fails: a figure beside its budget is for a person to judge. Simulator and host share the
//! processors, so wall times of syncs hold the simulator's work as well; the guest's own share is the column beside.
#![allow(clippy::print_stdout, reason = "a table on standard output is what this program is for")]

use std::{
    error::Error,
    time::{Duration, Instant},
};

use bundled_component::bundled_component;
use organisation_host::{
    CallReport, Host, HostBuilder,
    contract::{directory::SyncStep, login::Entry},
    settings::Document,
    storage::{MemoryStorage, Options},
};
use system_tests::{
    Setting, Stage,
    sign_in::{Arrival, entering},
    stage::Store,
    sync::PLAIN,
};
use wecom_simulator::{CodeRequest, DEMO_AGENT_ID, DEMO_DOMAIN, Generator, Visitor};

/// Calls behind a median.
const ROUNDS: usize = 500;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    // Cargo adds `--bench`; what remains are the sizes.
    let sizes: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let members = sizes.first().copied().unwrap_or(10_000);
    let departments = sizes.get(1).copied().unwrap_or(500);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        machine(members, departments);
        component()?;
        calls().await?;
        sign_in().await?;
        for store in [Store::Memory, Store::Sqlite] {
            sync(store, members, departments).await?;
        }
        Ok(())
    })
}

fn machine(members: usize, departments: usize) {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    // Where there is no such file the line says so instead of guessing.
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    println!("# Figures\n");
    println!("machine  {cores} cores, {}", model.map_or("model unknown", |(_, model)| model.trim()));
    println!("command  cargo bench -p system-tests -- {members} {departments}");
    println!("build    {}\n", if cfg!(debug_assertions) { "debug: these figures mean nothing" } else { "release" });
    println!("{:<58} {:>14} {:>16}", "what", "measured", "budget");
}

fn line(what: &str, measured: &str, budget: &str) {
    println!("{what:<58} {measured:>14} {budget:>16}");
}

/// The file, and how long it takes until it can be called.
fn component() -> Outcome<()> {
    let bytes = bundled_component();
    line("component file", &format!("{:.0} KB", bytes.len() as f64 / 1000.0), "≤ 1,400 KB");
    let host = Host::builder().build()?;
    line("load, compiling", &milliseconds(&timed(|| host.load(bytes))?.1), "");
    let folder = tempfile::tempdir()?;
    let cache = folder.path().join("code");
    Host::builder().code_cache(&cache).build()?.load(bytes)?;
    let host = Host::builder().code_cache(&cache).build()?;
    let mut loads = Vec::new();
    for _ in 0..20 {
        loads.push(timed(|| host.load(bytes))?.1);
    }
    line("load of cached compiled code, median", &milliseconds(&median(&mut loads)), "≤ 0.5 ms");
    Ok(())
}

/// What a call costs that does next to nothing: `validate-config` of an empty text, which the component refuses at once
/// and answers with one problem. And `describe`, which hands over some forty texts.
async fn calls() -> Outcome<()> {
    // More than fit into any address space are allocated on demand.
    for parallel_calls in [HostBuilder::PARALLEL_CALLS, 10_000_000] {
        let host = Host::builder().parallel_calls(parallel_calls).build()?;
        let component = host.load(bundled_component())?;
        let storage = std::sync::Arc::new(MemoryStorage::new(Options::default()));
        let options = organisation_host::ElementOptions::new("acme", "organisation", Document::parse("{}")?, storage);
        let element = host.element(&component, options)?;
        let how = if host.is_pooled() { "pooled" } else { "on demand" };
        let (mut walls, mut instantiations, mut guest) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS * 4 {
            let started = Instant::now();
            let report = element.validate_config("").reported().await?.report;
            walls.push(started.elapsed());
            instantiations.push(Duration::from_micros(report.instantiate_us));
            guest.push(Duration::from_micros(report.guest_cpu_us));
        }
        let budget = if host.is_pooled() { "≤ 20 µs" } else { "" };
        let what = format!("fresh store + instantiate + validate-config of \"\", {how}");
        line(&what, &microseconds(&median(&mut walls)), budget);
        line("  of these instantiate, median", &microseconds(&median(&mut instantiations)), "");
        line("  guest CPU, median", &microseconds(&median(&mut guest)), "");
        let mut walls = Vec::new();
        for _ in 0..ROUNDS * 4 {
            let started = Instant::now();
            drop(element.describe("en").reported().await?);
            walls.push(started.elapsed());
        }
        line(&format!("the same with describe, {how}, median"), &microseconds(&median(&mut walls)), "");
    }
    Ok(())
}

/// `exchange-code` of a member whom the directory knows.
async fn sign_in() -> Outcome<()> {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    let (mut walls, mut beyond, mut guest) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let state = stage.authorization(&entering(Entry::Browser)).await.state;
        let code = stage.control.issue_code(CodeRequest {
            visitor: Visitor::Member("lisi".to_owned()),
            app: Some(DEMO_AGENT_ID),
            redirect_host: DEMO_DOMAIN.to_owned(),
            consent: None,
        });
        let arrival = Arrival { code: code.reveal().to_owned(), state };
        let (exchange, report) = stage.reported(stage.element.exchange_code(&arrival.request()).reported().await);
        exchange.map_err(|error| error.message)?;
        let http: u64 = report.http.exchanges.iter().map(|exchange| exchange.duration_us).sum();
        walls.push(Duration::from_micros(report.wall_us));
        beyond.push(Duration::from_micros(report.wall_us.saturating_sub(http)));
        guest.push(Duration::from_micros(report.guest_cpu_us));
    }
    line("exchange-code, wall, median", &milliseconds(&median(&mut walls)), "");
    line("  beyond HTTP, median", &milliseconds(&median(&mut beyond)), "≤ 0.15 ms");
    line("  guest CPU, median", &milliseconds(&median(&mut guest)), "");
    Ok(())
}

/// What the calls of one sync add up to.
#[derive(Default)]
struct Total {
    calls: u64,
    wall: Duration,
    guest: Duration,
    peak_memory: u64,
}

impl Total {
    fn add(&mut self, report: &CallReport) {
        self.calls += 1;
        self.wall += Duration::from_micros(report.wall_us);
        self.guest += Duration::from_micros(report.guest_cpu_us);
        self.peak_memory = self.peak_memory.max(report.peak_memory_bytes);
    }
}

/// A first sync, and one that finds nothing changed.
async fn sync(store: Store, members: usize, departments: usize) -> Outcome<()> {
    let corp = Generator::sized(1, members, departments).generate()?;
    let stage = Setting::new(corp).store(store).start().await;
    println!("\n{members} members in {departments} departments, {store:?} storage, no latency");
    for name in ["first sync", "unchanged sync"] {
        let mut total = Total::default();
        let done = loop {
            let called = PLAIN.call(&stage.element).await?;
            total.add(&called.report);
            match called.value.map_err(|error| error.message)? {
                SyncStep::More(_) => {}
                SyncStep::Wait(waiting) => stage.advance_to(waiting.not_before),
                SyncStep::Complete(report) => break report,
                other => return Err(format!("the sync did not complete: {other:?}").into()),
            }
        };
        let allowed = format!("≤ {}", done.departments_total + 10);
        line(&format!("{name}, wall"), &milliseconds(&total.wall), "");
        line("  guest CPU", &milliseconds(&total.guest), "");
        line("  peak guest memory", &megabytes(total.peak_memory), "≤ 16 MiB");
        line("  calls of sync", &total.calls.to_string(), "");
        line("  vendor calls", &done.vendor_calls.to_string(), &allowed);
        let changes = done.members.added + done.members.updated + done.departments.added + done.departments.updated;
        line("  changes written", &changes.to_string(), if name == "first sync" { "" } else { "0" });
        let usage = stage.usage().await;
        line("  storage", &megabytes(usage.bytes), "");
        line("  entries", &usage.items.to_string(), "");
    }
    Ok(())
}

fn timed<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Duration), E> {
    let started = Instant::now();
    Ok((work()?, started.elapsed()))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn microseconds(time: &Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

fn milliseconds(time: &Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}
