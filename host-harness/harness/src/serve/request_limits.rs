//! The limits of requests of one tenant: each kind (sign-ins, what its vendor sends, what its platform asks, files) has one of its
//! own. A concurrency limit: connections are common to all tenants, and a request that waits
//! for a vendor that hangs holds one. And a rate limit: each sign-in that begins is remembered for ten minutes, in the storage
//! of the tenant, which is the directory's as well.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Requests of one tenant at a time: far more than its members make, and a small part of all connections.
const CONCURRENCY: usize = 64;

/// Sign-ins of one tenant that may begin at a time, and each second thereafter: a company of a hundred thousand that comes
/// to work within twenty minutes. In ten minutes so many take 250 MB at most.
const BURST: f64 = 2_000.0;
const PER_SECOND: f64 = 100.0;

/// The requests under way, by tenant.
pub struct RequestLimits {
    tenants: Mutex<HashMap<Arc<str>, TenantSignIns>>,
    concurrency: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self::of(CONCURRENCY)
    }
}

/// Of one tenant.
#[derive(Default)]
struct TenantSignIns {
    under_way: usize,
    /// How many fewer than [`BURST`] may begin, and when that was so.
    begun: Option<(f64, Instant)>,
}

/// A request that was let in, until it is dropped.
pub struct RequestPermit {
    limits: Arc<RequestLimits>,
    tenant: Arc<str>,
}

impl TenantSignIns {
    /// How many fewer than [`BURST`] may begin by now.
    fn begun(&self, now: Instant) -> f64 {
        let left = |(begun, at): (f64, Instant)| begun - PER_SECOND * now.saturating_duration_since(at).as_secs_f64();
        self.begun.map_or(0.0, left).max(0.0)
    }
}

impl RequestLimits {
    /// So many requests of one tenant at a time.
    pub fn of(concurrency: usize) -> Self {
        Self { tenants: Mutex::default(), concurrency }
    }

    /// Lets a request in; nothing where there are too many.
    pub fn admit(self: &Arc<Self>, tenant: &Arc<str>) -> Option<RequestPermit> {
        let mut tenants = self.lock();
        let sign_ins = tenants.entry(Arc::clone(tenant)).or_default();
        if sign_ins.under_way >= self.concurrency {
            return None;
        }
        sign_ins.under_way += 1;
        drop(tenants);
        Some(RequestPermit { limits: Arc::clone(self), tenant: Arc::clone(tenant) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, TenantSignIns>> {
        // Counts are whole whatever a panic interrupted.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestPermit {
    /// Whether another sign-in of the tenant may begin.
    pub fn may_begin(&self) -> bool {
        self.may_begin_at(Instant::now())
    }

    fn may_begin_at(&self, now: Instant) -> bool {
        let mut tenants = self.limits.lock();
        let Some(sign_ins) = tenants.get_mut(&self.tenant) else { return false };
        let begun = sign_ins.begun(now) + 1.0;
        if begun <= BURST {
            sign_ins.begun = Some((begun, now));
        }
        begun <= BURST
    }
}

impl Drop for RequestPermit {
    fn drop(&mut self) {
        let mut tenants = self.limits.lock();
        let Some(sign_ins) = tenants.get_mut(&self.tenant) else { return };
        sign_ins.under_way = sign_ins.under_way.saturating_sub(1);
        // What stays has no more entries than there are tenants.
        if sign_ins.under_way == 0 && sign_ins.begun(Instant::now()) <= 0.0 {
            tenants.remove(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_tenants_people_keep_no_others_out_and_leave_nothing_behind() {
        let limits = Arc::new(RequestLimits::default());
        let (acme, globex): (Arc<str>, Arc<str>) = ("acme".into(), "globex".into());
        let mut inside: Vec<RequestPermit> = (0..CONCURRENCY).filter_map(|_| limits.admit(&acme)).collect();
        assert_eq!(inside.len(), CONCURRENCY);
        assert!(limits.admit(&acme).is_none());
        assert!(limits.admit(&globex).is_some());
        inside.pop();
        inside.extend(limits.admit(&acme));
        assert_eq!(inside.len(), CONCURRENCY);
        assert!(limits.admit(&acme).is_none());
        drop(inside);
        assert!(limits.lock().is_empty());
    }

    #[test]
    fn sign_ins_begin_as_often_as_people_come_and_not_as_fast_as_a_machine_asks() {
        let limits = Arc::new(RequestLimits::default());
        let (acme, globex) = (limits.admit(&"acme".into()).unwrap(), limits.admit(&"globex".into()).unwrap());
        let start = Instant::now();
        let begun = |permit: &RequestPermit, after: Duration| {
            (0..10_000).filter(|_| permit.may_begin_at(start + after)).count()
        };
        assert_eq!(begun(&acme, Duration::ZERO), 2_000);
        assert_eq!(begun(&acme, Duration::from_secs(1)), 100);
        assert_eq!(begun(&globex, Duration::from_secs(1)), 2_000);
        assert_eq!(begun(&acme, Duration::from_hours(1)), 2_000);
    }
}
