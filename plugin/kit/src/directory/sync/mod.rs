//! The sync: a state machine whose state lies in storage.
//!
//! ```text
//! scope ─▶ bulk or fetch ─▶ individuals ─▶ missing ─▶ guard ─▶ confirm ─▶ planned ─▶ apply … ─▶ finish
//! ```
//!
//! [`run::Run`] is the state, [`RunContext`] what every step works with, and this file the driver: it takes one step
//! after the other until the call's budget is used up, the run is done, or the vendor stops it. What a kill costs is at
//! most the work since the last checkpoint, because every checkpoint moves scratch and state together.
//!
//! | Files | What they hold |
//! |---|---|
//! | `scope`, `walk`, `bulk`, `missing`, `guard`, `confirm` | the steps that fetch and judge; `walk` is phase `fetch`, `bulk` the strategy `export` |
//! | `pages`, `compare`, `seen` | what they leave for later steps: departments and ids, members compared with the copy, who was seen |
//! | `plan`, `apply` | the plan as people read it; the only steps that write the copy |
//! | `run`, `context`, `lease`, `backoff` | the state, its checkpoints, who works on it, and what stops it for a while |
//! | `report`, `stats`, `history` | what a run did, and the last ones |

mod apply;
mod backoff;
mod bulk;
mod compare;
mod confirm;
mod context;
mod guard;
pub mod history;
mod lease;
mod missing;
mod pages;
pub mod plan;
mod report;
pub(crate) mod run;
mod scope;
mod seen;
mod stats;
mod walk;

pub use self::{
    context::{RunContext, StepError},
    run::PendingWait,
};
use self::{
    lease::Lease,
    report::Report,
    run::{Failures, Phase, Run, Sweep},
    seen::Seen,
};
use super::{head, key};
use crate::{
    config::Common,
    contract::{
        directory::{Pause, Progress, RunOutcome, Strategy, SyncRequest, SyncStep, Waiting},
        log::Level,
        storage::Op,
    },
    failure::Failure,
    platform::Platform,
    store,
    vendor::Client,
};

/// Requests side by side: thresholds of vendors are not published, and five at once have not reached one.
const PARALLELISM: u32 = 5;
/// How long a complete plan may lie before it is applied: one hour.
const PLAN_FRESH_MS: u64 = 60 * 60 * 1_000;
/// How long a run may take to reach its plan, waits and pauses included, before it is begun anew: six hours, since what
/// was fetched first grows old.
const FETCH_FRESH_MS: u64 = 6 * PLAN_FRESH_MS;
/// How long a run may ask about missing ones, one by one: a week, several times what a million of them take.
const CONFIRM_FRESH_MS: u64 = 7 * 24 * PLAN_FRESH_MS;
/// How long scratch is kept, which holds personal data in the clear: a run that nobody goes on with must not keep it for
/// ever. A run that is this old is given up, however far it came.
const SCRATCH_TTL_MS: u64 = 30 * 24 * PLAN_FRESH_MS;

/// Advances the current run. See `sync` in `wit/directory.wit`.
pub fn sync<P: Platform, C: Client<P>>(
    platform: &P,
    common: &Common,
    client: &C,
    request: &SyncRequest,
) -> Result<SyncStep, Failure> {
    let strategy = strategy(&request.strategy, common)?;
    let mut lease = Lease::acquire(platform)?;
    match load(platform, common, request, strategy, &mut lease) {
        Ok((run, version, seen)) => {
            let mut context = RunContext::new(platform, common, client, (run, version), seen, lease);
            let outcome = drive(&mut context, request);
            give_back(platform, context.into_lease());
            outcome.map_err(|(StepError::Vendor(failure) | StepError::Lost(failure))| failure)
        }
        Err(failure) => {
            give_back(platform, lease);
            Err(failure)
        }
    }
}

/// Gives the lease back. Where that fails the outcome of the call stands all the same: the lease ends by itself.
fn give_back<P: Platform>(platform: &P, lease: Lease) {
    if let Err(failure) = lease.release(platform) {
        platform.log(Level::Warn, "the lease of the run could not be given back", &[("error", &failure.message.en)]);
    }
}

