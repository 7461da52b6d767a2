//! The SQL of reads and writes, built once a store.
//!
//! Reads name the scope by tenant and element in every statement: an id kept from an earlier call might by now belong
//! to nobody. Several keys or rows go in arrays, so every statement has one text, is prepared once a connection, and
//! takes one round trip. Nothing here needs more than the SQL that distributed engines with PostgreSQL's protocol
//! understand, too (no advisory locks, notifications, triggers or procedures).

use std::sync::Arc;

use super::super::super::{PAGE_BYTES, PAGE_ITEMS};

/// The text of a statement: made of constants and numbers, never of data.
pub(super) type Sql = Arc<str>;

// Not `READ WRITE`: a standby refuses that with a code for whatever it does not support, and the first write with its
// own.
/// Begins a transaction that writes. What it reads after the row of its scope, no other writer changes under it.
pub(super) const BEGIN_WRITE: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Begins a transaction that reads one state.
pub(super) const BEGIN_READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Follows a `SELECT` of a row that the transaction is going to change: the next to come waits.
pub(super) const LOCK_ROW: &str = " FOR UPDATE";

/// Follows a `SELECT` of a row that must not change before the end of the transaction, but may be read by all.
const HOLD_ROW: &str = " FOR SHARE";

/// The most keys that one statement deletes: where many are named in a table that was never analysed, a planner rather
/// reads the whole scope.
pub(super) const DELETED_AT_ONCE: usize = 64;

/// All statements of a store. A time in a parameter is the host's, or null for the database's own clock.
pub(super) struct Statements {
    /// The time. `$1` time.
    pub(super) time: Sql,
    /// Reads whole entries by key, as many as go in an answer: the place of a key among those asked for, counted from
    /// 1, then what a page has. `$1` tenant, `$2` element, `$3` time, `$4` keys.
    pub(super) entries: Sql,
    /// See [`Statements::page`].
    pages: [Sql; 4],
    /// See [`Statements::key_page`].
    key_pages: [Sql; 4],
    /// Reads version, expiry and the time. `$1` tenant, `$2` element, `$3` time, `$4` key.
    pub(super) version: Sql,
    /// Counts rows, and those of them that have expired. `$1` tenant, `$2` element, `$3` time.
    pub(super) usage: Sql,
    /// Finds the elements of tenant `$1`.
    pub(super) elements: Sql,
    /// Reads id, items, bytes, last version and the time at the start of a write. `$1` tenant, `$2` element, `$3` time.
    pub(super) scope: Sql,
    /// Makes the scope's row and reads the same, unless it is there. Parameters as above.
    pub(super) new_scope: Sql,
    /// Writes back what the scope's row counts. `$1` scope, `$2` items, `$3` bytes, `$4` last version.
    pub(super) update_scope: Sql,
    /// Finds up to `$3` rows of scope `$1` that expired by `$2`, the oldest first: keys and bytes.
    pub(super) expired: Sql,
    /// Reads what a write must know of keys, expired or not. `$1` scope, `$2` keys.
    pub(super) states: Sql,
    /// Removes rows by key, at most [`DELETED_AT_ONCE`]. `$1` scope, `$2` keys.
    pub(super) delete_keys: Sql,
    /// Writes rows. `$1` scope, then arrays of keys, versions, expiries, bytes, sealed, values.
    pub(super) upsert: Sql,
    portions: [Sql; 2],
    deletes: [Sql; 2],
    /// Removes the scope's row `$1`.
    pub(super) delete_scope: Sql,
    /// Remembers that the rows of scope `$1` are to be removed.
    pub(super) add_tombstone: Sql,
    /// Raises the version at which new scopes begin to count to `$1`.
    pub(super) lock_floor: Sql,
    pub(super) raise_floor: Sql,
    /// Finds the scopes whose rows are to be removed.
    pub(super) tombstones: Sql,
    /// Finds the scope `$1` among these, and keeps others from it.
    pub(super) tombstone: Sql,
    /// Forgets the scope `$1`, whose rows are removed.
    pub(super) purged: Sql,
}

