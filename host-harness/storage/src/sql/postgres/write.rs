//! Writes: what happens within the transaction of an `apply` or a `delete_range`, and the removal of a scope.
//!
//! The row of the scope counts what the scope holds and gives out versions, so a quota costs no counting, and it makes the
//! writers of one scope queue: each begins by locking that row, and sees what those before it left.

use std::collections::{BTreeSet, HashMap};

use super::super::super::batch::{Batch, Put, Write, prefix_end};
use super::super::super::limits::ResponseBudget;
use super::super::super::{ApplyOutcome, Check, PAGE_ITEMS, Quota, RangeOutcome, Scope, Usage};
use super::super::failure::SqlFailure;
use super::super::{Attempt, REAP_ROWS, signed};
use super::connections::DbConnection;
use super::query::{Query, Row};
use super::statements::{DELETED_AT_ONCE, Statements};

/// How often a scope's row is looked for that others make and delete at the same time.
const LOOKS: u32 = 5;

/// The row of a scope.
struct ScopeRow {
    id: i64,
    /// Counts rows, also those that have expired and are not yet reaped.
    usage: Usage,
    last_version: u64,
    /// What time it is, for everything that happens in this transaction.
    time_ms: u64,
}

impl ScopeRow {
    fn new(row: &Row) -> Result<Self, SqlFailure> {
        let usage = Usage { items: row.count(1)?, bytes: row.count(2)? };
        Ok(Self { id: row.number(0)?, usage, last_version: row.count(3)?, time_ms: row.count(4)? })
    }
}

/// What a write must know of a key's row.
struct State {
    version: u64,
    expired: bool,
    bytes: u64,
}

/// The version of a key, if it is present.
fn version(states: &HashMap<String, State>, key: &str) -> Option<u64> {
    states.get(key).filter(|state| !state.expired).map(|state| state.version)
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
            // Nothing is there, and nothing is to be put: only checks can make a difference.
            return Ok(Attempt::Ended(match Check::conflicts(&batch.checks, |_| None) {
                conflicts if conflicts.is_empty() => ApplyOutcome::Applied(Vec::new()),
                conflicts => ApplyOutcome::Conflict(conflicts),
            }));
        };
        let (usage_before, version_before) = (row.usage, row.last_version);
        // What has expired does not count. Where that might decide, as much goes as it takes, in transactions of their own: a
        // tenant near its quota gets on however much there is, and nobody waits for all of it. Else some goes in passing.
        let has_room = |row: &ScopeRow| quota.covers(row.usage.plus(batch.adds()));
        let rows = if has_room(&row) { REAP_ROWS } else { PAGE_ITEMS };
        if self.reap(&mut row, rows).await? && !has_room(&row) {
            self.update_scope(&row).await?;
            return Ok(Attempt::Reaped);
        }

        let states = self.states(&row, &batch.checks, batch.keys.keys()).await?;
        let conflicts = Check::conflicts(&batch.checks, |key| version(&states, key));
        if !conflicts.is_empty() {
            return Ok(Attempt::Ended(ApplyOutcome::Conflict(conflicts)));
        }
        let usage_reaped = row.usage;
        let replaced = batch.keys.keys().filter_map(|key| states.get(key.as_str()));
        replaced.for_each(|state| row.usage.remove(state.bytes));
        row.usage = row.usage.plus(batch.adds());
        quota.admit(usage_reaped, row.usage)?;
        self.delete_keys(&row, batch, &states).await?;
        drop(states);
        self.put(&row, batch).await?;

        let first_version = row.last_version + 1;
        row.last_version += batch.puts;
        if (row.usage, row.last_version) != (usage_before, version_before) {
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
        let conflicts = Check::conflicts(checks, |key| version(&states, key));
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
        for _ in 0..LOOKS {
            if let Some(row) = query(&self.statements.scope).optional_row(self.link).await? {
                return ScopeRow::new(&row).map(Some);
            }
            if !make {
                return Ok(None);
            }
            if let Some(row) = query(&self.statements.new_scope).optional_row(self.link).await? {
                return ScopeRow::new(&row).map(Some);
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
    ) -> Result<HashMap<String, State>, SqlFailure> {
        let checked = checks.iter().map(|check| &check.key);
        let keys: BTreeSet<&str> = checked.chain(written).map(String::as_str).collect();
        let mut states = HashMap::with_capacity(keys.len());
        if keys.is_empty() {
            return Ok(states);
        }
        for found in Query::new(&self.statements.states).bind(row.id).keys(keys).all(self.link).await? {
            let expired = found.optional_count(2)?.is_some_and(|at| at <= row.time_ms);
            let state = State { version: found.count(1)?, expired, bytes: found.count(3)? };
            states.insert(found.key(0)?, state);
        }
        Ok(states)
    }

    /// Removes the single keys of a batch that are there.
    async fn delete_keys(
        &mut self,
        row: &ScopeRow,
        batch: &Batch,
        states: &HashMap<String, State>,
    ) -> Result<(), SqlFailure> {
        let deletes =
            batch.keys.iter().filter(|(_, write)| matches!(write, Write::Delete)).map(|(key, _)| key.as_str());
        let keys: Vec<&str> = deletes.filter(|key| states.contains_key(*key)).collect();
        self.delete(row, &keys).await
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
    async fn put(&mut self, row: &ScopeRow, batch: &Batch) -> Result<(), SqlFailure> {
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
        let numbers = |number: fn(&ScopeRow, &str, &Put) -> u64| {
            puts.iter().map(|(key, put)| signed(number(row, key, put))).collect::<Vec<_>>()
        };
        let expiries = puts.iter().map(|(_, put)| put.expires_at_ms(row.time_ms).map(signed));
        let query = Query::new(&self.statements.upsert)
            .bind(row.id)
            .keys(puts.iter().map(|(key, _)| key.as_str()))
            .bind(numbers(|row, _, put| row.last_version + 1 + put.ordinal))
            .bind(expiries.collect::<Vec<_>>())
            .bind(numbers(|_, key, put| put.bytes(key)))
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

/// Removes some rows of a deleted scope within a transaction; answers whether there may be more. If the process dies before
/// the end, the next to open the store goes on; several at once take turns.
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

/// Removes the first rows whose keys start with a prefix, as many as a page holds, so that others write in between; answers
/// what that was, and whether more are left. The caller keeps other writers from the scope.
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
