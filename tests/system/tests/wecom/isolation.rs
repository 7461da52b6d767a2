//! Tenants on one host and one storage do not see, name or disturb each other.

use std::time::Duration;

use organisation_host::{CallError, Element, Limits, contract::login::Entry};
use serde_json::json;
use system_tests::{
    Copy, Setting, Stage,
    copy::EVERYBODY,
    stage::{ELEMENT, Store, TENANT},
    sync::{PLAIN, PLANNING},
};
use wecom_simulator::{DEMO_AGENT_ID, demo};

/// The stage's own element, and neighbours that share its host, its storage, and one of its two names or none.
fn neighbours(stage: &Stage) -> [Element; 3] {
    [("globex", ELEMENT), (TENANT, "another"), ("globex", "another")].map(|names| stage.element_of(names, &json!({})))
}

#[tokio::test]
async fn the_same_names_in_another_tenant_are_another_element() {
    for store in [Store::Memory, Store::Sqlite] {
        let stage = Setting::new(demo()).store(store).start().await;
        stage.complete(&PLAIN).await;
        let own = stage.copy().await;
        for neighbour in neighbours(&stage) {
            assert_eq!(stage.copy_of(&neighbour).await, Copy::default(), "{:?}", neighbour.scope());
            assert!(stage.heard(neighbour.find_member("lisi")).await.is_err());
            assert!(stage.changes_of(&neighbour).await.is_empty());
            assert_eq!(stage.storage.usage(neighbour.scope()).await.unwrap().items, 0);
        }
        // Both sync, at different times, to different copies; neither feels the other.
        let [neighbour, ..] = neighbours(&stage);
        stage.control.change(|corp| corp.update_member("lisi", |person| person.name = "别人".to_owned())).unwrap();
        assert!(stage.sync_of(&neighbour, &PLAIN).await.is_ok());
        let name = async |element: &Element| stage.heard(element.find_member("lisi")).await.unwrap().name;
        assert_eq!((name(&stage.element).await, name(&neighbour).await), ("李四".to_owned(), "别人".to_owned()));
        assert_eq!(stage.copy().await, own);
        let acknowledged = stage.heard(neighbour.changes(None, 200)).await.unwrap().cursor;
        stage.heard(neighbour.acknowledge(&acknowledged)).await.unwrap();
        assert_eq!(stage.changes().await.len(), own.members.len() + own.departments.len(), "the own feed is whole");
        // What one gives up is gone for one only.
        stage.storage.delete_scope(neighbour.scope()).await.unwrap();
        assert_eq!(stage.copy_of(&neighbour).await, Copy::default());
        assert_eq!(stage.copy().await, own);
    }
}

#[tokio::test]
async fn a_sign_in_of_one_tenant_cannot_be_finished_by_another() {
    let stage = Stage::demo().await;
    let [neighbour, ..] = neighbours(&stage);
    let arrival = stage.arrive(Entry::Browser, "lisi").await;
    let error = stage.heard(neighbour.exchange_code(&arrival.request())).await.unwrap_err();
    assert_eq!(organisation_host::reason_name(&error.reason), "login-rejected");
    stage.exchange(&arrival).await.unwrap();
    let error = stage.heard(neighbour.exchange_code(&arrival.request())).await.unwrap_err();
    assert_eq!(organisation_host::reason_name(&error.reason), "login-rejected", "the outcome is not shared either");
    assert_eq!(stage.control.count("auth/getuserinfo").calls, 1);
}

#[tokio::test]
async fn a_refused_credential_of_one_tenant_is_no_refusal_of_another() {
    let stage = Stage::demo().await;
    let wrong = stage.element_of(("globex", ELEMENT), &json!({ "secret": "a-wrong-secret-of-another-tenant" }));
    assert!(stage.heard(wrong.sync_member("lisi")).await.is_err());
    assert!(stage.heard(stage.element.sync_member("lisi")).await.is_ok());
    assert!(stage.heard(wrong.sync_member("lisi")).await.is_err());
    stage.assert_discreet(&["a-wrong-secret-of-another-tenant"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_is_ended_disturbs_nobody_elses() {
    let stage = Stage::demo().await;
    stage.control.configure(|behaviour| behaviour.latency = Duration::from_millis(30));
    let [neighbour, ..] = neighbours(&stage);
    let limits = [Limits::default().memory_bytes(1 << 20), Limits::default().host_calls(3)];
    let squeezed = limits.map(|limits| neighbour.with_limits(limits));
    let violent = async {
        let mut ended = 0;
        for _ in 0..3 {
            for element in &squeezed {
                let failed = element.check_connection().reported().await.unwrap_err();
                assert!(matches!(failed.error, CallError::Limit { .. }), "{failed}");
                assert!(failed.to_string().contains("globex"), "it says whose call it was: {failed}");
                ended += 1;
            }
        }
        ended
    };
    let (ended, peaceful) = tokio::join!(violent, stage.sync(&PLAIN));
    assert_eq!(ended, 6);
    peaceful.unwrap();
    stage.assert_exact().await;
    // And the neighbour's own next call works as well.
    stage.heard(neighbour.check_connection()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tenants_work_at_once() {
    let stage = Stage::demo().await;
    let names: Vec<String> = (0..8).map(|number| format!("tenant-{number}")).collect();
    let elements: Vec<Element> = names.iter().map(|name| stage.element_of((name, ELEMENT), &json!({}))).collect();
    let syncs = elements.iter().map(|element| stage.sync_of(element, &PLAIN));
    for outcome in futures_util::future::join_all(syncs).await {
        outcome.unwrap();
    }
    let first = stage.copy_of(&elements[0]).await;
    assert_eq!(first.members.len(), 22);
    for element in &elements {
        assert_eq!(stage.copy_of(element).await, first);
    }
    // One directory per element: a dry run of one leaves no trace in the next.
    stage.control.change(|corp| corp.remove_member("lisi")).unwrap();
    stage.sync_of(&elements[1], &PLANNING).await.unwrap();
    assert_eq!(stage.members_of(&elements[1], &EVERYBODY).await.len(), 22);
    assert!(stage.control.truth(DEMO_AGENT_ID).unwrap().members.len() == 21);
}
