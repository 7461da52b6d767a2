//! A member.

use organisation_host::contract::directory::{AlternateId, Attribute, Member, MemberStatus, Membership};
use serde::Serialize;
use serde_json::Value;

/// A member of the copy.
#[derive(Debug, Clone, Serialize)]
pub struct MemberView {
    pub id: String,
    pub alternate_ids: Vec<AlternateIdView>,
    pub name: String,
    pub status: &'static str,
    pub departments: Vec<MembershipView>,
    pub main_department: Option<String>,
    pub direct_leaders: Vec<String>,
    pub position: Option<String>,
    pub alias: Option<String>,
    pub telephone: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    pub business_email: Option<String>,
    pub gender: Option<String>,
    pub avatar: Option<String>,
    pub qr_code: Option<String>,
    pub address: Option<String>,
    pub external_position: Option<String>,
    pub attributes: Vec<AttributeView>,
    pub external_profile: Option<Value>,
    pub roles: Vec<String>,
    pub suspended_roles: Vec<String>,
}

/// Another id of the same person.
#[derive(Debug, Clone, Serialize)]
pub struct AlternateIdView {
    pub kind: String,
    pub id: String,
}

/// A place in a department.
#[derive(Debug, Clone, Serialize)]
pub struct MembershipView {
    pub id: String,
    pub leader: bool,
    pub order: u64,
}

/// A further field.
#[derive(Debug, Clone, Serialize)]
pub struct AttributeView {
    pub name: String,
    pub value: String,
}

/// The status in kebab-case.
pub fn status(status: MemberStatus) -> &'static str {
    match status {
        MemberStatus::Active => "active",
        MemberStatus::Disabled => "disabled",
        MemberStatus::NotActivated => "not-activated",
        MemberStatus::LeftRange => "left-range",
        MemberStatus::Resigned => "resigned",
    }
}

impl From<Member> for MemberView {
    fn from(member: Member) -> Self {
        let place = |Membership { id, leader, order }| MembershipView { id, leader, order };
        let attribute = |Attribute { name, value }| AttributeView { name, value };
        Self {
            id: member.id,
            alternate_ids: member
                .alternate_ids
                .into_iter()
                .map(|AlternateId { kind, id }| AlternateIdView { kind, id })
                .collect(),
            name: member.name,
            status: status(member.status),
            departments: member.departments.into_iter().map(place).collect(),
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
            attributes: member.attributes.into_iter().map(attribute).collect(),
            // Promised to be JSON; what is not, is shown as the text it is.
            external_profile: member
                .external_profile
                .map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text))),
            roles: member.roles,
            suspended_roles: member.suspended_roles,
        }
    }
}
