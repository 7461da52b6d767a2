//! Syncs of periodic synchronisation, with guests that are done at once or never.

use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use organisation_fleet::{
    observe::{SyncAdvance, SyncObserver, SyncReport},
    syncs::{SyncOptions, SyncScheduler},
    tenants::{Registry, Source, StoredTenants},
};
use organisation_host::{
    Host,
    storage::{
        self, ApplyOutcome, Check, Expectation, Op, Options, Page, Quotas, Scope, Storage, StorageError, StorageLayer,
    },
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use crate::guests::Guest;

/// A run that never ends: all zeros is `more`.
fn endless() -> Guest {
    Guest::default()
}

/// A run that is complete at once.
fn complete() -> Guest {
    Guest::default().with("directory@0.1.0#advance", "i32.const 8 i32.const 5 i32.store8 i32.const 0")
}

/// A periodic sync that ended.
#[derive(Debug, Clone)]
struct Had {
    host: &'static str,
    tenant: String,
    ended: &'static str,
}

/// Syncs of all hosts.
#[derive(Clone, Default)]
struct Syncs(Arc<Mutex<Vec<Had>>>);

struct Heard {
    host: &'static str,
    syncs: Syncs,
}

impl SyncObserver for Heard {
    fn sync_ended(&self, report: &SyncReport<'_>) {
        let had = Had { host: self.host, tenant: report.tenant.to_owned(), ended: report.outcome.name() };
        self.syncs.0.lock().unwrap().push(had);
    }
}

impl Syncs {
    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn of(&self, tenant: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|had| had.tenant == tenant).count()
    }

    /// Waits for what is bound to happen.
    async fn until(&self, what: &str, holds: impl AsyncFn(&Self) -> bool) {
        for _ in 0..6_000 {
            if holds(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{what}: {:?}", self.0.lock().unwrap());
    }
}

/// Time in which something that must not happen would happen, many looks long.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

fn options(name: &'static str, syncs: &Syncs) -> SyncOptions {
    let observers: Vec<Arc<dyn SyncObserver>> = vec![Arc::new(Heard { host: name, syncs: syncs.clone() })];
    SyncOptions::new(name).look(Duration::from_millis(5)).observers(observers)
}

/// A host that looks after tenants until it is dropped.
struct Running {
    registry: Arc<Registry>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<()>,
}

impl Running {
    async fn start(storage: &Arc<dyn Storage>, source: Source, options: SyncOptions) -> Self {
        let host = Host::builder().parallel_calls(4).build().unwrap();
        let (registry, changes) = Registry::open(host, Arc::clone(storage), Quotas::default(), source).await.unwrap();
        assert!(changes.unusable.is_empty(), "{changes:?}");
        let registry = Arc::new(registry);
        let scheduler = SyncScheduler::new(Arc::clone(&registry), Arc::clone(storage), options).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(scheduler.run(async { drop(stopped.await) }));
        Self { registry, stop: Some(stop), ended }
    }

    async fn end(mut self) {
        drop(self.stop.take());
        self.ended.await.unwrap();
    }
}

fn tenant(name: &str, component: &Path, every: &str) -> Value {
    json!({
        "name": name,
        "element": {"name": "org", "configuration": {}},
        "component": {"file": component},
        "grants": {"only_these_hosts": true},
        "sync": {"every": every},
    })
}

/// A machine: a registry file, and a component beside it.
struct Machine(TempDir);

impl Machine {
    fn new(guest: &Guest) -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::write(machine.0.path().join("guest.wasm"), guest.clone().build()).unwrap();
        machine
    }

    fn declare(&self, tenants: &[Value]) -> Source {
        let file = self.0.path().join("tenants.json");
        fs::write(&file, json!({"tenants": tenants}).to_string()).unwrap();
        Source::File(file)
    }
}

async fn store() -> Arc<dyn Storage> {
    storage::open("memory:", Options::default()).await.unwrap()
}

fn namespace() -> Scope {
    Scope::new("(host)", "syncs").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_run_gives_way_to_other_tenants_and_goes_on_later() {
    let (machine, syncs) = (Machine::new(&endless()), Syncs::default());
    let guest = Path::new("guest.wasm");
    let source = machine.declare(&["a", "b", "c"].map(|name| tenant(name, guest, "1h")));
    // With the usual minute the first would still be at it when the test gives up.
    let options = options("one", &syncs).parallel(1).longest_hold(Duration::ZERO);
    let host = Running::start(&store().await, source, options).await;
    syncs.until("three syncs for each", async |syncs| ["a", "b", "c"].iter().all(|name| syncs.of(name) >= 3)).await;
    host.end().await;
    let all = syncs.0.lock().unwrap().clone();
    // All are due at the first look.
    let mut first: Vec<&str> = all[..3].iter().map(|had| &*had.tenant).collect();
    first.sort_unstable();
    assert_eq!(first, ["a", "b", "c"], "one had two syncs before another had one: {all:?}");
    assert!(all[..9].iter().all(|had| had.ended == "unfinished"), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_declared_anew_does_not_rest_as_it_was() {
    let (storage, syncs) = (store().await, Syncs::default());
    let machines = [Machine::new(&complete()), Machine::new(&complete())];
    let declare = |machine: &Machine, every| machine.declare(&[tenant("acme", Path::new("guest.wasm"), every)]);
    let made_of = async || {
        let lease = storage.get_many(&namespace(), &["turn/acme".to_owned()]).await.unwrap().remove(0)?;
        let lease: Value = serde_json::from_str(&lease.value).unwrap();
        (lease["state"] == "resting").then(|| lease["made_of"].as_str().unwrap().to_owned())
    };
    let one = Running::start(&storage, declare(&machines[0], "24h"), options("one", &syncs)).await;
    syncs.until("the first sync", async |syncs| syncs.len() == 1).await;
    // It knows the same, though its files lie elsewhere.
    let two = Running::start(&storage, declare(&machines[1], "24h"), options("two", &syncs)).await;
    a_while().await;
    assert_eq!(syncs.len(), 1);
    let first = made_of().await.unwrap();

    declare(&machines[0], "12h");
    assert_eq!(one.registry.reload().await.unwrap().changed, ["acme"]);
    syncs.until("the day's cooldown is over", async |syncs| syncs.len() >= 2).await;
    // The host that has not reloaded may have come first, and does not end the other's cooldown.
    a_while().await;
    assert_eq!(syncs.len(), 2);
    declare(&machines[1], "12h");
    assert_eq!(two.registry.reload().await.unwrap().changed, ["acme"]);
    syncs.until("the tenant as it is now", async |_| made_of().await.is_some_and(|made_of| made_of != first)).await;
    a_while().await;
    let last = syncs.0.lock().unwrap()[1].host;
    assert_eq!(syncs.len(), if last == "one" { 2 } else { 3 }, "no more than what is needed");
    one.end().await;
    two.end().await;
}

/// Fails as soon as a sync has moved on, when it is set to.
struct Failing(bool, AtomicUsize);

impl SyncObserver for Failing {
    fn sync_advanced(&self, _: &SyncAdvance<'_>) {
        self.1.fetch_add(1, SeqCst);
        assert!(!self.0, "a sync that breaks off");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_nobody_works_on_any_more_has_ended() {
    for panics in [false, true] {
        let (machine, syncs) = (Machine::new(&endless()), Syncs::default());
        let source = machine.declare(&[tenant("a", Path::new("guest.wasm"), "1h")]);
        let failing = Arc::new(Failing(panics, AtomicUsize::new(0)));
        let mut options = options("one", &syncs);
        options.observers.push(Arc::clone(&failing) as _);
        let host = Running::start(&store().await, source, options).await;
        syncs.until("a sync is under way", async |_| failing.1.load(SeqCst) > 0).await;
        if !panics {
            host.ended.abort();
        }
        syncs.until("the sync has ended", async |syncs| syncs.len() > 0).await;
        assert_eq!(syncs.0.lock().unwrap()[0].ended, "broken-off", "panics: {panics}");
    }
}

/// What happens just before a host changes a lease.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    /// This tenant is removed when its lease is taken.
    Removed(&'static str),
    /// No lease can be taken but this tenant's.
    ClaimedAlone(&'static str),
    /// Another host ends the cooldown.
    CooldownEnded,
}

/// A store that others use as well, and that counts what a host does with leases.
#[derive(Debug)]
struct Shared {
    inner: Arc<dyn Storage>,
    meanwhile: Meanwhile,
    taken: AtomicUsize,
    /// Ends of cooldowns, by look.
    cooldowns: Mutex<Vec<usize>>,
}

impl Shared {
    fn new(inner: &Arc<dyn Storage>, meanwhile: Meanwhile) -> Arc<Self> {
        let (inner, taken, cooldowns) = (Arc::clone(inner), AtomicUsize::new(0), Mutex::default());
        Arc::new(Self { inner, meanwhile, taken, cooldowns })
    }
}

#[async_trait]
impl StorageLayer for Shared {
    fn inner(&self) -> &dyn Storage {
        self.inner.as_ref()
    }

    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError> {
        if let Some(Op::Check(Check { key, expected })) = ops.first()
            && *scope == namespace()
        {
            let is_taken = *expected == Expectation::Absent;
            self.taken.fetch_add(usize::from(is_taken), SeqCst);
            let is_of = |tenant: &str| *key == format!("turn/{tenant}");
            match self.meanwhile {
                Meanwhile::Removed(tenant) if is_taken && is_of(tenant) => {
                    StoredTenants::new(Arc::clone(&self.inner)).remove(tenant).await?;
                }
                Meanwhile::ClaimedAlone(tenant) if is_taken && !is_of(tenant) => {
                    return Err(StorageError::Other("this row is damaged".to_owned()));
                }
                Meanwhile::CooldownEnded if !is_taken => {
                    *self.cooldowns.lock().unwrap().last_mut().unwrap() += 1;
                    return Ok(ApplyOutcome::Conflict(vec![key.clone()]));
                }
                _ => {}
            }
        }
        self.inner.apply(scope, ops).await
    }

    async fn scan(&self, scope: &Scope, prefix: &str, after: Option<&str>, limit: u32) -> Result<Page, StorageError> {
        if *scope == namespace() && after.is_none() {
            self.cooldowns.lock().unwrap().push(0);
        }
        self.inner.scan(scope, prefix, after, limit).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_tenant_is_not_worked_for_by_a_host_that_has_not_reloaded() {
    let (storage, syncs) = (store().await, Syncs::default());
    let machine = Machine::new(&complete());
    let stored = StoredTenants::new(Arc::clone(&storage));
    for name in ["gone", "going", "staying"] {
        let component = machine.0.path().join("guest.wasm");
        stored.put(&tenant(name, &component, "24h").to_string()).await.unwrap();
    }
    let traces = async || {
        let page = storage.scan(&namespace(), "", None, 1_000).await.unwrap();
        page.entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>()
    };
    // One of them goes while its lease is taken, when it has been found to be declared.
    let removing = Shared::new(&storage, Meanwhile::Removed("going"));
    let seen: Arc<dyn Storage> = Arc::clone(&removing) as _;
    let source = Source::Stored(Arc::clone(&storage));
    let host = Running::start(&seen, source, options("one", &syncs)).await;
    syncs.until("the others have had their syncs", async |syncs| syncs.len() == 2).await;
    assert!(stored.remove("gone").await.unwrap());
    a_while().await;
    assert!(host.registry.get("gone").is_some() && host.registry.get("going").is_some(), "the host knows of nothing");
    assert_eq!((syncs.len(), syncs.of("going")), (2, 0));
    assert_eq!(removing.taken.load(SeqCst), 3, "the lease of who is gone is not taken again and again");
    assert_eq!(traces().await, ["turn/staying"]);
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_that_cannot_be_taken_is_skipped_and_the_others_are_taken_at_the_same_look() {
    let (storage, syncs, machine) = (store().await, Syncs::default(), Machine::new(&complete()));
    let names: Vec<String> = (0..20).map(|number| format!("damaged-{number}")).chain(["sound".to_owned()]).collect();
    let declared: Vec<Value> = names.iter().map(|name| tenant(name, Path::new("guest.wasm"), "24h")).collect();
    let shared = Shared::new(&storage, Meanwhile::ClaimedAlone("sound"));
    let seen: Arc<dyn Storage> = Arc::clone(&shared) as _;
    let host = Running::start(&seen, machine.declare(&declared), options("one", &syncs)).await;
    syncs.until("three looks", async |_| shared.cooldowns.lock().unwrap().len() > 3).await;
    // Read in this order: what is counted after the looks can only be more.
    let looks = shared.cooldowns.lock().unwrap().len();
    let taken = shared.taken.load(SeqCst);
    assert!(taken >= 20 * (looks - 1), "{taken} leases taken at {looks} looks");
    syncs.until("its sync", async |syncs| syncs.of("sound") == 1).await;
    host.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rests_that_others_have_ended_count_among_those_of_a_look() {
    let (storage, syncs, machine) = (store().await, Syncs::default(), Machine::new(&complete()));
    let names: Vec<String> = (0..150).map(|number| format!("tenant-{number}")).collect();
    let resting = json!({"state": "resting", "host": "former", "after": "complete", "made_of": "another"}).to_string();
    let puts = names.iter().map(|name| Op::put(format!("turn/{name}"), &*resting)).collect();
    storage.apply(&namespace(), puts).await.unwrap();
    let declared: Vec<Value> = names.iter().map(|name| tenant(name, Path::new("guest.wasm"), "24h")).collect();
    let shared = Shared::new(&storage, Meanwhile::CooldownEnded);
    let seen: Arc<dyn Storage> = Arc::clone(&shared) as _;
    let host = Running::start(&seen, machine.declare(&declared), options("one", &syncs)).await;
    syncs.until("three looks", async |_| shared.cooldowns.lock().unwrap().len() > 3).await;
    host.end().await;
    assert_eq!(shared.cooldowns.lock().unwrap()[..3], [100; 3]);
}
