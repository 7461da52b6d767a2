//! From an address to a store.

use std::sync::Arc;
use std::time::Duration;

use super::{Clock, MemoryStorage, OpenError, Quotas, SealingKey, Storage, sql};

/// How a store behaves, whatever its backend.
#[derive(Clone)]
pub struct Options {
    /// What scopes may hold.
    pub quotas: Quotas,
    /// What time to live goes by. `None`: the store's own clock, that of the machine, or for PostgreSQL that of the database,
    /// which all hosts share.
    pub clock: Option<Arc<dyn Clock>>,
    /// The key for sealed values. Without it a database refuses to write or read them; nothing is ever written plain that
    /// was to be sealed. All hosts of a database need the same.
    pub sealing_key: Option<SealingKey>,
    /// How long an `apply` waits for writers of other processes before it answers unavailable.
    pub busy_timeout: Duration,
    /// How often `wait` looks for changes made by other processes.
    pub poll_interval: Duration,
}

impl Default for Options {
    /// Default quotas, the store's own clock, no sealing key, 5 s for other writers, a look every 200 ms.
    fn default() -> Self {
        Self {
            quotas: Quotas::default(),
            clock: None,
            sealing_key: None,
            busy_timeout: Duration::from_secs(5),
            poll_interval: Duration::from_millis(200),
        }
    }
}

/// Opens the store with this address:
///
/// * `memory:`
/// * `sqlite:PATH`: the file and its folder are created when absent; the path is taken as it stands, without escapes or
///   parameters; `sqlite://PATH` means the same.
/// * `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full` (or `postgresql://`): the database must exist. What
///   is left out is taken as PostgreSQL's own programs do, from `PGUSER`, `PGPASSWORD` and so on and `~/.pgpass`. Without
///   `sslmode` TLS is used where the server offers it and its certificate is not checked; `verify-full` checks it, against
///   the authorities that the machine trusts and those of `sslrootcert=FILE`.
///
/// # Errors
/// What is wrong, with the next step, and without the password.
pub async fn open(address: &str, options: Options) -> Result<Arc<dyn Storage>, OpenError> {
    let (scheme, rest) = address.split_once(':').unwrap_or((address, ""));
    match scheme {
        "memory" if rest.is_empty() => Ok(Arc::new(MemoryStorage::new(options))),
        "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
            "" | ":memory:" => Err(OpenError::Path { found: rest.to_owned() }),
            path => sql::open_sqlite(path, options).await,
        },
        "postgres" | "postgresql" => sql::open_postgres(address, options).await,
        _ => Err(OpenError::Address { scheme: scheme.to_owned() }),
    }
}
