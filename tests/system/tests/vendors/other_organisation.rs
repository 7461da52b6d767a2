//! The copy of one organisation is shown to nobody who is configured for another.

use std::time::Duration;

use organisation_host::{
    contract::{
        directory::{Goal, Report, Strategy, SyncStep},
        element::{Aspect, Status},
        login::Entry,
        types::{Reason, RemovalCounts},
    },
    reason_name,
};
use system_tests::{
    Stage, TestVendor,
    copy::{EVERYBODY, EVERYWHERE},
    sign_in::entering,
    sync::{PLAIN, PLANNING},
};

for_each_vendor! {
    every_reader_and_writer_refuses_the_copy_of_another_organisation,
    a_sign_in_does_not_pass_from_one_organisation_to_another,
}

async fn every_reader_and_writer_refuses_the_copy_of_another_organisation<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    stage.control.promote("lisi", "总监");
    let Ok(SyncStep::Planned(Report { run, .. })) = stage.sync(&PLANNING).await else { panic!() };
    let nobody = RemovalCounts { members: 0, members_total: 0, departments: 0, departments_total: 0 };
    let before = (stage.copy().await, stage.changes().await, stage.stored("directory/").await);
    let other = stage.reconfigured(&V::other_organisation());
    for (call, refused) in [
        ("begin", stage.heard(other.begin(&Strategy::Automatic)).await.map(drop)),
        ("advance", stage.heard(other.advance(&run, Goal::Complete)).await.map(drop)),
        ("advance to the plan", stage.heard(other.advance(&run, Goal::Plan)).await.map(drop)),
        ("approve", stage.heard(other.approve(&run, nobody)).await),
        ("abandon", stage.heard(other.abandon(&run)).await),
        ("repair", stage.heard(other.repair(&run)).await.map(drop)),
        ("plan", stage.heard(other.plan(None, 10)).await.map(drop)),
        ("history", stage.heard(other.history()).await.map(drop)),
        ("overview", stage.heard(other.overview()).await.map(drop)),
        ("departments", stage.heard(other.departments(&EVERYWHERE, None, 10)).await.map(drop)),
        ("members", stage.heard(other.members(&EVERYBODY, None, 10)).await.map(drop)),
        ("find-members", stage.heard(other.find_members(&["lisi".to_owned()])).await.map(drop)),
        ("find-member", stage.heard(other.find_member("lisi")).await.map(drop)),
        ("find-department", stage.heard(other.find_department(&V::unit_id(21))).await.map(drop)),
        ("changes", stage.heard(other.changes(None, 10)).await.map(drop)),
        ("acknowledge", stage.heard(other.acknowledge("c1")).await),
    ] {
        let error = refused.expect_err(call);
        assert_eq!(reason_name(&error.reason), "conflict", "{call}: {error:?}");
        assert!(error.hint.is_some(), "{call}: {error:?}");
    }
    // These ask the vendor first, who does not know the other organisation.
    stage.heard(other.sync_member("lisi")).await.unwrap_err();
    stage.heard(other.sync_department(&V::unit_id(21))).await.unwrap_err();
    let verdicts = stage.heard(other.check_connection()).await.unwrap();
    let credentials = verdicts.iter().find(|verdict| verdict.aspect == Aspect::Credentials).unwrap();
    assert_eq!(credentials.status, Status::Failed, "{credentials:?}");
    let own = stage.overview().await.organisation_id.unwrap();
    assert!(format!("{credentials:?}").contains(&own), "whose copy it is: {credentials:?}");

    assert_eq!((stage.copy().await, stage.changes().await, stage.stored("directory/").await), before);
    stage.complete(&PLAIN).await;
    stage.assert_exact().await;
}

async fn a_sign_in_does_not_pass_from_one_organisation_to_another<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    let other = stage.reconfigured(&V::other_organisation());
    let arrival = stage.arrive_from(&entering(Entry::Browser), "lisi").await;
    let calls = stage.vendor_calls();
    let error = stage.heard(other.exchange_code(&arrival.request())).await.unwrap_err();
    assert_eq!(error.reason, Reason::LoginRejected);
    assert_eq!(stage.vendor_calls(), calls, "the code is not shown to the other organisation");
    // Nor is an outcome handed from one to the other.
    stage.exchange(&arrival).await.unwrap();
    stage.advance(Duration::from_secs(1));
    let error = stage.heard(other.exchange_code(&arrival.request())).await.unwrap_err();
    assert_eq!(error.reason, Reason::LoginRejected);
}
