//! The host's side of one call: everything that the imports of the component may touch, and nothing of another call.

use std::{collections::BTreeMap, mem, sync::Arc, time::Duration};

use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::{
    answer::FailedCall,
    cpu::{CpuMeter, GuestStopwatch},
    error::{CallError, CallSite},
    limits::{Exceeded, LimitName, Limits},
    log::CallLog,
    output::GuestOutput,
    recorder::{CallRecorder, CallUsage},
    report::{CallOutcome, CallReport, HttpTraffic},
    resource_limiter::CallResourceLimiter,
    tape::{RecordedEnd, Tape},
};
use crate::{
    contract::JsonError,
    egress::{Budget, BudgetLimits, Outbound},
    settings::Document,
    storage::{Clock, Scope, Storage},
};

/// What a call may touch.
pub(crate) enum Capabilities {
    /// Nothing: `describe` and `validate-config` are pure, and the host makes sure of it.
    Nothing,
    /// The element's storage, and the network as far as its policy goes.
    Everything {
        /// The HTTP of this call.
        http: Box<Outbound>,
        /// The store.
        storage: Arc<dyn Storage>,
        /// The namespace of this tenant's element in it.
        scope: Scope,
        /// The host's clock.
        clock: Arc<dyn Clock>,
    },
}

/// The most wall-clock time that is kept back for a component to come to its end.
const LONGEST_RESERVE: Duration = Duration::from_millis(250);

