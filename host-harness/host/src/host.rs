//! The host of a process: one engine, one pool of instances, one way to the network, any number of components,
//! tenants and elements.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    hash::{BuildHasher as _, RandomState},
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use wasmtime::component::{Component, Linker};

use crate::{
    cache::{CacheError, CodeCache, Compiled, Fingerprint},
    call::{MemoryLimits, Observer, Recording, output::GuestOutput, state::CallState},
    component::{
        ComponentFile, Inspection, LoadError, LoadedComponent, Signature, TrustedKey, demand_signature,
        file::refuse_other_files, inspect,
    },
    contract,
    egress::{Egress, EgressError, EgressOptions},
    element::{Element, ElementError, ElementOptions, check_rate_limit::CheckRateLimit},
    engine::{EngineError, HostEngine, PoolUsage},
    fair_scheduler::{FairScheduler, Load},
    imports::{Randomness, linker},
    storage::{Clock, SystemClock},
};

/// The calls that may run at the same time where nothing else is set.
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
    scheduler: FairScheduler,
    observers: Arc<[Arc<dyn Observer>]>,
    recording: Option<Recording>,
    cache: Option<CodeCache>,
    trusted: Vec<TrustedKey>,
    bundled: Option<Bundled>,
    loaded: Mutex<Loaded>,
    egress: Egress,
    own_variables: BTreeSet<String>,
    check_rate_limit: CheckRateLimit,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    /// Distinguishes the calls of two processes in one log.
    process: u64,
    calls: AtomicU64,
}

/// The component that is part of the program.
struct Bundled {
    bytes: &'static [u8],
    fingerprint: Fingerprint,
}

/// The components that somebody still has: a thousand tenants with the same one share its code.
type Loaded = HashMap<Fingerprint, Weak<LoadedComponent>>;

/// Settings of a [`Host`]; every one has a default.
pub struct HostBuilder {
    parallel_calls: u32,
    running_calls: u32,
    memory: MemoryLimits,
    cache: Option<PathBuf>,
    trusted: Vec<TrustedKey>,
    bundled: Option<&'static [u8]>,
    egress: EgressOptions,
    own_variables: BTreeSet<String>,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    observers: Vec<Arc<dyn Observer>>,
    recording: Option<Recording>,
}

impl Default for HostBuilder {
    fn default() -> Self {
        Self {
            parallel_calls: DEFAULT_PARALLEL_CALLS,
            running_calls: std::thread::available_parallelism()
                .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1)),
            memory: MemoryLimits::default(),
            cache: None,
            trusted: Vec::new(),
            bundled: None,
            egress: EgressOptions::default(),
            own_variables: ["PGPASSWORD".to_owned()].into(),
            clock: Arc::new(SystemClock),
            randomness: Randomness::System,
            observers: Vec::new(),
            recording: None,
        }
    }
}

impl HostBuilder {
    /// The calls that may run at the same time ([`DEFAULT_PARALLEL_CALLS`]); further ones wait for a permit, which
    /// the tenants get in turn. Address
    /// space for all of them is reserved at once, real memory is not.
    #[must_use]
    pub fn parallel_calls(mut self, calls: u32) -> Self {
        self.parallel_calls = calls.max(1);
        self
    }

    /// The calls whose code may run at the same moment; as many as there are processors where nothing else is set. The others
    /// under way wait for an answer or for their turn, which goes to the tenant that has used the least.
    #[must_use]
    pub fn running_calls(mut self, calls: u32) -> Self {
        self.running_calls = calls.max(1);
        self
    }

    /// The memory that calls may have together, of each tenant and of the host. What a call has of its own is
    /// [`Limits::memory_bytes`](crate::Limits::memory_bytes).
    #[must_use]
    pub fn guest_memory(mut self, limits: MemoryLimits) -> Self {
        self.memory = limits;
        self
    }

