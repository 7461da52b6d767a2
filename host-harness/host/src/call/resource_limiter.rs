//! The memory and the tables of one call: counted over all instances of the component, and refused above the limit, or
//! where tenant or host have no memory left.

use std::sync::Arc;

use wasmtime::ResourceLimiter;

use super::{
    limits::{Exceeded, LimitName, Limits},
    memory_budget::MemoryShare,
};
use crate::engine::{MEMORIES_PER_CALL, TABLES_PER_CALL};

/// Counts what the guest occupies. A refusal is remembered, because a guest answers it with a trap that says nothing.
#[derive(Debug)]
pub(crate) struct CallResourceLimiter {
    memory: Counter,
    share: Option<Arc<MemoryShare>>,
    tables: Counter,
    instances: u32,
    refused: Option<Exceeded>,
}

#[derive(Debug)]
struct Counter {
    limit: LimitName,
    allowed: u64,
    used: u64,
    peak: u64,
    /// The growth granted last, to take it back when the machine then could not deliver it.
    last: u64,
}

impl CallResourceLimiter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            memory: Counter::new(LimitName::MemoryBytes, limits.memory_bytes),
            share: None,
            tables: Counter::new(LimitName::TableElements, limits.table_elements),
            instances: limits.instances,
            refused: None,
        }
    }

    /// Draws all memory from here on from the budgets of tenant and host.
    pub(crate) fn draw_on(&mut self, share: Arc<MemoryShare>) {
        self.share = Some(share);
    }

    /// The first growth that was refused.
    pub(crate) fn refused(&self) -> Option<Exceeded> {
        self.refused
    }

    /// Bytes by which all memories together may still grow.
    pub(crate) fn memory_left(&self) -> u64 {
        let own = self.memory.allowed.saturating_sub(self.memory.used);
        self.share.as_ref().map_or(own, |share| own.min(share.left(self.memory.used)))
    }

    fn grow_memory(&mut self, current: usize, desired: usize) -> Result<(), Exceeded> {
        let asked = self.memory.asked(current, desired)?;
        self.share.as_ref().map_or(Ok(()), |share| share.grow(asked))?;
        self.memory.take(asked);
        Ok(())
    }

    /// The most bytes of linear memory that the guest had at one time.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.memory.peak
    }
}

impl Counter {
    fn new(limit: LimitName, allowed: u64) -> Self {
        Self { limit, allowed, used: 0, peak: 0, last: 0 }
    }

    /// What is used after this growth, where that is allowed.
    fn asked(&self, current: usize, desired: usize) -> Result<u64, Exceeded> {
        let asked = self.used.saturating_add(desired.saturating_sub(current) as u64);
        if asked > self.allowed {
            return Err(Exceeded { limit: self.limit, allowed: self.allowed, asked });
        }
        Ok(asked)
    }

    fn take(&mut self, asked: u64) {
        self.last = asked - self.used;
        self.used = asked;
        self.peak = self.peak.max(asked);
    }

    fn take_back(&mut self) {
        self.used = self.used.saturating_sub(std::mem::take(&mut self.last));
    }
}

impl ResourceLimiter for CallResourceLimiter {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let grown = self.grow_memory(current, desired);
        self.refused = self.refused.or(grown.err());
        Ok(grown.is_ok())
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!(%error, "memory was granted to a guest and could not be had");
        self.memory.take_back();
        if let Some(share) = &self.share {
            share.shrink(self.memory.used);
        }
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let grown = self.tables.asked(current, desired).map(|asked| self.tables.take(asked));
        self.refused = self.refused.or(grown.err());
        Ok(grown.is_ok())
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        tracing::debug!(%error, "a table was granted to a guest and could not be had");
        self.tables.take_back();
        Ok(())
    }

    fn memories(&self) -> usize {
        MEMORIES_PER_CALL as usize
    }

    fn tables(&self) -> usize {
        TABLES_PER_CALL as usize
    }

    fn instances(&self) -> usize {
        usize::try_from(self.instances).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::memory_budget::{MemoryBudget, MemoryLimits};

    fn space(memory_bytes: u64) -> CallResourceLimiter {
        CallResourceLimiter::new(&Limits { memory_bytes, ..Limits::default() })
    }

    #[test]
    fn the_limit_holds_for_all_memories_together() {
        let mut space = space(100);
        for (current, desired, granted) in
            [(0, 40, true), (0, 40, true), (40, 61, false), (40, 60, true), (0, 1, false)]
        {
            assert_eq!(space.memory_growing(current, desired, None).unwrap(), granted, "{current} to {desired}");
        }
        assert_eq!((space.peak_memory(), space.memory_left()), (100, 0));
        let first = Exceeded { limit: LimitName::MemoryBytes, allowed: 100, asked: 101 };
        assert_eq!(space.refused(), Some(first), "the first refusal is kept");
    }

    #[test]
    fn growth_draws_on_the_budgets_and_says_which_one_has_too_little() {
        let budget = MemoryBudget::new(MemoryLimits { free: 10, tenant: 60, host: 70 });
        let [mut one, mut other, mut neighbour] = ["acme", "acme", "other"].map(|tenant| {
            let mut space = space(50);
            space.draw_on(budget.share(tenant, 50));
            space
        });
        for (space, size) in [(&mut one, 50), (&mut other, 30), (&mut neighbour, 20)] {
            assert!(space.memory_growing(0, size, None).unwrap(), "{size}");
        }
        assert_eq!([&one, &other, &neighbour].map(CallResourceLimiter::memory_left), [0, 0, 0]);
        for (space, size, limit, allowed, asked) in [
            (&mut one, 50, LimitName::MemoryBytes, 50, 51),
            (&mut other, 30, LimitName::TenantMemoryBytes, 60, 61),
            (&mut neighbour, 20, LimitName::HostMemoryBytes, 70, 71),
        ] {
            assert!(!space.memory_growing(size, size + 1, None).unwrap(), "{limit}");
            assert_eq!(space.refused(), Some(Exceeded { limit, allowed, asked }));
        }
        one.memory_grow_failed(wasmtime::Error::msg("no memory")).unwrap();
        assert!(other.memory_growing(30, 50, None).unwrap(), "what could not be had is there for others");
        drop(other);
        assert!(neighbour.memory_growing(20, 50, None).unwrap());
    }

    #[test]
    fn growth_that_failed_is_given_back_once() {
        let mut space = space(100);
        assert!(space.memory_growing(0, 60, None).unwrap());
        space.memory_grow_failed(wasmtime::Error::msg("no memory")).unwrap();
        space.memory_grow_failed(wasmtime::Error::msg("no memory")).unwrap();
        assert_eq!(space.memory_left(), 100);
        assert!(space.memory_growing(0, 100, None).unwrap());
        assert_eq!(space.refused(), None);
    }

    #[test]
    fn tables_are_counted_apart() {
        let mut space = CallResourceLimiter::new(&Limits { table_elements: 10, ..Limits::default() });
        assert!(space.table_growing(0, 10, None).unwrap());
        assert!(!space.table_growing(10, 11, None).unwrap());
        assert_eq!(space.refused().map(|refused| refused.limit), Some(LimitName::TableElements));
    }
}
