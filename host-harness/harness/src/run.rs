//! The loop that takes a run of synchronisation to its end: it calls again on `more`, waits on `wait`, and stops where a
//! person or nobody has to act. The clock is a parameter, so that a demonstration need not wait in earnest.

use std::{
    pin::{Pin, pin},
    time::Duration,
};

use organisation_host::{
    Answered, CallReport, CallResult, Element, FailedCall,
    contract::{
        directory::{Goal, Pause, Progress, Report, Strategy, SyncStep, Waiting},
        types::{Reason, RemovalCounts},
    },
    storage::Clock,
};

use crate::command_error::CommandError;

/// No wait is shorter, so that a component which says "wait" without a time does not keep a processor busy.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
/// No wait is longer, as the contract promises.
const LONGEST_WAIT: Duration = Duration::from_hours(24);
/// A run that is not advanced for so long may have grown too old to go on.
const RUNS_LAST: Duration = Duration::from_hours(1);
/// So many calls that get no further are believed: a sweep over a large copy shows no step of its own.
const MOST_IDLE: u32 = 10_000;
/// The counts of a run that would remove nothing.
const NOTHING: RemovalCounts = RemovalCounts { members: 0, members_total: 0, departments: 0, departments_total: 0 };
/// How often a call under way is looked at.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Whoever looks on while a run goes its way.
pub trait Onlooker {
    /// A call is over.
    fn called(&mut self, report: &CallReport);
    /// The run has moved on.
    fn progress(&mut self, progress: &Progress);
    /// Whether somebody watches, so that a call under way is asked how far it has come.
    fn watches(&self) -> bool {
        false
    }
    /// The vendor asks to wait this long.
    fn waiting(&mut self, waiting: &Waiting, time: Duration);
}

/// What to run and how.
pub struct Course<'a> {
    pub element: &'a Element,
    pub strategy: Strategy,
    pub until: Goal,
    /// The run that may remove what it was blocked for.
    pub approved: Option<&'a str>,
    pub clock: &'a dyn Clock,
    /// End rather than wait longer than this at a time.
    pub max_wait: Option<Duration>,
}

/// How a command that ran ended, though the run itself may go on later.
pub enum RunEnd {
    Complete(Report),
    Planned(Report),
    /// The guard holds the run.
    Blocked(Pause),
    /// A person has to act first.
    Paused(Pause),
    /// The vendor asked for a wait, and it was too long or Ctrl-C came.
    Waiting {
        waiting: Waiting,
        interrupted: bool,
    },
    /// Ctrl-C ended a call; what was reached by then, if anything.
    Interrupted(Option<Progress>),
}

/// How it ended, and whether it had begun before.
pub struct Finished {
    pub ended: RunEnd,
    /// Whether the run was there before the first call of this loop.
    pub resumed: bool,
}

