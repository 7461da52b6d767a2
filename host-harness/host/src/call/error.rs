//! Why a call gave no answer. An error that the component answers itself is a value, not one of these.

use crate::{
    call::{limits::Exceeded, trap::Trap},
    digest::Digest,
};

/// Whose call it was, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The tenant.
    pub tenant: String,
    /// The element.
    pub element: String,
    /// The component.
    pub component: Digest,
    /// The export with its interface, such as `login.exchange-code`.
    pub function: &'static str,
}

impl CallSite {
    /// The name of an element that is only a component, without a configuration or a tenant of its own: one that is asked what it
    /// is. Messages leave it out.
    pub const NO_ELEMENT: &str = "(none)";

    /// Whether the answer depends on the arguments alone, so that the same call ends the same way again.
    pub fn is_pure(&self) -> bool {
        matches!(self.function, "element.describe" | "element.validate-config")
    }
}

impl std::fmt::Display for CallSite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digest = self.component.to_string();
        let short = digest.get(..12).unwrap_or_default();
        let Self { function, tenant, element, .. } = self;
        match &**element {
            Self::NO_ELEMENT => write!(f, "{function} of component {short}"),
            _ => write!(f, "{function} of element {element} of tenant {tenant} (component {short})"),
        }
    }
}

/// Why a call gave no answer. The next call begins with nothing of this one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// A limit ended the call.
    #[error("{site} was ended: {exceeded}")]
    Limit {
        /// Whose call.
        site: CallSite,
        /// Which limit, its value and what was asked.
        exceeded: Exceeded,
    },
    /// The component broke off: it panicked, left its memory, broke the rules of the contract's types, or called `exit`.
    #[error("{site} broke off: {trap}")]
    Trap {
        /// Whose call.
        site: CallSite,
        /// What happened, and where.
        trap: Trap,
    },
    /// The host could not start or serve the call.
    #[error("{site} could not be served: {reason}")]
    Host {
        /// Whose call.
        site: CallSite,
        /// What happened.
        reason: String,
    },
    /// A [`Meter`](super::Meter) of the embedder refused it, so that it did not begin.
    #[error("{site} was not admitted: {reason}")]
    NotAdmitted {
        /// Whose call.
        site: CallSite,
        /// What the meter said.
        reason: String,
    },
    /// The component named a destination that cannot be one, so no policy can be made, or a header that a route may not name. Its words are not repeated:
    /// `validate-config` has seen every secret when it answers.
    #[error("{site} answered {place} that is not usable: {reason}; this is a defect of the component")]
    Destination {
        /// Whose call.
        site: CallSite,
        /// Where it stands in the answer, such as `destinations.0`.
        place: String,
        /// What is wrong.
        reason: String,
    },
}

impl CallError {
    /// Whose call it was.
    pub fn site(&self) -> &CallSite {
        match self {
            Self::Limit { site, .. }
            | Self::Trap { site, .. }
            | Self::Host { site, .. }
            | Self::NotAdmitted { site, .. }
            | Self::Destination { site, .. } => site,
        }
    }

    /// Where the component was when it broke off, innermost first; see [`Trap::backtrace`].
    pub fn backtrace(&self) -> &[String] {
        match self {
            Self::Trap { trap, .. } => &trap.backtrace,
            _ => &[],
        }
    }

    /// The kind in one word, for reports and metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Limit { .. } => "limit",
            Self::Trap { .. } => "trap",
            Self::Host { .. } => "host",
            Self::NotAdmitted { .. } => "not-admitted",
            Self::Destination { .. } => "destination",
        }
    }
}