impl Statements {
    pub(super) fn new() -> Self {
        let time = time("statement_timestamp()", "$3");
        // The time at which a lock was got.
        let time_after_lock = self::time("clock_timestamp()", "$3");
        let in_scope = "scope = (SELECT id FROM storage_scope WHERE tenant = $1 AND element = $2)";
        let alive = format!("(expires_at_ms IS NULL OR expires_at_ms > {time})");
        let columns = "key, version, expires_at_ms, bytes, CAST(sealed AS BIGINT) AS sealed, value";
        let following = |start: &str, end: &str| format!("{alive} AND key {start} $4{end} ORDER BY key LIMIT $5");
        let page = |start: &str, end: &str| {
            let following = following(start, end);
            let page = format!("SELECT {columns} FROM storage_entry WHERE {in_scope} AND {following}");
            one_answer(&page, "key", "").into()
        };
        let key_page = |start: &str, end: &str| {
            let following = following(start, end);
            format!("SELECT key FROM storage_entry WHERE {in_scope} AND {following}").into()
        };
        let before_end = " AND key < $6";
        // A subquery with a limit is not merged with what surrounds it: each key is looked up in the index, whatever a
        // planner knows of the table.
        let each = |columns: &str, condition: &str| {
            format!(
                "CROSS JOIN LATERAL (SELECT {columns} FROM storage_entry WHERE {condition} AND key = asked.name LIMIT 1) \
                 AS entry"
            )
        };
        let entry = each(columns, &format!("{in_scope} AND {alive}"));
        let asked = "UNNEST(CAST($4 AS BYTEA[])) WITH ORDINALITY AS asked (name, place)";
        let state = each("key, version, expires_at_ms, bytes", "scope = $1");
        let expired = "FROM storage_entry e WHERE e.scope = s.id AND e.expires_at_ms <=";
        let sum = "CAST(COALESCE(SUM(bytes), 0) AS BIGINT)";
        let range = |end: &str| format!("FROM storage_entry WHERE scope = $1 AND key >= $2{end}");
        let until = " AND key < $3";
        Self {
            time: format!("SELECT {}", self::time("statement_timestamp()", "$1")).into(),
            entries: one_answer(&format!("SELECT asked.place, entry.* FROM {asked} {entry}"), "place", "place, ")
                .into(),
            pages: [page(">=", ""), page(">=", before_end), page(">", ""), page(">", before_end)],
            key_pages: [key_page(">=", ""), key_page(">=", before_end), key_page(">", ""), key_page(">", before_end)],
            version: format!(
                "SELECT version, expires_at_ms, {time} FROM storage_entry WHERE {in_scope} AND {alive} AND key = $4"
            )
            .into(),
            usage: format!(
                "SELECT s.items, s.bytes, (SELECT COUNT(*) {expired} {time}), (SELECT {sum} {expired} {time}) \
                 FROM storage_scope s WHERE s.tenant = $1 AND s.element = $2"
            )
            .into(),
            elements: "SELECT element FROM storage_scope WHERE tenant = $1".into(),
            // The time is taken outside of the inner statement, after the lock is held.
            scope: format!(
                "SELECT id, items, bytes, last_version, {time_after_lock} FROM (SELECT id, items, bytes, last_version \
                 FROM storage_scope WHERE tenant = $1 AND element = $2{LOCK_ROW}) AS held"
            )
            .into(),
            // The floor is held, lest a deletion of the same scope raise it between its reading and the new row.
            new_scope: format!(
                "INSERT INTO storage_scope (tenant, element, items, bytes, last_version) \
                 SELECT $1, $2, 0, 0, number FROM storage_number WHERE name = 'version-floor'{HOLD_ROW} \
                 ON CONFLICT (tenant, element) DO NOTHING \
                 RETURNING id, items, bytes, last_version, {time_after_lock}"
            )
            .into(),
            update_scope: "UPDATE storage_scope SET items = $2, bytes = $3, last_version = $4 WHERE id = $1".into(),
            expired: "SELECT key, bytes FROM storage_entry WHERE scope = $1 AND expires_at_ms <= $2 \
                      ORDER BY expires_at_ms LIMIT $3"
                .into(),
            states: format!("SELECT entry.* FROM UNNEST(CAST($2 AS BYTEA[])) AS asked (name) {state}").into(),
            delete_keys: "DELETE FROM storage_entry WHERE scope = $1 AND key = ANY($2)".into(),
            upsert: "INSERT INTO storage_entry (scope, key, version, expires_at_ms, bytes, sealed, value) \
                     SELECT $1, row.* FROM UNNEST(CAST($2 AS BYTEA[]), CAST($3 AS BIGINT[]), CAST($4 AS BIGINT[]), \
                     CAST($5 AS BIGINT[]), CAST($6 AS SMALLINT[]), CAST($7 AS TEXT[])) AS row \
                     ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version, \
                     expires_at_ms = excluded.expires_at_ms, bytes = excluded.bytes, sealed = excluded.sealed, \
                     value = excluded.value"
                .into(),
            portions: ["", until]
                .map(|end| format!("SELECT key, bytes {} ORDER BY key LIMIT {}", range(end), PAGE_ITEMS + 1).into()),
            deletes: ["", until].map(|end| format!("DELETE {}", range(end)).into()),
            delete_scope: "DELETE FROM storage_scope WHERE id = $1".into(),
            add_tombstone: "INSERT INTO storage_deleted_scope (id) VALUES ($1)".into(),
            lock_floor: "UPDATE storage_number SET number = number WHERE name = 'version-floor'".into(),
            raise_floor: "UPDATE storage_number SET number = $1 WHERE name = 'version-floor' AND number < $1".into(),
            tombstones: "SELECT id FROM storage_deleted_scope".into(),
            tombstone: format!("SELECT id FROM storage_deleted_scope WHERE id = $1{LOCK_ROW}").into(),
            purged: "DELETE FROM storage_deleted_scope WHERE id = $1".into(),
        }
    }

