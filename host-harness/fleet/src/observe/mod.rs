//! What a host reports of its work, to whoever the embedder puts there.
//!
//! An [`Observer`](organisation_host::Observer) hears of every call, a [`SyncObserver`] of every periodic sync. The library itself
//! forces no metrics on anybody: [`ReportLines`] writes reports as JSON lines, and with the feature `metrics`
//! [`Metrics`](metrics::Metrics) keeps Prometheus metrics. Both are observers of both kinds.

mod lines;
#[cfg(feature = "metrics")]
pub mod metrics;
mod pending;

use std::time::{Duration, SystemTime};

pub use lines::ReportLines;

use crate::syncs::SyncOutcome;
use organisation_host::{Digest, contract::directory::SyncStep};

/// Hears of every periodic sync; of the calls in it an [`Observer`](organisation_host::Observer) of the host does.
///
/// Called on the thread that does the work, so it must be quick and must not block.
pub trait SyncObserver: Send + Sync {
    /// A periodic sync begins.
    fn sync_began(&self, tenant: &str) {
        let _ = tenant;
    }

    /// A call of a periodic sync has answered how far the run is.
    fn sync_advanced(&self, advance: &SyncAdvance<'_>) {
        let _ = advance;
    }

    /// A periodic sync is over.
    fn sync_ended(&self, report: &SyncReport<'_>) {
        let _ = report;
    }
}

/// A step of a run within a periodic sync.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SyncAdvance<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The component of its element.
    pub component: Digest,
    /// What the element has answered. Phases and numbers are its own word, and may be anything.
    pub step: &'a SyncStep,
}

/// One periodic sync of one tenant: a run, or the part of it up to a wait.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct SyncReport<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The component of its element when the sync began.
    pub component: Digest,
    /// How it ended.
    pub outcome: &'a SyncOutcome,
    /// From taking the lease to its end.
    pub took: Duration,
    /// Syncs of this tenant that failed one after the other, this one included.
    pub failures: u32,
    /// How long it is until the tenant is due again, at the earliest.
    pub cooldown: Duration,
}

impl SyncReport<'_> {
    /// The report as one line of JSON, without the line break at its end. Its outcome is that of the run, while those of the
    /// calls in it say whether they were answered.
    pub fn to_json_line(&self) -> String {
        let ended_at = jiff::Timestamp::try_from(SystemTime::now()).unwrap_or_default();
        serde_json::json!({
            "periodic_sync": self.outcome.name(),
            "ended_at": format!("{ended_at:.3}"),
            "tenant": self.tenant,
            "component": self.component.to_string(),
            "reason": self.outcome.reason(),
            "vendor_code": self.outcome.vendor_code(),
            "message": self.outcome.message(),
            "hint": self.outcome.hint(),
            "failures": self.failures,
            "took_us": u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX),
            "cooldown_ms": u64::try_from(self.cooldown.as_millis()).unwrap_or(u64::MAX),
        })
        .to_string()
    }
}
