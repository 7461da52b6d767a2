//! What a host tells about its work, to whoever the embedder puts there.
//!
//! An [`Observer`] hears of every call and of every turn of periodic synchronisation. The library itself forces no
//! metrics on anybody: [`ReportLines`] writes reports as JSON lines, and with the feature `metrics`
//! [`Metrics`](metrics::Metrics) keeps Prometheus metrics.

mod lines;
#[cfg(feature = "metrics")]
pub mod metrics;
mod pending;

use std::time::Duration;

pub use lines::ReportLines;

use crate::{call::CallReport, contract::directory::SyncStep, digest::Digest, syncs::Ended};

/// Hears what happens.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use host_harness::{CallReport, Host, observe::Observer};
///
/// #[derive(Default)]
/// struct GuestTime(AtomicU64);
///
/// impl Observer for GuestTime {
///     fn called(&self, report: &CallReport) {
///         self.0.fetch_add(report.guest_cpu_us, Ordering::Relaxed);
///     }
/// }
///
/// let time = Arc::new(GuestTime::default());
/// let host = Host::builder().observer(Arc::clone(&time) as _).build()?;
/// assert_eq!(time.0.load(Ordering::Relaxed), 0);
/// # Ok::<(), host_harness::BuildError>(())
/// ```
///
/// Called on the thread that does the work, so it must be quick and must not block.
pub trait Observer: Send + Sync {
    /// A call is over, however it ended.
    fn called(&self, report: &CallReport) {
        let _ = report;
    }

    /// A turn of periodic synchronisation begins.
    fn turn_began(&self, tenant: &str) {
        let _ = tenant;
    }

    /// A call of a turn has answered how far the run is.
    fn turn_advanced(&self, advance: &Advance<'_>) {
        let _ = advance;
    }

    /// A turn of periodic synchronisation is over.
    fn turn_ended(&self, turn: &Turn<'_>) {
        let _ = turn;
    }
}

/// A step of a run within a turn of periodic synchronisation.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Advance<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The component of its element.
    pub component: Digest,
    /// What the element has answered. Phases and numbers are its own word, and may be anything.
    pub step: &'a SyncStep,
}

/// One turn of periodic synchronisation of one tenant: a run, or the part of it up to a wait.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Turn<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The component of its element when the turn began.
    pub component: Digest,
    /// How it ended.
    pub ended: &'a Ended,
    /// From claim to end.
    pub took: Duration,
    /// Turns of this tenant that failed one after the other, this one included.
    pub failures: u32,
    /// How long the tenant rests now.
    pub rest: Duration,
}
