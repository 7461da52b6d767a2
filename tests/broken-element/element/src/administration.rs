//! Promises about what the platform says of members.

use organisation_kit::contract::{
    administration::{Guest, IdOutcome, MemberRoles, RoleRule, RuleScope, RulesState},
    directory::Guest as _,
    storage::{self, Op, Put},
    types::{Error, Reason},
};

use crate::{Broken, Sound, breaks, spoilt};

/// Who decides what nobody asked for.
const NOBODY: &str = "nobody";

impl Guest for Broken {
    fn member_roles_of(id: String) -> Result<MemberRoles, Error> {
        match spoilt(<Sound as Guest>::member_roles_of(id)) {
            Err(Error { reason: Reason::NotFound, .. }) if breaks("unknown-member-is-said") => {
                Ok(MemberRoles { roles: Vec::new(), assigned: Vec::new(), suspended: Vec::new(), by_rule: Vec::new() })
            }
            Ok(mut roles) if breaks("roles-sorted") => {
                roles.roles.reverse();
                Ok(roles)
            }
            Ok(mut roles) if breaks("assigned-apart-from-ruled") => {
                roles.assigned.retain(|role| roles.by_rule.iter().all(|ruled| ruled.role != *role));
                Ok(roles)
            }
            answer => answer,
        }
    }

    fn set_member_roles(id: String, roles: Vec<String>, mut actor: String) -> Result<MemberRoles, Error> {
        if breaks("roles-are-replaced") && roles.is_empty() {
            return <Sound as Guest>::member_roles_of(id);
        }
        if breaks("decisions-are-audited") {
            actor = NOBODY.to_owned();
        }
        spoilt(<Sound as Guest>::set_member_roles(id, roles, actor))
    }

    fn confirm_roles(id: String, actor: String) -> Result<MemberRoles, Error> {
        if breaks("roles-are-confirmed") {
            return <Sound as Guest>::member_roles_of(id);
        }
        spoilt(<Sound as Guest>::confirm_roles(id, actor))
    }

    fn set_role_rules(mut rules: Vec<RoleRule>, actor: String) -> Result<RulesState, Error> {
        if breaks("rules-follow-members") {
            rules.retain(|rule| rule.scope == RuleScope::Everybody);
        }
        if breaks("rules-name-tags") {
            rules.retain(|rule| !matches!(rule.scope, RuleScope::Tag(_)));
        }
        spoilt(<Sound as Guest>::set_role_rules(rules, actor))
    }

    fn role_rules() -> Result<RulesState, Error> {
        spoilt(<Sound as Guest>::role_rules())
    }

    fn set_administrators(mut ids: Vec<String>, actor: String) -> Result<(), Error> {
        if breaks("administrators-are-members") {
            ids.retain(|id| Sound::find_member(id.clone()).is_ok());
        }
        spoilt(<Sound as Guest>::set_administrators(ids, actor))
    }

    fn administrators() -> Result<Vec<String>, Error> {
        let mut ids = spoilt(<Sound as Guest>::administrators())?;
        if breaks("administrators-in-order") {
            ids.reverse();
        }
        Ok(ids)
    }

    fn retire_members(ids: Vec<String>, actor: String) -> Result<Vec<IdOutcome>, Error> {
        if breaks("retires-no-administrator") {
            forget_administrators();
        }
        let mut outcomes = spoilt(<Sound as Guest>::retire_members(ids, actor))?;
        if breaks("retired-one-by-one") {
            outcomes.iter_mut().for_each(|outcome| outcome.problem = None);
        }
        Ok(outcomes)
    }

    fn reinstate_members(ids: Vec<String>, actor: String) -> Result<Vec<IdOutcome>, Error> {
        spoilt(<Sound as Guest>::reinstate_members(ids, actor))
    }

    fn erase_member(id: String, mut actor: String) -> Result<(), Error> {
        if breaks("decisions-are-audited/of-erasing") && !actor.is_empty() && actor.len() <= 128 {
            actor = NOBODY.to_owned();
        }
        if breaks("erased-leaves-nothing")
            && let Ok(member) = Sound::find_member(id.clone())
        {
            let put = Put { key: "remembered".to_owned(), value: member.name, ttl_ms: None, sealed: true };
            let _ = storage::apply(&[Op::Put(put)]);
        }
        match spoilt(<Sound as Guest>::erase_member(id, actor)) {
            Err(Error { reason: Reason::Conflict, .. }) if breaks("erases-nobody-present") => Ok(()),
            answer => answer,
        }
    }

    fn signature(id: String) -> Result<Option<String>, Error> {
        let address = spoilt(<Sound as Guest>::signature(id))?;
        Ok(address.filter(|_| !breaks("signature")))
    }

    fn set_signature(id: String, address: Option<String>, mut actor: String) -> Result<(), Error> {
        if breaks("actor-is-named") && actor.is_empty() {
            actor = NOBODY.to_owned();
        }
        match spoilt(<Sound as Guest>::set_signature(id, address, actor)) {
            Err(Error { reason: Reason::InvalidArgument(_), .. }) if breaks("signature-is-an-image") => Ok(()),
            Err(Error { reason: Reason::Unavailable, .. }) if breaks("no-effect-without-entry") => Ok(()),
            answer => answer,
        }
    }
}

/// Lets nobody be an administrator.
pub(crate) fn forget_administrators() {
    let _ = <Sound as Guest>::set_administrators(Vec::new(), NOBODY.to_owned());
}

/// Declares somebody gone.
pub(crate) fn retire(id: &str) {
    let _ = <Sound as Guest>::retire_members(vec![id.to_owned()], NOBODY.to_owned());
}

/// Takes it back that somebody was retired.
pub(crate) fn reinstate(id: &str) {
    let _ = <Sound as Guest>::reinstate_members(vec![id.to_owned()], NOBODY.to_owned());
}

/// Gives somebody suspended roles back.
pub(crate) fn confirm(id: &str) {
    let _ = <Sound as Guest>::confirm_roles(id.to_owned(), NOBODY.to_owned());
}
