//! What every step of a run works with: the run, its lease, and the one way to write.

use std::collections::BTreeSet;

use serde::{Serialize, de::DeserializeOwned};

use super::{
    compare,
    lease::{self, RunLease},
    pages,
    phase::{self, Phase},
    run::Run,
    seen::Seen,
    stats::Stats,
};
use crate::{
    config::Common,
    contract::{
        call::Budget,
        directory::{Goal, Progress},
        log::Level,
        storage::Op,
    },
    directory::{department::DepartmentRow, key, member::MemberRow, record::DepartmentRecord, retired::Marks},
    failure::Failure,
    locale::{Locale, Text},
    platform::Platform,
    store,
    vendor::{Client, Usage},
};

/// Why a step did not finish.
#[derive(Debug)]
pub enum StepError {
    /// The vendor refused, or could not be reached or read: the run waits or pauses.
    Vendor(Failure),
    /// The storage failed or another call took over: this call ends, the run stays as it was written last.
    Lost(Failure),
}

/// What a step comes to.
pub type Stepped<T = ()> = Result<T, StepError>;

impl From<Failure> for StepError {
    fn from(failure: Failure) -> Self {
        Self::Lost(failure)
    }
}

/// Wall time after which a call stops at the next checkpoint, so that progress is seen.
const SLICE_MS: u64 = 5_000;
/// Wall time that a step with vendor requests may take: the request's time limit and a token refresh.
const STEP_MS: u64 = 12_000;
/// Requests that a step may take beyond its batch: token refreshes and repetitions.
const SPARE_REQUESTS: u32 = 8;
/// Bytes that a step may receive.
const STEP_BYTES: u64 = 32 << 20;
/// CPU time that a step may take: a batch of the largest departments, or a file of an export.
const STEP_CPU_MS: u64 = 3_000;
/// Likewise calls of imports.
const STEP_HOST_CALLS: u64 = 5_000;
/// Notes of a run at most.
const NOTES: usize = 20;
/// Scratch operations that are kept back before they are written.
const BUFFERED_OPS: usize = 600;
/// Likewise bytes.
const BUFFERED_BYTES: usize = 600 << 10;
/// Likewise pages of seen members, 4 KB each.
const TOUCHED_PAGES: usize = 60;
/// Time after which buffered scratch is written: what a kill costs at most.
const CHECKPOINT_MS: u64 = 1_000;
/// Time after which the lease is renewed before the vendor is asked: with a request's time limit it stays below the
/// lease's own.
const RENEWAL_MS: u64 = 1_500;
/// How long what an export keeps for itself is kept.
const SEALED_TTL_MS: u64 = 6 * 60 * 60 * 1_000;

/// See the module.
pub struct RunContext<'a, C> {
    pub(super) platform: &'a dyn Platform,
    pub(super) common: &'a Common,
    pub(super) client: &'a C,
    /// How far this call is to take the run.
    pub(super) until: Goal,
    /// The state that is written with every checkpoint.
    pub(super) run: Run,
    /// What the run took so far, written with it.
    pub(super) stats: Stats,
    pub(super) seen: Seen,
    /// Who is retired.
    pub(super) marks: Marks,
    /// Ids of the departments that were seen, once they are wanted.
    pub(super) departments_seen: Option<BTreeSet<String>>,
    lease: &'a mut RunLease,
    /// Of the run as it is stored.
    run_version: u64,
    /// Scratch that is not written yet.
    buffer: Vec<Op>,
    buffered_bytes: usize,
    /// Ids of members among it, as they compare.
    buffered_ids: BTreeSet<String>,
    /// Vendor calls that the run knows already.
    counted: Usage,
    /// The phase whose time runs, and the budget when it began.
    phase: String,
    marked: Budget,
    begun: Budget,
    checkpoint_at_ms: u64,
    renewed_at_ms: u64,
    /// Where the run was when the call began.
    began_in: Phase,
}

