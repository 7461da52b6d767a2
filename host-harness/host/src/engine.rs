//! The wasmtime engine of a host, its instance pool, and the ticker that lets guests be interrupted.
//!
//! One engine serves all tenants. What separates them is not here: every call gets a fresh store, so no memory of one
//! call is ever seen by another.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use serde::Serialize;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, component::Component};

use crate::{
    call::memory_budget::{MemoryBudget, MemoryLimits},
    fair_scheduler::processor::{Interrupts, Processor, SLICE},
};

/// The time between two epochs. A guest looks at the epoch at every loop and function entry; when it has moved, CPU time is
/// compared with the limit, and the guest gives way where its slice is over. So this is also how exact that limit is.
const TICK: Duration = SLICE;

/// The largest call stack of a guest in bytes. Deeper recursion ends the call, never the host.
pub(crate) const GUEST_STACK: usize = 1 << 20;
/// The stack on which guest and host functions run: the guest's and room for the host's.
const ASYNC_STACK: usize = 2 << 20;
/// A component made by cargo holds one module with the code, two small ones that tie it to its imports, and the
/// standard library's; this leaves room for other languages.
const CORE_INSTANCES_PER_CALL: u32 = 8;
pub(crate) const TABLES_PER_CALL: u32 = 4;
/// The most linear memories of one component. A call takes as many permits as it has memories, so that those of all
/// calls together are never more than the pool has.
pub(crate) const MEMORIES_PER_CALL: u32 = 4;
/// Elements of the largest table that the pool reserves address space for.
const POOLED_TABLE_ELEMENTS: usize = 20_000;
/// Address space of one linear memory: all that 32-bit addresses reach, so compiled code needs no bounds checks. Only
/// what a guest touches takes real memory; how much that may be is the business of the call's limits.
const POOLED_MEMORY: usize = 1 << 32;

/// Bytes that a slot of the pool keeps of the last call's memory, of each table and of its stack. With all four tables
/// 112 KiB, so 1,000 slots hold on to at most 110 MiB after a burst of calls. Without it a trivial call spends more
/// time on finding its pages anew than on its own code.
const KEPT_MEMORY: usize = 64 << 10;
const KEPT_TABLES: usize = 8 << 10;
const KEPT_STACK: usize = 16 << 10;

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
#[error("the wasm engine cannot be set up: {0:#}")]
pub struct EngineError(wasmtime::Error);

/// What of the pool is in use at this moment, by calls under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PoolUsage {
    /// Core instances.
    pub core_instances: u64,
    /// Linear memories.
    pub memories: u64,
    /// Tables.
    pub tables: u64,
    /// Stacks.
    pub stacks: u64,
}

/// An engine, whether its instances come from a pool, and its ticker.
pub(crate) struct HostEngine {
    engine: Engine,
    permits: u32,
    pooled: bool,
    processor: Arc<Processor>,
    memory: Arc<MemoryBudget>,
    _ticker: Ticker,
}

impl HostEngine {
    /// An engine whose pool holds `calls` calls at a time, of which `running` run. Where the pool's address space cannot be had (a limit on
    /// virtual memory, a small machine) instances are allocated on demand: slower to start, otherwise the same.
    pub(crate) fn new(calls: u32, running: u32, memory: MemoryLimits) -> Result<Self, EngineError> {
        let (engine, pooled) = match Engine::new(&config(Some(calls))) {
            Ok(engine) => (engine, true),
            Err(reason) => {
                tracing::warn!(
                    calls,
                    reason = format!("{reason:#}"),
                    "no instance pool: instances are allocated on demand; lower the number of calls at a time, or \
                     raise the limit on virtual memory"
                );
                (Engine::new(&config(None)).map_err(EngineError)?, false)
            }
        };
        let switch = Arc::new(Switch::default());
        let interrupts = EpochInterrupts { engine: engine.clone(), switch: Arc::clone(&switch) };
        let processor = Processor::new(running, Box::new(interrupts));
        let _ticker = Ticker::start(engine.clone(), Arc::clone(&processor), switch);
        Ok(Self { engine, permits: calls, pooled, processor, memory: MemoryBudget::new(memory), _ticker })
    }

    /// The wasmtime engine.
    pub(crate) fn wasmtime(&self) -> &Engine {
        &self.engine
    }

    /// Whether instances come from a pool.
    pub(crate) fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// What of the pool is in use; nothing where there is no pool.
    pub(crate) fn pool_usage(&self) -> Option<PoolUsage> {
        let metrics = self.engine.pooling_allocator_metrics()?;
        Some(PoolUsage {
            core_instances: metrics.core_instances(),
            memories: metrics.memories() as u64,
            tables: metrics.tables() as u64,
            stacks: metrics.stacks() as u64,
        })
    }

    /// How many of the permits for calls a call of this component takes: one for each linear memory that it has.
    pub(crate) fn permits_of(&self, component: &Component) -> u32 {
        // A component that brings core modules in from outside does not say; the contract allows none.
        let memories = component.resources_required().map_or(MEMORIES_PER_CALL, |needed| needed.num_memories);
        memories.clamp(1, self.permits)
    }

    /// Where calls get their time.
    pub(crate) fn processor(&self) -> &Arc<Processor> {
        &self.processor
    }

    /// What calls may have of memory together.
    pub(crate) fn memory(&self) -> &Arc<MemoryBudget> {
        &self.memory
    }

