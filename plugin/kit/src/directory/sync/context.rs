//! What every step of a run works with: the run, its lease, and the one way to write.

use std::{collections::BTreeSet, ops::Range};

use super::{
    lease::{self, Lease},
    run::{Phase, Run},
    seen::Seen,
    stats::Mark,
};
use crate::{
    config::Config,
    contract::{storage::Op, types::Reason},
    directory::key,
    failure::Failure,
    platform::Platform,
    store,
    vendor::{
        client::{Call, Client, Usage},
        export::{
            Bookmark,
            download::{self, Fetched},
        },
        wire::export::File,
    },
};

/// Why a step did not finish.
#[derive(Debug)]
pub enum Stop {
    /// WeCom refused, or could not be reached or read: the run waits or pauses.
    Vendor(Failure),
    /// The storage failed or another call took over: this call ends, the run stays as it was written last.
    Lost(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Lost(failure)
    }
}

/// Share of a call's wall time after which it stops at the next checkpoint, so that progress is seen and guest CPU
/// stays far from any sensible limit.
const SLICE_MS: u64 = 5_000;
/// Wall time that a step with vendor requests may take: the request's time limit and a token refresh.
const STEP_MS: u64 = 12_000;
/// Requests that a step may take beyond its batch: token refreshes and repetitions.
const SPARE_REQUESTS: u32 = 8;
/// Bytes that a step may receive.
const STEP_BYTES: u64 = 32 << 20;
/// Notes of a run at most.
const NOTES: usize = 20;
/// Scratch operations that are kept back before they are written.
const BUFFERED_OPS: usize = 600;
/// Likewise bytes.
const BUFFERED_BYTES: usize = 600 << 10;
/// Likewise pages of met members, 4 KB each.
const TOUCHED_PAGES: usize = 60;
/// Time after which buffered scratch is written: what a kill costs at most.
const CHECKPOINT_MS: u64 = 1_000;
/// Time after which the lease is renewed before the vendor is asked: with a request's time limit it stays below the
/// lease's own.
const RENEWAL_MS: u64 = 1_500;

/// See the module.
pub struct Worker<'a, P: Platform> {
    /// The outside.
    pub platform: &'a P,
    /// The element's configuration.
    pub config: &'a Config,
    /// WeCom.
    pub client: Client<'a, P>,
    /// The state that is written with every checkpoint.
    pub run: Run,
    /// Which members were met.
    pub seen: Seen,
    /// Where in a file of the export this call is; storage follows with the next checkpoint.
    pub bookmark: Bookmark,
    lease: Lease,
    /// Scratch that is not written yet.
    buffer: Vec<Op>,
    buffered_bytes: usize,
    /// Folded ids of members among it.
    buffered_ids: BTreeSet<String>,
    /// Vendor calls that the run knows already.
    counted: Usage,
    /// The phase whose time runs, and since when.
    phase: String,
    marked: Mark,
    begun_with_ms: u64,
    checkpoint_at_ms: u64,
    renewed_at_ms: u64,
    /// Where the run was when the call began.
    began_in: Phase,
}

impl<'a, P: Platform> Worker<'a, P> {
    /// A worker for one call.
    pub fn new(platform: &'a P, config: &'a Config, run: Run, seen: Seen, lease: Lease) -> Self {
        let left = platform.remaining();
        let wall = left.wall_ms;
        let began_in = run.phase.clone();
        Self {
            platform,
            config,
            client: Client::new(platform, config),
            run,
            seen,
            bookmark: Bookmark::default(),
            lease,
            buffer: Vec::new(),
            buffered_bytes: 0,
            buffered_ids: BTreeSet::new(),
            counted: Usage::default(),
            phase: String::new(),
            marked: Mark { wall_ms: wall, bytes_in: left.bytes_in },
            begun_with_ms: wall,
            checkpoint_at_ms: wall,
            renewed_at_ms: wall,
            began_in,
        }
    }

