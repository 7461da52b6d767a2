//! Looking a member up for the sign-in, which wants to know little but at once.

use super::{
    key, roles,
    record::{MemberRecord, is_present},
};
use crate::{failure::Failure, platform::Platform, store};

/// A member of the copy, for the sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// In the copy's spelling.
    pub id: String,
    /// As last seen.
    pub name: String,
    /// Ids of the departments that the app may see.
    pub departments: Vec<String>,
    /// Application roles, without suspended ones.
    pub roles: Vec<String>,
    /// Whether the member is in the visible range.
    pub present: bool,
}

/// Looks a member up for the sign-in; `None` when the copy does not know the id.
pub fn find<P: Platform>(platform: &P, id: &str) -> Result<Option<Found>, Failure> {
    let Some(stored) = store::get::<_, MemberRecord>(platform, &key::member(id))? else { return Ok(None) };
    let MemberRecord { presence, member, .. } = stored.value;
    let roles = roles::read(platform, id)?.filter(|overlay| !overlay.suspended).map(|overlay| overlay.roles);
    Ok(Some(Found {
        id: member.id,
        name: member.name,
        departments: member.departments.into_iter().map(|place| place.id).collect(),
        roles: roles.unwrap_or_default(),
        present: is_present(presence),
    }))
}
