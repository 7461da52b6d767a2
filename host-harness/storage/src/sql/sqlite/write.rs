//! Writes: what happens within the transaction of an `apply` or a `delete_range`, and the removal of a scope.
//!
//! SQLite admits one writer at a time, from the start of its transaction on.

use std::collections::HashMap;
use std::time::Duration;

use rusqlite::{Connection, params};

use super::super::super::batch::{Batch, Write, prefix_end};
use super::super::super::limits::ResponseBudget;
use super::super::super::{ApplyOutcome, Check, PAGE_ITEMS, Quota, RangeOutcome, Scope, Usage};
use super::super::failure::SqlFailure;
use super::super::signed;
use super::super::writing::{Attempt, Decision, KeyState, ScopeRow, of_nothing};
use super::open::File;
use super::read::{bind_end, count, optional_count, text};

/// Reads id, items, bytes and last version of the scope of tenant `?1` and element `?2`.
const SCOPE: &str = "SELECT id, items, bytes, last_version FROM storage_scope WHERE tenant = ?1 AND element = ?2";

/// Makes the scope's row and reads the same.
const NEW_SCOPE: &str = "INSERT INTO storage_scope (tenant, element, items, bytes, last_version) \
                         SELECT ?1, ?2, 0, 0, number FROM storage_number WHERE name = 'version-floor' \
                         RETURNING id, items, bytes, last_version";

/// Writes back what the scope's row `?1` counts.
const UPDATE_SCOPE: &str = "UPDATE storage_scope SET items = ?2, bytes = ?3, last_version = ?4 WHERE id = ?1";

/// Finds up to `?3` rows of scope `?1` that expired by `?2`, the oldest first.
const EXPIRED: &str = "SELECT key, bytes FROM storage_entry WHERE scope = ?1 AND expires_at_ms <= ?2 \
                       ORDER BY expires_at_ms LIMIT ?3";

/// Reads what a write must know of entry `?2` of scope `?1`, expired or not.
const STATE: &str = "SELECT version, expires_at_ms, bytes FROM storage_entry WHERE scope = ?1 AND key = ?2";

/// Removes entry `?2` of scope `?1`.
const DELETE: &str = "DELETE FROM storage_entry WHERE scope = ?1 AND key = ?2";

/// Writes an entry.
const PUT: &str = "INSERT INTO storage_entry (scope, key, version, expires_at_ms, bytes, sealed, value) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (scope, key) DO UPDATE SET \
                   version = excluded.version, expires_at_ms = excluded.expires_at_ms, bytes = excluded.bytes, \
                   sealed = excluded.sealed, value = excluded.value";

/// Finds rows of scope `?1` from key `?2` on and before `?3`, in key order.
const RANGE: &str = "SELECT key, bytes FROM storage_entry WHERE scope = ?1 AND key >= ?2 AND key < ?3 ORDER BY key";

/// Removes these.
const DELETE_RANGE: &str = "DELETE FROM storage_entry WHERE scope = ?1 AND key >= ?2 AND key < ?3";

/// A transaction that writes to a scope.
pub(super) struct Writing<'c> {
    connection: &'c Connection,
    scope: &'c Scope,
    time_ms: u64,
}

/// Begins a transaction that writes; waits for other processes as long as the busy timeout says.
pub(super) fn begin(connection: &Connection) -> Result<(), SqlFailure> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
    Ok(())
}

/// Commits the transaction.
pub(super) fn commit(connection: &Connection) -> Result<(), SqlFailure> {
    let committed = connection.prepare_cached("COMMIT").and_then(|mut commit| commit.execute(()));
    committed.map(drop).map_err(|error| SqlFailure::from(error).of_commit())
}

impl<'c> Writing<'c> {
    /// Begins one; `clock` is asked for the time once nobody else writes.
    pub(super) fn begin(
        connection: &'c Connection,
        scope: &'c Scope,
        clock: impl FnOnce() -> u64,
    ) -> Result<Self, SqlFailure> {
        begin(connection)?;
        Ok(Self { connection, scope, time_ms: clock() })
    }

