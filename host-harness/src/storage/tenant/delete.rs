//! Removing a tenant.

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

/// Removes everything the store holds of a tenant's elements, the tenant's name included. What a host keeps of the tenant
/// itself goes with [`StoredTenants::remove`](crate::tenants::StoredTenants::remove).
///
/// In SQLite the bytes are overwritten in the file and its log. In PostgreSQL no statement finds them any more; the server
/// clears its own files in time (`VACUUM FULL` at once), and its archived logs and backups are the operator's.
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
