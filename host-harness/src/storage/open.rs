//! From an address to a store.

use std::sync::Arc;
use std::time::Duration;

use super::{Clock, MemoryStorage, OpenError, Quotas, SealingKey, SqliteStorage, Storage, SystemClock};

/// How a store behaves, whatever its backend.
#[derive(Clone)]
pub struct Options {
    /// What scopes may hold.
    pub quotas: Quotas,
    /// The clock of a store that has none of its own.
    pub clock: Arc<dyn Clock>,
    /// The key for sealed values. Without it a file backend refuses to write or read them; nothing is ever written plain
    /// that was to be sealed.
    pub sealing_key: Option<SealingKey>,
    /// How long an `apply` waits for writers of other processes before it answers unavailable.
    pub busy_timeout: Duration,
    /// How often `wait` looks for changes made by other processes.
    pub poll_interval: Duration,
}

impl Default for Options {
    /// Default quotas, the system clock, no sealing key, 5 s for other writers, a look every 200 ms.
    fn default() -> Self {
        Self {
            quotas: Quotas::default(),
            clock: Arc::new(SystemClock),
            sealing_key: None,
            busy_timeout: Duration::from_secs(5),
            poll_interval: Duration::from_millis(200),
        }
    }
}

/// Opens the store with this address: `memory:` or `sqlite:PATH` (the file and its folder are created when absent; the
/// path is taken as it stands, without escapes or parameters; `sqlite://PATH` means the same).
pub async fn open(address: &str, options: Options) -> Result<Arc<dyn Storage>, OpenError> {
    let (scheme, rest) = address.split_once(':').unwrap_or((address, ""));
    match scheme {
        "memory" if rest.is_empty() => Ok(Arc::new(MemoryStorage::new(options))),
        "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
            "" | ":memory:" => Err(OpenError::Path { found: rest.to_owned() }),
            path => Ok(Arc::new(SqliteStorage::open(path.as_ref(), options).await?)),
        },
        "postgres" | "postgresql" => Err(OpenError::NotBuiltIn("postgres")),
        _ => Err(OpenError::Address { scheme: scheme.to_owned() }),
    }
}
