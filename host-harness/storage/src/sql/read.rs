//! Reads: each call is one statement where it can be, and so sees one state.

use std::collections::{BTreeMap, HashMap};

use super::super::batch::prefix_end;
use super::super::limits::{PAGE_BYTES, ResponseBudget};
use super::super::notify::Seen;
use super::super::{Kept, KeptValue, Scope, SealingKey, StorageError, Usage};
use super::connections::DbConnection;
use super::dialect::Dialect;
use super::driver::Sql;
use super::failure::SqlFailure;
use super::query::{Query, Row, signed};
use super::statements::{KEYS_AT_ONCE, Statements};

/// An entry as it lies in the table.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) key: String,
    pub(super) version: u64,
    pub(super) expires_at_ms: Option<u64>,
    /// Of the key and the plain value; what counts against limits.
    pub(super) bytes: usize,
    pub(super) sealed: bool,
    /// Plain or sealed.
    pub(super) value: String,
}

impl Stored {
    fn new<D: Dialect>(row: &Row<D>) -> Result<Self, SqlFailure> {
        Ok(Self {
            key: row.key(0)?,
            version: row.count(1)?,
            expires_at_ms: row.optional_count(2)?,
            bytes: usize::try_from(row.count(3)?).unwrap_or(usize::MAX),
            sealed: row.count(4)? != 0,
            value: row.text(5)?,
        })
    }
}

impl Stored {
    /// Opens the value where it is sealed.
    pub(super) fn open(self, scope: &Scope, sealing_key: Option<&SealingKey>) -> Kept {
        let Self { key, expires_at_ms, sealed, value, .. } = self;
        let value = match (sealed, sealing_key) {
            (false, _) => KeptValue::Plain(value),
            (true, Some(sealing_key)) => KeptValue::Sealed(sealing_key.open(scope, &key, &value)),
            (true, None) => KeptValue::Sealed(Err(StorageError::Other(
                "a sealed value cannot be read: this store was opened without a sealing key; configure the key it was \
                 written with"
                    .into(),
            ))),
        };
        Kept { key, value, expires_at_ms }
    }
}

/// Whose entries are read, and at which time (`None` = that of the database's clock).
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) statements: &'a Statements,
    pub(super) scope: &'a Scope,
    pub(super) time_ms: Option<u64>,
}