    /// Keeps compiled code in this directory, which must be the owner's alone; it is made where it does not exist.
    /// Without it every start compiles, half a second for each component.
    #[must_use]
    pub fn code_cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// Loads components only that one of these keys has signed, as [`Signature`] says, and the
    /// [bundled](Self::bundled) one. Without keys every component is loaded.
    #[must_use]
    pub fn trusted_keys(mut self, keys: impl IntoIterator<Item = TrustedKey>) -> Self {
        self.trusted = keys.into_iter().collect();
        self
    }

    /// A component that is part of the program, and as much to be trusted as the program.
    #[must_use]
    pub fn bundled(mut self, component: &'static [u8]) -> Self {
        self.bundled = Some(component);
        self
    }

    /// How the host reaches out: resolver, trusted roots, permits, time-outs.
    #[must_use]
    pub fn egress(mut self, options: EgressOptions) -> Self {
        self.egress = options;
        self
    }

    /// Environment variables that hold secrets of the host itself, such as its sealing key: no declaration of a tenant is granted
    /// one. `PGPASSWORD` is always among them.
    #[must_use]
    pub fn own_variables(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.own_variables.extend(names);
        self
    }

    /// The wall clock that components see, and that refused checks are counted by. Limits and time-outs always follow the
    /// machine's.
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

    /// Notifies this observer of every call; may be given more than once.
    #[must_use]
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// Writes down everything that crosses the boundary of every call. What is written holds secrets and personal data, and stays
    /// in memory until nobody has it: for a command, not for a host that serves.
    #[must_use]
    pub fn recording(mut self, recording: &Recording) -> Self {
        self.recording = Some(recording.clone());
        self
    }

