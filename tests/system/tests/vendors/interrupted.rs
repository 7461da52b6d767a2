//! Syncs that are cut off, squeezed, raced and moved to another process end as if nothing had happened.

use std::time::Duration;

use organisation_host::{
    CallError, Limits,
    contract::{directory::SyncStep, types::Reason},
};
use system_tests::{
    Company, Copy, Setting, Stage, TestVendor,
    company::{Person, Unit},
    fuse::Cut,
    stage::{LEASES_OVER, Store},
    sync::{APPROVING, PLAIN, PLANNING},
};

for_each_vendor! {
    a_sync_killed_before_any_operation_goes_on,
    a_sync_killed_after_any_operation_goes_on,
    a_sync_on_a_file_goes_on_after_a_death,
    a_dry_run_killed_at_any_operation_goes_on,
    a_run_moves_from_process_to_process,
    small_limits_end_in_more_and_then_in_the_same_copy,
    a_dry_run_ends_however_little_a_call_may_do,
    limits_that_break_a_call_off_cost_no_more_than_its_work,
    a_call_that_meets_another_at_work_ends_in_conflict_when_it_has_no_time,
    a_holder_that_comes_back_late_can_write_nothing_more,
    a_run_that_is_given_up_is_begun_anew,
    a_holder_of_the_token_that_dies_holds_nobody_up_for_longer_than_its_lease,
}

/// What happens to the sample company between two syncs: each kind of change once.
fn reorganise<V: TestVendor>(vendor: &V) {
    vendor.add_person(&Person::new("Neu", "新人", 21));
    vendor.promote("lisi", "总监");
    vendor.take_away("wujiu");
    vendor.resign("sunqi");
    vendor.add_unit(&Unit::new(24, "算法组", 2));
    vendor.rename_unit(22, "移动部");
}

/// Cuts one sync off at every operation, in turn, and goes on each time.
async fn cut_everywhere<V: TestVendor>(store: Store, cut: Cut, every: usize) {
    let mut deaths = 0;
    for operations in (0..).step_by(every) {
        let stage = Setting::<V>::of(&Company::sample()).store(store).start().await;
        stage.complete(&PLAIN).await;
        reorganise(&stage.control);
        stage.advance(Duration::from_secs(60));
        stage.fuse.arm(operations, cut);
        let answer = stage.fuse.watch(APPROVING.call(&stage.element)).await;
        stage.fuse.mend();
        let Some(answer) = answer else {
            deaths += 1;
            // What a reader sees in between is torn in no place: the feed replays to the copy.
            let copy = stage.copy().await;
            assert_eq!(Copy::replayed(&stage.changes().await), copy, "{cut:?} {operations}");
            stage.advance(LEASES_OVER);
            stage.complete(&APPROVING).await;
            stage.assert_exact().await;
            continue;
        };
        assert!(matches!(stage.note_answer(answer), Ok(SyncStep::Complete(_))));
        assert!(deaths > 10, "only {deaths} deaths: the sync has more operations than that");
        return;
    }
}

async fn a_sync_killed_before_any_operation_goes_on<V: TestVendor>() {
    cut_everywhere::<V>(Store::Memory, Cut::Before, 1).await;
}

async fn a_sync_killed_after_any_operation_goes_on<V: TestVendor>() {
    cut_everywhere::<V>(Store::Memory, Cut::After, 1).await;
}

async fn a_sync_on_a_file_goes_on_after_a_death<V: TestVendor>() {
    cut_everywhere::<V>(Store::Sqlite, Cut::After, 5).await;
}

async fn a_dry_run_killed_at_any_operation_goes_on<V: TestVendor>() {
    for operations in 0.. {
        let stage = Setting::<V>::of(&Company::sized(20, 4)).start().await;
        stage.fuse.arm(operations, Cut::After);
        let answer = stage.fuse.watch(PLANNING.call(&stage.element)).await;
        stage.fuse.mend();
        if answer.is_some() {
            assert!(operations > 10, "only {operations} deaths");
            return;
        }
        stage.advance(LEASES_OVER);
        // The run goes on, and nothing is fetched twice.
        let before = stage.overview().await.current_run.map(|progress| progress.run);
        let Ok(SyncStep::Planned(plan)) = stage.sync(&PLANNING).await else { panic!("{operations}") };
        if let Some(before) = before {
            assert_eq!(plan.run, before, "{operations}");
        }
        stage.complete(&PLAIN).await;
        stage.assert_exact().await;
    }
}

