//! Waits, and the clocks by which hosts keep them.

use std::time::Duration;

use organisation_host::contract::directory::{Goal, Strategy, SyncStep};
use second_vendor::{Answer, Control, Route};
use system_tests::{Company, Setting, Stage, TestVendor, sync::PLAIN};

for_each_vendor! {
    a_host_whose_clock_is_hours_ahead_holds_nobody_up,
}

async fn a_host_whose_clock_is_hours_ahead_holds_nobody_up<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(30, 6)).start().await;
    let ahead = stage.elsewhere_ahead(Duration::from_secs(2 * 60 * 60)).await;
    stage.control.slow_down(2);
    let Ok(SyncStep::Wait(waiting)) = stage.step_of(&ahead, &PLAIN).await else { panic!() };
    assert!(waiting.not_before > stage.control.now() + 7_000_000);
    // What it has begun, and what it was told, is dated in hours: neither is believed.
    let begun = stage.heard(stage.element.begin(&Strategy::Automatic)).await.unwrap();
    assert!(!begun.joined && begun.progress.run != waiting.progress.run);
    let step = stage.heard(stage.element.advance(&begun.progress.run, Goal::Complete)).await.unwrap();
    assert!(matches!(step, SyncStep::Complete(_)), "{step:?}");
    stage.assert_exact().await;
    // Nor what it has read.
    stage.control.promote("member00001", "总监");
    assert!(matches!(stage.sync_of(&ahead, &PLAIN).await, Ok(SyncStep::Complete(_))));
    stage.control.promote("member00001", "主席");
    assert_eq!(stage.complete(&PLAIN).await.members.updated, 1);
    stage.assert_exact().await;
}

#[tokio::test]
async fn a_vendor_that_wants_hours_is_left_alone_for_hours() {
    const HOURS: Duration = Duration::from_secs(3 * 60 * 60);
    let stage = Stage::<Control>::sample().await;
    stage.control.answer_nth(Route::People, 1, Answer::slow_down(HOURS.as_secs()));
    let Ok(SyncStep::Wait(waiting)) = stage.step(&PLAIN).await else { panic!() };
    let calls = stage.vendor_calls();
    for minutes in [11, 60, 100] {
        stage.advance(Duration::from_secs(minutes * 60));
        let Ok(SyncStep::Wait(still)) = stage.step(&PLAIN).await else { panic!() };
        assert_eq!((still.not_before, stage.vendor_calls()), (waiting.not_before, calls));
    }
    stage.advance_to(waiting.not_before);
    stage.complete(&PLAIN).await;
    stage.assert_exact().await;
}
