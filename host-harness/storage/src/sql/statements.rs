//! The SQL of reads and writes, built once a store from words that the databases share and those of a dialect.
//!
//! Reads name the scope by tenant and element in every statement: an id kept from an earlier call might by now belong to
//! nobody. Statements over several keys or rows exist in a few sizes only, so that each is prepared once a connection.

use std::sync::Arc;

use super::super::PAGE_ITEMS;
use super::dialect::Dialect;
use super::driver::Sql;

/// How many keys a statement of a read names, in falling order. Rows of a read carry values, so they are few.
const READ_SIZES: &[usize] = &[64, 8, 1];

/// The most keys that one statement reads.
pub(super) const KEYS_AT_ONCE: usize = READ_SIZES[0];

/// All statements of a store.
pub(super) struct Statements {
    /// The time. `$1` the host's, or null.
    pub(super) time: Sql,
    /// Reads whole entries by key. `$1` tenant, `$2` element, `$3` time, keys from `$4` on.
    pub(super) entries: Sizes,
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
    /// Reads what a write must know of keys, expired or not. `$1` scope, keys from `$2` on.
    pub(super) states: Sizes,
    /// Removes rows by key. `$1` scope, keys from `$2` on.
    pub(super) delete_keys: Sizes,
    /// Writes rows. `$1` scope, then for each row its key, version, expiry, bytes, sealed, value.
    pub(super) upsert: Sizes,
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
    pub(super) fn new<D: Dialect>() -> Self {
        let (time, lock, hold) = (D::time("$3"), D::LOCK_ROW, D::HOLD_ROW);
        let time_after_lock = D::time_after_lock("$3");
        let in_scope = "scope = (SELECT id FROM storage_scope WHERE tenant = $1 AND element = $2)";
        let alive = format!("(expires_at_ms IS NULL OR expires_at_ms > {time})");
        let columns = "key, version, expires_at_ms, bytes, CAST(sealed AS BIGINT) AS sealed, value";
        let entries = format!("SELECT {columns} FROM storage_entry WHERE {in_scope} AND {alive}");
        let following = |start: &str, end: &str| format!("{alive} AND key {start} $4{end} ORDER BY key LIMIT $5");
        let page = |start: &str, end: &str| {
            let following = following(start, end);
            D::one_answer(format!("SELECT {columns} FROM storage_entry WHERE {in_scope} AND {following}")).into()
        };
        let key_page = |start: &str, end: &str| {
            let following = following(start, end);
            format!("SELECT key FROM storage_entry WHERE {in_scope} AND {following}").into()
        };
        let before_end = " AND key < $6";
        let expired = "FROM storage_entry e WHERE e.scope = s.id AND e.expires_at_ms <=";
        let sum = "CAST(COALESCE(SUM(bytes), 0) AS BIGINT)";
        let range = |end: &str| format!("FROM storage_entry WHERE scope = $1 AND key >= $2{end}");
        let until = " AND key < $3";
        Self {
            time: format!("SELECT {}", D::time("$1")).into(),
            entries: Sizes::new(READ_SIZES, |size| format!("{entries} AND key IN ({})", parameters(4, size))),
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
                 FROM storage_scope WHERE tenant = $1 AND element = $2{lock}) AS held"
            )
            .into(),
            // The floor is held, lest a deletion of the same scope raise it between its reading and the new row.
            new_scope: format!(
                "INSERT INTO storage_scope (tenant, element, items, bytes, last_version) \
                 SELECT $1, $2, 0, 0, number FROM storage_number WHERE name = 'version-floor'{hold} \
                 ON CONFLICT (tenant, element) DO NOTHING \
                 RETURNING id, items, bytes, last_version, {time_after_lock}"
            )
            .into(),
            update_scope: "UPDATE storage_scope SET items = $2, bytes = $3, last_version = $4 WHERE id = $1".into(),
            expired: "SELECT key, bytes FROM storage_entry WHERE scope = $1 AND expires_at_ms <= $2 \
                      ORDER BY expires_at_ms LIMIT $3"
                .into(),
            states: Sizes::new(D::WRITE_SIZES.keys, |size| {
                let keys = parameters(2, size);
                format!(
                    "SELECT key, version, expires_at_ms, bytes FROM storage_entry WHERE scope = $1 AND key IN ({keys})"
                )
            }),
            delete_keys: Sizes::new(D::WRITE_SIZES.keys, |size| {
                format!("DELETE FROM storage_entry WHERE scope = $1 AND key IN ({})", parameters(2, size))
            }),
            upsert: Sizes::new(D::WRITE_SIZES.rows, |size| {
                let rows: Vec<_> = (0..size).map(|row| format!("($1, {})", parameters(2 + 6 * row, 6))).collect();
                format!(
                    "INSERT INTO storage_entry (scope, key, version, expires_at_ms, bytes, sealed, value) VALUES {} \
                     ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version, \
                     expires_at_ms = excluded.expires_at_ms, bytes = excluded.bytes, sealed = excluded.sealed, \
                     value = excluded.value",
                    rows.join(", ")
                )
            }),
            portions: ["", until]
                .map(|end| format!("SELECT key, bytes {} ORDER BY key LIMIT {}", range(end), PAGE_ITEMS + 1).into()),
            deletes: ["", until].map(|end| format!("DELETE {}", range(end)).into()),
            delete_scope: "DELETE FROM storage_scope WHERE id = $1".into(),
            add_tombstone: "INSERT INTO storage_deleted_scope (id) VALUES ($1)".into(),
            lock_floor: "UPDATE storage_number SET number = number WHERE name = 'version-floor'".into(),
            raise_floor: "UPDATE storage_number SET number = $1 WHERE name = 'version-floor' AND number < $1".into(),
            tombstones: "SELECT id FROM storage_deleted_scope".into(),
            tombstone: format!("SELECT id FROM storage_deleted_scope WHERE id = $1{lock}").into(),
            purged: "DELETE FROM storage_deleted_scope WHERE id = $1".into(),
        }
    }

    /// Reads a page from `$4` on, at most `$5` entries, and if it ends before a key, before `$6`. `$1` tenant, `$2` element,
    /// `$3` time.
    pub(super) fn page(&self, excluding_start: bool, has_end: bool) -> &Sql {
        &self.pages[usize::from(excluding_start) * 2 + usize::from(has_end)]
    }

    /// Reads keys alone; parameters as of [`Statements::page`].
    pub(super) fn key_page(&self, excluding_start: bool, has_end: bool) -> &Sql {
        &self.key_pages[usize::from(excluding_start) * 2 + usize::from(has_end)]
    }

    /// Finds rows of scope `$1` from key `$2` on, and if there is an end, before `$3`: keys and bytes, in key order, one more
    /// than go in a portion.
    pub(super) fn portion(&self, has_end: bool) -> &Sql {
        &self.portions[usize::from(has_end)]
    }

    /// Removes the rows of scope `$1` from key `$2` on, and if there is an end, before `$3`.
    pub(super) fn delete_range(&self, has_end: bool) -> &Sql {
        &self.deletes[usize::from(has_end)]
    }
}

