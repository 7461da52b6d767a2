//! The wasmtime host for organisation elements.
//!
//! A [`Host`] holds what a process has once: an engine, a pool of instances, the way to the network. It loads
//! components ([`LoadedComponent`]); a component, a tenant and a configuration make an [`Element`], whose methods are
//! the exports of the contract in `wit/`. Every call runs in a fresh instance within [`Limits`], and comes back with a
//! [`CallReport`], also when the component broke off.
//!
//! The host knows the contract and no vendor. Where things are:
//!
//! | Module | What it holds |
//! |---|---|
//! | [`contract`] | the types of the contract, and whether a component meets it |
//! | [`egress`] | HTTP: who may be reached, how, and what came back |
//! | [`storage`] | keys and values: in memory, in a file, in a database |
//! | [`settings`] | element folders and their configuration |
//! | the rest | engine, component, element and call, whose types stand here |

mod cache;
mod call;
mod component;
pub mod contract;
mod digest;
pub mod egress;
mod element;
mod engine;
mod host;
mod imports;
pub mod settings;
pub mod storage;

pub use cache::CacheError;
pub use call::{
    CallError, CallReport, CallResult, CallSite, Called, Exceeded, FailedCall, HttpExchange, HttpTraffic, Journal,
    LimitName, Limits, LogLevel, LogLine, Outcome, Trap, TrapKind, reason_name,
};
pub use component::{Inspection, LoadError, LoadedComponent, MAX_COMPONENT_BYTES};
pub use digest::Digest;
pub use element::{Answered, Element, ElementError, ElementOptions};
pub use engine::{EngineError, PoolUsage};
pub use host::{BuildError, DEFAULT_PARALLEL_CALLS, Host, HostBuilder};
pub use imports::{PinnedRandomness, Randomness};

/// The component that was built with this program.
pub fn bundled_component() -> &'static [u8] {
    include_bytes!(env!("ORGANISATION_COMPONENT"))
}
