//! The tables, and how they came to be: one step a schema version, applied in order, each exactly once.
//!
//! A step is never edited after its release; a change of the schema is a new step at the end.

use sqlx::{Row as _, SqliteConnection};

use super::dialect::{self, identity, ordered_text};

/// The table whose presence marks a database as this store's.
const MARK: &str = "storage_number";

/// Step `n` leads from schema version `n` to `n + 1`.
const STEPS: &[&[&str]] = &[&[
    // Single numbers by name: `schema`, the version of the schema; `version-floor`, the greatest version that a deleted
    // scope ever gave out, where a new scope begins to count.
    "CREATE TABLE storage_number (name TEXT PRIMARY KEY, number BIGINT NOT NULL)",
    "INSERT INTO storage_number (name, number) VALUES ('schema', 0), ('version-floor', 0)",
    // `items` and `bytes` count the rows of the scope, also those that have expired and are not yet reaped.
    concat!(
        "CREATE TABLE storage_scope (id ",
        identity!(),
        ", tenant ",
        ordered_text!(),
        " NOT NULL, element ",
        ordered_text!(),
        " NOT NULL, items BIGINT NOT NULL, bytes BIGINT NOT NULL, last_version BIGINT NOT NULL, UNIQUE (tenant, element))"
    ),
    // `value` stands last: what precedes it can be read without it. `bytes` = key and plain value.
    concat!(
        "CREATE TABLE storage_entry (scope BIGINT NOT NULL, key ",
        ordered_text!(),
        " NOT NULL, version BIGINT NOT NULL, expires_at_ms BIGINT, bytes BIGINT NOT NULL, sealed SMALLINT NOT NULL, \
         value TEXT NOT NULL, PRIMARY KEY (scope, key))"
    ),
    "CREATE INDEX storage_entry_expiry ON storage_entry (scope, expires_at_ms) WHERE expires_at_ms IS NOT NULL",
    // Scopes that are deleted, but whose rows are still being removed.
    "CREATE TABLE storage_deleted_scope (id BIGINT PRIMARY KEY)",
]];

/// The newest schema version this program knows.
pub(super) const KNOWN: u32 = STEPS.len() as u32;

/// What was found in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// No tables at all.
    Empty,
    /// Tables, but not this store's.
    Foreign,
    /// This store's, at this version.
    Version(u32),
}

/// Looks without changing anything.
pub(super) async fn inspect(connection: &mut SqliteConnection) -> Result<Found, sqlx::Error> {
    let mut any = false;
    for row in sqlx::query(dialect::TABLES).fetch_all(&mut *connection).await? {
        if row.try_get::<&str, _>(0)? == MARK {
            let version: i64 = sqlx::query_scalar("SELECT number FROM storage_number WHERE name = 'schema'")
                .fetch_one(connection)
                .await?;
            return Ok(Found::Version(u32::try_from(version).unwrap_or(u32::MAX)));
        }
        any = true;
    }
    Ok(if any { Found::Foreign } else { Found::Empty })
}

/// Applies the steps that are missing after version `from`. To be called within a transaction.
pub(super) async fn migrate(connection: &mut SqliteConnection, from: u32) -> Result<(), sqlx::Error> {
    for step in &STEPS[STEPS.len().min(from as usize)..] {
        for statement in *step {
            sqlx::query(*statement).execute(&mut *connection).await?;
        }
    }
    if from < KNOWN {
        sqlx::query("UPDATE storage_number SET number = $1 WHERE name = 'schema'")
            .bind(i64::from(KNOWN))
            .execute(connection)
            .await?;
    }
    Ok(())
}
