//! Reads: each call is one statement where it can be, and so sees one state.

use super::super::super::batch::prefix_end;
use super::super::super::limits::ResponseBudget;
use super::super::super::notify::Seen;
use super::super::super::{Scope, Usage};
use super::super::failure::SqlFailure;
use super::super::signed;
use super::super::stored::Stored;
use super::connections::DbConnection;
use super::query::{Query, Row};
use super::statements::Sql;
use super::statements::Statements;

/// Whose entries are read, and at which time (`None` = that of the database's clock).
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) statements: &'a Statements,
    pub(super) scope: &'a Scope,
    pub(super) time_ms: Option<u64>,
}

impl View<'_> {
    fn query(self, sql: &Sql) -> Query<'_> {
        let Self { scope, time_ms, .. } = self;
        Query::new(sql).bind(scope.tenant()).bind(scope.element()).bind(time_ms.map(signed))
    }

    /// The same view at a time that stands still, for reads of several statements.
    pub(super) async fn fixed(self, link: &mut DbConnection) -> Result<Self, SqlFailure> {
        if self.time_ms.is_some() {
            return Ok(self);
        }
        let time = Query::new(&self.statements.time).bind(None::<i64>).row(link).await?.count(0)?;
        Ok(Self { time_ms: Some(time), ..self })
    }

    /// Reads keys: an answer for a prefix of them, as large as an answer may be.
    pub(super) async fn keys(
        self,
        link: &mut DbConnection,
        keys: &[String],
    ) -> Result<Vec<Option<Stored>>, SqlFailure> {
        let (mut found, mut budget) = (Vec::with_capacity(keys.len()), ResponseBudget::new());
        let query = self.query(&self.statements.entries).keys(keys.iter().map(String::as_str));
        let mut rows = query.rows(link)?;
        while let Some(row) = rows.next().await? {
            let place = usize::try_from(row.count(0)?).unwrap_or(usize::MAX);
            let row = stored(&row, 1)?;
            // What lies between was not found.
            found.resize(place.saturating_sub(1).min(keys.len()), None);
            if !budget.admit(row.bytes) {
                return Ok(found);
            }
            found.push(Some(row));
        }
        found.resize(keys.len(), None);
        Ok(found)
    }

    /// Reads a page, and whether more follows.
    pub(super) async fn page(
        self,
        link: &mut DbConnection,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<Stored>, bool), SqlFailure> {
        let range = Range::new(prefix, after_key);
        let sql = self.statements.page(range.excludes_start, range.end.is_some());
        let mut page = Vec::new();
        let mut budget = ResponseBudget::new();
        let mut rows = range.of_page(self.query(sql), limit).rows(link)?;
        while let Some(row) = rows.next().await? {
            let row = stored(&row, 0)?;
            if page.len() == limit || !budget.admit(row.bytes) {
                return Ok((page, true));
            }
            page.push(row);
        }
        Ok((page, false))
    }

    /// Reads a page of keys, and whether more follow.
    pub(super) async fn key_page(
        self,
        link: &mut DbConnection,
        prefix: &str,
        after_key: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<String>, bool), SqlFailure> {
        let range = Range::new(prefix, after_key);
        let sql = self.statements.key_page(range.excludes_start, range.end.is_some());
        let mut keys = Vec::new();
        let mut budget = ResponseBudget::new();
        let mut rows = range.of_page(self.query(sql), limit).rows(link)?;
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
    pub(super) async fn version(
        self,
        link: &mut DbConnection,
        key: &str,
        clock_ms: u64,
    ) -> Result<Option<Seen>, SqlFailure> {
        let query = self.query(&self.statements.version).key(key);
        let Some(row) = query.optional_row(link).await? else { return Ok(None) };
        let time = row.count(2)?;
        let here = |at: u64| clock_ms.saturating_add(at.saturating_sub(time));
        Ok(Some(Seen { version: row.count(0)?, expires_at_ms: row.optional_count(1)?.map(here) }))
    }

    /// Counts what a scope holds, without what has expired.
    pub(super) async fn usage(self, link: &mut DbConnection) -> Result<Usage, SqlFailure> {
        let Some(row) = self.query(&self.statements.usage).optional_row(link).await? else {
            return Ok(Usage::default());
        };
        let all = Usage { items: row.count(0)?, bytes: row.count(1)? };
        Ok(all.minus(Usage { items: row.count(2)?, bytes: row.count(3)? }))
    }
}

/// The entry in a row, from this column on.
fn stored(row: &Row, first: usize) -> Result<Stored, SqlFailure> {
    Ok(Stored {
        key: row.key(first)?,
        version: row.count(first + 1)?,
        expires_at_ms: row.optional_count(first + 2)?,
        bytes: usize::try_from(row.count(first + 3)?).unwrap_or(usize::MAX),
        sealed: row.count(first + 4)? != 0,
        value: row.text(first + 5)?,
    })
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
    fn of_page<'q>(&self, query: Query<'q>, limit: usize) -> Query<'q> {
        let query = query.key(self.start).bind(signed(limit as u64 + 1));
        match &self.end {
            Some(end) => query.key(end),
            None => query,
        }
    }
}
