//! A component that was judged and compiled and can be called any number of times.
//!
//! | File | What it holds |
//! |---|---|
//! | `file` | a component as it lies on disk, and what a file is that is none |
//! | `trust` | signatures, and the keys that an operator trusts |

pub(crate) mod file;
pub(crate) mod trust;

use std::{
    collections::{BTreeSet, HashMap},
    sync::OnceLock,
};

use serde::{Deserialize, Serialize};
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};

use crate::{
    call::{CallSite, CallState},
    contract::{self, WorldProblem, WorldReport, element::Description},
    digest::Digest,
};
pub use file::{ComponentFile, FileError, signature_path};
pub use trust::{Signature, TrustError, TrustedKey};

/// The largest component file that a host loads: 32 MiB, some sixty times what an element needs.
pub const MAX_COMPONENT_BYTES: usize = 32 << 20;

/// Why a file does not become a component that this host can call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is larger than [`MAX_COMPONENT_BYTES`].
    #[error("the component has {bytes} bytes, at most {MAX_COMPONENT_BYTES} are loaded")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The bytes are something else; says what they look like.
    #[error("not a component: {0}")]
    NotAComponent(String),
    /// It is not the component that somebody pinned.
    #[error("the component is not the one that was pinned: expected sha256:{expected}, found sha256:{found}")]
    Digest {
        /// The digest that was demanded.
        expected: Digest,
        /// The digest of the file.
        found: Digest,
    },
    /// The host trusts keys, and the component comes without a signature.
    #[error(
        "the component sha256:{0} is not signed, and this host loads components of its trusted keys only: put the \
             signature into FILE.sig beside FILE"
    )]
    Unsigned(Digest),
    /// The signature is of none of the trusted keys, or of another file.
    #[error(
        "the signature of the component sha256:{component} is of none of the {keys} trusted keys, or of another file"
    )]
    Untrusted {
        /// The component.
        component: Digest,
        /// How many keys are trusted.
        keys: usize,
    },
    /// It begins like a component and cannot be read or compiled.
    #[error("the component is damaged or uses what this host does not support: {0}")]
    Invalid(String),
    /// It is a component of another world. Boxed, because the report is large.
    #[error("the component does not fit the world {}: {}", .0.world, join(&.0.problems))]
    World(Box<WorldReport>),
}

fn join(problems: &[WorldProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What a component file is, whether or not this host can run it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inspection {
    /// The SHA-256 of the file.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: usize,
    /// Imports, exports, and what stands against running it.
    #[serde(flatten)]
    pub world: WorldReport,
}

/// A component, ready to be instantiated for each call. Belongs to the host that loaded it. Its code is freed with the
/// last element that has it and the last call that runs it.
pub struct LoadedComponent {
    pub(crate) inspection: Inspection,
    pre: InstancePre<CallState>,
    /// For pure functions, where the component imports more than the contract has.
    pure: Option<InstancePre<CallState>>,
    functions: HashMap<String, ComponentExportIndex>,
    /// How many of the host's permits a call takes.
    pub(crate) permits: u32,
    /// What `describe` said, in English: the host needs to know which fields are secret.
    pub(crate) description: OnceLock<Description>,
}

impl LoadedComponent {
    /// A component that fits the world. `pure` is for pure functions, where they are lent less than others. `permits`: how many
    /// of the host's a call takes.
    pub(crate) fn new(
        inspection: Inspection,
        pre: InstancePre<CallState>,
        pure: Option<InstancePre<CallState>>,
        permits: u32,
    ) -> Self {
        let component = pre.component();
        let functions = contract::expected_functions().filter_map(|(interface, function)| {
            let (_, interface_index) = component.get_export(None, &*interface)?;
            let (_, index) = component.get_export(Some(&interface_index), function)?;
            // `lowcode:organisation/login@0.1.0` and `exchange-code` are known as `login.exchange-code`.
            let interface = interface.split(['/', '@']).nth(1)?;
            Some((format!("{interface}.{function}"), index))
        });
        Self { inspection, functions: functions.collect(), pre, pure, permits, description: OnceLock::new() }
    }

    /// What a call of this kind is instantiated from. One that is played is lent nothing of the embedder's: it would do again what
    /// was done when it was recorded.
    pub(crate) fn instance_for(&self, site: &CallSite, plays: bool) -> &InstancePre<CallState> {
        self.pure.as_ref().filter(|_| plays || site.is_pure()).unwrap_or(&self.pre)
    }

    /// Where a function is, such as `login.exchange-code`.
    pub(crate) fn function(&self, name: &str) -> wasmtime::Result<&ComponentExportIndex> {
        self.functions.get(name).ok_or_else(|| wasmtime::Error::msg(format!("the component has no function {name}")))
    }

    /// The SHA-256 of the file.
    pub fn digest(&self) -> Digest {
        self.inspection.digest
    }

    /// What the component imports and exports.
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    /// The interfaces of the contract that the component exports, without package and version: `element`, `login` …
    pub fn capabilities(&self) -> BTreeSet<&str> {
        let exports = self.inspection.world.exports.iter();
        exports.filter_map(|name| name.split_once('@')?.0.strip_prefix("lowcode:organisation/")).collect()
    }
}

impl std::fmt::Debug for LoadedComponent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedComponent").field("inspection", &self.inspection).finish_non_exhaustive()
    }
}

/// Whether one of these keys signed the component. Where no key is trusted in particular, every component is.
pub(crate) fn demand_signature(
    bytes: &[u8],
    signature: Option<&Signature>,
    keys: &[TrustedKey],
) -> Result<(), LoadError> {
    if keys.is_empty() {
        return Ok(());
    }
    let Some(signature) = signature else { return Err(LoadError::Unsigned(Digest::of(bytes))) };
    if keys.iter().any(|key| key.signed(bytes, signature)) {
        return Ok(());
    }
    Err(LoadError::Untrusted { component: Digest::of(bytes), keys: keys.len() })
}

/// Judges a compiled component.
pub(crate) fn inspect(bytes: &[u8], component: &Component) -> Inspection {
    Inspection { digest: Digest::of(bytes), size: bytes.len(), world: contract::judge(component.engine(), component) }
}