    /// Whether this call's limits allow a further step.
    pub fn has_budget(&self) -> bool {
        let left = self.platform.remaining();
        self.begun_with_ms.saturating_sub(left.wall_ms) < SLICE_MS
            && left.wall_ms > STEP_MS
            && left.requests > self.run.parallelism + SPARE_REQUESTS
            && left.bytes_in > STEP_BYTES
    }

    /// Requests side by side, as the host and WeCom allow.
    pub fn parallelism(&self) -> usize {
        let allowed = self.platform.remaining().parallelism.min(self.run.parallelism);
        usize::try_from(allowed).unwrap_or(1).max(1)
    }

    /// Tells the administrator something in the run's report. Long lists end in a count.
    pub fn note(&mut self, note: String) {
        match self.run.notes.len() {
            0..NOTES => self.run.notes.push(note),
            NOTES => self.run.notes.push("… and more of the kind".to_owned()),
            _ => {}
        }
    }

    /// Asks one question. A refusal is [`Stop::Vendor`].
    pub fn ask(&mut self, call: Call) -> Result<String, Stop> {
        let api = call.endpoint;
        let answer = self.ask_all(&[call], None)?.pop();
        let answer = answer.unwrap_or_else(|| {
            Err(Failure::new(Reason::UnexpectedAnswer, format!("the host gave no answer for {}", api.path())))
        });
        answer.map_err(Stop::Vendor)
    }

    /// Asks several side by side; see [`Client::attempt_all`].
    pub fn ask_all(&mut self, calls: &[Call], max_bytes: Option<u64>) -> Result<Vec<Result<String, Failure>>, Stop> {
        self.keep_lease()?;
        Ok(self.client.attempt_all(calls, max_bytes))
    }

    /// Fetches ranges of a file; see [`Client::download`].
    pub fn download(
        &mut self,
        file: &File,
        ranges: &[Range<u64>],
    ) -> Result<Vec<Result<Fetched, download::Miss>>, Stop> {
        self.keep_lease()?;
        Ok(self.client.download(&file.url, file.size, ranges))
    }

    /// Renews the lease before the vendor takes its time, where the last write is a while ago: a step may ask many
    /// questions before it has anything to write.
    fn keep_lease(&mut self) -> Result<(), Stop> {
        // The call's time runs down, so the later of the two is the smaller.
        let last = self.checkpoint_at_ms.min(self.renewed_at_ms);
        if last.saturating_sub(self.platform.remaining().wall_ms) < RENEWAL_MS {
            return Ok(());
        }
        match store::apply(self.platform, &self.lease.ops(self.platform.now_ms()))? {
            Ok(versions) => self.lease.renewed(&versions)?,
            Err(_) => return Err(Stop::Lost(lease::taken())),
        }
        self.renewed_at_ms = self.platform.remaining().wall_ms;
        Ok(())
    }

    /// Whether this call has got anywhere.
    pub fn has_moved(&self) -> bool {
        self.run.phase != self.began_in
    }

    /// Keeps a scratch row about a member back for the next checkpoint.
    pub fn buffer_member(&mut self, id: &str, op: Op) {
        self.buffered_ids.insert(key::fold(id));
        self.buffer(op);
    }

    /// Keeps a scratch operation back for the next checkpoint.
    pub fn buffer(&mut self, op: Op) {
        if let Op::Put(put) = &op {
            self.buffered_bytes += put.key.len() + put.value.len();
        }
        self.buffer.push(op);
    }

    /// Whether a member's row is among what was kept back.
    pub fn is_buffered(&self, id: &str) -> bool {
        self.buffered_ids.contains(&key::fold(id))
    }

    /// Writes what was kept back when there is enough of it.
    pub fn relieve(&mut self) -> Result<(), Stop> {
        let is_full = self.buffer.len() >= BUFFERED_OPS
            || self.buffered_bytes >= BUFFERED_BYTES
            || self.seen.touched_pages() >= TOUCHED_PAGES;
        if is_full { self.checkpoint() } else { Ok(()) }
    }

