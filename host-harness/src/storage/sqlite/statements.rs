//! The SQL of reads and writes, in words that SQLite and PostgreSQL share.
//!
//! Reads name the scope by tenant and element in every statement: an id kept from an earlier call might by now belong to
//! nobody. Statements over several keys or rows exist in a few sizes only, so that each is prepared once a connection.

use std::sync::{Arc, LazyLock};

use sqlx::AssertSqlSafe;

use super::dialect::lock_row;

/// The condition on the scope of a read: `$1` tenant, `$2` element.
macro_rules! in_scope {
    () => {
        "scope = (SELECT id FROM storage_scope WHERE tenant = $1 AND element = $2)"
    };
}

/// The condition that an entry has not expired: `$3` now.
macro_rules! alive {
    () => {
        "(expires_at_ms IS NULL OR expires_at_ms > $3)"
    };
}

/// The beginning of a read of whole entries.
macro_rules! entries {
    () => {
        concat!(
            "SELECT key, version, expires_at_ms, bytes, sealed, value FROM storage_entry WHERE ",
            in_scope!(),
            " AND ",
            alive!()
        )
    };
}

/// Reads a page from `$4` on, at most `$5` entries, and if it ends before a key, before `$6`.
pub(super) fn page(excluding_start: bool, has_end: bool) -> &'static str {
    match (excluding_start, has_end) {
        (false, false) => concat!(entries!(), " AND key >= $4 ORDER BY key LIMIT $5"),
        (true, false) => concat!(entries!(), " AND key > $4 ORDER BY key LIMIT $5"),
        (false, true) => concat!(entries!(), " AND key >= $4 AND key < $6 ORDER BY key LIMIT $5"),
        (true, true) => concat!(entries!(), " AND key > $4 AND key < $6 ORDER BY key LIMIT $5"),
    }
}

/// Reads the version of the key `$4`.
pub(super) const VERSION: &str =
    concat!("SELECT version, expires_at_ms FROM storage_entry WHERE ", in_scope!(), " AND ", alive!(), " AND key = $4");

/// Counts rows, and those of them that have expired.
pub(super) const USAGE: &str = "SELECT s.items, s.bytes, \
     (SELECT COUNT(*) FROM storage_entry e WHERE e.scope = s.id AND e.expires_at_ms <= $3), \
     (SELECT CAST(COALESCE(SUM(e.bytes), 0) AS BIGINT) FROM storage_entry e WHERE e.scope = s.id AND e.expires_at_ms <= $3) \
     FROM storage_scope s WHERE s.tenant = $1 AND s.element = $2";

/// Reads the scope's row at the start of a write.
pub(super) const SCOPE: &str =
    concat!("SELECT id, items, bytes, last_version FROM storage_scope WHERE tenant = $1 AND element = $2", lock_row!());

/// Makes the scope's row.
pub(super) const NEW_SCOPE: &str = "INSERT INTO storage_scope (tenant, element, items, bytes, last_version) \
     SELECT $1, $2, 0, 0, number FROM storage_number WHERE name = 'version-floor' \
     RETURNING id, items, bytes, last_version";

/// Writes back what the scope's row counts.
pub(super) const UPDATE_SCOPE: &str =
    "UPDATE storage_scope SET items = $2, bytes = $3, last_version = $4 WHERE id = $1";

/// Removes up to `$3` rows that expired by `$2`, the oldest first.
pub(super) const REAP: &str = "DELETE FROM storage_entry WHERE scope = $1 AND key IN (SELECT key FROM storage_entry \
     WHERE scope = $1 AND expires_at_ms <= $2 ORDER BY expires_at_ms LIMIT $3) RETURNING bytes";

/// Counts the rows from `$2` on, and if there is an end, before `$3`.
pub(super) fn count_range(has_end: bool) -> &'static str {
    match has_end {
        false => {
            "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM storage_entry WHERE scope = $1 AND key >= $2"
        }
        true => {
            "SELECT COUNT(*), CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM storage_entry \
             WHERE scope = $1 AND key >= $2 AND key < $3"
        }
    }
}

/// Removes the rows that [`count_range`] counts.
pub(super) fn delete_range(has_end: bool) -> &'static str {
    match has_end {
        false => "DELETE FROM storage_entry WHERE scope = $1 AND key >= $2",
        true => "DELETE FROM storage_entry WHERE scope = $1 AND key >= $2 AND key < $3",
    }
}

/// Removes the scope's row `$1`.
pub(super) const DELETE_SCOPE: &str = "DELETE FROM storage_scope WHERE id = $1";

/// Remembers that the rows of scope `$1` are to be removed.
pub(super) const DOOM_SCOPE: &str = "INSERT INTO storage_deleted_scope (id) VALUES ($1)";

