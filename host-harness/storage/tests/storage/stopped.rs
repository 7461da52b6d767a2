//! A host that is stopped in the middle of an `apply`, as a frozen virtual machine is, and goes on later: with the
//! limits that come without saying. What it had begun is nobody's obstacle for long, and it finds out what became of
//! it.
//!
//! It is stopped for longer than any limit of a store: a minute would end no differently.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use organisation_storage::{ApplyOutcome, Op, Options, StorageError, open};
use rustix::process::{Pid, Signal, kill_process};

use crate::backend::{Postgres, apply, scope, value};
use crate::wait::soon;

/// The environment variable that holds where [`host`] writes.
const ADDRESS: &str = "STORAGE_TEST_STOPPED_ADDRESS";

/// Longer than a step may take (6 s), and than something is tried again (10 s).
const STOPPED: Duration = Duration::from_secs(11);

#[tokio::test]
#[ignore = "a process of its own, started by the other test of this file"]
async fn host() {
    let store = open(&std::env::var(ADDRESS).unwrap(), Options::default()).await.unwrap();
    let acme = scope("acme");
    loop {
        let counted = async {
            let found = store.get_many(&acme, &["counter".into()]).await?.remove(0).unwrap();
            let next = found.value.parse::<u64>().unwrap() + 1;
            let ops = vec![Op::check_version("counter", found.version), Op::put("counter", next.to_string())];
            store.apply(&acme, ops).await
        };
        match counted.await {
            Ok(ApplyOutcome::Applied(_)) => println!("done"),
            Ok(ApplyOutcome::Conflict(_)) => println!("it was carried out after all"),
            Err(StorageError::Unavailable { maybe_applied: true, .. }) => println!("doubtful"),
            Err(StorageError::Unavailable { message, .. }) => println!("failed: {message}"),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A host, and what it has said.
struct Stoppable {
    child: Child,
    done: Arc<AtomicU64>,
    doubtful: Arc<AtomicU64>,
    said: Arc<Mutex<Vec<String>>>,
}

impl Stoppable {
    fn start(address: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "stopped::host"])
            .env(ADDRESS, address)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let host = Self { child, done: Arc::default(), doubtful: Arc::default(), said: Arc::default() };
        let (done, doubtful, said) = (Arc::clone(&host.done), Arc::clone(&host.doubtful), Arc::clone(&host.said));
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                match &*line {
                    "done" => drop(done.fetch_add(1, SeqCst)),
                    "doubtful" => drop(doubtful.fetch_add(1, SeqCst)),
                    _ => said.lock().unwrap().push(line),
                }
            }
        });
        host
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    async fn until_it_gets_on(&self) {
        let before = self.done.load(SeqCst);
        soon(async {
            while self.done.load(SeqCst) < before + 5 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_stopped_within_an_apply_holds_nobody_up_and_goes_on_afterwards() {
    let Some(place) = Postgres::place() else { return };
    let address = format!("{}?sslmode=disable", place.address());
    let store = open(&address, Options::default()).await.unwrap();
    let acme = scope("acme");
    apply(&store, &acme, vec![Op::put("counter", "0")]).await;
    let mut host = Stoppable::start(&address);
    host.until_it_gets_on().await;
    let mut looking = place.connection().await;
    let row = "SELECT 1 FROM storage_scope WHERE tenant = 'acme' FOR UPDATE NOWAIT";
    soon(async {
        loop {
            host.signal(Signal::STOP);
            if sqlx::query(row).execute(&mut looking).await.is_err() {
                return;
            }
            // Between two transactions: another time.
            host.signal(Signal::CONT);
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;

    let stopped = tokio::time::Instant::now();
    soon(join_all((0..20).map(|tenant| {
        let store = Arc::clone(&store);
        async move { apply(&store, &scope(&format!("other{tenant}")), vec![Op::put("k", "v")]).await }
    })))
    .await;
    println!("other tenants wrote within {:?}", stopped.elapsed());
    soon(async { while store.apply(&acme, vec![Op::put("freed", "v")]).await.is_err() {} }).await;
    println!("the tenant's row was free after {:?}", stopped.elapsed());
    tokio::time::sleep_until(stopped + STOPPED).await;
    host.signal(Signal::CONT);
    host.until_it_gets_on().await;

    host.child.kill().unwrap();
    host.child.wait().unwrap();
    // What it said last is read, and the server has carried out what it was sent.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (done, doubtful) = (host.done.load(SeqCst), host.doubtful.load(SeqCst));
    let found: u64 = value(&store, &acme, "counter").await.unwrap().parse().unwrap();
    let said = host.said.lock().unwrap().clone();
    // The one under way when it was killed counts as well.
    assert!((done..=done + doubtful + 1).contains(&found), "{found}, {done} done, {doubtful} in doubt: {said:?}");
    assert_eq!(value(&store, &acme, "freed").await.as_deref(), Some("v"));
}
