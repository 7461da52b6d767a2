//! Roles, administrators and what else the platform knows of members.

use super::super::{Answered, Element};
use crate::call::CallResult;
use crate::{
    audit::{AppendError, AuditPage, Decision, Trail},
    contract::administration::{IdOutcome, MemberRoles, RoleRule, RulesState},
    storage::StorageError,
};

impl Element {
    /// The roles of a member: assigned, suspended and by rules.
    pub async fn member_roles_of(&self, id: &str) -> CallResult<Answered<MemberRoles>> {
        self.call("administration.member-roles-of", (id,)).await
    }

    /// Replaces the assigned roles of a member.
    pub async fn set_member_roles(&self, id: &str, roles: &[String], actor: &str) -> CallResult<Answered<MemberRoles>> {
        self.call("administration.set-member-roles", (id, roles, actor)).await
    }

    /// Gives a member the suspended roles back.
    pub async fn confirm_roles(&self, id: &str, actor: &str) -> CallResult<Answered<MemberRoles>> {
        self.call("administration.confirm-roles", (id, actor)).await
    }

    /// Replaces the rules that give roles to many.
    pub async fn set_role_rules(&self, rules: &[RoleRule], actor: &str) -> CallResult<Answered<RulesState>> {
        self.call("administration.set-role-rules", (rules, actor)).await
    }

    /// The rules that give roles to many.
    pub async fn role_rules(&self) -> CallResult<Answered<RulesState>> {
        self.call("administration.role-rules", ()).await
    }

    /// Replaces the list of administrators.
    pub async fn set_administrators(&self, ids: &[String], actor: &str) -> CallResult<Answered<()>> {
        self.call("administration.set-administrators", (ids, actor)).await
    }

    /// Ids of the administrators.
    pub async fn administrators(&self) -> CallResult<Answered<Vec<String>>> {
        self.call("administration.administrators", ()).await
    }

    /// Declares members as resigned, whatever the vendor says.
    pub async fn retire_members(&self, ids: &[String], actor: &str) -> CallResult<Answered<Vec<IdOutcome>>> {
        self.call("administration.retire-members", (ids, actor)).await
    }

    /// Takes [`Element::retire_members`] back.
    pub async fn reinstate_members(&self, ids: &[String], actor: &str) -> CallResult<Answered<Vec<IdOutcome>>> {
        self.call("administration.reinstate-members", (ids, actor)).await
    }

    /// Erases what is known of a member who left.
    pub async fn erase_member(&self, id: &str, actor: &str) -> CallResult<Answered<()>> {
        self.call("administration.erase-member", (id, actor)).await
    }

    /// Address of the image of a member's signature.
    pub async fn signature(&self, id: &str) -> CallResult<Answered<Option<String>>> {
        self.call("administration.signature", (id,)).await
    }

    /// Sets or removes it.
    pub async fn set_signature(&self, id: &str, address: Option<&str>, actor: &str) -> CallResult<Answered<()>> {
        self.call("administration.set-signature", (id, address, actor)).await
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
