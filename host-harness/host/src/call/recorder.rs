//! A call from its beginning to its end: its time, its span and its report, which observers get once, however the call ends.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;
use tracing::{Span, field};

use super::observer::{Meter, Observer};
use super::{
    answer::FailedCall,
    error::{CallError, CallSite},
    limits::{Exceeded, LimitName, Limits},
    log::CallLog,
    report::{CallOutcome, CallReport, HttpTraffic, microseconds},
    run::words_of,
};

/// What a call has used.
#[derive(Default)]
pub(crate) struct CallUsage {
    pub(crate) cpu: Duration,
    pub(crate) guest_cpu: Duration,
    pub(crate) peak_memory_bytes: u64,
    pub(crate) host_calls: BTreeMap<&'static str, u64>,
    pub(crate) http: HttpTraffic,
    pub(crate) log: CallLog,
    pub(crate) output: String,
}

/// The wait for a permit.
enum QueueTime {
    /// It has come to an end, or has not begun.
    Over(Duration),
    Since(Instant),
}

impl QueueTime {
    fn time(&self) -> Duration {
        match self {
            Self::Over(time) => *time,
            Self::Since(since) => since.elapsed(),
        }
    }
}

/// A call under way. Whoever drops it open has given the call up, and observers hear of that too.
pub(crate) struct CallRecorder {
    /// Names the call in logs.
    pub(crate) call: String,
    pub(crate) site: CallSite,
    begun: Instant,
    begun_at: SystemTime,
    /// Those of this call.
    pub(crate) limits: Limits,
    deadline: Instant,
    queue: QueueTime,
    instantiate: Duration,
    observers: Arc<[Arc<dyn Observer>]>,
    span: Span,
    is_open: bool,
}

impl CallRecorder {
    /// A call that begins now, if all meters admit it, and ends with its limit, or at `until` where that is earlier.
    pub(crate) fn open(
        call: String,
        site: CallSite,
        limits: &Limits,
        until: Option<Instant>,
        observers: Arc<[Arc<dyn Observer>]>,
        meters: &[Arc<dyn Meter>],
    ) -> Result<Self, Box<FailedCall>> {
        let mut limits = limits.clone();
        let refused = meters.iter().find_map(|meter| {
            let mut asked = limits.clone();
            // A panic of the embedder's code is a refusal: the meters that were asked before hear of the end.
            let answer = catch_unwind(AssertUnwindSafe(|| meter.admit(&call, &site, &mut asked)));
            limits = limits.at_most(&asked);
            answer.unwrap_or_else(|panic| Err(format!("a meter panicked: {}", words_of(&*panic)))).err()
        });
        let mut recorder = Self::begin(call, site, limits, until, observers);
        match refused {
            None => Ok(recorder),
            Some(reason) => {
                let error = CallError::NotAdmitted { site: recorder.site.clone(), reason };
                Err(recorder.fail(CallUsage::default(), error))
            }
        }
    }

    fn begin(
        call: String,
        site: CallSite,
        limits: Limits,
        until: Option<Instant>,
        observers: Arc<[Arc<dyn Observer>]>,
    ) -> Self {
        let begun = Instant::now();
        let own = begun + limits.wall();
        // Names as OpenTelemetry has them where it has one; all others are this host's own.
        let span = tracing::info_span!(
            "call",
            otel.kind = "internal",
            code.function.name = site.function,
            lowcode.tenant = site.tenant,
            lowcode.element = site.element,
            lowcode.call = call,
            lowcode.component.digest = %site.component,
            lowcode.outcome = field::Empty,
            error.type = field::Empty,
        );
        Self {
            call,
            site,
            begun,
            begun_at: SystemTime::now(),
            limits,
            deadline: until.map_or(own, |until| until.min(own)),
            queue: QueueTime::Over(Duration::ZERO),
            instantiate: Duration::ZERO,
            observers,
            span,
            is_open: true,
        }
    }

    /// When the call ends at the latest.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What events of the call belong to.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The call waits for a permit from now on.
    pub(crate) fn queued(&mut self) {
        self.queue = QueueTime::Since(Instant::now());
    }

    /// The call has a permit.
    pub(crate) fn admitted(&mut self) {
        self.queue = QueueTime::Over(self.queue.time());
    }

    /// The call has an instance.
    pub(crate) fn instantiated(&mut self, took: Duration) {
        self.instantiate = took;
    }

    /// That the time of the call is over.
    pub(crate) fn out_of_time(&self) -> CallError {
        let allowed = self.limits.wall_ms;
        let exceeded = Exceeded { limit: LimitName::WallMs, allowed, asked: allowed.saturating_add(1) };
        CallError::Limit { site: self.site.clone(), exceeded }
    }

    /// Ends the call, and notifies observers.
    pub(crate) fn close(&mut self, used: CallUsage, outcome: CallOutcome) -> CallReport {
        self.is_open = false;
        let CallUsage { cpu, guest_cpu, peak_memory_bytes, host_calls, http, log, output } = used;
        let report = CallReport {
            call: self.call.clone(),
            begun_at: self.begun_at,
            function: self.site.function,
            tenant: self.site.tenant.clone(),
            element: self.site.element.clone(),
            component: self.site.component,
            outcome,
            queued_us: microseconds(self.queue.time()),
            instantiate_us: microseconds(self.instantiate),
            cpu_us: microseconds(cpu),
            guest_cpu_us: microseconds(guest_cpu),
            wall_us: microseconds(self.begun.elapsed()),
            peak_memory_bytes,
            host_calls,
            http,
            log,
            output,
        };
        let (outcome, error) = report.outcome.names();
        self.span.record("lowcode.outcome", outcome);
        if let Some(error) = error {
            self.span.record("error.type", error);
        }
        for observer in &*self.observers {
            // One that panics keeps the report from no other, and the answer from no caller.
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| observer.called(&report))) {
                tracing::error!(panic = words_of(&*panic), lowcode.call = report.call, "an observer of calls panicked");
            }
        }
        report
    }

    /// Ends a call that gives no answer, and notifies observers.
    pub(crate) fn fail(&mut self, used: CallUsage, error: CallError) -> Box<FailedCall> {
        let at = error.backtrace();
        match error {
            // A decision of the embedder, and one that a tenant can have repeated.
            CallError::NotAdmitted { .. } => tracing::debug!(%error, "a call was not admitted"),
            _ => tracing::warn!(%error, kind = error.kind(), backtrace = ?at, "a call gave no answer"),
        }
        let report = self.close(used, CallOutcome::of(&error));
        Box::new(FailedCall { error, report })
    }

    /// Whether the call is under way.
    pub(crate) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Ends a call that nobody waits for any more, and notifies observers.
    pub(crate) fn abandon(&mut self, used: CallUsage) {
        self.close(used, CallOutcome::Abandoned);
    }
}

impl Drop for CallRecorder {
    fn drop(&mut self) {
        if self.is_open {
            self.abandon(CallUsage::default());
        }
    }
}
