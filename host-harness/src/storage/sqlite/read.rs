//! Reads: each call is one statement where it can be, and so sees one state.

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt as _;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, SqliteConnection, SqlitePool};

use super::super::batch::prefix_end;
use super::super::limits::{PAGE_BYTES, Room};
use super::super::notify::Seen;
use super::super::{Scope, StorageError, Usage};
use super::failure::{failed, signed, unsigned};
use super::statements;

/// An entry as it lies in the table.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) key: String,
    pub(super) version: u64,
    pub(super) expires_at_ms: Option<u64>,
    /// Of the key and the plain value; what counts against limits.
    pub(super) bytes: usize,
    pub(super) sealed: bool,
    /// Plain or sealed.
    pub(super) value: String,
}

impl Row {
    fn new(row: &SqliteRow) -> Result<Self, StorageError> {
        let number = |column| row.try_get::<i64, _>(column).map_err(failed).and_then(unsigned);
        Ok(Self {
            key: row.try_get(0).map_err(failed)?,
            version: number(1)?,
            expires_at_ms: row.try_get::<Option<i64>, _>(2).map_err(failed)?.map(unsigned).transpose()?,
            bytes: usize::try_from(number(3)?).unwrap_or(usize::MAX),
            sealed: number(4)? != 0,
            value: row.try_get(5).map_err(failed)?,
        })
    }
}

/// Reads keys: an answer for a prefix of them, as large as an answer may be.
pub(super) async fn keys(
    pool: &SqlitePool,
    scope: &Scope,
    keys: &[String],
    now_ms: u64,
) -> Result<Vec<Option<Row>>, StorageError> {
    let mut found = Found::new(keys);
    if keys.len() <= statements::KEYS_AT_ONCE {
        let mut connection = pool.acquire().await.map_err(failed)?;
        fill(&mut found, &mut connection, scope, keys, now_ms).await?;
    } else {
        // Several statements see one state only within a transaction.
        let mut transaction = pool.begin().await.map_err(failed)?;
        for chunk in keys.chunks(statements::KEYS_AT_ONCE) {
            fill(&mut found, &mut transaction, scope, chunk, now_ms).await?;
        }
        transaction.rollback().await.map_err(failed)?;
    }
    Ok(found.into_answer(keys))
}

/// Reads a chunk of keys with one statement, unless they come too late to be part of the answer.
async fn fill(
    found: &mut Found<'_>,
    connection: &mut SqliteConnection,
    scope: &Scope,
    chunk: &[String],
    now_ms: u64,
) -> Result<(), StorageError> {
    if found.is_full() {
        return Ok(());
    }
    let (size, sql) = statements::ENTRIES.covering(chunk.len());
    let mut query = sqlx::query(sql).bind(scope.tenant()).bind(scope.element()).bind(signed(now_ms));
    for key in padded(chunk, size) {
        query = query.bind(key.as_str());
    }
    let mut rows = query.fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(failed)? {
        found.add(Row::new(&row)?);
    }
    Ok(())
}

/// The chunk, followed by its last element as often as it takes to reach the size.
pub(super) fn padded<T>(chunk: &[T], size: usize) -> impl Iterator<Item = &T> {
    chunk.iter().chain(std::iter::repeat(chunk.last()).flatten()).take(size)
}

/// The rows found so far. They arrive in any order; as soon as they exceed an answer, those asked for last are let go, so
/// that a call never holds more than one answer and one value, whatever it asks for.
struct Found<'a> {
    /// Where each key stands first among those asked for.
    positions: HashMap<&'a str, usize>,
    rows: BTreeMap<usize, Row>,
    bytes: usize,
    /// The position of the first row that was let go.
    cut: usize,
}

impl<'a> Found<'a> {
    fn new(keys: &'a [String]) -> Self {
        let positions = keys.iter().enumerate().rev().map(|(index, key)| (key.as_str(), index)).collect();
        Self { positions, rows: BTreeMap::new(), bytes: 0, cut: usize::MAX }
    }

    fn add(&mut self, row: Row) {
        let Some(position) = self.positions.get(row.key.as_str()).copied() else { return };
        if position > self.cut {
            return;
        }
        self.bytes = self.bytes.saturating_add(row.bytes);
        self.rows.insert(position, row);
        while self.bytes > PAGE_BYTES
            && self.rows.len() > 1
            && let Some((position, row)) = self.rows.pop_last()
        {
            self.bytes -= row.bytes;
            self.cut = position;
        }
    }

    /// Whether a row was let go: what is asked for later cannot be part of the answer either.
    fn is_full(&self) -> bool {
        self.cut != usize::MAX
    }

    fn into_answer(self, keys: &[String]) -> Vec<Option<Row>> {
        let mut room = Room::new();
        let asked = keys.iter().take(self.cut);
        asked
            .map(|key| self.positions.get(key.as_str()).and_then(|position| self.rows.get(position)))
            .take_while(|row| room.admit(row.map_or(0, |row| row.bytes)))
            .map(Option::<&Row>::cloned)
            .collect()
    }
}

/// Reads a page, and whether more follows.
pub(super) async fn page(
    pool: &SqlitePool,
    scope: &Scope,
    prefix: &str,
    after_key: Option<&str>,
    limit: usize,
    now_ms: u64,
) -> Result<(Vec<Row>, bool), StorageError> {
    let (start, excluding_start) = match after_key {
        Some(after) if after >= prefix => (after, true),
        _ => (prefix, false),
    };
    let end = prefix_end(prefix);
    let mut query = sqlx::query(statements::page(excluding_start, end.is_some()))
        .bind(scope.tenant())
        .bind(scope.element())
        .bind(signed(now_ms))
        .bind(start)
        .bind(signed(limit as u64 + 1));
    if let Some(end) = &end {
        query = query.bind(end.as_str());
    }
    let mut rows = Vec::new();
    let mut room = Room::new();
    let mut stream = query.fetch(pool);
    while let Some(row) = stream.try_next().await.map_err(failed)? {
        let row = Row::new(&row)?;
        if rows.len() == limit || !room.admit(row.bytes) {
            return Ok((rows, true));
        }
        rows.push(row);
    }
    Ok((rows, false))
}

/// Reads what `wait` needs to know.
pub(super) async fn version(
    pool: &SqlitePool,
    scope: &Scope,
    key: &str,
    now_ms: u64,
) -> Result<Option<Seen>, StorageError> {
    let query = sqlx::query_as::<_, (i64, Option<i64>)>(statements::VERSION)
        .bind(scope.tenant())
        .bind(scope.element())
        .bind(signed(now_ms))
        .bind(key);
    let Some((version, expires_at_ms)) = query.fetch_optional(pool).await.map_err(failed)? else { return Ok(None) };
    Ok(Some(Seen { version: unsigned(version)?, expires_at_ms: expires_at_ms.map(unsigned).transpose()? }))
}

/// Counts what a scope holds, without what has expired.
pub(super) async fn usage(pool: &SqlitePool, scope: &Scope, now_ms: u64) -> Result<Usage, StorageError> {
    let query = sqlx::query_as::<_, (i64, i64, i64, i64)>(statements::USAGE)
        .bind(scope.tenant())
        .bind(scope.element())
        .bind(signed(now_ms));
    let row = query.fetch_optional(pool).await.map_err(failed)?;
    let (items, bytes, expired_items, expired_bytes) = row.unwrap_or_default();
    let all = Usage { items: unsigned(items)?, bytes: unsigned(bytes)? };
    Ok(all.minus(Usage { items: unsigned(expired_items)?, bytes: unsigned(expired_bytes)? }))
}