/// One statement in several sizes.
pub(super) struct Sizes {
    /// In falling order; the last is 1.
    texts: Vec<(usize, Sql)>,
}

impl Sizes {
    fn new(sizes: &[usize], text: impl Fn(usize) -> String) -> Self {
        Self { texts: sizes.iter().map(|size| (*size, Arc::from(text(*size)))).collect() }
    }

    /// The smallest that holds as many, or the largest there is; with its size. What it has room for beyond that is to be
    /// filled by repetition.
    pub(super) fn covering(&self, count: usize) -> (usize, &Sql) {
        let (size, sql) = self.texts.iter().rev().find(|(size, _)| *size >= count).unwrap_or(&self.texts[0]);
        (*size, sql)
    }

    /// The largest that is full with as many; with its size.
    pub(super) fn filled_by(&self, count: usize) -> (usize, &Sql) {
        let smallest = &self.texts[self.texts.len() - 1];
        let (size, sql) = self.texts.iter().find(|(size, _)| *size <= count).unwrap_or(smallest);
        (*size, sql)
    }
}

fn parameters(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_chosen_by_the_count() {
        let sizes = Sizes::new(&[64, 8, 1], |size| size.to_string());
        for (count, covering, filled_by) in [(1, 1, 1), (7, 8, 1), (8, 8, 8), (9, 64, 8), (65, 64, 64)] {
            assert_eq!((sizes.covering(count).0, sizes.filled_by(count).0), (covering, filled_by), "{count}");
        }
        assert_eq!(&**sizes.covering(5).1, "8");
    }
}
