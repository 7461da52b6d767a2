//! All entries of an element, in one value of the bucket.
//!
//! `wasi:keyvalue` 0.2.0-draft, which wasmtime has, writes one key wholly or not at all and has no compare-and-swap. So an
//! `apply` is one `set`, which a death cannot cut in two; but whoever wrote between its `get` and its `set` is overwritten.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{bucket, generated::wasi::keyvalue::store::Error};

const KEY: &str = "element";

/// What stands under a key of the element.
#[derive(Serialize, Deserialize)]
pub(crate) struct Held {
    /// In clear, also where it was to be sealed: a key for it would stand beside it, in the configuration.
    pub(crate) value: String,
    pub(crate) version: u64,
    /// By the clock of whoever wrote it.
    pub(crate) expires: Option<u64>,
}

/// The entries that are present, in key order.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Entries(BTreeMap<String, Held>);

impl Entries {
    /// As the bucket has them now.
    pub(crate) fn read() -> Result<Self, Error> {
        let Some(value) = bucket::get(KEY)? else { return Ok(Self::default()) };
        let mut read: Self = serde_json::from_slice(&value).map_err(|error| Error::Other(error.to_string()))?;
        let now = bucket::now();
        read.0.retain(|_, held| held.expires.is_none_or(|expires| expires > now));
        Ok(read)
    }

    /// Takes the place of what the bucket has, whatever that is by now.
    pub(crate) fn write(&self) -> Result<(), Error> {
        let value = serde_json::to_vec(self).map_err(|error| Error::Other(error.to_string()))?;
        bucket::set(KEY, &value)
    }

    /// The map itself.
    pub(crate) fn map(&self) -> &BTreeMap<String, Held> {
        &self.0
    }

    /// The map itself, to be changed.
    pub(crate) fn map_mut(&mut self) -> &mut BTreeMap<String, Held> {
        &mut self.0
    }
}