fn load<P: Platform>(
    platform: &P,
    common: &Common,
    request: &SyncRequest,
    strategy: Strategy,
    lease: &mut Lease,
) -> Result<(Run, Option<u64>, Seen), Failure> {
    let (run, version) = current_run(platform, common, request, strategy, lease)?;
    let members = head::read(platform)?.map_or(0, |head| head.value.next_ordinal);
    let seen = if version.is_none() { Seen::default() } else { Seen::load(platform, &run.id, members)? };
    Ok((run, version, seen))
}

/// The run to go on with and the version in which it is stored, or a new one.
fn current_run<P: Platform>(
    platform: &P,
    common: &Common,
    request: &SyncRequest,
    strategy: Strategy,
    lease: &mut Lease,
) -> Result<(Run, Option<u64>), Failure> {
    let head = head::read_for(platform, common)?.0;
    let now = platform.now_ms();
    let mut pending_wait = None;
    match run::load(platform)? {
        run::Stored::Readable(run, version) if goes_on(&run, common, request, now) => return Ok((*run, Some(version))),
        run::Stored::None => {}
        run::Stored::Readable(run, _) => {
            // Together, so that no run is ever found without its scratch, or goes without a word.
            let report = Report::new(RunOutcome::Abandoned, &run, &head, now);
            let mut ops = history::record(platform, &report)?;
            ops.push(Op::DeletePrefix(key::scratch(&run.id)));
            give_up(platform, lease, ops)?;
            // The vendor asked for it, whichever run is next.
            pending_wait = run.pending_wait.filter(|wait| wait.reason == backoff::RATE_LIMIT);
        }
        run::Stored::Unreadable => {
            platform.log(Level::Warn, "the run of another version of this component is given up", &[]);
            give_up(platform, lease, vec![Op::DeletePrefix(key::ALL_SCRATCH.to_owned())])?;
        }
    }
    let mut random = [0; 8];
    platform.random(&mut random);
    let id = format!("{now:012x}-{:016x}", u64::from_be_bytes(random));
    platform.log(Level::Info, "a sync begins", &[("run", &id)]);
    let run = Run::new(id, now, PARALLELISM);
    Ok((Run { basis: basis(common), strategy, began_after: head.last_change, pending_wait, ..run }, None))
}

/// Takes the current run away, together with these operations. Fenced like every write: who took over meanwhile may have
/// begun another run.
fn give_up<P: Platform>(platform: &P, lease: &mut Lease, ops: Vec<Op>) -> Result<(), Failure> {
    let mut all: Vec<Op> = lease.ops(platform.now_ms()).into();
    all.extend(ops);
    all.push(store::delete(key::RUN));
    match store::apply(platform, &all)? {
        Ok(versions) => lease.renewed(&versions),
        Err(_) => Err(lease::taken()),
    }
}

/// What a run is begun for. What was fetched for another organisation, as another app or with other fields must not be
/// written under this configuration. Holds no secret: a new one for the same app changes nothing.
fn basis(common: &Common) -> String {
    let fields = common.fields.as_ref().map(|fields| fields.iter().cloned().collect::<Vec<_>>().join(","));
    format!("{}{} {}", organisation_part(common), common.basis, fields.as_deref().unwrap_or("*"))
}

fn organisation_part(common: &Common) -> String {
    format!("{} ", common.ids.key(&common.organisation))
}

/// Whether a run was begun for this organisation.
fn is_of(run: &Run, common: &Common) -> bool {
    run.basis.starts_with(&organisation_part(common))
}

