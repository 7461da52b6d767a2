//! A member, in the kit's own form: what every vendor's answer is turned into, what is compared and what is stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use crate::contract::directory::{AlternateId, Attribute};
use crate::{contract::directory::MemberStatus, order};

/// Bytes of a member's or department's id at most, in any vendor's directory.
pub const ID_BYTES: usize = 128;

/// Departments of one member at most, in any vendor's directory.
pub const MEMBER_DEPARTMENTS: usize = 200;

/// Whether a text can be the id of a member or department: it becomes part of a key.
pub fn is_id(id: &str) -> bool {
    (1..=ID_BYTES).contains(&id.len()) && !id.chars().any(char::is_control)
}

/// A member. Absent and empty mean the same here: the vendor knows nothing, or did not say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// In the vendor's spelling.
    pub id: String,
    /// Other ids of the same person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternate_ids: Vec<AlternateId>,
    /// Empty where it is not stored.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// As the vendor said last; never [`MemberStatus::LeftRange`].
    #[serde(with = "crate::names")]
    pub status: MemberStatus,
    /// Departments that the app may see, in rising order of their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departments: Vec<Membership>,
    /// Absent when the app cannot see that department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_department: Option<String>,
    /// Ids of members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub direct_leaders: Vec<String>,
    /// Job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// Nickname.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Landline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// Mobile number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// The personal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The organisation's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business_email: Option<String>,
    /// `male` or `female`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    /// URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar: Option<String>,
    /// URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qr_code: Option<String>,
    /// Postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Job title shown to the outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_position: Option<String>,
    /// The organisation's custom fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<Attribute>,
    /// JSON of the public profile with sorted keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_profile: Option<String>,
}

/// A member's place in a department.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Membership {
    /// The department's id.
    pub id: String,
    /// Whether the member leads it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leader: bool,
    /// Larger sorts first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub order: u64,
}

/// A member as an answer showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedMember {
    /// What the answer says.
    pub member: Member,
    /// What it does not speak of, which is not the same as empty: the usual effect of a missing permission.
    pub absent: Absent,
    /// Names of the vendor's fields that could not be read and were left out.
    pub unreadable: Vec<&'static str>,
}

impl From<Member> for FetchedMember {
    /// A member whose answer spoke of everything.
    fn from(member: Member) -> Self {
        Self { member, absent: Absent::NONE, unreadable: Vec::new() }
    }
}

/// A row of a list of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberRow {
    /// A member.
    Fetched(Box<FetchedMember>),
    /// A row without a usable id or list of departments. Whoever it is stays as they are.
    Unreadable {
        /// The id, where that can be read.
        id: Option<String>,
    },
}

/// A set of fields that an answer did not speak of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absent(u32);

