//! What the directory stores of a member and a department, and how that becomes a record of the contract.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    contract::{
        directory::{self as contract, MemberStatus},
        storage::Entry,
    },
    directory::{department::Department, member::Member, member_status::is_present, roles::Roles},
    failure::Failure,
    json,
};

/// A stored member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberRecord {
    /// When the vendor was asked for this state: of two writers the one that read later wins.
    pub read_at: u64,
    /// Dense number of the member in this directory, for bitmaps.
    pub ordinal: u64,
    /// How the member stands to the organisation, as the directory sees it.
    #[serde(with = "crate::names")]
    pub presence: MemberStatus,
    /// When a member who is not present was found to have left, in Unix milliseconds: 0 for who is present, and where an
    /// older version did not write it down.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_at: u64,
    /// As last seen.
    pub member: Member,
}

impl MemberRecord {
    /// The same member, found to have left at a time.
    #[must_use]
    pub fn gone(&self, presence: MemberStatus, at: u64) -> Self {
        // Who has left the range and resigns later left when they did.
        let left_at = if is_present(self.presence) { at } else { self.left_since() };
        Self { read_at: at, left_at, presence, ..self.clone() }
    }

    /// The same member, who was read again with nothing to say.
    #[must_use]
    pub fn read_again(&self, read_at: u64) -> Self {
        let left_at = if is_present(self.presence) { 0 } else { self.left_since() };
        Self { read_at, left_at, ..self.clone() }
    }

    /// Since when a member is gone who is not present.
    pub fn left_since(&self) -> u64 {
        left_since(self.read_at, self.left_at)
    }
}

/// An older version told no more than when it wrote that somebody is gone.
fn left_since(read_at: u64, left_at: u64) -> u64 {
    if left_at == 0 { read_at } else { left_at }
}

/// Whether and since when a member is gone, and no more of the record: for a look at everybody.
#[derive(Debug, Deserialize)]
pub(crate) struct Departure {
    read_at: u64,
    #[serde(with = "crate::names")]
    presence: MemberStatus,
    #[serde(default)]
    left_at: u64,
}

impl Departure {
    /// Since when the member is gone; nothing for who is present.
    pub(crate) fn since(&self) -> Option<u64> {
        (!is_present(self.presence)).then(|| left_since(self.read_at, self.left_at))
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde wants a reference
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The same, with the member left as text: enough to compare it with a fetched one, at a fraction of the cost.
#[derive(Debug, Deserialize)]
pub struct MemberOutline<'a> {
    /// See [`MemberRecord`].
    pub ordinal: u64,
    /// See [`MemberRecord`].
    #[serde(with = "crate::names")]
    pub presence: MemberStatus,
    /// JSON of [`Member`], exactly as it was written.
    #[serde(borrow)]
    pub member: &'a RawValue,
}

impl<'a> MemberOutline<'a> {
    /// Reads the outline of a stored member.
    #[inline]
    pub fn parse(entry: &'a Entry) -> Result<Self, Failure> {
        json::from_str(&entry.value).map_err(|error| Failure::corrupt(&entry.key, &error))
    }
}

/// How far ahead of the store's clock a record may lie before it is not believed: what a host wrote whose clock was wrong
/// must not keep everybody else from writing until then.
pub(crate) const CLOCK_SKEW_MS: u64 = 10 * 60 * 1_000;

/// Whether what was read at `stored` outlives what was read at `fetched`, seen `now`: of two writers the one that read
/// later wins.
pub(crate) fn outlives(stored: u64, fetched: u64, now: u64) -> bool {
    stored > fetched && stored <= now.saturating_add(CLOCK_SKEW_MS)
}

/// A member as the contract shows it.
pub fn show_member(member: Member, presence: MemberStatus, roles: Option<Roles>) -> contract::Member {
    let (roles, suspended_roles) = roles.unwrap_or_default().shown();
    contract::Member {
        id: member.id,
        alternate_ids: member.alternate_ids,
        name: member.name,
        status: presence,
        departments: member
            .departments
            .into_iter()
            .map(|place| contract::Membership { id: place.id, leader: place.leader, order: place.order })
            .collect(),
        main_department: member.main_department,
        direct_leaders: member.direct_leaders,
        position: member.position,
        alias: member.alias,
        telephone: member.telephone,
        mobile: member.mobile,
        email: member.email,
        business_email: member.business_email,
        gender: member.gender,
        avatar: member.avatar,
        qr_code: member.qr_code,
        address: member.address,
        external_position: member.external_position,
        attributes: member.attributes,
        external_profile: member.external_profile,
        roles,
        suspended_roles,
    }
}

/// A department as the contract shows it.
pub fn show_department(department: Department) -> contract::Department {
    contract::Department {
        id: department.id,
        name: department.name,
        name_en: department.name_en,
        parent_id: department.parent_id,
        order: department.order,
        leaders: department.leaders,
    }
}

/// A stored member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepartmentRecord {
    /// See [`MemberRecord::read_at`].
    pub read_at: u64,
    /// As last seen.
    pub department: Department,
}
