//! Writes: what happens within the transaction of an `apply`, and the removal of a scope.
//!
//! The row of the scope counts what the scope holds and gives out versions, so a quota costs no counting, and it makes the
//! writers of one scope queue: each begins by locking that row, and sees what those before it left.

use std::collections::{BTreeSet, HashMap};

use super::super::batch::{Batch, Put, Write, prefix_end};
use super::super::{ApplyOutcome, Quota, Scope, SealingKey, StorageError, Usage};
use super::dialect::Dialect;
use super::failure::SqlFailure;
use super::query::{Query, Row, signed};
use super::read::padded;
use super::statements::Statements;

/// How many expired rows one `apply` removes in passing.
const REAP_ROWS: i64 = 200;

/// How many rows of a deleted scope go in one transaction: others write in between.
const PURGE_ROWS: i64 = 2_000;

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
    fn new<D: Dialect>(row: &Row<D>) -> Result<Self, SqlFailure> {
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

/// Seals the values that are to be sealed.
pub(super) fn seal(batch: &mut Batch, scope: &Scope, sealing_key: Option<&SealingKey>) -> Result<(), StorageError> {
    for (key, write) in &mut batch.keys {
        if let Write::Put(put) = write
            && put.sealed
        {
            let Some(sealing_key) = sealing_key else {
                return Err(StorageError::Other(
                    "a value is to be sealed, but this store was opened without a sealing key: configure one".into(),
                ));
            };
            put.value = sealing_key.seal(scope, key, &put.value)?;
        }
    }
    Ok(())
}

/// A transaction that writes to a scope.
pub(super) struct Writing<'a, D: Dialect> {
    pub(super) connection: &'a mut D::Connection,
    pub(super) statements: &'a Statements,
    pub(super) scope: &'a Scope,
    /// `None` = that of the database's clock.
    pub(super) time_ms: Option<u64>,
}

