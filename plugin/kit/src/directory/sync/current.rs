//! The current run, and whether it goes on.

use super::{
    abandon, backoff, history,
    lease::{self, Lease},
    phase::Phase,
    report::Report,
    run::{self, PendingWait, Run},
};
use crate::{
    config::Common,
    contract::{directory::RunOutcome, log::Level, storage::Op, types::Reason},
    directory::{head, key, record::CLOCK_SKEW_MS},
    failure::Failure,
    locale::Text,
    platform::Platform,
    store,
};

/// How long a complete plan may lie before it is applied, and a blocked run before it is approved: one hour.
const PLAN_FRESH_MS: u64 = 60 * 60 * 1_000;
/// How long a run may take to reach its plan, waits and pauses included, before it is begun anew: six hours, since what
/// was fetched first grows old.
const FETCH_FRESH_MS: u64 = 6 * PLAN_FRESH_MS;
/// How long a run may ask about missing ones, one by one: a week, several times what a million of them take.
const CONFIRM_FRESH_MS: u64 = 7 * 24 * PLAN_FRESH_MS;

/// The run that lies in storage.
pub(super) enum Current {
    /// There is none.
    None,
    /// One that goes on, and which write it is.
    Fresh(Box<Run>, u64),
    /// One that does not: too old, or for something else than is configured.
    Outdated(Box<Run>, u64),
    /// One that another version of this component stored.
    Unreadable(u64),
}

/// Reads the current run.
///
/// # Errors
/// `conflict` where the copy is that of another organisation.
pub(super) fn read<P: Platform>(platform: &P, common: &Common) -> Result<Current, Failure> {
    head::read_own(platform, common)?;
    Ok(match run::load(platform)? {
        run::Stored::Readable(run, version) if goes_on(&run, common, platform.now_ms()) => Current::Fresh(run, version),
        run::Stored::Readable(run, version) => Current::Outdated(run, version),
        run::Stored::Unreadable(version) => Current::Unreadable(version),
        run::Stored::None => Current::None,
    })
}

/// The current run, if it is this one.
///
/// # Errors
/// `not-found` where it is not; what [`read`] tells.
pub(super) fn find<P: Platform>(platform: &P, common: &Common, id: &str) -> Result<(Run, u64), Failure> {
    match read(platform, common)? {
        Current::Fresh(run, version) if run.id == id => Ok((*run, version)),
        _ => Err(not_current()),
    }
}

/// There is no such run any more.
pub(super) fn not_current() -> Failure {
    Failure::new(
        Reason::NotFound,
        ("该次同步已不再进行", "this run is no longer the current one: it has ended, or is too old to go on"),
    )
    .with_hint(Text::new(
        "该次同步已结束、被放弃或已过期：请重新开始同步",
        "the run has ended, was given up or is too old: begin a sync again",
    ))
}

/// Whether a run goes on. One that has begun to write always does, whatever else of the configuration has changed: only
/// it knows what is left. A blocked one rests, and a plan is applied, while it is fresh.
fn goes_on(run: &Run, common: &Common, now: u64) -> bool {
    // What a host whose clock is wrong has dated far ahead would never grow old.
    let is_younger = |since: u64, ms: u64| since <= now.saturating_add(CLOCK_SKEW_MS) && now.saturating_sub(since) < ms;
    if run.is_writing {
        return is_of(run, common) && is_younger(run.started_at, super::SCRATCH_TTL_MS);
    }
    let fresh_ms = match run.phase {
        // However many there are to be asked about: each answer stands by itself.
        Phase::Confirm(_) => CONFIRM_FRESH_MS,
        Phase::Planned => PLAN_FRESH_MS,
        _ if run.blocked.is_some() || run.approved.is_some() => PLAN_FRESH_MS,
        _ => FETCH_FRESH_MS,
    };
    run.basis == basis(common) && is_younger(run.planned_at.unwrap_or(run.started_at), fresh_ms)
}

/// What a run is begun for. What was fetched for another organisation, as another app or with other fields must not be
/// written under this configuration. Holds no secret: a new one for the same app changes nothing.
pub(super) fn basis(common: &Common) -> String {
    let fields = common.fields.as_ref().map(|fields| fields.iter().cloned().collect::<Vec<_>>().join(","));
    format!("{}{} {}", organisation_part(common), common.basis, fields.as_deref().unwrap_or("*"))
}

fn organisation_part(common: &Common) -> String {
    format!("{} ", common.ids.key(&common.organisation))
}

/// Whether a run was begun for this organisation.
pub(super) fn is_of(run: &Run, common: &Common) -> bool {
    run.basis.starts_with(&organisation_part(common))
}

/// The operations that end a run: its report takes its place. Its scratch is [swept](super::scratch) afterwards.
pub(super) fn end<P: Platform>(platform: &P, report: &Report) -> Result<Vec<Op>, Failure> {
    // Together, so that no run goes without a word.
    let mut ops = history::record(platform, report)?;
    ops.push(store::delete(key::RUN));
    Ok(ops)
}

/// The operations that end a run which goes on no longer: given up where nothing was written, else as it stands.
pub(super) fn give_up<P: Platform>(platform: &P, common: &Common, run: &Run) -> Result<Vec<Op>, Failure> {
    let head = head::read_for(platform, common)?.0;
    platform.log(Level::Info, "a sync is given up", &[("run", &run.id)]);
    let now = platform.now_ms();
    if run.is_writing {
        let run = abandon::unwritten_noted(run.clone());
        return end(platform, &Report::new(RunOutcome::Repaired, &run, &head, now));
    }
    end(platform, &Report::new(RunOutcome::Abandoned, run, &head, now))
}

/// The wait that holds the next run as well: the vendor asked for it, whichever run that is.
pub(super) fn inherited_wait(run: &Run, now: u64) -> Option<PendingWait> {
    run.pending_wait.clone().filter(|wait| wait.reason == backoff::RATE_LIMIT && wait.not_before > now)
}

/// The operation that keeps such a wait for the next run, where no run follows at once.
pub(super) fn keep_wait(run: &Run, now: u64) -> Option<Op> {
    inherited_wait(run, now).map(|wait| store::put_for(key::INHERITED_WAIT, &wait, wait.not_before - now))
}

/// Writes under the lease, where the run is still the write that was read. Fenced like every write: who took over meanwhile
/// may have begun another run.
pub(super) fn write<P: Platform>(
    platform: &P,
    lease: &mut Lease,
    run_version: Option<u64>,
    ops: &[Op],
) -> Result<(), Failure> {
    match try_write(platform, lease, run_version, ops)? {
        true => Ok(()),
        false => Err(lease::taken()),
    }
}

/// The same; `false` when another check of the operations failed than that of the lease.
pub(super) fn try_write<P: Platform>(
    platform: &P,
    lease: &mut Lease,
    run_version: Option<u64>,
    ops: &[Op],
) -> Result<bool, Failure> {
    let attempt = |lease: &Lease| {
        let all: Vec<Op> = lease.ops(platform.now_ms()).into_iter().chain(ops.iter().cloned()).collect();
        store::apply(platform, &all)
    };
    let mut written = attempt(lease)?;
    if written.as_ref().is_err_and(|keys| lease::is_lapsed(keys)) && lease.take_back(platform, run_version)? {
        written = attempt(lease)?;
    }
    match written {
        Ok(versions) => lease.renewed(&versions).map(|()| true),
        Err(keys) if lease::is_lapsed(&keys) => Err(lease::taken()),
        Err(_) => Ok(false),
    }
}
