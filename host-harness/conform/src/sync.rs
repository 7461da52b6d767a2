//! A run of the sync from its beginning to its end, and again.

use std::{fmt, ops::ControlFlow, time::Duration};

use organisation_host::{
    Element, ElementError,
    contract::{
        directory::{ChangeKind, DepartmentCounts, Goal, MemberCounts, PlannedChange, Report, Strategy, SyncStep},
        types::{Reason, RemovalCounts},
    },
    storage::Clock as _,
};

use super::{
    copy::{self, Copy, List, PAGE, read_all, read_from},
    promise::{
        ALL, APPROVE, COMPLETE, ENDED, HISTORY, JOINS, MORE, PLAN_HOLDS, PLAN_READS, PLAN_WRITES_NOTHING, REPAIR,
        RESET, UNCHANGED, WAIT,
    },
    trial::{Trial, shown},
};

/// So many calls that show no progress are believed, one after the other.
const MOST_IDLE: u32 = 200;
/// A run that wants more calls than this is not followed.
const MOST_CALLS: u32 = 100_000;
/// So many waits are waited for.
const MOST_WAITS: u32 = 20;
const LONGEST_WAIT_MS: u64 = 24 * 60 * 60 * 1_000;
/// A run waits so long in earnest, since the vendor's clock cannot be put forward; what is longer is skipped.
const PATIENCE: Duration = Duration::from_secs(60);

/// How far calls brought a run.
pub(super) enum RunEnd {
    Complete(Report),
    Planned(Report),
    /// The run has grown too old while it waited: another one is to be begun.
    Gone,
    /// The vendor makes it wait longer than anybody waits here.
    Waits(String),
    /// A person or the vendor has to do something first, or the element broke a promise on the way.
    Stopped(String),
}

impl fmt::Display for RunEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete(_) => f.write_str("complete"),
            Self::Planned(_) => f.write_str("planned"),
            Self::Gone => f.write_str("a run that is not found"),
            Self::Waits(reason) => write!(f, "a wait because of {reason}"),
            Self::Stopped(reason) => f.write_str(reason),
        }
    }
}

/// Advances a run as far as it goes.
pub(super) async fn advance(trial: &Trial, element: &Element, run: &str, until: Goal) -> RunEnd {
    advance_with(PATIENCE, trial, element, run, until).await
}

/// As [`advance`], where nothing that the vendor said is to be waited for: all waits are skipped.
pub(super) async fn advance_at_once(trial: &Trial, element: &Element, run: &str) -> RunEnd {
    advance_with(Duration::ZERO, trial, element, run, Goal::Complete).await
}

async fn advance_with(mut patience: Duration, trial: &Trial, element: &Element, run: &str, until: Goal) -> RunEnd {
    let (mut last, mut idle, mut waits) = (None, 0, 0);
    for _ in 0..MOST_CALLS {
        let before = trial.platform.counts();
        let step = match trial.ask(element.advance(run, until)).await {
            Some(Ok(step)) => step,
            Some(Err(error)) if waits > 0 && error.reason == Reason::NotFound => return RunEnd::Gone,
            Some(Err(error)) => return RunEnd::Stopped(shown(&error)),
            None => return RunEnd::Stopped("a call gave no answer".to_owned()),
        };
        match step {
            SyncStep::More(progress) => {
                let has_moved = last.as_ref() != Some(&progress) || trial.platform.counts().requests > before.requests;
                idle = if has_moved { 0 } else { idle + 1 };
                if !trial.expect(&MORE, idle < MOST_IDLE, || format!("{idle} calls in a row stand at {progress:?}")) {
                    return RunEnd::Stopped("the run does not get on".to_owned());
                }
                last = Some(progress);
            }
            SyncStep::Wait(waiting) => {
                let time_ms = waiting.not_before.saturating_sub(trial.now_ms());
                let is_bounded =
                    trial.expect(&WAIT, time_ms <= LONGEST_WAIT_MS, || format!("it waits for {time_ms} ms"));
                waits += 1;
                if !is_bounded || waits > MOST_WAITS {
                    return RunEnd::Waits(waiting.reason);
                }
                let time = Duration::from_millis(time_ms);
                if time <= patience {
                    patience -= time;
                    trial.clock.sleep(time).await;
                } else {
                    trial.let_pass(time);
                }
            }
            SyncStep::Paused(pause) | SyncStep::Blocked(pause) => return RunEnd::Stopped(shown(&pause.error)),
            SyncStep::Planned(report) => return RunEnd::Planned(report),
            SyncStep::Complete(report) => return RunEnd::Complete(report),
        }
    }
    trial.findings.broken(&MORE, format!("a run is not complete after {MOST_CALLS} calls"));
    RunEnd::Stopped("the run does not end".to_owned())
}

