//! What may go wrong in a store: [`StorageError`] while it is used, [`OpenError`] while it is opened.
//!
//! A lost race is not here: it is [`crate::ApplyOutcome::Conflict`]. No message ever quotes a value, and none quotes
//! a whole key, because a caller may have built the key from something private.

/// Why a call to a store failed. As closed as `storage.error` of the contract, which it becomes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// The store cannot be reached or is busy; the same call may work later.
    #[error("storage is unavailable: {message}{}", if *maybe_applied { "; the change may have been applied" } else { "" })]
    Unavailable {
        /// Whether an `apply` may have taken effect nevertheless. Always `false` for a read. When `true` the caller
        /// reads before it tries again; when `false` nothing was changed.
        maybe_applied: bool,
        /// What happened, for a log.
        message: String,
    },
    /// A size or count is above its limit. Nothing was changed.
    #[error("storage quota {name} exceeded: asked for {asked}, the limit is {limit}")]
    Quota {
        /// Which limit: one of the names in [`crate::quota::name`].
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
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable { maybe_applied: false, message: message.into() }
    }
}

/// Why a store could not be opened. Each names the next step, and none a password. `place` is the path of a file, or
/// server and database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address has no known form.
    #[error("the storage address {found}: {instead}")]
    Address {
        /// How it begins. Nothing is quoted that may hold a password.
        found: String,
        /// What to write instead.
        instead: String,
    },
    /// `sqlite:` without a path, or with SQLite's own name for a database in memory.
    #[error(
        "sqlite: needs the path of a file, found {found:?}: write sqlite:PATH, or memory: for a store without a file"
    )]
    Path {
        /// What followed `sqlite:`.
        found: String,
    },
    /// This program was built without that kind of store.
    #[error("{scheme}: is not part of this program: build organisation-storage with the feature `{feature}`")]
    NotBuiltIn {
        /// How the address begins.
        scheme: &'static str,
        /// The cargo feature.
        feature: &'static str,
    },
    /// The address of a PostgreSQL database cannot be read.
    #[error(
        "the postgres: address cannot be read ({problem}): write postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, \
         with what is not a letter or digit in user and password percent-encoded"
    )]
    PostgresAddress {
        /// What is wrong with it, without quoting it.
        problem: String,
    },
    /// The database could not be used for a reason that has no case of its own.
    #[error("cannot open the database {place}: {message}")]
    Database {
        /// Which.
        place: String,
        /// What the operating system or the database said.
        message: String,
    },
    /// The file is something other than a database, or it is damaged.
    #[error("{place} is not an SQLite database: move it away or name another file")]
    NotADatabase {
        /// The file.
        place: String,
    },
    /// The database belongs to another program.
    #[error(
        "{place} is a database of another program (it has tables, but not this store's): name another file or database, \
         or in PostgreSQL an empty schema with ?options[search_path]=NAME"
    )]
    Foreign {
        /// Which.
        place: String,
    },
    /// A newer version of this program wrote the database.
    #[error("{place} has schema version {found}, this program knows up to {known}: use the newer program")]
    NewerSchema {
        /// Which.
        place: String,
        /// The version in the database.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// The file, its folder, the disk, or the server does not admit writing.
    #[error("{place} is read-only: the store needs to write the file and its folder, or a server that is no standby")]
    ReadOnly {
        /// Which.
        place: String,
    },
    /// Another process is in the way for longer than the busy timeout.
    #[error("{place} is locked by another process: end it or try again")]
    Locked {
        /// Which.
        place: String,
    },
    /// No space is left.
    #[error("the disk that holds {place} is full: free some space")]
    DiskFull {
        /// Which.
        place: String,
    },
    /// The server does not answer, or has no connection left.
    #[error(
        "cannot reach the server of {place}: {message}; see that it runs, and that host, port and sslmode are right"
    )]
    Unreachable {
        /// Which.
        place: String,
        /// What the operating system, TLS or the server said.
        message: String,
    },
    /// The server does not admit the user, or the user may not do what a store needs.
    #[error(
        "{place} refuses: {message}; check user and password, and let the user create tables in its schema \
         (GRANT USAGE, CREATE ON SCHEMA …)"
    )]
    Denied {
        /// Which.
        place: String,
        /// What the server said.
        message: String,
    },
    /// The server has no such database, or the database no such schema.
    #[error("{place} is not there: {message}; CREATE DATABASE … ENCODING 'UTF8', or name another")]
    Missing {
        /// Which.
        place: String,
        /// What the server said.
        message: String,
    },
    /// The database cannot hold every text.
    #[error("{place} has the encoding {found}: a store needs one made with ENCODING 'UTF8'")]
    Encoding {
        /// Which.
        place: String,
        /// The encoding found.
        found: String,
    },
}
