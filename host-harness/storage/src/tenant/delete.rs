//! Removing a tenant.

use std::time::Duration;

use super::super::scope::check_is_no_host;
use super::super::{Storage, StorageError};

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deleted {
    /// Elements.
    pub scopes: u64,
    /// Entries that had not expired.
    pub entries: u64,
}

/// How often what somebody goes on writing is deleted again.
const ROUNDS: u32 = 3;
/// How often somebody looks once more, and after what time.
const LATE_ROUNDS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// Removes everything the store holds of a tenant's elements, the tenant's name included. What a host keeps of the
/// tenant itself goes with the `StoredTenants` of `organisation-fleet`.
///
/// In SQLite the bytes are overwritten in the file and its log. In PostgreSQL no statement finds them any more; the
/// server clears its own files in time (`VACUUM FULL` at once), and its archived logs and backups are the operator's.
///
/// # Errors
/// The store's. After one the tenant may be deleted in part; the same call goes on. Unavailable too when somebody keeps
/// writing to the tenant: stop its calls first. Invalid for the tenants that are the host's own.
pub async fn delete(storage: &dyn Storage, tenant: &str) -> Result<Deleted, StorageError> {
    check_is_no_host(tenant)?;
    let mut deleted = Deleted::default();
    for _ in 0..ROUNDS {
        let scopes = storage.scopes(tenant).await?;
        if scopes.is_empty() {
            if deleted.scopes == 0 {
                // An earlier call may have failed after the names were gone, and before the rest was.
                storage.clear_deleted().await?;
            }
            return Ok(deleted);
        }
        for scope in scopes {
            deleted.scopes += 1;
            deleted.entries += storage.usage(&scope).await?.items;
            storage.delete_scope(&scope).await?;
        }
    }
    match storage.scopes(tenant).await?.is_empty() {
        true => Ok(deleted),
        false => {
            Err(StorageError::unavailable("somebody keeps writing to the tenant: stop its calls and delete once more"))
        }
    }
}

/// Removes what has been written since a tenant was [deleted](delete): looks three times, within less than a second.
/// Hosts that do not know yet that the tenant is gone may write for longer than that; then it is for the caller to
/// delete once more when they do.
///
/// # Errors
/// As of [`delete`].
pub async fn delete_what_comes_back(storage: &dyn Storage, tenant: &str) -> Result<Deleted, StorageError> {
    let mut all = Deleted::default();
    for _ in 0..LATE_ROUNDS {
        tokio::time::sleep(PAUSE).await;
        let Deleted { scopes, entries } = delete(storage, tenant).await?;
        all.scopes += scopes;
        all.entries += entries;
    }
    Ok(all)
}
