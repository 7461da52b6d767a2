//! The current run, and whether it goes on.

use serde::{Deserialize, Serialize};

use super::{
    abandon, backoff, history,
    lease::{self, RunLease},
    phase::Phase,
    report::Report,
    run::{self, LONGEST_WAIT_MS, PendingWait, Run},
    stats::Stats,
};
use crate::{
    config::Common,
    contract::{directory::RunOutcome, log::Level, storage::Op},
    directory::{head, key, record::CLOCK_SKEW_MS},
    failure::Failure,
    json,
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
/// When a host looks again whether a newer version of the component has ended its run: a minute.
const NEWER_RETRY_MS: u64 = 60_000;

/// The run that lies in storage.
pub(super) enum Current {
    None,
    /// One that goes on, and which write it is.
    Fresh(Box<Run>, u64),
    /// One that does not: too old, for something else than is configured, or of another version of this component.
    Outdated(Box<Run>, u64),
    /// One of a newer version, which may be at work on it on another host.
    Newer(Box<Run>, u64),
    /// One that is damaged.
    Unreadable(u64),
}

/// Reads the current run.
///
/// # Errors
/// `conflict` where the copy is that of another organisation.
pub(super) fn read(platform: &dyn Platform, common: &Common) -> Result<Current, Failure> {
    head::read_own(platform, common)?;
    Ok(match run::load(platform)? {
        run::Stored::Readable(run, version) if is_resumable(&run, common, platform.now_ms()) => {
            Current::Fresh(run, version)
        }
        run::Stored::Readable(run, version) => Current::Outdated(run, version),
        run::Stored::Foreign(run, version) if run.is_newer() && is_at_work(&run, platform.now_ms()) => {
            Current::Newer(run, version)
        }
        run::Stored::Foreign(run, version) => Current::Outdated(run, version),
        run::Stored::Unreadable(version) => Current::Unreadable(version),
        run::Stored::None => Current::None,
    })
}

/// The current run, if it is this one.
///
/// # Errors
/// `not-found` where it is not, `conflict` where only a newer version can go on with it; what [`read`] tells.
pub(super) fn find(platform: &dyn Platform, common: &Common, id: &str) -> Result<(Run, u64), Failure> {
    match read(platform, common)? {
        Current::Fresh(run, version) if run.id == id => Ok((*run, version)),
        Current::Newer(run, _) if run.id == id => Err(is_newer(&run)),
        _ => Err(not_current()),
    }
}

/// There is no such run any more.
pub(super) fn not_current() -> Failure {
    failure! { NotFound:
    "该次同步已不再进行", "this run is no longer the current one: it has ended, or is too old to go on";
    "该次同步已结束、被放弃或已过期：请重新开始同步",
    "the run has ended, was given up or is too old: begin a sync again" }
}

/// A newer version of this component began the run.
pub(super) fn is_newer(run: &Run) -> Failure {
    let id = &run.id;
    failure! { Conflict:
    "同步 {id} 由本组件的更新版本开始，本版本无法继续",
    "run {id} was begun by a newer version of this component: this version cannot go on with it";
    "另一台主机上的新版本组件可能正在执行同步：请等待其完成，或将本主机升级到同一版本；若不再使用新版本，请放弃该次同步，否则一小时无进展后自动放弃",
    "a newer version may be at work on another host: wait for it, or bring this host to the same version; where the \
     newer one is not used any more, abandon the run, or wait an hour after its last sign of life" }
    .with_retry_after_ms(NEWER_RETRY_MS)
}

/// Whether a newer version has worked on its run within the hour, or may wait: at most a day, as long as it was asked to.
fn is_at_work(run: &Run, now: u64) -> bool {
    let busy_until = run.pending_wait.as_ref().map_or(0, |wait| wait.not_before).max(run.written_at);
    is_younger(run.written_at, LONGEST_WAIT_MS + PLAN_FRESH_MS, now) && now < busy_until.saturating_add(PLAN_FRESH_MS)
}

/// Whether a time is less than this long ago. What a host whose clock is wrong has dated far ahead would never grow old.
fn is_younger(since: u64, ms: u64, now: u64) -> bool {
    since <= now.saturating_add(CLOCK_SKEW_MS) && now.saturating_sub(since) < ms
}

/// Whether a run goes on. One that has begun to write always does, whatever else of the configuration has changed: only
/// it knows what is left. A blocked one rests, and a plan is applied, while it is fresh.
fn is_resumable(run: &Run, common: &Common, now: u64) -> bool {
    if run.is_writing {
        return is_of(run, common) && is_younger(run.started_at, super::SCRATCH_TTL_MS, now);
    }
    let fresh_ms = match run.phase {
        // However many there are to be asked about: each answer stands by itself.
        Phase::Confirm(_) => CONFIRM_FRESH_MS,
        Phase::Planned => PLAN_FRESH_MS,
        _ if run.blocked.is_some() || run.approved.is_some() => PLAN_FRESH_MS,
        _ => FETCH_FRESH_MS,
    };
    run.basis == basis(common) && is_younger(run.planned_at.unwrap_or(run.started_at), fresh_ms, now)
}

/// What a run is begun for. What was fetched for another organisation, as another app or with other fields must not be
/// written under this configuration. Holds no secret: a new one for the same app changes nothing.
pub(super) fn basis(common: &Common) -> String {
    let fields = common.fields.as_ref().map(|fields| fields.iter().cloned().collect::<Vec<_>>().join(","));
    format!("{} {}", asker(common), fields.as_deref().unwrap_or("*"))
}

/// As whom the vendor is asked, and where.
fn asker(common: &Common) -> String {
    format!("{}{}", organisation_part(common), common.basis)
}

/// As whom a run asks: its basis but for the fields.
fn asker_of(run: &Run) -> &str {
    run.basis.rsplit_once(' ').map_or("", |(asker, _)| asker)
}

fn organisation_part(common: &Common) -> String {
    format!("{} ", common.ids.key(&common.organisation))
}

/// Whether a run was begun for this organisation.
pub(super) fn is_of(run: &Run, common: &Common) -> bool {
    run.basis.starts_with(&organisation_part(common))
}

/// The operations that end a run: its report takes its place. Its scratch is [swept](super::scratch) afterwards.
pub(super) fn end(platform: &dyn Platform, report: &Report) -> Result<Vec<Op>, Failure> {
    // Together, so that no run goes without a word.
    let mut ops = history::record(platform, report)?;
    ops.push(store::delete(key::RUN));
    Ok(ops)
}

/// The operations that end a run which goes on no longer: given up where nothing was written, else as it stands.
pub(super) fn give_up(platform: &dyn Platform, common: &Common, run: &Run) -> Result<Vec<Op>, Failure> {
    let head = head::read_for(platform, common)?.0;
    let whose =
        if run.is_own() { "a sync is given up" } else { "a sync of another version of this component is given up" };
    platform.log(Level::Info, whose, &[("run", &run.id)]);
    let stats = Stats::load(platform, &run.id)?;
    let outcome = if run.is_writing { RunOutcome::Repaired } else { RunOutcome::Abandoned };
    let run = if run.is_writing { abandon::unwritten_noted(run.clone()) } else { run.clone() };
    end(platform, &Report::new(outcome, &run, &stats, &head, platform.now_ms()))
}

/// A wait that holds the next run of the same asker as well: the vendor asked for it, whichever run that is.
#[derive(Serialize, Deserialize)]
struct KeptWait {
    asker: String,
    wait: PendingWait,
}

/// Such a wait of a run.
fn rate_limit(run: &Run, now: u64) -> Option<&PendingWait> {
    run.pending_wait.as_ref().filter(|wait| wait.reason == backoff::RATE_LIMIT && wait.holds(now))
}

/// The operation that keeps such a wait of a run that ends.
pub(super) fn keep_wait(run: &Run, now: u64) -> Option<Op> {
    let wait = rate_limit(run, now)?.clone();
    let ttl_ms = wait.not_before - now;
    Some(store::put_for(key::INHERITED_WAIT, &KeptWait { asker: asker_of(run).to_owned(), wait }, ttl_ms))
}

/// The wait with which a run begins: that of the run before, or one that was kept.
pub(super) fn inherited_wait(
    platform: &dyn Platform,
    common: &Common,
    before: Option<&Run>,
) -> Result<Option<PendingWait>, Failure> {
    let now = platform.now_ms();
    let own = before.filter(|run| asker_of(run) == asker(common));
    if let Some(wait) = own.and_then(|run| rate_limit(run, now)) {
        return Ok(Some(wait.clone()));
    }
    // What cannot be read is of another version.
    let stored = store::get_text(platform, key::INHERITED_WAIT)?;
    let kept = stored.and_then(|entry| json::from_str::<KeptWait>(&entry.value).ok());
    Ok(kept.filter(|kept| kept.asker == asker(common) && kept.wait.holds(now)).map(|kept| kept.wait))
}

/// Writes under the lease, where the run is still the write that was read. Fenced like every write: who took over meanwhile
/// may have begun another run.
pub(super) fn write(
    platform: &dyn Platform,
    lease: &mut RunLease,
    run_version: Option<u64>,
    ops: &[Op],
) -> Result<(), Failure> {
    match try_write(platform, lease, run_version, ops)? {
        true => Ok(()),
        false => Err(lease::taken()),
    }
}

/// The same; `false` when another check of the operations failed than that of the lease.
pub(super) fn try_write(
    platform: &dyn Platform,
    lease: &mut RunLease,
    run_version: Option<u64>,
    ops: &[Op],
) -> Result<bool, Failure> {
    let attempt = |lease: &RunLease| {
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
