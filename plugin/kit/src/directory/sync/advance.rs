//! Advancing a run: one step after the other until the call's budget is used up, the run is where the caller wants it, or
//! something stops it.

use super::{
    apply,
    backoff::{self, Backoff},
    confirm,
    context::{RunContext, StepError, Stepped},
    current, erase_departed, export, fetch, guard, history, lease, missing,
    phase::Phase,
    report::Report,
    run::{Failures, PendingWait, Sweep},
    scope, scratch,
    seen::Seen,
    spread,
    stats::Stats,
};
use crate::{
    config::Common,
    contract::{
        directory::{Goal, Pause, Progress, RunOutcome, SyncStep, Waiting},
        log::Level,
    },
    directory::{head, key},
    failure::Failure,
    platform::Platform,
    store,
    vendor::Client,
};

/// See `advance` in `wit/directory.wit`.
pub fn advance<C: Client>(
    platform: &dyn Platform,
    common: &Common,
    client: &C,
    run: &str,
    until: Goal,
) -> Result<SyncStep, Failure> {
    let step = lease::hold(platform, |lease| {
        let (run, version) = match current::find(platform, common, run) {
            Ok(found) => found,
            // Another call completed it, or this one, whose answer was lost.
            Err(failure) => match history::complete(platform, common, run)? {
                Some(report) => return Ok(SyncStep::Complete(report)),
                None => return Err(failure),
            },
        };
        if until == Goal::Plan && run.is_writing {
            return Err(is_writing());
        }
        let members = head::read(platform)?.map_or(0, |head| head.value.next_ordinal);
        let seen = Seen::load(platform, &run.id, members)?;
        let stats = Stats::load(platform, &run.id)?;
        let mut context = RunContext::new(platform, common, client, until, (run, version, stats), seen, lease);
        drive(&mut context).map_err(|(StepError::Vendor(failure) | StepError::Lost(failure))| failure)
    })?;
    if matches!(step, SyncStep::Complete(_)) {
        scratch::sweep(platform);
    }
    Ok(step)
}

fn is_writing() -> Failure {
    failure! { Conflict:
    "本次同步已开始写入，无法再生成计划", "this run has begun to write: there is no plan of it any more";
    "同步正在写入：请等待其完成，再生成新的计划",
    "a sync is being written: wait until it is complete, then make a new plan" }
}

fn drive<C: Client>(context: &mut RunContext<'_, C>) -> Stepped<SyncStep> {
    if let Some(wait) = context.run.pending_wait.take_if(|wait| wait.holds(context.platform.now_ms())) {
        return Ok(SyncStep::Wait(waiting(wait, context.progress())));
    }
    context.run.pending_wait = None;
    context.stats.advances += 1;
    loop {
        context.begin_step();
        let taken = step(context);
        context.count();
        match taken {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => context.run.failures = Failures::default(),
            Err(StepError::Lost(failure)) => return Err(StepError::Lost(failure)),
            Err(StepError::Vendor(failure)) => return stopped(context, failure),
        }
        if !context.has_budget() {
            context.checkpoint()?;
            return Ok(SyncStep::More(context.progress()));
        }
    }
}

/// Takes one step; `Some` when the call is done.
fn step<C: Client>(context: &mut RunContext<'_, C>) -> Stepped<Option<SyncStep>> {
    match context.run.phase.clone() {
        Phase::Scope(steps) => scope::step(context, steps)?,
        Phase::Export(stage) => {
            if let Some(wait) = export::step(context, &stage)? {
                // It got on: what failed between two looks at a long export is not in a row.
                context.run.failures = Failures::default();
                return self::wait(context, wait).map(Some);
            }
        }
        Phase::Fetch(at) => fetch::departments(context, &at)?,
        Phase::Individuals(at) => fetch::individuals(context, &at)?,
        Phase::Missing(Sweep::Departments(after)) => missing::departments(context, after.as_deref())?,
        Phase::Missing(Sweep::Members(after)) => missing::members(context, after.as_deref())?,
        Phase::Planned if context.until == Goal::Plan => return planned(context).map(Some),
        // Asked before the vendor is asked about each missing one, and whenever the run would begin to write.
        Phase::Guard | Phase::Planned => {
            if let Some(failure) = guard::check(context)? {
                return pause(context, failure).map(SyncStep::Blocked).map(Some);
            }
            context.run.is_writing = context.until == Goal::Complete;
            context.next_phase()?;
        }
        Phase::Confirm(Sweep::Departments(after)) => confirm::departments(context, after.as_deref())?,
        Phase::Confirm(Sweep::Members(after)) => confirm::members(context, after.as_deref())?,
        Phase::ApplyDepartments(page) => apply::departments(context, page)?,
        Phase::ApplyMembers(after) => apply::members(context, after.as_deref())?,
        Phase::ApplyRemovals(after) => apply::removals(context, after.as_deref())?,
        Phase::ApplyDepartmentRemovals(done) => apply::department_removals(context, done)?,
        Phase::Spread(tag) => spread::step(context, tag)?,
        Phase::Retention(after) => erase_departed::members(context, after.as_deref())?,
        Phase::Erasure => erase_departed::feed(context)?,
        Phase::Finish => return finish(context).map(Some),
    }
    Ok(None)
}

