//! The lines of an exported tenant.
//!
//! The first is the header; then for each scope one line, in the order of elements, and those of its entries, in the
//! order of keys; the last is the trailer, which counts what came before it and carries the SHA-256 of all bytes up to
//! it. So a file that was cut off has no trailer, and one that was damaged another sum. The sum is no signature:
//! whoever can write the file can also make a new one.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What the header calls this format.
pub(super) const FORMAT: &str = "organisation-tenant";

/// The version of the format that this program writes, and the only one it reads.
pub(super) const VERSION: u32 = 1;

/// One line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Line {
    Header(Header),
    Scope(ScopeLine),
    Entry(EntryLine),
    Trailer(Trailer),
}

/// What the file is.
#[derive(Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) format: String,
    pub(super) version: u32,
    /// The tenant as it was called; sealed values are bound to this name.
    pub(super) tenant: String,
}

/// The entries that follow are those of this element.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScopeLine {
    pub(super) element: String,
}

/// An entry.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryLine {
    pub(super) key: String,
    /// Plain, or sealed with the transfer key.
    pub(super) value: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) sealed: bool,
}

impl EntryLine {
    /// Bytes of key and value.
    pub(super) fn bytes(&self) -> usize {
        self.key.len() + self.value.len()
    }

    /// Whether it is absent everywhere by now.
    pub(super) fn is_expired(&self, now_ms: u64) -> bool {
        self.expires_at_ms.is_some_and(|at| at <= now_ms)
    }
}

/// What the file ought to hold.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trailer {
    pub(super) counts: Counts,
    /// Hexadecimal.
    pub(super) sha256: String,
}

/// Counted on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    pub(super) scopes: u64,
    pub(super) entries: u64,
    /// Entries among these whose values are sealed with the transfer key.
    pub(super) sealed: u64,
    /// Sealed entries that are not in the file.
    pub(super) left_out: u64,
}

/// The sum of the bytes that went by.
#[derive(Default)]
pub(super) struct Sum(Sha256);

impl Sum {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn end(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