/// One call on the host's side: the data of its store, which an embedder's [further imports](crate::HostBuilder::import) are
/// called with.
pub struct CallState {
    /// The call, whose it is, and since when.
    pub(crate) recorder: CallRecorder,
    /// The document that `settings.get` answers.
    pub(crate) settings: Document,
    pub(crate) capabilities: Capabilities,
    pub(crate) budget: Arc<Budget>,
    /// When waiting in the host ends; a little before the call does.
    pub(crate) deadline: Instant,
    pub(crate) limits: Limits,
    pub(crate) log: CallLog,
    pub(crate) output: GuestOutput,
    pub(crate) resources: CallResourceLimiter,
    pub(crate) cpu: Arc<CpuMeter>,
    pub(crate) guest_cpu: GuestStopwatch,
    /// The limit that the host ended the call for.
    pub(crate) exceeded: Option<Exceeded>,
    /// Where imports are written down or played from.
    pub(crate) tape: Tape,
    host_calls: BTreeMap<&'static str, u64>,
    host_calls_left: u64,
    /// Bytes that passed between component and host.
    transferred: u64,
    /// The bytes that the call of an import under way may hand over; what the engine counts against.
    pub(crate) hostcall_bytes: u64,
    /// Calls of storage that failed for what is not the component's mistake.
    pub(crate) storage_failures: u64,
    /// Whether an addition to the trail has failed.
    pub(crate) audit_failed: bool,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl CallState {
    /// `capabilities` gets the call's budget and answers what the call may touch; `wasi` gets where standard streams lead.
    pub(crate) fn new(
        recorder: CallRecorder,
        settings: Document,
        capabilities: impl FnOnce(&Arc<Budget>) -> Capabilities,
        output: GuestOutput,
        wasi: impl FnOnce(&GuestOutput) -> WasiCtx,
    ) -> Box<Self> {
        let limits = recorder.limits.clone();
        let budget = Arc::new(budget(&limits, recorder.deadline()));
        Box::new(Self {
            recorder,
            settings,
            capabilities: capabilities(&budget),
            deadline: budget.limits().deadline,
            budget,
            log: CallLog::new(&limits),
            resources: CallResourceLimiter::new(&limits),
            cpu: Arc::default(),
            guest_cpu: GuestStopwatch::default(),
            exceeded: None,
            tape: Tape::Off,
            host_calls: BTreeMap::new(),
            host_calls_left: limits.host_calls,
            transferred: 0,
            hostcall_bytes: limits.hostcall_bytes,
            storage_failures: 0,
            audit_failed: false,
            limits,
            wasi: wasi(&output),
            output,
            table: ResourceTable::new(),
        })
    }

    /// Whose call it is.
    pub fn site(&self) -> &CallSite {
        &self.recorder.site
    }

    /// The name of the call in logs and reports.
    pub fn call(&self) -> &str {
        &self.recorder.call
    }

    /// Counts a call of an import under the name of its interface, which [`CallReport::host_calls`] shows. The first thing that
    /// a function of an import does.
    ///
    /// # Errors
    /// There have been too many: answered by the import, it ends the call. See [`Limits::host_calls`].
    pub fn count(&mut self, interface: &'static str) -> wasmtime::Result<()> {
        *self.host_calls.entry(interface).or_default() += 1;
        match self.host_calls_left.checked_sub(1) {
            Some(left) => {
                self.host_calls_left = left;
                Ok(())
            }
            None => {
                let allowed = self.limits.host_calls;
                Err(self.end(Exceeded { limit: LimitName::HostCalls, allowed, asked: allowed.saturating_add(1) }))
            }
        }
    }

    /// Counts a call of WASI. Where there have been too many, [`demand`](Self::demand) ends the call when this one is over.
    pub(crate) fn count_wasi(&mut self) {
        if let Err(error) = self.count("wasi") {
            tracing::trace!(%error, "a call of WASI too many");
        }
    }

    /// Counts bytes that pass between component and host, and ends the call of the guest where they are too many.
    pub(crate) fn transfer(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.transferred = self.transferred.saturating_add(bytes as u64);
        let allowed = self.limits.hostcall_bytes_total;
        if self.transferred > allowed {
            return Err(self.end(Exceeded { limit: LimitName::HostcallBytesTotal, allowed, asked: self.transferred }));
        }
        Ok(())
    }

    /// Ends the call where it has used more than it may.
    pub(crate) fn demand(&mut self) -> wasmtime::Result<()> {
        if let Some(exceeded) = self.exceeded {
            return Err(self.end(exceeded));
        }
        let (used, allowed) = (self.cpu.used(), self.limits.cpu());
        if used > allowed {
            // Rounded up, so that what was asked for is always more than what was allowed.
            let asked = u64::try_from(used.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
            return Err(self.end(Exceeded { limit: LimitName::CpuMs, allowed: self.limits.cpu_ms, asked }));
        }
        Ok(())
    }

    /// Calls of imports that may still follow.
    pub(crate) fn host_calls_left(&self) -> u64 {
        self.host_calls_left
    }

    /// Milliseconds of CPU time that may still be used; what has begun counts as used.
    pub(crate) fn cpu_ms_left(&self) -> u64 {
        let used = u64::try_from(self.cpu.used().as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
        self.limits.cpu_ms.saturating_sub(used)
    }

    /// Ends the call for a limit; the answer is the trap.
    pub(crate) fn end(&mut self, exceeded: Exceeded) -> wasmtime::Error {
        self.exceeded = Some(exceeded);
        wasmtime::Error::msg(exceeded.to_string())
    }

    /// Ends the call with an answer, and notifies observers.
    pub(crate) fn close(&mut self, outcome: CallOutcome) -> CallReport {
        let used = self.used();
        self.recorder.close(used, outcome)
    }

    /// Ends the call without an answer, and notifies observers.
    pub(crate) fn fail(&mut self, error: CallError) -> Box<FailedCall> {
        self.tape.end(RecordedEnd::of(&error));
        let used = self.used();
        self.recorder.fail(used, error)
    }

    /// Ends the call because it cannot be written down: a defect of this host.
    pub(super) fn not_recorded(&mut self, error: &JsonError) -> Box<FailedCall> {
        self.fail(CallError::Host {
            site: self.recorder.site.clone(),
            reason: format!("it cannot be recorded: {error}"),
        })
    }

    /// What the meters say at the end; the log and the counts go with it.
    fn used(&mut self) -> CallUsage {
        if self.storage_failures > 1 {
            let CallRecorder { call, site, .. } = &self.recorder;
            tracing::warn!(
                lowcode.tenant = site.tenant,
                lowcode.element = site.element,
                lowcode.call = call,
                failures = mem::take(&mut self.storage_failures),
                "storage failed more than once in this call"
            );
        }
        let mut log = mem::take(&mut self.log);
        if let Capabilities::Nothing = self.capabilities {
            // What `validate-config` was given; in other functions a component has placeholders for secrets.
            log.mask(self.output.configuration());
            let CallRecorder { call, site, .. } = &self.recorder;
            log.lines.iter().for_each(|line| line.emit(&site.tenant, &site.element, call));
        }
        CallUsage {
            cpu: self.cpu.used(),
            guest_cpu: self.guest_cpu.used(),
            peak_memory_bytes: self.resources.peak_memory(),
            host_calls: mem::take(&mut self.host_calls),
            http: match &self.capabilities {
                Capabilities::Everything { http, .. } => http.traffic().into(),
                Capabilities::Nothing => HttpTraffic::default(),
            },
            log,
            output: self.output.shown(),
        }
    }
}

impl Drop for CallState {
    fn drop(&mut self) {
        if self.recorder.is_open() {
            let used = self.used();
            self.recorder.abandon(used);
        }
    }
}

/// The HTTP budget of a call that ends at `deadline`.
///
/// Requests end a little before the call does, so that a component whose vendor hangs gets a `timeout` that it can act
/// on, and time to write down how far it came. The same moment ends `storage.wait`, and `call.remaining` counts to it.
fn budget(limits: &Limits, deadline: Instant) -> Budget {
    let reserve = (limits.wall() / 10).min(LONGEST_RESERVE);
    let deadline = deadline.checked_sub(reserve).unwrap_or(deadline);
    Budget::new(BudgetLimits {
        requests: limits.requests,
        bytes_in: limits.bytes_in,
        bytes_out: limits.bytes_out,
        parallel: usize::try_from(limits.parallel).unwrap_or(usize::MAX),
        bytes_at_once: limits.memory_bytes,
        largest_response: limits.largest_response,
        deadline,
    })
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}
