//! Roles, administrators and what else the platform knows of members.

use super::super::Element;
use crate::call::{Answered, Call};
use crate::{
    audit::{AppendError, AuditPage, Decision, Trail},
    contract::administration::{IdOutcome, MemberRoles, RoleRule, RulesState},
    storage::StorageError,
};

impl Element {
    /// The roles of a member: assigned, suspended and by rules.
    pub fn member_roles_of<'a>(&'a self, id: &'a str) -> Call<'a, Answered<MemberRoles>> {
        self.call("administration.member-roles-of", (id,))
    }

    /// Replaces the assigned roles of a member.
    pub fn set_member_roles<'a>(
        &'a self,
        id: &'a str,
        roles: &'a [String],
        actor: &'a str,
    ) -> Call<'a, Answered<MemberRoles>> {
        self.call("administration.set-member-roles", (id, roles, actor))
    }

    /// Gives a member the suspended roles back.
    pub fn confirm_roles<'a>(&'a self, id: &'a str, actor: &'a str) -> Call<'a, Answered<MemberRoles>> {
        self.call("administration.confirm-roles", (id, actor))
    }

    /// Replaces the rules that give roles to many.
    pub fn set_role_rules<'a>(&'a self, rules: &'a [RoleRule], actor: &'a str) -> Call<'a, Answered<RulesState>> {
        self.call("administration.set-role-rules", (rules, actor))
    }

    /// The rules that give roles to many.
    pub fn role_rules(&self) -> Call<'_, Answered<RulesState>> {
        self.call("administration.role-rules", ())
    }

    /// Replaces the list of administrators.
    pub fn set_administrators<'a>(&'a self, ids: &'a [String], actor: &'a str) -> Call<'a, Answered<()>> {
        self.call("administration.set-administrators", (ids, actor))
    }

    /// Ids of the administrators.
    pub fn administrators(&self) -> Call<'_, Answered<Vec<String>>> {
        self.call("administration.administrators", ())
    }

    /// Declares members as resigned, whatever the vendor says.
    pub fn retire_members<'a>(&'a self, ids: &'a [String], actor: &'a str) -> Call<'a, Answered<Vec<IdOutcome>>> {
        self.call("administration.retire-members", (ids, actor))
    }

    /// Takes [`Element::retire_members`] back.
    pub fn reinstate_members<'a>(&'a self, ids: &'a [String], actor: &'a str) -> Call<'a, Answered<Vec<IdOutcome>>> {
        self.call("administration.reinstate-members", (ids, actor))
    }

    /// Erases what is known of a member who left.
    pub fn erase_member<'a>(&'a self, id: &'a str, actor: &'a str) -> Call<'a, Answered<()>> {
        self.call("administration.erase-member", (id, actor))
    }

    /// Address of the image of a member's signature.
    pub fn signature<'a>(&'a self, id: &'a str) -> Call<'a, Answered<Option<String>>> {
        self.call("administration.signature", (id,))
    }

    /// Sets or removes it.
    pub fn set_signature<'a>(
        &'a self,
        id: &'a str,
        address: Option<&'a str>,
        actor: &'a str,
    ) -> Call<'a, Answered<()>> {
        self.call("administration.set-signature", (id, address, actor))
    }

    /// What administrators decided, oldest first, after a cursor: at most `limit` entries, and at most a thousand. The component
    /// has no part in it.
    ///
    /// # Errors
    /// The store cannot be read, or an entry in it is damaged.
    pub async fn audit(&self, after: Option<&str>, limit: u32) -> Result<AuditPage, StorageError> {
        Trail::new(self.shared.storage.as_ref(), &self.shared.scope).read(after, limit).await
    }

    /// Adds to the trail what somebody did with the host rather than with the element, such as looking at personal data. In order:
    /// add first, then do it.
    ///
    /// # Errors
    /// The store does not take it; then it is not to be done.
    pub async fn add_to_audit(&self, decision: Decision) -> Result<(), StorageError> {
        let host = &self.shared.host;
        let trail = Trail::new(self.shared.storage.as_ref(), &self.shared.scope);
        let added = trail.append(host.now_ms(), &[decision]).await;
        added.map_err(|error| match error {
            AppendError::Invalid(why) => StorageError::Invalid(why),
            AppendError::Storage(error) => error,
        })
    }
}
