//! Calls at the same time, on one host and on two: they share what the vendor is asked, and none loses the later word.

use std::time::Duration;

use futures_util::future::join_all;
use organisation_host::{
    Element,
    contract::{
        directory::SyncStep,
        login::{Entry, Exchange},
    },
};
use system_tests::{Company, Setting, Stage, TestVendor, sign_in::entering, stage::Store, sync::PLAIN};

for_each_vendor! {
    on two threads:
    concurrent_callbacks_share_one_vendor_call,
    calls_on_two_hosts_at_once_fetch_one_token,
    many_that_are_refused_a_token_at_once_renew_it_once,
    syncs_side_by_side_work_one_after_the_other,
    refreshes_beside_a_sync_never_lose_the_later_word,
}

async fn concurrent_callbacks_share_one_vendor_call<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.control.delay(Duration::from_millis(20));
    let arrival = stage.arrive_from(&entering(Entry::Browser), "lisi").await;
    let elsewhere = stage.elsewhere().await;
    let request = arrival.request();
    let calls =
        [&stage.element, &elsewhere, &stage.element, &elsewhere].map(|one| one.exchange_code(&request).reported());
    let outcomes: Vec<Exchange> =
        join_all(calls).await.into_iter().map(|one| stage.note_answer(one).unwrap()).collect();
    assert!(outcomes.iter().all(|outcome| *outcome == outcomes[0]), "{outcomes:#?}");
    assert_eq!(stage.control.code_calls(), 1);
}

async fn calls_on_two_hosts_at_once_fetch_one_token<V: TestVendor>() {
    for store in [Store::Memory, Store::Sqlite] {
        // A store looks for what other processes wrote at an interval of its own clock: so that has to run.
        let stage = Setting::<V>::of(&Company::sample()).real_time().store(store).start().await;
        stage.control.delay(Duration::from_millis(20));
        let elsewhere = stage.elsewhere().await;
        let members = ["lisi", "wangwu", "zhaoliu", "sunqi", "zhouba", "wujiu"];
        let calls = members
            .iter()
            .flat_map(|id| [stage.element.sync_member(id).reported(), elsewhere.sync_member(id).reported()]);
        for outcome in join_all(calls).await {
            stage.note_answer(outcome).unwrap();
        }
        assert_eq!(stage.control.token_calls(), 1, "{store:?}");
        stage.assert_discreet(&[]);
    }
}

async fn many_that_are_refused_a_token_at_once_renew_it_once<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.control.delay(Duration::from_millis(10));
    stage.heard(stage.element.sync_member("lisi")).await.unwrap();
    stage.control.revoke_tokens();
    let calls = ["lisi", "wangwu", "zhaoliu", "sunqi", "zhouba"].map(|id| stage.element.sync_member(id).reported());
    for outcome in join_all(calls).await {
        stage.note_answer(outcome).unwrap();
    }
    assert_eq!(stage.control.token_calls(), 2);
    // A sync that meets it in its middle goes on as well.
    stage.control.revoke_tokens();
    stage.complete(&PLAIN).await;
    assert_eq!(stage.control.token_calls(), 3);
    stage.assert_exact().await;
    stage.assert_discreet(&[]);
}

async fn syncs_side_by_side_work_one_after_the_other<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(80, 20)).start().await;
    stage.control.delay(Duration::from_millis(3));
    let elsewhere = stage.elsewhere().await;
    let drive = async |element: &Element| {
        // A host calls again until its run is complete; two hosts do that at once.
        stage.note_answer(PLAIN.call(element).await)
    };
    let outcomes = join_all([&stage.element, &elsewhere, &stage.element].map(drive)).await;
    for outcome in outcomes {
        assert!(matches!(outcome, Ok(SyncStep::Complete(_))), "{outcome:?}");
    }
    assert_eq!(stage.changes().await.len(), 80 + 20, "each row was added by one of them");
    stage.assert_exact().await;
}

async fn refreshes_beside_a_sync_never_lose_the_later_word<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(120, 20)).real_time().start().await;
    stage.complete(&PLAIN).await;
    stage.control.delay(Duration::from_millis(2));
    for round in 0..4 {
        let ids: Vec<String> = stage.copy().await.present().into_keys().take(12).collect();
        ids.iter().for_each(|id| stage.control.promote(id, &format!("职位{round}")));
        let refreshes = join_all(ids.iter().map(|id| stage.element.sync_member(id).reported()));
        let (sync, refreshed) = tokio::join!(PLAIN.call(&stage.element), refreshes);
        assert!(matches!(stage.note_answer(sync), Ok(SyncStep::Complete(_))));
        for outcome in refreshed {
            stage.note_answer(outcome).unwrap();
        }
        stage.assert_exact().await;
    }
}
