//! What happens between two calls of one run: another configuration, a refresh, a death. Nothing of it is written under
//! the wrong name, lost, or begun for ever.

use std::time::Duration;

use organisation_host::{contract::directory::SyncStep, reason_name};
use serde_json::json;
use system_tests::{
    Setting, Stage,
    sync::{APPROVING, Caller, PLAIN, PLANNING},
};
use wecom_simulator::{Effect, Fault, When, demo};

#[tokio::test]
async fn a_plan_is_not_carried_out_under_another_configuration() {
    for (name, config, ends) in [
        ("another corp", json!({ "corpId": "ww0000000000000001" }), "paused credentials-refused"),
        ("another app", json!({ "agentId": 7 }), "paused"),
        ("other fields", json!({ "sync": { "fields": ["name"] } }), "complete"),
        ("the same", json!({}), "complete"),
    ] {
        let stage = Stage::demo().await;
        let Ok(SyncStep::Planned(plan)) = stage.sync(&PLANNING).await else { panic!("{name}") };
        let other = stage.reconfigured(&config);
        let ended = match stage.sync_of(&other, &PLAIN).await {
            Ok(SyncStep::Complete(report)) => {
                assert_eq!(report.run == plan.run, name == "the same", "{name}");
                "complete".to_owned()
            }
            Ok(SyncStep::Paused(pause)) => format!("paused {}", reason_name(&pause.error.reason)),
            other => panic!("{name}: {other:?}"),
        };
        assert!(ended.starts_with(ends), "{name}: {ended}");
        let copy = stage.copy().await;
        assert_eq!(copy.members.is_empty(), ends != "complete", "{name}: somebody else's plan was written");
        let has_position = copy.members.values().any(|member| member.position.is_some());
        assert_eq!(has_position, name == "the same", "{name}: a field that is not to be stored was");
    }
}

#[tokio::test]
async fn members_refreshed_during_the_first_sync_are_not_missing_from_it() {
    let stage = Stage::demo().await;
    stage.control.inject(Fault::of("user/list", When::Nth(6), Effect::Code(45009)));
    let Ok(SyncStep::Wait(waiting)) = stage.step(&PLAIN).await else { panic!() };
    let ids: Vec<String> = stage.control.truth(wecom_simulator::DEMO_AGENT_ID).unwrap().members.into_keys().collect();
    stage.advance(Duration::from_millis(5));
    for id in &ids {
        drop(stage.heard(stage.element.sync_member(id)).await);
    }
    let calls = stage.control.count("user/get").calls;
    stage.advance_to(waiting.not_before);
    let report = stage.complete(&PLAIN).await;
    assert_eq!(report.members.left_range, 0);
    assert!(stage.control.count("user/get").calls <= calls + 6, "who was met is not asked about again");
    stage.assert_exact().await;
}

#[tokio::test]
async fn scope_may_take_longer_than_a_lease() {
    // In earnest: the host's time, not the stage's, says how long a request takes.
    let stage = Setting::new(demo()).real_time().start().await;
    for api in ["gettoken", "agent/get", "department/list"] {
        stage.control.inject(Fault::of(api, When::Nth(1), Effect::Delay(Duration::from_millis(4_500))));
    }
    let report = stage.complete(&Caller { ..APPROVING }).await;
    assert_eq!(report.members.added, 22, "13 seconds without anything to write, and nobody else at work");
    stage.assert_exact().await;
}
