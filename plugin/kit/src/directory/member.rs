//! A member, in the kit's own form: what every vendor's answer is turned into, what is compared and what is stored.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::contract::directory::MemberStatus;

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

/// Another id of a member.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AlternateId {
    /// Kebab-case, such as `employee-number`.
    pub kind: String,
    /// As the vendor spells it.
    pub id: String,
}

/// A custom field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Attribute {
    /// As the organisation named it.
    pub name: String,
    /// Text, or JSON of a value with parts.
    pub value: String,
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

impl Absent {
    /// The answer spoke of everything.
    pub const NONE: Self = Self(0);
    /// [`Member::name`], or the name of a department.
    pub const NAME: Self = Self(1);
    /// [`Member::main_department`]
    pub const MAIN_DEPARTMENT: Self = Self(1 << 1);
    /// [`Member::direct_leaders`], or the leaders of a department.
    pub const LEADERS: Self = Self(1 << 2);
    /// [`Membership::leader`] of every department.
    pub const LEADER_MARKS: Self = Self(1 << 3);
    /// [`Membership::order`] of every department, or the order of a department.
    pub const ORDER: Self = Self(1 << 4);
    /// [`Member::position`]
    pub const POSITION: Self = Self(1 << 5);
    /// [`Member::alias`]
    pub const ALIAS: Self = Self(1 << 6);
    /// [`Member::telephone`]
    pub const TELEPHONE: Self = Self(1 << 7);
    /// [`Member::mobile`]
    pub const MOBILE: Self = Self(1 << 8);
    /// [`Member::email`]
    pub const EMAIL: Self = Self(1 << 9);
    /// [`Member::business_email`]
    pub const BUSINESS_EMAIL: Self = Self(1 << 10);
    /// [`Member::gender`]
    pub const GENDER: Self = Self(1 << 11);
    /// [`Member::avatar`]
    pub const AVATAR: Self = Self(1 << 12);
    /// [`Member::qr_code`]
    pub const QR_CODE: Self = Self(1 << 13);
    /// [`Member::address`]
    pub const ADDRESS: Self = Self(1 << 14);
    /// [`Member::external_position`]
    pub const EXTERNAL_POSITION: Self = Self(1 << 15);
    /// [`Member::attributes`]
    pub const ATTRIBUTES: Self = Self(1 << 16);
    /// [`Member::external_profile`]
    pub const EXTERNAL_PROFILE: Self = Self(1 << 17);
    /// The English name of a department.
    pub const NAME_EN: Self = Self(1 << 18);
    /// The parent of a department.
    pub const PARENT: Self = Self(1 << 19);
    /// [`Member::status`]
    pub const STATUS: Self = Self(1 << 20);
    /// [`Member::alternate_ids`]
    pub const ALTERNATE_IDS: Self = Self(1 << 21);

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
        let sorted = |member: &Self| {
            let mut member = member.clone();
            member.alternate_ids.sort_unstable();
            member.direct_leaders.sort_unstable();
            member.attributes.sort_unstable();
            member
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
        for (name, field) in [
            ("position", &mut self.position),
            ("alias", &mut self.alias),
            ("telephone", &mut self.telephone),
            ("mobile", &mut self.mobile),
            ("email", &mut self.email),
            ("business-email", &mut self.business_email),
            ("gender", &mut self.gender),
            ("avatar", &mut self.avatar),
            ("qr-code", &mut self.qr_code),
            ("address", &mut self.address),
            ("external-position", &mut self.external_position),
            ("external-profile", &mut self.external_profile),
        ] {
            if drops(name) {
                *field = None;
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
        let optional = [
            &self.position,
            &self.alias,
            &self.telephone,
            &self.mobile,
            &self.email,
            &self.business_email,
            &self.avatar,
            &self.qr_code,
            &self.address,
            &self.external_position,
            &self.external_profile,
        ];
        let optional: usize = optional.into_iter().flatten().map(String::len).sum();
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
        for (field, value, before) in [
            (Absent::POSITION, &mut member.position, &known.position),
            (Absent::ALIAS, &mut member.alias, &known.alias),
            (Absent::TELEPHONE, &mut member.telephone, &known.telephone),
            (Absent::MOBILE, &mut member.mobile, &known.mobile),
            (Absent::EMAIL, &mut member.email, &known.email),
            (Absent::BUSINESS_EMAIL, &mut member.business_email, &known.business_email),
            (Absent::GENDER, &mut member.gender, &known.gender),
            (Absent::AVATAR, &mut member.avatar, &known.avatar),
            (Absent::QR_CODE, &mut member.qr_code, &known.qr_code),
            (Absent::ADDRESS, &mut member.address, &known.address),
            (Absent::EXTERNAL_POSITION, &mut member.external_position, &known.external_position),
            (Absent::EXTERNAL_PROFILE, &mut member.external_profile, &known.external_profile),
        ] {
            if absent.has(field) {
                value.clone_from(before);
            }
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde wants a reference
fn is_zero(number: &u64) -> bool {
    *number == 0
}
