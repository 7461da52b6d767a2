//! Who is told of calls.

use super::report::CallReport;

/// Hears of every call of a host.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use organisation_host::{CallReport, Host, Observer};
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
/// # Ok::<(), organisation_host::BuildError>(())
/// ```
///
/// Called on the thread that does the work, so it must be quick and must not block.
pub trait Observer: Send + Sync {
    /// A call is over, however it ended.
    fn called(&self, report: &CallReport);
}
