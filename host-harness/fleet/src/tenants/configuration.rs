//! The configuration that stands in a declaration in the database, and its replacement by whom the operator lets
//! (`grants.configuration`). What stands around it, such as what the tenant may reach, stays the operator's.

use std::collections::BTreeSet;

use organisation_host::{
    settings::{Document, FillError, Object, Variables, text_of, wipe},
    storage::StorageError,
};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    declaration::{Described, parse, read_one},
    stored::{StoreError, StoredTenants},
};

/// A configuration as it was stored. `Debug` shows no content, since it may hold secrets; its memory is wiped when it goes.
pub struct StoredConfiguration {
    tenant: String,
    declaration: Zeroizing<String>,
    version: u64,
    configuration: Object,
    variables: BTreeSet<String>,
}

impl std::fmt::Debug for StoredConfiguration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredConfiguration").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl StoredConfiguration {
    /// The object as it is written, with `{{NAME}}` for variables.
    pub fn object(&self) -> &Object {
        &self.configuration
    }

    /// The version of the declaration that it was read from.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What a configuration becomes with the variables that the tenant was granted.
    ///
    /// # Errors
    /// See [`FillError`].
    pub fn filled(&self, configuration: &Object) -> Result<Document, FillError> {
        Document::filled(configuration.clone(), &Variables::from_environment(&self.variables)?)
    }
}

impl StoredTenants {
    /// The configuration of a tenant that may be replaced; nothing where the tenant is not stored here, its declaration names a
    /// folder, or the operator has not granted it.
    ///
    /// # Errors
    /// The storage, or the declaration is not sound.
    pub async fn configuration(&self, tenant: &str) -> Result<Option<StoredConfiguration>, StoreError> {
        let Some((declaration, version)) = self.text(tenant).await? else { return Ok(None) };
        let read = read_one(&declaration).map_err(StoreError::Unsound)?;
        let Described::Inline { configuration, .. } = read.element else { return Ok(None) };
        let (tenant, variables) = (read.name, read.variables);
        let stored = StoredConfiguration { tenant, declaration, version, configuration, variables };
        Ok(read.may_configure.then_some(stored))
    }

    /// Replaces it; `false` where somebody else has changed the declaration since it was read. Hosts take it up when they next look.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn replace_configuration(
        &self,
        former: StoredConfiguration,
        mut configuration: Object,
    ) -> Result<bool, StoreError> {
        let mut value = parse(&former.declaration).map_err(StoreError::Unsound)?;
        let place = value.pointer_mut("/element/configuration");
        let Some(place) = place else { return Err(StorageError::Other(NOT_THERE.to_owned()).into()) };
        wipe(place);
        *place = Value::Object(std::mem::take(&mut *configuration));
        let text = text_of(&value);
        wipe(&mut value);
        read_one(&text).map_err(StoreError::Unsound)?;
        Ok(self.replace(&former.tenant, former.version, &text).await?)
    }
}

/// A defect: it was read from there.
const NOT_THERE: &str = "the declaration has no configuration to replace";
