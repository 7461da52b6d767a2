//! The application roles of members. Stored apart from them, so that no sync can touch them.

use serde::{Deserialize, Serialize};

use super::{id::IdRule, key};
use crate::{failure::Failure, platform::Platform, store};

/// The roles of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Names that the platform gave.
    #[serde(default)]
    pub roles: Vec<String>,
    /// The member had resigned and came back: the roles wait for an administrator's word, since ids are used again.
    #[serde(default)]
    pub suspended: bool,
}

/// The roles of these members, in order.
pub(crate) fn read_many<P: Platform>(platform: &P, ids: IdRule, of: &[&str]) -> Result<Vec<Option<Roles>>, Failure> {
    let keys: Vec<String> = of.iter().map(|id| key::roles(ids, id)).collect();
    store::get_many(platform, &keys)?.iter().map(|entry| store::parsed(entry.as_ref())).collect()
}

pub(crate) fn read<P: Platform>(platform: &P, ids: IdRule, id: &str) -> Result<Option<Roles>, Failure> {
    store::value(platform, &key::roles(ids, id))
}