/// Syncs from the beginning to the end; nothing where it does not get there.
pub(super) async fn complete(trial: &Trial, element: &Element) -> Option<Report> {
    let mut came = RunEnd::Gone;
    for _ in 0..2 {
        let begun = trial.demand(&JOINS, element.begin(&Strategy::Automatic)).await?;
        came = advance(trial, element, &begun.progress.run, Goal::Complete).await;
        if !matches!(came, RunEnd::Gone) {
            break;
        }
    }
    match came {
        RunEnd::Complete(report) => return Some(report),
        RunEnd::Waits(reason) => {
            trial.findings.skip(ALL, format!("the vendor makes the sync wait: {reason}"));
            return None;
        }
        _ => {}
    }
    trial.findings.broken(&COMPLETE, format!("a sync of a vendor that answers ended with: {came}"));
    None
}

/// A sync that nothing disturbs: the copy that it makes, and how many requests it takes; nothing where it does not come to its
/// end.
pub(super) async fn reference(trial: &Trial) -> Result<Option<(Copy, u64)>, ElementError> {
    let element = trial.element("reference")?;
    let before = trial.platform.counts().requests;
    if complete(trial, &element).await.is_none() {
        return Ok(None);
    }
    let requests = trial.platform.counts().requests - before;
    Ok(read_all(trial, &element).await.map(|copy| (copy, requests)))
}

/// Looks at runs, at the copy that they make, and at what is left after a reset.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    let element = trial.element("copy")?;
    let Some(copy) = runs(trial, &element).await else { return Ok(()) };
    copy::examine(trial, &element, &copy).await;
    reset(trial, &copy).await
}

/// The commands of a run, and the copy that it made; nothing where no sync came to an end.
async fn runs(trial: &Trial, element: &Element) -> Option<Copy> {
    let run = begin(trial, element).await?;
    let run = given_up(trial, element, &run).await?;
    let planned = plan(trial, element, &run).await?;
    let report = match advance(trial, element, &run, Goal::Complete).await {
        RunEnd::Complete(report) => report,
        came => {
            trial.findings.broken(&COMPLETE, format!("a planned run ended with: {came}"));
            return None;
        }
    };
    trial.expect(&PLAN_HOLDS, counts(&planned) == counts(&report), || {
        format!("the plan said {:?}, done was {:?}", counts(&planned), counts(&report))
    });
    let again = trial.demand(&COMPLETE, element.advance(&run, Goal::Complete)).await?;
    trial.expect(&COMPLETE, again == SyncStep::Complete(report.clone()), || {
        format!("at first {report:?}, then {again:?}")
    });
    let copy = read_all(trial, element).await?;
    unchanged(trial, element, &copy).await?;
    history(trial, element, &run).await;
    Some(copy)
}

async fn begin(trial: &Trial, element: &Element) -> Option<String> {
    let before = trial.platform.counts().requests;
    let begun = trial.demand(&JOINS, element.begin(&Strategy::Automatic)).await?;
    let joined = trial.demand(&JOINS, element.begin(&Strategy::Automatic)).await?;
    let requests = trial.platform.counts().requests - before;
    let run = begun.progress.run;
    trial.expect(&JOINS, !begun.joined && joined.joined && joined.progress.run == run, || {
        format!(
            "at first joined = {}, then {} and the run {:?} for {run:?}",
            begun.joined, joined.joined, joined.progress.run
        )
    });
    trial.expect(&JOINS, requests == 0, || format!("`begin` sent {requests} requests"));
    Some(run)
}

/// Commands that a run refuses, and giving it up. Answers the run that follows.
async fn given_up(trial: &Trial, element: &Element, run: &str) -> Option<String> {
    let counts = RemovalCounts { members: 0, members_total: 0, departments: 0, departments_total: 0 };
    trial.refused(&APPROVE, "a run that is not blocked", &["conflict"], element.approve(run, counts)).await;
    trial.refused(&REPAIR, "a run that has written nothing", &["conflict"], element.repair(run)).await;
    let absent = ["not-found"];
    for unknown in ["conform-no-such-run", "", "\u{202e}\n"] {
        let what = format!("a run that never was, {unknown:?}");
        trial.refused(&ENDED, &what, &absent, element.advance(unknown, Goal::Complete)).await;
        trial.refused(&ENDED, &what, &absent, element.abandon(unknown)).await;
    }
    trial.demand(&ENDED, element.abandon(run)).await?;
    trial.refused(&ENDED, "a run that was given up", &absent, element.advance(run, Goal::Complete)).await;
    Some(trial.demand(&JOINS, element.begin(&Strategy::Automatic)).await?.progress.run)
}

