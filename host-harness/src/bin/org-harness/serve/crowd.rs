//! How many requests of one tenant are under way: connections are common to all, and whoever holds one while a vendor hangs
//! holds it from everybody.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Requests of one tenant at a time: far more than its members make, and a small part of all connections.
const AT_ONCE: usize = 64;

/// Requests under way by tenant.
#[derive(Default)]
pub struct Crowd(Mutex<HashMap<Arc<str>, usize>>);

/// A request that was let in, until it is dropped.
pub struct Admission {
    crowd: Arc<Crowd>,
    tenant: Arc<str>,
}

impl Crowd {
    /// Lets a request in; nothing where there are too many.
    pub fn admit(self: &Arc<Self>, tenant: &Arc<str>) -> Option<Admission> {
        let mut crowd = self.lock();
        let under_way = crowd.entry(Arc::clone(tenant)).or_default();
        if *under_way >= AT_ONCE {
            return None;
        }
        *under_way += 1;
        drop(crowd);
        Some(Admission { crowd: Arc::clone(self), tenant: Arc::clone(tenant) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        // Counts are whole whatever a panic interrupted.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut crowd = self.crowd.lock();
        match crowd.get_mut(&self.tenant) {
            Some(under_way) if *under_way > 1 => *under_way -= 1,
            // Nothing is kept of tenants of whom nobody asks anything.
            _ => drop(crowd.remove(&self.tenant)),
        }
    }
}

#[cfg(test)]
mod tests {
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
}
