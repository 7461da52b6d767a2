//! A PostgreSQL that falls silent rather than away: nobody resets a connection, bytes just no longer arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use organisation_storage::{Op, Storage, StorageError, open};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::backend::{Backend as _, Postgres, apply, options, scope, value};
use crate::wait::soon;

/// What stands between store and server. What it swallows is gone; no connection ends for it.
struct Network {
    address: String,
    /// Connections that were made before the last silence, and are silent for ever where it is meant so.
    generation: Arc<AtomicUsize>,
    silent: watch::Sender<Silence>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// Bytes arrive.
    No,
    /// None do, from the next commit on.
    AtCommit,
    /// None do, and new connections are not taken either.
    All,
    /// Connections of before this generation stay silent, new ones work.
    Before(usize),
}

impl Network {
    async fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (silent, generation) = (watch::Sender::new(Silence::No), Arc::new(AtomicUsize::new(0)));
        let (server, heard, counted) = (server.to_owned(), silent.clone(), Arc::clone(&generation));
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let own = counted.load(SeqCst);
                let (server, heard) = (server.clone(), heard.clone());
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(&server).await else { return };
                    let (from_client, to_client) = client.into_split();
                    let (from_server, to_server) = server.into_split();
                    // Neither end may be dropped, or the other would hear of it.
                    let (up, down) = tokio::join!(
                        pass(from_client, to_server, heard.clone(), own),
                        pass(from_server, to_client, heard, own)
                    );
                    drop((up, down));
                });
            }
        });
        Self { address, generation, silent }
    }

    fn fall_silent(&self) {
        self.generation.fetch_add(1, SeqCst);
        self.silent.send_replace(Silence::All);
    }

    /// Bytes arrive again, of those connections too that were silent if it is meant so; what was swallowed stays so.
    fn end_silence(&self, also_for_old: bool) {
        let since = Silence::Before(self.generation.load(SeqCst));
        self.silent.send_replace(if also_for_old { Silence::No } else { since });
    }
}

/// Passes bytes on while that is meant. Its two ends are given back, so that they live as long as both directions.
async fn pass(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    silent: watch::Sender<Silence>,
    own: usize,
) -> (tokio::net::tcp::OwnedReadHalf, tokio::net::tcp::OwnedWriteHalf) {
    let mut bytes = vec![0; 65_536];
    loop {
        let length = from.read(&mut bytes).await.unwrap_or(0);
        let commits = bytes[..length].windows(7).any(|window| window == b"COMMIT\0");
        let _ = silent.send_if_modified(|silence| {
            let begins = commits && *silence == Silence::AtCommit;
            if begins {
                *silence = Silence::All;
            }
            begins
        });
        let is_silent = match *silent.borrow() {
            Silence::No | Silence::AtCommit => false,
            Silence::All => true,
            Silence::Before(generation) => own < generation,
        };
        if length == 0 {
            if is_silent {
                // The other end is not told.
                std::future::pending::<()>().await;
            }
            let _ = to.shutdown().await;
            return (from, to);
        }
        if !is_silent && to.write_all(&bytes[..length]).await.is_err() {
            return (from, to);
        }
    }
}

const STEP: Duration = Duration::from_secs(1);

fn server(address: &str) -> &str {
    address.rsplit_once('@').unwrap().1.split_once('/').unwrap().0
}

async fn store_behind(place: &Postgres) -> (Arc<dyn Storage>, Network) {
    let server = server(place.address());
    let network = Network::before(server).await;
    let address = format!("{}?sslmode=disable", place.address().replacen(server, &network.address, 1));
    let store = open(&address, options().0.step_timeout(STEP)).await.unwrap();
    (store, network)
}

