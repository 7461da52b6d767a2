//! Several hosts over one store share the periodic syncs of many tenants: nothing is done twice, and what a killed host
//! had begun is done by the others.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc, time::Duration};

use bundled_component::bundled_component;
use organisation_host::{
    ElementOptions, Host,
    contract::directory::RunOutcome,
    egress::OperatorList,
    settings::Document,
    storage::{self, Options, Scope, SealingKey, Storage},
};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{
    bed::{Bed, program},
    web::{Serving, until},
};

/// Of hosts of which one dies.
const SHORT_LEASE: Duration = Duration::from_secs(3);
/// Of hosts that live: on a busy machine no renewal comes too late.
const LONG_LEASE: Duration = Duration::from_mins(2);

/// The key that seals what the hosts store, and the variable in which they find it.
const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const KEY_VARIABLE: &str = "ORG_TEST_SEALING_KEY";

/// What hosts share.
#[derive(Clone, Copy)]
enum Shared {
    /// A file: hosts of one machine.
    Sqlite,
    /// A database: hosts anywhere.
    Postgres,
}

/// Three hosts and what they share.
struct Hosts {
    bed: Bed,
    tenants: usize,
    storage: Arc<dyn Storage>,
    address: String,
}

impl Hosts {
    async fn new(shared: Shared, tenants: usize, latency: Duration) -> Option<Self> {
        let bed = Bed::new().await;
        bed.control().configure(|behaviour| behaviour.latency = latency);
        let declared: Vec<Value> = (0..tenants)
            .map(|number| {
                json!({
                    "name": format!("t{number}"),
                    "element": {"name": "org", "configuration": bed.configuration()},
                    "grants": {"hosts": [bed.address()]},
                    "sync": {"every": "6h"},
                })
            })
            .collect();
        fs::write(bed.home().join("tenants.json"), json!({"tenants": declared}).to_string()).unwrap();
        let address = match shared {
            Shared::Sqlite => format!("sqlite:{}", bed.home().join("shared.db").display()),
            Shared::Postgres => postgres_for_tests::database()?,
        };
        let sealing_key = Some(SealingKey::from_base64(KEY).unwrap());
        let storage = storage::open(&address, Options::default().sealing_key(sealing_key)).await.unwrap();
        Some(Self { bed, tenants, storage, address })
    }

    fn start(&self, name: &str, lease: Duration) -> Serving {
        let (tenants, lease) = (self.bed.home().join("tenants.json"), format!("{}s", lease.as_secs()));
        let arguments = [
            "--format",
            "json",
            "--storage",
            &self.address,
            "--sealing-key",
            KEY_VARIABLE,
            "serve",
            "--tenants",
            tenants.to_str().unwrap(),
            "--listen",
            "127.0.0.1:0",
            "--host-name",
            name,
            "--syncs",
            "4",
            "--lease",
            &lease,
            "--drain",
            "0s",
        ];
        let mut command = program(self.bed.home(), &arguments);
        command.env(KEY_VARIABLE, KEY);
        Serving::start(command, &self.bed.home().join(format!("{name}.log")))
    }

    /// Tenants whose lease a host holds, by host; and those in their cooldown, by how their sync ended.
    async fn leases(&self) -> (BTreeMap<String, Vec<String>>, BTreeMap<String, usize>) {
        let namespace = Scope::of_host("syncs").unwrap();
        let (mut working, mut resting) = (BTreeMap::<_, Vec<_>>::new(), BTreeMap::new());
        let mut after: Option<String> = None;
        loop {
            let page = self.storage.scan(&namespace, "turn/", after.as_deref(), 1_000).await.unwrap();
            after = page.entries.last().map(|entry| entry.key.clone());
            for entry in page.entries {
                let value: Value = serde_json::from_str(&entry.value).unwrap();
                let text = |key: &str| value[key].as_str().unwrap_or_default().to_owned();
                match value["state"].as_str() {
                    Some("working") => working.entry(text("host")).or_default().push(entry.key),
                    _ => *resting.entry(text("after")).or_default() += 1,
                }
            }
            if !page.more {
                return (working, resting);
            }
        }
    }

    async fn complete(&self) -> usize {
        self.leases().await.1.get("complete").copied().unwrap_or_default()
    }

    async fn until_complete(&self, tenants: usize) {
        let runtime = tokio::runtime::Handle::current();
        let mut complete = 0;
        while complete < tenants {
            let before = complete;
            tokio::task::block_in_place(|| {
                until("another sync is complete", || {
                    complete = runtime.block_on(self.complete());
                    complete > before || complete >= tenants
                });
            });
        }
    }

