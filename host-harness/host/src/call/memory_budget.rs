//! Linear memory beyond what one call may have: what the calls of a tenant, and all calls of a host, have together.
//!
//! The first bytes of every call are free, so that a call which needs little never fails for what others do. What it grows
//! beyond them it draws from its tenant's budget and from the host's. A growth that finds too little there is refused as one
//! beyond the call's own limit is. It does not wait: calls of a tenant that each hold memory and wait for more would wait
//! for each other.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use derive_setters::Setters;

use super::limits::{Exceeded, LimitName};

/// How much linear memory calls may have together. Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct MemoryLimits {
    /// Of each call, what draws on no budget: 4 MiB by default, enough for signing in and for most syncs of the WeCom
    /// component.
    pub free: u64,
    /// For all calls of a tenant, beyond what is free: 124 MiB by default, so that one call may have all that it may have by
    /// default. At least what the limits of a single call of that tenant admit: whoever gives a call more memory
    /// ([`Limits::memory_bytes`](super::Limits::memory_bytes)) means it to get it.
    pub tenant: u64,
    /// For all calls of the host, beyond what is free: 1 GiB by default.
    pub host: u64,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self { free: 4 << 20, tenant: 124 << 20, host: 1 << 30 }
    }
}

/// The budgets of a host and of its tenants.
#[derive(Debug)]
pub(crate) struct MemoryBudget {
    limits: MemoryLimits,
    drawn: Mutex<Drawn>,
}

/// What calls under way have drawn.
#[derive(Debug, Default)]
struct Drawn {
    host: u64,
    /// Of tenants that have drawn something.
    tenants: HashMap<Arc<str>, u64>,
}

impl MemoryBudget {
    pub(crate) fn new(limits: MemoryLimits) -> Arc<Self> {
        Arc::new(Self { limits, drawn: Mutex::default() })
    }

    /// The part of a call that may have so many bytes by its own limits.
    pub(crate) fn share(self: &Arc<Self>, tenant: &str, call_bytes: u64) -> Arc<MemoryShare> {
        let MemoryLimits { free, tenant: most, .. } = self.limits;
        let of_tenant = most.max(call_bytes.saturating_sub(free));
        let (budget, tenant) = (Arc::clone(self), tenant.into());
        Arc::new(MemoryShare { budget, tenant, of_tenant, drawn: Mutex::default() })
    }

    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        // Nothing under the lock panics between two figures that belong together.
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drawn {
    fn of(&self, tenant: &str) -> u64 {
        self.tenants.get(tenant).copied().unwrap_or_default()
    }

    fn set(&mut self, tenant: &Arc<str>, bytes: u64) {
        match bytes {
            0 => drop(self.tenants.remove(tenant)),
            bytes => drop(self.tenants.insert(Arc::clone(tenant), bytes)),
        }
    }
}

/// What one call has drawn; it goes back when this is dropped, so after the call's memory itself.
#[derive(Debug)]
pub(crate) struct MemoryShare {
    budget: Arc<MemoryBudget>,
    tenant: Arc<str>,
    of_tenant: u64,
    drawn: Mutex<u64>,
}

impl MemoryShare {
    /// Draws what a call needs that grows to so many bytes.
    ///
    /// # Errors
    /// Whose budget has too little left; then nothing is drawn.
    pub(crate) fn grow(&self, bytes: u64) -> Result<(), Exceeded> {
        let MemoryLimits { free, host: of_host, .. } = self.budget.limits;
        let mut own = self.own();
        let more = bytes.saturating_sub(free).saturating_sub(*own);
        if more == 0 {
            return Ok(());
        }
        let mut drawn = self.budget.drawn();
        let (tenant, host) = (drawn.of(&self.tenant).saturating_add(more), drawn.host.saturating_add(more));
        for (limit, allowed, asked) in
            [(LimitName::TenantMemoryBytes, self.of_tenant, tenant), (LimitName::HostMemoryBytes, of_host, host)]
        {
            if asked > allowed {
                return Err(Exceeded { limit, allowed, asked });
            }
        }
        drawn.host = host;
        drawn.set(&self.tenant, tenant);
        *own += more;
        Ok(())
    }

    /// Gives back what a call does not need that has no more than so many bytes.
    pub(crate) fn shrink(&self, bytes: u64) {
        let mut own = self.own();
        let less = own.saturating_sub(bytes.saturating_sub(self.budget.limits.free));
        *own -= less;
        let mut drawn = self.budget.drawn();
        drawn.host -= less;
        let tenant = drawn.of(&self.tenant) - less;
        drawn.set(&self.tenant, tenant);
    }

    /// Bytes by which a call that has so many may still grow, as far as the budgets go.
    pub(crate) fn left(&self, bytes: u64) -> u64 {
        let MemoryLimits { free, host, .. } = self.budget.limits;
        let drawn = self.budget.drawn();
        let of_both = self.of_tenant.saturating_sub(drawn.of(&self.tenant)).min(host.saturating_sub(drawn.host));
        free.saturating_sub(bytes).saturating_add(of_both)
    }

    fn own(&self) -> MutexGuard<'_, u64> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for MemoryShare {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Arc<MemoryBudget> {
        MemoryBudget::new(MemoryLimits { free: 10, tenant: 100, host: 150 })
    }

    fn exceeded(limit: LimitName, allowed: u64, asked: u64) -> Result<(), Exceeded> {
        Err(Exceeded { limit, allowed, asked })
    }

    #[test]
    fn calls_of_a_tenant_have_no_more_together_than_its_budget_and_what_is_free() {
        let budget = budget();
        let [one, other, neighbour] = ["acme", "acme", "other"].map(|tenant| budget.share(tenant, 90));
        assert_eq!(one.grow(70), Ok(()));
        assert_eq!(other.grow(50), Ok(()));
        assert_eq!((one.left(70), other.left(50)), (0, 0));
        assert_eq!(other.grow(51), exceeded(LimitName::TenantMemoryBytes, 100, 101));
        assert_eq!(neighbour.left(0), 60);
        assert_eq!(neighbour.grow(60), Ok(()));
        assert_eq!(neighbour.grow(61), exceeded(LimitName::HostMemoryBytes, 150, 151));
        let late = budget.share("acme", 90);
        assert_eq!(late.grow(10), Ok(()), "what is free is always there");
        assert_eq!((late.left(4), neighbour.left(60)), (6, 0));
    }

    #[test]
    fn what_a_call_had_goes_back_with_it_and_with_what_it_could_not_get() {
        let budget = budget();
        let (one, other) = (budget.share("acme", 90), budget.share("acme", 90));
        one.grow(90).unwrap();
        one.shrink(30);
        assert_eq!(other.left(0), 90);
        other.grow(90).unwrap();
        drop(one);
        assert_eq!(other.left(90), 20);
        drop(other);
        let drawn = budget.drawn();
        assert!(drawn.host == 0 && drawn.tenants.is_empty(), "{drawn:?}");
    }

    #[test]
    fn a_call_that_may_have_more_than_the_budget_gets_it_alone() {
        let budget = budget();
        let large = budget.share("acme", 140);
        large.grow(140).unwrap();
        assert_eq!(large.grow(141), exceeded(LimitName::TenantMemoryBytes, 130, 131));
        assert_eq!(budget.share("acme", 20).grow(11), exceeded(LimitName::TenantMemoryBytes, 100, 131));
    }
}
