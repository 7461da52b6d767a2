//! How much of a host the people of one tenant may take: connections are common to all, and whoever holds one while a
//! vendor hangs holds it from everybody; and each sign-in that begins is remembered for ten minutes, in the storage of the
//! tenant, whose room is the directory's as well.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Requests of one tenant at a time: far more than its members make, and a small part of all connections.
const AT_ONCE: usize = 64;

/// Sign-ins of one tenant that may begin at a time, and each second thereafter: a company of a hundred thousand that comes
/// to work within twenty minutes. In ten minutes so many take 250 MB at most.
const BURST: f64 = 2_000.0;
const A_SECOND: f64 = 100.0;

/// What is under way, by tenant.
#[derive(Default)]
pub struct Crowd(Mutex<HashMap<Arc<str>, Tally>>);

/// Of one tenant.
#[derive(Default)]
struct Tally {
    under_way: usize,
    /// How many fewer than [`BURST`] may begin, and when that was so.
    begun: Option<(f64, Instant)>,
}

/// A request that was let in, until it is dropped.
pub struct Admission {
    crowd: Arc<Crowd>,
    tenant: Arc<str>,
}

impl Tally {
    /// How many fewer than [`BURST`] may begin by now.
    fn begun(&self, now: Instant) -> f64 {
        let rested = |(begun, at): (f64, Instant)| begun - A_SECOND * now.saturating_duration_since(at).as_secs_f64();
        self.begun.map_or(0.0, rested).max(0.0)
    }
}

impl Crowd {
    /// Lets a request in; nothing where there are too many.
    pub fn admit(self: &Arc<Self>, tenant: &Arc<str>) -> Option<Admission> {
        let mut crowd = self.lock();
        let tally = crowd.entry(Arc::clone(tenant)).or_default();
        if tally.under_way >= AT_ONCE {
            return None;
        }
        tally.under_way += 1;
        drop(crowd);
        Some(Admission { crowd: Arc::clone(self), tenant: Arc::clone(tenant) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Tally>> {
        // Counts are whole whatever a panic interrupted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission {
    /// Whether another sign-in of the tenant may begin.
    pub fn may_begin(&self) -> bool {
        self.may_begin_at(Instant::now())
    }

    fn may_begin_at(&self, now: Instant) -> bool {
        let mut crowd = self.crowd.lock();
        let Some(tally) = crowd.get_mut(&self.tenant) else { return false };
        let begun = tally.begun(now) + 1.0;
        if begun <= BURST {
            tally.begun = Some((begun, now));
        }
        begun <= BURST
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut crowd = self.crowd.lock();
        let Some(tally) = crowd.get_mut(&self.tenant) else { return };
        tally.under_way = tally.under_way.saturating_sub(1);
        // What stays has no more entries than there are tenants.
        if tally.under_way == 0 && tally.begun(Instant::now()) <= 0.0 {
            crowd.remove(&self.tenant);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_tenants_crowd_keeps_no_other_out_and_leaves_nothing_behind() {
        let crowd = Arc::new(Crowd::default());
        let (acme, globex): (Arc<str>, Arc<str>) = ("acme".into(), "globex".into());
        let mut inside: Vec<Admission> = (0..AT_ONCE).filter_map(|_| crowd.admit(&acme)).collect();
        assert_eq!(inside.len(), AT_ONCE);
        assert!(crowd.admit(&acme).is_none());
        assert!(crowd.admit(&globex).is_some());
        inside.pop();
        inside.extend(crowd.admit(&acme));
        assert_eq!(inside.len(), AT_ONCE);
        assert!(crowd.admit(&acme).is_none());
        drop(inside);
        assert!(crowd.lock().is_empty());
    }

    #[test]
    fn sign_ins_begin_as_often_as_people_come_and_not_as_fast_as_a_machine_asks() {
        let crowd = Arc::new(Crowd::default());
        let (acme, globex) = (crowd.admit(&"acme".into()).unwrap(), crowd.admit(&"globex".into()).unwrap());
        let start = Instant::now();
        let begun = |admission: &Admission, after: Duration| {
            (0..10_000).filter(|_| admission.may_begin_at(start + after)).count()
        };
        assert_eq!(begun(&acme, Duration::ZERO), 2_000);
        assert_eq!(begun(&acme, Duration::from_secs(1)), 100);
        assert_eq!(begun(&globex, Duration::from_secs(1)), 2_000);
        assert_eq!(begun(&acme, Duration::from_hours(1)), 2_000);
    }
}
