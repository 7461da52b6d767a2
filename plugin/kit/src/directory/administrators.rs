//! The members who administer the app.

use super::{id::IdRule, key};
use crate::{failure::Failure, platform::Platform, store};

/// Their ids, in the order in which they were given.
pub(crate) fn read(platform: &dyn Platform) -> Result<Vec<String>, Failure> {
    Ok(store::value(platform, key::ADMINISTRATORS)?.unwrap_or_default())
}

/// Whether a member is among them.
pub(crate) fn include(administrators: &[String], ids: IdRule, id: &str) -> bool {
    administrators.iter().any(|one| ids.is_same(one, id))
}
