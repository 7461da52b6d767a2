//! Writes: what happens within the transaction of an `apply`, and the removal of a scope.
//!
//! The row of the scope counts what the scope holds and gives out versions, so a quota costs no counting, and on a database
//! with several writers that row is what makes the writers of one scope queue.

use std::collections::{BTreeSet, HashMap};

use sqlx::{SqliteConnection, SqlitePool};

use super::super::batch::{Batch, Write, prefix_end};
use super::super::{Outcome, Quota, Scope, SealingKey, StorageError, Usage};
use super::failure::{failed, signed, unsigned};
use super::read::padded;
use super::statements;

/// How many expired rows one `apply` removes in passing.
const REAP_ROWS: i64 = 200;

/// How many rows of a deleted scope go in one transaction: others write in between.
const PURGE_ROWS: i64 = 2_000;

/// The row of a scope.
struct ScopeRow {
    id: i64,
    /// Counts rows, also those that have expired and are not yet reaped.
    usage: Usage,
    last_version: u64,
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

/// Carries out a batch within a transaction. On a conflict or an error the caller rolls back.
pub(super) async fn carry_out(
    connection: &mut SqliteConnection,
    scope: &Scope,
    batch: &mut Batch,
    quota: &Quota,
    now_ms: u64,
) -> Result<Outcome, StorageError> {
    let Some(mut row) = scope_row(connection, scope, batch.puts > 0).await? else {
        // Nothing is there, and nothing is to be put: only checks can make a difference.
        return Ok(match batch.conflicts(|_| None) {
            conflicts if conflicts.is_empty() => Outcome::Applied(Vec::new()),
            conflicts => Outcome::Conflict(conflicts),
        });
    };
    let (usage_before, version_before) = (row.usage, row.last_version);
    // What has expired does not count. Where that might decide, all of it goes; else some, in passing.
    let reap_all = !quota.covers(row.usage.plus(batch.adds()));
    while reap(connection, &mut row, now_ms).await? && reap_all {}

    let states = states(connection, row.id, batch, now_ms).await?;
    let conflicts = batch.conflicts(|key| states.get(key).filter(|state| !state.expired).map(|state| state.version));
    if !conflicts.is_empty() {
        return Ok(Outcome::Conflict(conflicts));
    }
    let usage_reaped = row.usage;
    for prefix in &batch.prefixes {
        let gone = delete_prefix(connection, row.id, prefix).await?;
        row.usage = row.usage.minus(gone);
    }
    // What lay below a prefix is counted already.
    let replaced = batch.keys.keys().filter(|key| !batch.covers(key)).filter_map(|key| states.get(key.as_str()));
    replaced.for_each(|state| row.usage.remove(state.bytes));
    row.usage = row.usage.plus(batch.adds());
    quota.admit(usage_reaped, row.usage)?;
    delete_keys(connection, row.id, batch, &states).await?;
    drop(states);
    put(connection, &row, batch, now_ms).await?;

    let first_version = row.last_version + 1;
    row.last_version += batch.puts;
    if (row.usage, row.last_version) != (usage_before, version_before) {
        sqlx::query(statements::UPDATE_SCOPE)
            .bind(row.id)
            .bind(signed(row.usage.items))
            .bind(signed(row.usage.bytes))
            .bind(signed(row.last_version))
            .execute(connection)
            .await
            .map_err(failed)?;
    }
    Ok(Outcome::Applied((first_version..first_version + batch.puts).collect()))
}

async fn scope_row(
    connection: &mut SqliteConnection,
    scope: &Scope,
    make: bool,
) -> Result<Option<ScopeRow>, StorageError> {
    type Columns = (i64, i64, i64, i64);
    let found = |sql| sqlx::query_as::<_, Columns>(sql).bind(scope.tenant()).bind(scope.element());
    let mut columns = found(statements::SCOPE).fetch_optional(&mut *connection).await.map_err(failed)?;
    if columns.is_none() && make {
        columns = Some(found(statements::NEW_SCOPE).fetch_one(connection).await.map_err(failed)?);
    }
    let Some((id, items, bytes, last_version)) = columns else { return Ok(None) };
    let usage = Usage { items: unsigned(items)?, bytes: unsigned(bytes)? };
    Ok(Some(ScopeRow { id, usage, last_version: unsigned(last_version)? }))
}

/// Removes some of what has expired; answers whether more may be left.
async fn reap(connection: &mut SqliteConnection, row: &mut ScopeRow, now_ms: u64) -> Result<bool, StorageError> {
    let reaped: Vec<i64> = sqlx::query_scalar(statements::REAP)
        .bind(row.id)
        .bind(signed(now_ms))
        .bind(REAP_ROWS)
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    for bytes in &reaped {
        row.usage.remove(unsigned(*bytes)?);
    }
    Ok(reaped.len() as i64 == REAP_ROWS)
}

/// What is there of all keys that a batch checks or writes.
async fn states(
    connection: &mut SqliteConnection,
    scope: i64,
    batch: &Batch,
    now_ms: u64,
) -> Result<HashMap<String, State>, StorageError> {
    let keys: BTreeSet<&str> =
        batch.checks.iter().map(|(key, _)| key.as_str()).chain(batch.keys.keys().map(String::as_str)).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    let mut states = HashMap::new();
    let mut left = keys.as_slice();
    while !left.is_empty() {
        let (size, sql) = statements::STATES.covering(left.len());
        let (chunk, rest) = left.split_at(size.min(left.len()));
        left = rest;
        let mut query = sqlx::query_as::<_, (String, i64, Option<i64>, i64)>(sql).bind(scope);
        for key in padded(chunk, size) {
            query = query.bind(*key);
        }
        for (key, version, expires_at_ms, bytes) in query.fetch_all(&mut *connection).await.map_err(failed)? {
            let expired = expires_at_ms.is_some_and(|at| at <= signed(now_ms));
            states.insert(key, State { version: unsigned(version)?, expired, bytes: unsigned(bytes)? });
        }
    }
    Ok(states)
}

/// Removes what starts with a prefix; answers what that was.
async fn delete_prefix(connection: &mut SqliteConnection, scope: i64, prefix: &str) -> Result<Usage, StorageError> {
    let end = prefix_end(prefix);
    let mut count = sqlx::query_as::<_, (i64, i64)>(statements::count_range(end.is_some())).bind(scope).bind(prefix);
    let mut delete = sqlx::query(statements::delete_range(end.is_some())).bind(scope).bind(prefix);
    if let Some(end) = &end {
        count = count.bind(end.as_str());
        delete = delete.bind(end.as_str());
    }
    let (items, bytes) = count.fetch_one(&mut *connection).await.map_err(failed)?;
    if items > 0 {
        delete.execute(connection).await.map_err(failed)?;
    }
    Ok(Usage { items: unsigned(items)?, bytes: unsigned(bytes)? })
}

/// Removes the single keys of a batch that are there.
async fn delete_keys(
    connection: &mut SqliteConnection,
    scope: i64,
    batch: &Batch,
    states: &HashMap<String, State>,
) -> Result<(), StorageError> {
    let deletes = batch.keys.iter().filter(|(_, write)| matches!(write, Write::Delete)).map(|(key, _)| key.as_str());
    let keys: Vec<&str> = deletes.filter(|key| states.contains_key(*key)).collect();
    let mut left = keys.as_slice();
    while !left.is_empty() {
        let (size, sql) = statements::DELETE_KEYS.covering(left.len());
        let (chunk, rest) = left.split_at(size.min(left.len()));
        left = rest;
        let mut query = sqlx::query(sql).bind(scope);
        for key in padded(chunk, size) {
            query = query.bind(*key);
        }
        query.execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

/// Writes the puts of a batch.
async fn put(
    connection: &mut SqliteConnection,
    row: &ScopeRow,
    batch: &mut Batch,
    now_ms: u64,
) -> Result<(), StorageError> {
    let mut left = batch.keys.values().filter(|write| matches!(write, Write::Put(_))).count();
    let mut puts = batch.keys.iter_mut().filter_map(|(key, write)| match write {
        Write::Put(put) => Some((key, put)),
        Write::Delete => None,
    });
    while left > 0 {
        let (size, sql) = statements::UPSERT.filled_by(left);
        left -= size;
        let mut query = sqlx::query(sql).bind(row.id);
        for (key, put) in puts.by_ref().take(size) {
            query = query
                .bind(key.as_str())
                .bind(signed(row.last_version + 1 + put.ordinal))
                .bind(put.expires_at_ms(now_ms).map(signed))
                .bind(signed(put.bytes(key)))
                .bind(i64::from(put.sealed))
                // The batch needs its keys once more, to wake waiters, but not its values.
                .bind(std::mem::take(&mut put.value));
        }
        query.execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

/// Makes a scope's entries unreachable within a transaction; their rows remain for [`purge_deleted_scopes`].
pub(super) async fn delete_scope(connection: &mut SqliteConnection, scope: &Scope) -> Result<(), StorageError> {
    let Some(row) = scope_row(connection, scope, false).await? else { return Ok(()) };
    let last_version = signed(row.last_version);
    for (sql, number) in
        [(statements::RAISE_FLOOR, last_version), (statements::DOOM_SCOPE, row.id), (statements::DELETE_SCOPE, row.id)]
    {
        sqlx::query(sql).bind(number).execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

/// Removes the rows of all deleted scopes in portions. If the process dies before the end, the next to open the file goes
/// on.
pub(super) async fn purge_deleted_scopes(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    for scope in sqlx::query_scalar::<_, i64>(statements::DOOMED_SCOPES).fetch_all(writer).await? {
        loop {
            let gone = sqlx::query(statements::PURGE).bind(scope).bind(PURGE_ROWS).execute(writer).await?;
            if gone.rows_affected() < PURGE_ROWS.unsigned_abs() {
                break;
            }
        }
        sqlx::query(statements::PURGED).bind(scope).execute(writer).await?;
    }
    Ok(())
}
