//! The sync: a state machine whose state lies in storage.
//!
//! ```text
//! scope ─▶ fetch or export ─▶ individuals ─▶ missing ─▶ guard ─▶ confirm ─▶ planned ─▶ apply … ─▶ finish
//! ```
//!
//! [`run::Run`] is the state, `context::Worker` what every step works with, and this file the driver: it takes one
//! step after the other until the call's budget is used up, the run is done, or WeCom stops it. What a kill costs is at most
//! the work since the last checkpoint, because every checkpoint moves scratch and state together.
//!
//! | Files | What they hold |
//! |---|---|
//! | `scope`, `walk`, `export`, `removal` | the steps that ask WeCom |
//! | `pages`, `met`, `seen` | what they leave for later steps: departments and ids, members compared with the copy, who was met |
//! | `plan`, `apply` | the plan as people read it; the only steps that write the copy |
//! | `run`, `worker`, `lease`, `setback` | the state, its checkpoints, who works on it, and what stops it for a while |
//! | `report`, `figures`, `history` | what a run did, and the last ones |

mod apply;
mod stats;
pub mod history;
mod lease;
pub mod compare;
pub mod pages;
pub mod plan;
mod removal;
pub mod report;
pub mod run;
mod scope;
mod seen;
mod backoff;
mod walk;
pub mod context;

use self::{
    lease::Lease,
    report::{Outcome, Report},
    run::{PendingWait, Phase, Run, Way},
    seen::Seen,
    context::{Stop, Worker},
};
use super::{head, key};
use crate::export;
use crate::{
    config::Config,
    contract::{
        directory::{Pause, Progress, Strategy, SyncRequest, SyncStep, Waiting},
        log::Level,
        storage::Op,
    },
    failure::Failure,
    platform::Platform,
    store,
};

/// Requests side by side of one API (fact sheet §10.7: thresholds of 45033 are not published).
const PARALLELISM: u32 = 5;
/// How long a complete plan may lie before it is applied: one hour.
const PLAN_FRESH_MS: u64 = 60 * 60 * 1_000;
/// How long a run may take to reach its plan, waits and pauses included, before it is begun anew: six hours, since what
/// was fetched first grows old.
const FETCH_FRESH_MS: u64 = 6 * PLAN_FRESH_MS;

/// How long a run may ask about missing ones, one by one: a week, several times what a million of them take.
const CONFIRM_FRESH_MS: u64 = 7 * 24 * PLAN_FRESH_MS;

