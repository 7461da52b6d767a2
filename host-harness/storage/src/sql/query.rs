//! A statement with its parameters, and the rows it gives, whatever the driver.

use std::sync::Arc;

use sqlx::error::BoxDynError;

use super::connections::{DbConnection, Rows};
use super::dialect::Dialect;
use super::driver::Sql;
use super::failure::SqlFailure;

/// A statement and its parameters, added in their order.
pub(super) struct Query<D: Dialect> {
    sql: Sql,
    arguments: D::Arguments,
    /// The first parameter that could not be added, if any.
    refused: Option<BoxDynError>,
}

impl<D: Dialect> Query<D> {
    pub(super) fn new(sql: &Sql) -> Self {
        Self { sql: Arc::clone(sql), arguments: D::Arguments::default(), refused: None }
    }

    pub(super) fn number(self, number: i64) -> Self {
        self.optional(Some(number))
    }

    pub(super) fn optional(mut self, number: Option<i64>) -> Self {
        let added = D::add_number(&mut self.arguments, number);
        self.note(added)
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        let added = D::add_text(&mut self.arguments, text);
        self.note(added)
    }

    pub(super) fn key(mut self, key: &str) -> Self {
        let added = D::add_key(&mut self.arguments, key);
        self.note(added)
    }

    fn note(mut self, added: Result<(), BoxDynError>) -> Self {
        if let Err(error) = added {
            self.refused.get_or_insert(error);
        }
        self
    }

    fn checked(self) -> Result<(Sql, D::Arguments), SqlFailure> {
        match self.refused {
            None => Ok((self.sql, self.arguments)),
            Some(error) => Err(SqlFailure::of::<D>(sqlx::Error::Encode(error))),
        }
    }

    /// Carries the statement out; answers how many rows it changed.
    pub(super) async fn execute(self, link: &mut DbConnection<D>) -> Result<u64, SqlFailure> {
        let (sql, arguments) = self.checked()?;
        link.execute(sql, arguments).await
    }

    /// The rows, as they come.
    pub(super) fn rows(self, link: &mut DbConnection<D>) -> Result<Rows<'_, D>, SqlFailure> {
        let (sql, arguments) = self.checked()?;
        Ok(link.rows(sql, arguments))
    }

    /// All rows.
    pub(super) async fn all(self, link: &mut DbConnection<D>) -> Result<Vec<Row<D>>, SqlFailure> {
        let (mut rows, mut all) = (self.rows(link)?, Vec::new());
        while let Some(row) = rows.next().await? {
            all.push(row);
        }
        Ok(all)
    }

    /// The row, if there is one. To be asked of statements that give no second.
    pub(super) async fn optional_row(self, link: &mut DbConnection<D>) -> Result<Option<Row<D>>, SqlFailure> {
        Ok(self.all(link).await?.pop())
    }

    /// The row of a statement that always gives one.
    pub(super) async fn row(self, link: &mut DbConnection<D>) -> Result<Row<D>, SqlFailure> {
        self.optional_row(link).await?.ok_or_else(|| SqlFailure::of::<D>(sqlx::Error::RowNotFound))
    }
}

/// A row, read by the places of its columns.
pub(super) struct Row<D: Dialect>(D::Row);

impl<D: Dialect> Row<D> {
    pub(super) fn new(row: D::Row) -> Self {
        Self(row)
    }

    pub(super) fn key(&self, column: usize) -> Result<String, SqlFailure> {
        D::key(&self.0, column).map_err(SqlFailure::of::<D>)
    }

    pub(super) fn text(&self, column: usize) -> Result<String, SqlFailure> {
        D::text(&self.0, column).map_err(SqlFailure::of::<D>)
    }

    pub(super) fn number(&self, column: usize) -> Result<i64, SqlFailure> {
        D::number(&self.0, column).map_err(SqlFailure::of::<D>)?.ok_or_else(|| SqlFailure::damaged("nothing"))
    }

    /// A number that ought not to be negative.
    pub(super) fn count(&self, column: usize) -> Result<u64, SqlFailure> {
        unsigned(self.number(column)?)
    }

    /// The same, where there may be none.
    pub(super) fn optional_count(&self, column: usize) -> Result<Option<u64>, SqlFailure> {
        D::number(&self.0, column).map_err(SqlFailure::of::<D>)?.map(unsigned).transpose()
    }
}

fn unsigned(number: i64) -> Result<u64, SqlFailure> {
    u64::try_from(number).map_err(|_| SqlFailure::damaged(number))
}

/// A number as the database keeps it. What it cannot keep is greater than all it has, so comparisons stay right.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
