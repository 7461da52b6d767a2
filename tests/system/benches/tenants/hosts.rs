//! Periodic syncs shared by one, two, three hosts, each a process of its own.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bundled_component::bundled_component;
use organisation_fleet::{
    syncs::{SyncOptions, SyncScheduler},
    tenants::{Registry, Source},
};
use organisation_host::{
    Host,
    storage::{self, Options, Quotas, Scope, SealingKey, Storage},
};
use serde_json::json;

use crate::{Outcome, line, sizes::Sizes, tenant::configuration, vendor};

/// The first argument of a process that is to be a host.
pub const ROLE: &str = "host";
/// Turns of a host at the same time.
const PARALLEL: usize = 8;

/// With each number of hosts.
pub async fn measure(sizes: &Sizes) -> Outcome<()> {
    println!("periodic syncs of {} tenants of 12 members, vendor with {} ms latency", sizes.synced, sizes.latency);
    let vendor = vendor::start(12, 4, sizes.latency)?;
    // Compiled once and kept, so that the start of a process is no part of what is measured.
    let code = tempfile::tempdir()?;
    Host::builder().parallel_calls(1).code_cache(code.path()).build()?.load(bundled_component())?;
    for hosts in 1..=sizes.hosts {
        let folder = tempfile::tempdir()?;
        // Names of their own for each measurement, so that a database that is given serves for all of them.
        let names: Vec<String> = (0..sizes.synced).map(|number| format!("h{hosts}-t{number}")).collect();
        let tenants: Vec<_> = names
            .iter()
            .map(|name| {
                json!({
                    "name": name,
                    "element": {"name": "org", "configuration": configuration(vendor.base_url())},
                    "grants": {"hosts": [vendor.base_url().trim_start_matches("http://")]},
                    "sync": {"every": "6h"},
                })
            })
            .collect();
        let file = folder.path().join("tenants.json");
        std::fs::write(&file, json!({"tenants": tenants}).to_string())?;
        let address = match sizes.storage.is_empty() {
            true => format!("sqlite:{}", folder.path().join("shared.db").display()),
            false => sizes.storage.clone(),
        };
        let store = open(&address).await?;
        let began = Instant::now();
        let processes: Vec<Running> = (0..hosts)
            .map(|number| Running::start([&address, &file.to_string_lossy(), &code.path().to_string_lossy()], number))
            .collect::<Outcome<_>>()?;
        let prefix = format!("turn/h{hosts}-");
        while complete(&*store, &prefix).await? < sizes.synced {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let took = began.elapsed();
        drop(processes);
        let rate = sizes.synced as f64 / took.as_secs_f64();
        line(&format!("{hosts} hosts: {:.2} s, runs a second", took.as_secs_f64()), &format!("{rate:.1}"));
    }
    Ok(())
}

/// A host's process that ends with this value.
struct Running(Child);

impl Running {
    fn start(shared: [&str; 3], number: usize) -> Outcome<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(ROLE).args(shared).arg(format!("host-{number}")).stdin(Stdio::null());
        Ok(Self(command.spawn()?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It is gone already or goes now; there is nobody to tell.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn open(address: &str) -> Outcome<Arc<dyn Storage>> {
    let sealing_key = Some(SealingKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?);
    Ok(storage::open(address, Options::default().sealing_key(sealing_key)).await?)
}

async fn complete(store: &dyn Storage, prefix: &str) -> Outcome<usize> {
    let room = Scope::of_host("syncs")?;
    let (mut complete, mut after) = (0, None);
    loop {
        let page = store.scan(&room, prefix, after.as_deref(), 1_000).await?;
        complete += page.entries.iter().filter(|entry| entry.value.contains(r#""after":"complete""#)).count();
        after = page.entries.last().map(|entry| entry.key.clone());
        if !page.more {
            return Ok(complete);
        }
    }
}

/// The other process: a host until it is killed.
pub async fn serve(arguments: &[String]) -> Outcome<()> {
    let [_, address, file, code, name] = arguments else { return Err("storage, tenants, code, name".into()) };
    let store = open(address).await?;
    let host = Host::builder().bundled(bundled_component()).parallel_calls(64).code_cache(code).build()?;
    let (registry, changes) =
        Registry::open(host, Arc::clone(&store), Quotas::default(), Source::File(file.into())).await?;
    if !changes.unusable.is_empty() {
        return Err(format!("{:?}", changes.unusable).into());
    }
    let options = SyncOptions::new(name.as_str()).parallel(PARALLEL);
    SyncScheduler::new(Arc::new(registry), store, options)?.run(std::future::pending()).await;
    Ok(())
}
