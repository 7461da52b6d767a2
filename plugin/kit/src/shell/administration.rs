//! `administration`, which asks the vendor next to nothing: every vendor serves it.

use super::{Answered, Component, Imports, asking, reading};
use crate::{
    administration as admin,
    contract::{
        administration::{Guest, IdOutcome, MemberRoles, RoleRule, RulesState},
        audit,
    },
    platform::Auditor,
    vendor::{Client, Vendor},
};

impl Auditor for Imports {
    fn append_audit(&self, entries: &[audit::Entry]) -> Result<(), audit::Failure> {
        audit::append(entries)
    }
}

impl<V: Vendor> Guest for Component<V> {
    fn member_roles_of(id: String) -> Answered<MemberRoles> {
        reading::<V, _>(|common| admin::member_roles_of(&Imports, common, &id))
    }

    fn set_member_roles(id: String, roles: Vec<String>, actor: String) -> Answered<MemberRoles> {
        reading::<V, _>(|common| admin::set_member_roles(&Imports, common, &id, &roles, &actor))
    }

    fn confirm_roles(id: String, actor: String) -> Answered<MemberRoles> {
        reading::<V, _>(|common| admin::confirm_roles(&Imports, common, &id, &actor))
    }

    fn set_role_rules(rules: Vec<RoleRule>, actor: String) -> Answered<RulesState> {
        asking::<V, _>(|common, client| {
            admin::set_role_rules(&Imports, common, &|tag| client.tag_members(tag), &rules, &actor)
        })
    }

    fn role_rules() -> Answered<RulesState> {
        reading::<V, _>(|common| admin::role_rules(&Imports, common))
    }

    fn set_administrators(ids: Vec<String>, actor: String) -> Answered<()> {
        reading::<V, _>(|common| admin::set_administrators(&Imports, common, &ids, &actor))
    }

    fn administrators() -> Answered<Vec<String>> {
        reading::<V, _>(|common| admin::administrators(&Imports, common))
    }

    fn retire_members(ids: Vec<String>, actor: String) -> Answered<Vec<IdOutcome>> {
        reading::<V, _>(|common| admin::retire_members(&Imports, common, &ids, &actor))
    }

    fn reinstate_members(ids: Vec<String>, actor: String) -> Answered<Vec<IdOutcome>> {
        reading::<V, _>(|common| admin::reinstate_members(&Imports, common, &ids, &actor))
    }

    fn erase_member(id: String, actor: String) -> Answered<()> {
        reading::<V, _>(|common| admin::erase_member(&Imports, common, &id, &actor))
    }

    fn signature(id: String) -> Answered<Option<String>> {
        reading::<V, _>(|common| admin::signature(&Imports, common, &id))
    }

    fn set_signature(id: String, address: Option<String>, actor: String) -> Answered<()> {
        reading::<V, _>(|common| admin::set_signature(&Imports, common, &id, address.as_deref(), &actor))
    }
}
