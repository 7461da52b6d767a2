//! The host of a process: one engine, one pool of instances, one way to the network, any number of components,
//! tenants and elements.

use std::{
    fmt,
    hash::{BuildHasher as _, RandomState},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::OnceCell;
use wasmtime::component::{Component, Linker};

use crate::{
    cache::{CacheError, CodeCache},
    call::state::CallState,
    component::{Inspection, LoadError, LoadedComponent, inspect, refuse_other_files},
    contract::OrganisationElementPre,
    egress::{Egress, EgressError, EgressOptions},
    element::{Element, ElementError, ElementOptions},
    engine::{EngineError, HostEngine, PoolUsage},
    imports::{Randomness, linker},
    observe::Observer,
    queue::{FairQueue, Load},
    storage::{Clock, SystemClock},
};

/// The calls that may run at the same time where the host was not told otherwise.
pub const DEFAULT_PARALLEL_CALLS: u32 = 1_000;

/// Why a host cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No imports; a defect of this program.
    #[error("the imports of components cannot be set up: {0}")]
    Imports(String),
    /// No network.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The directory for compiled code is not usable.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

/// Runs components. Cheap to clone; clones are the same host.
#[derive(Clone)]
pub struct Host(Arc<Shared>);

struct Shared {
    engine: HostEngine,
    linker: Linker<CallState>,
    queue: FairQueue,
    observers: Arc<[Arc<dyn Observer>]>,
    cache: Option<CodeCache>,
    egress: Egress,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    /// Tells the calls of two processes apart in one log.
    process: u64,
    calls: AtomicU64,
}

/// Settings of a [`Host`]; every one has a default.
pub struct HostBuilder {
    parallel_calls: u32,
    cache: Option<PathBuf>,
    egress: EgressOptions,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    observers: Vec<Arc<dyn Observer>>,
}

impl Default for HostBuilder {
    fn default() -> Self {
        Self {
            parallel_calls: DEFAULT_PARALLEL_CALLS,
            cache: None,
            egress: EgressOptions::default(),
            clock: Arc::new(SystemClock),
            randomness: Randomness::System,
            observers: Vec::new(),
        }
    }
}

impl HostBuilder {
    /// The calls that may run at the same time ([`DEFAULT_PARALLEL_CALLS`]); further ones wait for a place, which
    /// tenants get by turns. Address
    /// space for all of them is reserved at once, real memory is not.
    #[must_use]
    pub fn parallel_calls(mut self, calls: u32) -> Self {
        self.parallel_calls = calls.max(1);
        self
    }

    /// Keeps compiled code in this directory, which must be the owner's alone; it is made where it does not exist.
    /// Without it every start compiles, a quarter of a second for each component.
    #[must_use]
    pub fn code_cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// How the host reaches out: resolver, trusted roots, pacing, time-outs.
    #[must_use]
    pub fn egress(mut self, options: EgressOptions) -> Self {
        self.egress = options;
        self
    }

    /// The wall clock that components see. Limits and time-outs always follow the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The randomness that components see.
    #[must_use]
    pub fn randomness(mut self, randomness: Randomness) -> Self {
        self.randomness = randomness;
        self
    }

    /// Tells this observer of every call; may be given more than once.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Sets everything up; opens no connection and loads no component.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Host, BuildError> {
        let engine = HostEngine::new(self.parallel_calls)?;
        let linker = linker(engine.wasmtime()).map_err(|error| BuildError::Imports(format!("{error:#}")))?;
        Ok(Host(Arc::new(Shared {
            engine,
            linker,
            queue: FairQueue::new(self.parallel_calls),
            observers: self.observers.into(),
            cache: self.cache.as_deref().map(CodeCache::open).transpose()?,
            egress: Egress::new(&self.egress)?,
            clock: self.clock,
            randomness: self.randomness,
            process: RandomState::new().hash_one(std::process::id()),
            calls: AtomicU64::new(0),
        })))
    }
}

impl Host {
    /// Settings to build a host from.
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// Judges and compiles a component. Takes a quarter of a second, or less than a millisecond from the code cache;
    /// from an asynchronous task call it by `spawn_blocking`.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(&self, bytes: &[u8]) -> Result<Arc<LoadedComponent>, LoadError> {
        let (component, inspection) = self.compile(bytes)?;
        if !inspection.world.fits() {
            return Err(LoadError::World(Box::new(inspection.world)));
        }
        let invalid = |error: wasmtime::Error| LoadError::Invalid(format!("{error:#}"));
        let pre = self.0.linker.instantiate_pre(&component).map_err(invalid)?;
        let pre = OrganisationElementPre::new(pre).map_err(invalid)?;
        let places = self.0.engine.places_of(&component);
        Ok(Arc::new(LoadedComponent { inspection, pre, places, description: OnceCell::new() }))
    }

    /// Looks at a component without keeping it, whether or not it fits the world.
    ///
    /// # Errors
    /// See [`LoadError`]; never [`LoadError::World`].
    pub fn inspect(&self, bytes: &[u8]) -> Result<Inspection, LoadError> {
        self.compile(bytes).map(|(_, inspection)| inspection)
    }

    /// Joins a component with a tenant's configuration.
    ///
    /// # Errors
    /// See [`ElementError`].
    pub fn element(&self, component: &Arc<LoadedComponent>, options: ElementOptions) -> Result<Element, ElementError> {
        Element::new(self.clone(), Arc::clone(component), options)
    }

    /// Whether instances come from the pool, see [`HostBuilder::parallel_calls`]. They are allocated on demand where
    /// the address space cannot be had.
    pub fn is_pooled(&self) -> bool {
        self.0.engine.is_pooled()
    }

    /// What of the instance pool is in use, for an operator's gauges; nothing where instances are allocated on demand.
    pub fn pool_usage(&self) -> Option<PoolUsage> {
        self.0.engine.pool_usage()
    }

    fn compile(&self, bytes: &[u8]) -> Result<(Component, Inspection), LoadError> {
        refuse_other_files(bytes)?;
        let engine = self.0.engine.wasmtime();
        let compile = || Component::from_binary(engine, bytes);
        let component = match &self.0.cache {
            Some(cache) => {
                cache.load(engine, &self.0.engine.compatibility(), crate::digest::Digest::of(bytes), compile)
            }
            None => compile(),
        };
        let component = component.map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
        let inspection = inspect(bytes, &component);
        Ok((component, inspection))
    }

    pub(crate) fn engine(&self) -> &HostEngine {
        &self.0.engine
    }

    /// How busy this host is.
    pub fn current_load(&self) -> Load {
        self.0.queue.load()
    }

    pub(crate) fn queue(&self) -> &FairQueue {
        &self.0.queue
    }

    pub(crate) fn observers(&self) -> &[Arc<dyn Observer>] {
        &self.0.observers
    }

    pub(crate) fn egress(&self) -> &Egress {
        &self.0.egress
    }

    /// The WASI context of the next call.
    pub(crate) fn wasi(&self) -> wasmtime_wasi::WasiCtx {
        crate::imports::wasi_context(&self.0.clock, &self.0.randomness)
    }

    /// A name for the next call.
    pub(crate) fn call_name(&self) -> String {
        let number = self.0.calls.fetch_add(1, Ordering::Relaxed);
        format!("{:08x}-{number}", self.0.process & 0xffff_ffff)
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").field("pooled", &self.is_pooled()).field("cache", &self.0.cache).finish_non_exhaustive()
    }
}