/// Plans, and reads the plan. Answers its report.
async fn plan(trial: &Trial, element: &Element, run: &str) -> Option<Report> {
    let planned = match advance(trial, element, run, Goal::Plan).await {
        RunEnd::Planned(report) => report,
        came => {
            trial.findings.broken(&PLAN_WRITES_NOTHING, format!("a run that was to be planned ended with: {came}"));
            return None;
        }
    };
    let copy = read_all(trial, element).await?;
    trial.expect(&PLAN_WRITES_NOTHING, copy == Copy::default(), || format!("found {copy:?} in the copy"));
    let before = trial.platform.counts();
    let mut list = List::new(trial, "plan");
    let changes: Vec<PlannedChange> = loop {
        let page = trial.demand(&PLAN_READS, element.plan(list.cursor(), PAGE)).await?;
        if let ControlFlow::Break(changes) = list.add(page.changes, page.cursor) {
            break changes?;
        }
    };
    let after = trial.platform.counts();
    trial.expect(&PLAN_READS, before == after, || format!("before it was read {before:?}, then {after:?}"));
    let of = |kind| changes.iter().filter(|change| change.kind == kind).count() as u64;
    let listed = (of(ChangeKind::DepartmentAdded), of(ChangeKind::MemberAdded));
    let said = (planned.departments.added, planned.members.added);
    trial.expect(&PLAN_HOLDS, listed == said, || format!("the report says {said:?}, the plan lists {listed:?}"));
    Some(planned)
}

fn counts(report: &Report) -> (DepartmentCounts, MemberCounts) {
    (report.departments, report.members)
}

/// A second run, of an organisation that has not changed.
async fn unchanged(trial: &Trial, element: &Element, copy: &Copy) -> Option<()> {
    let report = complete(trial, element).await?;
    let found = read_all(trial, element).await?;
    trial.expect(&UNCHANGED, found == *copy, || "a second sync changed the copy or wrote to the feed".to_owned());
    let (present, members) = (copy.present(), report.members);
    // A vendor may show those who resigned as well.
    let unchanged = members.unchanged.max(present);
    let expected = MemberCounts { unchanged, added: 0, updated: 0, left_range: 0, resigned: 0, rejoined: 0 };
    trial.expect(&UNCHANGED, members == expected, || format!("of {present} members: {members:?}"));
    Some(())
}

async fn history(trial: &Trial, element: &Element, first: &str) {
    let Some(reports) = trial.demand(&HISTORY, element.history()).await else { return };
    let is_kept = reports.len() >= 2
        && reports.len() <= 20
        && reports.is_sorted_by(|newer, older| newer.finished_at >= older.finished_at)
        && reports.iter().filter(|report| report.run == first).count() == 1;
    trial.expect(&HISTORY, is_kept, || {
        let found: Vec<_> = reports.iter().map(|report| (&report.run, report.outcome, report.finished_at)).collect();
        format!("after two complete runs, {first} the first: {found:?}")
    });
}

/// Forgetting everything, and building it anew.
async fn reset(trial: &Trial, expected: &Copy) -> Result<(), ElementError> {
    let element = trial.element("reset")?;
    if complete(trial, &element).await.is_none() {
        return Ok(());
    }
    let Some(before) = trial.demand(&RESET, element.overview()).await else { return Ok(()) };
    if trial.demand(&RESET, element.reset()).await.is_none() || trial.demand(&RESET, element.reset()).await.is_none() {
        return Ok(());
    }
    let expired = ["cursor-expired"];
    trial.refused(&RESET, "the cursor from before", &expired, element.changes(Some(&before.cursor), 10)).await;
    let Some(empty) = trial.demand(&RESET, element.overview()).await else { return Ok(()) };
    let beginning = Some(&*empty.cursor);
    if let Some(copy) = read_from(trial, &element, beginning).await {
        trial.expect(&RESET, copy == Copy::default(), || format!("still there: {copy:?}"));
    }
    if complete(trial, &element).await.is_some()
        && let Some(copy) = read_from(trial, &element, beginning).await
    {
        trial.expect(&RESET, copy.has_records_of(expected), || "the copy that was built anew differs".to_owned());
    }
    Ok(())
}
