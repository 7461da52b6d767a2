//! What a fetched member means for the copy. Pure: the rules about joining, resigning and coming back stand here. That a
//! member resigned, the vendor says ([`MemberStatus::Resigned`]) or an administrator (`retired.rs`); who is not seen any
//! more has left the visible range: see `sync/confirm.rs`.

use super::{
    member::{FetchedMember, Member},
    record::MemberRecord,
};
use crate::{
    config::Common,
    contract::directory::{ChangeKind, MemberStatus},
};

/// Whether a member of this status is in the visible range.
pub fn is_present(status: MemberStatus) -> bool {
    matches!(status, MemberStatus::Active | MemberStatus::Disabled | MemberStatus::NotActivated)
}

/// How long somebody may be out of the range and come back as the same person without a question: 30 days.
const AWAY_MS: u64 = 30 * 24 * 60 * 60 * 1_000;

/// Whether somebody who comes back may be another person: vendors hand ids out again. Who had resigned, was away for long, or
/// has another name by now. A name that is not stored tells nothing.
pub fn may_be_another(stored: &MemberRecord, back: &Member, now: u64) -> bool {
    let (before, after) = (&stored.member.name, &back.name);
    stored.presence == MemberStatus::Resigned
        || now.saturating_sub(stored.left_since()) > AWAY_MS
        || (!before.is_empty() && !after.is_empty() && before != after)
}

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

/// Compares a fetched member with the copy. The fetched one takes over the spelling of ids that the copy had first, and
/// whatever the answer did not speak of, as far as that is to be stored.
pub fn on_member(common: &Common, stored: Option<&MemberRecord>, fetched: &mut FetchedMember) -> Decision {
    let resigned = fetched.member.status == MemberStatus::Resigned;
    let Some(stored) = stored else {
        return if resigned { Decision::Ignore } else { Decision::Change(ChangeKind::MemberAdded) };
    };
    let ids = common.ids;
    ids.keep_spelling(&mut fetched.member.id, std::slice::from_ref(&stored.member.id));
    for leader in &mut fetched.member.direct_leaders {
        ids.keep_spelling(leader, &stored.member.direct_leaders);
    }
    fetched.complete_from(&stored.member);
    if let Some(fields) = common.fields.as_ref().filter(|_| !fetched.absent.is_none()) {
        fetched.member.keep_only(fields);
    }
    match (stored.presence, resigned) {
        (MemberStatus::Resigned, true) => Decision::Unchanged,
        (_, true) => Decision::Change(ChangeKind::MemberResigned),
        (MemberStatus::LeftRange | MemberStatus::Resigned, false) => Decision::Change(ChangeKind::MemberRejoined),
        (_, false) if stored.member.says_the_same(&fetched.member) => Decision::Unchanged,
        (_, false) => Decision::Change(ChangeKind::MemberUpdated),
    }
}
