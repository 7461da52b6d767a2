//! Permits for what all calls of a process share: each tenant has some at a time, all tenants together have no more than
//! the process can bear. So a tenant that takes all that it may leaves something to the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use derive_setters::Setters;

use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError};

/// How many permits there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermitLimits {
    /// For all tenants together.
    pub host: usize,
    /// For one tenant.
    pub tenant: usize,
}

/// What one process may have under way towards the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct NetworkLimits {
    /// Open connections, idle ones included; a connection counts for the tenant that opened it. By default half of the
    /// descriptors that the process may have, at most 8,192; for a tenant an eighth of that or 32, where 32 are no more than
    /// half.
    pub connections: PermitLimits,
    /// Look-ups of names, 16 and 4 by default: the system's resolver takes a thread for each and cannot be interrupted.
    pub lookups: PermitLimits,
    /// Bytes of answers that are being read or that no component has taken over yet, 512 MiB and 64 MiB by default.
    pub answer_bytes: PermitLimits,
}

impl Default for NetworkLimits {
    fn default() -> Self {
        Self {
            connections: connections(descriptors()),
            lookups: PermitLimits { host: 16, tenant: 4 },
            answer_bytes: PermitLimits { host: 512 << 20, tenant: 64 << 20 },
        }
    }
}

/// What one tenant may always have, where the process may have twice as much: two calls that send as much at a time as they
/// may by default.
const CONNECTIONS_OF_TENANT: usize = 32;

/// How many connections a process with so many descriptors has.
fn connections(descriptors: usize) -> PermitLimits {
    let host = (descriptors / 2).clamp(16, 8_192);
    PermitLimits { host, tenant: (host / 8).max(CONNECTIONS_OF_TENANT).min(host / 2) }
}

/// Descriptors that this process may have.
#[cfg(unix)]
fn descriptors() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX))
}

#[cfg(not(unix))]
fn descriptors() -> usize {
    usize::MAX
}

/// Whose permits are used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UsedUp {
    Host,
    Tenant,
}

/// Permits of one kind.
#[derive(Debug)]
pub(super) struct Permits {
    limits: PermitLimits,
    host: Arc<Semaphore>,
    /// Of tenants that have a permit or wait for one.
    tenants: Mutex<HashMap<Arc<str>, Weak<Semaphore>>>,
}

/// Permits that somebody has, until this is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    tenant: OwnedSemaphorePermit,
    host: OwnedSemaphorePermit,
}

impl Permits {
    /// With room for these; at least one each.
    pub(super) fn new(limits: PermitLimits) -> Self {
        let within = |permits: usize| permits.clamp(1, Semaphore::MAX_PERMITS);
        let limits = PermitLimits { host: within(limits.host), tenant: within(limits.tenant) };
        Self { limits, host: Arc::new(Semaphore::new(limits.host)), tenants: Mutex::default() }
    }

    /// How many there are.
    pub(super) fn limits(&self) -> PermitLimits {
        self.limits
    }

    /// Whether nobody can have one now.
    pub(super) fn are_used_up(&self) -> bool {
        self.host.available_permits() == 0
    }

    /// Whether this tenant has all that it may have.
    pub(super) fn are_used_up_by(&self, tenant: &str) -> bool {
        let tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        tenants.get(tenant).and_then(Weak::upgrade).is_some_and(|permits| permits.available_permits() == 0)
    }

    /// Takes so many, or none.
    ///
    /// # Errors
    /// Whose are used up.
    pub(super) fn try_acquire(&self, tenant: &Arc<str>, count: u32) -> Result<Permit, UsedUp> {
        let of_tenant =
            self.of(tenant).try_acquire_many_owned(count).map_err(|error| self.closed(error, UsedUp::Tenant))?;
        let of_host = Arc::clone(&self.host).try_acquire_many_owned(count);
        Ok(Permit { tenant: of_tenant, host: of_host.map_err(|error| self.closed(error, UsedUp::Host))? })
    }

