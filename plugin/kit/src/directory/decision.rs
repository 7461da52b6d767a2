//! What a fetched record means for the copy. Pure: every rule about joining, leaving and coming back stands here.

use super::record::{MemberRecord, Presence};
use crate::{
    contract::directory::ChangeKind,
    vendor::wire::{department::Department, member::Member},
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
    let arrives_resigned = Presence::of(fetched.status) == Presence::Resigned;
    let Some(stored) = stored else {
        return if arrives_resigned { Decision::Ignore } else { Decision::Change(ChangeKind::MemberAdded) };
    };
    fetched.adopt_spelling(&stored.member);
    match (stored.presence, arrives_resigned) {
        (Presence::Resigned, true) => Decision::Unchanged,
        (_, true) => Decision::Change(ChangeKind::MemberResigned),
        (Presence::LeftRange | Presence::Resigned, false) => Decision::Change(ChangeKind::MemberRejoined),
        (_, false) if stored.member == *fetched => Decision::Unchanged,
        (_, false) => Decision::Change(ChangeKind::MemberUpdated),
    }
}

/// Compares a fetched department with the copy, likewise.
pub fn on_department(stored: Option<&Department>, fetched: &mut Department) -> Decision {
    let Some(stored) = stored else { return Decision::Change(ChangeKind::DepartmentAdded) };
    fetched.adopt_spelling(stored);
    if stored == fetched { Decision::Unchanged } else { Decision::Change(ChangeKind::DepartmentUpdated) }
}
