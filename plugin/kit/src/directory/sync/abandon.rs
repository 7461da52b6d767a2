//! Ending a run before its end: `abandon` while nothing is written, `repair` where it cannot be carried through.

use super::{
    current::{self, Current},
    lease,
    report::Report,
    run::Run,
    scratch,
    stats::Stats,
};
use crate::{
    config::Common,
    contract::{
        directory::{self as contract, RunOutcome},
        log::Level,
    },
    directory::head,
    failure::Failure,
    platform::Platform,
};

/// See `abandon` in `wit/directory.wit`.
pub fn abandon(platform: &dyn Platform, common: &Common, run_id: &str) -> Result<(), Failure> {
    lease::hold(platform, |lease| {
        let (run, version) = stored(platform, common, run_id)?;
        if run.is_writing {
            return Err(is_written());
        }
        let mut ops = current::give_up(platform, common, &run)?;
        ops.extend(current::keep_wait(&run, platform.now_ms()));
        current::write(platform, lease, Some(version), &ops)
    })?;
    scratch::sweep(platform);
    Ok(())
}

/// See `repair` in `wit/directory.wit`.
pub fn repair(platform: &dyn Platform, common: &Common, run_id: &str) -> Result<contract::Report, Failure> {
    let report = lease::hold(platform, |lease| {
        let (run, version) = stored(platform, common, run_id)?;
        if !run.is_writing {
            return Err(is_not_written());
        }
        let run = unwritten_noted(*run);
        let (head, now) = (head::read_for(platform, common)?.0, platform.now_ms());
        let report = Report::new(RunOutcome::Repaired, &run, &Stats::load(platform, &run.id)?, &head, now);
        let mut ops = current::end(platform, &report)?;
        ops.extend(current::keep_wait(&run, now));
        current::write(platform, lease, Some(version), &ops)?;
        platform.log(Level::Warn, "a sync is ended before all of it is written", &[("run", &run.id)]);
        Ok(report.show(common.locale))
    })?;
    scratch::sweep(platform);
    Ok(report)
}

/// The run, also where it is too old to go on: until somebody begins another, its plan and its scratch are there. And also one
/// of another version, which a person may know to be gone.
fn stored(platform: &dyn Platform, common: &Common, id: &str) -> Result<(Box<Run>, u64), Failure> {
    match current::read(platform, common)? {
        Current::Fresh(run, version) | Current::Outdated(run, version) | Current::Newer(run, version)
            if run.id == id =>
        {
            Ok((run, version))
        }
        _ => Err(current::not_current()),
    }
}

/// The run with a note of how much is missing. Departments are planned only where somebody asked for the plan, so of them
/// nothing is said; nor of a run of another version, whose counts nobody knows.
pub(super) fn unwritten_noted(mut run: Run) -> Run {
    if !run.is_own() {
        return run;
    }
    let count = run.planned.member_changes().saturating_sub(run.applied.member_changes());
    run.notes.push(
        (
            format!("该次同步被中途结束：约 {count} 项成员变更尚未写入，下次同步会重新处理"),
            format!(
                "the run was ended while it was written: about {count} changes of members are left to the next sync"
            ),
        )
            .into(),
    );
    run
}

fn is_written() -> Failure {
    failure! { Conflict:
    "本次同步已开始写入，不能放弃", "this run has begun to write and cannot be given up";
    "同步正在写入：请继续执行至完成；若无法完成，请用 repair 结束",
    "a sync is being written: go on with it; where it cannot be carried through, end it by `repair`" }
}

fn is_not_written() -> Failure {
    failure! { Conflict:
    "本次同步尚未写入任何内容", "this run has written nothing yet";
    "只有已开始写入的同步才需要修复：不需要它时请放弃（abandon）",
    "only a run that has begun to write is repaired: abandon it if it is not wanted" }
}
