//! Declarations kept in the shared database, so that every host of it serves the same tenants.
//!
//! They stand in a namespace of the host's own, which no tenant's element can name, one under each tenant's name. They are
//! sealed: a configuration that stands in a declaration may hold secrets.

use std::{sync::Arc, time::Duration};

use organisation_host::storage::{ApplyOutcome, KeptValue, Op, Scope, Storage, StorageError, check_tenant};
use zeroize::Zeroizing;

use super::{
    declaration::{Declaration, read_one},
    fields::DeclarationProblem,
};
use crate::syncs::forget;

const NAMESPACE: &str = "tenants";
const PREFIX: &str = "tenant/";

/// Why a declaration was not stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It is no sound declaration.
    #[error("the declaration is not sound: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Unsound(Vec<DeclarationProblem>),
    /// The storage did not take it.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The declarations in a database.
#[derive(Debug, Clone)]
pub struct StoredTenants(Arc<dyn Storage>);

impl StoredTenants {
    /// Those of this store, which needs a sealing key.
    pub fn new(storage: Arc<dyn Storage>) -> Self {
        Self(storage)
    }

    /// Stores a declaration, a JSON object as in a registry file, in place of the one with the same name; answers that
    /// name. Hosts take it up when they next look.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn put(&self, declaration: &str) -> Result<String, StoreError> {
        let read = read_one(declaration).map_err(StoreError::Unsound)?;
        match self.0.apply(&Scope::of_host(NAMESPACE)?, vec![Op::put(key(&read.name), declaration).sealed()]).await? {
            ApplyOutcome::Applied(_) | ApplyOutcome::Conflict(_) => Ok(read.name),
        }
    }

    /// Forgets a tenant's declaration, and the lease of its periodic sync; what its element has stored stays. Whether there
    /// was one.
    ///
    /// # Errors
    /// The storage; the name is none of a tenant.
    pub async fn remove(&self, name: &str) -> Result<bool, StorageError> {
        check_tenant(name)?;
        let was_there = self.contains(name).await?;
        // Before the lease: who then finds it free finds the declaration gone.
        self.0.apply(&Scope::of_host(NAMESPACE)?, vec![Op::delete(key(name))]).await?;
        forget(&*self.0, name).await?;
        Ok(was_there)
    }

    /// Whether there is a declaration of this name, sound or not, and whether or not it can be opened.
    pub(super) async fn contains(&self, name: &str) -> Result<bool, StorageError> {
        // Without time to wait this looks once, at the version only.
        self.0.wait(&Scope::of_host(NAMESPACE)?, &key(name), None, Duration::ZERO).await
    }

    /// One declaration, read.
    pub(super) async fn one(
        &self,
        name: &str,
    ) -> Result<Option<Result<Declaration, Vec<DeclarationProblem>>>, StorageError> {
        Ok(self.text(name).await?.map(|(text, _)| read_one(&text)))
    }

    /// One declaration as it was stored, and its version.
    pub(super) async fn text(&self, name: &str) -> Result<Option<(Zeroizing<String>, u64)>, StorageError> {
        let found = self.0.get_many(&Scope::of_host(NAMESPACE)?, &[key(name)]).await?;
        Ok(found.into_iter().flatten().next().map(|entry| (Zeroizing::new(entry.value), entry.version)))
    }

    /// Puts a declaration in place of the one of this version; `false` where that is gone.
    pub(super) async fn replace(&self, name: &str, version: u64, declaration: &str) -> Result<bool, StorageError> {
        let ops = vec![Op::check_version(key(name), version), Op::put(key(name), declaration).sealed()];
        Ok(matches!(self.0.apply(&Scope::of_host(NAMESPACE)?, ops).await?, ApplyOutcome::Applied(_)))
    }

    /// All declarations as they were stored at this moment, by name; or why one cannot be opened, such as that it was sealed
    /// with another key. They may hold secrets and are wiped from memory when they go.
    ///
    /// # Errors
    /// The storage as a whole.
    pub async fn list(&self) -> Result<Vec<(String, Result<Zeroizing<String>, StorageError>)>, StorageError> {
        // A scan fails as a whole where one value cannot be opened.
        let mut snapshot = self.0.snapshot(&Scope::of_host(NAMESPACE)?).await?;
        let mut all = Vec::new();
        loop {
            let page = snapshot.next().await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page.into_iter().filter_map(|kept| {
                let name = kept.key.strip_prefix(PREFIX)?.to_owned();
                let text = match kept.value {
                    KeptValue::Plain(text) => Ok(text),
                    KeptValue::Sealed(opened) => opened,
                };
                Some((name, text.map(Zeroizing::new)))
            }));
        }
    }

    /// All declarations, read; what cannot be opened or read is a problem of that tenant alone.
    pub(super) async fn read(&self) -> Result<Vec<Result<Declaration, (String, String)>>, StorageError> {
        let read = |(name, text): (String, Result<Zeroizing<String>, StorageError>)| {
            let text = match text {
                Ok(text) => text,
                Err(error) => return Err((name, format!("its declaration cannot be opened: {error}"))),
            };
            match read_one(&text) {
                Ok(declaration) if declaration.name == name => Ok(declaration),
                Ok(declaration) => Err((name, format!("its declaration is that of {:?}", declaration.name))),
                Err(problems) => Err((name, problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))),
            }
        };
        Ok(self.list().await?.into_iter().map(read).collect())
    }
}

fn key(tenant: &str) -> String {
    format!("{PREFIX}{tenant}")
}