    /// Every tenant has the whole directory after exactly one run. For one of these a host has died, perhaps after the run
    /// and before it could say so: then another run has followed.
    async fn assert_each_once_but(&self, died_for: &[String]) {
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("org-harness-cache");
        let host = Host::builder().parallel_calls(4).code_cache(cache).build().unwrap();
        let component = host.load(bundled_component()).unwrap();
        for number in 0..self.tenants {
            let settings = Document::parse(&self.bed.configuration().to_string()).unwrap();
            let mut options = ElementOptions::new(format!("t{number}"), "org", settings, Arc::clone(&self.storage));
            options.operator = OperatorList::default();
            let element = host.element(&component, options).unwrap();
            let history = element.history().await.unwrap();
            let outcomes: Vec<RunOutcome> = history.iter().map(|report| report.outcome).collect();
            let most = if died_for.contains(&format!("turn/t{number}")) { 2 } else { 1 };
            assert!((1..=most).contains(&outcomes.len()), "t{number}: {outcomes:?}, {died_for:?}");
            assert!(outcomes.iter().all(|outcome| *outcome == RunOutcome::Complete), "t{number}: {outcomes:?}");
        }
    }
}

async fn shared_and_none_twice(shared: Shared, tenants: usize) {
    // The vendor is slow until every host has some of the work: on a busy machine the first to start could do it all.
    let Some(hosts) = Hosts::new(shared, tenants, Duration::from_secs(2)).await else { return };
    let names = ["one", "two", "three"];
    let all = names.map(|name| hosts.start(name, LONG_LEASE));
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        until("every host works", || {
            let (working, _) = runtime.block_on(hosts.leases());
            names.iter().all(|name| working.contains_key(*name))
        });
    });
    hosts.bed.control().configure(|behaviour| behaviour.latency = Duration::ZERO);
    hosts.until_complete(hosts.tenants).await;
    // A host reports a sync when it has stored its end.
    let mut done = [0.0; 3];
    until("every complete sync is reported", || {
        done = all.each_ref().map(|host| host.metric(r#"org_harness_sync_turns_total{outcome="complete",reason=""}"#));
        done.iter().sum::<f64>() >= hosts.tenants as f64
    });
    assert_eq!(done.iter().sum::<f64>(), hosts.tenants as f64, "{done:?}");
    assert!(done.iter().all(|done| *done > 0.0), "a host had no part in it: {done:?}");
    assert_eq!(hosts.bed.control().count("agent/get").calls, hosts.tenants as u64, "a run was begun twice");
    hosts.assert_each_once_but(&[]).await;
}

async fn taken_up_by_the_others(shared: Shared) {
    let Some(hosts) = Hosts::new(shared, 60, Duration::from_millis(150)).await else { return };
    let all = ["one", "two", "three"].map(|name| hosts.start(name, SHORT_LEASE));
    hosts.until_complete(hosts.tenants / 6).await;
    let [one, two, three] = all;
    // Killed at the one moment, asked to end at the other: both times somebody goes on.
    one.signal(Signal::KILL);
    assert!(!one.ended().success());
    let (working, _) = hosts.leases().await;
    let died_for = working.get("one").unwrap_or_else(|| panic!("it held no lease when it died: {working:?}"));
    hosts.until_complete(hosts.tenants / 2).await;
    two.signal(Signal::TERM);
    assert!(two.ended().success());
    let (working, _) = hosts.leases().await;
    assert!(!working.contains_key("two"), "it gave no lease back: {working:?}");
    hosts.until_complete(hosts.tenants).await;
    hosts.assert_each_once_but(died_for).await;
    drop(three);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_one_file_share_all_syncs_and_do_none_twice() {
    shared_and_none_twice(Shared::Sqlite, 60).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_one_database_share_all_syncs_and_do_none_twice() {
    shared_and_none_twice(Shared::Postgres, number_of_tenants()).await;
}

/// A few are enough for every run; `ORG_TEST_TENANTS=1000` takes some minutes.
fn number_of_tenants() -> usize {
    std::env::var("ORG_TEST_TENANTS").map_or(200, |number| number.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_host_of_a_file_had_begun_is_done_by_the_others() {
    taken_up_by_the_others(Shared::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_host_of_a_database_had_begun_is_done_by_the_others() {
    taken_up_by_the_others(Shared::Postgres).await;
}
