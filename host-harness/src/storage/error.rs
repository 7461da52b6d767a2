//! What may go wrong in a store: [`StorageError`] while it is used, [`OpenError`] while it is opened.
//!
//! A lost race is not here: it is [`crate::storage::Outcome::Conflict`]. No message ever quotes a value, and none quotes
//! a whole key, because a caller may have built the key from something private.

use std::path::PathBuf;

/// Why a call to a store failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The store cannot be reached or is busy; the same call may work later.
    #[error("storage is unavailable: {message}{}", if *maybe_applied { "; the change may have been applied" } else { "" })]
    Unavailable {
        /// Whether an `apply` may have taken effect nevertheless. Always `false` for a read. When `true` the caller reads
        /// before it tries again; when `false` nothing was changed.
        maybe_applied: bool,
        /// What happened, for a log.
        message: String,
    },
    /// A size or count is above its limit. Nothing was changed.
    #[error("storage quota {name} exceeded: asked for {asked}, the limit is {limit}")]
    Quota {
        /// Which limit: one of the names in [`crate::storage::quota::name`].
        name: &'static str,
        /// The limit, in the unit of the name (bytes or items).
        limit: u64,
        /// What the call needed, in the same unit; for `items` and `bytes` the total the scope would have reached.
        asked: u64,
    },
    /// The call itself is wrong, whatever the store holds.
    #[error("invalid storage call: {0}")]
    Invalid(String),
    /// Anything else: a damaged file, a sealed value that another key sealed.
    #[error("storage failed: {0}")]
    Other(String),
}

impl StorageError {
    /// An [`StorageError::Unavailable`] after which it is certain that nothing was changed.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable { maybe_applied: false, message: message.into() }
    }
}

/// Why a store could not be opened. Each names the next step.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The address has no known form.
    #[error("storage address starts with {scheme:?}: expected memory: or sqlite:PATH")]
    Address {
        /// What stands before the first colon, or the whole text when there is none; never what follows it, because that
        /// may hold a password.
        scheme: String,
    },
    /// The address is known, but this program was built without its backend.
    #[error("storage backend {0} is not built into this program: use memory: or sqlite:PATH")]
    NotBuiltIn(&'static str),
    /// `sqlite:` without a path, or with SQLite's own name for a database in memory.
    #[error(
        "sqlite: needs the path of a file, found {found:?}: write sqlite:PATH, or memory: for a store without a file"
    )]
    Path {
        /// What followed `sqlite:`.
        found: String,
    },
    /// The file or its folder could not be created or opened.
    #[error("cannot open the database file {}: {message}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system or SQLite said.
        message: String,
    },
    /// The file is something other than a database, or it is damaged.
    #[error("{} is not an SQLite database: move it away or name another file", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of another program.
    #[error("{} is a database of another program (it has tables, but not this store's): name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer version of this program wrote the file.
    #[error("{} has schema version {found}, this program knows up to {known}: use the newer program", path.display())]
    NewerSchema {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// The file, its folder, or the disk does not admit writing.
    #[error("{} is read-only: the store needs to write the file and its folder", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the file for longer than the busy timeout.
    #[error("{} is locked by another process: end it or try again", path.display())]
    Locked {
        /// The file.
        path: PathBuf,
    },
    /// No space is left.
    #[error("the disk that holds {} is full: free some space", path.display())]
    DiskFull {
        /// The file.
        path: PathBuf,
    },
}
