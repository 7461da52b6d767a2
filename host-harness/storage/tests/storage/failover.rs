//! A PostgreSQL primary that is lost, and its standby that takes over: commits wait for the standby, so nothing that
//! was acknowledged is lost, and work goes on by itself.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use organisation_storage::{ApplyOutcome, Op, Storage, StorageError, open};
use postgres_for_tests::Pair;
use tokio::net::{TcpListener, TcpStream};

use crate::backend::{apply, options, scope, value};
use crate::wait::soon;

/// The one address of both servers, as a balancer or a name has it: new connections go where it says.
struct Address {
    server: Arc<Mutex<String>>,
    address: String,
}

impl Address {
    async fn of(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = Arc::new(Mutex::new(server));
        let current = Arc::clone(&server);
        tokio::spawn(async move {
            loop {
                let (mut client, _) = listener.accept().await.unwrap();
                let server = current.lock().unwrap().clone();
                tokio::spawn(async move {
                    // Where the server is gone the client's connection ends as well.
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { server, address }
    }

    fn leads_to(&self, server: String) {
        *self.server.lock().unwrap() = server;
    }
}

/// What became of one tenant's writes.
#[derive(Default)]
struct Count {
    done: AtomicU64,
    doubtful: AtomicU64,
    failed: AtomicU64,
}

/// Counts in the store until it is told to stop.
async fn count(store: Arc<dyn Storage>, tenant: String, counted: Arc<Count>, stop: Arc<AtomicBool>) {
    let scope = scope(&tenant);
    while !stop.load(SeqCst) {
        let written = async {
            let found = store.get_many(&scope, &["counter".into()]).await?.remove(0).unwrap();
            let next = found.value.parse::<u64>().unwrap() + 1;
            let ops = vec![Op::check_version("counter", found.version), Op::put("counter", next.to_string())];
            store.apply(&scope, ops).await
        };
        match written.await {
            Ok(ApplyOutcome::Applied(_)) => counted.done.fetch_add(1, SeqCst),
            // A write that was in doubt was carried out after all.
            Ok(ApplyOutcome::Conflict(_)) => 0,
            Err(StorageError::Unavailable { maybe_applied: true, .. }) => counted.doubtful.fetch_add(1, SeqCst),
            Err(StorageError::Unavailable { .. }) => counted.failed.fetch_add(1, SeqCst),
            Err(error) => panic!("{tenant}: {error}"),
        };
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_takes_over_and_nothing_acknowledged_is_lost() {
    const TENANTS: usize = 8;
    let Some(mut pair) = tokio::task::spawn_blocking(Pair::start).await.unwrap() else { return };
    let address = Address::of(pair.primary_server()).await;
    let url = format!("{}?sslmode=disable", Pair::address(&address.address));
    let store = open(&url, options().0).await.unwrap();
    let (stop, tenants) = (Arc::new(AtomicBool::new(false)), (0..TENANTS).map(|number| format!("tenant{number}")));
    let mut counts = Vec::new();
    for tenant in tenants {
        apply(&store, &scope(&tenant), vec![Op::put("counter", "0")]).await;
        let counted = Arc::new(Count::default());
        let writer = count(Arc::clone(&store), tenant.clone(), Arc::clone(&counted), Arc::clone(&stop));
        counts.push((tenant, counted, tokio::spawn(writer)));
    }
    let everybody = async |what: &str, holds: &dyn Fn(&Count) -> bool| {
        soon(async {
            while !counts.iter().all(|(_, counted, _)| holds(counted)) {
                assert!(counts.iter().all(|(.., writer)| !writer.is_finished()), "{what}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    };
    everybody("the primary is there", &|counted| counted.done.load(SeqCst) >= 5).await;

    // The standby is reached before it takes over: it reads, and refuses to write.
    pair.kill_primary();
    address.leads_to(pair.standby_server());
    everybody("nobody writes", &|counted| counted.failed.load(SeqCst) >= 1).await;
    let before: Vec<u64> = counts.iter().map(|(_, counted, _)| counted.done.load(SeqCst)).collect();
    let pair = tokio::task::spawn_blocking(move || {
        pair.promote();
        pair
    });
    let pair = pair.await.unwrap();
    let since = Instant::now();
    soon(async {
        while !counts.iter().zip(&before).all(|((_, counted, _), before)| counted.done.load(SeqCst) > *before) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    println!("every tenant wrote again within {:?}", since.elapsed());
    stop.store(true, SeqCst);
    for (tenant, counted, writer) in counts {
        soon(writer).await.unwrap();
        let (done, doubtful) = (counted.done.load(SeqCst), counted.doubtful.load(SeqCst));
        let found: u64 = value(&store, &scope(&tenant), "counter").await.unwrap().parse().unwrap();
        assert!((done..=done + doubtful).contains(&found), "{tenant}: {found}, {done} done, {doubtful} in doubt");
    }
    soon(join_all([store.close()])).await;
    drop(pair);
}

/// Whoever names a standby is told so.
#[tokio::test]
async fn a_standby_is_not_opened() {
    let Some(pair) = tokio::task::spawn_blocking(Pair::start).await.unwrap() else { return };
    for parameters in ["", "&pooler=transaction"] {
        let url = format!("{}?sslmode=disable{parameters}", Pair::address(&pair.standby_server()));
        let error = open(&url, options().0).await.unwrap_err().to_string();
        assert!(error.contains("a server that is no standby"), "{error}");
    }
}
