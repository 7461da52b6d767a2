//! A member as WeCom sends it (docs 90196, 90201), normalised at this edge: everything behind it sees one spelling of
//! "nothing", parallel arrays are joined, and the order in which departments were listed makes no difference.

use serde::{Deserialize, Deserializer, de::Error};

use super::tolerant;
pub use crate::directory::member::{Attribute, Member, Membership};
use crate::contract::directory::MemberStatus;

mod list;

pub use list::{Broken, each, ids};

/// Bytes of a member id at most (doc 90195).
pub const ID_BYTES: usize = 64;

/// Bytes of a member at most, as it comes alone, and of its fields, wherever it comes from: ten times the largest sound one, and little enough to be stored.
pub const MEMBER_BYTES: usize = 128 << 10;
/// Departments of a member at most: twice what WeCom allows (fact sheet §4.2).
const DEPARTMENTS: usize = 200;

/// Reads one member: the whole of a `user/get` answer, or a row of an export.
pub fn parse(text: &str) -> Result<Member, serde_json::Error> {
    if text.len() > MEMBER_BYTES {
        return Err(serde_json::Error::custom(format_args!("a member of {} bytes", text.len())));
    }
    serde_json::from_str::<Sent>(text).map(|sent| sent.0)
}

/// Reads the member that was asked for. Another one, as a confused cache may answer, must not be taken for it.
pub fn parse_of(id: &str, text: &str) -> Result<Member, serde_json::Error> {
    let member = parse(text)?;
    if member.id.to_lowercase() != id.to_lowercase() {
        return Err(serde_json::Error::custom("another member than the one asked for"));
    }
    Ok(member)
}

/// Whether a text can name a member.
pub fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= ID_BYTES && !id.chars().any(char::is_control)
}

/// A member as it comes that is no larger than one may be.
#[derive(Deserialize)]
#[serde(try_from = "Raw")]
struct Sent(Member);

impl TryFrom<Raw> for Sent {
    type Error = String;

    fn try_from(raw: Raw) -> Result<Self, String> {
        let member = raw.normalise();
        let (bytes, departments) = (member.bytes(), member.departments.len());
        if bytes > MEMBER_BYTES {
            return Err(format!("a member of {bytes} bytes"));
        }
        if departments > DEPARTMENTS {
            return Err(format!("a member of {departments} departments"));
        }
        Ok(Self(member))
    }
}

/// As it comes. What an older server or a private deployment may send instead is in the tolerance table, §11.3.
#[derive(Deserialize)]
struct Raw {
    #[serde(deserialize_with = "id")]
    userid: String,
    #[serde(default, deserialize_with = "tolerant::text")]
    name: String,
    #[serde(default, deserialize_with = "tolerant::numbers")]
    department: Vec<u64>,
    #[serde(default, deserialize_with = "tolerant::numbers")]
    order: Vec<u64>,
    #[serde(default, deserialize_with = "tolerant::numbers")]
    is_leader_in_dept: Vec<u64>,
    #[serde(default, deserialize_with = "tolerant::texts")]
    direct_leader: Vec<String>,
    #[serde(default, deserialize_with = "tolerant::optional_number")]
    main_department: Option<u64>,
    #[serde(default, deserialize_with = "tolerant::optional_number")]
    status: Option<u64>,
    #[serde(default, deserialize_with = "tolerant::optional_number")]
    enable: Option<u64>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    position: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    alias: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    telephone: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    mobile: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    email: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    biz_mail: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    gender: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    avatar: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    qr_code: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    address: Option<String>,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    external_position: Option<String>,
    #[serde(default, deserialize_with = "tolerant::object")]
    extattr: RawAttributes,
    #[serde(default)]
    external_profile: Option<serde_json::Value>,
}

#[derive(Default, Deserialize)]
struct RawAttributes {
    #[serde(default, deserialize_with = "tolerant::list")]
    attrs: Vec<RawAttribute>,
}

/// With or without `type`; old corps send `value`, newer ones `text.value`, some both (quirk 21).
#[derive(Deserialize)]
struct RawAttribute {
    #[serde(default, deserialize_with = "tolerant::text")]
    name: String,
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    value: Option<String>,
    #[serde(default)]
    text: Option<RawText>,
    #[serde(default)]
    web: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    miniprogram: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Deserialize)]
struct RawText {
    #[serde(default, deserialize_with = "tolerant::optional_text")]
    value: Option<String>,
}

impl Raw {
    fn normalise(self) -> Member {
        let padded = |values: &[u64], index: usize| values.get(index).copied().unwrap_or_default();
        let mut departments: Vec<(u64, Membership)> = self
            .department
            .iter()
            .enumerate()
            .map(|(index, &id)| {
                let leader = padded(&self.is_leader_in_dept, index) != 0;
                (id, Membership { id: id.to_string(), leader, order: padded(&self.order, index) })
            })
            .collect();
        departments.sort_by_key(|(id, _)| *id);
        departments.dedup_by_key(|(id, _)| *id);
        Member {
            id: self.userid,
            name: self.name,
            status: status(self.status, self.enable),
            departments: departments.into_iter().map(|(_, place)| place).collect(),
            main_department: self.main_department.filter(|&id| id != 0).map(|id| id.to_string()),
            direct_leaders: self.direct_leader.into_iter().filter(|leader| !leader.is_empty()).collect(),
            position: self.position,
            alias: self.alias,
            telephone: self.telephone,
            mobile: self.mobile,
            email: self.email,
            business_email: self.biz_mail,
            gender: match self.gender.as_deref() {
                Some("1") => Some("male".to_owned()),
                Some("2") => Some("female".to_owned()),
                _ => None,
            },
            avatar: self.avatar,
            qr_code: self.qr_code,
            address: self.address,
            external_position: self.external_position,
            attributes: self.extattr.attrs.into_iter().filter_map(RawAttribute::normalise).collect(),
            external_profile: self
                .external_profile
                .filter(|profile| profile.as_object().is_some_and(|fields| !fields.is_empty()))
                .map(|profile| profile.to_string()),
        }
    }
}

impl RawAttribute {
    fn normalise(self) -> Option<Attribute> {
        let json = |fields: serde_json::Map<String, serde_json::Value>| serde_json::Value::Object(fields).to_string();
        let value = (self.text.and_then(|text| text.value))
            .or(self.value)
            .or_else(|| self.web.map(json))
            .or_else(|| self.miniprogram.map(json))
            .unwrap_or_default();
        (!self.name.is_empty()).then_some(Attribute { name: self.name, value })
    }
}

/// `enable` is undocumented and mirrors status 2; it speaks only where `status` is missing. A number that the
/// documentation does not know is somebody who can be seen, hence present.
fn status(status: Option<u64>, enable: Option<u64>) -> MemberStatus {
    match (status, enable) {
        (Some(2), _) | (None, Some(0)) => MemberStatus::Disabled,
        (Some(4), _) => MemberStatus::NotActivated,
        (Some(5), _) => MemberStatus::Resigned,
        _ => MemberStatus::Active,
    }
}

/// An id that cannot name a member makes the answer unreadable: skipping the row would make the pass incomplete.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = tolerant::text(deserializer)?;
    if !is_id(&id) {
        return Err(D::Error::custom(format_args!(
            "a member id of {} bytes, expected 1 to {ID_BYTES} without control characters",
            id.len()
        )));
    }
    Ok(id)
}
