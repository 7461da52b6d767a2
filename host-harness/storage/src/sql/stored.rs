//! An entry as it lies in a table.

use super::super::batch::{Batch, Write};
use super::super::{Kept, KeptValue, Scope, SealingKey, StorageError, StoredEntry};

/// An entry as it lies in the table.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) key: String,
    pub(super) version: u64,
    pub(super) expires_at_ms: Option<u64>,
    /// Of the key and the plain value; what counts against limits.
    pub(super) bytes: usize,
    pub(super) sealed: bool,
    /// Plain or sealed.
    pub(super) value: String,
}

impl Stored {
    /// Opens the value where it is sealed.
    pub(super) fn open(self, scope: &Scope, sealing_key: Option<&SealingKey>) -> Kept {
        let Self { key, expires_at_ms, sealed, value, .. } = self;
        let value = match (sealed, sealing_key) {
            (false, _) => KeptValue::Plain(value),
            (true, Some(sealing_key)) => KeptValue::Sealed(sealing_key.open(scope, &key, &value)),
            (true, None) => KeptValue::Sealed(Err(StorageError::Other(
                "a sealed value cannot be read: this store was opened without a sealing key; configure the key it was \
                 written with"
                    .into(),
            ))),
        };
        Kept { key, value, expires_at_ms }
    }

    /// The entry with its plain value.
    pub(super) fn unsealed(self, scope: &Scope, sealing_key: Option<&SealingKey>) -> Result<StoredEntry, StorageError> {
        let Self { version, expires_at_ms, .. } = self;
        let Kept { key, value, .. } = self.open(scope, sealing_key);
        let value = match value {
            KeptValue::Plain(value) => value,
            KeptValue::Sealed(value) => value?,
        };
        Ok(StoredEntry { key, value, version, expires_at_ms })
    }
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
