//! The component in its host, synchronising, with everything that this takes.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use organisation_host::{
    CallReport, Element, ElementOptions, Host,
    contract::directory::{Goal, Report, Strategy, SyncStep},
    egress::{AllowList, Hook, OperatorList},
    settings::Document,
    storage::{Storage as _, Usage},
};
use system_tests::sync::{Caller, PLAIN};
use tempfile::TempDir;

use crate::{
    Outcome,
    clock::sleep_until,
    ledger::{Account, Ledger},
    meter::process_time,
    store::Store,
    vendor::Vendor,
};

/// Path of exported files at the vendor.
const FILES: &str = "/export/";

/// A tenant's element, its store, and the account of what is written to it.
pub struct Tenant {
    pub element: Element,
    pub ledger: Arc<Ledger>,
    /// Goes with the tenant.
    _folder: Option<TempDir>,
}

/// What one sync took.
pub struct Figures {
    /// In the calls.
    pub wall: Duration,
    /// Between calls, since the component asked for it.
    pub waited: Duration,
    pub guest: Duration,
    /// CPU of this process beyond the guest's.
    pub host: Duration,
    pub peak_memory: u64,
    pub calls: u64,
    /// The longest call.
    pub longest_call: Duration,
    pub bytes_in: u64,
    /// Ranges of exported files.
    pub downloads: u64,
    pub report: Report,
    pub account: Account,
    pub usage: Usage,
}

impl Tenant {
    /// A tenant of this vendor on an empty store, whose element is this component.
    pub async fn new(component: &[u8], vendor: &Vendor, store: Store, hooks: Vec<Arc<dyn Hook>>) -> Outcome<Self> {
        let host = Host::builder().parallel_calls(4).build()?;
        let component = host.load(component)?;
        let (inner, folder) = store.open().await?;
        let ledger = Arc::new(Ledger::new(inner));
        let settings = Document::parse(&vendor.document())?;
        let mut options = ElementOptions::new("acme", "organisation", settings, Arc::clone(&ledger) as _);
        options.operator = OperatorList::only(AllowList::parse([vendor.authority()])?);
        options.hooks = hooks;
        Ok(Self { element: host.element(&component, options)?, ledger, _folder: folder })
    }

    /// How long it takes to give up a plan that is complete and nowhere applied: all its scratch goes in one write.
    pub async fn give_up_a_plan(&self, strategy: &Strategy) -> Outcome<Duration> {
        let plan = Caller { until: Goal::Plan, ..by(strategy) };
        self.sync(&plan, false).await?;
        self.ledger.open_account(false);
        let run = self.element.begin(strategy).await?.progress.run;
        self.element.abandon(&run).await?;
        Ok(self.ledger.account().clearing)
    }

    /// Synchronises to the end, waiting in earnest where the component asks for it. `follow_scratch` finds the most
    /// scratch there was at a time.
    pub async fn sync(&self, caller: &Caller, follow_scratch: bool) -> Outcome<Figures> {
        self.ledger.open_account(follow_scratch);
        let (mut sum, mut waited) = (Sum::default(), Duration::ZERO);
        let cpu = process_time();
        let begun = self.element.begin(&caller.strategy).reported().await?;
        sum.add(&begun.report);
        let run = begun.value.map_err(|error| error.message)?.progress.run;
        let report = loop {
            let called = self.element.advance(&run, caller.until).reported().await?;
            sum.add(&called.report);
            match called.value.map_err(|error| error.message)? {
                SyncStep::More(_) => {}
                SyncStep::Wait(waiting) => {
                    let started = Instant::now();
                    sleep_until(waiting.not_before).await;
                    waited += started.elapsed();
                }
                SyncStep::Complete(report) | SyncStep::Planned(report) => break report,
                SyncStep::Paused(pause) | SyncStep::Blocked(pause) => return Err(pause.error.message.into()),
            }
        };
        let host = (process_time() - cpu).saturating_sub(sum.guest);
        let account = self.ledger.account().clone();
        Ok(Figures {
            wall: sum.wall,
            waited,
            guest: sum.guest,
            host,
            peak_memory: sum.peak_memory,
            calls: sum.calls,
            longest_call: sum.longest_call,
            bytes_in: sum.bytes_in,
            downloads: sum.downloads,
            report,
            account,
            usage: self.ledger.usage(self.element.scope()).await?,
        })
    }
}

/// What the calls of one sync add up to.
#[derive(Default)]
struct Sum {
    wall: Duration,
    guest: Duration,
    peak_memory: u64,
    calls: u64,
    longest_call: Duration,
    bytes_in: u64,
    downloads: u64,
}

impl Sum {
    fn add(&mut self, report: &CallReport) {
        let wall = Duration::from_micros(report.wall_us);
        self.wall += wall;
        self.guest += Duration::from_micros(report.guest_cpu_us);
        self.peak_memory = self.peak_memory.max(report.peak_memory_bytes);
        self.calls += 1;
        self.longest_call = self.longest_call.max(wall);
        self.bytes_in += report.http.bytes_in;
        self.downloads += report.http.exchanges.iter().filter(|exchange| exchange.url.contains(FILES)).count() as u64;
    }
}

/// A sync that fetches in this way.
pub fn by(strategy: &Strategy) -> Caller {
    Caller { strategy: strategy.clone(), ..PLAIN }
}