/// Whether an unfinished run is continued. One that has begun to write always is, whatever else of the configuration has
/// changed: only it knows what is left. Whoever calls joins the run, whether for its plan or to the end; a blocked one
/// rests, and a plan is applied, while it is fresh.
fn goes_on(run: &Run, common: &Common, request: &SyncRequest, now: u64) -> bool {
    let age = now.saturating_sub(run.started_at);
    if run.phase.is_applying() {
        return is_of(run, common) && age < SCRATCH_TTL_MS;
    }
    let (is_wanted, fresh_ms) = match run.phase {
        _ if run.blocked.is_some() => (true, PLAN_FRESH_MS),
        // Who asks for a plan again wants a new one, once the first was answered.
        Phase::Planned => (!request.dry_run || !run.is_reported, PLAN_FRESH_MS),
        // However many there are to be asked about: each answer stands by itself.
        Phase::Confirm(_) => (true, CONFIRM_FRESH_MS),
        _ => (true, FETCH_FRESH_MS),
    };
    let since = run.planned_at.unwrap_or(run.started_at);
    is_wanted && run.basis == basis(common) && now.saturating_sub(since) < fresh_ms && !request.restart
}

fn drive<P: Platform, C: Client<P>>(
    context: &mut RunContext<'_, P, C>,
    request: &SyncRequest,
) -> Result<SyncStep, StepError> {
    if let Some(wait) = context.run.pending_wait.clone() {
        let now = context.platform.now_ms();
        // A time further ahead than any wait was written by a host whose clock was wrong.
        if now < wait.not_before && wait.not_before - now <= backoff::LONGEST_MS + backoff::SPREAD_MS {
            return Ok(SyncStep::Wait(waiting(wait, context.run.progress())));
        }
        context.run.pending_wait = None;
    }
    context.run.stats.sync_calls += 1;
    loop {
        context.begin_step();
        let taken = step(context, request);
        context.count();
        match taken {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => context.run.failures = Failures::default(),
            Err(StepError::Lost(failure)) => return Err(StepError::Lost(failure)),
            Err(StepError::Vendor(failure)) => return stopped(context, failure),
        }
        if !context.has_budget() {
            context.checkpoint()?;
            return Ok(SyncStep::More(context.run.progress()));
        }
    }
}

/// Takes one step; `Some` when the call is done.
fn step<P: Platform, C: Client<P>>(
    context: &mut RunContext<'_, P, C>,
    request: &SyncRequest,
) -> Result<Option<SyncStep>, StepError> {
    match context.run.phase.clone() {
        Phase::Scope(steps) => scope::step(context, steps)?,
        Phase::Bulk(stage) => {
            if let Some(wait) = bulk::step(context, &stage)? {
                // It got on: what failed between two looks at a long export is not in a row.
                context.run.failures = Failures::default();
                return self::wait(context, wait).map(Some);
            }
        }
        Phase::Fetch(at) => walk::departments(context, &at)?,
        Phase::Individuals(at) => walk::individuals(context, &at)?,
        Phase::Missing(sweep) => missing::find(context, sweep)?,
        Phase::Guard => {
            guard::check(context, request)?;
            context.run.phase = Phase::Confirm(Sweep::Departments(None));
            context.checkpoint()?;
        }
        Phase::Confirm(sweep) => confirm::step(context, sweep)?,
        Phase::Planned if request.dry_run => return planned(context).map(Some),
        Phase::Planned => {
            guard::check(context, request)?;
            context.run.phase = Phase::ApplyDepartments(0);
            context.checkpoint()?;
        }
        Phase::ApplyDepartments(page) => apply::departments(context, page)?,
        Phase::ApplyMembers(after) => apply::members(context, after.as_deref())?,
        Phase::ApplyRemovals(after) => apply::removals(context, after.as_deref())?,
        Phase::ApplyDepartmentRemovals(done) => apply::department_removals(context, done)?,
        Phase::Finish => return finish(context).map(Some),
    }
    Ok(None)
}

/// Answers the plan of a dry run.
fn planned<P: Platform, C: Client<P>>(context: &mut RunContext<'_, P, C>) -> Result<SyncStep, StepError> {
    apply::plan_departments(context)?;
    note_emptiness(context);
    context.count();
    context.run.is_reported = true;
    let head = head::read_for(context.platform, context.common)?.0;
    let report = Report::new(RunOutcome::Planned, &context.run, &head, context.platform.now_ms());
    let ops = history::record(context.platform, &report)?;
    context.commit(ops)?;
    Ok(SyncStep::Planned(report.show(context.common.locale)))
}

