//! How a host is set up.

use std::{
    collections::BTreeSet,
    hash::{BuildHasher as _, RandomState},
    path::PathBuf,
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use wasmtime::component::Linker;

use super::{Bundled, Host, Shared};
use crate::{
    cache::{CacheError, CodeCache, Fingerprint},
    call::{CallState, MemoryLimits, Meter, Observer, Recording},
    component::TrustedKey,
    contract,
    egress::{Egress, EgressError, EgressOptions},
    element::check_rate_limit::CheckRateLimit,
    engine::{EngineError, HostEngine},
    fair_scheduler::FairScheduler,
    imports::{Randomness, further::FurtherImport, linker},
    storage::{Clock, SystemClock},
};

/// Why a host cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// No imports: a defect of this program, or what the embedder lends is defined already.
    #[error("the imports of components cannot be set up: {0}")]
    Imports(String),
    /// No network.
    #[error(transparent)]
    Egress(#[from] EgressError),
    /// The directory for compiled code is not usable.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

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
    meters: Vec<Arc<dyn Meter>>,
    recording: Option<Recording>,
    further: Vec<FurtherImport>,
}

impl Default for HostBuilder {
    fn default() -> Self {
        Self {
            parallel_calls: Self::PARALLEL_CALLS,
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
            meters: Vec::new(),
            recording: None,
            further: Vec::new(),
        }
    }
}

impl HostBuilder {
    /// The calls that may run at the same time where nothing else is set.
    pub const PARALLEL_CALLS: u32 = 1_000;

    /// The calls that may run at the same time ([`HostBuilder::PARALLEL_CALLS`]); further ones wait for a permit, which
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

    /// Asks this meter before every call, and notifies it of every call; may be given more than once.
    #[must_use]
    pub fn meter(mut self, meter: Arc<dyn Meter>) -> Self {
        self.observers.push(Arc::clone(&meter) as _);
        self.meters.push(meter);
        self
    }

    /// Lends components an interface of your own, such as `acme:crm/contacts@1.0.0`. Only a host that does loads a component which
    /// imports it; a component that does not import it sees no difference. `lend` defines the interface on the linker, by hand or as
    /// wasmtime's `bindgen!` does it; [`CallState`] says whose call it is, and each function begins with [`CallState::count`].
    ///
    /// ```
    /// use organisation_host::{CallState, Host, wasmtime::StoreContextMut};
    ///
    /// let host = Host::builder().import("acme:crm/contacts@1.0.0", |linker| {
    ///     let mut contacts = linker.instance("acme:crm/contacts@1.0.0")?;
    ///     contacts.func_wrap("owner", |mut call: StoreContextMut<'_, CallState>, (): ()| {
    ///         call.data_mut().count("contacts")?;
    ///         Ok((call.data().site().tenant.clone(),))
    ///     })
    /// });
    /// host.build()?;
    /// # Ok::<(), organisation_host::BuildError>(())
    /// ```
    ///
    /// `describe` and `validate-config` stay pure: a component that calls it there ends with a trap. The limits of a call hold, but
    /// what is done outside is the function's own to bound. A [recording](Self::recording) holds the contract's imports alone.
    #[must_use]
    pub fn import(
        mut self,
        interface: impl Into<String>,
        lend: impl FnOnce(&mut Linker<CallState>) -> wasmtime::Result<()> + Send + 'static,
    ) -> Self {
        self.further.push(FurtherImport { interface: interface.into(), lend: Box::new(lend) });
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
        let contract = linker(engine.wasmtime()).map_err(|error| BuildError::Imports(format!("{error:#}")))?;
        let (mut linker, mut further) = (contract.clone(), Vec::new());
        for FurtherImport { interface, lend } in self.further {
            lend(&mut linker).map_err(|error| BuildError::Imports(format!("{interface}: {error:#}")))?;
            further.push(interface);
        }
        let cache = self.cache.as_deref().map(|directory| {
            CodeCache::open(directory, format!("{}-{}", engine.compatibility(), contract::judge_version()))
        });
        let cache = cache.transpose()?;
        Ok(Host(Arc::new(Shared {
            engine,
            contract,
            linker,
            further,
            scheduler: FairScheduler::new(self.parallel_calls),
            observers: self.observers.into(),
            meters: self.meters,
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
