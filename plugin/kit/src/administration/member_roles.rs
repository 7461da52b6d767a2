//! The roles that an administrator assigns to one member.

use super::{member, trail::Trail};
use crate::{
    config::Common,
    contract::administration::MemberRoles,
    directory::{
        forgetting, head,
        member_status::is_present,
        read::no_member,
        record::MemberRecord,
        refresh,
        roles::{self, Roles},
        rules::{self, Evaluator},
    },
    failure::Failure,
    order,
    platform::{Auditor, Platform},
};

/// Roles of a member at most.
const MOST: usize = 64;

/// See `member-roles-of` in `wit/administration.wit`.
pub fn member_roles_of(platform: &dyn Platform, common: &Common, id: &str) -> Result<MemberRoles, Failure> {
    if head::is_being_forgotten(platform, common)? {
        return Err(no_member(id));
    }
    let of = member(platform, common.ids, id)?;
    show(platform, common, &of, roles::read(platform, common.ids, id)?)
}

/// See `set-member-roles` in `wit/administration.wit`.
pub fn set_member_roles(
    platform: &dyn Auditor,
    common: &Common,
    id: &str,
    roles: &[String],
    actor: &str,
) -> Result<MemberRoles, Failure> {
    if roles.len() > MOST {
        let found = roles.len();
        return Err(invalid_argument! { "roles":
        "一名成员最多 {MOST} 个角色，收到 {found} 个", "a member has at most {MOST} roles, not {found}" });
    }
    roles.iter().try_for_each(|role| check_role(role))?;
    let mut roles = order::sorted(roles.iter().cloned());
    roles.dedup();
    let mut trail = Trail::begin(platform, "administration.set-member-roles", actor)?;
    change(platform, common, id, &mut trail, |before| Roles {
        roles: roles.clone(),
        suspended: false,
        ..before.clone()
    })
}

/// See `confirm-roles` in `wit/administration.wit`.
pub fn confirm_roles(platform: &dyn Auditor, common: &Common, id: &str, actor: &str) -> Result<MemberRoles, Failure> {
    let mut trail = Trail::begin(platform, "administration.confirm-roles", actor)?;
    change(platform, common, id, &mut trail, |before| Roles { suspended: false, ..before.clone() })
}

/// Whether a text can be the name of a role.
pub(super) fn check_role(role: &str) -> Result<(), Failure> {
    if roles::is_role(role) {
        return Ok(());
    }
    Err(invalid_argument! { "roles":
    "角色名须为 1 至 128 字节，且不含控制字符", "a role has 1 to 128 bytes and no control characters" })
}

/// Replaces the roles of a member by what becomes of them. Who has them already is left alone.
fn change(
    platform: &dyn Auditor,
    common: &Common,
    id: &str,
    trail: &mut Trail<'_>,
    becomes: impl Fn(&Roles) -> Roles,
) -> Result<MemberRoles, Failure> {
    forgetting::finish(platform, common)?;
    let mut shown = None;
    refresh::write(platform, common, &mut |batch| {
        let of = member(platform, common.ids, id)?;
        let stored = roles::read(platform, common.ids, id)?;
        let before = stored.clone().unwrap_or_default();
        let after = becomes(&before);
        shown = Some((of.clone(), after.clone()));
        if after == before {
            return Ok(false);
        }
        // What rules give is nobody's decision about this member.
        let assigned = |roles: Roles| Roles { by_rule: Vec::new(), ..roles };
        let (was, is) = (stored.map(assigned), assigned(after.clone()));
        trail.write(vec![trail.entry(Some(&of.member.id), was.as_ref(), Some(&is))])?;
        batch.roles(&of, &before, &after);
        Ok(true)
    })?;
    let (of, roles) = shown.ok_or_else(|| no_member(id))?;
    show(platform, common, &of, Some(roles))
}

/// What counts at sign-in: what rules give by now, also where it has not come to everybody yet.
fn show(
    platform: &dyn Platform,
    common: &Common,
    of: &MemberRecord,
    roles: Option<Roles>,
) -> Result<MemberRoles, Failure> {
    let mut rules = if is_present(of.presence) { Evaluator::read(platform)? } else { None };
    let by_rule = match &mut rules {
        Some(rules) => rules.give(platform, common.ids, &[&of.member])?.pop().unwrap_or_default(),
        None => Vec::new(),
    };
    let roles = Roles { by_rule: rules::names(by_rule.clone()), ..roles.unwrap_or_default() };
    let assigned = roles.counting().to_vec();
    let (roles, suspended) = roles.shown();
    let mut roles = order::sorted(roles);
    roles.dedup();
    Ok(MemberRoles { roles, assigned, suspended, by_rule })
}
