//! Syncs that are cut off, squeezed, raced and moved to another process end as if nothing had happened.

use std::time::Duration;

use futures_util::future::join_all;
use host_harness::{
    CallError, Element, Limits,
    contract::{
        directory::{SyncRequest, SyncStep},
        types::Reason,
    },
};
use system_tests::{
    Setting, Stage,
    fuse::Cut,
    stage::{LEASES_OVER, Store},
    sync::{ALLOWED, PLAIN},
};
use wecom_simulator::{
    Effect, Fault, Generator, When,
    corp::{Corp, Department, Member as Person},
    demo,
};

/// What happens to the demonstration organisation between two syncs: each kind of change once.
fn reorganise(corp: &mut Corp) {
    corp.add_member(Person::new("Neu", "新人", 21)).unwrap();
    corp.update_member("lisi", |person| person.position = "总监".to_owned()).unwrap();
    corp.move_member("wujiu", 4).unwrap();
    corp.add_department(Department::new(24, "算法组", 2)).unwrap();
    corp.remove_member("zhujiu").unwrap();
    corp.rename_department(22, "移动部").unwrap();
}

/// Cuts one sync off at every operation of a first and of a second sync, in turn, and goes on each time.
async fn cut_everywhere(store: Store, cut: Cut, every: i64) {
    let mut deaths = 0;
    for operations in (0..).step_by(usize::try_from(every).unwrap()) {
        let stage = Setting::new(demo()).store(store).start().await;
        stage.complete(&PLAIN).await;
        stage.control.change(reorganise);
        stage.advance(Duration::from_secs(60));
        stage.fuse.arm(operations, cut);
        let answer = stage.fuse.watch(stage.element.sync(&ALLOWED)).await;
        stage.fuse.mend();
        let Some(answer) = answer else {
            deaths += 1;
            // What a reader sees in between is torn in no place: the feed replays to the copy.
            let copy = stage.copy().await;
            assert_eq!(system_tests::Copy::replayed(&stage.changes().await), copy, "{cut:?} {operations}");
            stage.advance(LEASES_OVER);
            stage.complete(&ALLOWED).await;
            stage.assert_exact().await;
            continue;
        };
        assert!(matches!(stage.heard(answer), Ok(SyncStep::Complete(_))));
        assert!(deaths > 10, "only {deaths} deaths: the sync has more operations than that");
        return;
    }
}

#[tokio::test]
async fn a_sync_killed_before_any_operation_goes_on() {
    cut_everywhere(Store::Memory, Cut::Before, 1).await;
}

#[tokio::test]
async fn a_sync_killed_after_any_operation_goes_on() {
    cut_everywhere(Store::Memory, Cut::After, 1).await;
}

#[tokio::test]
async fn a_sync_on_a_file_goes_on_after_a_death() {
    cut_everywhere(Store::Sqlite, Cut::After, 5).await;
}

#[tokio::test]
async fn a_run_moves_from_process_to_process() {
    let corp = Generator::sized(8, 120, 30).generate().unwrap();
    let stage = Setting::new(corp).store(Store::Sqlite).start().await;
    // Every fifth list is refused, and after each wait another process goes on, with its own handle on the file.
    stage.control.inject(Fault::of("user/list", When::Chance { probability: 0.15, seed: 5 }, Effect::Code(-1)));
    let mut processes = 0;
    let report = loop {
        processes += 1;
        let process = stage.elsewhere().await;
        match stage.step_of(&process, &PLAIN).await.unwrap() {
            SyncStep::Complete(report) => break report,
            SyncStep::Wait(waiting) => stage.advance_to(waiting.not_before),
            SyncStep::More(_) | SyncStep::Paused(_) => {}
            SyncStep::Planned(plan) => panic!("{plan:?}"),
        }
    };
    assert!(processes > 2, "{processes}");
    assert!(report.sync_calls >= 3 && report.retries > 0, "{report:?}");
    stage.assert_exact().await;
}