    /// Names everything that compiled code depends on: wasmtime's version, its settings, the processor's features.
    pub(crate) fn compatibility(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.engine.precompile_compatibility_hash().hash(&mut hasher);
        format!("{:016x}", hasher.finish())
    }
}

fn config(pool: Option<u32>) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(ASYNC_STACK)
        // Host functions run on the guest's stack: what they leave there may be a secret.
        .async_stack_zeroing(true)
        // The contract has no `async func`; without the machinery for it a call is five times cheaper.
        .concurrency_support(false)
        // The engine's threads would be those of all components: a few functions that take for ever to compile would keep every
        // other component from being loaded. So each is compiled in the thread of its load, and loads go side by side.
        .parallel_compilation(false)
        // No guest of this contract needs them, and what is off cannot be attacked.
        .wasm_memory64(false)
        .wasm_multi_memory(false);
    if let Some(calls) = pool {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_component_instances(calls)
            .total_stacks(calls)
            .total_memories(calls.max(MEMORIES_PER_CALL))
            .total_tables(calls.saturating_mul(TABLES_PER_CALL))
            .total_core_instances(calls.saturating_mul(CORE_INSTANCES_PER_CALL))
            .max_core_instances_per_component(CORE_INSTANCES_PER_CALL)
            .max_memories_per_component(MEMORIES_PER_CALL)
            .max_tables_per_component(TABLES_PER_CALL)
            .max_memory_size(POOLED_MEMORY)
            .table_elements(POOLED_TABLE_ELEMENTS)
            // What a call has touched of its memory, tables and stack is wiped and kept rather than given back to the
            // system, up to these sizes: the next call finds its pages there. Which pages those are the kernel says.
            .linear_memory_keep_resident(KEPT_MEMORY)
            .table_keep_resident(KEPT_TABLES)
            .async_stack_keep_resident(KEPT_STACK)
            .pagemap_scan(Enabled::Auto);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    config
}

/// A thread that moves the epoch on while calls run and sleeps while none does. It ends with the engine.
struct Ticker {
    switch: Arc<Switch>,
    thread: Option<JoinHandle<()>>,
}

/// Whether the ticker ticks.
#[derive(Default)]
struct Switch {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    on: bool,
    ended: bool,
    /// The thread waits to be woken, rather than for the next tick.
    asleep: bool,
}

impl Switch {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let asleep = state.asleep && (state.on || state.ended);
        drop(state);
        // Calls that follow each other within a tick need not involve the system.
        if asleep {
            self.changed.notify_one();
        }
    }

    /// Waits until it is on; `false`: it has come to its end.
    fn wait(&self) -> bool {
        let waiting = self.changed.wait_while(self.lock(), |state| {
            state.asleep = !state.on && !state.ended;
            state.asleep
        });
        !waiting.unwrap_or_else(PoisonError::into_inner).ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Flags are valid whatever a panic interrupted.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticker {
    fn start(engine: Engine, processor: Arc<Processor>, switch: Arc<Switch>) -> Self {
        let shared = Arc::clone(&switch);
        let thread = std::thread::spawn(move || {
            while shared.wait() {
                std::thread::sleep(TICK);
                engine.increment_epoch();
                processor.tick();
            }
        });
        Self { switch, thread: Some(thread) }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.switch.change(|state| state.ended = true);
        if let Some(thread) = self.thread.take() {
            // The thread panics nowhere; if it did, there is nothing left to save here.
            let _ = thread.join();
        }
    }
}

/// A guest is interrupted when the epoch moves.
struct EpochInterrupts {
    engine: Engine,
    switch: Arc<Switch>,
}

impl Interrupts for EpochInterrupts {
    fn now(&self) {
        self.engine.increment_epoch();
    }

    fn regularly(&self, on: bool) {
        self.switch.change(|state| state.on = on);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use super::*;
    use crate::{
        call::cpu::CpuMeter,
        fair_scheduler::{Concurrency, Urgency},
    };

    #[test]
    fn the_ticker_is_on_while_there_is_something_to_interrupt_and_ends_with_the_engine() {
        let engine = HostEngine::new(2, 1, MemoryLimits::default()).unwrap();
        let switch = Arc::clone(&engine._ticker.switch);
        let slot = engine.processor().join("acme", Urgency::Interactive, Concurrency::default());
        let meter = CpuMeter::default();
        let is_on = pin!(async { switch.lock().on });
        let Poll::Ready(Ok(true)) = slot.poll(&mut Context::from_waker(Waker::noop()), &meter, is_on) else {
            panic!("it is off while a call runs")
        };
        assert!(!switch.lock().on);
        drop((slot, engine));
        assert_eq!(Arc::strong_count(&switch), 1, "the thread has ended and holds nothing");
    }

    #[test]
    fn a_pool_beyond_the_address_space_falls_back_to_allocation_on_demand() {
        assert!(HostEngine::new(4, 1, MemoryLimits::default()).unwrap().is_pooled());
        assert!(!HostEngine::new(10_000_000, 1, MemoryLimits::default()).unwrap().is_pooled());
    }

    #[test]
    fn compatibility_is_stable_within_a_build() {
        let (one, other) = (
            HostEngine::new(1, 1, MemoryLimits::default()).unwrap(),
            HostEngine::new(2, 2, MemoryLimits::default()).unwrap(),
        );
        assert_eq!(one.compatibility(), other.compatibility());
    }
}