    /// Carries out a batch and commits. On a conflict or an error nothing is committed.
    pub(super) fn apply(self, batch: &Batch, quota: &Quota) -> Result<Attempt, SqlFailure> {
        let Some(mut row) = self.scope_row(batch.puts > 0)? else {
            return Ok(Attempt::Ended(of_nothing(batch)));
        };
        let before = row.clone();
        let most = row.most_reaped(batch, quota);
        if self.reap(&mut row, most)? && !row.has_room(batch, quota) {
            self.update_scope(&row)?;
            // However this commit ends, nothing of the `apply` is done.
            self.connection.execute_batch("COMMIT")?;
            return Ok(Attempt::Reaped);
        }
        let states = self.states(&row, batch.checks.iter().map(|check| &check.key).chain(batch.keys.keys()))?;
        let (deletes, first_version) = match row.decide(batch, quota, &states)? {
            Decision::Conflict(keys) => return Ok(Attempt::Ended(ApplyOutcome::Conflict(keys))),
            Decision::Write { deletes, first_version } => (deletes, first_version),
        };
        self.delete(&row, deletes)?;
        self.put(&row, batch, first_version)?;
        if row != before {
            self.update_scope(&row)?;
        }
        commit(self.connection)?;
        Ok(Attempt::Ended(ApplyOutcome::Applied((first_version..first_version + batch.puts).collect())))
    }

