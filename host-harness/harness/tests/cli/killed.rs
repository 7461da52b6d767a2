//! A sync whose process is killed (SIGKILL) in the middle of its work, again and again, ends as if nothing had happened.

use std::{
    collections::BTreeSet,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::Value;
use wecom_simulator::{DEMO_AGENT_ID, Generator};

use crate::bed::Bed;

/// Longer than a killed process's lease blocks the next one, with the time that starting takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a sync and kills it as soon as this many calls of an API were answered since.
fn kill_after(bed: &Bed, strategy: &str, api: &str, calls: u64) {
    let before = bed.control().count(api).calls;
    let mut command = bed.command(&["sync", "--strategy", strategy]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    while bed.control().count(api).calls < before + calls {
        assert!(started.elapsed() < PATIENCE, "a sync that follows a killed one does not get to work");
        assert!(child.try_wait().unwrap().is_none(), "the sync was over before it could be killed");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What the program prints is what the simulator knows, and the feed reports every member once.
fn assert_exact(bed: &Bed) {
    let truth = bed.control().truth(DEMO_AGENT_ID).unwrap();
    let present = truth.members.iter().filter(|(_, member)| member.status != 5);
    let expected: BTreeSet<String> = present.map(|(id, _)| id.clone()).collect();
    let ids = |document: &Value, member: fn(&Value) -> &Value| -> Vec<String> {
        let ids = document.as_array().unwrap().iter().map(|row| member(row).as_str().unwrap().to_lowercase());
        ids.collect()
    };
    let members = ids(&bed.run(&["members"]).exits(0), |row| &row["id"]);
    assert_eq!(members.iter().cloned().collect::<BTreeSet<_>>(), expected);
    assert_eq!(members.len(), expected.len());
    let mut changes: Vec<Value> = Vec::new();
    let mut cursor = "c0".to_owned();
    loop {
        let page = bed.run(&["changes", "--after", &cursor, "--limit", "200"]).exits(0);
        let more = page["changes"].as_array().unwrap().clone();
        if more.is_empty() {
            break;
        }
        changes.extend(more);
        cursor = page["cursor"].as_str().unwrap().to_owned();
    }
    assert!(changes.iter().zip(1_u64..).all(|(change, seq)| change["seq"] == seq), "the feed has a gap");
    let added: Vec<String> = changes
        .iter()
        .filter(|change| change["kind"] == "member-added")
        .map(|change| change["id"].as_str().unwrap().to_lowercase())
        .collect();
    assert_eq!(added.len(), expected.len(), "an entry was lost or doubled");
    assert_eq!(added.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_goes_on_after_every_kill() {
    let bed = Bed::of(Generator::sized(3, 600, 240).generate().unwrap()).await;
    bed.control().configure(|behaviour| behaviour.latency = Duration::from_millis(100));
    tokio::task::block_in_place(|| {
        kill_after(&bed, "walk", "user/list", 75);
        kill_after(&bed, "walk", "user/list", 75);
    });
    let run = bed.run(&["overview"]).exits(0)["current_run"]["run"].clone();
    bed.control().reset_log();
    let done = bed.run(&["sync"]).exits(0);
    assert_eq!((&done["state"], &done["resumed"], &done["run"]), (&"complete".into(), &true.into(), &run));
    let fetched = bed.control().count("user/list").calls;
    assert!(fetched < 200, "{fetched} departments of 241 were fetched by the last process: it began anew");
    assert_exact(&bed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_goes_on_after_every_kill() {
    let bed = Bed::of(Generator::sized(4, 600, 30).generate().unwrap()).await;
    bed.control().configure(|behaviour| {
        behaviour.exports.smallest_block = Some(20);
        behaviour.latency = Duration::from_millis(100);
    });
    tokio::task::block_in_place(|| {
        kill_after(&bed, "export", "export/get_result", 1);
        kill_after(&bed, "export", "download", 14);
    });
    let done = bed.run(&["sync", "--strategy", "export"]).exits(0);
    assert_eq!((&done["state"], &done["resumed"]), (&"complete".into(), &true.into()));
    assert_eq!(done["report"]["strategy"], "export");
    assert_eq!(bed.control().count("export/user").calls, 1, "nothing was ordered twice");
    assert_exact(&bed);
}
