//! Everything a scope holds, as it was at one moment: for copies of a tenant.

use async_trait::async_trait;

use super::StorageError;

/// One state of a scope, read to its end page by page; see [`super::Storage::snapshot`].
///
/// It holds what keeps that state (a connection, and in SQLite the log) until it is dropped.
#[async_trait]
pub trait Snapshot: Send {
    /// The next entries in key order, at most a page of them; none when all were read.
    async fn next(&mut self) -> Result<Vec<Kept>, StorageError>;
}

/// What is stored under a key, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The key.
    pub key: String,
    /// The value.
    pub value: KeptValue,
    /// When the entry ceases to exist: milliseconds since 1970 on the store's clock; `None` = never.
    pub expires_at_ms: Option<u64>,
}

/// A value, and whether it is sealed at rest.
#[derive(Clone, PartialEq, Eq)]
pub enum KeptValue {
    /// It is not.
    Plain(String),
    /// It is; what it opens to, or why it does not open.
    Sealed(Result<String, StorageError>),
}

impl std::fmt::Debug for KeptValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(value) => write!(f, "Plain(<{} bytes>)", value.len()),
            Self::Sealed(Ok(value)) => write!(f, "Sealed(<{} bytes>)", value.len()),
            Self::Sealed(Err(error)) => write!(f, "Sealed({error})"),
        }
    }
}