/// Advances the current run. See `sync` in `wit/directory.wit`.
pub fn sync<P: Platform>(platform: &P, config: &Config, request: &SyncRequest) -> Result<SyncStep, Failure> {
    let way = way(&request.strategy, config)?;
    let mut lease = Lease::acquire(platform)?;
    match load(platform, config, request, way, &mut lease) {
        Ok((run, seen)) => {
            let mut worker = Worker::new(platform, config, run, seen, lease);
            let outcome = drive(&mut worker, request);
            give_back(platform, worker.into_lease());
            outcome.map_err(|(Stop::Vendor(failure) | Stop::Lost(failure))| failure)
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
    config: &Config,
    request: &SyncRequest,
    way: Way,
    lease: &mut Lease,
) -> Result<(Run, Seen), Failure> {
    let (run, is_new) = current_run(platform, config, request, way, lease)?;
    let members = head::read(platform)?.map_or(0, |head| head.value.next_ordinal);
    let seen = if is_new { Seen::default() } else { Seen::load(platform, &run.id, members)? };
    Ok((run, seen))
}

/// The run to go on with, or a new one.
fn current_run<P: Platform>(
    platform: &P,
    config: &Config,
    request: &SyncRequest,
    way: Way,
    lease: &mut Lease,
) -> Result<(Run, bool), Failure> {
    let head = head::read_for(platform, &config.common.organisation)?.0;
    let now = platform.now_ms();
    let stored = match store::get::<_, Run>(platform, key::RUN) {
        // What cannot be read cannot go on, and somebody asked to give it up.
        Err(_) if request.restart => {
            forget(platform, lease, vec![Op::DeletePrefix(key::ALL_SCRATCH.to_owned())])?;
            None
        }
        stored => stored?.map(|stored| stored.value),
    };
    match stored {
        Some(run) if run.basis == basis(config) && goes_on(&run, request, now) => Ok((run, false)),
        stored => {
            if let Some(run) = stored {
                // Together, so that no run is ever found without its scratch, or goes without a word.
                let report = Report::new(Outcome::Abandoned, &run, &head, now);
                let mut ops = history::record(platform, &report)?;
                ops.push(Op::DeletePrefix(key::scratch(&run.id)));
                forget(platform, lease, ops)?;
            }
            let mut random = [0; 8];
            platform.random(&mut random);
            let id = format!("{now:012x}-{:016x}", u64::from_be_bytes(random));
            platform.log(Level::Info, "a sync begins", &[("run", &id)]);
            let run = Run::new(id, now, request.dry_run, PARALLELISM);
            Ok((Run { basis: basis(config), way, began_after: head.last_change, ..run }, true))
        }
    }
}

/// Takes the current run away, together with these operations. Fenced like every write: who took over meanwhile may have
/// begun another run.
fn forget<P: Platform>(platform: &P, lease: &mut Lease, ops: Vec<Op>) -> Result<(), Failure> {
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
fn basis(config: &Config) -> String {
    let fields = config.common.fields.as_ref().map(|fields| fields.iter().cloned().collect::<Vec<_>>().join(","));
    let fields = fields.as_deref().unwrap_or("*");
    format!("{} {} {fields}", config.common.organisation.to_lowercase(), config.common.basis)
}

/// Whether an unfinished run is continued. One that has begun to write always is: only it knows what is left. A
/// blocked one goes on when the removal is allowed and is fetched anew otherwise, since the administrator may have
/// mended the visible range; a plan is applied while it is fresh.
fn goes_on(run: &Run, request: &SyncRequest, now: u64) -> bool {
    if run.is_applying() {
        return true;
    }
    let (is_wanted, fresh_ms) = match run.phase {
        Phase::Guard if run.is_blocked => (request.allow_mass_removal, PLAN_FRESH_MS),
        // Who asks for a plan again wants a new one, once the first was answered.
        Phase::Planned => (!request.dry_run || !run.is_reported, PLAN_FRESH_MS),
        // However many there are to be asked about: each answer stands by itself.
        Phase::Confirm(_) => (run.dry_run == request.dry_run, CONFIRM_FRESH_MS),
        _ => (run.dry_run == request.dry_run, FETCH_FRESH_MS),
    };
    let since = run.planned_at.unwrap_or(run.started_at);
    is_wanted && now.saturating_sub(since) < fresh_ms && !request.restart
}

fn drive<P: Platform>(worker: &mut Worker<'_, P>, request: &SyncRequest) -> Result<SyncStep, Stop> {
    if let Some(wait) = worker.run.pending_wait.clone() {
        let now = worker.platform.now_ms();
        // A time further ahead than any wait was written by a host whose clock was wrong.
        if now < wait.not_before && wait.not_before - now <= backoff::LONGEST_MS + backoff::SPREAD_MS {
            return Ok(SyncStep::Wait(waiting(wait, worker.run.progress())));
        }
        worker.run.pending_wait = None;
    }
    worker.run.dry_run = request.dry_run && !worker.run.is_applying();
    worker.run.sync_calls += 1;
    loop {
        worker.begin_step();
        let taken = step(worker, request);
        worker.count_calls();
        match taken {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => worker.run.failures = 0,
            Err(Stop::Lost(failure)) => return Err(Stop::Lost(failure)),
            Err(Stop::Vendor(failure)) => return stopped(worker, failure),
        }
        if !worker.has_budget() {
            worker.checkpoint()?;
            return Ok(SyncStep::More(worker.run.progress()));
        }
    }
}

/// Takes one step; `Some` when the call is done.
fn step<P: Platform>(worker: &mut Worker<'_, P>, request: &SyncRequest) -> Result<Option<SyncStep>, Stop> {
    match worker.run.phase.clone() {
        Phase::Scope => scope::step(worker)?,
        Phase::Export(stage) => {
            if let Some(wait) = export::step(worker, stage)? {
                return self::wait(worker, wait).map(Some);
            }
        }
        Phase::Fetch(place) => walk::departments(worker, place)?,
        Phase::Individuals(place) => walk::individuals(worker, place)?,
        Phase::Missing(sweep) => removal::find(worker, sweep)?,
        Phase::Guard => removal::guard(worker, request.allow_mass_removal)?,
        Phase::Confirm(sweep) => removal::confirm(worker, sweep)?,
        Phase::Planned if worker.run.dry_run => {
            apply::plan_departments(worker)?;
            worker.count_calls();
            worker.run.is_reported = true;
            let head = head::read_for(worker.platform, &worker.config.common.organisation)?.0;
            let report = Report::new(Outcome::Planned, &worker.run, &head, worker.platform.now_ms());
            let ops = history::record(worker.platform, &report)?;
            worker.commit(ops)?;
            return Ok(Some(SyncStep::Planned(report.show())));
        }
        Phase::Planned => {
            worker.run.phase = Phase::ApplyDepartments(0);
            worker.checkpoint()?;
        }
        Phase::ApplyDepartments(page) => apply::departments(worker, page)?,
        Phase::ApplyMembers(after) => apply::members(worker, after)?,
        Phase::ApplyRemovals(after) => apply::removals(worker, after)?,
        Phase::ApplyDepartmentRemovals => apply::department_removals(worker)?,
        Phase::Finish => return finish(worker).map(Some),
    }
    Ok(None)
}

/// Ends the run: the report takes its place and the scratch goes.
fn finish<P: Platform>(worker: &mut Worker<'_, P>) -> Result<SyncStep, Stop> {
    worker.count_calls();
    let now = worker.platform.now_ms();
    let (head, version) = head::read_for(worker.platform, &worker.config.common.organisation)?;
    let report = Report::new(Outcome::Complete, &worker.run, &head, now);
    let observed = Observed { seen: worker.run.saw_sensitive, at: now };
    let mut ops = history::record(worker.platform, &report)?;
    ops.extend([store::put(key::OBSERVED_SENSITIVE_FIELDS, &observed), Op::DeletePrefix(key::scratch(&worker.run.id))]);
    // An organisation without a visible member or department is bound to its corp all the same.
    if version.is_none() {
        ops.push(store::check(key::HEAD, None));
        ops.push(store::put(key::HEAD, &head));
    }
    worker.commit_last(ops)?;
    let changes = head.last_change.to_string();
    worker.platform.log(Level::Info, "the sync is complete", &[("run", &worker.run.id), ("last_change", &changes)]);
    Ok(SyncStep::Complete(report.show()))
}

#[derive(serde::Serialize)]
struct Observed {
    seen: bool,
    at: u64,
}

/// What becomes of a run that WeCom stopped: it waits, or it pauses for a person, or the call's budget was too small.
fn stopped<P: Platform>(worker: &mut Worker<'_, P>, failure: Failure) -> Result<SyncStep, Stop> {
    use backoff::Setback;
    let mut random = [0; 2];
    worker.platform.random(&mut random);
    let setback = backoff::judge(&failure, &mut worker.run, worker.platform.now_ms(), u16::from_be_bytes(random));
    let code = failure.vendor_code.map_or_else(|| "none".to_owned(), |code| code.to_string());
    worker.platform.log(
        Level::Warn,
        "the sync was stopped",
        &[("run", &worker.run.id), ("error", &failure.message.en), ("vendor_code", &code)],
    );
    let progress = |worker: &Worker<'_, P>| worker.run.progress();
    match setback {
        // Where the first step of a call gets nowhere, every further call would end the same way.
        Setback::More if !worker.has_moved() => pause(worker, failure),
        Setback::More => {
            worker.checkpoint()?;
            Ok(SyncStep::More(progress(worker)))
        }
        Setback::Wait(wait) => self::wait(worker, wait),
        Setback::Pause => pause(worker, failure),
    }
}

/// Writes down where the run stands and leaves the rest to a person.
fn pause<P: Platform>(worker: &mut Worker<'_, P>, failure: Failure) -> Result<SyncStep, Stop> {
    worker.checkpoint()?;
    let error = failure.into_error(worker.config.common.locale);
    Ok(SyncStep::Paused(Pause { error, progress: worker.run.progress() }))
}

/// Writes down that there is nothing to do before a time.
fn wait<P: Platform>(worker: &mut Worker<'_, P>, wait: PendingWait) -> Result<SyncStep, Stop> {
    worker.run.pending_wait = Some(wait.clone());
    worker.run.waits += 1;
    worker.checkpoint()?;
    Ok(SyncStep::Wait(waiting(wait, worker.run.progress())))
}

fn waiting(wait: PendingWait, progress: Progress) -> Waiting {
    let PendingWait { not_before, reason, vendor_code } = wait;
    Waiting { not_before, reason, vendor_code, progress }
}

/// How members are to be fetched: as the request says, else as the configuration does.
fn way(asked: &Strategy, config: &Config) -> Result<Way, Failure> {
    let strategy = if *asked == Strategy::Automatic { &config.common.strategy } else { asked };
    match strategy {
        Strategy::Automatic => Ok(Way::Automatic),
        Strategy::Walk => Ok(Way::Walk),
        Strategy::Export => Ok(Way::Export),
        Strategy::Other(name) => Err(Failure::invalid_argument(
            "strategy",
            format!("unknown strategy {name:?}: expected automatic, walk or export"),
        )),
    }
}
