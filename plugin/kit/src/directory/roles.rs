//! The application roles of members. Stored apart from them, so that no sync can touch them.

use serde::{Deserialize, Serialize};

use super::{id::IdRule, key};
use crate::{contract::storage::Op, failure::Failure, platform::Platform, store};

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

impl Roles {
    /// Those that count, and those that wait.
    pub(crate) fn shown(self) -> (Vec<String>, Vec<String>) {
        if self.suspended { (Vec::new(), self.roles) } else { (self.roles, Vec::new()) }
    }

    /// Whether this one counts.
    pub(crate) fn has(&self, role: &str) -> bool {
        !self.suspended && self.roles.iter().any(|one| one == role)
    }

    /// Writes them where there are any.
    pub(crate) fn op(&self, ids: IdRule, of: &str) -> Op {
        let key = key::roles(ids, of);
        if self.roles.is_empty() { store::delete(key) } else { store::put(key, self) }
    }
}

/// The roles of these members, in order.
pub(crate) fn read_many<P: Platform>(platform: &P, ids: IdRule, of: &[&str]) -> Result<Vec<Option<Roles>>, Failure> {
    let keys: Vec<String> = of.iter().map(|id| key::roles(ids, id)).collect();
    store::get_many(platform, &keys)?.iter().map(|entry| store::parsed(entry.as_ref())).collect()
}

pub(crate) fn read<P: Platform>(platform: &P, ids: IdRule, id: &str) -> Result<Option<Roles>, Failure> {
    store::value(platform, &key::roles(ids, id))
}
