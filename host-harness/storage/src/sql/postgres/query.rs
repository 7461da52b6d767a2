//! A statement with its parameters, and the rows it gives.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments as _, Decode, Encode, Postgres, Row as _, Type};

use super::super::failure::SqlFailure;
use super::super::unsigned;
use super::connections::{DbConnection, Rows};

/// A statement and its parameters, added in their order.
pub(super) struct Query<'q> {
    sql: &'q str,
    arguments: PgArguments,
    /// The first parameter that could not be added, if any.
    refused: Option<BoxDynError>,
}

impl<'q> Query<'q> {
    pub(super) fn new(sql: &'q str) -> Self {
        Self { sql, arguments: PgArguments::default(), refused: None }
    }

    /// Adds a number or a text, an optional one, or an array of them.
    pub(super) fn bind<'v>(mut self, value: impl Encode<'v, Postgres> + Type<Postgres> + 'v) -> Self {
        if let Err(error) = self.arguments.add(value) {
            self.refused.get_or_insert(error);
        }
        self
    }

    /// Adds a key.
    pub(super) fn key(self, key: &str) -> Self {
        self.bind(key.as_bytes())
    }

    /// Adds an array of keys.
    pub(super) fn keys<'k>(self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.bind(keys.into_iter().map(str::as_bytes).collect::<Vec<_>>())
    }

    fn checked(self) -> Result<(&'q str, PgArguments), SqlFailure> {
        match self.refused {
            None => Ok((self.sql, self.arguments)),
            Some(error) => Err(sqlx::Error::Encode(error).into()),
        }
    }

    /// Carries the statement out.
    pub(super) async fn execute(self, link: &mut DbConnection) -> Result<(), SqlFailure> {
        let (sql, arguments) = self.checked()?;
        link.execute(sql, arguments).await
    }

    /// The rows, as they come.
    pub(super) fn rows<'l>(self, link: &'l mut DbConnection) -> Result<Rows<'l>, SqlFailure>
    where
        'q: 'l,
    {
        let (sql, arguments) = self.checked()?;
        Ok(link.rows(sql, arguments))
    }

    /// All rows.
    pub(super) async fn all(self, link: &mut DbConnection) -> Result<Vec<Row>, SqlFailure> {
        let (mut rows, mut all) = (self.rows(link)?, Vec::new());
        while let Some(row) = rows.next().await? {
            all.push(row);
        }
        Ok(all)
    }

    /// The row, if there is one. To be asked of statements that give no second.
    pub(super) async fn optional_row(self, link: &mut DbConnection) -> Result<Option<Row>, SqlFailure> {
        Ok(self.all(link).await?.pop())
    }

    /// The row of a statement that always gives one.
    pub(super) async fn row(self, link: &mut DbConnection) -> Result<Row, SqlFailure> {
        self.optional_row(link).await?.ok_or_else(|| sqlx::Error::RowNotFound.into())
    }
}

/// A row, read by the places of its columns.
pub(super) struct Row(PgRow);

impl Row {
    pub(super) fn new(row: PgRow) -> Self {
        Self(row)
    }

    fn get<'r, T: Decode<'r, Postgres> + Type<Postgres>>(&'r self, column: usize) -> Result<T, SqlFailure> {
        Ok(self.0.try_get(column)?)
    }

    pub(super) fn key(&self, column: usize) -> Result<String, SqlFailure> {
        String::from_utf8(self.get(column)?).map_err(|error| sqlx::Error::Decode(error.into()).into())
    }

    pub(super) fn text(&self, column: usize) -> Result<String, SqlFailure> {
        self.get(column)
    }

    pub(super) fn number(&self, column: usize) -> Result<i64, SqlFailure> {
        self.get::<Option<i64>>(column)?.ok_or_else(|| SqlFailure::damaged("nothing"))
    }

    /// A number that ought not to be negative.
    pub(super) fn count(&self, column: usize) -> Result<u64, SqlFailure> {
        unsigned(self.number(column)?)
    }

    /// The same, where there may be none.
    pub(super) fn optional_count(&self, column: usize) -> Result<Option<u64>, SqlFailure> {
        self.get::<Option<i64>>(column)?.map(unsigned).transpose()
    }
}
