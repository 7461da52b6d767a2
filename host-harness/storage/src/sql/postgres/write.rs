//! Writes: what happens within the transaction of an `apply` or a `delete_range`, and the removal of a scope.
//!
//! Each begins by locking the row of its scope, so that the writers of one scope queue, and each sees what those before
//! it left.

use std::collections::{BTreeSet, HashMap};

use super::super::super::batch::{Batch, Put, Write, prefix_end};
use super::super::super::limits::ResponseBudget;
use super::super::super::{ApplyOutcome, Check, PAGE_ITEMS, Quota, RangeOutcome, Scope, Usage};
use super::super::failure::SqlFailure;
use super::super::signed;
use super::super::writing::{Attempt, Decision, KeyState, ScopeRow, of_nothing};
use super::connections::DbConnection;
use super::query::{Query, Row};
use super::statements::{DELETED_AT_ONCE, Statements};

/// How often a scope's row is looked for that others make and delete at the same time.
const SCOPE_ATTEMPTS: u32 = 5;

/// Reads the row of a scope.
fn scope_row(row: &Row) -> Result<ScopeRow, SqlFailure> {
    let usage = Usage { items: row.count(1)?, bytes: row.count(2)? };
    Ok(ScopeRow { id: row.number(0)?, usage, last_version: row.count(3)?, time_ms: row.count(4)? })
}

/// A transaction that writes to a scope.
pub(super) struct Writing<'a> {
    pub(super) link: &'a mut DbConnection,
    pub(super) statements: &'a Statements,
    pub(super) scope: &'a Scope,
    /// `None` = that of the database's clock.
    pub(super) time_ms: Option<u64>,
}

impl Writing<'_> {
    /// Carries out a batch. On a conflict or an error the caller rolls back.
    pub(super) async fn carry_out(mut self, batch: &Batch, quota: &Quota) -> Result<Attempt, SqlFailure> {
        let Some(mut row) = self.scope_row(batch.puts > 0).await? else {
            return Ok(Attempt::Ended(of_nothing(batch)));
        };
        let before = row.clone();
        let most = row.most_reaped(batch, quota);
        if self.reap(&mut row, most).await? && !row.has_room(batch, quota) {
            self.update_scope(&row).await?;
            return Ok(Attempt::Reaped);
        }
        let states = self.states(&row, &batch.checks, batch.keys.keys()).await?;
        let (deletes, first_version) = match row.decide(batch, quota, &states)? {
            Decision::Conflict(keys) => return Ok(Attempt::Ended(ApplyOutcome::Conflict(keys))),
            Decision::Write { deletes, first_version } => (deletes, first_version),
        };
        drop(states);
        self.delete(&row, &deletes).await?;
        self.put(&row, batch, first_version).await?;
        if row != before {
            self.update_scope(&row).await?;
        }
        Ok(Attempt::Ended(ApplyOutcome::Applied((first_version..first_version + batch.puts).collect())))
    }

    /// Removes a portion of what starts with a prefix. On a conflict or an error the caller rolls back.
    pub(super) async fn delete_range(mut self, prefix: &str, checks: &[Check]) -> Result<RangeOutcome, SqlFailure> {
        let Some(mut row) = self.scope_row(false).await? else {
            return Ok(match Check::conflicts(checks, |_| None) {
                conflicts if conflicts.is_empty() => RangeOutcome::Done,
                conflicts => RangeOutcome::Conflict(conflicts),
            });
        };
        let states = self.states(&row, checks, []).await?;
        let conflicts = row.conflicts(checks, &states);
        if !conflicts.is_empty() {
            return Ok(RangeOutcome::Conflict(conflicts));
        }
        let (gone, more) = delete_portion(self.link, self.statements, row.id, prefix).await?;
        if gone.items > 0 {
            row.usage = row.usage.minus(gone);
            self.update_scope(&row).await?;
        }
        Ok(if more { RangeOutcome::More } else { RangeOutcome::Done })
    }

    /// Writes back what the scope's row counts.
    async fn update_scope(&mut self, row: &ScopeRow) -> Result<(), SqlFailure> {
        let query = Query::new(&self.statements.update_scope)
            .bind(row.id)
            .bind(signed(row.usage.items))
            .bind(signed(row.usage.bytes))
            .bind(signed(row.last_version));
        query.execute(self.link).await
    }

    /// Finds and locks the scope's row; makes it where it is wanted.
    async fn scope_row(&mut self, make: bool) -> Result<Option<ScopeRow>, SqlFailure> {
        let time_ms = self.time_ms.map(signed);
        let query = |sql| Query::new(sql).bind(self.scope.tenant()).bind(self.scope.element()).bind(time_ms);
        for _ in 0..SCOPE_ATTEMPTS {
            if let Some(row) = query(&self.statements.scope).optional_row(self.link).await? {
                return scope_row(&row).map(Some);
            }
            if !make {
                return Ok(None);
            }
            if let Some(row) = query(&self.statements.new_scope).optional_row(self.link).await? {
                return scope_row(&row).map(Some);
            }
            // Somebody else has just made it.
        }
        Err(SqlFailure::raced("a scope is made and deleted over and over"))
    }

    /// Removes some of what has expired, no more than a page of it; answers whether more may be left.
    async fn reap(&mut self, row: &mut ScopeRow, rows: usize) -> Result<bool, SqlFailure> {
        let expired = Query::new(&self.statements.expired)
            .bind(row.id)
            .bind(signed(row.time_ms))
            .bind(signed(rows as u64))
            .all(self.link)
            .await?;
        let (mut keys, mut budget) = (Vec::with_capacity(expired.len()), ResponseBudget::new());
        for entry in &expired {
            let bytes = entry.count(1)?;
            if !budget.admit(usize::try_from(bytes).unwrap_or(usize::MAX)) {
                break;
            }
            keys.push(entry.key(0)?);
            row.usage.remove(bytes);
        }
        self.delete(row, &keys).await?;
        Ok(keys.len() < expired.len() || expired.len() == rows)
    }

    /// What is there of all keys that are checked or written.
    async fn states<'k>(
        &mut self,
        row: &ScopeRow,
        checks: &'k [Check],
        written: impl IntoIterator<Item = &'k String>,
    ) -> Result<HashMap<String, KeyState>, SqlFailure> {
        let checked = checks.iter().map(|check| &check.key);
        let keys: BTreeSet<&str> = checked.chain(written).map(String::as_str).collect();
        let mut states = HashMap::with_capacity(keys.len());
        if keys.is_empty() {
            return Ok(states);
        }
        for found in Query::new(&self.statements.states).bind(row.id).keys(keys).all(self.link).await? {
            let (version, expires_at_ms, bytes) = (found.count(1)?, found.optional_count(2)?, found.count(3)?);
            let state = KeyState { version, expires_at_ms, bytes };
            states.insert(found.key(0)?, state);
        }
        Ok(states)
    }

    /// Removes rows by key.
    async fn delete<K: AsRef<str> + Sync>(&mut self, row: &ScopeRow, keys: &[K]) -> Result<(), SqlFailure> {
        for keys in keys.chunks(DELETED_AT_ONCE) {
            let query = Query::new(&self.statements.delete_keys).bind(row.id);
            query.keys(keys.iter().map(AsRef::as_ref)).execute(self.link).await?;
        }
        Ok(())
    }

    /// Writes the puts of a batch.
    async fn put(&mut self, row: &ScopeRow, batch: &Batch, first_version: u64) -> Result<(), SqlFailure> {
        let puts: Vec<(&String, &Put)> = batch
            .keys
            .iter()
            .filter_map(|(key, write)| match write {
                Write::Put(put) => Some((key, put)),
                Write::Delete => None,
            })
            .collect();
        if puts.is_empty() {
            return Ok(());
        }
        let versions = puts.iter().map(|(_, put)| signed(first_version + put.ordinal));
        let bytes = puts.iter().map(|(key, put)| signed(put.bytes(key)));
        let expiries = puts.iter().map(|(_, put)| put.expires_at_ms(row.time_ms).map(signed));
        let query = Query::new(&self.statements.upsert)
            .bind(row.id)
            .keys(puts.iter().map(|(key, _)| key.as_str()))
            .bind(versions.collect::<Vec<_>>())
            .bind(expiries.collect::<Vec<_>>())
            .bind(bytes.collect::<Vec<_>>())
            .bind(puts.iter().map(|(_, put)| i16::from(put.sealed)).collect::<Vec<_>>())
            .bind(puts.iter().map(|(_, put)| put.value.as_str()).collect::<Vec<_>>());
        query.execute(self.link).await
    }

    /// Makes a scope's entries unreachable; their rows remain for [`purge_portion`].
    pub(super) async fn delete_scope(mut self) -> Result<(), SqlFailure> {
        // The floor first, as whoever makes a scope has it: in the other order each would wait for the other.
        Query::new(&self.statements.lock_floor).execute(self.link).await?;
        let Some(row) = self.scope_row(false).await? else { return Ok(()) };
        let Statements { raise_floor, add_tombstone, delete_scope, .. } = self.statements;
        for (sql, number) in [(raise_floor, signed(row.last_version)), (add_tombstone, row.id), (delete_scope, row.id)]
        {
            Query::new(sql).bind(number).execute(self.link).await?;
        }
        Ok(())
    }
}

