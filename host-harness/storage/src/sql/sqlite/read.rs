//! Reads: each call is a transaction that reads one state.
//!
//! Keys are read one by one with one prepared statement. That is as fast as a statement that names many, and they come
//! in the order in which they were asked for.

use rusqlite::{Connection, Row, Statement, params};

use super::super::super::batch::prefix_end;
use super::super::super::limits::ResponseBudget;
use super::super::super::notify::Seen;
use super::super::super::{Scope, Usage};
use super::super::failure::SqlFailure;
use super::super::stored::Stored;
use super::super::{signed, unsigned};

/// Finds the scope of tenant `?1` and element `?2`.
const SCOPE: &str = "SELECT id FROM storage_scope WHERE tenant = ?1 AND element = ?2";

/// Reads entry `?2` of scope `?1` at time `?3`.
const ENTRY: &str = "SELECT key, version, expires_at_ms, bytes, sealed, value FROM storage_entry \
                     WHERE scope = ?1 AND key = ?2 AND (expires_at_ms IS NULL OR expires_at_ms > ?3)";

/// Reads the entries of scope `?1` at time `?2` from key `?3` on and before `?4`, in key order.
const ENTRIES: &str = "SELECT key, version, expires_at_ms, bytes, sealed, value FROM storage_entry \
                       WHERE scope = ?1 AND key >= ?3 AND key < ?4 AND (expires_at_ms IS NULL OR expires_at_ms > ?2) \
                       ORDER BY key";

/// Reads keys alone; parameters as of [`ENTRIES`].
const KEYS: &str = "SELECT key FROM storage_entry \
                    WHERE scope = ?1 AND key >= ?3 AND key < ?4 AND (expires_at_ms IS NULL OR expires_at_ms > ?2) \
                    ORDER BY key";

/// Reads version and expiry of entry `?2` of scope `?1` at time `?3`.
const VERSION: &str = "SELECT version, expires_at_ms FROM storage_entry \
                       WHERE scope = ?1 AND key = ?2 AND (expires_at_ms IS NULL OR expires_at_ms > ?3)";

/// Counts the rows of scope `?1`, and those of them that have expired by `?2`.
const USAGE: &str = "SELECT s.items, s.bytes, COUNT(e.key), COALESCE(SUM(e.bytes), 0) FROM storage_scope s \
                     LEFT JOIN storage_entry e ON e.scope = s.id AND e.expires_at_ms <= ?2 WHERE s.id = ?1 GROUP BY s.id";

/// Finds the elements of tenant `?1`.
const ELEMENTS: &str = "SELECT element FROM storage_scope WHERE tenant = ?1";

/// One state of a scope, until the transaction ends.
pub(super) struct View<'c> {
    connection: &'c Connection,
    /// Absent where the scope holds nothing.
    scope: Option<i64>,
    time_ms: u64,
}

impl<'c> View<'c> {
    /// Begins a transaction that reads.
    pub(super) fn begin(connection: &'c Connection, scope: &Scope, time_ms: u64) -> Result<Self, SqlFailure> {
        connection.prepare_cached("BEGIN")?.execute(())?;
        // This first look at a table is where the state is taken.
        let mut statement = connection.prepare_cached(SCOPE)?;
        let mut rows = statement.query((scope.tenant(), scope.element()))?;
        let scope = rows.next()?.map(|row| row.get(0)).transpose()?;
        Ok(Self::resumed(connection, scope, time_ms))
    }

    /// Goes on in a transaction that was begun before.
    pub(super) fn resumed(connection: &'c Connection, scope: Option<i64>, time_ms: u64) -> Self {
        Self { connection, scope, time_ms }
    }

    pub(super) fn scope(&self) -> Option<i64> {
        self.scope
    }

    /// Reads keys: an answer for a prefix of them, as large as an answer may be.
    pub(super) fn keys(&self, keys: &[String]) -> Result<Vec<Option<Stored>>, SqlFailure> {
        let Some(scope) = self.scope else { return Ok(vec![None; keys.len()]) };
        let (mut found, mut budget) = (Vec::with_capacity(keys.len()), ResponseBudget::new());
        let mut statement = self.connection.prepare_cached(ENTRY)?;
        for key in keys {
            let mut rows = statement.query(params![scope, key, signed(self.time_ms)])?;
            let row = rows.next()?;
            if !budget.admit(row.map(bytes).transpose()?.unwrap_or_default()) {
                break;
            }
            found.push(row.map(stored).transpose()?);
        }
        Ok(found)
    }

    /// Reads a page, and whether more follows.
    pub(super) fn page(
        &self,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Stored>, bool), SqlFailure> {
        self.range(ENTRIES, prefix, after_key, limit, bytes, stored)
    }

