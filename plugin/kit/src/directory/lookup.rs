//! Looking a member up for the sign-in, which wants to know little but at once.

use super::{
    head::Head,
    key,
    member_status::is_present,
    record::{CLOCK_SKEW_MS, MemberRecord},
    roles::Roles,
    rules::Evaluator,
};
use crate::{config::Common, contract::storage::Entry, failure::Failure, platform::Platform, store};

/// A member of the copy, for the sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMember {
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
    /// Whether an administrator has declared that the member resigned; then the copy need not know them.
    pub retired: bool,
    /// Milliseconds since the last complete sync; nothing when that is unknown.
    pub age_ms: Option<u64>,
}

impl KnownMember {
    /// A retired member of whom the copy knows nothing.
    fn retired(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            name: String::new(),
            departments: Vec::new(),
            roles: Vec::new(),
            present: false,
            retired: true,
            age_ms: None,
        }
    }
}

/// Looks a member up for the sign-in; `None` when this organisation's copy does not know the id. The copy of another
/// organisation is none: its ids mean other people.
pub fn find(platform: &dyn Platform, common: &Common, id: &str) -> Result<Option<KnownMember>, Failure> {
    let ids = common.ids;
    let keys = [
        key::HEAD.to_owned(),
        key::member(ids, id),
        key::roles(ids, id),
        key::SYNCED_AT.to_owned(),
        key::retired(ids, id),
        key::SPREADING.to_owned(),
    ];
    let mut entries = store::get_many(platform, &keys)?.into_iter();
    let mut next = || entries.next().flatten();
    let (head, member, roles, synced_at, mark, spreading) = (next(), next(), next(), next(), next(), next());

    let Some(head) = head else { return Ok(None) };
    let head: Head = store::parse(&head)?.value;
    if !head.is_of(common) {
        return Ok(None);
    }
    // The mark outlives the copy, unless it goes with one of another organisation.
    let retired = mark.is_some() && !head.forgetting.is_some_and(|forgetting| forgetting.roles);
    let member = member.filter(|_| head.forgetting.is_none());
    let Some(member) = member else { return Ok(retired.then(|| KnownMember::retired(id))) };
    let MemberRecord { presence, member, .. } = store::parse(&member)?.value;
    let mut roles: Roles = store::parsed(roles.as_ref())?.unwrap_or_default();
    // What rules give by now, though it has not come to everybody yet.
    if spreading.is_some() && is_present(presence) {
        roles.by_rule = match Evaluator::read(platform)? {
            Some(mut rules) => rules.names(platform, ids, &member)?,
            None => Vec::new(),
        };
    }
    Ok(Some(KnownMember {
        id: member.id,
        name: member.name,
        departments: member.departments.into_iter().map(|place| place.id).collect(),
        roles: roles.shown().0,
        present: is_present(presence),
        retired,
        age_ms: synced_at.and_then(|entry| age_ms(&entry, platform.now_ms())),
    }))
}

/// A time that cannot be read, or that is still to come, says nothing about the age.
fn age_ms(synced_at: &Entry, now: u64) -> Option<u64> {
    let synced_at: u64 = store::parse(synced_at).ok()?.value;
    (synced_at <= now.saturating_add(CLOCK_SKEW_MS)).then(|| now.saturating_sub(synced_at))
}