    /// Removes a portion of what starts with a prefix and commits. On a conflict or an error nothing is committed.
    pub(super) fn delete_range(self, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, SqlFailure> {
        let Some(mut row) = self.scope_row(false)? else {
            return Ok(match Check::conflicts(checks, |_| None) {
                conflicts if conflicts.is_empty() => RangeOutcome::Done,
                conflicts => RangeOutcome::Conflict(conflicts),
            });
        };
        let conflicts = row.conflicts(checks, &self.states(&row, checks.iter().map(|check| &check.key))?);
        if !conflicts.is_empty() {
            return Ok(RangeOutcome::Conflict(conflicts));
        }
        let (gone, more) = delete_portion(self.connection, row.id, prefix)?;
        if gone.items > 0 {
            row.usage = row.usage.minus(gone);
            self.update_scope(&row)?;
        }
        commit(self.connection)?;
        Ok(if more { RangeOutcome::More } else { RangeOutcome::Done })
    }

    /// Makes a scope's entries unreachable and commits; their rows remain for [`purge_portion`].
    pub(super) fn delete_scope(self) -> Result<(), SqlFailure> {
        let Some(row) = self.scope_row(false)? else { return Ok(()) };
        for (sql, number) in [
            (
                "UPDATE storage_number SET number = ?1 WHERE name = 'version-floor' AND number < ?1",
                signed(row.last_version),
            ),
            ("INSERT INTO storage_deleted_scope (id) VALUES (?1)", row.id),
            ("DELETE FROM storage_scope WHERE id = ?1", row.id),
        ] {
            self.connection.execute(sql, [number])?;
        }
        commit(self.connection)
    }

    /// Finds the scope's row; makes it where it is wanted.
    fn scope_row(&self, make: bool) -> Result<Option<ScopeRow>, SqlFailure> {
        for sql in if make { [SCOPE, NEW_SCOPE].as_slice() } else { &[SCOPE] } {
            let mut statement = self.connection.prepare_cached(sql)?;
            let mut rows = statement.query((self.scope.tenant(), self.scope.element()))?;
            if let Some(row) = rows.next()? {
                let usage = Usage { items: count(row, 1)?, bytes: count(row, 2)? };
                let last_version = count(row, 3)?;
                let found = ScopeRow { id: row.get(0)?, usage, last_version, time_ms: self.time_ms };
                // To its end, as one that writes must be stepped.
                while rows.next()?.is_some() {}
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Writes back what the scope's row counts.
    fn update_scope(&self, row: &ScopeRow) -> Result<(), SqlFailure> {
        let Usage { items, bytes } = row.usage;
        let counts = params![row.id, signed(items), signed(bytes), signed(row.last_version)];
        self.connection.prepare_cached(UPDATE_SCOPE)?.execute(counts)?;
        Ok(())
    }

    /// Removes some of what has expired, no more than a page of it; answers whether more may be left.
    fn reap(&self, row: &mut ScopeRow, most: usize) -> Result<bool, SqlFailure> {
        let (mut keys, mut budget, mut more) = (Vec::new(), ResponseBudget::new(), false);
        let mut statement = self.connection.prepare_cached(EXPIRED)?;
        let mut expired = statement.query(params![row.id, signed(self.time_ms), signed(most as u64)])?;
        while let Some(entry) = expired.next()? {
            let bytes = count(entry, 1)?;
            if !budget.admit(usize::try_from(bytes).unwrap_or(usize::MAX)) {
                more = true;
                break;
            }
            keys.push(text(entry, 0)?.to_owned());
            row.usage.remove(bytes);
        }
        drop(expired);
        self.delete(row, &keys)?;
        Ok(more || keys.len() == most)
    }

    /// What is there of keys, expired or not.
    fn states<'k>(
        &self,
        row: &ScopeRow,
        keys: impl Iterator<Item = &'k String>,
    ) -> Result<HashMap<&'k str, KeyState>, SqlFailure> {
        let mut states = HashMap::new();
        let mut statement = self.connection.prepare_cached(STATE)?;
        for key in keys {
            let mut rows = statement.query(params![row.id, key])?;
            if let Some(found) = rows.next()? {
                let (version, expires_at_ms, bytes) = (count(found, 0)?, optional_count(found, 1)?, count(found, 2)?);
                states.insert(key.as_str(), KeyState { version, expires_at_ms, bytes });
            }
        }
        Ok(states)
    }

    /// Removes rows by key.
    fn delete(&self, row: &ScopeRow, keys: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), SqlFailure> {
        let mut statement = self.connection.prepare_cached(DELETE)?;
        for key in keys {
            statement.execute(params![row.id, key.as_ref()])?;
        }
        Ok(())
    }

    /// Writes the puts of a batch.
    fn put(&self, row: &ScopeRow, batch: &Batch, first_version: u64) -> Result<(), SqlFailure> {
        let mut statement = self.connection.prepare_cached(PUT)?;
        for (key, write) in &batch.keys {
            if let Write::Put(put) = write {
                statement.execute(params![
                    row.id,
                    key,
                    signed(first_version + put.ordinal),
                    put.expires_at_ms(self.time_ms).map(signed),
                    signed(put.bytes(key)),
                    put.sealed,
                    put.value,
                ])?;
            }
        }
        Ok(())
    }
}

/// The scopes that are deleted, but whose rows are not all removed.
pub(super) fn tombstones(connection: &Connection) -> Result<Vec<i64>, SqlFailure> {
    let mut statement = connection.prepare("SELECT id FROM storage_deleted_scope")?;
    let scopes = statement.query_map((), |row| row.get(0))?;
    Ok(scopes.collect::<Result<_, _>>()?)
}

/// Removes some rows of a deleted scope and commits; answers whether there may be more. If the process dies before the
/// end, the next to open the store goes on; several at once take turns.
pub(super) fn purge_portion(connection: &Connection, scope: i64) -> Result<bool, SqlFailure> {
    begin(connection)?;
    if !connection.prepare_cached("SELECT id FROM storage_deleted_scope WHERE id = ?1")?.exists([scope])? {
        return Ok(false);
    }
    let (_, more) = delete_portion(connection, scope, "")?;
    if !more {
        connection.execute("DELETE FROM storage_deleted_scope WHERE id = ?1", [scope])?;
    }
    commit(connection)?;
    Ok(more)
}

/// Removes the first rows whose keys start with a prefix, as many as a page holds, so that others write in between;
/// answers what that was, and whether more are left.
fn delete_portion(connection: &Connection, scope: i64, prefix: &str) -> Result<(Usage, bool), SqlFailure> {
    let (mut gone, mut budget) = (Usage::default(), ResponseBudget::new());
    let mut end = prefix_end(prefix);
    let mut more = false;
    {
        let mut statement = connection.prepare_cached(RANGE)?;
        statement.raw_bind_parameter(1, scope)?;
        statement.raw_bind_parameter(2, prefix)?;
        bind_end(&mut statement, 3, end.as_deref())?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let bytes = count(row, 1)?;
            if gone.items == PAGE_ITEMS as u64 || !budget.admit(usize::try_from(bytes).unwrap_or(usize::MAX)) {
                (end, more) = (Some(text(row, 0)?.to_owned()), true);
                break;
            }
            gone.add(bytes);
        }
    }
    if gone.items > 0 {
        let mut statement = connection.prepare_cached(DELETE_RANGE)?;
        statement.raw_bind_parameter(1, scope)?;
        statement.raw_bind_parameter(2, prefix)?;
        bind_end(&mut statement, 3, end.as_deref())?;
        statement.raw_execute()?;
    }
    Ok((gone, more))
}

/// Brings the log into the file and empties it; `false` when others are in the way: nobody waits for them here. What is
/// deleted is overwritten in the file (`secure_delete`); the log beside it still holds the pages of before.
pub(super) fn wipe(connection: &Connection, file: &File) -> Result<bool, SqlFailure> {
    connection.busy_timeout(Duration::ZERO)?;
    let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get::<_, i64>(0));
    file.wait_for_others(connection)?;
    Ok(busy? == 0)
}
