//! `sync`: to the end, interrupted, and again and again.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use wecom_simulator::{DEMO_AGENT_ID, Effect, Fault, When};

use crate::bed::{Bed, interrupt};

fn block(bed: &Bed) {
    bed.control().inject(Fault::of("user/list", When::Nth(2), Effect::Block(Duration::from_secs(60))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_reported() {
    let bed = Bed::new().await;
    let planned = bed.run(&["sync", "--dry-run"]).exits(0);
    assert_eq!((&planned["state"], &planned["members"]["added"]), (&"planned".into(), &22.into()));
    assert_eq!(bed.run(&["members"]).exits(0), Value::Array(Vec::new()), "a plan writes nothing");

    let done = bed.run(&["sync"]).exits(0);
    assert_eq!((&done["state"], &done["resumed"]), (&"complete".into(), &true.into()), "the plan is carried out");
    assert_eq!(done["totals"], serde_json::json!({"departments": 6, "members": 22}));
    assert_eq!(done["departments"], serde_json::json!({"added": 6, "updated": 0, "removed": 0}));
    assert!(done["vendor_calls"].as_u64().unwrap() > 6);

    let again = bed.run(&["sync", "--strategy", "walk"]).exits(0);
    assert_eq!((&again["resumed"], &again["members"]["unchanged"]), (&false.into(), &22.into()));
    let exported = bed.run(&["sync", "--strategy", "export"]).exits(0);
    assert_eq!((&exported["report"]["strategy"], &exported["members"]["unchanged"]), (&"export".into(), &22.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_before_many_are_removed() {
    let bed = Bed::new().await;
    bed.run(&["sync"]).exits(0);
    let leave = |corp: &mut wecom_simulator::Corp| {
        ["lisi", "wujiu", "zhouba", "sunqi", "hesan", "chu-san", "weisi", "jiangwu"]
            .into_iter()
            .try_for_each(|id| corp.move_member(id, 4))
    };
    bed.control().change(leave).unwrap();
    let paused = bed.run(&["sync"]).exits(1);
    assert_eq!((&paused["state"], &paused["error"]["reason"]), (&"paused".into(), &"mass-removal-blocked".into()));
    assert_eq!(paused["error"]["removals"]["members"], 8);
    let done = bed.run(&["sync", "--allow-mass-removal"]).exits(0);
    assert_eq!((&done["state"], &done["members"]["left_range"]), (&"complete".into(), &8.into()));
    assert_eq!(done["resumed"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untrusted_address_pauses() {
    let bed = Bed::new().await;
    bed.control().change(|corp| corp.trust_only(DEMO_AGENT_ID, &["203.0.113.7"])).unwrap();
    let paused = bed.run(&["sync"]).exits(1);
    assert_eq!((&paused["state"], &paused["error"]["reason"]), (&"paused".into(), &"not-permitted".into()));
    assert_eq!(paused["error"]["vendor_code"], 60020);
    assert!(paused["error"]["hint"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_is_too_long_ends_the_command_and_not_the_run() {
    let bed = Bed::new().await;
    block(&bed);
    let waiting = bed.run(&["sync", "--max-wait", "1s"]).exits(1);
    assert_eq!((&waiting["state"], &waiting["resumed"]), (&"waiting".into(), &false.into()));
    assert_eq!(
        (&waiting["waiting"]["reason"], &waiting["waiting"]["vendor_code"]),
        (&"rate-limit".into(), &45009.into())
    );
    let asked = bed.control().count("user/list").calls;
    let again = bed.run(&["sync", "--max-wait", "0s"]).exits(1);
    assert_eq!((&again["run"], &again["resumed"]), (&waiting["run"], &true.into()));
    assert_eq!(bed.control().count("user/list").calls, asked, "nobody is asked before the time");
    let overview = bed.run(&["overview"]).exits(0);
    assert_eq!(overview["current_run"]["run"], waiting["run"]);

    bed.control().clear_faults();
    let done = bed.run(&["sync", "--restart"]).exits(0);
    assert_eq!((&done["state"], &done["resumed"]), (&"complete".into(), &false.into()));
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_a_wait_cleanly() {
    let bed = Bed::new().await;
    block(&bed);
    let element = bed.home().join("org");
    let arguments = ["sync", "--element", element.to_str().unwrap(), "--allow-host", &bed.address()];
    let mut command = crate::bed::program(bed.home(), &arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let ended = tokio::task::block_in_place(|| {
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("waiting") && line.contains("45009"), "{line}");
        interrupt(&child);
        child.wait_with_output().unwrap()
    });
    assert_eq!(ended.status.code(), Some(1));
    let text = String::from_utf8(ended.stdout).unwrap();
    assert!(text.contains("sync goes on where it was"), "{text}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_prints_one_document_a_line_until_ctrl_c() {
    let bed = Bed::new().await;
    let mut child = bed.command(&["sync", "--watch", "1s"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    tokio::task::block_in_place(|| {
        for unchanged in [0, 22] {
            let document: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
            assert_eq!(
                (&document["state"], &document["members"]["unchanged"]),
                (&"complete".into(), &unchanged.into())
            );
        }
        interrupt(&child);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(lines.next().is_none());
    });
}
