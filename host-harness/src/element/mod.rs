//! One tenant's element: a component, its configuration, its storage and what it may reach, with one method for each
//! export of the contract.

mod calls;
mod network;
mod secret;

use std::{fmt, sync::Arc};

use tokio::sync::OnceCell;

use crate::{
    call::Limits,
    component::LoadedComponent,
    egress::{Hook, OperatorList},
    host::Host,
    queue::Share,
    settings::Document,
    storage::{Scope, Storage, StorageError},
    tenants::RESERVED,
};
pub use calls::Answered;
use network::Network;

/// What an element is made of, beside its component.
#[derive(Clone)]
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
    /// What each call may use.
    pub limits: Limits,
    /// The tenant's part of the host.
    pub share: Share,
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
            limits: Limits::default(),
            share: Share::default(),
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
    /// The tenant's name is one of the host's own.
    #[error("tenant name {0:?} begins with {RESERVED:?}, which is kept for the host itself")]
    Reserved(String),
}

/// One tenant's element. Cheap to clone; calls may run side by side.
#[derive(Clone)]
pub struct Element {
    shared: Arc<Shared>,
    limits: Limits,
}

struct Shared {
    host: Host,
    component: Arc<LoadedComponent>,
    scope: Scope,
    settings: Document,
    storage: Arc<dyn Storage>,
    operator: OperatorList,
    share: Share,
    hooks: Vec<Arc<dyn Hook>>,
    /// What follows from the configuration, found out before the first call that may use it.
    network: OnceCell<Network>,
}

impl Element {
    pub(crate) fn new(
        host: Host,
        component: Arc<LoadedComponent>,
        options: ElementOptions,
    ) -> Result<Self, ElementError> {
        let ElementOptions { tenant, name, settings, storage, operator, limits, share, hooks } = options;
        if tenant.starts_with(RESERVED) {
            return Err(ElementError::Reserved(tenant));
        }
        let scope = Scope::new(&tenant, &name)?;
        let network = OnceCell::new();
        let shared = Shared { host, component, scope, settings, storage, operator, share, hooks, network };
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

    /// The component.
    pub fn component(&self) -> &Arc<LoadedComponent> {
        &self.shared.component
    }

    /// The tenant and the element's name.
    pub fn scope(&self) -> &Scope {
        &self.shared.scope
    }
}

impl fmt::Debug for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Element")
            .field("scope", &self.shared.scope)
            .field("component", &self.shared.component.digest())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
