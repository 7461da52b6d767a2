//! From an address to a store.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use derive_setters::Setters;

use super::{Clock, MemoryStorage, OpenError, Quotas, SealingKey, Storage};
use organisation_address::decoded;

/// How a store behaves, whatever its backend.
#[derive(Clone, Setters)]
#[non_exhaustive]
pub struct Options {
    /// What scopes may hold.
    pub quotas: Quotas,
    /// What time to live goes by. `None`: the store's own clock, that of the machine, or for PostgreSQL that of the
    /// database, which all hosts share.
    pub clock: Option<Arc<dyn Clock>>,
    /// The key for sealed values. Without it a database refuses to write or read them; nothing is ever written plain
    /// that was to be sealed. All hosts of a database need the same.
    pub sealing_key: Option<SealingKey>,
    /// How long an `apply` waits for writers of other processes before it answers unavailable.
    pub busy_timeout: Duration,
    /// How often `wait` looks for changes made by other processes.
    pub poll_interval: Duration,
    /// How long PostgreSQL, or the way to it, may take for one step: to connect, or for a statement. Then the
    /// connection is given up, since what is silent may be so for ever. The server itself gives statements up a little
    /// earlier.
    pub step_timeout: Duration,
}

impl Default for Options {
    /// Default quotas, the store's own clock, no sealing key, 5 s for other writers, a look every 200 ms, 6 s for a
    /// step.
    fn default() -> Self {
        Self {
            quotas: Quotas::default(),
            clock: None,
            sealing_key: None,
            busy_timeout: Duration::from_secs(5),
            poll_interval: Duration::from_millis(200),
            step_timeout: Duration::from_secs(6),
        }
    }
}

/// Opens the store with this address:
///
/// * `memory:`
/// * `sqlite:PATH`: the file and its folder are created when absent; the path is taken as it stands, without escapes or
///   parameters; `sqlite://PATH` means the same.
/// * `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full` (or `postgresql://`): the database must exist.
///   What is left out is taken as PostgreSQL's own programs do, from `PGUSER`, `PGPASSWORD` and so on and `~/.pgpass`.
///   Without `sslmode` TLS is used where the server offers it and its certificate is not checked; `verify-full` checks
///   it, against the authorities that the machine trusts and those of `sslrootcert=FILE`. Of this store's own are
///   `readers=N` and `writers=N`, how many connections it opens at most for each (8), and `pooler=transaction` for a
///   pooler between store and server, such as PgBouncer, that hands each transaction to another session: then nothing
///   is prepared, every statement has a transaction, and settings are sent with each.
///
/// # Errors
/// What is wrong, with the next step, and without the password.
pub async fn open(address: &str, options: Options) -> Result<Arc<dyn Storage>, OpenError> {
    let (scheme, rest) = address.split_once(':').unwrap_or((address, ""));
    match scheme {
        "memory" if rest.is_empty() => Ok(Arc::new(MemoryStorage::new(options))),
        "sqlite" => match rest.strip_prefix("//").unwrap_or(rest) {
            "" | ":memory:" => Err(OpenError::Path { found: rest.to_owned() }),
            #[cfg(feature = "sqlite")]
            path => super::sql::open_sqlite(path, options).await,
            #[cfg(not(feature = "sqlite"))]
            _ => Err(OpenError::NotBuiltIn { scheme: "sqlite", feature: "sqlite" }),
        },
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => super::sql::open_postgres(address, options).await,
        #[cfg(not(feature = "postgres"))]
        "postgres" | "postgresql" => Err(OpenError::NotBuiltIn { scheme: "postgres", feature: "postgres" }),
        _ => Err(unknown(address)),
    }
}

/// What is wrong with an address of no known form, and what is probably meant. What follows a colon may hold a
/// password, and so may all of an address with a user name.
fn unknown(address: &str) -> OpenError {
    let error = |found: String, instead: String| OpenError::Address { found, instead };
    if let Some(plain) = decoded(address) {
        let shown = if plain.contains('@') { "plainly".to_owned() } else { plain };
        return error("is percent-encoded".to_owned(), format!("write {shown}"));
    }
    let Some((scheme, rest)) = address.split_once(':') else {
        let none = "has no scheme".to_owned();
        return match address {
            "" => error("is empty".to_owned(), KNOWN.to_owned()),
            "memory" => error(none, "write memory:".to_owned()),
            _ if address.contains('@') => error(none, "write postgres:// before it".to_owned()),
            _ if is_path(address) => error(none, format!("write sqlite:{address}")),
            _ => error(none, format!("write sqlite:{address} for a file, or postgres://USER@{address} for a server")),
        };
    };
    let found = format!("starts with {scheme:?}");
    let is_drive = scheme.len() == 1 && rest.starts_with(['\\', '/']);
    let instead = match scheme {
        _ if is_drive => format!("write sqlite:{scheme}:{rest}"),
        "memory" => "write memory: alone".to_owned(),
        "file" | "sqlite3" => "write sqlite:PATH".to_owned(),
        "jdbc" => "leave out jdbc:".to_owned(),
        _ if scheme.starts_with("postgres") => "write postgres:// before USER@HOST/DATABASE".to_owned(),
        _ if rest.contains('@') && !rest.starts_with("//") => "write postgres:// before it".to_owned(),
        _ if rest.starts_with(|c: char| c.is_ascii_digit()) => "write postgres://USER@ before it".to_owned(),
        _ => KNOWN.to_owned(),
    };
    error(found, instead)
}

const KNOWN: &str = "expected memory:, sqlite:PATH or postgres://USER@HOST/DATABASE";

/// Whether this is the path of a file rather than the name of a server.
fn is_path(text: &str) -> bool {
    let extension = Path::new(text).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    text.starts_with(['/', '.', '~']) || text.contains('\\') || ["db", "sqlite", "sqlite3"].contains(&extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_no_known_form_is_shown_as_it_is_probably_meant() {
        for (address, words) in [
            ("", "is empty: expected memory:"),
            ("memory", "has no scheme: write memory:"),
            ("/var/lib/org.db", "has no scheme: write sqlite:/var/lib/org.db"),
            ("org.sqlite", "write sqlite:org.sqlite"),
            (
                "db.example.com/org",
                "write sqlite:db.example.com/org for a file, or postgres://USER@db.example.com/org for",
            ),
            ("db.example.com:5432/org", "write postgres://USER@ before it"),
            ("me@db.example.com/org", "has no scheme: write postgres:// before it"),
            ("me:hidden@db.example.com/org", "write postgres:// before it"),
            (r"C:\data\org.db", r"write sqlite:C:\data\org.db"),
            ("file:/var/lib/org.db", "write sqlite:PATH"),
            ("jdbc:postgresql://db/org?password=hidden", "leave out jdbc:"),
            ("postgresql+psycopg://me:hidden@db/org", "write postgres:// before USER@HOST/DATABASE"),
            ("mongodb://me:hidden@db/org", "starts with \"mongodb\": expected memory:"),
            ("sqlite%3A%2Fvar%2Forg.db", "is percent-encoded: write sqlite:/var/org.db"),
            ("postgres%3A%2F%2Fme%3Ahidden%40db%2Forg", "is percent-encoded: write plainly"),
        ] {
            let message = unknown(address).to_string();
            assert!(message.contains(words) && !message.contains("hidden"), "{address}: {message}");
        }
    }
}
