//! What every database does alike, whatever its driver.
//!
//! sqlx describes what a driver can do by bounds on references, which a trait cannot imply. They stand here once, as the
//! condition of [`Driver`]; everything else asks for that alone.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _, TryFutureExt as _};
use futures_util::stream::BoxStream;
use sqlx::database::HasStatementCache;
use sqlx::error::BoxDynError;
use sqlx::{
    Arguments as _, AssertSqlSafe, ColumnIndex, Database, Decode, Encode, Executor, IntoArguments, Row as _, Type,
};

/// The text of a statement: made of constants and numbers, never of data.
pub(super) type Sql = Arc<str>;

/// A database that speaks of numbers, text and bytes.
pub(crate) trait Driver: Database {
    fn add_number(arguments: &mut Self::Arguments, number: Option<i64>) -> Result<(), BoxDynError>;
    fn add_text(arguments: &mut Self::Arguments, text: &str) -> Result<(), BoxDynError>;
    fn add_bytes(arguments: &mut Self::Arguments, bytes: &[u8]) -> Result<(), BoxDynError>;
    fn number(row: &Self::Row, column: usize) -> Result<Option<i64>, sqlx::Error>;
    fn text(row: &Self::Row, column: usize) -> Result<String, sqlx::Error>;
    fn bytes(row: &Self::Row, column: usize) -> Result<Vec<u8>, sqlx::Error>;
    /// Carries out a statement, which the connection keeps prepared if that is wanted.
    fn execute(
        connection: &mut Self::Connection,
        sql: Sql,
        arguments: Self::Arguments,
        is_kept: bool,
    ) -> BoxFuture<'_, Result<Self::QueryResult, sqlx::Error>>;
    /// Carries out statements without parameters and without preparing them.
    fn execute_raw(connection: &mut Self::Connection, sql: Sql) -> BoxFuture<'_, Result<(), sqlx::Error>>;
    /// The rows of a statement; see [`Driver::execute`].
    fn rows(
        connection: &mut Self::Connection,
        sql: Sql,
        arguments: Self::Arguments,
        is_kept: bool,
    ) -> BoxStream<'_, Result<Self::Row, sqlx::Error>>;
}

impl<DB> Driver for DB
where
    DB: Database + HasStatementCache,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    for<'q> Option<i64>: Encode<'q, DB> + Decode<'q, DB> + Type<DB>,
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    for<'q> &'q [u8]: Encode<'q, DB> + Type<DB>,
    for<'r> String: Decode<'r, DB> + Type<DB>,
    for<'r> Vec<u8>: Decode<'r, DB> + Type<DB>,
    usize: ColumnIndex<DB::Row>,
{
    fn add_number(arguments: &mut Self::Arguments, number: Option<i64>) -> Result<(), BoxDynError> {
        arguments.add(number)
    }

    fn add_text(arguments: &mut Self::Arguments, text: &str) -> Result<(), BoxDynError> {
        arguments.add(text)
    }

    fn add_bytes(arguments: &mut Self::Arguments, bytes: &[u8]) -> Result<(), BoxDynError> {
        arguments.add(bytes)
    }

    fn number(row: &Self::Row, column: usize) -> Result<Option<i64>, sqlx::Error> {
        row.try_get(column)
    }

    fn text(row: &Self::Row, column: usize) -> Result<String, sqlx::Error> {
        row.try_get(column)
    }

    fn bytes(row: &Self::Row, column: usize) -> Result<Vec<u8>, sqlx::Error> {
        row.try_get(column)
    }

    fn execute(
        connection: &mut Self::Connection,
        sql: Sql,
        arguments: Self::Arguments,
        is_kept: bool,
    ) -> BoxFuture<'_, Result<Self::QueryResult, sqlx::Error>> {
        connection.execute(sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(is_kept))
    }

    fn execute_raw(connection: &mut Self::Connection, sql: Sql) -> BoxFuture<'_, Result<(), sqlx::Error>> {
        connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).map_ok(drop).boxed()
    }

    fn rows(
        connection: &mut Self::Connection,
        sql: Sql,
        arguments: Self::Arguments,
        is_kept: bool,
    ) -> BoxStream<'_, Result<Self::Row, sqlx::Error>> {
        connection.fetch(sqlx::query_with(AssertSqlSafe(sql), arguments).persistent(is_kept))
    }
}
