//! The backends in a database that speaks SQL: `sqlite`, a file whose driver blocks and has threads of its own, and
//! `postgres`, a server at the other end of a network. The tables are the same in both, and so is what is here.
//!
//! `schema` are the tables, `stored` is an entry in them, `writing` decides what an `apply` comes to, `queue` lets the
//! writers of a scope follow each other, `retry` repeats what lost a race or its connection, `failure` sorts errors.

use std::sync::Arc;
use std::time::Duration;

use super::{OpenError, Options, Storage};

mod failure;
#[cfg(feature = "postgres")]
mod postgres;
mod queue;
mod retry;
mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;
mod stored;
mod writing;

use failure::SqlFailure;

/// How long a call waits for other writers before it answers that the store is unavailable.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(30);

/// Opens the store in this SQLite file; see [`super::open()`].
#[cfg(feature = "sqlite")]
pub(super) async fn open_sqlite(path: &str, options: Options) -> Result<Arc<dyn Storage>, OpenError> {
    Ok(Arc::new(sqlite::SqliteStorage::open(path.as_ref(), options).await?))
}

/// Opens the store in the PostgreSQL database with this address; see [`super::open()`].
#[cfg(feature = "postgres")]
pub(super) async fn open_postgres(address: &str, options: Options) -> Result<Arc<dyn Storage>, OpenError> {
    Ok(Arc::new(postgres::PostgresStorage::open(address, options).await?))
}

fn unsigned(number: i64) -> Result<u64, SqlFailure> {
    u64::try_from(number).map_err(|_| SqlFailure::damaged(number))
}

/// A number as the database keeps it. What it cannot keep is greater than all it has, so comparisons stay right.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
