//! The figures of a sync: the component in its host, on organisations of several sizes, and the same code native.
//!
//! ```text
//! cargo bench -p system-tests --bench sync                             # 10,000 and 100,000 members
//! cargo bench -p system-tests --bench sync -- 10000 100000 1000000     # these sizes; the last takes some 6 GB
//! cargo bench -p system-tests --bench sync -- --stores=memory,postgres # of memory, sqlite, postgres; the first two if left out
//! cargo bench -p system-tests --bench sync -- --strategies=export      # of walk and export; both if left out
//! cargo bench -p system-tests --bench sync -- --plot=FILE.svg          # draws how the first syncs grow with their members
//! cargo bench -p system-tests --bench sync -- --component=FILE         # another build of the component
//! ```
//!
//! Nothing here passes or fails: a figure beside its budget is for a person to judge. The simulator runs in a process of
//! its own, so CPU times are those of guest and host alone; it does share the processors, so wall times hold its work.
//! Waiting that the component asks for is waited for in earnest and reported apart.
#![allow(clippy::print_stdout, reason = "a table on standard output is what this program is for")]

mod cipher;
mod clock;
mod component;
mod ledger;
mod meter;
mod native;
mod plot;
mod size;
mod store;
mod table;
mod vendor;
mod web;

use std::{collections::BTreeMap, error::Error, path::Path, sync::Arc, time::Duration};

use bundled_component::bundled_component;
use organisation_host::{
    contract::directory::{Report, Strategy},
    storage::Storage,
};
use system_tests::apart;

use component::{Figures, Tenant, by};
use size::Size;
use store::Store;
use table::{bytes, heading, milliseconds, number, ratio, row};
use vendor::Vendor;
use web::Web;

/// Members above which component and native are compared once only: what takes long averages by itself.
const MANY: u64 = 20_000;
/// Turns of each below.
const TURNS: usize = 9;

type Failed = Box<dyn Error + Send + Sync>;
type Outcome<T> = Result<T, Failed>;

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [role, members, departments] = arguments.as_slice()
        && role == apart::ROLE
    {
        let size = Size { members: members.parse()?, departments: departments.parse()? };
        return runtime.block_on(vendor::serve(size));
    }
    // Cargo adds `--bench`.
    let mut sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000];
    }
    let stores = choice(&arguments, "--stores=", &store::ALL.map(|store| (store.name(), store)), 2)?;
    let strategies = choice(&arguments, "--strategies=", &[("walk", Strategy::Walk), ("export", Strategy::Export)], 2)?;
    let plot = arguments.iter().find_map(|argument| argument.strip_prefix("--plot="));
    let component = match arguments.iter().find_map(|argument| argument.strip_prefix("--component=")) {
        Some(file) => std::fs::read(file)?,
        None => bundled_component().to_vec(),
    };
    machine(&arguments, &component);
    let firsts = runtime.block_on(measure(&component, &sizes, &stores, &strategies))?;
    match plot {
        Some(file) => draw(file.as_ref(), &firsts),
        None => Ok(()),
    }
}