impl<D: Dialect> Writing<'_, D> {
    /// Carries out a batch. On a conflict or an error the caller rolls back.
    pub(super) async fn carry_out(mut self, batch: &Batch, quota: &Quota) -> Result<ApplyOutcome, SqlFailure> {
        let Some(mut row) = self.scope_row(batch.puts > 0).await? else {
            // Nothing is there, and nothing is to be put: only checks can make a difference.
            return Ok(match batch.conflicts(|_| None) {
                conflicts if conflicts.is_empty() => ApplyOutcome::Applied(Vec::new()),
                conflicts => ApplyOutcome::Conflict(conflicts),
            });
        };
        let (usage_before, version_before) = (row.usage, row.last_version);
        // What has expired does not count. Where that might decide, all of it goes; else some, in passing.
        let reap_all = !quota.covers(row.usage.plus(batch.adds()));
        while self.reap(&mut row).await? && reap_all {}

        let states = self.states(&row, batch).await?;
        let conflicts =
            batch.conflicts(|key| states.get(key).filter(|state| !state.expired).map(|state| state.version));
        if !conflicts.is_empty() {
            return Ok(ApplyOutcome::Conflict(conflicts));
        }
        let usage_reaped = row.usage;
        for prefix in &batch.prefixes {
            let gone = self.delete_prefix(&row, prefix).await?;
            row.usage = row.usage.minus(gone);
        }
        // What lay below a prefix is counted already.
        let replaced = batch.keys.keys().filter(|key| !batch.covers(key)).filter_map(|key| states.get(key.as_str()));
        replaced.for_each(|state| row.usage.remove(state.bytes));
        row.usage = row.usage.plus(batch.adds());
        quota.admit(usage_reaped, row.usage)?;
        self.delete_keys(&row, batch, &states).await?;
        drop(states);
        self.put(&row, batch).await?;

        let first_version = row.last_version + 1;
        row.last_version += batch.puts;
        if (row.usage, row.last_version) != (usage_before, version_before) {
            Query::<D>::new(&self.statements.update_scope)
                .number(row.id)
                .number(signed(row.usage.items))
                .number(signed(row.usage.bytes))
                .number(signed(row.last_version))
                .execute(self.connection)
                .await?;
        }
        Ok(ApplyOutcome::Applied((first_version..first_version + batch.puts).collect()))
    }

    /// Finds and locks the scope's row; makes it where it is wanted.
    async fn scope_row(&mut self, make: bool) -> Result<Option<ScopeRow>, SqlFailure> {
        let time_ms = self.time_ms.map(signed);
        let query = |sql| Query::<D>::new(sql).text(self.scope.tenant()).text(self.scope.element()).optional(time_ms);
        for _ in 0..LOOKS {
            if let Some(row) = query(&self.statements.scope).optional_row(self.connection).await? {
                return ScopeRow::new(&row).map(Some);
            }
            if !make {
                return Ok(None);
            }
            if let Some(row) = query(&self.statements.new_scope).optional_row(self.connection).await? {
                return ScopeRow::new(&row).map(Some);
            }
            // Somebody else has just made it.
        }
        Err(SqlFailure::raced("a scope is made and deleted over and over"))
    }

    /// Removes some of what has expired; answers whether more may be left.
    async fn reap(&mut self, row: &mut ScopeRow) -> Result<bool, SqlFailure> {
        let expired = Query::<D>::new(&self.statements.expired)
            .number(row.id)
            .number(signed(row.time_ms))
            .number(REAP_ROWS)
            .all(self.connection)
            .await?;
        let mut keys = Vec::with_capacity(expired.len());
        for entry in &expired {
            keys.push(entry.key(0)?);
            row.usage.remove(entry.count(1)?);
        }
        self.delete(row, &keys).await?;
        Ok(keys.len() as i64 == REAP_ROWS)
    }

    /// What is there of all keys that a batch checks or writes.
    async fn states(&mut self, row: &ScopeRow, batch: &Batch) -> Result<HashMap<String, State>, SqlFailure> {
        let checked = batch.checks.iter().map(|(key, _)| key.as_str());
        let keys: BTreeSet<&str> = checked.chain(batch.keys.keys().map(String::as_str)).collect();
        let keys: Vec<&str> = keys.into_iter().collect();
        let mut states = HashMap::new();
        let mut left = keys.as_slice();
        while !left.is_empty() {
            let (size, sql) = self.statements.states.covering(left.len());
            let (chunk, rest) = left.split_at(size.min(left.len()));
            left = rest;
            let query = padded(chunk, size).fold(Query::<D>::new(sql).number(row.id), |query, key| query.key(key));
            for found in query.all(self.connection).await? {
                let expired = found.optional_count(2)?.is_some_and(|at| at <= row.time_ms);
                let state = State { version: found.count(1)?, expired, bytes: found.count(3)? };
                states.insert(found.key(0)?, state);
            }
        }
        Ok(states)
    }

    /// Removes what starts with a prefix; answers what that was.
    async fn delete_prefix(&mut self, row: &ScopeRow, prefix: &str) -> Result<Usage, SqlFailure> {
        let end = prefix_end(prefix);
        let query = |sql| {
            let query = Query::<D>::new(sql).number(row.id).key(prefix);
            match &end {
                Some(end) => query.key(end),
                None => query,
            }
        };
        let counted = query(self.statements.count_range(end.is_some())).row(self.connection).await?;
        let gone = Usage { items: counted.count(0)?, bytes: counted.count(1)? };
        if gone.items > 0 {
            query(self.statements.delete_range(end.is_some())).execute(self.connection).await?;
        }
        Ok(gone)
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
        let mut left = keys;
        while !left.is_empty() {
            let (size, sql) = self.statements.delete_keys.covering(left.len());
            let (chunk, rest) = left.split_at(size.min(left.len()));
            left = rest;
            let query =
                padded(chunk, size).fold(Query::<D>::new(sql).number(row.id), |query, key| query.key(key.as_ref()));
            query.execute(self.connection).await?;
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
        let mut left = puts.as_slice();
        while !left.is_empty() {
            let (size, sql) = self.statements.upsert.filled_by(left.len());
            let (chunk, rest) = left.split_at(size);
            left = rest;
            let query = chunk.iter().fold(Query::<D>::new(sql).number(row.id), |query, (key, put)| {
                query
                    .key(key)
                    .number(signed(row.last_version + 1 + put.ordinal))
                    .optional(put.expires_at_ms(row.time_ms).map(signed))
                    .number(signed(put.bytes(key)))
                    .number(i64::from(put.sealed))
                    .text(&put.value)
            });
            query.execute(self.connection).await?;
        }
        Ok(())
    }

    /// Makes a scope's entries unreachable; their rows remain for [`purge_portion`].
    pub(super) async fn delete_scope(mut self) -> Result<(), SqlFailure> {
        let Some(row) = self.scope_row(false).await? else { return Ok(()) };
        let Statements { raise_floor, add_tombstone, delete_scope, .. } = self.statements;
        for (sql, number) in [(raise_floor, signed(row.last_version)), (add_tombstone, row.id), (delete_scope, row.id)]
        {
            Query::<D>::new(sql).number(number).execute(self.connection).await?;
        }
        Ok(())
    }
}

/// The scopes that are deleted, but whose rows are not all removed.
pub(super) async fn tombstones<D: Dialect>(
    connection: &mut D::Connection,
    statements: &Statements,
) -> Result<Vec<i64>, SqlFailure> {
    Query::<D>::new(&statements.tombstones).all(connection).await?.iter().map(|row| row.number(0)).collect()
}

/// Removes some rows of a deleted scope within a transaction; answers whether there may be more. If the process dies before
/// the end, the next to open the store goes on; several at once take turns.
pub(super) async fn purge_portion<D: Dialect>(
    connection: &mut D::Connection,
    statements: &Statements,
    scope: i64,
) -> Result<bool, SqlFailure> {
    let query = |sql| Query::<D>::new(sql).number(scope);
    if query(&statements.tombstone).optional_row(connection).await?.is_none() {
        return Ok(false);
    }
    let end = query(&statements.key_after).number(PURGE_ROWS).optional_row(connection).await?;
    let end = end.map(|row| row.key(0)).transpose()?;
    let portion = query(statements.delete_range(end.is_some())).key("");
    match &end {
        Some(end) => portion.key(end).execute(connection).await?,
        None => {
            portion.execute(connection).await?;
            query(&statements.purged).execute(connection).await?
        }
    };
    Ok(end.is_some())
}
