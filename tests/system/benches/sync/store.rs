//! The stores that a sync is measured on.

use std::sync::Arc;

use organisation_host::storage::{self, MemoryStorage, Options, SealingKey, Storage};
use tempfile::TempDir;

use crate::Outcome;

/// Where a tenant's element writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// In memory.
    Memory,
    /// In a SQLite file, in a folder that goes with the tenant.
    Sqlite,
    /// In an empty database of a PostgreSQL server that runs on the same processors, and is gone with the program.
    Postgres,
}

/// Every store.
pub const ALL: [Store; 3] = [Store::Memory, Store::Sqlite, Store::Postgres];

impl Store {
    /// Its name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }

    /// An empty one on real time, and the folder that it lies in.
    pub async fn open(self) -> Outcome<(Arc<dyn Storage>, Option<TempDir>)> {
        let options = Options::default().sealing_key(Some(SealingKey::new([7; 32])));
        Ok(match self {
            Self::Memory => (Arc::new(MemoryStorage::new(options)), None),
            Self::Sqlite => {
                let folder = tempfile::tempdir()?;
                let file = folder.path().join("organisation.sqlite");
                (storage::open(&format!("sqlite:{}", file.display()), options).await?, Some(folder))
            }
            Self::Postgres => {
                let address = postgres_for_tests::database().ok_or("PostgreSQL's programs are not on this machine")?;
                (storage::open(&address, options).await?, None)
            }
        })
    }
}
