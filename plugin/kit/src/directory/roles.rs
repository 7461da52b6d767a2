//! The application roles of members. Stored apart from them: no sync touches those that an administrator assigned.

use serde::{Deserialize, Serialize};

use super::{id::IdRule, key};
use crate::{contract::storage::Op, failure::Failure, platform::Platform, store};

/// Bytes of the name of a role at most.
const ROLE_BYTES: usize = 128;

/// Whether a text can be the name of a role: it becomes part of a key.
pub(crate) fn is_role(role: &str) -> bool {
    (1..=ROLE_BYTES).contains(&role.len()) && !role.chars().any(char::is_control)
}

/// The roles of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    /// Names that an administrator assigned.
    #[serde(default)]
    pub roles: Vec<String>,
    /// They wait for an administrator's word, since who came back [may be another
    /// person](super::member_status::may_be_another).
    #[serde(default)]
    pub suspended: bool,
    /// Names that rules give, sorted, each once. Written with the member, and by the [spreading](super::spreading) where rules,
    /// departments or tags change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_rule: Vec<String>,
}

impl Roles {
    /// Those that count, and those that wait.
    pub(crate) fn shown(self) -> (Vec<String>, Vec<String>) {
        let (mut roles, suspended) = if self.suspended { (Vec::new(), self.roles) } else { (self.roles, Vec::new()) };
        for role in self.by_rule {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        (roles, suspended)
    }

    /// The assigned ones, where they do not wait.
    pub(crate) fn counting(&self) -> &[String] {
        if self.suspended { &[] } else { &self.roles }
    }

    /// Whether this one counts.
    pub(crate) fn has(&self, role: &str) -> bool {
        self.counting().iter().chain(&self.by_rule).any(|one| one == role)
    }

    /// Writes them in place of those before, with the index of the assigned ones.
    pub fn ops(&self, ids: IdRule, of: &str, before: &Self) -> Vec<Op> {
        let entry = |role: &String| key::assigned_entry(ids, role, of);
        let gone = before.roles.iter().filter(|role| !self.roles.contains(role));
        let new = self.roles.iter().filter(|role| !before.roles.contains(role));
        let mut ops: Vec<Op> = gone.map(|role| store::delete(entry(role))).collect();
        ops.extend(new.map(|role| store::put_text(entry(role), String::new())));
        ops.push(self.op(ids, of));
        ops
    }

    /// Writes them where there are any, for who changes nothing of those that are assigned.
    pub(crate) fn op(&self, ids: IdRule, of: &str) -> Op {
        let key = key::roles(ids, of);
        if self.roles.is_empty() && self.by_rule.is_empty() { store::delete(key) } else { store::put(key, self) }
    }
}

/// The roles of these members, in order.
pub(crate) fn read_many(platform: &dyn Platform, ids: IdRule, of: &[&str]) -> Result<Vec<Option<Roles>>, Failure> {
    let keys: Vec<String> = of.iter().map(|id| key::roles(ids, id)).collect();
    store::get_many(platform, &keys)?.iter().map(|entry| store::parsed(entry.as_ref())).collect()
}

pub(crate) fn read(platform: &dyn Platform, ids: IdRule, id: &str) -> Result<Option<Roles>, Failure> {
    store::value(platform, &key::roles(ids, id))
}