async fn a_run_moves_from_process_to_process<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(120, 30)).store(Store::Sqlite).start().await;
    // Some lists are refused, and after each wait another process goes on, with its own handle on the file.
    [3, 9, 20].into_iter().for_each(|nth| stage.control.slow_down(nth));
    let mut processes = 0;
    let report = loop {
        processes += 1;
        let process = stage.elsewhere().await;
        match stage.step_of(&process, &PLAIN).await.unwrap() {
            SyncStep::Complete(report) => break report,
            SyncStep::Wait(waiting) => stage.advance_to(waiting.not_before),
            SyncStep::More(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(processes > 2, "{processes}");
    assert!(report.advances >= 3 && report.waits >= 2, "{report:?}");
    stage.assert_exact().await;
}

async fn small_limits_end_in_more_and_then_in_the_same_copy<V: TestVendor>() {
    for (name, limits, takes_several) in [
        ("twenty requests", Limits::default().requests(20), Some(true)),
        // Less than a step may need is left from the first answer on.
        ("32 MB of answers", Limits::default().bytes_in((32 << 20) + 1), Some(true)),
        // How far thirteen seconds reach is the machine's business.
        ("thirteen seconds", Limits::default().wall_ms(13_000), None),
        // Less than a step may need is left from the beginning.
        ("three hundred host calls", Limits::default().host_calls(300), Some(true)),
        ("half a second of CPU", Limits::default().cpu_ms(500), Some(true)),
        ("one request at a time", Limits::default().parallel(1), Some(false)),
    ] {
        let stage = Setting::<V>::of(&Company::sized(150, 40)).limits(limits).start().await;
        let mut calls = 0;
        loop {
            calls += 1;
            match stage.step(&PLAIN).await.unwrap() {
                SyncStep::More(progress) => assert!(!progress.run.is_empty() && progress.done <= progress.total),
                SyncStep::Complete(report) => {
                    assert_eq!(report.advances, calls, "{name}");
                    break;
                }
                other => panic!("{name}: {other:?}"),
            }
            assert!(calls < 1_000, "{name}: no end");
        }
        if let Some(takes_several) = takes_several {
            assert_eq!(calls > 1, takes_several, "{name}: {calls} calls");
        }
        stage.assert_exact().await;
    }
}

async fn a_dry_run_ends_however_little_a_call_may_do<V: TestVendor>() {
    for limits in
        [Limits::default().requests(13), Limits::default().wall_ms(11_000), Limits::default().bytes_in(30 << 20)]
    {
        let stage = Setting::<V>::of(&Company::sample()).limits(limits.clone()).start().await;
        let Ok(SyncStep::Planned(plan)) = stage.sync(&PLANNING).await else { panic!("{limits:?}") };
        let Ok(SyncStep::Planned(again)) = stage.sync(&PLANNING).await else { panic!("{limits:?}") };
        assert_eq!(plan.run, again.run, "who asks again is shown the same plan");
        assert_eq!(stage.complete(&PLAIN).await.run, again.run);
        stage.assert_exact().await;
    }
}

async fn limits_that_break_a_call_off_cost_no_more_than_its_work<V: TestVendor>() {
    for (name, limits, hangs_after, kind) in [
        ("host calls", Limits::default().host_calls(8), i64::MAX, "host-calls"),
        // A store that hangs: a vendor that does is given up a little before the call's end.
        ("wall clock", Limits::default().wall_ms(100), 3, "wall-ms"),
    ] {
        let stage = Setting::<V>::of(&Company::sized(100, 8)).start().await;
        stage.fuse.arm(hangs_after, Cut::Before);
        let failed = PLAIN.call(&stage.element.with_limits(limits)).await.expect_err(name);
        stage.fuse.mend();
        stage.note_failed(&failed);
        let CallError::Limit { exceeded, .. } = &failed.error else { panic!("{name}: {failed}") };
        assert_eq!(exceeded.limit.as_str(), kind, "{name}");
        stage.advance(LEASES_OVER);
        stage.complete(&PLAIN).await;
        stage.assert_exact().await;
        stage.assert_discreet(&[]);
    }
}

async fn a_call_that_meets_another_at_work_ends_in_conflict_when_it_has_no_time<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sample()).real_time().start().await;
    stage.fuse.arm(20, Cut::Before);
    let hurried = stage.element.with_limits(Limits::default().wall_ms(800));
    let holder = PLAIN.call(&stage.element);
    tokio::pin!(holder);
    // The holder hangs in its work and keeps its lease.
    assert!(stage.fuse.watch(&mut holder).await.is_none());
    stage.fuse.mend();
    let error = stage.note_answer(PLAIN.call(&hurried).await).unwrap_err();
    assert_eq!(error.reason, Reason::Conflict);
    assert!(error.retry_after_ms.is_some() && error.hint.is_some(), "{error:?}");
}

async fn a_holder_that_comes_back_late_can_write_nothing_more<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.fuse.arm(20, Cut::Before);
    let holder = PLAIN.call(&stage.element);
    tokio::pin!(holder);
    assert!(stage.fuse.watch(&mut holder).await.is_none());
    stage.fuse.mend();
    stage.advance(LEASES_OVER);
    // Another call takes over and finishes, while the first still believes that it works.
    stage.complete(&PLAIN).await;
    stage.fuse.resume();
    let error = stage.note_answer(holder.await).unwrap_err();
    assert_eq!(error.reason, Reason::Conflict, "{error:?}");
    stage.assert_exact().await;
}

async fn a_run_that_is_given_up_is_begun_anew<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(60, 20)).start().await;
    stage.control.slow_down(8);
    let Ok(SyncStep::Wait(waiting)) = stage.step(&PLAIN).await else { panic!() };
    let lists = stage.control.list_calls();
    // The vendor's wait holds whoever comes next, so that beginning anew cannot hammer it.
    stage.abandon().await;
    let Ok(SyncStep::Wait(still)) = stage.step(&PLAIN).await else { panic!() };
    assert_eq!(still.not_before, waiting.not_before);
    stage.advance_to(waiting.not_before);
    let Ok(SyncStep::Complete(report)) = stage.step(&PLAIN).await else { panic!() };
    assert_ne!(report.run, waiting.progress.run);
    assert!(stage.control.list_calls() - lists >= 20, "every list was read anew");
    stage.assert_exact().await;
}

async fn a_holder_of_the_token_that_dies_holds_nobody_up_for_longer_than_its_lease<V: TestVendor>() {
    // One reading of storage and the lease come before the request for a token.
    for (operations, cut) in [(2, Cut::Before), (2, Cut::After), (1, Cut::After)] {
        let stage = Stage::<V>::sample().await;
        stage.fuse.arm(operations, cut);
        assert!(stage.fuse.watch(stage.element.sync_member("lisi").reported()).await.is_none(), "the call died");
        stage.fuse.mend();
        stage.advance(LEASES_OVER);
        stage.heard(stage.element.sync_member("lisi")).await.unwrap();
    }
}
