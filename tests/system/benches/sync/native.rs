//! The same domain code without a sandbox: native, in this process, on the same kind of store, against the same vendor.
//!
//! What counts is the CPU time that the code itself uses. The clock stops whenever it calls out, as the host's stops
//! when a guest does; so neither HTTP nor storage nor their conversions are in the figure, on either side.

use std::{
    cell::Cell,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::future::join_all;
use organisation_host::{
    Limits,
    storage::{self as store, Scope, Storage},
};
use organisation_kit::{
    contract::{
        call::Budget,
        directory::{Goal, Report, Strategy, SyncStep},
        http::{BodyKind, Failure, HttpError, Request, Response},
        log,
        storage::{
            Check, Entry, EntryPage, Expectation, KeyPage, Op, Outcome as Applied, RangeOutcome, StorageError, Version,
        },
        types::{Body, Header},
    },
    directory::sync::{advance, begin},
    platform::Platform,
    transport,
    vendor::Vendor as _,
};
use tokio::runtime::Handle;
use wecom_organisation::WeCom;

use crate::{
    Outcome,
    clock::{now_ms, sleep_until},
    meter::thread_time,
    web::{Answer, Web},
};

/// What one native sync took.
pub struct Native {
    /// In the domain code alone.
    pub cpu: Duration,
    pub report: Report,
}

/// Synchronises once on this thread, which must not be one of the runtime's. With the limits of a call of a component,
/// so that both come in the same slices.
pub fn synchronise(
    runtime: Handle,
    web: &Web,
    storage: &Arc<dyn Storage>,
    document: &str,
    strategy: Strategy,
) -> Outcome<Native> {
    let config = WeCom::element().parse(document, WeCom::build).map_err(|failure| failure.message.en.clone())?;
    let outside = Outside {
        runtime,
        web: web.clone(),
        storage: Arc::clone(storage),
        scope: Scope::new("acme", "native")?,
        document: document.to_owned(),
        used: Cell::default(),
        entered: Cell::default(),
        left: Cell::new(left(&Limits::default())),
        ends_at: Cell::new(Instant::now()),
    };
    outside.begin_call();
    let begun = begin::begin(&outside, WeCom::common(&config), &strategy);
    outside.leave();
    let run = begun.map_err(|failure| failure.message.en.clone())?.progress.run;
    loop {
        outside.begin_call();
        let client = WeCom::client(&outside, &config);
        let step = advance::advance(&outside, WeCom::common(&config), &client, &run, Goal::Complete);
        outside.leave();
        match step.map_err(|failure| failure.message.en.clone())? {
            SyncStep::More(_) => {}
            SyncStep::Wait(waiting) => outside.runtime.block_on(sleep_until(waiting.not_before)),
            SyncStep::Complete(report) => return Ok(Native { cpu: outside.used.get(), report }),
            SyncStep::Planned(_) => return Err("nobody asked for a plan".into()),
            SyncStep::Paused(pause) | SyncStep::Blocked(pause) => return Err(pause.error.message.into()),
        }
    }
}

/// The world outside, and the stopwatch.
struct Outside {
    runtime: Handle,
    web: Web,
    storage: Arc<dyn Storage>,
    scope: Scope,
    document: String,
    used: Cell<Duration>,
    entered: Cell<Duration>,
    left: Cell<Budget>,
    ends_at: Cell<Instant>,
}

fn left(limits: &Limits) -> Budget {
    Budget {
        wall_ms: limits.wall_ms,
        cpu_ms: limits.cpu_ms,
        memory: limits.memory_bytes,
        requests: limits.requests,
        bytes_in: limits.bytes_in,
        bytes_out: limits.bytes_out,
        host_calls: limits.host_calls,
        log_bytes: limits.log_bytes,
        parallelism: limits.parallel,
        largest_response: limits.largest_response,
    }
}

impl Outside {
    fn begin_call(&self) {
        let limits = Limits::default();
        self.left.set(left(&limits));
        self.ends_at.set(Instant::now() + Duration::from_millis(limits.wall_ms));
        self.entered.set(thread_time());
    }

    fn leave(&self) {
        self.used.set(self.used.get() + thread_time().saturating_sub(self.entered.get()));
    }

    /// Does what is not the domain's work.
    fn outside<T>(&self, work: impl FnOnce() -> T) -> T {
        self.leave();
        let done = work();
        self.entered.set(thread_time());
        done
    }

    async fn exchange(&self, request: &Request) -> Result<Response, HttpError> {
        let headers: Vec<(String, String)> =
            request.headers.iter().map(|header| (header.name.clone(), header.value.clone())).collect();
        let body = request.body.clone().map(|body| Bytes::from(transport::bytes(body).expect("what is sent is sound")));
        let lost = |failure, message| HttpError { failure, message, may_have_reached_server: true };
        let answer = self.web.send(&request.method, &request.url, &headers, body).await;
        let Answer { status, headers, body } =
            answer.map_err(|error| lost(Failure::Other("native".to_owned()), error.to_string()))?;
        let size = body.len() as u64;
        if request.max_bytes.is_some_and(|most| size > most) {
            return Err(lost(Failure::TooLarge(size), "larger than asked for".to_owned()));
        }
        let mut budget = self.left.get();
        budget.requests = budget.requests.saturating_sub(1);
        budget.bytes_in = budget.bytes_in.saturating_sub(size);
        self.left.set(budget);
        let body = Vec::from(body);
        let body = match request.expect {
            BodyKind::Bytes => Body::Bytes(body),
            BodyKind::Text => match String::from_utf8(body) {
                Ok(text) => Body::Text(text),
                Err(error) => Body::Bytes(error.into_bytes()),
            },
        };
        let headers = headers.into_iter().map(|(name, value)| Header { name, value }).collect();
        Ok(Response { status, headers, body })
    }
}

impl Platform for Outside {
    /// Only the sandbox has a memory of its own to measure.
    fn memory_bytes(&self) -> u64 {
        0
    }

    fn settings(&self) -> String {
        self.document.clone()
    }

    fn remaining(&self) -> Budget {
        self.outside(|| {
            let wall = self.ends_at.get().saturating_duration_since(Instant::now());
            Budget { wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX), ..self.left.get() }
        })
    }

    fn send(&self, request: &Request) -> Result<Response, HttpError> {
        self.outside(|| self.runtime.block_on(self.exchange(request)))
    }

    fn send_all(&self, requests: &[Request]) -> Vec<Result<Response, HttpError>> {
        self.outside(|| self.runtime.block_on(join_all(requests.iter().map(|request| self.exchange(request)))))
    }

    fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, StorageError> {
        self.outside(|| {
            let found = self.runtime.block_on(self.storage.get_many(&self.scope, keys)).map_err(failed)?;
            Ok(found.into_iter().map(|found| found.map(entry)).collect())
        })
    }

    fn scan(&self, prefix: &str, after_key: Option<&str>, limit: u32) -> Result<EntryPage, StorageError> {
        self.outside(|| {
            let page = self.runtime.block_on(self.storage.scan(&self.scope, prefix, after_key, limit));
            let page = page.map_err(failed)?;
            Ok(EntryPage { entries: page.entries.into_iter().map(entry).collect(), more: page.more })
        })
    }

    fn apply(&self, ops: &[Op]) -> Result<Applied, StorageError> {
        self.outside(|| {
            let ops = ops.iter().map(op).collect();
            Ok(match self.runtime.block_on(self.storage.apply(&self.scope, ops)).map_err(failed)? {
                store::ApplyOutcome::Applied(versions) => Applied::Applied(versions),
                store::ApplyOutcome::Conflict(keys) => Applied::Conflict(keys),
            })
        })
    }

    fn scan_keys(&self, prefix: &str, after_key: Option<&str>, limit: u32) -> Result<KeyPage, StorageError> {
        self.outside(|| {
            let page = self.runtime.block_on(self.storage.scan_keys(&self.scope, prefix, after_key, limit));
            page.map(|page| KeyPage { keys: page.keys, more: page.more }).map_err(failed)
        })
    }

    fn delete_range(&self, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError> {
        self.outside(|| {
            let checks: Vec<store::Check> = checks.iter().map(check).collect();
            let outcome = self.runtime.block_on(self.storage.delete_range(&self.scope, prefix, &checks));
            Ok(match outcome.map_err(failed)? {
                store::RangeOutcome::Done => RangeOutcome::Done,
                store::RangeOutcome::More => RangeOutcome::More,
                store::RangeOutcome::Conflict(keys) => RangeOutcome::Conflict(keys),
            })
        })
    }

    fn wait(&self, key: &str, version: Option<Version>, timeout_ms: u32) -> Result<bool, StorageError> {
        let timeout = Duration::from_millis(timeout_ms.into());
        self.outside(|| self.runtime.block_on(self.storage.wait(&self.scope, key, version, timeout)).map_err(failed))
    }

    fn now_ms(&self) -> u64 {
        now_ms()
    }

    fn random(&self, buffer: &mut [u8]) {
        // Different each time is all that a benchmark needs.
        for piece in buffer.chunks_mut(8) {
            piece.copy_from_slice(&RandomState::new().hash_one(0).to_le_bytes()[..piece.len()]);
        }
    }

    fn log(&self, _: log::Level, _: &str, _: &[(&str, &str)]) {}
}

fn entry(entry: store::StoredEntry) -> Entry {
    Entry { key: entry.key, value: entry.value, version: entry.version }
}

fn op(op: &Op) -> store::Op {
    match op {
        Op::Put(put) => {
            store::Op::Put { key: put.key.clone(), value: put.value.clone(), ttl_ms: put.ttl_ms, sealed: put.sealed }
        }
        Op::Delete(key) => store::Op::delete(key.clone()),
        Op::Check(demand) => store::Op::Check(check(demand)),
    }
}

fn check(check: &Check) -> store::Check {
    match check.expected {
        Expectation::Absent => store::Check::absent(check.key.clone()),
        Expectation::Version(version) => store::Check::version(check.key.clone(), version),
    }
}

fn failed(error: store::StorageError) -> StorageError {
    StorageError::Other(error.to_string())
}