#[tokio::test]
async fn small_limits_end_in_more_and_then_in_the_same_copy() {
    let generator = Generator { root_visible: false, loners: 8, tags: 2, ..Generator::sized(9, 150, 40) };
    for (name, limits, takes_several) in [
        ("twenty requests", Limits { requests: 20, ..Limits::default() }, Some(true)),
        // Less than a step may need is left from the first answer on.
        ("32 MB of answers", Limits { bytes_in: (32 << 20) + 1, ..Limits::default() }, Some(true)),
        // How far thirteen seconds reach is the machine's business.
        ("thirteen seconds", Limits { wall_ms: 13_000, ..Limits::default() }, None),
        ("one request at a time", Limits { parallel: 1, ..Limits::default() }, Some(false)),
    ] {
        let stage = Setting::new(generator.generate().unwrap()).limits(limits).start().await;
        let mut calls = 0;
        loop {
            calls += 1;
            match stage.step(&PLAIN).await.unwrap() {
                SyncStep::More(progress) => assert!(!progress.run.is_empty() && progress.done <= progress.total),
                SyncStep::Complete(report) => {
                    assert_eq!(report.sync_calls, calls, "{name}");
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

#[tokio::test]
async fn limits_that_break_a_call_off_cost_no_more_than_its_work() {
    // Departments of some fifty members: their lists take more memory than a call has from the start.
    let generator = Generator::sized(10, 400, 8);
    let idle = Stage::demo().await.element.overview().await.unwrap().report.peak_memory_bytes;
    let whole = i64::MAX;
    for (name, limits, hangs_after, kind) in [
        ("host calls", Limits { host_calls: 30, ..Limits::default() }, whole, "host-calls"),
        ("memory", Limits { memory_bytes: idle + (64 << 10), ..Limits::default() }, whole, "memory-bytes"),
        // A store that hangs: a vendor that does is given up a little before the call's end.
        ("wall clock", Limits { wall_ms: 100, ..Limits::default() }, 3, "wall-ms"),
    ] {
        let stage = Stage::of(generator.generate().unwrap()).await;
        stage.fuse.arm(hangs_after, Cut::Before);
        let failed = stage.element.with_limits(limits).sync(&PLAIN).await.expect_err(name);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_side_by_side_work_one_after_the_other() {
    let stage = Stage::of(Generator::sized(11, 80, 20).generate().unwrap()).await;
    stage.control.configure(|behaviour| behaviour.latency = Duration::from_millis(3));
    let elsewhere = stage.elsewhere().await;
    let drive = async |element: &Element| {
        // A host calls again until its run is complete; two hosts do that at once.
        stage.heard(element.sync(&PLAIN).await)
    };
    let outcomes = join_all([&stage.element, &elsewhere, &stage.element].map(drive)).await;
    for outcome in outcomes {
        assert!(matches!(outcome, Ok(SyncStep::Complete(_))), "{outcome:?}");
    }
    let added = stage.changes().await.len();
    assert_eq!(added, 80 + 21 - resigned(&stage), "each row was added by one of them");
    stage.assert_exact().await;
}

fn resigned(stage: &Stage) -> usize {
    stage.control.read(|corp| corp.members().filter(|member| member.status.number() == 5).count())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refreshes_beside_a_sync_never_lose_the_later_word() {
    let stage = Setting::new(Generator::sized(12, 120, 20).generate().unwrap()).real_time().start().await;
    stage.complete(&PLAIN).await;
    stage.control.configure(|behaviour| behaviour.latency = Duration::from_millis(2));
    for round in 0..4 {
        let ids: Vec<String> = stage.copy().await.present().into_keys().take(12).collect();
        stage.control.change(|corp| {
            for id in &ids {
                corp.update_member(id, |person| person.position = format!("职位{round}")).unwrap();
            }
        });
        let refreshes = join_all(ids.iter().map(|id| stage.element.sync_member(id)));
        let (sync, refreshed) = tokio::join!(stage.element.sync(&PLAIN), refreshes);
        assert!(matches!(stage.heard(sync), Ok(SyncStep::Complete(_))));
        for outcome in refreshed {
            stage.heard(outcome).unwrap();
        }
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn a_call_that_meets_another_at_work_ends_in_conflict_when_it_has_no_time() {
    let stage = Setting::new(demo()).real_time().start().await;
    stage.fuse.arm(12, Cut::Before);
    let (request, hurried) = (PLAIN, stage.element.with_limits(Limits { wall_ms: 800, ..Limits::default() }));
    let holder = stage.element.sync(&request);
    tokio::pin!(holder);
    // The holder hangs in its work and keeps its lease.
    assert!(stage.fuse.watch(&mut holder).await.is_none());
    stage.fuse.mend();
    let error = stage.heard(hurried.sync(&PLAIN).await).unwrap_err();
    assert_eq!(error.reason, Reason::Conflict);
    assert!(error.retry_after_ms.is_some() && error.hint.is_some(), "{error:?}");
}

#[tokio::test]
async fn a_holder_that_comes_back_late_can_write_nothing_more() {
    let stage = Stage::demo().await;
    stage.fuse.arm(12, Cut::Before);
    let holder = stage.element.sync(&PLAIN);
    tokio::pin!(holder);
    assert!(stage.fuse.watch(&mut holder).await.is_none());
    stage.fuse.mend();
    stage.advance(LEASES_OVER);
    // Another call takes over and finishes, while the first still believes that it works.
    stage.complete(&PLAIN).await;
    stage.fuse.resume();
    let error = stage.heard(holder.await).unwrap_err();
    assert_eq!(error.reason, Reason::Conflict, "{error:?}");
    stage.assert_exact().await;
}

#[tokio::test]
async fn a_restart_gives_the_unfinished_run_up() {
    let stage = Stage::of(Generator::sized(13, 60, 20).generate().unwrap()).await;
    stage.control.inject(Fault::of("user/list", When::Nth(8), Effect::Code(45009)));
    let Ok(SyncStep::Wait(waiting)) = stage.step(&PLAIN).await else { panic!() };
    let lists = stage.control.count("department/list").calls;
    let restart = SyncRequest { restart: true, ..PLAIN };
    let Ok(SyncStep::Complete(report)) = stage.step(&restart).await else { panic!() };
    assert_ne!(report.run, waiting.progress.run);
    assert_eq!(stage.control.count("department/list").calls, lists + 1, "the scope was read anew");
    stage.assert_exact().await;
}