/// Advances the current run until it is complete, planned, blocked or paused, or `interrupt` returns.
///
/// A call that is interrupted is dropped: the run stays at its last checkpoint, and its lease ends within ten seconds.
///
/// # Errors
/// A call gave no answer, answered an error, or broke a promise of the contract.
pub async fn to_its_end(
    course: Course<'_>,
    onlooker: &mut impl Onlooker,
    mut interrupt: Pin<&mut impl Future<Output = ()>>,
) -> Result<Finished, CommandError> {
    let Course { element, strategy, until, approved, clock, max_wait } = course;
    let (mut run, resumed) = match approved {
        Some(run) => {
            // What was seen is what the run was stopped with before this command: nothing that comes up later.
            let summary = seen(element.overview().reported().await, onlooker)?.map_err(CommandError::Answered)?;
            let is_current = summary.current_run.is_some_and(|current| current.run == run);
            let counts = summary.blocked.filter(|_| is_current).unwrap_or(NOTHING);
            seen(element.approve(run, counts).reported().await, onlooker)?.map_err(CommandError::Answered)?;
            (run.to_owned(), true)
        }
        None => {
            let begun = seen(element.begin(&strategy).reported().await, onlooker)?.map_err(CommandError::Answered)?;
            (begun.progress.run, begun.joined)
        }
    };
    let finished = |ended: RunEnd| Finished { resumed, ended };
    let mut last: Option<Progress> = None;
    let mut idle = 0;
    let mut has_waited = false;
    loop {
        let called = tokio::select! {
            biased;
            () = &mut interrupt => return Ok(finished(RunEnd::Interrupted(last))),
            called = watched(element, &run, until, onlooker) => called,
        };
        let step = match seen(called, onlooker)? {
            // It grew too old while it waited as long as it was asked to; the next one waits no more.
            Err(error) if error.reason == Reason::NotFound && has_waited && approved.is_none() => {
                has_waited = false;
                let begun =
                    seen(element.begin(&strategy).reported().await, onlooker)?.map_err(CommandError::Answered)?;
                run = begun.progress.run;
                continue;
            }
            step => step.map_err(CommandError::Answered)?,
        };
        match step {
            SyncStep::More(progress) => {
                idle = if last.as_ref() == Some(&progress) { idle + 1 } else { 0 };
                if idle > MOST_IDLE {
                    return Err(CommandError::BrokenPromise(format!(
                        "directory.advance answered `more` {idle} times and the run got no further: the contract promises that \
                         it has got on"
                    )));
                }
                onlooker.progress(&progress);
                last = Some(progress);
            }
            SyncStep::Wait(waiting) => {
                let time = Duration::from_millis(waiting.not_before.saturating_sub(clock.now_ms())).max(SHORTEST_WAIT);
                if time > LONGEST_WAIT {
                    return Err(CommandError::BrokenPromise(format!(
                        "directory.advance asked to wait for {} s: the contract promises a day at most",
                        time.as_secs()
                    )));
                }
                onlooker.progress(&waiting.progress);
                if max_wait.is_some_and(|most| time > most) {
                    return Ok(finished(RunEnd::Waiting { waiting, interrupted: false }));
                }
                onlooker.waiting(&waiting, time);
                tokio::select! {
                    biased;
                    () = &mut interrupt => return Ok(finished(RunEnd::Waiting { waiting, interrupted: true })),
                    () = clock.sleep(time) => {}
                }
                last = Some(waiting.progress);
                has_waited = time >= RUNS_LAST;
            }
            SyncStep::Blocked(pause) => return Ok(finished(RunEnd::Blocked(pause))),
            SyncStep::Paused(pause) => return Ok(finished(RunEnd::Paused(pause))),
            SyncStep::Planned(report) => return Ok(finished(RunEnd::Planned(report))),
            SyncStep::Complete(report) => return Ok(finished(RunEnd::Complete(report))),
        }
    }
}

/// One call of `advance`, with a look at its checkpoints from time to time where somebody watches.
async fn watched(
    element: &Element,
    run: &str,
    until: Goal,
    onlooker: &mut impl Onlooker,
) -> CallResult<Answered<SyncStep>> {
    let mut call = pin!(element.advance(run, until).reported());
    loop {
        tokio::select! {
            biased;
            called = &mut call => return called,
            () = tokio::time::sleep(POLL_INTERVAL), if onlooker.watches() => {
                // A look that fails is no matter: the call itself will say what is wrong.
                if let Ok(summary) = element.overview().await
                    && let Some(progress) = summary.current_run
                {
                    onlooker.progress(&progress);
                }
            }
        }
    }
}

fn seen<T>(called: CallResult<T>, onlooker: &mut impl Onlooker) -> Result<T, Box<FailedCall>> {
    match called {
        Ok(called) => {
            onlooker.called(&called.report);
            Ok(called.value)
        }
        Err(failed) => {
            onlooker.called(&failed.report);
            Err(failed)
        }
    }
}
