//! Hosts run the component in the version that they have. What one version left behind ends for no other without a word,
//! and nobody takes a run from a newer version that may be at work on it.

use std::time::Duration;

use organisation_host::{
    contract::{
        directory::{Goal, Report, RunOutcome, Strategy, SyncStep},
        types::Reason,
    },
    storage::{ApplyOutcome, Op},
};
use serde_json::{Value, json};
use system_tests::{
    Stage, TestVendor,
    sync::{PLAIN, PLANNING},
};

for_each_vendor! {
    a_run_of_an_older_version_ends_with_a_report,
    a_run_of_a_newer_version_is_left_alone_for_an_hour,
    a_written_run_of_another_version_can_be_repaired,
}

/// A run that another version of the component brought to its plan, with a member to be updated.
async fn planned_by<V: TestVendor>(format: u32) -> (Stage<V>, String) {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    stage.control.promote("lisi", "总监");
    let Ok(SyncStep::Planned(Report { run, .. })) = stage.sync(&PLANNING).await else { panic!() };
    let mut stored: Value = serde_json::from_str(&stage.stored("directory/run").await[0].value).unwrap();
    stored["format"] = json!(format);
    stored["phase"] = json!("of another version");
    let outcome = stage.storage.apply(stage.element.scope(), vec![Op::put("directory/run", stored.to_string())]).await;
    assert!(matches!(outcome, Ok(ApplyOutcome::Applied(_))), "{outcome:?}");
    (stage, run)
}

/// Whatever its version, and however long nobody has worked on it: what `abandon` leaves to `repair`, `repair` does.
async fn a_written_run_of_another_version_can_be_repaired<V: TestVendor>() {
    for (format, passed) in [(1, 0), (1_000, 0), (1_000, 2 * 60 * 60)] {
        let (stage, run) = planned_by::<V>(format).await;
        let mut stored: Value = serde_json::from_str(&stage.stored("directory/run").await[0].value).unwrap();
        stored["is_writing"] = json!(true);
        stage.storage.apply(stage.element.scope(), vec![Op::put("directory/run", stored.to_string())]).await.unwrap();
        stage.advance(Duration::from_secs(passed));
        let refused = stage.heard(stage.element.abandon(&run)).await.unwrap_err();
        assert_eq!(refused.reason, Reason::Conflict, "format {format} after {passed} s: {refused:?}");
        let report = stage.heard(stage.element.repair(&run)).await.unwrap();
        assert_eq!(report.outcome, RunOutcome::Repaired, "format {format} after {passed} s");
        assert_eq!(stage.complete(&PLAIN).await.members.updated, 1);
        stage.assert_exact().await;
    }
}

async fn assert_next_run_tells_of<V: TestVendor>(stage: &Stage<V>, run: &str) {
    assert_eq!(stage.complete(&PLAIN).await.members.updated, 1);
    let history = stage.heard(stage.element.history()).await.unwrap();
    let given_up = history.iter().find(|report| report.run == run).unwrap();
    assert_eq!(given_up.outcome, RunOutcome::Abandoned);
    assert!(given_up.notes.iter().any(|note| note.contains("another version")), "{given_up:?}");
    assert_eq!(stage.stored("directory/r/").await.len(), 0, "no scratch is left");
    stage.assert_exact().await;
}

async fn a_run_of_an_older_version_ends_with_a_report<V: TestVendor>() {
    let (stage, run) = planned_by::<V>(1).await;
    assert_next_run_tells_of(&stage, &run).await;
}

async fn a_run_of_a_newer_version_is_left_alone_for_an_hour<V: TestVendor>() {
    let (stage, run) = planned_by::<V>(1_000).await;
    let before = stage.stored("directory/").await;
    stage.advance(Duration::from_secs(59 * 60));
    for (name, answer) in [
        ("begin", stage.heard(stage.element.begin(&Strategy::Automatic)).await.map(drop)),
        ("advance", stage.heard(stage.element.advance(&run, Goal::Complete)).await.map(drop)),
    ] {
        let error = answer.unwrap_err();
        assert_eq!(error.reason, Reason::Conflict, "{name}");
        assert!(error.message.contains(&run) && error.hint.unwrap().contains("newer version"), "{name}");
    }
    assert_eq!(stage.stored("directory/").await, before);
    stage.advance(Duration::from_secs(60));
    assert_next_run_tells_of(&stage, &run).await;
}
