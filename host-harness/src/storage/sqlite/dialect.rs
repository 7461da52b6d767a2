//! The few words that SQLite says otherwise than PostgreSQL. All other SQL of this folder is common to both.

/// Begins a transaction that may write. SQLite admits one such at a time; in PostgreSQL `BEGIN` suffices, because
/// `lock_row!` then makes the writers of one scope queue.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// Follows the `SELECT` of the scope's row. PostgreSQL: ` FOR UPDATE`.
macro_rules! lock_row {
    () => {
        ""
    };
}
pub(super) use lock_row;

/// The type of a number that the database hands out to each new row and never hands out again.
/// PostgreSQL: `BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY`.
macro_rules! identity {
    () => {
        "INTEGER PRIMARY KEY AUTOINCREMENT"
    };
}
pub(super) use identity;

/// The type of a text that orders by its UTF-8 bytes. PostgreSQL: `TEXT COLLATE "C"`.
macro_rules! ordered_text {
    () => {
        "TEXT COLLATE BINARY"
    };
}
pub(super) use ordered_text;

/// The names of all tables somebody made. PostgreSQL: from `pg_tables`.
pub(super) const TABLES: &str =
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