    /// Reads a page from `$4` on, at most `$5` entries, and if it ends before a key, before `$6`. `$1` tenant, `$2`
    /// element, `$3` time.
    pub(super) fn page(&self, excluding_start: bool, has_end: bool) -> &Sql {
        &self.pages[usize::from(excluding_start) * 2 + usize::from(has_end)]
    }

    /// Reads keys alone; parameters as of [`Statements::page`].
    pub(super) fn key_page(&self, excluding_start: bool, has_end: bool) -> &Sql {
        &self.key_pages[usize::from(excluding_start) * 2 + usize::from(has_end)]
    }

    /// Finds rows of scope `$1` from key `$2` on, and if there is an end, before `$3`: keys and bytes, in key order,
    /// one more than go in a portion.
    pub(super) fn portion(&self, has_end: bool) -> &Sql {
        &self.portions[usize::from(has_end)]
    }

    /// Removes the rows of scope `$1` from key `$2` on, and if there is an end, before `$3`.
    pub(super) fn delete_range(&self, has_end: bool) -> &Sql {
        &self.deletes[usize::from(has_end)]
    }
}

/// The time in milliseconds since 1970: the parameter with this name, or where that is null the database's clock.
fn time(clock: &str, parameter: &str) -> String {
    format!("COALESCE({parameter}, CAST(FLOOR(EXTRACT(EPOCH FROM {clock}) * 1000) AS BIGINT))")
}

/// Limits a `SELECT` of entries in this order to the rows of one answer. A server sends all rows of a statement; values
/// can be so large that a page of them is many answers.
fn one_answer(select: &str, order: &str, first: &str) -> String {
    format!(
        "SELECT {first}key, version, expires_at_ms, bytes, sealed, value FROM (SELECT page.*, \
         SUM(bytes) OVER (ORDER BY {order} ROWS UNBOUNDED PRECEDING) - bytes AS before FROM ({select}) AS page) AS page \
         WHERE before <= {PAGE_BYTES} ORDER BY {order}"
    )
}
