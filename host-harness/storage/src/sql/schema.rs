//! The tables, and how they came to be: one step a schema version, applied in order, each exactly once.
//!
//! A step is never edited after its release; a change of the schema is a new step at the end. Every statement of a step
//! does nothing where it was done already, because not every database undoes the making of a table: a step that broke
//! off in the middle is taken again from its start.

use super::super::OpenError;

/// The table whose presence marks a database as this store's.
pub(super) const MARK: &str = "storage_number";

/// The newest schema version this program knows.
pub(super) const KNOWN: u32 = 1;

/// What has to be there before versions can be spoken of. Single numbers by name: `schema`, the version of the schema;
/// `version-floor`, the greatest version that a deleted scope ever gave out, where a new scope begins to count.
pub(super) const BASE: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS storage_number (name TEXT PRIMARY KEY, number BIGINT NOT NULL)",
    "INSERT INTO storage_number (name, number) VALUES ('schema', 0), ('version-floor', 0) \
     ON CONFLICT (name) DO NOTHING",
];

/// Reads the version of the schema.
pub(super) const VERSION: &str = "SELECT number FROM storage_number WHERE name = 'schema'";

/// Writes it.
pub(super) const SET_VERSION: &str = "UPDATE storage_number SET number = $1 WHERE name = 'schema'";

/// Step `n` leads from schema version `n` to `n + 1`. `identity`: the type of a number that the database hands out to
/// each new row and never hands out again; `key`: that of a text which compares by its UTF-8 bytes.
pub(super) fn steps(identity: &str, key: &str) -> [Vec<String>; KNOWN as usize] {
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
pub(super) enum FoundSchema {
    /// No tables at all.
    Empty,
    /// Tables, but not this store's.
    Foreign,
    /// This store's, at this version.
    Version(u32),
}

impl FoundSchema {
    /// Answers the schema version to go on from, if the database at this place is one to go on with.
    pub(super) fn judge(self, place: &str) -> Result<u32, OpenError> {
        let place = place.to_owned();
        match self {
            Self::Empty => Ok(0),
            Self::Version(version) if version <= KNOWN => Ok(version),
            Self::Version(found) => Err(OpenError::NewerSchema { place, found, known: KNOWN }),
            Self::Foreign => Err(OpenError::Foreign { place }),
        }
    }

    /// Whether the database is older than this program, or empty.
    pub(super) fn is_behind(self) -> bool {
        self.judge("").is_ok_and(|version| version < KNOWN)
    }
}
