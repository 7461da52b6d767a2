//! One tenant's element: a component, its configuration, its storage and what it may reach, with one method for each
//! export of the contract.

mod calls;
pub(crate) mod check_rate_limit;
mod functions;
mod network;
mod secret;
mod single_flight;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use derive_setters::Setters;

use crate::{
    call::{CallSite, Limits},
    component::LoadedComponent,
    digest::Digest,
    egress::{Hook, OperatorList},
    fair_scheduler::Concurrency,
    host::Host,
    settings::Document,
    storage::{RESERVED, Scope, Storage, StorageError},
};
pub use functions::callbacks::Received;
use network::Network;
use single_flight::SingleFlight;

/// What an element is made of, beside its component.
#[derive(Clone, Setters)]
#[non_exhaustive]
pub struct ElementOptions {
    /// The tenant: 1 to 128 bytes, compared byte by byte.
    pub tenant: String,
    /// The element, unique within the tenant.
    pub name: String,
    /// The business configuration.
    pub settings: Document,
    /// Where the element keeps its state.
    pub storage: Arc<dyn Storage>,
    /// What the operator lets this tenant reach. The default denies everything.
    pub operator: OperatorList,
    /// The only component that may be this element, where somebody pinned it.
    pub component_digest: Option<Digest>,
    /// What each call may use.
    pub limits: Limits,
    /// The tenant's part of the host.
    pub concurrency: Concurrency,
    /// See every request after policy: to record, replay, fake or break. Usually none.
    pub hooks: Vec<Arc<dyn Hook>>,
}

impl ElementOptions {
    /// Options with the default limits, without hooks, and with no host allowed.
    pub fn new(
        tenant: impl Into<String>,
        name: impl Into<String>,
        settings: Document,
        storage: Arc<dyn Storage>,
    ) -> Self {
        Self {
            tenant: tenant.into(),
            name: name.into(),
            settings,
            storage,
            operator: OperatorList::default(),
            component_digest: None,
            limits: Limits::default(),
            concurrency: Concurrency::default(),
            hooks: Vec::new(),
        }
    }
}

/// Why an element cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElementError {
    /// The name of the tenant or of the element is not usable.
    #[error("{0}")]
    Name(#[from] StorageError),
    /// The name of the tenant or of the element is one of the host's own.
    #[error("{what} name {name:?} begins with {RESERVED:?}, which is kept for the host itself")]
    Reserved {
        /// `tenant` or `element`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The component is not the one that the element is pinned to.
    #[error("element {element} of tenant {tenant} is pinned to component sha256:{expected}, found sha256:{found}")]
    Digest {
        /// The tenant.
        tenant: String,
        /// The element.
        element: String,
        /// The digest that was demanded.
        expected: Digest,
        /// The digest of the component.
        found: Digest,
    },
}

/// One tenant's element. Cheap to clone; calls may run side by side.
#[derive(Clone)]
pub struct Element {
    shared: Arc<Shared>,
    limits: Limits,
}

struct Shared {
    host: Host,
    /// What the next call runs. Calls under way keep what they began with.
    version: RwLock<Arc<Version>>,
    scope: Scope,
    settings: Document,
    storage: Arc<dyn Storage>,
    operator: OperatorList,
    concurrency: Concurrency,
    hooks: Vec<Arc<dyn Hook>>,
    /// Held by the check under way: the next one is to know what became of it.
    checking: tokio::sync::Mutex<()>,
}

/// A component as the code of one element.
struct Version {
    component: Arc<LoadedComponent>,
    /// What follows from the configuration, found out before the first call that may use it.
    network: SingleFlight<Network>,
}

impl Element {
    pub(crate) fn new(
        host: Host,
        component: Arc<LoadedComponent>,
        options: ElementOptions,
    ) -> Result<Self, ElementError> {
        let ElementOptions { tenant, name, settings, storage, operator, component_digest, limits, concurrency, hooks } =
            options;
        for (what, name) in [("tenant", &tenant), ("element", &name)] {
            // A component that is only asked what it is has no other name.
            let is_none = what == "element" && name == CallSite::NO_ELEMENT;
            if name.starts_with(RESERVED) && !is_none {
                return Err(ElementError::Reserved { what, name: name.clone() });
            }
        }
        let scope = Scope::new(&tenant, &name)?;
        // The longest of the names that the host makes of this one.
        scope.events()?;
        let version = RwLock::new(Version::of(component, component_digest, &scope)?);
        let checking = tokio::sync::Mutex::default();
        let shared = Shared { host, version, scope, settings, storage, operator, concurrency, hooks, checking };
        Ok(Self { shared: Arc::new(shared), limits })
    }

    /// The same element with other limits, for one kind of call.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        Self { shared: Arc::clone(&self.shared), limits }
    }

    /// The limits of each call.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The component that the next call runs.
    pub fn component(&self) -> Arc<LoadedComponent> {
        Arc::clone(&self.version().component)
    }

    /// Takes another component, such as the next version, for every call that begins from now on, on this element and
    /// its clones. Calls under way end with the code that they began with, which is freed when nobody needs it any more.
    /// Storage and settings stay: a version must be able to read what the one before it wrote.
    ///
    /// # Errors
    /// The component is not the one that is demanded; then nothing changes.
    pub fn swap_component(
        &self,
        component: &Arc<LoadedComponent>,
        component_digest: Option<Digest>,
    ) -> Result<(), ElementError> {
        let version = Version::of(Arc::clone(component), component_digest, &self.shared.scope)?;
        // What is replaced is freed after the lock.
        let mut current = self.shared.version.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *current, version);
        drop(current);
        drop(before);
        Ok(())
    }

    fn version(&self) -> Arc<Version> {
        // An `Arc` is replaced as a whole, so no panic leaves it torn.
        Arc::clone(&self.shared.version.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The tenant and the element's name.
    pub fn scope(&self) -> &Scope {
        &self.shared.scope
    }
}

impl Version {
    fn of(component: Arc<LoadedComponent>, pin: Option<Digest>, scope: &Scope) -> Result<Arc<Self>, ElementError> {
        let found = component.digest();
        match pin {
            Some(expected) if expected != found => {
                let (tenant, element) = (scope.tenant().to_owned(), scope.element().to_owned());
                Err(ElementError::Digest { tenant, element, expected, found })
            }
            _ => Ok(Arc::new(Self { component, network: SingleFlight::new() })),
        }
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element")
            .field("scope", &self.shared.scope)
            .field("component", &self.version().component.digest())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
