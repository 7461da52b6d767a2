//! A component that was judged and compiled and can be called any number of times.

use std::{collections::BTreeSet, sync::Arc};

use serde::Serialize;
use tokio::sync::OnceCell;
use wasmtime::component::Component;

use crate::{
    call::state::CallState,
    contract::{OrganisationElementPre, Problem, WorldReport, element::Description},
    digest::Digest,
};

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
    /// It begins like a component and cannot be read or compiled.
    #[error("the component is damaged or uses what this host does not support: {0}")]
    Invalid(String),
    /// It is a component of another world. Boxed, because the report is large.
    #[error("the component does not fit the world {}: {}", .0.world, join(&.0.problems))]
    World(Box<WorldReport>),
}

fn join(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What a component file is, whether or not this host can run it.
#[derive(Debug, Clone, Serialize)]
pub struct Inspection {
    /// The SHA-256 of the file.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: usize,
    /// Imports, exports, and what stands against running it.
    #[serde(flatten)]
    pub world: WorldReport,
}

/// A component, ready to be instantiated for each call. Belongs to the host that loaded it.
pub struct LoadedComponent {
    pub(crate) inspection: Inspection,
    pub(crate) pre: OrganisationElementPre<CallState>,
    /// How many of the host's places a call takes.
    pub(crate) places: u32,
    /// What `describe` said, in English: the host needs to know which fields are secret.
    pub(crate) description: OnceCell<Arc<Description>>,
}

impl LoadedComponent {
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

/// Looks at the first bytes only, so that what is no component is refused in words and not by a parser.
pub(crate) fn refuse_other_files(bytes: &[u8]) -> Result<(), LoadError> {
    /// A binary begins with `\0asm`, a version and a layer: 0 for a core module, 1 for a component.
    const MAGIC: &[u8] = b"\0asm";
    if bytes.len() > MAX_COMPONENT_BYTES {
        return Err(LoadError::TooLarge { bytes: bytes.len() });
    }
    let what = match bytes {
        [] => "the file is empty".to_owned(),
        _ if MAGIC.starts_with(bytes) => "the file ends within its first bytes".to_owned(),
        [0, b'a', b's', b'm', rest @ ..] => match rest {
            [_, _, 1, 0, ..] => return Ok(()),
            [_, _, 0, 0, ..] => {
                "it is a core module; build it for wasm32-wasip2, or wrap it with `wasm-tools component \
                                 new`"
                    .to_owned()
            }
            [_, _, _, _, ..] => "it is WebAssembly of a layer that this host does not know".to_owned(),
            _ => "the file ends within its first bytes".to_owned(),
        },
        [b'(', ..] => "it is WebAssembly text; a binary component is expected".to_owned(),
        [0x7f, b'E', b'L', b'F', ..] => {
            "it is a native program or compiled code; a component as built by cargo is expected".to_owned()
        }
        _ => "it does not begin like WebAssembly".to_owned(),
    };
    Err(LoadError::NotAComponent(what))
}

/// Judges a compiled component.
pub(crate) fn inspect(bytes: &[u8], component: &Component) -> Inspection {
    Inspection {
        digest: Digest::of(bytes),
        size: bytes.len(),
        world: crate::contract::judge(component.engine(), component),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_recognised() {
        let cases: [(&[u8], &str); 9] = [
            (b"", "is empty"),
            (b"\0as", "ends within"),
            (b"\0asm\x0d\0", "ends within"),
            (b"\0asm\x01\0\0\0", "core module"),
            (b"\0asm\x0d\0\x02\0", "layer"),
            (b"(component)", "text"),
            (b"\x7fELF\x02\x01", "native"),
            (b"PK\x03\x04", "does not begin"),
            ("名".as_bytes(), "does not begin"),
        ];
        for (bytes, words) in cases {
            let message = refuse_other_files(bytes).unwrap_err().to_string();
            assert!(message.contains(words), "{bytes:?}: {message}");
        }
        assert!(refuse_other_files(b"\0asm\x0d\0\x01\0").is_ok());
        let large = vec![0; MAX_COMPONENT_BYTES + 1];
        assert!(matches!(refuse_other_files(&large), Err(LoadError::TooLarge { bytes }) if bytes == large.len()));
    }
}