    /// Writes what was kept back when a checkpoint is due.
    pub fn checkpoint_when_due(&mut self) -> Result<(), Stop> {
        let is_due = self.checkpoint_at_ms.saturating_sub(self.platform.remaining().wall_ms) >= CHECKPOINT_MS;
        if is_due { self.checkpoint() } else { self.relieve() }
    }

    /// Writes the run and everything that was kept back.
    pub fn checkpoint(&mut self) -> Result<(), Stop> {
        let mut ops = std::mem::take(&mut self.buffer);
        self.buffered_bytes = 0;
        self.buffered_ids.clear();
        ops.extend(self.seen.checkpoint(&self.run.id));
        self.count_calls();
        // One `apply`, so that the run's counts and the rows they count cannot part.
        self.commit(ops)
    }

    /// Forgets everything that was met, in storage as well: what was fetched cannot be trusted.
    pub fn forget_what_was_met(&mut self) -> Result<(), Stop> {
        self.buffer.clear();
        self.buffered_bytes = 0;
        self.buffered_ids.clear();
        self.seen = Seen::default();
        self.count_calls();
        self.run = self.run.unmet();
        self.commit(vec![Op::DeletePrefix(key::scratch(&self.run.id))])
    }

    /// From here on time and calls are those of the phase in which the run is now.
    pub fn begin_step(&mut self) {
        self.phase = self.run.progress().phase;
    }

    /// Adds the vendor calls, and what else was taken since the last time, to the run.
    pub fn count_calls(&mut self) {
        let usage = self.client.usage();
        let calls = usage.total() - self.counted.total();
        self.run.count(&usage, &self.counted);
        self.counted = usage;
        let left = self.platform.remaining();
        let mark = Mark { wall_ms: left.wall_ms, bytes_in: left.bytes_in };
        let figures = &mut self.run.figures;
        figures.add(&self.phase, self.marked, mark, calls);
        figures.peak_memory = figures.peak_memory.max(self.platform.memory_bytes());
        self.marked = mark;
    }

    /// Writes the run and these operations atomically. The caller's checks must not fail.
    pub fn commit(&mut self, ops: Vec<Op>) -> Result<(), Stop> {
        match self.try_commit(ops)? {
            true => Ok(()),
            false => Err(Stop::Lost(lease::taken())),
        }
    }

    /// Writes the run and these operations atomically; `false` when a check of theirs failed.
    pub fn try_commit(&mut self, ops: Vec<Op>) -> Result<bool, Stop> {
        let mut all = Vec::with_capacity(ops.len() + 3);
        all.extend(self.lease.ops(self.platform.now_ms()));
        all.push(store::put(key::RUN, &self.run));
        all.extend(ops);
        self.try_write(&all)
    }

    /// Writes these operations atomically and ends the run.
    pub fn commit_last(&mut self, ops: Vec<Op>) -> Result<(), Stop> {
        let mut all: Vec<Op> = self.lease.ops(self.platform.now_ms()).into();
        all.extend(ops);
        all.push(store::delete(key::RUN));
        match self.try_write(&all)? {
            true => Ok(()),
            false => Err(Stop::Lost(lease::taken())),
        }
    }

    /// Why scratch of this run is not where it was written: somebody else took the run over and ended it, or the
    /// store lost it.
    pub fn scratch_is_gone(&self, key: &str) -> Failure {
        match self.lease.is_held(self.platform) {
            Ok(true) => Failure::damaged(key),
            Ok(false) => lease::taken(),
            Err(failure) => failure,
        }
    }

    /// The lease, to be given back when the call ends.
    pub fn into_lease(self) -> Lease {
        self.lease
    }

    fn try_write(&mut self, ops: &[Op]) -> Result<bool, Stop> {
        match store::apply(self.platform, ops)? {
            Ok(versions) => {
                self.lease.renewed(&versions)?;
                self.checkpoint_at_ms = self.platform.remaining().wall_ms;
                Ok(true)
            }
            Err(keys) if keys.iter().any(|key| key == key::RUN_LEASE) => Err(Stop::Lost(lease::taken())),
            Err(_) => Ok(false),
        }
    }
}