/// What of these names the command line chooses; the first few where it says nothing.
fn choice<T: Clone>(
    arguments: &[String],
    key: &str,
    of: &[(&'static str, T)],
    few: usize,
) -> Outcome<Vec<(&'static str, T)>> {
    let Some(chosen) = arguments.iter().find_map(|argument| argument.strip_prefix(key)) else {
        return Ok(of[..few].to_vec());
    };
    let find = |name| of.iter().find(|(one, _)| *one == name).cloned();
    chosen.split(',').map(|name| find(name).ok_or_else(|| format!("{key}{name}: no such choice").into())).collect()
}

fn machine(arguments: &[String], component: &[u8]) {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    // Where there is no such file the line says so instead of guessing.
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let given: Vec<&str> = arguments.iter().map(String::as_str).filter(|&argument| argument != "--bench").collect();
    println!("# Figures of a sync\n");
    println!("machine  {cores} cores, {}", model.map_or("model unknown", |(_, model)| model.trim()));
    println!("command  cargo bench -p system-tests --bench sync -- {}", given.join(" "));
    println!("build    {}", if cfg!(debug_assertions) { "debug: these figures mean nothing" } else { "optimised" });
    println!("guest    {} bytes", number(component.len()));
    println!("vendor   the simulator in a process of its own on the same processors, no latency");
}

/// The first syncs into memory, by strategy.
type Firsts = BTreeMap<&'static str, Vec<First>>;

/// What is compared across sizes.
struct First {
    size: Size,
    wall: Duration,
    guest: Duration,
    peak_memory: u64,
}

async fn measure(
    component: &[u8],
    sizes: &[usize],
    stores: &[(&str, Store)],
    strategies: &[(&'static str, Strategy)],
) -> Outcome<Firsts> {
    let web = Web::new();
    let mut firsts = Firsts::new();
    for (number, &members) in sizes.iter().enumerate() {
        let size = Size::of(members);
        let vendor = Vendor::start(size)?;
        if number == 0 {
            decryption(component, &vendor).await?;
        }
        for (way, strategy) in strategies {
            for &(name, store) in stores {
                let title = format!("{size}, {way}, {name}");
                let [first, again] = {
                    let tenant = Tenant::new(component, &vendor, store, Vec::new()).await?;
                    syncs(&title, &tenant, &vendor, &web, strategy).await?
                };
                if store == Store::Sqlite && *strategy == Strategy::Walk {
                    let tenant = Tenant::new(component, &vendor, store, Vec::new()).await?;
                    let took = tenant.give_up_a_plan(strategy).await?;
                    row("giving up a complete plan, one write", [milliseconds(took)]);
                }
                if store == Store::Memory {
                    native_beside(way, component, &vendor, &web, strategy, [&first, &again]).await?;
                    firsts.entry(way).or_default().push(First {
                        size,
                        wall: first.wall,
                        guest: first.guest,
                        peak_memory: first.peak_memory.max(again.peak_memory),
                    });
                }
            }
        }
    }
    growth(&firsts);
    Ok(firsts)
}

fn draw(file: &Path, firsts: &Firsts) -> Outcome<()> {
    let lines = firsts.iter().flat_map(|(way, firsts)| {
        let line = |what: &str, time: fn(&First) -> Duration| {
            let point = |one: &First| (one.size.members as f64, time(one).as_secs_f64());
            (format!("{way}, {what}"), firsts.iter().map(point).collect())
        };
        [line("wall", |one| one.wall), line("guest CPU", |one| one.guest)]
    });
    plot::draw(file, "A first sync, memory storage", &lines.collect::<Vec<_>>())
}

async fn decryption(component: &[u8], vendor: &Vendor) -> Outcome<()> {
    let measured = cipher::throughput(component, vendor).await?;
    let rate = |rate: f64| format!("{rate:.0} MB/s");
    heading("reading an exported file, 64 MiB", &["measured", "budget"]);
    row("guest: MD5, AES-256-CBC, search for rows", [rate(measured.guest), "≥ 100 MB/s".to_owned()]);
    row("native: the same", [rate(measured.native)]);
    row("  component / native, CPU", [ratio(measured.native / measured.guest)]);
    row("native: AES-256-CBC alone", [rate(measured.decryption)]);
    row("native: MD5 alone", [rate(measured.checksum)]);
    row("native: JSON alone", [rate(measured.json)]);
    Ok(())
}

/// A first sync, one that finds nothing changed, and one that finds one member changed.
async fn syncs(title: &str, tenant: &Tenant, vendor: &Vendor, web: &Web, strategy: &Strategy) -> Outcome<[Figures; 2]> {
    let first = tenant.sync(&by(strategy), false).await?;
    let again = tenant.sync(&by(strategy), true).await?;
    // Unlike any position that an earlier one was given.
    vendor.change_one(web, title).await?;
    let changed = tenant.sync(&by(strategy), true).await?;
    for figures in [&first, &again, &changed] {
        let refused = figures.account.refused;
        if refused > 0 || figures.report.strategy != *strategy {
            return Err(format!("{title}: {refused} writes refused, {:?}", figures.report).into());
        }
    }
    show(title, [&first, &again, &changed], strategy);
    Ok([first, again])
}

fn show(title: &str, figures: [&Figures; 3], strategy: &Strategy) {
    heading(title, &["first", "unchanged", "one changed", "budget"]);
    let line = |what: &str, cell: &dyn Fn(&Figures) -> String, budget: &str| {
        row(what, figures.iter().map(|figures| cell(figures)).chain([budget.to_owned()]));
    };
    line("wall, waiting left out", &|one| milliseconds(one.wall), "");
    line("  waiting asked for", &|one| milliseconds(one.waited), "");
    line("  longest call", &|one| milliseconds(one.longest_call), "");
    line("guest CPU", &|one| milliseconds(one.guest), "");
    line("host CPU", &|one| milliseconds(one.host), "");
    line("peak guest memory", &|one| bytes(one.peak_memory), "≤ 64 MiB");
    line("calls of sync", &|one| number(one.calls), "");
    let report = &figures[0].report;
    let allowed = match strategy {
        Strategy::Export => 20,
        _ => report.departments_total + 10,
    };
    line("vendor calls", &|one| number(one.report.vendor_calls), &format!("≤ {}", number(allowed)));
    line("downloads", &|one| number(one.downloads), "");
    line("bytes received", &|one| bytes(one.bytes_in), "");
    line("changes", &|one| number(changes(&one.report)), "–, 0, 1");
    line("records, indexes and feed entries written", &|one| number(copy_writes(one)), "–, 0, 2");
    line("  bytes", &|one| bytes(copy_bytes(one)), "–, 0, few KiB");
    line("bytes written in all", &|one| bytes(one.account.bytes()), "");
    line("  of them scratch", &|one| bytes(one.account.of("scratch").bytes), "");
    line("  of them the state of the run", &|one| bytes(one.account.of("run").bytes), "");
    line("most scratch at a time, for a member", &|one| scratch(one), "–, ≤ 64 B");
    line("writes", &|one| number(one.account.applies), "");
    line("  the longest", &|one| milliseconds(one.account.longest), "");
    line("  clearing the scratch at the end", &|one| milliseconds(one.account.clearing), "");
    line("storage afterwards", &|one| bytes(one.usage.bytes), "");
    line("  entries", &|one| number(one.usage.items), "");
}

fn changes(report: &Report) -> u64 {
    let (members, departments) = (&report.members, &report.departments);
    let come = members.added + members.updated + members.rejoined + departments.added + departments.updated;
    come + members.left_range + members.resigned + departments.removed
}

fn copy_writes(figures: &Figures) -> u64 {
    ["record", "index", "feed"].iter().map(|part| figures.account.of(part)).map(|one| one.puts + one.deletes).sum()
}

fn copy_bytes(figures: &Figures) -> u64 {
    ["record", "index", "feed", "head"].iter().map(|part| figures.account.of(part).bytes).sum()
}

fn scratch(figures: &Figures) -> String {
    let (peak, members) = (figures.account.scratch_peak, figures.report.members_total);
    if peak == 0 { "–".to_owned() } else { format!("{:.1} B", peak as f64 / members.max(1) as f64) }
}

/// Component and native in turn, each on new stores; the medians are compared, since single runs differ by a third on
/// shared processors. `figures` are those of the component's first turn.
async fn native_beside(
    way: &str,
    component: &[u8],
    vendor: &Vendor,
    web: &Web,
    strategy: &Strategy,
    figures: [&Figures; 2],
) -> Outcome<()> {
    let turns = if figures[0].report.members_total > MANY { 1 } else { TURNS };
    let mut guest = figures.map(|one| vec![one.guest]);
    let mut native = [Vec::new(), Vec::new()];
    for turn in 0..turns {
        if turn > 0 {
            let tenant = Tenant::new(component, vendor, Store::Memory, Vec::new()).await?;
            for times in &mut guest {
                times.push(tenant.sync(&by(strategy), true).await?.guest);
            }
        }
        let (storage, _) = Store::Memory.open().await?;
        for times in &mut native {
            let (cpu, members) = natively(vendor, web, strategy, &storage).await?;
            if members != figures[0].report.members_total {
                return Err("native and component do not come to the same".into());
            }
            times.push(cpu);
        }
    }
    let budget = if way == "walk" { "≤ 1.50" } else { "" };
    let title = format!("  CPU in the domain code, {way}, median of {turns}");
    heading(&title, &["native", "component", "ratio", "budget"]);
    for (name, (guest, native)) in ["  first", "  unchanged"].into_iter().zip(guest.into_iter().zip(native)) {
        let (guest, native) = (median(guest), median(native));
        let compared = ratio(guest.as_secs_f64() / native.as_secs_f64());
        row(name, [milliseconds(native), milliseconds(guest), compared, budget.to_owned()]);
    }
    Ok(())
}

/// One native sync: CPU in the domain code, and members at the end.
async fn natively(
    vendor: &Vendor,
    web: &Web,
    strategy: &Strategy,
    storage: &Arc<dyn Storage>,
) -> Outcome<(Duration, u64)> {
    let strategy = match strategy {
        Strategy::Export => organisation_kit::contract::directory::Strategy::Export,
        _ => organisation_kit::contract::directory::Strategy::Walk,
    };
    let (runtime, web, storage) = (tokio::runtime::Handle::current(), web.clone(), Arc::clone(storage));
    let document = vendor.document();
    let thread = std::thread::spawn(move || native::synchronise(runtime, &web, &storage, &document, strategy));
    let done = tokio::task::spawn_blocking(move || thread.join()).await?;
    let done = done.map_err(|_| "the native sync panicked")??;
    Ok((done.cpu, done.report.members_total))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// How the figures for one member change with the size of the organisation.
fn growth(firsts: &Firsts) {
    for (way, firsts) in firsts {
        for pair in firsts.windows(2) {
            let [small, large] = pair else { continue };
            let title = format!(
                "{way}, memory storage, {} against {} members",
                number(large.size.members),
                number(small.size.members)
            );
            heading(&title, &["ratio", "linear"]);
            let members = large.size.members as f64 / small.size.members as f64;
            let per_member =
                |large: Duration, small: Duration| ratio(large.as_secs_f64() / small.as_secs_f64() / members);
            row("first sync, wall for a member", [per_member(large.wall, small.wall), "1.00".to_owned()]);
            row("  guest CPU for a member", [per_member(large.guest, small.guest), "1.00".to_owned()]);
            let memory = ratio(large.peak_memory as f64 / small.peak_memory as f64);
            row("  peak guest memory in all", [memory, "1.00 is flat".to_owned()]);
        }
    }
}
