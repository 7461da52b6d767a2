//! The death of a process in the middle of its work, by SIGKILL and often: nothing is torn, nothing acknowledged is
//! lost.
//!
//! The writer is this test program, started anew: it first looks at what the one before it left behind, then applies
//! numbered batches and says which were acknowledged, until it is killed.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use organisation_storage::{Op, Storage, open};

use crate::backend::{Postgres, Sqlite, apply, options, scope};

/// The environment variable that holds where [`writer`] writes.
const ADDRESS: &str = "STORAGE_TEST_KILLED_ADDRESS";

/// Every batch writes its number to this many keys.
const KEYS: u64 = 8;

/// It also adds an entry of its own, and removes that of so many batches ago.
const KEPT: u64 = 20;

fn batch(number: u64) -> Vec<Op> {
    let text = number.to_string();
    let keys = (0..KEYS).map(|key| Op::put(format!("k{key}"), &text));
    let own = [Op::put(format!("own/{number:08}"), &text)];
    let old = number.checked_sub(KEPT).map(|old| Op::delete(format!("own/{old:08}")));
    keys.chain(own).chain(old).collect()
}

/// The number of the last batch; panics when it is there in part.
async fn last_batch(store: &Arc<dyn Storage>) -> u64 {
    let page = store.scan(&scope("acme"), "", None, 1_000).await.unwrap();
    let found: Vec<_> = page.entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
    let last: u64 = found.first().map_or(0, |(_, value)| value.parse().unwrap());
    let mut expected: Vec<_> = (0..KEYS).map(|key| (format!("k{key}"), last.to_string())).collect();
    expected
        .extend((1.max((last + 1).saturating_sub(KEPT))..=last).map(|own| (format!("own/{own:08}"), own.to_string())));
    if last > 0 {
        assert_eq!(found, expected, "torn");
    }
    last
}

#[tokio::test]
#[ignore = "a process of its own, started by the other tests of this file"]
async fn writer() {
    let store = open(&std::env::var(ADDRESS).unwrap(), options().0).await.unwrap();
    let last = last_batch(&store).await;
    println!("found {last}");
    for number in last + 1.. {
        apply(&store, &scope("acme"), batch(number)).await;
        println!("acknowledged {number}");
    }
}

/// Starts a writer, kills it at a random moment, and answers the last batch it acknowledged.
fn run_and_kill(address: &str, random: &mut fastrand::Rng, acknowledged: u64) -> u64 {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "killed::writer"])
        .env(ADDRESS, address)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut last, mut left) = (acknowledged, random.i32(1..5));
    let lines = BufReader::new(writer.stdout.take().unwrap()).lines();
    // What it had said by then counts, also when it is read afterwards.
    for line in lines.map_while(Result::ok) {
        if let Some((_, found)) = line.split_once("found ") {
            let found: u64 = found.parse().unwrap();
            assert!(found >= acknowledged, "batch {acknowledged} was acknowledged, but {found} is the last there is");
        } else if let Some((_, number)) = line.split_once("acknowledged ") {
            last = number.parse().unwrap();
        } else {
            continue;
        }
        left -= 1;
        if left == 0 {
            std::thread::sleep(Duration::from_micros(random.u64(0..4_000)));
            writer.kill().unwrap();
        }
    }
    let status = writer.wait().unwrap();
    assert_eq!(status.code(), None, "it ended by itself: {status}");
    last
}

async fn survives(address: &str, kills: u32) {
    let mut random = fastrand::Rng::with_seed(11);
    let mut acknowledged = 0;
    for _ in 0..kills {
        acknowledged = tokio::task::block_in_place(|| run_and_kill(address, &mut random, acknowledged));
    }
    let store = open(address, options().0).await.unwrap();
    let last = last_batch(&store).await;
    assert!(last >= acknowledged, "batch {acknowledged} was acknowledged, but {last} is the last there is");
    assert!(last >= u64::from(kills), "the writers got on with their work: {last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_survives_two_hundred_kills() {
    survives(&Sqlite::new().address(), 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_survives_forty_kills() {
    let Some(place) = Postgres::place() else { return };
    survives(&format!("{}?sslmode=disable", place.address()), 40).await;
}