    /// Reads a page of keys, and whether more follow.
    pub(super) fn key_page(
        &self,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<String>, bool), SqlFailure> {
        let bytes = |row: &Row<'_>| Ok(text(row, 0)?.len());
        self.range(KEYS, prefix, after_key, limit, bytes, |row| Ok(text(row, 0)?.to_owned()))
    }

    /// Reads rows whose keys start with a prefix; `bytes` says what one of them adds to an answer.
    fn range<T>(
        &self,
        sql: &str,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
        bytes: impl Fn(&Row<'_>) -> Result<usize, SqlFailure>,
        read: impl Fn(&Row<'_>) -> Result<T, SqlFailure>,
    ) -> Result<(Vec<T>, bool), SqlFailure> {
        let (mut page, mut budget) = (Vec::new(), ResponseBudget::new());
        let Some(scope) = self.scope else { return Ok((page, false)) };
        let mut statement = self.connection.prepare_cached(sql)?;
        statement.raw_bind_parameter(1, scope)?;
        statement.raw_bind_parameter(2, signed(self.time_ms))?;
        match after_key {
            // No key holds U+0000, so this is the least that follows.
            Some(after) if after >= prefix => statement.raw_bind_parameter(3, format!("{after}\0"))?,
            _ => statement.raw_bind_parameter(3, prefix)?,
        }
        bind_end(&mut statement, 4, prefix_end(prefix).as_deref())?;
        let mut rows = statement.raw_query();
        // Rows are made one by one, as they are asked for.
        while let Some(row) = rows.next()? {
            if page.len() == limit || !budget.admit(bytes(row)?) {
                return Ok((page, true));
            }
            page.push(read(row)?);
        }
        Ok((page, false))
    }

    /// Reads what `wait` needs to know.
    pub(super) fn version(&self, key: &str) -> Result<Option<Seen>, SqlFailure> {
        let Some(scope) = self.scope else { return Ok(None) };
        let mut statement = self.connection.prepare_cached(VERSION)?;
        let mut rows = statement.query(params![scope, key, signed(self.time_ms)])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        Ok(Some(Seen { version: count(row, 0)?, expires_at_ms: optional_count(row, 1)? }))
    }

    /// Counts what a scope holds, without what has expired.
    pub(super) fn usage(&self) -> Result<Usage, SqlFailure> {
        let Some(scope) = self.scope else { return Ok(Usage::default()) };
        let mut statement = self.connection.prepare_cached(USAGE)?;
        let mut rows = statement.query(params![scope, signed(self.time_ms)])?;
        let Some(row) = rows.next()? else { return Ok(Usage::default()) };
        let all = Usage { items: count(row, 0)?, bytes: count(row, 1)? };
        Ok(all.minus(Usage { items: count(row, 2)?, bytes: count(row, 3)? }))
    }
}

/// The elements of a tenant, in no order.
pub(super) fn elements(connection: &Connection, tenant: &str) -> Result<Vec<String>, SqlFailure> {
    let mut statement = connection.prepare_cached(ELEMENTS)?;
    let elements = statement.query_map([tenant], |row| row.get(0))?;
    Ok(elements.collect::<Result<_, _>>()?)
}

/// Binds the key before which a range ends. What follows every text is a blob, so a range without an end ends there.
pub(super) fn bind_end(statement: &mut Statement<'_>, parameter: usize, end: Option<&str>) -> rusqlite::Result<()> {
    match end {
        Some(end) => statement.raw_bind_parameter(parameter, end),
        None => statement.raw_bind_parameter(parameter, [0_u8; 0].as_slice()),
    }
}

/// The entry in the row of [`ENTRY`] or [`ENTRIES`].
fn stored(row: &Row<'_>) -> Result<Stored, SqlFailure> {
    Ok(Stored {
        key: text(row, 0)?.to_owned(),
        version: count(row, 1)?,
        expires_at_ms: optional_count(row, 2)?,
        bytes: bytes(row)?,
        sealed: count(row, 4)? != 0,
        value: text(row, 5)?.to_owned(),
    })
}

/// What the entry in the row of [`ENTRY`] or [`ENTRIES`] adds to an answer.
fn bytes(row: &Row<'_>) -> Result<usize, SqlFailure> {
    Ok(usize::try_from(count(row, 3)?).unwrap_or(usize::MAX))
}

pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Result<&'r str, SqlFailure> {
    let value = row.get_ref(column)?;
    value.as_str().map_err(|error| SqlFailure::from(rusqlite::Error::from(error)))
}

/// A number that ought not to be negative.
pub(super) fn count(row: &Row<'_>, column: usize) -> Result<u64, SqlFailure> {
    unsigned(row.get(column)?)
}

/// The same, where there may be none.
pub(super) fn optional_count(row: &Row<'_>, column: usize) -> Result<Option<u64>, SqlFailure> {
    row.get::<_, Option<i64>>(column)?.map(unsigned).transpose()
}
