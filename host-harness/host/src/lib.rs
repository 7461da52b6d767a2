//! The wasmtime host for organisation elements.
//!
//! A [`Host`] holds what a process has once: an engine, a pool of instances, the way to the network. It loads
//! components ([`LoadedComponent`]); a component, a tenant and a configuration make an [`Element`], whose methods are
//! the exports of the contract in `wit/`. Every call runs in a fresh instance within [`Limits`]; awaited it gives the value or
//! a [`CallFailure`]. Observers get a [`CallReport`] of each, also when the component broke off; see [`Call::reported`].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use bundled_component::bundled_component;
//! use organisation_host::{ElementOptions, Host, settings::Document, storage};
//!
//! let host = Host::builder().build()?;
//! let component = host.load(bundled_component())?;
//! let store = storage::open("memory:", storage::Options::default()).await?;
//! let settings = Document::parse(r#"{"corpId": "ww21c67da6767865c2", "agentId": 1000073, "secret": "…"}"#)?;
//! let element = host.element(&component, ElementOptions::new("acme", "organisation", settings, store))?;
//! let validation = element.validate().await?;
//! println!("{} problems", validation.problems.len());
//! # Ok(())
//! # }
//! ```
//!
//! The feature `program` (on by default) builds `org-harness`; an embedder turns default features off and gets the library
//! alone.
//!
//! The host knows the contract and no vendor. Where things are:
//!
//! | Module | What it holds |
//! |---|---|
//! | [`contract`] | the types of the contract, and whether a component meets it |
//! | [`egress`] | HTTP: who may be reached, how, and what came back |
//! | [`storage`] | keys and values: in memory, in a file, in a database |
//! | [`settings`] | element folders and their configuration |
//! | [`recording`] | what crosses the boundary of calls, written down and played back |
//! | [`trust`] | signatures of component files |
//! | the rest | engine, component, element and call, whose types stand here |

mod audit;
mod cache;
mod call;
mod component;
pub mod contract;
mod digest;
mod element;
mod engine;
mod events;
mod fair_scheduler;
mod host;
mod imports;
pub mod settings;

/// HTTP: who may be reached, how, and what came back.
pub use organisation_egress as egress;
/// Keys and values: in memory, in a file, in a database.
pub use organisation_storage as storage;
/// The engine, for what [`HostBuilder::import`] lends.
pub use wasmtime;

pub use audit::{AuditEntry, AuditPage, Decision};
pub use cache::CacheError;
pub use call::{
    Answered, Call, CallError, CallFailure, CallLog, CallOutcome, CallReport, CallResult, CallSite, CallState, Called,
    Exceeded, FailedCall, HttpExchange, HttpTraffic, LimitName, Limits, LogLevel, LogLine, MemoryLimits, Meter,
    Observer, Trap, TrapKind, reason_name, words_of,
};
pub use component::{ComponentFile, FileError, Inspection, LoadError, LoadedComponent, MAX_COMPONENT_BYTES};
pub use digest::{Digest, DigestError};
pub use element::{Element, ElementError, ElementOptions, Received};
pub use engine::{EngineError, PoolUsage};
pub use events::{EventPage, KeptEvent};
pub use fair_scheduler::{Concurrency, Load};
pub use host::{BuildError, Host, HostBuilder};
pub use imports::{PinnedRandomness, Randomness};

/// What crosses the boundary of calls, written down and played back.
pub mod recording {
    pub use crate::call::tape::{ImportSource, RecordedCall, RecordedEnd, RecordedImport, Recording};
}

/// Signatures of component files, and the keys that an operator trusts.
pub mod trust {
    pub use crate::component::{Signature, TrustError, TrustedKey, signature_path};
}