/// Many tenants at work, so that all connections are in use when the silence begins.
async fn work(store: &Arc<dyn Storage>, stop: &Arc<AtomicBool>) -> Vec<tokio::task::JoinHandle<()>> {
    let busy = (0..40).map(|tenant| {
        let (store, stop, scope) = (Arc::clone(store), Arc::clone(stop), scope(&format!("tenant{tenant}")));
        tokio::spawn(async move {
            while !stop.load(SeqCst) {
                let written = store.apply(&scope, vec![Op::put("k", "v")]).await.map(drop);
                let read = store.get_many(&scope, &["k".to_owned()]).await.map(drop);
                for error in [written, read].into_iter().filter_map(Result::err) {
                    assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
                }
            }
        })
    });
    let busy = busy.collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    busy
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silence_is_over_when_it_ends_also_where_old_connections_stay_silent() {
    for also_for_old in [true, false] {
        let Some(place) = Postgres::place() else { return };
        let (store, network) = store_behind(&place).await;
        let stop = Arc::new(AtomicBool::new(false));
        let busy = work(&store, &stop).await;
        network.fall_silent();
        tokio::time::sleep(3 * STEP).await;
        network.end_silence(also_for_old);
        let since = Instant::now();
        // Every tenant is served again, on as many connections as before.
        let served = join_all((0..40).map(|tenant| {
            let store = Arc::clone(&store);
            async move {
                let scope = scope(&format!("tenant{tenant}"));
                while store.apply(&scope, vec![Op::put("after", "v")]).await.is_err() {}
                while store.get_many(&scope, &["after".to_owned()]).await.is_err() {}
            }
        }));
        soon(served).await;
        println!("healed after {:?}, old connections back: {also_for_old}", since.elapsed());
        stop.store(true, SeqCst);
        soon(join_all(busy)).await.into_iter().for_each(Result::unwrap);
    }
}

/// Nobody waits for ever, and an `apply` whose commit is not answered is in doubt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_waits_for_a_silent_server_for_ever() {
    let Some(place) = Postgres::place() else { return };
    let (store, network) = store_behind(&place).await;
    let acme = scope("acme");
    apply(&store, &acme, vec![Op::put("k", "v")]).await;
    network.fall_silent();
    let key = ["k".to_owned()];
    let (written, read, usage, scopes) = soon(async {
        tokio::join!(
            store.apply(&acme, vec![Op::put("k", "w")]),
            store.get_many(&acme, &key),
            store.usage(&acme),
            store.scopes("acme"),
        )
    })
    .await;
    let errors = [written.unwrap_err(), read.unwrap_err(), usage.unwrap_err(), scopes.unwrap_err()];
    for error in errors {
        assert!(matches!(error, StorageError::Unavailable { maybe_applied: false, .. }), "{error}");
    }
    let range = soon(store.delete_range(&acme, "", &[])).await.unwrap_err();
    assert!(matches!(range, StorageError::Unavailable { .. }), "{range}");
    soon(store.close()).await;
}

/// A host that is stopped within an `apply` keeps its tenant's row for a moment, and no other tenant from anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_host_keeps_no_row_from_the_others() {
    let Some(place) = Postgres::place() else { return };
    let (store, _) = place.store().await;
    let acme = scope("acme");
    apply(&store, &acme, vec![Op::put("k", "v")]).await;
    // What a stopped host leaves behind: a session with its settings, within a transaction, holding the tenant's row.
    let (host, network) = store_behind(&place).await;
    apply(&host, &acme, vec![Op::put("k", "v")]).await;
    network.silent.send_replace(Silence::AtCommit);
    let stopped = tokio::spawn({
        let (host, acme) = (Arc::clone(&host), acme.clone());
        async move { host.apply(&acme, vec![Op::put("k", "v")]).await }
    });
    soon(network.silent.subscribe().wait_for(|silence| *silence == Silence::All)).await.unwrap();
    stopped.abort();
    let row = "SELECT 1 FROM storage_scope WHERE tenant = 'acme' FOR UPDATE NOWAIT";
    let mut looking = place.connection().await;
    assert!(sqlx::query(row).execute(&mut looking).await.is_err(), "the row is held");
    let others = (0..20).map(|tenant| {
        let store = Arc::clone(&store);
        async move { apply(&store, &scope(&format!("other{tenant}")), vec![Op::put("k", "v")]).await }
    });
    // Many want the row that is held, and take no connection from the others.
    let waiting = tokio::spawn({
        let (store, acme) = (Arc::clone(&store), acme.clone());
        async move { join_all((0..20).map(|_| store.apply(&acme, vec![Op::put("k", "w")]))).await }
    });
    let since = Instant::now();
    soon(join_all(others)).await;
    println!("others were served within {:?}", since.elapsed());
    soon(async { while store.apply(&acme, vec![Op::put("freed", "v")]).await.is_err() {} }).await;
    println!("the row was free after {:?}", since.elapsed());
    assert_eq!(value(&store, &acme, "freed").await.as_deref(), Some("v"));
    soon(waiting).await.unwrap();
}