impl<'a, C: Client> RunContext<'a, C> {
    pub(super) fn new(
        platform: &'a dyn Platform,
        common: &'a Common,
        client: &'a C,
        until: Goal,
        (run, run_version, stats): (Run, u64, Stats),
        seen: Seen,
        lease: &'a mut RunLease,
    ) -> Self {
        let left = platform.remaining();
        let wall = left.wall_ms;
        let began_in = run.phase.clone();
        Self {
            platform,
            common,
            client,
            until,
            run,
            stats,
            seen,
            marks: Marks::default(),
            departments_seen: None,
            lease,
            run_version,
            buffer: Vec::new(),
            buffered_bytes: 0,
            buffered_ids: BTreeSet::new(),
            counted: Usage::default(),
            phase: String::new(),
            marked: left,
            begun: left,
            checkpoint_at_ms: wall,
            renewed_at_ms: wall,
            began_in,
        }
    }

    /// The outside.
    pub fn platform(&self) -> &'a dyn Platform {
        self.platform
    }

    /// Asks the vendor; call [`RunContext::before_request`] first.
    pub fn client(&self) -> &'a C {
        self.client
    }

    /// The language of the administrator.
    pub fn locale(&self) -> Locale {
        self.common.locale
    }

    /// Whether this call's limits allow a further step.
    pub fn has_budget(&self) -> bool {
        let left = self.platform.remaining();
        self.begun.wall_ms.saturating_sub(left.wall_ms) < SLICE_MS
            && left.wall_ms > STEP_MS
            && left.requests > self.run.parallelism + SPARE_REQUESTS
            && left.bytes_in > STEP_BYTES
            && left.cpu_ms > STEP_CPU_MS
            && left.host_calls > STEP_HOST_CALLS
    }

    /// Whether this call has used up most of what breaks it off in the midst of a step: a step then ends where it can, whatever
    /// of its answers it has to ask for again.
    pub(super) fn is_nearly_over(&self) -> bool {
        let left = self.platform.remaining();
        left.cpu_ms < self.begun.cpu_ms / 4 || left.host_calls < self.begun.host_calls / 4
    }

    /// Whether this call's limits allow so many further requests, which receive so many bytes.
    pub fn allows(&self, requests: u64, bytes: u64) -> bool {
        let left = self.platform.remaining();
        left.wall_ms > STEP_MS && u64::from(left.requests) >= requests && left.bytes_in >= bytes
    }

    /// Requests side by side, as the host and the vendor allow.
    pub fn parallelism(&self) -> usize {
        let allowed = self.platform.remaining().parallelism.min(self.run.parallelism);
        usize::try_from(allowed).unwrap_or(1).max(1)
    }

    /// Tells the administrator something in the run's report. The same is told once, long lists end in a count.
    pub fn note(&mut self, note: impl Into<Text>) {
        let note = note.into();
        if self.run.notes.contains(&note) {
            return;
        }
        match self.run.notes.len() {
            0..NOTES => self.run.notes.push(note),
            NOTES => self.run.notes.push(("……以及更多同类情况", "… and more of the kind").into()),
            _ => {}
        }
    }

    /// Writes a warning with the run's id.
    pub fn warn(&self, message: &str, error: &Text) {
        self.platform.log(Level::Warn, message, &[("run", &self.run.id), ("error", &error.en)]);
    }

    /// Renews the lease before the vendor takes its time, where the last write is a while ago: a step may ask many
    /// questions before it has anything to write.
    ///
    /// # Errors
    /// When another call took over.
    pub fn before_request(&mut self) -> Stepped {
        // The call's time runs down, so the later of the two is the smaller.
        let last = self.checkpoint_at_ms.min(self.renewed_at_ms);
        if last.saturating_sub(self.platform.remaining().wall_ms) < RENEWAL_MS {
            return Ok(());
        }
        match store::apply(self.platform, &self.lease.ops(self.platform.now_ms()))? {
            Ok(versions) => self.lease.renewed(&versions)?,
            Err(_) if self.lease.take_back(self.platform, Some(self.run_version))? => {}
            Err(_) => return Err(StepError::Lost(lease::taken())),
        }
        self.renewed_at_ms = self.platform.remaining().wall_ms;
        Ok(())
    }

    /// Takes note of members that the vendor showed when it was asked at `read_at`.
    ///
    /// # Errors
    /// When the storage fails or another call took over.
    pub fn record_members(&mut self, rows: Vec<MemberRow>, read_at: u64) -> Stepped {
        compare::members(self, rows, read_at)
    }

    /// Takes note of all departments, which were asked for at `read_at`.
    ///
    /// # Errors
    /// As [`RunContext::record_members`].
    pub fn record_departments(&mut self, rows: Vec<DepartmentRow>, read_at: u64) -> Stepped {
        self.run.departments_read_at = read_at;
        pages::write_departments(self, rows)
    }

    /// What the copy knows of these departments, in order.
    pub(super) fn known_departments(&self, ids: &[&str]) -> Stepped<Vec<Option<DepartmentRecord>>> {
        let keys: Vec<String> = ids.iter().map(|id| key::department(id)).collect();
        let known = store::get_many(self.platform, &keys)?;
        Ok(known.iter().map(|entry| store::parsed(entry.as_ref())).collect::<Result<_, _>>()?)
    }

    /// Keeps something of an export, sealed, with the next checkpoint; tells its bytes. What is larger than
    /// `max_bytes` is not kept.
    pub fn keep_sealed<T: Serialize>(&mut self, value: &T, max_bytes: usize) -> usize {
        let op = store::put_sealed(self.sealed_key(), value, SEALED_TTL_MS);
        let bytes = if let Op::Put(put) = &op { put.value.len() } else { 0 };
        if bytes <= max_bytes {
            self.buffer(op);
        }
        bytes
    }

    /// What an export kept; nothing when it has expired.
    ///
    /// # Errors
    /// When the storage fails.
    pub fn sealed<T: DeserializeOwned>(&self) -> Stepped<Option<T>> {
        Ok(store::value(self.platform, &self.sealed_key())?)
    }

    pub(super) fn sealed_key(&self) -> String {
        key::scratch_page(&self.run.id, 'j', 0)
    }

    /// Whether this call has got anywhere.
    pub(super) fn has_moved(&self) -> bool {
        self.run.phase != self.began_in
    }

    /// Keeps a scratch row about a member back for the next checkpoint.
    pub(super) fn buffer_member(&mut self, id_key: &str, op: Op) {
        self.buffered_ids.insert(id_key.to_owned());
        self.buffer(op);
    }

    /// Keeps a scratch operation back for the next checkpoint.
    pub(super) fn buffer(&mut self, op: Op) {
        if let Op::Put(put) = &op {
            self.buffered_bytes += put.key.len() + put.value.len();
        }
        self.buffer.push(op);
    }

    /// Whether a member's row is among what was kept back.
    pub(super) fn is_buffered(&self, id_key: &str) -> bool {
        self.buffered_ids.contains(id_key)
    }

    /// Writes what was kept back when there is enough of it.
    pub(super) fn flush_if_full(&mut self) -> Stepped {
        let is_full = self.buffer.len() >= BUFFERED_OPS
            || self.buffered_bytes >= BUFFERED_BYTES
            || self.seen.touched_pages() >= TOUCHED_PAGES;
        if is_full { self.checkpoint() } else { Ok(()) }
    }

    /// Writes what was kept back when a checkpoint is due.
    pub(super) fn checkpoint_when_due(&mut self) -> Stepped {
        let is_due = self.checkpoint_at_ms.saturating_sub(self.platform.remaining().wall_ms) >= CHECKPOINT_MS;
        if is_due { self.checkpoint() } else { self.flush_if_full() }
    }

    /// Goes on to the next phase, since nothing is left of this one.
    pub(super) fn next_phase(&mut self) -> Stepped {
        self.run.phase = phase::after(&self.run, self.until);
        self.checkpoint()
    }

    /// The same without a write, for a phase that has checks of its own: whoever enters it again finds nothing left.
    pub(super) fn leave_phase(&mut self) {
        self.run.phase = phase::after(&self.run, self.until);
    }

    /// Writes the run and everything that was kept back.
    pub(super) fn checkpoint(&mut self) -> Stepped {
        let mut ops = std::mem::take(&mut self.buffer);
        self.buffered_bytes = 0;
        self.buffered_ids.clear();
        ops.extend(self.seen.checkpoint(&self.run.id));
        self.count();
        // One `apply`, so that the run's counts and the rows they count cannot part.
        self.commit(ops)
    }

    /// From here on time and calls are those of the phase in which the run is now.
    pub(super) fn begin_step(&mut self) {
        self.phase = self.progress().phase;
    }

    /// How the run stands, for people.
    pub(super) fn progress(&self) -> Progress {
        self.run.progress(self.stats.vendor_calls())
    }

    /// Adds the vendor calls, and what else was taken since the last time, to the run.
    pub(super) fn count(&mut self) {
        let usage = self.client.usage();
        let calls = self.stats.count(&usage, &self.counted);
        self.counted = usage;
        let left = self.platform.remaining();
        self.stats.add(&self.phase, &self.marked, &left, calls);
        self.stats.peak_memory = self.stats.peak_memory.max(self.platform.memory_bytes());
        self.marked = left;
    }

    /// Writes the run and these operations atomically. The caller's checks must not fail.
    pub(super) fn commit(&mut self, ops: Vec<Op>) -> Stepped {
        match self.try_commit(ops)? {
            true => Ok(()),
            false => Err(StepError::Lost(lease::taken())),
        }
    }

    /// Writes the run and these operations atomically; `false` when a check of theirs failed.
    pub(super) fn try_commit(&mut self, ops: Vec<Op>) -> Stepped<bool> {
        self.run.written_at = self.platform.now_ms();
        let mut all = Vec::with_capacity(ops.len() + 4);
        all.extend(self.lease.ops(self.run.written_at));
        all.extend([store::put(key::RUN, &self.run), self.stats.put(&self.run.id)]);
        all.extend(ops);
        let Some(versions) = self.try_write(all)? else { return Ok(false) };
        // The lease is the first that is put, the run the second.
        self.run_version = versions.get(1).copied().unwrap_or(self.run_version);
        Ok(true)
    }

    /// Writes these operations atomically and ends the run; `false` when a check of theirs failed.
    pub(super) fn try_commit_last(&mut self, ops: Vec<Op>) -> Stepped<bool> {
        let mut all: Vec<Op> = self.lease.ops(self.platform.now_ms()).into();
        all.extend(ops);
        all.push(store::delete(key::RUN));
        Ok(self.try_write(all)?.is_some())
    }

    /// Why scratch of this run is not where it was written: somebody else took the run over and ended it, or the
    /// store lost it.
    pub(super) fn scratch_is_gone(&self, key: &str) -> Failure {
        match self.lease.is_held(self.platform) {
            Ok(true) => Failure::damaged(key),
            Ok(false) => lease::taken(),
            Err(failure) => failure,
        }
    }

    /// Writes these operations, of which the first are those of the lease. Answers the versions, nothing when a check of
    /// the others failed.
    fn try_write(&mut self, mut ops: Vec<Op>) -> Stepped<Option<Vec<u64>>> {
        let mut written = store::apply(self.platform, &ops)?;
        if written.as_ref().is_err_and(|keys| lease::is_lapsed(keys))
            && self.lease.take_back(self.platform, Some(self.run_version))?
        {
            for (op, renewed) in ops.iter_mut().zip(self.lease.ops(self.platform.now_ms())) {
                *op = renewed;
            }
            written = store::apply(self.platform, &ops)?;
        }
        match written {
            Ok(versions) => {
                self.lease.renewed(&versions)?;
                self.checkpoint_at_ms = self.platform.remaining().wall_ms;
                Ok(Some(versions))
            }
            Err(keys) if lease::is_lapsed(&keys) => Err(StepError::Lost(lease::taken())),
            Err(_) => Ok(None),
        }
    }
}
