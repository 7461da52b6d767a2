//! What a fetched record means for the copy. Pure: every rule about joining, leaving and coming back stands here.

use super::{id::IdRule, record::MemberRecord};
use crate::{
    contract::directory::{ChangeKind, MemberStatus},
    directory::{department::Department, member::Member},
};

/// What a fetched record means for the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Not a change, and no member of the copy either: somebody who resigned before the copy knew them.
    Ignore,
    /// The copy says the same.
    Unchanged,
    /// The copy has to follow.
    Change(ChangeKind),
}

/// Compares a fetched member with the copy. Spelling of ids never makes a difference: the copy keeps the spelling
/// that it met first, which is why the fetched member is adjusted.
pub fn on_member(stored: Option<&MemberRecord>, fetched: &mut Member) -> Decision {
    let arrives_resigned = fetched.status == MemberStatus::Resigned;
    let Some(stored) = stored else {
        return if arrives_resigned { Decision::Ignore } else { Decision::Change(ChangeKind::MemberAdded) };
    };
    IdRule::IgnoreCase.adopt(&mut fetched.id, std::slice::from_ref(&stored.member.id));
    for leader in &mut fetched.direct_leaders {
        IdRule::IgnoreCase.adopt(leader, &stored.member.direct_leaders);
    }
    match (stored.presence, arrives_resigned) {
        (MemberStatus::Resigned, true) => Decision::Unchanged,
        (_, true) => Decision::Change(ChangeKind::MemberResigned),
        (MemberStatus::LeftRange | MemberStatus::Resigned, false) => Decision::Change(ChangeKind::MemberRejoined),
        (_, false) if stored.member == *fetched => Decision::Unchanged,
        (_, false) => Decision::Change(ChangeKind::MemberUpdated),
    }
}

/// Compares a fetched department with the copy, likewise.
pub fn on_department(stored: Option<&Department>, fetched: &mut Department) -> Decision {
    let Some(stored) = stored else { return Decision::Change(ChangeKind::DepartmentAdded) };
    for leader in &mut fetched.leaders {
        IdRule::IgnoreCase.adopt(leader, &stored.leaders);
    }
    if stored == fetched { Decision::Unchanged } else { Decision::Change(ChangeKind::DepartmentUpdated) }
}
