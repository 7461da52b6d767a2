//! Who is told of calls.

use super::{error::CallSite, limits::Limits, report::CallReport};

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

/// An embedder's own accounting: asked before a call begins, and told of it at its end as every [`Observer`] is.
///
/// ```
/// use std::{collections::HashMap, sync::Mutex};
/// use organisation_host::{CallReport, CallSite, Host, Limits, Meter, Observer};
///
/// /// So many microseconds of CPU time for each tenant.
/// struct Prepaid(Mutex<HashMap<String, u64>>);
///
/// impl Meter for Prepaid {
///     fn admit(&self, _call: &str, site: &CallSite, limits: &mut Limits) -> Result<(), String> {
///         let left = self.0.lock().map_err(|_| "the accounts are lost")?.get(&site.tenant).copied().unwrap_or(0);
///         if left == 0 {
///             return Err("nothing is left of what was paid for".to_owned());
///         }
///         limits.cpu_ms = limits.cpu_ms.min(left.div_ceil(1_000));
///         Ok(())
///     }
/// }
///
/// impl Observer for Prepaid {
///     fn called(&self, report: &CallReport) {
///         if let Ok(mut accounts) = self.0.lock() && let Some(left) = accounts.get_mut(&report.tenant) {
///             *left = left.saturating_sub(report.cpu_us);
///         }
///     }
/// }
///
/// let accounts = Prepaid(Mutex::new([("acme".to_owned(), 60_000_000)].into()));
/// let host = Host::builder().meter(std::sync::Arc::new(accounts)).build()?;
/// # Ok::<(), organisation_host::BuildError>(())
/// ```
///
/// What the host asks of a component by itself, `describe` and `validate-config` before the first call of an element, are calls
/// of that element too.
pub trait Meter: Observer {
    /// Whether a call may begin; `call` names it, as [`CallReport::call`] does at its end. Where there are several meters, one that is
    /// asked late may refuse what others admitted, and all are told of the end, also those that were not asked: a meter that
    /// reserves something gives back only what it noted under this name. One that panics refuses.
    ///
    /// Lowered `limits` count for this call; raised ones do not. Called on the thread that does the
    /// work, so it must be quick and must not block. A call that was admitted may still be waiting for a permit for long.
    ///
    /// # Errors
    /// Why not: the call ends with [`CallError::NotAdmitted`](super::CallError::NotAdmitted). It stands in messages and reports, so
    /// it must hold no secret.
    fn admit(&self, call: &str, site: &CallSite, limits: &mut Limits) -> Result<(), String>;
}