macro_rules! absent {
    ($($name:ident $bit:literal $doc:literal)*) => {
        impl Absent {
            /// The answer spoke of everything.
            pub const NONE: Self = Self(0);
            $(#[doc = $doc] pub const $name: Self = Self(1 << $bit);)*
        }
    };
}

// Stored with fetched departments and members, so that a number never gets another meaning.
absent! {
    NAME 0 "[`Member::name`], or the name of a department."
    MAIN_DEPARTMENT 1 "[`Member::main_department`]"
    LEADERS 2 "[`Member::direct_leaders`], or the leaders of a department."
    LEADER_MARKS 3 "[`Membership::leader`] of every department."
    ORDER 4 "[`Membership::order`] of every department, or the order of a department."
    POSITION 5 "[`Member::position`]"
    ALIAS 6 "[`Member::alias`]"
    TELEPHONE 7 "[`Member::telephone`]"
    MOBILE 8 "[`Member::mobile`]"
    EMAIL 9 "[`Member::email`]"
    BUSINESS_EMAIL 10 "[`Member::business_email`]"
    GENDER 11 "[`Member::gender`]"
    AVATAR 12 "[`Member::avatar`]"
    QR_CODE 13 "[`Member::qr_code`]"
    ADDRESS 14 "[`Member::address`]"
    EXTERNAL_POSITION 15 "[`Member::external_position`]"
    ATTRIBUTES 16 "[`Member::attributes`]"
    EXTERNAL_PROFILE 17 "[`Member::external_profile`]"
    NAME_EN 18 "The English name of a department."
    PARENT 19 "The parent of a department."
    STATUS 20 "[`Member::status`]"
    ALTERNATE_IDS 21 "[`Member::alternate_ids`]"
}

impl Absent {
    /// Whether this is the empty set.
    pub fn is_none(&self) -> bool {
        self.0 == 0
    }

    /// Whether a field is among them.
    pub fn has(self, field: Self) -> bool {
        self.0 & field.0 != 0
    }

    /// Adds a field.
    pub fn add(&mut self, field: Self) {
        self.0 |= field.0;
    }

    /// Takes a field away.
    pub fn remove(&mut self, field: Self) {
        self.0 &= !field.0;
    }
}

macro_rules! texts {
    ($($field:ident $name:literal $flag:ident)*) => {
        /// The optional texts of a member: their names in the contract, their flags, and themselves.
        impl Member {
            fn texts(&self) -> [(&'static str, Absent, &Option<String>); 12] {
                [$(($name, Absent::$flag, &self.$field)),*]
            }

            fn texts_mut(&mut self) -> [(&'static str, Absent, &mut Option<String>); 12] {
                [$(($name, Absent::$flag, &mut self.$field)),*]
            }
        }
    };
}

texts! {
    position "position" POSITION
    alias "alias" ALIAS
    telephone "telephone" TELEPHONE
    mobile "mobile" MOBILE
    email "email" EMAIL
    business_email "business-email" BUSINESS_EMAIL
    gender "gender" GENDER
    avatar "avatar" AVATAR
    qr_code "qr-code" QR_CODE
    address "address" ADDRESS
    external_position "external-position" EXTERNAL_POSITION
    external_profile "external-profile" EXTERNAL_PROFILE
}

impl Member {
    /// A member of whom nothing else is known.
    pub fn new(id: String, status: MemberStatus) -> Self {
        Self {
            id,
            alternate_ids: Vec::new(),
            name: String::new(),
            status,
            departments: Vec::new(),
            main_department: None,
            direct_leaders: Vec::new(),
            position: None,
            alias: None,
            telephone: None,
            mobile: None,
            email: None,
            business_email: None,
            gender: None,
            avatar: None,
            qr_code: None,
            address: None,
            external_position: None,
            attributes: Vec::new(),
            external_profile: None,
        }
    }

    /// Whether both say the same. The order of leaders and custom fields means nothing: no vendor promises one.
    pub fn says_the_same(&self, other: &Self) -> bool {
        if self == other {
            return true;
        }
        let sorted = |member: &Self| Self {
            alternate_ids: order::sorted(member.alternate_ids.iter().cloned()),
            direct_leaders: order::sorted(member.direct_leaders.iter().cloned()),
            attributes: order::sorted(member.attributes.iter().cloned()),
            ..member.clone()
        };
        sorted(self) == sorted(other)
    }

    /// Forgets every field that is not to be stored. Id, status and departments are always kept: without them there
    /// is no directory. Names of fields are those of the contract's `member` record.
    pub fn keep_only(&mut self, fields: &BTreeSet<String>) {
        let drops = |name: &str| !fields.contains(name);
        if drops("name") {
            self.name.clear();
        }
        for (name, _, text) in self.texts_mut() {
            if drops(name) {
                *text = None;
            }
        }
        if drops("alternate-ids") {
            self.alternate_ids.clear();
        }
        if drops("direct-leaders") {
            self.direct_leaders.clear();
        }
        if drops("attributes") {
            self.attributes.clear();
        }
    }

    /// Bytes of all texts, which are what can make a member large.
    pub fn bytes(&self) -> usize {
        let optional: usize = self.texts().into_iter().filter_map(|(.., text)| text.as_ref()).map(String::len).sum();
        let leaders: usize = self.direct_leaders.iter().map(String::len).sum();
        let attributes: usize = self.attributes.iter().map(|one| one.name.len() + one.value.len()).sum();
        let others: usize = self.alternate_ids.iter().map(|one| one.kind.len() + one.id.len()).sum();
        self.id.len() + self.name.len() + others + optional + leaders + attributes
    }

    /// Whether any field is there that vendors withhold without a special grant.
    pub fn has_sensitive_fields(&self) -> bool {
        [&self.mobile, &self.email, &self.business_email, &self.avatar, &self.qr_code, &self.address, &self.gender]
            .iter()
            .any(|field| field.is_some())
    }
}

impl FetchedMember {
    /// Takes over from what is known whatever the answer did not speak of.
    pub fn complete_from(&mut self, known: &Member) {
        let Self { member, absent, .. } = self;
        if absent.is_none() {
            return;
        }
        if absent.has(Absent::NAME) {
            member.name.clone_from(&known.name);
        }
        if absent.has(Absent::LEADERS) {
            member.direct_leaders.clone_from(&known.direct_leaders);
        }
        if absent.has(Absent::ALTERNATE_IDS) {
            member.alternate_ids.clone_from(&known.alternate_ids);
        }
        if absent.has(Absent::ATTRIBUTES) {
            member.attributes.clone_from(&known.attributes);
        }
        if absent.has(Absent::STATUS) {
            member.status = known.status;
        }
        // A main department that the member has left is none any more.
        if absent.has(Absent::MAIN_DEPARTMENT) {
            let known = known.main_department.as_ref();
            member.main_department =
                known.filter(|id| member.departments.iter().any(|place| place.id == **id)).cloned();
        }
        for place in &mut member.departments {
            let Some(before) = known.departments.iter().find(|before| before.id == place.id) else { continue };
            if absent.has(Absent::LEADER_MARKS) {
                place.leader = before.leader;
            }
            if absent.has(Absent::ORDER) {
                place.order = before.order;
            }
        }
        for ((_, field, text), (.., before)) in member.texts_mut().into_iter().zip(known.texts()) {
            if absent.has(field) {
                text.clone_from(before);
            }
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde wants a reference
fn is_zero(number: &u64) -> bool {
    *number == 0
}
