//! What the databases say differently. Everything else of this folder is common to them.

use futures_util::future::BoxFuture;

use super::driver::Driver;

/// One database's words and ways.
///
/// A dialect is chosen so that others can stand in: for PostgreSQL nothing here needs more than the SQL that distributed
/// engines with its protocol understand, too (no advisory locks, notifications, triggers or procedures).
pub(crate) trait Dialect: Driver {
    /// Begins a transaction that writes. What it reads after the row of its scope, no other writer changes under it.
    const BEGIN_WRITE: &'static str;

    /// Begins a transaction that reads one state.
    const BEGIN_READ: &'static str;

    /// Follows a `SELECT` of a row that the transaction is going to change: the next to come waits.
    const LOCK_ROW: &'static str;

    /// Follows a `SELECT` of a row that must not change before the end of the transaction, but may be read by all.
    const HOLD_ROW: &'static str;

    /// The type of a number that the database hands out to each new row and never hands out again.
    const IDENTITY: &'static str;

    /// The type of a text that compares by its UTF-8 bytes.
    const KEY: &'static str;

    /// Names all tables somebody made.
    const TABLES: &'static str;

    /// How many keys and rows statements of a write name, in falling order down to 1.
    const WRITE_SIZES: WriteSizes;

    /// Whether the database has a clock of its own, which is then that of all hosts.
    const HAS_CLOCK: bool;

    /// The time of a statement in milliseconds since 1970: the parameter with this name, or where that is null the
    /// database's clock. The same in all rows of a statement.
    fn time(parameter: &str) -> String;

    /// The time at which a lock was got; see [`Dialect::time`].
    fn time_after_lock(parameter: &str) -> String;

    /// Limits a `SELECT` of entries in the order of keys to the rows of one answer, where the database would otherwise send
    /// more than is asked for.
    fn one_answer(select: String) -> String;

    /// Adds a key to the parameters of a statement.
    fn add_key(arguments: &mut Self::Arguments, key: &str) -> Result<(), sqlx::error::BoxDynError>;

    /// Reads a key from a row.
    fn key(row: &Self::Row, column: usize) -> Result<String, sqlx::Error>;

    /// How many rows a statement changed.
    fn changed(result: &Self::QueryResult) -> u64;

    /// Sorts a failure.
    fn kind(error: &sqlx::Error) -> Kind;

    /// Takes away the bytes that a deletion leaves behind, as far as a statement can; `false` when others are in the way.
    fn wipe(connection: &mut Self::Connection) -> BoxFuture<'_, Result<bool, sqlx::Error>>;
}

/// See [`Dialect::WRITE_SIZES`].
pub(crate) struct WriteSizes {
    pub(super) keys: &'static [usize],
    pub(super) rows: &'static [usize],
}

/// The kinds of failure that make a difference to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Another writer came in between, and the database undid this transaction: it may be tried again at once.
    Raced,
    /// Another writer is in the way for longer than the busy timeout.
    Locked,
    Full,
    ReadOnly,
    /// The server at the other end reads only: a standby, before or after another one took over. A connection that is made anew
    /// may lead to the one that writes.
    Standby,
    NotADatabase,
    Damaged,
    /// The connection or the operating system failed in the middle of something.
    Lost,
    Closed,
    /// No connection is free, or the queue of writers is too long.
    Busy,
    /// The database does not let this program in, or not do what it needs to.
    Denied,
    /// There is no such database, or no schema in it to make tables in.
    Missing,
    Other,
}