impl View<'_> {
    fn query<D: Dialect>(self, sql: &Sql) -> Query<D> {
        let Self { scope, time_ms, .. } = self;
        Query::new(sql).text(scope.tenant()).text(scope.element()).optional(time_ms.map(signed))
    }

    /// The same view at a time that stands still, for reads of several statements.
    pub(super) async fn fixed<D: Dialect>(self, link: &mut DbConnection<D>) -> Result<Self, SqlFailure> {
        if self.time_ms.is_some() {
            return Ok(self);
        }
        let time = Query::<D>::new(&self.statements.time).optional(None).row(link).await?.count(0)?;
        Ok(Self { time_ms: Some(time), ..self })
    }

    /// Reads keys that one statement takes, and adds what is found.
    async fn fill<D: Dialect>(
        self,
        found: &mut Found<'_>,
        link: &mut DbConnection<D>,
        chunk: &[String],
    ) -> Result<(), SqlFailure> {
        let (size, sql) = self.statements.entries.covering(chunk.len());
        let query = padded(chunk, size).fold(self.query::<D>(sql), |query, key| query.key(key));
        let mut rows = query.rows(link)?;
        while let Some(row) = rows.next().await? {
            found.add(Stored::new(&row)?);
        }
        Ok(())
    }

    /// Reads keys: an answer for a prefix of them, as large as an answer may be. More than [`KEYS_AT_ONCE`] are to be read
    /// within a transaction, at a fixed time.
    pub(super) async fn keys<D: Dialect>(
        self,
        link: &mut DbConnection<D>,
        keys: &[String],
    ) -> Result<Vec<Option<Stored>>, SqlFailure> {
        let mut found = Found::new(keys);
        for chunk in keys.chunks(KEYS_AT_ONCE) {
            if !found.is_full() {
                self.fill::<D>(&mut found, link, chunk).await?;
            }
        }
        Ok(found.into_answer(keys))
    }

    /// Reads a page, and whether more follows.
    pub(super) async fn page<D: Dialect>(
        self,
        link: &mut DbConnection<D>,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Stored>, bool), SqlFailure> {
        let range = Range::new(prefix, after_key);
        let sql = self.statements.page(range.excludes_start, range.end.is_some());
        let mut stored = Vec::new();
        let mut budget = ResponseBudget::new();
        let mut rows = range.of_page(self.query::<D>(sql), limit).rows(link)?;
        while let Some(row) = rows.next().await? {
            let row = Stored::new(&row)?;
            if stored.len() == limit || !budget.admit(row.bytes) {
                return Ok((stored, true));
            }
            stored.push(row);
        }
        Ok((stored, false))
    }

    /// Reads a page of keys, and whether more follow.
    pub(super) async fn key_page<D: Dialect>(
        self,
        link: &mut DbConnection<D>,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<String>, bool), SqlFailure> {
        let range = Range::new(prefix, after_key);
        let sql = self.statements.key_page(range.excludes_start, range.end.is_some());
        let mut keys = Vec::new();
        let mut budget = ResponseBudget::new();
        let mut rows = range.of_page(self.query::<D>(sql), limit).rows(link)?;
        while let Some(row) = rows.next().await? {
            let key = row.key(0)?;
            if keys.len() == limit || !budget.admit(key.len()) {
                return Ok((keys, true));
            }
            keys.push(key);
        }
        Ok((keys, false))
    }

    /// Reads what `wait` needs to know. When the key expires is judged by the clock that shows `clock_ms` now.
    pub(super) async fn version<D: Dialect>(
        self,
        link: &mut DbConnection<D>,
        key: &str,
        clock_ms: u64,
    ) -> Result<Option<Seen>, SqlFailure> {
        let query = self.query::<D>(&self.statements.version).key(key);
        let Some(row) = query.optional_row(link).await? else { return Ok(None) };
        let time = row.count(2)?;
        let here = |at: u64| clock_ms.saturating_add(at.saturating_sub(time));
        Ok(Some(Seen { version: row.count(0)?, expires_at_ms: row.optional_count(1)?.map(here) }))
    }

    /// Counts what a scope holds, without what has expired.
    pub(super) async fn usage<D: Dialect>(self, link: &mut DbConnection<D>) -> Result<Usage, SqlFailure> {
        let Some(row) = self.query::<D>(&self.statements.usage).optional_row(link).await? else {
            return Ok(Usage::default());
        };
        let all = Usage { items: row.count(0)?, bytes: row.count(1)? };
        Ok(all.minus(Usage { items: row.count(2)?, bytes: row.count(3)? }))
    }
}

/// The keys among which a page is looked for.
struct Range<'a> {
    start: &'a str,
    excludes_start: bool,
    /// The first key behind them, if there can be one.
    end: Option<String>,
}

impl<'a> Range<'a> {
    fn new(prefix: &'a str, after_key: Option<&'a str>) -> Self {
        let (start, excludes_start) = match after_key {
            Some(after) if after >= prefix => (after, true),
            _ => (prefix, false),
        };
        Self { start, excludes_start, end: prefix_end(prefix) }
    }

    /// The query of a page with its parameters: one row more than the page holds, to know whether more follow.
    fn of_page<D: Dialect>(&self, query: Query<D>, limit: usize) -> Query<D> {
        let query = query.key(self.start).number(signed(limit as u64 + 1));
        match &self.end {
            Some(end) => query.key(end),
            None => query,
        }
    }
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
    rows: BTreeMap<usize, Stored>,
    bytes: usize,
    /// The position of the first row that was let go.
    cut: usize,
}

impl<'a> Found<'a> {
    fn new(keys: &'a [String]) -> Self {
        let positions = keys.iter().enumerate().rev().map(|(index, key)| (key.as_str(), index)).collect();
        Self { positions, rows: BTreeMap::new(), bytes: 0, cut: usize::MAX }
    }

    fn add(&mut self, row: Stored) {
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

    fn into_answer(self, keys: &[String]) -> Vec<Option<Stored>> {
        let mut budget = ResponseBudget::new();
        let asked = keys.iter().take(self.cut);
        asked
            .map(|key| self.positions.get(key.as_str()).and_then(|position| self.rows.get(position)))
            .take_while(|row| budget.admit(row.map_or(0, |row| row.bytes)))
            .map(Option::<&Stored>::cloned)
            .collect()
    }
}