    /// Waits for one, in the order of asking: first among the tenant's own, so that what a tenant has too much of waits
    /// beside the others and not before them. May be dropped at any time.
    pub(super) async fn acquire(&self, tenant: &Arc<str>) -> Permit {
        let of_tenant = self.of(tenant).acquire_owned().await;
        let of_host = Arc::clone(&self.host).acquire_owned().await;
        Permit { tenant: self.open(of_tenant), host: self.open(of_host) }
    }

    fn of(&self, tenant: &Arc<str>) -> Arc<Semaphore> {
        // Whatever a panic interrupted, the map is one of semaphores.
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tenants.get(tenant).and_then(Weak::upgrade) {
            return known;
        }
        // Grows with the tenants that have permits, not with all that ever had one.
        if tenants.len() == tenants.capacity() {
            tenants.retain(|_, semaphore| semaphore.strong_count() > 0);
        }
        let made = Arc::new(Semaphore::new(self.limits.tenant));
        tenants.insert(Arc::clone(tenant), Arc::downgrade(&made));
        made
    }

    fn open(&self, permit: Result<OwnedSemaphorePermit, AcquireError>) -> OwnedSemaphorePermit {
        permit.unwrap_or_else(|_| unreachable!("nobody closes these semaphores"))
    }

    fn closed(&self, error: TryAcquireError, used_up: UsedUp) -> UsedUp {
        match error {
            TryAcquireError::NoPermits => used_up,
            TryAcquireError::Closed => unreachable!("nobody closes these semaphores"),
        }
    }
}

impl Permit {
    /// Gives so many back.
    pub(super) fn give_back(&mut self, count: usize) {
        drop((self.tenant.split(count), self.host.split(count)));
    }

    /// Joins another one of the same kind and tenant to this.
    pub(super) fn merge(&mut self, other: Self) {
        self.tenant.merge(other.tenant);
        self.host.merge(other.host);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_tenant_takes_no_more_than_its_part_and_all_together_no_more_than_there_is() {
        let permits = Permits::new(PermitLimits { host: 5, tenant: 3 });
        let [a, b]: [Arc<str>; 2] = ["a".into(), "b".into()];
        let mut of_a = permits.try_acquire(&a, 2).unwrap();
        assert_eq!(permits.try_acquire(&a, 2).unwrap_err(), UsedUp::Tenant);
        of_a.merge(permits.try_acquire(&a, 1).unwrap());
        assert!(permits.acquire(&a).now_or_never().is_none());
        assert!(permits.are_used_up_by(&a) && !permits.are_used_up_by(&b));
        of_a.give_back(1);
        assert!(!permits.are_used_up_by(&a));
        of_a.merge(permits.acquire(&a).now_or_never().unwrap());
        let of_b = permits.try_acquire(&b, 2).unwrap();
        assert!(permits.are_used_up());
        assert_eq!(permits.try_acquire(&b, 1).unwrap_err(), UsedUp::Host);
        assert!(permits.acquire(&b).now_or_never().is_none());
        drop(of_a);
        drop((permits.acquire(&a).now_or_never().unwrap(), of_b));
        assert_eq!(permits.host.available_permits(), 5);
    }

    #[test]
    fn who_has_no_permit_is_forgotten() {
        let permits = Permits::new(PermitLimits { host: 5, tenant: 3 });
        for tenant in 0..10_000 {
            drop(permits.try_acquire(&tenant.to_string().into(), 1).unwrap());
        }
        assert!(permits.tenants.lock().unwrap().len() < 100);
    }

    #[test]
    fn the_limits_follow_the_descriptors_of_the_process() {
        let NetworkLimits { connections: all, .. } = NetworkLimits::default();
        assert!(all.tenant < all.host && all.host <= descriptors());
        for (descriptors, host, tenant) in
            [(0, 16, 8), (64, 32, 16), (256, 128, 32), (1_024, 512, 64), (usize::MAX, 8_192, 1_024)]
        {
            assert_eq!(connections(descriptors), PermitLimits { host, tenant }, "{descriptors}");
        }
    }
}