fn planned<C: Client>(context: &mut RunContext<'_, C>) -> Stepped<SyncStep> {
    apply::plan_departments(context)?;
    note_emptiness(context);
    context.count();
    let head = head::read_for(context.platform, context.common)?.0;
    let report = Report::new(RunOutcome::Planned, &context.run, &context.stats, &head, context.platform.now_ms());
    let ops = history::record(context.platform, &report)?;
    context.commit(ops)?;
    Ok(SyncStep::Planned(report.show(context.common.locale)))
}

/// Ends the run: the report takes its place.
fn finish<C: Client>(context: &mut RunContext<'_, C>) -> Stepped<SyncStep> {
    note_emptiness(context);
    context.count();
    let now = context.platform.now_ms();
    let (head, version) = head::read_for(context.platform, context.common)?;
    let report = Report::new(RunOutcome::Complete, &context.run, &context.stats, &head, now);
    let observed =
        Observed { seen: context.run.saw_sensitive, at: now, organisation: context.common.organisation.clone() };
    let mut ops = history::record(context.platform, &report)?;
    ops.extend([store::put(key::OBSERVED_SENSITIVE_FIELDS, &observed), store::put(key::SYNCED_AT, &now)]);
    // What follow-ups took away is part of the copy that this run compared.
    ops.push(store::delete(key::FOLLOWED_AWAY));
    // An organisation without a visible member or department is bound to its copy all the same.
    if version.is_none() {
        ops.push(store::check(key::HEAD, None));
        ops.push(store::put(key::HEAD, &head));
    }
    if !context.try_commit_last(ops)? {
        return Err(StepError::Lost(lease::taken()));
    }
    let changes = head.last_change.to_string();
    let fields = [("run", context.run.id.as_str()), ("last_change", &changes)];
    context.platform.log(Level::Info, "the sync is complete", &fields);
    Ok(SyncStep::Complete(report.show(context.common.locale)))
}

/// Success that did nothing says so: the commonest first mistake is a visible range that nobody filled.
fn note_emptiness<C: Client>(context: &mut RunContext<'_, C>) {
    const ZH: &str = "请在管理后台的应用页面设置可见范围";
    const EN: &str = "fill the visible range on the app's page in the vendor's console";
    match (context.run.departments_seen, context.run.members_seen) {
        (0, 0) => context.note(text! {
        "可见范围为空，未同步任何部门与成员：{ZH}", "the visible range is empty, so nothing was synchronised: {EN}" }),
        (0, _) => context.note(text! {
        "可见范围内只有成员，没有部门：如需部门，{ZH}",
        "members are visible, but no department: if departments are wanted, {EN}" }),
        (_, 0) => context.note(text! {
        "可见范围内只有部门，没有成员：{ZH}", "departments are visible, but no member: {EN}" }),
        _ => {}
    }
}

/// What only use shows, for `check-connection`.
#[derive(serde::Serialize)]
struct Observed {
    seen: bool,
    at: u64,
    organisation: String,
}

/// What becomes of a run that the vendor stopped: it waits, or it pauses for a person, or the call's budget was too small.
fn stopped<C: Client>(context: &mut RunContext<'_, C>, failure: Failure) -> Stepped<SyncStep> {
    let mut random = [0; 2];
    context.platform.random(&mut random);
    let backoff = backoff::judge(&failure, &mut context.run, context.platform.now_ms(), u16::from_be_bytes(random));
    let code = failure.vendor_code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    context.platform.log(
        Level::Warn,
        "the sync was stopped",
        &[("run", &context.run.id), ("error", &failure.message.en), ("vendor_code", &code)],
    );
    match backoff {
        // Where the first step of a call gets nowhere, every further call would end the same way.
        Backoff::More if !context.has_moved() => pause(context, failure).map(SyncStep::Paused),
        Backoff::More => {
            context.checkpoint()?;
            Ok(SyncStep::More(context.progress()))
        }
        Backoff::Wait(wait) => {
            context.stats.retries += 1;
            self::wait(context, wait)
        }
        Backoff::Pause => pause(context, failure).map(SyncStep::Paused),
    }
}

/// Writes down where the run stands and leaves the rest to a person.
fn pause<C: Client>(context: &mut RunContext<'_, C>, failure: Failure) -> Stepped<Pause> {
    context.checkpoint()?;
    let error = failure.into_error(context.common.locale);
    Ok(Pause { error, progress: context.progress() })
}

/// Writes down that there is nothing to do before a time.
fn wait<C: Client>(context: &mut RunContext<'_, C>, wait: PendingWait) -> Stepped<SyncStep> {
    context.run.pending_wait = Some(wait.clone());
    context.stats.waits += 1;
    context.checkpoint()?;
    Ok(SyncStep::Wait(waiting(wait, context.progress())))
}

fn waiting(wait: PendingWait, progress: Progress) -> Waiting {
    let PendingWait { not_before, reason, vendor_code, .. } = wait;
    Waiting { not_before, reason, vendor_code, progress }
}
