//! Who may enter: the host's decision, not the element's, which only says who somebody is.

use host_harness::contract::login::Outcome;
use serde::Serialize;

/// Whether somebody may enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// Yes.
    Admitted,
    /// A member to whom no role was given, where one is required.
    RoleMissing,
    /// A member of another organisation.
    LinkedMember,
    /// No member at all.
    Outsider,
}

impl Entry {
    /// Decides.
    pub fn of(outcome: &Outcome, role_required: bool) -> Self {
        match outcome {
            Outcome::Member(member) if role_required && member.roles.is_empty() => Self::RoleMissing,
            Outcome::Member(_) => Self::Admitted,
            Outcome::LinkedMember(_) => Self::LinkedMember,
            Outcome::Outsider(_) => Self::Outsider,
        }
    }

    /// What to tell the person, in Chinese and English.
    pub fn words(self) -> [&'static str; 2] {
        match self {
            Self::Admitted => ["登录成功", "You are signed in"],
            Self::RoleMissing => [
                "您还没有此应用的角色，无法进入。请联系管理员为您分配角色后重新登录。",
                "You have no role in this app yet, so you cannot enter. Ask an administrator for a role, then sign in again.",
            ],
            Self::LinkedMember => [
                "您是互联企业的成员，此应用仅供本企业成员使用。",
                "You are a member of a linked organisation; this app is for members of its own organisation.",
            ],
            Self::Outsider => [
                "您不是本企业的成员，或不在此应用的可见范围内。",
                "You are not a member of this organisation, or the app is not visible to you.",
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use host_harness::contract::login::{Identity, LinkedIdentity, OutsiderIdentity};

    use super::*;

    #[test]
    fn entry_is_as_the_table_says() {
        let member = |roles: &[&str]| {
            Outcome::Member(Identity {
                id: "lisi".to_owned(),
                name: None,
                departments: Vec::new(),
                roles: roles.iter().map(|&role| role.to_owned()).collect(),
                in_directory: true,
                in_visible_range: true,
                sensitive: None,
            })
        };
        let linked = LinkedIdentity { organisation_id: "ww2".to_owned(), id: "wangwu".to_owned() };
        let outsider = OutsiderIdentity { open_id: None, external_id: None };
        for (outcome, role_required, expected) in [
            (member(&[]), false, Entry::Admitted),
            (member(&[]), true, Entry::RoleMissing),
            (member(&["clerk"]), true, Entry::Admitted),
            (Outcome::LinkedMember(linked), false, Entry::LinkedMember),
            (Outcome::Outsider(outsider), false, Entry::Outsider),
        ] {
            assert_eq!(Entry::of(&outcome, role_required), expected);
        }
    }
}