    /// Sets everything up; opens no connection and loads no component.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Host, BuildError> {
        let engine = HostEngine::new(self.parallel_calls, self.running_calls, self.memory)?;
        let linker = linker(engine.wasmtime()).map_err(|error| BuildError::Imports(format!("{error:#}")))?;
        let cache = self.cache.as_deref().map(|directory| {
            CodeCache::open(directory, format!("{}-{}", engine.compatibility(), contract::judge_version()))
        });
        let cache = cache.transpose()?;
        Ok(Host(Arc::new(Shared {
            engine,
            linker,
            scheduler: FairScheduler::new(self.parallel_calls),
            observers: self.observers.into(),
            recording: self.recording,
            cache,
            trusted: self.trusted,
            bundled: self.bundled.map(|bytes| Bundled { bytes, fingerprint: Fingerprint::of(bytes) }),
            loaded: Mutex::default(),
            egress: Egress::new(&self.egress)?,
            own_variables: self.own_variables,
            check_rate_limit: CheckRateLimit::default(),
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

    /// Judges and compiles a component. Takes half a second, a millisecond from the code cache, and less where
    /// somebody still has the same one; from an asynchronous task call it by `spawn_blocking`. A component of somebody hostile can
    /// take for ever, and nothing ends that thread; the registry of `organisation-fleet` gives such loads up.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(&self, bytes: &[u8]) -> Result<Arc<LoadedComponent>, LoadError> {
        self.load_signed(bytes, None)
    }

    /// The same with the signature that came with the file; see [`HostBuilder::trusted_keys`].
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load_file(&self, file: &ComponentFile) -> Result<Arc<LoadedComponent>, LoadError> {
        self.load_signed(file.bytes(), file.signature())
    }

    fn load_signed(&self, bytes: &[u8], signature: Option<&Signature>) -> Result<Arc<LoadedComponent>, LoadError> {
        refuse_other_files(bytes)?;
        self.demand_signature(bytes, signature)?;
        let fingerprint = self.fingerprint(bytes);
        if let Some(loaded) = self.loaded().get(&fingerprint).and_then(Weak::upgrade) {
            return Ok(loaded);
        }
        let Compiled { component, inspection } = self.compile(bytes, fingerprint)?;
        if !inspection.world.fits() {
            return Err(LoadError::World(Box::new(inspection.world)));
        }
        let invalid = |error: wasmtime::Error| LoadError::Invalid(format!("{error:#}"));
        let pre = self.0.linker.instantiate_pre(&component).map_err(invalid)?;
        let permits = self.0.engine.permits_of(&component);
        let made = Arc::new(LoadedComponent::new(inspection, pre, permits));
        let mut loaded = self.loaded();
        loaded.retain(|_, component| component.strong_count() > 0);
        loaded.insert(fingerprint, Arc::downgrade(&made));
        Ok(made)
    }

    /// Looks at a component without keeping it, whether or not it fits the world, and whoever made it.
    ///
    /// # Errors
    /// See [`LoadError`]; never [`LoadError::World`].
    pub fn inspect(&self, bytes: &[u8]) -> Result<Inspection, LoadError> {
        refuse_other_files(bytes)?;
        self.compile(bytes, self.fingerprint(bytes)).map(|compiled| compiled.inspection)
    }

    /// Whether the host trusts whoever made this component.
    ///
    /// # Errors
    /// [`LoadError::Unsigned`] or [`LoadError::Untrusted`].
    pub fn verify(&self, file: &ComponentFile) -> Result<(), LoadError> {
        self.demand_signature(file.bytes(), file.signature())
    }

    fn demand_signature(&self, bytes: &[u8], signature: Option<&Signature>) -> Result<(), LoadError> {
        match self.bundled_as(bytes) {
            Some(_) => Ok(()),
            None => demand_signature(bytes, signature, &self.0.trusted),
        }
    }

    fn fingerprint(&self, bytes: &[u8]) -> Fingerprint {
        self.bundled_as(bytes).map_or_else(|| Fingerprint::of(bytes), |bundled| bundled.fingerprint)
    }

    /// The bundled component, if these very bytes are it; equal bytes from elsewhere are not.
    fn bundled_as(&self, bytes: &[u8]) -> Option<&Bundled> {
        self.0.bundled.as_ref().filter(|bundled| std::ptr::eq(bundled.bytes, bytes))
    }

    /// The component that is part of the program, see [`HostBuilder::bundled`].
    pub fn bundled(&self) -> Option<&'static [u8]> {
        self.0.bundled.as_ref().map(|bundled| bundled.bytes)
    }

    fn loaded(&self) -> MutexGuard<'_, Loaded> {
        // Nothing that happens under the lock leaves the map torn.
        self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn compile(&self, bytes: &[u8], fingerprint: Fingerprint) -> Result<Compiled, LoadError> {
        let engine = self.0.engine.wasmtime();
        let compile = || {
            let component = Component::from_binary(engine, bytes);
            let component = component.map_err(|error| LoadError::Invalid(format!("{error:#}")))?;
            Ok(Compiled { inspection: inspect(bytes, &component), component })
        };
        match &self.0.cache {
            Some(cache) => cache.load(engine, fingerprint, compile),
            None => compile(),
        }
    }

    pub(crate) fn engine(&self) -> &HostEngine {
        &self.0.engine
    }

    /// How busy this host is.
    pub fn current_load(&self) -> Load {
        self.0.scheduler.load()
    }

    pub(crate) fn scheduler(&self) -> &FairScheduler {
        &self.0.scheduler
    }

    pub(crate) fn recording(&self) -> Option<&Recording> {
        self.0.recording.as_ref()
    }

    pub(crate) fn observers(&self) -> Arc<[Arc<dyn Observer>]> {
        Arc::clone(&self.0.observers)
    }

    pub(crate) fn egress(&self) -> &Egress {
        &self.0.egress
    }

    /// Whether an environment variable holds a secret of the host itself.
    pub fn owns_variable(&self, name: &str) -> bool {
        self.0.own_variables.contains(name)
    }

    pub(crate) fn check_rate_limit(&self) -> &CheckRateLimit {
        &self.0.check_rate_limit
    }

    /// The clock that components see.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.0.clock)
    }

    /// The time of that clock.
    pub(crate) fn now_ms(&self) -> u64 {
        self.0.clock.now_ms()
    }

    /// The WASI context of the next call, with its standard streams.
    pub(crate) fn wasi(&self, output: &GuestOutput) -> wasmtime_wasi::WasiCtx {
        crate::imports::wasi_context(&self.0.clock, &self.0.randomness, output)
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
