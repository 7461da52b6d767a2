//! Prometheus metrics of a host, as an [`Observer`] and [`SyncObserver`].
//!
//! Every set of labels is bounded: functions and outcomes are known, reasons, phases and vendor codes beyond the first few
//! dozen (of each component, and of all) become `other`, and tenants are labels of nothing. Names and units keep to the conventions of OpenMetrics.

mod names;
mod progress;

use std::{fmt, hash::Hash, sync::atomic::AtomicU64, time::Duration};

use names::{Names, OTHER};
use organisation_host::{CallOutcome, CallReport, Digest, Load, Observer};
use progress::Progress;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};

use super::{SyncAdvance, SyncObserver, SyncReport};
use crate::syncs::SyncOutcome;

/// The media type of what [`Metrics::encode`] writes.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    function: &'static str,
    outcome: &'static str,
    /// Which error; empty for an answer.
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FunctionLabels {
    function: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InterfaceLabels {
    interface: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    /// `2xx` … or why there was no answer.
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SyncLabels {
    outcome: &'static str,
    /// Why; empty for a run that is complete.
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UrgencyLabels {
    urgency: &'static str,
}

type Seconds = Counter<f64, AtomicU64>;

/// Prometheus metrics of a host.
pub struct Metrics {
    registry: Registry,
    names: Names,
    codes: Names,
    calls: Family<CallLabels, Counter>,
    call_seconds: Family<FunctionLabels, Histogram>,
    queued_seconds: Histogram,
    guest_cpu: Family<FunctionLabels, Seconds>,
    guest_memory: Histogram,
    host_calls: Family<InterfaceLabels, Counter>,
    requests: Family<HttpLabels, Counter>,
    request_seconds: Histogram,
    bytes_in: Counter,
    bytes_out: Counter,
    vendor_errors: Family<CodeLabels, Counter>,
    syncs: Family<SyncLabels, Counter>,
    sync_seconds: Histogram,
    syncs_running: Gauge,
    progress: Progress,
    running: Family<UrgencyLabels, Gauge>,
    waiting: Family<UrgencyLabels, Gauge>,
    tenants: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics, at zero.
    pub fn new() -> Self {
        // From a millisecond to a minute, and from a quarter of a MiB to half a GiB.
        let times = || Histogram::new(exponential_buckets(0.001, 2.0, 17));
        let metrics = Self {
            registry: Registry::with_prefix("org_harness"),
            names: Names::default(),
            codes: Names::default(),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 17))),
            queued_seconds: times(),
            guest_cpu: Family::default(),
            guest_memory: Histogram::new(exponential_buckets(262_144.0, 2.0, 12)),
            host_calls: Family::default(),
            requests: Family::default(),
            request_seconds: times(),
            bytes_in: Counter::default(),
            bytes_out: Counter::default(),
            vendor_errors: Family::default(),
            syncs: Family::default(),
            sync_seconds: Histogram::new(exponential_buckets(0.01, 3.0, 12)),
            syncs_running: Gauge::default(),
            progress: Progress::default(),
            running: Family::default(),
            waiting: Family::default(),
            tenants: Gauge::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let mut registry = std::mem::take(&mut self.registry);
        registry.register("calls", "Calls of components, by how they ended", self.calls.clone());
        let text = "Time of a call from beginning to end";
        registry.register_with_unit("call_duration", text, Unit::Seconds, self.call_seconds.clone());
        let text = "Time that a call waited to begin";
        registry.register_with_unit("call_queued", text, Unit::Seconds, self.queued_seconds.clone());
        let text = "CPU time of guests";
        registry.register_with_unit("guest_cpu", text, Unit::Seconds, self.guest_cpu.clone());
        let text = "The most linear memory of a call";
        registry.register_with_unit("guest_memory_peak", text, Unit::Bytes, self.guest_memory.clone());
        registry.register("host_calls", "Calls of imports", self.host_calls.clone());
        registry.register("http_requests", "HTTP requests of components, by status or failure", self.requests.clone());
        let text = "Time of an HTTP request from the component's call to its result";
        registry.register_with_unit("http_request_duration", text, Unit::Seconds, self.request_seconds.clone());
        let text = "Bytes of HTTP answers";
        registry.register_with_unit("http_received", text, Unit::Bytes, self.bytes_in.clone());
        let text = "Bytes of HTTP requests";
        registry.register_with_unit("http_sent", text, Unit::Bytes, self.bytes_out.clone());
        let text = "Errors that vendors answered, by their code";
        registry.register("vendor_errors", text, self.vendor_errors.clone());
        let text = "Periodic syncs, by how they ended";
        registry.register("sync_turns", text, self.syncs.clone());
        let text = "Time of a periodic sync";
        registry.register_with_unit("sync_turn_duration", text, Unit::Seconds, self.sync_seconds.clone());
        let text = "Periodic syncs under way on this host";
        registry.register("sync_turns_running", text, self.syncs_running.clone());
        self.progress.register(&mut registry);
        registry.register("calls_running", "Calls under way", self.running.clone());
        registry.register("calls_waiting", "Calls that wait to begin", self.waiting.clone());
        registry.register("tenants", "Tenants that are served", self.tenants.clone());
        self.registry = registry;
        self
    }

    /// The metrics as text of [`CONTENT_TYPE`], with how busy the host is and how many tenants it serves just now.
    pub fn encode(&self, load: Load, tenants: usize) -> String {
        let urgency = |urgency| UrgencyLabels { urgency };
        let set = |gauge: &Family<_, Gauge>, name, value| {
            gauge.get_or_create(&urgency(name)).set(value);
        };
        set(&self.running, "interactive", load.interactive.into());
        set(&self.running, "background", load.background.into());
        set(&self.waiting, "interactive", signed(load.interactive_waiting));
        set(&self.waiting, "background", signed(load.background_waiting));
        self.tenants.set(signed(tenants));
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics could not be written: this is a defect of the host");
        }
        text
    }

    fn count_vendor_error(&self, component: Digest, code: Option<i64>) {
        if let Some(code) = code {
            let code = self.codes.bounded(component, &code.to_string());
            self.vendor_errors.get_or_create(&CodeLabels { code }).inc();
        }
    }
}

