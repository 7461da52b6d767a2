//! `sync`: to the end, interrupted, and again and again.

use std::{
    io::{BufRead as _, BufReader},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use wecom_simulator::{DEMO_AGENT_ID, Effect, Fault, Generator, When};

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

/// The program as a person starts it: text on standard output.
fn text(bed: &Bed, arguments: &[&str]) -> String {
    let (element, address) = (bed.home().join("org"), bed.address());
    let mut all = arguments.to_vec();
    all.extend(["--element", element.to_str().unwrap(), "--allow-host", &address]);
    bed.run_plain(&all).stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_before_it_is_carried_out() {
    let corp = Generator { unusual: false, ..Generator::sized(5, 80, 12) }.generate().unwrap();
    let bed = Bed::of(corp).await;
    bed.run(&["plan"]).fails(1, "not-found");
    bed.run(&["sync"]).exits(0);
    let before = bed.run(&["sync"]).exits(0);
    assert_eq!((&before["plan"], &before["report"]["outcome"]), (&Value::Null, &"complete".into()));
    let ids: Vec<String> = bed.run(&["members"]).exits(0).as_array().unwrap()[..60]
        .iter()
        .map(|member| member["id"].as_str().unwrap().to_owned())
        .collect();
    let promote = |corp: &mut wecom_simulator::Corp| {
        ids.iter().try_for_each(|id| corp.update_member(id, |member| member.position = "首席".to_owned()))
    };
    bed.control().change(promote).unwrap();

    let planned = bed.run(&["sync", "--dry-run"]).exits(0);
    let plan = planned["plan"].as_array().unwrap();
    assert_eq!((&planned["state"], &planned["members"]["updated"], plan.len()), (&"planned".into(), &60.into(), 60));
    assert_eq!((&plan[0]["kind"], plan[0]["id"].as_str()), (&"member-updated".into(), Some(&*ids[0])));
    let field = &plan[0]["fields"][0];
    assert_eq!((&field["field"], &field["after"]), (&"position".into(), &"首席".into()));
    let shown = bed.run(&["plan"]).exits(0);
    assert_eq!((&shown["run"], &shown["changes"]), (&planned["run"], &planned["plan"]), "all pages, the same order");
    assert_eq!(bed.run(&["plan", "--limit", "3"]).exits(0)["changes"].as_array().unwrap()[..], plan[..3]);

    let asked = bed.control().counts().values().map(|count| count.calls).sum::<u64>();
    let lines = text(&bed, &["plan"]);
    assert_eq!(lines.lines().count(), 60, "{lines}");
    assert!(lines.contains("成员变更 member-updated") && lines.contains("→ 首席"), "{lines}");
    assert_eq!(bed.control().counts().values().map(|count| count.calls).sum::<u64>(), asked, "nobody is asked");
    let shown = text(&bed, &["sync", "--dry-run"]);
    assert_eq!(shown.matches("member-updated").count(), 50, "{shown}");
    assert!(
        shown.contains("planned, nothing written") && shown.contains("… 还有 10 项 more: org-harness plan"),
        "{shown}"
    );

    assert_eq!(bed.run(&["sync"]).exits(0)["members"]["updated"], 60);
    bed.run(&["plan"]).fails(1, "not-found");
    bed.run(&["sync", "--dry-run"]).exits(0);
    assert_eq!(text(&bed, &["plan"]), "没有变更 no changes\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_runs_are_listed_without_asking_anybody() {
    let bed = Bed::new().await;
    assert_eq!(bed.run(&["sync", "--history"]).exits(0), serde_json::json!({"runs": []}));
    assert_eq!(text(&bed, &["sync", "--history"]), "没有同步记录 no runs yet\n");
    let planned = bed.run(&["sync", "--dry-run"]).exits(0);
    let abandoned = bed.run(&["abandon", planned["run"].as_str().unwrap()]).exits(0);
    assert_eq!(abandoned, serde_json::json!({"abandoned": planned["run"]}));
    bed.run(&["abandon", planned["run"].as_str().unwrap()]).fails(1, "not-found");
    let first = bed.run(&["sync"]).exits(0);
    let again = bed.run(&["sync"]).exits(0);
    let asked = bed.control().counts().values().map(|count| count.calls).sum::<u64>();
    let history = bed.run(&["sync", "--history"]).exits(0);
    let runs: Vec<(&str, &str)> = history["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| (run["outcome"].as_str().unwrap(), run["run"].as_str().unwrap()))
        .collect();
    assert_eq!(runs[0], ("complete", again["run"].as_str().unwrap()));
    assert_eq!(runs[1], ("complete", first["run"].as_str().unwrap()));
    assert_eq!((runs[2].0, runs.len()), ("abandoned", 3));
    let report = &again["report"];
    assert_eq!(&history["runs"][0], report);
    for figure in ["bytes_in", "peak_memory", "vendor_calls"] {
        assert!(report[figure].as_u64().unwrap() > 0, "{figure}: {report}");
    }
    assert_eq!((&report["downloads"], &report["phases"][0]["phase"]), (&0.into(), &"scope".into()));

    let table = text(&bed, &["sync", "--history"]);
    assert_eq!(table.lines().count(), 4, "a heading and a line for each run: {table}");
    for words in ["已放弃 abandoned", "完成 complete", "+22 ~0 -0", "walk"] {
        assert!(table.contains(words), "{words} is missing: {table}");
    }
    assert_eq!(bed.control().counts().values().map(|count| count.calls).sum::<u64>(), asked);
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
    let blocked = bed.run(&["sync"]).exits(1);
    let (run, error) = (blocked["run"].as_str().unwrap(), &blocked["error"]);
    assert_eq!((&blocked["state"], &error["reason"]), (&"blocked".into(), &"mass-removal-blocked".into()));
    let removal = serde_json::json!({"members": 8, "members_total": 22, "departments": 0, "departments_total": 6});
    assert_eq!((&error["removal"], &error["run"]), (&removal, &blocked["run"]));
    let shown = text(&bed, &["sync"]);
    for words in [
        "would remove 8 of 22 members",
        "org-harness plan",
        &format!("org-harness sync --approve {run}"),
        &format!("org-harness abandon {run}"),
    ] {
        assert!(shown.contains(words), "{words} is missing: {shown}");
    }
    let overview = bed.run(&["overview"]).exits(0);
    assert_eq!((&overview["blocked"], &overview["current_run"]["run"]), (&removal, &blocked["run"]));
    bed.run(&["sync", "--approve", "no-run"]).fails(1, "not-found");
    bed.run(&["repair", run]).fails(1, "conflict");
    // What nobody has seen cannot be approved: a run that is under way is not stopped.
    bed.run(&["abandon", run]).exits(0);
    block(&bed);
    let under_way = bed.run(&["sync", "--max-wait", "0s"]).exits(1);
    bed.run(&["sync", "--approve", under_way["run"].as_str().unwrap()]).fails(1, "conflict");
    bed.run(&["abandon", under_way["run"].as_str().unwrap()]).exits(0);
    bed.control().clear_faults();
    let blocked = bed.run(&["sync"]).exits(1);
    let run = blocked["run"].as_str().unwrap();
    let plan = bed.run(&["plan"]).exits(0);
    let kinds: Vec<&str> =
        plan["changes"].as_array().unwrap().iter().map(|change| change["kind"].as_str().unwrap()).collect();
    // Who leads a department and is out of sight leads it no more.
    assert_eq!(kinds, [&["department-updated"; 1][..], &["member-left-range"; 8]].concat());
    let done = bed.run(&["sync", "--approve", run]).exits(0);
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
    bed.run(&["abandon", waiting["run"].as_str().unwrap()]).exits(0);
    let held = bed.run(&["sync", "--max-wait", "0s"]).exits(1);
    assert_eq!((&held["state"], &held["resumed"]), (&"waiting".into(), &false.into()), "the next run waits as well");
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

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_forgets_the_copy_when_it_is_meant() {
    let bed = Bed::new().await;
    bed.run(&["sync"]).exits(0);
    let cursor = bed.run(&["changes"]).exits(0)["cursor"].as_str().unwrap().to_owned();
    bed.run(&["reset"]).fails(2, "usage");
    assert_eq!(bed.run(&["reset", "--yes"]).exits(0), serde_json::json!({"reset": true}));
    let overview = bed.run(&["overview"]).exits(0);
    assert_eq!((&overview["members"]["active"], &overview["departments"]), (&0.into(), &0.into()));
    bed.run(&["changes", "--after", &cursor]).fails(1, "cursor-expired");
    assert_eq!(bed.run(&["sync"]).exits(0)["members"]["added"], 22);
}
