//! The tables, and how they came to be: one step a schema version, applied in order, each exactly once.
//!
//! A step is never edited after its release; a change of the schema is a new step at the end. Every statement of a step does
//! nothing where it was done already, because not every database undoes the making of a table: a step that broke off in the
//! middle is taken again from its start.

use super::connections::DbConnection;
use super::dialect::Dialect;
use super::driver::Sql;
use super::failure::SqlFailure;
use super::query::Query;

/// The table whose presence marks a database as this store's.
const MARK: &str = "storage_number";

/// The newest schema version this program knows.
pub(super) const KNOWN: u32 = 1;

/// What has to be there before versions can be spoken of. Single numbers by name: `schema`, the version of the schema;
/// `version-floor`, the greatest version that a deleted scope ever gave out, where a new scope begins to count.
const GROUND: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS storage_number (name TEXT PRIMARY KEY, number BIGINT NOT NULL)",
    "INSERT INTO storage_number (name, number) VALUES ('schema', 0), ('version-floor', 0) \
     ON CONFLICT (name) DO NOTHING",
];

/// Step `n` leads from schema version `n` to `n + 1`.
fn steps<D: Dialect>() -> [Vec<String>; KNOWN as usize] {
    let (identity, key) = (D::IDENTITY, D::KEY);
    [vec![
        // `items` and `bytes` count the rows of the scope, also those that have expired and are not yet reaped.
        format!(
            "CREATE TABLE IF NOT EXISTS storage_scope (id {identity}, tenant TEXT NOT NULL, element TEXT NOT NULL, \
             items BIGINT NOT NULL, bytes BIGINT NOT NULL, last_version BIGINT NOT NULL, UNIQUE (tenant, element))"
        ),
        // `value` stands last: what precedes it can be read without it. `bytes` = key and plain value.
        format!(
            "CREATE TABLE IF NOT EXISTS storage_entry (scope BIGINT NOT NULL, key {key} NOT NULL, \
             version BIGINT NOT NULL, expires_at_ms BIGINT, bytes BIGINT NOT NULL, sealed SMALLINT NOT NULL, \
             value TEXT NOT NULL, PRIMARY KEY (scope, key))"
        ),
        "CREATE INDEX IF NOT EXISTS storage_entry_expiry ON storage_entry (scope, expires_at_ms) \
         WHERE expires_at_ms IS NOT NULL"
            .into(),
        // Scopes that are deleted, but whose rows are still being removed.
        "CREATE TABLE IF NOT EXISTS storage_deleted_scope (id BIGINT PRIMARY KEY)".into(),
    ]]
}

/// What was found in a database.
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
pub(super) async fn inspect<D: Dialect>(link: &mut DbConnection<D>) -> Result<Found, SqlFailure> {
    let mut any = false;
    for row in query::<D>(D::TABLES).all(link).await? {
        if row.text(0)? == MARK {
            return Ok(Found::Version(version::<D>(link, "").await?));
        }
        any = true;
    }
    Ok(if any { Found::Foreign } else { Found::Empty })
}

/// Brings a database that is empty or ours up to date, and answers the version it had before. To be called within a
/// transaction; of several callers one does the work, and the others wait for it.
pub(super) async fn migrate<D: Dialect>(link: &mut DbConnection<D>) -> Result<u32, SqlFailure> {
    for statement in GROUND {
        query::<D>(statement).execute(link).await?;
    }
    let from = version::<D>(link, D::LOCK_ROW).await?;
    for statement in steps::<D>().iter().skip(from as usize).flatten() {
        query::<D>(statement).execute(link).await?;
    }
    if from < KNOWN {
        query::<D>("UPDATE storage_number SET number = $1 WHERE name = 'schema'")
            .number(i64::from(KNOWN))
            .execute(link)
            .await?;
    }
    Ok(from)
}

/// The version of the schema; 0 while somebody is at the very beginning.
async fn version<D: Dialect>(link: &mut DbConnection<D>, lock: &str) -> Result<u32, SqlFailure> {
    let row = query::<D>(&format!("SELECT number FROM storage_number WHERE name = 'schema'{lock}"));
    match row.optional_row(link).await? {
        Some(row) => Ok(u32::try_from(row.count(0)?).unwrap_or(u32::MAX)),
        None => Ok(0),
    }
}

fn query<D: Dialect>(sql: &str) -> Query<D> {
    Query::new(&Sql::from(sql))
}