impl Observer for Metrics {
    fn called(&self, report: &CallReport) {
        let (function, (outcome, reason)) = (report.function, report.outcome.names());
        // Of calls without an answer the host says what was the matter, in few words.
        let is_own = matches!(report.outcome, CallOutcome::Failed { .. });
        let name = |reason: &str| if is_own { reason.to_owned() } else { self.names.bounded(report.component, reason) };
        let reason = reason.map(name).unwrap_or_default();
        self.calls.get_or_create(&CallLabels { function, outcome, reason }).inc();
        let of_function = FunctionLabels { function };
        self.call_seconds.get_or_create(&of_function).observe(seconds(report.wall_us));
        self.queued_seconds.observe(seconds(report.queued_us));
        self.guest_cpu.get_or_create(&of_function).inc_by(seconds(report.guest_cpu_us));
        if report.instantiate_us > 0 {
            // Exact enough: a double holds whole numbers up to 8 PiB.
            self.guest_memory.observe(report.peak_memory_bytes as f64);
        }
        for (&interface, &calls) in &report.host_calls {
            self.host_calls.get_or_create(&InterfaceLabels { interface }).inc_by(calls);
        }
        for exchange in &report.http.exchanges {
            let result = match (exchange.status, exchange.failure) {
                (Some(100..=199), _) => "1xx",
                (Some(200..=299), _) => "2xx",
                (Some(300..=399), _) => "3xx",
                (Some(400..=499), _) => "4xx",
                (Some(_), _) => "5xx",
                (None, failure) => failure.unwrap_or(OTHER),
            };
            self.requests.get_or_create(&HttpLabels { result }).inc();
            self.request_seconds.observe(seconds(exchange.duration_us));
        }
        if report.http.left_out > 0 {
            self.requests.get_or_create(&HttpLabels { result: "unrecorded" }).inc_by(report.http.left_out);
        }
        self.bytes_in.inc_by(report.http.bytes_in);
        self.bytes_out.inc_by(report.http.bytes_out);
        self.count_vendor_error(report.component, report.outcome.vendor_code());
    }
}

impl SyncObserver for Metrics {
    fn sync_began(&self, _: &str) {
        self.syncs_running.inc();
    }

    fn sync_advanced(&self, advance: &SyncAdvance<'_>) {
        self.progress.advanced(advance);
    }

    fn sync_ended(&self, report: &SyncReport<'_>) {
        self.syncs_running.dec();
        self.progress.sync_ended(report.tenant);
        let (reason, vendor_code) = match report.outcome {
            // The error of a failed sync was counted with its call.
            SyncOutcome::Failed { reason, .. } => (&**reason, None),
            SyncOutcome::Waiting { reason, vendor_code, .. } | SyncOutcome::Paused { reason, vendor_code, .. } => {
                (&**reason, *vendor_code)
            }
            SyncOutcome::Blocked { .. } => ("mass-removal-blocked", None),
            SyncOutcome::Complete
            | SyncOutcome::Unfinished
            | SyncOutcome::Stopped
            | SyncOutcome::Lost
            | SyncOutcome::BrokenOff => ("", None),
        };
        let reason = self.names.bounded(report.component, reason);
        self.syncs.get_or_create(&SyncLabels { outcome: report.outcome.name(), reason }).inc();
        self.sync_seconds.observe(report.took.as_secs_f64());
        self.count_vendor_error(report.component, vendor_code);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn seconds(us: u64) -> f64 {
    Duration::from_micros(us).as_secs_f64()
}

fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncs_and_load_are_counted_and_no_tenant_is() {
        let metrics = Metrics::new();
        let (reason, message) = ("not-permitted".to_owned(), String::new());
        let paused = SyncOutcome::Paused { reason, vendor_code: Some(60020), message, hint: None };
        let complete = SyncOutcome::Complete;
        for outcome in [&paused, &complete, &complete] {
            metrics.sync_began("acme");
            let (took, cooldown) = (Duration::from_millis(20), Duration::from_secs(60));
            metrics.sync_ended(&SyncReport {
                tenant: "acme",
                component: Digest::of(b""),
                outcome,
                took,
                failures: 1,
                cooldown,
            });
        }
        metrics.sync_began("acme");
        let load = Load { interactive: 3, background_waiting: 7, ..Load::default() };
        let text = metrics.encode(load, 12);
        for line in [
            r#"org_harness_sync_turns_total{outcome="complete",reason=""} 2"#,
            r#"org_harness_sync_turns_total{outcome="paused",reason="not-permitted"} 1"#,
            r#"org_harness_vendor_errors_total{code="60020"} 1"#,
            "org_harness_sync_turns_running 1",
            r#"org_harness_calls_running{urgency="interactive"} 3"#,
            r#"org_harness_calls_waiting{urgency="background"} 7"#,
            "org_harness_tenants 12",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("acme"), "{text}");
    }
}
