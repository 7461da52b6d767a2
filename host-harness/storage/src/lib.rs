//! The storage a host gives to components: ordered text keys with versions, atomic batches, time to live, and `wait`.
//!
//! A component sees one flat space of keys that nobody else can reach; the host names the [`Scope`] (tenant and
//! element) with every call. Three things make it more than a map. Every put gets a *version* that is never used again,
//! and an [`apply`](Storage::apply) may carry *checks* of versions: that is compare-and-swap over several keys, enough
//! for leases, fencing and single-use tokens on any number of hosts. A *time to live* makes leases end when their
//! holder dies. And [`wait`](Storage::wait) parks until a key changes, so that losers of a race need not spin.
//!
//! # Backends
//!
//! | Address | Kept where | For |
//! |---|---|---|
//! | `memory:` | in this process | tests, demonstrations |
//! | `sqlite:PATH` | one file (and its `-wal` and `-shm` beside it) | one machine, any number of processes |
//! | `postgres://USER@HOST/DATABASE` | a PostgreSQL database, or one that speaks its protocol | any number of machines |
//!
//! [`open()`] makes one from an address. All pass the same conformance suite (`tests/storage.rs`); a component cannot
//! distinguish them apart. What a backend adds:
//!
//! * `memory:` keeps sealed values as they are, since nothing of it is at rest.
//! * `sqlite:` has acknowledged an `apply` once it stands in the write-ahead log: it survives the death of the process
//!   (`SIGKILL` too). After a *power failure* or a crash of the operating system the file is intact, but the last
//!   moments before it may be missing as a whole: the log is flushed to the disk at checkpoints, not at every `apply`
//!   (`synchronous=NORMAL`). What may go that way is fetched again from the vendor. Not for network file systems. What
//!   is deleted or written over is overwritten in the file, too.
//! * `postgres:` is as durable as the server was set up to be. A server that falls silent is given up after seconds,
//!   and a host that is stopped keeps no row of others for longer. Time to live goes by the database's clock. When a
//!   server is lost in the middle of a commit, the answer is unavailable with `maybe_applied`; after a failover, or
//!   when another host came first, an `apply` is repeated a few times by itself. `wait` notices other hosts' changes by
//!   polling. The SQL is plain (row locks, `ON CONFLICT`, `RETURNING`, no advisory locks, notifications, triggers or
//!   procedures), so that distributed databases with PostgreSQL's protocol can take its place. Hosts that share a
//!   database need the same sealing key.
//!
//! # Where things are
//!
//! [`Storage`] is the trait; `op`, `scope`, `quota`, `clock`, `error` hold the words it speaks; `limits` checks
//! arguments for all backends; `batch` reduces an `apply` to its net effect; `notify` is `wait`; `memory` and `sql` are
//! the backends; `layer` is a store around another one; `deferred` lets the writes of a call wait; `seal` encrypts, and `fingerprint` names secrets without
//! revealing them; `snapshot` is one state of a scope, of which [`tenant`] makes copies.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

mod batch;
mod clock;
mod deferred;
mod error;
mod fingerprint;
mod layer;
mod limits;
mod memory;
mod notify;
mod op;
mod open;
pub mod quota;
mod scope;
mod seal;
mod snapshot;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
pub mod tenant;

pub use clock::{Clock, ManualClock, SystemClock};
pub use deferred::Deferred;
pub use error::{OpenError, StorageError};
pub use fingerprint::FingerprintKey;
pub use layer::StorageLayer;
pub use limits::{PAGE_BYTES, PAGE_ITEMS};
pub use memory::MemoryStorage;
pub use op::{ApplyOutcome, Check, Expectation, KeyPage, Op, Page, RangeOutcome, StoredEntry};
pub use open::{Options, open};
pub use quota::{Quota, Quotas, Usage};
pub use scope::{NAME_BYTES, RESERVED, Scope, check_tenant};
pub use seal::{SealingKey, SealingKeyError};
pub use snapshot::{Kept, KeptValue, Snapshot};

