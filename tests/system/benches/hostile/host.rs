//! The process that is the host: both tenants, and what they got.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bundled_component::bundled_component;
use organisation_host::{
    Element, ElementOptions, Host,
    contract::login::{AuthorizationRequest, Entry},
    egress::{AllowList, OperatorList},
    settings::Document,
    storage::{MemoryStorage, Options, Storage},
};
use system_tests::sign_in::arrive;
use tokio::task::JoinSet;
use wecom_simulator::{Browser, Choice, Generator};

use crate::{
    DEPARTMENTS, MEMBERS, Outcome,
    attack::Attack,
    tenant::{element, quantiles},
};

/// The first argument of this process.
pub const ROLE: &str = "host";
/// The time between two sign-ins.
const PACE: Duration = Duration::from_millis(50);
/// A person does not wait longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Prints one line of the table.
pub async fn measure(arguments: &[String]) -> Outcome<()> {
    let [_, name, calls, seconds, vendor] = arguments else { return Err("attack, calls, seconds, vendor".into()) };
    let attack = Attack::named(name).ok_or_else(|| format!("{name}: no such attack"))?;
    let (calls, seconds): (usize, u64) = (calls.parse()?, seconds.parse()?);
    let authority = vendor.trim_start_matches("http://");
    let port = authority.rsplit(':').next().unwrap_or_default().parse()?;
    let host = Host::builder().build()?;
    let storage: Arc<dyn Storage> = Arc::new(MemoryStorage::new(Options::default()));
    let component = host.load(bundled_component())?;
    let other = element(&host, &component, &storage, "other".to_owned(), vendor, None)?;
    let component = host.load(&attack.component(port))?;
    let mut options = ElementOptions::new("hostile", "org", Document::parse("{}")?, Arc::clone(&storage));
    options.operator = OperatorList::only(AllowList::parse([authority])?);
    let hostile = host.element(&component, options)?;
    let corp = Generator::sized(1, MEMBERS, DEPARTMENTS).generate()?;
    let member = corp.members().next().ok_or("nobody is there")?.id.clone();
    for _ in 0..20 {
        sign_in(&other, &member).await?;
    }

    let (idle, most) = (resident()?, Arc::new(AtomicU64::new(0)));
    let watched = Arc::clone(&most);
    // On a thread of its own: the runtime is what is attacked.
    std::thread::spawn(move || {
        while let Ok(now) = resident() {
            watched.fetch_max(now, Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let cpu = cpu_time();
    let began = Instant::now();
    let mut attacks = JoinSet::new();
    for _ in 0..calls {
        let hostile = hostile.clone();
        attacks.spawn(async move {
            loop {
                // How it ends is its own affair, once it does what it is here for.
                match hostile.overview().reported().await {
                    Err(failed) if failed.error.site().function != "directory.overview" => return failed.to_string(),
                    _ => tokio::task::yield_now().await,
                }
            }
        });
    }
    // When people come does not depend on how the ones before them fare, nor on the runtime.
    let (come, mut coming) = tokio::sync::mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while began.elapsed() < Duration::from_secs(seconds) && come.send(Instant::now()).is_ok() {
            std::thread::sleep(PACE);
        }
    });
    let mut people = JoinSet::new();
    while let Some(came) = coming.recv().await {
        let (other, member) = (other.clone(), member.clone());
        people.spawn(async move {
            // Until the runtime has looked that somebody is there is a wait as well.
            let waited = came.elapsed();
            let signed_in = tokio::time::timeout(PATIENCE, sign_in(&other, &member)).await;
            signed_in.ok().and_then(Result::ok).map(|took| waited + took)
        });
    }
    let cpu = (cpu_time() - cpu).as_secs_f64();
    let all = people.join_all().await;
    let mut times: Vec<Duration> = all.iter().flatten().copied().collect();
    let refused = all.len() - times.len();
    let more = most.load(Ordering::Relaxed).saturating_sub(idle) >> 20;
    println!(
        "| {name} | {calls} | {} | {refused} of {} | +{more} MiB | {cpu:.1} s |",
        quantiles(&mut times),
        all.len()
    );
    match attacks.try_join_next() {
        Some(ended) => Err(format!("the attack did nothing: {}", ended?).into()),
        None => Ok(()),
    }
}

/// A sign-in through the vendor's page; how long the host's two parts of it took.
async fn sign_in(element: &Element, member: &str) -> Outcome<Duration> {
    let began = Instant::now();
    let url = element.authorization_url(&AuthorizationRequest::new(Entry::Browser)).await?.url;
    let took = began.elapsed();
    let arrival = arrive(&Browser::desktop(), &url, &Choice::Member(member.to_owned())).await?;
    let began = Instant::now();
    element.exchange_code(&arrival.request()).await?;
    Ok(took + began.elapsed())
}

/// Bytes that this process has in memory.
fn resident() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}
