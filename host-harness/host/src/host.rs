//! The host of a process: one engine, one pool of instances, one way to the network, any number of components,
//! tenants and elements.

mod builder;

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use wasmtime::component::{Component, InstancePre, Linker};

use crate::{
    cache::{CodeCache, Compiled, Fingerprint},
    call::{CallState, Meter, Observer, Recording, output::GuestOutput},
    component::{
        ComponentFile, Inspection, LoadError, LoadedComponent, Signature, TrustedKey, demand_signature,
        file::refuse_other_files, inspect,
    },
    egress::Egress,
    element::{Element, ElementError, ElementOptions, check_rate_limit::CheckRateLimit},
    engine::{HostEngine, PoolUsage},
    fair_scheduler::{FairScheduler, Load},
    imports::{Randomness, further},
    storage::Clock,
};
pub use builder::{BuildError, HostBuilder};

/// Runs components. Cheap to clone; clones are the same host.
#[derive(Clone)]
pub struct Host(Arc<Shared>);

struct Shared {
    engine: HostEngine,
    /// What every component may import.
    contract: Linker<CallState>,
    /// The same, and what the embedder lends.
    linker: Linker<CallState>,
    /// The interfaces that the embedder lends.
    further: Vec<String>,
    scheduler: FairScheduler,
    observers: Arc<[Arc<dyn Observer>]>,
    meters: Vec<Arc<dyn Meter>>,
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
        let further = inspection.world.imports_of(&self.0.further);
        let pure = if further.is_empty() { None } else { Some(self.pure(&component, &further).map_err(invalid)?) };
        let permits = self.0.engine.permits_of(&component);
        let made = Arc::new(LoadedComponent::new(inspection, pre, pure, permits));
        let mut loaded = self.loaded();
        loaded.retain(|_, component| component.strong_count() > 0);
        loaded.insert(fingerprint, Arc::downgrade(&made));
        Ok(made)
    }

    /// The component for pure functions.
    fn pure(&self, component: &Component, further: &[String]) -> wasmtime::Result<InstancePre<CallState>> {
        let mut linker = self.0.contract.clone();
        further::refuse(&mut linker, component, |import| further.iter().any(|name| name == import))?;
        linker.instantiate_pre(component)
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
        let mut compiled = match &self.0.cache {
            Some(cache) => cache.load(engine, fingerprint, compile),
            None => compile(),
        }?;
        compiled.inspection.world.admit(&self.0.further);
        Ok(compiled)
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

    pub(crate) fn meters(&self) -> &[Arc<dyn Meter>] {
        &self.0.meters
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
