//! What is remembered of runs: how each ended and what it took.

use std::time::{Duration, Instant};

use organisation_host::{
    Limits,
    contract::directory::{Report, RunOutcome, SyncStep},
};
use system_tests::{
    Company, Setting, Stage, TestVendor,
    sync::{Caller, PLAIN, PLANNING},
};

for_each_vendor! {
    a_run_is_one_entry_however_it_goes,
    a_run_that_was_cut_short_is_abandoned_with_what_it_took,
    the_last_twenty_are_kept,
    a_report_says_what_the_run_took,
}

/// What somebody does: sync, or give the current run up.
type Deed = Option<Caller>;

const ABANDON: Deed = None;
const PLAN: Deed = Some(PLANNING);
const SYNC: Deed = Some(PLAIN);

async fn history<V: TestVendor>(stage: &Stage<V>) -> Vec<Report> {
    stage.heard(stage.element.history()).await.unwrap()
}

fn outcomes(reports: &[Report]) -> Vec<RunOutcome> {
    reports.iter().map(|report| report.outcome).collect()
}

async fn a_run_is_one_entry_however_it_goes<V: TestVendor>() {
    use RunOutcome::{Abandoned, Complete, Planned};
    let (soon, late) = (Duration::from_secs(60), Duration::from_secs(2 * 60 * 60));
    for (name, deeds, pause, expected) in [
        ("nothing yet", &[][..], soon, &[][..]),
        ("a dry run", &[PLAN], soon, &[Planned]),
        ("a plan that is carried out", &[PLAN, SYNC], soon, &[Complete]),
        ("a plan that is looked at again", &[PLAN, PLAN], soon, &[Planned]),
        ("a plan that is made again", &[PLAN, ABANDON, PLAN], soon, &[Planned, Abandoned]),
        ("a plan that is too old", &[PLAN, SYNC], late, &[Complete, Abandoned]),
        ("a run that is given up", &[SYNC, ABANDON, SYNC], soon, &[Complete, Abandoned, Complete]),
        (
            "the newest comes first",
            &[SYNC, PLAN, ABANDON, PLAN, SYNC, PLAN],
            soon,
            &[Planned, Complete, Abandoned, Complete],
        ),
        (
            "the newest comes first within one millisecond",
            &[SYNC, PLAN, ABANDON, PLAN, ABANDON, PLAN, SYNC, PLAN],
            Duration::ZERO,
            &[Planned, Complete, Abandoned, Abandoned, Complete],
        ),
    ] {
        let stage = Stage::<V>::sample().await;
        for deed in deeds {
            match deed {
                Some(caller) => drop(stage.sync(caller).await.unwrap()),
                None => stage.abandon().await,
            }
            stage.advance(pause);
        }
        let reports = history(&stage).await;
        assert_eq!(outcomes(&reports), expected, "{name}");
        let last = reports.iter().find(|report| report.outcome == Complete);
        assert_eq!(stage.overview().await.last_run.as_ref(), last, "{name}");
    }
}

async fn a_run_that_was_cut_short_is_abandoned_with_what_it_took<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.control.slow_down(3);
    let Ok(SyncStep::Wait(waiting)) = stage.step(&PLAIN).await else { panic!() };
    assert_eq!(history(&stage).await, [], "it has not ended");
    stage.advance(Duration::from_secs(5));
    stage.abandon().await;
    stage.complete(&PLAIN).await;
    let reports = history(&stage).await;
    assert_eq!(outcomes(&reports), [RunOutcome::Complete, RunOutcome::Abandoned]);
    let (done, given_up) = (&reports[0], &reports[1]);
    assert_eq!((&given_up.run, given_up.vendor_calls), (&waiting.progress.run, waiting.progress.vendor_calls));
    assert_eq!((given_up.waits, given_up.departments_total, given_up.members_total), (1, 0, 0));
    assert_eq!(given_up.finished_at - given_up.started_at, 5_000);
    assert_eq!(done.members.added, 12);
}

async fn the_last_twenty_are_kept<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let mut runs = Vec::new();
    for _ in 0..22 {
        runs.push(stage.complete(&PLAIN).await.run);
        stage.advance(Duration::from_secs(60));
    }
    runs.reverse();
    let kept: Vec<String> = history(&stage).await.into_iter().map(|report| report.run).collect();
    assert_eq!(kept, runs[..20]);
    assert_eq!(stage.stored("directory/h/").await.len(), 20);

    // Plans alone do not drive out the run that says how old the copy is.
    for _ in 0..21 {
        stage.sync(&PLANNING).await.unwrap();
        stage.abandon().await;
        stage.advance(Duration::from_secs(60));
    }
    let reports = history(&stage).await;
    assert_eq!(reports.len(), 20);
    assert_eq!((&reports[19].run, reports[19].outcome), (&runs[0], RunOutcome::Complete));
    assert_eq!(stage.overview().await.last_run.unwrap().run, runs[0]);
}

async fn a_report_says_what_the_run_took<V: TestVendor>() {
    for (name, limits, takes_several) in
        [("one call", Limits::default(), false), ("several calls", Limits::default().requests(20), true)]
    {
        let stage = Setting::<V>::of(&Company::sized(150, 40)).limits(limits).start().await;
        let (begun, mut bytes, mut memory) = (Instant::now(), 0, 0);
        let report = loop {
            let (step, call) = stage.reported(PLAIN.call(&stage.element).await);
            bytes += call.http.bytes_in;
            memory = memory.max(call.peak_memory_bytes);
            match step.unwrap() {
                SyncStep::More(_) => {}
                SyncStep::Complete(report) => break report,
                other => panic!("{name}: {other:?}"),
            }
        };
        let took = begun.elapsed().as_millis();
        assert_eq!(report.advances > 1, takes_several, "{name}");
        assert_eq!(report.outcome, RunOutcome::Complete);
        assert_eq!(report.bytes_in, bytes, "{name}: bytes of answers");
        assert!(report.bytes_in > 10_000, "{name}: {}", report.bytes_in);
        assert_eq!(report.downloads, 0, "{name}: a walk downloads no file");
        assert!(report.peak_memory >= 1 << 20 && report.peak_memory <= memory, "{name}: {report:?}");
        assert!(report.peak_memory <= 64 << 20, "{name}: {report:?}");
        let phases: Vec<&str> = report.phases.iter().map(|time| &*time.phase).collect();
        let expected = [
            "scope",
            "fetch",
            "fetch-individuals",
            "missing",
            "guard",
            "apply-departments",
            "apply-members",
            "apply-removals",
            "apply-department-removals",
            "spread-roles",
            "erase",
            "finish",
        ];
        assert_eq!(phases, expected, "{name}");
        let worked: u64 = report.phases.iter().map(|time| time.ms).sum();
        assert!(worked > 0 && u128::from(worked) <= took, "{name}: {worked} of {took} ms");
        let calls: u64 = report.phases.iter().map(|time| time.vendor_calls).sum();
        assert_eq!(calls, report.vendor_calls, "{name}: every call belongs to a phase");
        assert_eq!(history(&stage).await, [report], "{name}: what is answered is what is remembered");
    }
}