/// Ends the run: the report takes its place and the scratch goes.
fn finish<P: Platform, C: Client<P>>(context: &mut RunContext<'_, P, C>) -> Result<SyncStep, StepError> {
    note_emptiness(context);
    context.count();
    let now = context.platform.now_ms();
    let (head, version) = head::read_for(context.platform, context.common)?;
    let report = Report::new(RunOutcome::Complete, &context.run, &head, now);
    let observed =
        Observed { seen: context.run.saw_sensitive, at: now, organisation: context.common.organisation.clone() };
    let mut ops = history::record(context.platform, &report)?;
    ops.extend([
        store::put(key::OBSERVED_SENSITIVE_FIELDS, &observed),
        store::put(key::SYNCED_AT, &now),
        Op::DeletePrefix(key::scratch(&context.run.id)),
    ]);
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
fn note_emptiness<P: Platform, C: Client<P>>(context: &mut RunContext<'_, P, C>) {
    const ZH: &str = "请在管理后台的应用页面设置可见范围";
    const EN: &str = "fill the visible range on the app's page in the vendor's console";
    match (context.run.departments_seen, context.run.members_seen) {
        (0, 0) => context.note((
            format!("可见范围为空，未同步任何部门与成员：{ZH}"),
            format!("the visible range is empty, so nothing was synchronised: {EN}"),
        )),
        (0, _) => context.note((
            format!("可见范围内只有成员，没有部门：如需部门，{ZH}"),
            format!("members are visible, but no department: if departments are wanted, {EN}"),
        )),
        (_, 0) => context.note((
            format!("可见范围内只有部门，没有成员：{ZH}"),
            format!("departments are visible, but no member: {EN}"),
        )),
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
fn stopped<P: Platform, C: Client<P>>(
    context: &mut RunContext<'_, P, C>,
    failure: Failure,
) -> Result<SyncStep, StepError> {
    use backoff::Backoff;
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
        Backoff::More if !context.has_moved() => pause(context, failure),
        Backoff::More => {
            context.checkpoint()?;
            Ok(SyncStep::More(context.run.progress()))
        }
        Backoff::Wait(wait) => self::wait(context, wait),
        Backoff::Pause => pause(context, failure),
    }
}

/// Writes down where the run stands and leaves the rest to a person.
fn pause<P: Platform, C: Client<P>>(
    context: &mut RunContext<'_, P, C>,
    failure: Failure,
) -> Result<SyncStep, StepError> {
    context.checkpoint()?;
    let error = failure.into_error(context.common.locale);
    Ok(SyncStep::Paused(Pause { error, progress: context.run.progress() }))
}

/// Writes down that there is nothing to do before a time.
fn wait<P: Platform, C: Client<P>>(
    context: &mut RunContext<'_, P, C>,
    wait: PendingWait,
) -> Result<SyncStep, StepError> {
    context.run.pending_wait = Some(wait.clone());
    context.run.stats.waits += 1;
    context.checkpoint()?;
    Ok(SyncStep::Wait(waiting(wait, context.run.progress())))
}

fn waiting(wait: PendingWait, progress: Progress) -> Waiting {
    let PendingWait { not_before, reason, vendor_code } = wait;
    Waiting { not_before, reason, vendor_code, progress }
}

/// How members are to be fetched: as the request says, else as the configuration does.
fn strategy(asked: &Strategy, common: &Common) -> Result<Strategy, Failure> {
    match asked {
        Strategy::Automatic => Ok(common.strategy.clone()),
        Strategy::Walk | Strategy::Export => Ok(asked.clone()),
        Strategy::Other(name) => Err(Failure::invalid_argument(
            "strategy",
            (
                format!("未知的同步方式 {name:?}：可选 automatic、walk、export"),
                format!("unknown strategy {name:?}: expected automatic, walk or export"),
            ),
        )),
    }
}

/// A scratch row that only says that it is there.
fn scratch_mark(key: String) -> Op {
    store::put_text_for(key, String::new(), SCRATCH_TTL_MS)
}