/// The scopes that are deleted, but whose rows are not all removed.
pub(super) async fn tombstones(link: &mut DbConnection, statements: &Statements) -> Result<Vec<i64>, SqlFailure> {
    Query::new(&statements.tombstones).all(link).await?.iter().map(|row| row.number(0)).collect()
}

/// Removes some rows of a deleted scope within a transaction; answers whether there may be more. If the process dies
/// before the end, the next to open the store goes on; several at once take turns.
pub(super) async fn purge_portion(
    link: &mut DbConnection,
    statements: &Statements,
    scope: i64,
) -> Result<bool, SqlFailure> {
    let query = |sql| Query::new(sql).bind(scope);
    if query(&statements.tombstone).optional_row(link).await?.is_none() {
        return Ok(false);
    }
    let (_, more) = delete_portion(link, statements, scope, "").await?;
    if !more {
        query(&statements.purged).execute(link).await?;
    }
    Ok(more)
}

/// Removes the first rows whose keys start with a prefix, as many as a page holds, so that others write in between;
/// answers what that was, and whether more are left. The caller keeps other writers from the scope.
async fn delete_portion(
    link: &mut DbConnection,
    statements: &Statements,
    scope: i64,
    prefix: &str,
) -> Result<(Usage, bool), SqlFailure> {
    let (mut gone, mut budget) = (Usage::default(), ResponseBudget::new());
    let mut end = prefix_end(prefix);
    let mut more = false;
    let query = |sql, end: Option<&str>| {
        let query = Query::new(sql).bind(scope).key(prefix);
        end.into_iter().fold(query, Query::key)
    };
    for row in query(statements.portion(end.is_some()), end.as_deref()).all(link).await? {
        let bytes = row.count(1)?;
        if gone.items == PAGE_ITEMS as u64 || !budget.admit(usize::try_from(bytes).unwrap_or(usize::MAX)) {
            (end, more) = (Some(row.key(0)?), true);
            break;
        }
        gone.add(bytes);
    }
    if gone.items > 0 {
        query(statements.delete_range(end.is_some()), end.as_deref()).execute(link).await?;
    }
    Ok((gone, more))
}
