//! The contract's enumerations in storage: by the names that the contract itself uses, whatever the generator calls them.

use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::contract::directory::{ChangeKind, MemberStatus, RunOutcome};

/// An enumeration with a stored name for each case.
pub trait Named: Copy + PartialEq + 'static {
    /// All cases.
    const NAMES: &'static [(Self, &'static str)];

    /// The stored name of a case.
    fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(case, _)| *case == self).map_or("", |(_, name)| name)
    }
}

impl Named for MemberStatus {
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Active, "active"),
        (Self::Disabled, "disabled"),
        (Self::NotActivated, "not-activated"),
        (Self::LeftRange, "left-range"),
        (Self::Resigned, "resigned"),
    ];
}

impl Named for ChangeKind {
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::MemberAdded, "member-added"),
        (Self::MemberUpdated, "member-updated"),
        (Self::MemberRolesUpdated, "member-roles-updated"),
        (Self::MemberLeftRange, "member-left-range"),
        (Self::MemberResigned, "member-resigned"),
        (Self::MemberRejoined, "member-rejoined"),
        (Self::MemberErased, "member-erased"),
        (Self::DepartmentAdded, "department-added"),
        (Self::DepartmentUpdated, "department-updated"),
        (Self::DepartmentRemoved, "department-removed"),
    ];
}

impl Named for RunOutcome {
    const NAMES: &'static [(Self, &'static str)] = &[
        (Self::Complete, "complete"),
        (Self::Planned, "planned"),
        (Self::Abandoned, "abandoned"),
        (Self::Repaired, "repaired"),
    ];
}

/// For `#[serde(with = "crate::names")]`.
pub fn serialize<T: Named, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.name())
}

/// For `#[serde(with = "crate::names")]`.
pub fn deserialize<'de, T: Named, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    let found = T::NAMES.iter().find(|(_, known)| *known == name);
    found.map(|(case, _)| *case).ok_or_else(|| D::Error::custom("a name that is not known"))
}