/// Raises the version at which new scopes begin to count.
pub(super) const RAISE_FLOOR: &str =
    "UPDATE storage_number SET number = $1 WHERE name = 'version-floor' AND number < $1";

/// Finds the scopes whose rows are to be removed.
pub(super) const DOOMED_SCOPES: &str = "SELECT id FROM storage_deleted_scope";

/// Removes up to `$2` rows of scope `$1`.
pub(super) const PURGE: &str = "DELETE FROM storage_entry WHERE scope = $1 AND key IN \
     (SELECT key FROM storage_entry WHERE scope = $1 LIMIT $2)";

/// Forgets a scope whose rows are removed.
pub(super) const PURGED: &str = "DELETE FROM storage_deleted_scope WHERE id = $1";

/// One statement in several sizes. SQLite looks parameters up one by one, which takes time that grows with the square of
/// their number: a few middling statements are faster than one large.
pub(super) struct Sizes<const N: usize> {
    /// In falling order; the last is 1.
    texts: [(usize, Arc<str>); N],
}

impl<const N: usize> Sizes<N> {
    fn new(sizes: [usize; N], text: impl Fn(usize) -> String) -> Self {
        Self { texts: sizes.map(|size| (size, text(size).into())) }
    }

    /// The smallest that holds as many, or the largest there is; with its size. What it has room for beyond that is to be
    /// filled by repetition.
    pub(super) fn covering(&self, count: usize) -> (usize, AssertSqlSafe<Arc<str>>) {
        statement(self.texts.iter().rev().find(|(size, _)| *size >= count).unwrap_or(&self.texts[0]))
    }

    /// The largest that is full with as many; with its size.
    pub(super) fn filled_by(&self, count: usize) -> (usize, AssertSqlSafe<Arc<str>>) {
        statement(self.texts.iter().find(|(size, _)| *size <= count).unwrap_or(&self.texts[N - 1]))
    }
}

/// The text is safe: it is made of constants and numbers, never of data.
fn statement((size, text): &(usize, Arc<str>)) -> (usize, AssertSqlSafe<Arc<str>>) {
    (*size, AssertSqlSafe(Arc::clone(text)))
}

const KEY_SIZES: [usize; 3] = [64, 8, 1];
const ROW_SIZES: [usize; 3] = [16, 4, 1];

/// The most keys that one statement reads.
pub(super) const KEYS_AT_ONCE: usize = KEY_SIZES[0];

/// Reads whole entries by key: keys from `$4` on.
pub(super) static ENTRIES: LazyLock<Sizes<{ KEY_SIZES.len() }>> =
    LazyLock::new(|| Sizes::new(KEY_SIZES, |size| format!("{} AND key IN ({})", entries!(), parameters(4, size))));

/// Reads what a write must know of keys, expired or not: `$1` scope, keys from `$2` on.
pub(super) static STATES: LazyLock<Sizes<{ KEY_SIZES.len() }>> = LazyLock::new(|| {
    Sizes::new(KEY_SIZES, |size| {
        let keys = parameters(2, size);
        format!("SELECT key, version, expires_at_ms, bytes FROM storage_entry WHERE scope = $1 AND key IN ({keys})")
    })
});

/// Removes rows by key: `$1` scope, keys from `$2` on.
pub(super) static DELETE_KEYS: LazyLock<Sizes<{ KEY_SIZES.len() }>> = LazyLock::new(|| {
    Sizes::new(KEY_SIZES, |size| {
        format!("DELETE FROM storage_entry WHERE scope = $1 AND key IN ({})", parameters(2, size))
    })
});

/// Writes rows: `$1` scope, then for each row its key, version, expiry, bytes, sealed, value.
pub(super) static UPSERT: LazyLock<Sizes<{ ROW_SIZES.len() }>> = LazyLock::new(|| {
    Sizes::new(ROW_SIZES, |size| {
        let rows: Vec<_> = (0..size).map(|row| format!("($1, {})", parameters(2 + 6 * row, 6))).collect();
        format!(
            "INSERT INTO storage_entry (scope, key, version, expires_at_ms, bytes, sealed, value) VALUES {} \
             ON CONFLICT (scope, key) DO UPDATE SET version = excluded.version, expires_at_ms = excluded.expires_at_ms, \
             bytes = excluded.bytes, sealed = excluded.sealed, value = excluded.value",
            rows.join(", ")
        )
    })
});

fn parameters(first: usize, count: usize) -> String {
    (first..first + count).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_chosen_by_the_count() {
        for (count, covering, filled_by) in [(1, 1, 1), (7, 8, 1), (8, 8, 8), (9, 64, 8), (65, 64, 64)] {
            assert_eq!((ENTRIES.covering(count).0, ENTRIES.filled_by(count).0), (covering, filled_by), "{count}");
        }
    }
}