/// A store of text under ordered text keys, shared by many scopes.
///
/// Holds on every backend:
///
/// * Keys are non-empty, keys and values contain no U+0000, and both have largest sizes ([`Quota`]). Keys order by
///   their UTF-8 bytes. Nothing is normalised: `é` and `e` + U+0301 are two keys.
/// * What has expired is absent everywhere: in reads, checks, and counts. Its space is taken back little by little by
///   later `apply`s of the scope.
/// * A call sees one state of the scope, and everything acknowledged before the call began.
/// * Dropping the future of a call is safe: an `apply` then has happened wholly or not at all.
/// * Every call ends, also when the database has fallen silent: each step has a time limit ([`Options::step_timeout`]).
///   So what a host does by itself, such as taking up declarations and leases, needs none of its own.
#[async_trait]
pub trait Storage: Send + Sync + fmt::Debug {
    /// Reads up to [`PAGE_ITEMS`] keys, which may repeat.
    ///
    /// The answer stands for a *prefix* of `keys`, in their order: `None` for an absent key. It holds at least one
    /// element (when `keys` is not empty) and ends before it would exceed [`PAGE_BYTES`] of keys and values; the caller
    /// asks again for the keys that are left.
    async fn get_many(&self, scope: &Scope, keys: &[String]) -> Result<Vec<Option<StoredEntry>>, StorageError>;

    /// Reads entries in key order whose keys start with `prefix` (empty: all) and are greater than `after_key`.
    ///
    /// At most `limit` (1 or more; above [`PAGE_ITEMS`] it counts as that) and at most [`PAGE_BYTES`] of keys and
    /// values, but at least one entry if there is any. A scan over several pages does not see one state, yet it never
    /// misses a key that was there throughout.
    async fn scan(
        &self,
        scope: &Scope,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
    ) -> Result<Page, StorageError>;

    /// Reads as [`Storage::scan`] does, but keys alone.
    async fn scan_keys(
        &self,
        scope: &Scope,
        prefix: &str,
        after_key: Option<&str>,
        limit: u32,
    ) -> Result<KeyPage, StorageError>;

    /// Carries out up to [`PAGE_ITEMS`] operations of at most [`PAGE_BYTES`] of keys and values.
    ///
    /// Serialisable and all-or-nothing: if a check fails, the outcome is [`ApplyOutcome::Conflict`] and nothing
    /// changes; on an error nothing changes either, except when it says `maybe_applied`. Checks see the state before;
    /// then the others act in order, and may name a key more than once. Quotas are compared with the state after.
    async fn apply(&self, scope: &Scope, ops: Vec<Op>) -> Result<ApplyOutcome, StorageError>;

    /// Deletes keys that start with `prefix` (empty: all), in key order: as many as a page holds, at least one if there
    /// is any.
    ///
    /// One portion is one transaction, so that nobody waits for more than that, and it happens only where all checks
    /// hold. Idempotent.
    async fn delete_range(&self, scope: &Scope, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, StorageError>;

    /// Parks until the version of `key` differs from `version` (`None` = absent): the key was created, changed,
    /// deleted, or expired. `true` says that it differs, `false` that the time ran out. Returns at once if it differs
    /// already.
    ///
    /// A change that is undone before it is seen may be missed; with versions that concerns only `None`.
    async fn wait(
        &self,
        scope: &Scope,
        key: &str,
        version: Option<u64>,
        timeout: Duration,
    ) -> Result<bool, StorageError>;

    /// What a scope holds.
    async fn usage(&self, scope: &Scope) -> Result<Usage, StorageError>;

    /// What a scope may hold.
    fn quota(&self, scope: &Scope) -> Quota;

    /// Removes everything a scope holds. Versions are not used again if the scope comes to life later.
    ///
    /// The scope is empty for everybody at once; the space of a large one is taken back afterwards in portions, before
    /// this returns.
    async fn delete_scope(&self, scope: &Scope) -> Result<(), StorageError>;

    /// Ends what a `delete_scope` has begun that failed after its scope was empty: takes back the space of all deleted
    /// scopes, and in a file the bytes. Nothing to do for stores that leave none.
    async fn clear_deleted(&self) -> Result<(), StorageError>;

    /// The key of fingerprints, the same in every handle of this store on every host (see [`FingerprintKey::new`]):
    /// what a component stores under a fingerprint is found again.
    ///
    /// # Errors
    /// When the system gave no random bytes for one.
    fn fingerprint_key(&self) -> Result<FingerprintKey, StorageError>;

    /// The scopes of a tenant in the order of their elements: all that were written to and not deleted, also those that
    /// are empty by now.
    async fn scopes(&self, tenant: &str) -> Result<Vec<Scope>, StorageError>;

    /// Reads everything a scope holds as it is at this moment, whatever is written meanwhile.
    async fn snapshot(&self, scope: &Scope) -> Result<Box<dyn Snapshot>, StorageError>;

    /// Lets calls under way finish and releases files. Later calls answer [`StorageError::Unavailable`] (memory: they
    /// still work). A store that is dropped without it loses nothing.
    async fn close(&self);
}
