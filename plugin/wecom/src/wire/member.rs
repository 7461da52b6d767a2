//! A member as WeCom sends it (docs 90196, 90201), normalised at this edge: everything behind it sees one spelling of
//! "nothing", parallel arrays are joined, and the order in which departments were listed makes no difference.
//!
//! Only id and departments decide who somebody is and where. Every other field that cannot be read is left out, and its
//! name noted; one that the answer does not speak of, or that cannot be read, keeps the value that is known.

use serde::de::Error;

use super::{
    gaps::Gaps,
    tolerant::{self, Items, WireField, object},
};
use organisation_kit::{
    contract::directory::MemberStatus,
    directory::member::{Absent, Attribute, FetchedMember, Member, MemberRow, Membership},
};

mod list;

pub(crate) use list::{Broken, each, ids};

/// Bytes of a member id at most (doc 90195).
pub(crate) const ID_BYTES: usize = 64;

/// Bytes of a member at most, as it comes alone, and of its fields, wherever it comes from: ten times the largest sound one, and little enough to be stored.
pub(crate) const MEMBER_BYTES: usize = 128 << 10;
/// Departments of a member at most: twice what WeCom allows.
const DEPARTMENTS: usize = 200;

/// Reads one member: the whole of a `user/get` answer, or a row of an export.
///
/// # Errors
/// Where the text is no JSON object, or larger than [`MEMBER_BYTES`].
pub(crate) fn parse(text: &str) -> Result<MemberRow, serde_json::Error> {
    if text.len() > MEMBER_BYTES {
        return Err(serde_json::Error::custom(format_args!("a member of {} bytes", text.len())));
    }
    tolerant::parse(text).map(RawMember::normalise)
}

/// Whether a text can name a member.
pub(crate) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= ID_BYTES && !id.chars().any(char::is_control)
}

object! {
    /// As it comes. What an older server or a private deployment may send instead is read by [`tolerant`].
    struct RawMember {
        userid: String,
        name: String,
        department: Vec<u64>,
        order: Vec<u64>,
        is_leader_in_dept: Vec<u64>,
        direct_leader: Vec<String>,
        main_department: u64,
        status: u64,
        enable: u64,
        position: String,
        alias: String,
        telephone: String,
        mobile: String,
        email: String,
        biz_mail: String,
        gender: String,
        avatar: String,
        qr_code: String,
        address: String,
        external_position: String,
        extattr: RawAttributes,
        external_profile: Json,
    }
}

object! {
    struct RawAttributes {
        attrs: Items<RawAttribute>,
    }
}

object! {
    /// With or without `type`; old corps send `value`, newer ones `text.value`, some both.
    struct RawAttribute {
        name: String,
        value: String,
        text: RawText,
        web: Json,
        miniprogram: Json,
    }
}

object! {
    struct RawText {
        value: String,
    }
}

type Json = serde_json::Map<String, serde_json::Value>;

impl Gaps {
    fn gender(&mut self, field: WireField<String>) -> Option<String> {
        let gender = gender_of(&self.text("gender", Absent::GENDER, field)?);
        if gender.is_none() {
            self.absent.add(Absent::GENDER);
        }
        gender
    }

    /// `enable` is undocumented and mirrors status 2; it speaks only where `status` does not. A number that the
    /// documentation does not know is somebody who can be seen, hence present.
    fn status(&mut self, status: WireField<u64>, enable: WireField<u64>) -> MemberStatus {
        if matches!(status, WireField::Unreadable) {
            self.unreadable.push("status");
        }
        let (status, enable) = (status.value(), enable.value());
        if status.is_none() && enable.is_none() {
            self.absent.add(Absent::STATUS);
        }
        match (status, enable) {
            (Some(2), _) | (None, Some(0)) => MemberStatus::Disabled,
            (Some(4), _) => MemberStatus::NotActivated,
            (Some(5), _) => MemberStatus::Resigned,
            _ => MemberStatus::Active,
        }
    }

    /// Custom fields. One without a name or value that can be read is left out alone.
    fn attributes(&mut self, field: WireField<RawAttributes>) -> Vec<Attribute> {
        let attrs = match field {
            // An object without a list is an empty list.
            WireField::Read(RawAttributes { attrs: WireField::Absent }) => WireField::Read(Items::default()),
            WireField::Read(RawAttributes { attrs }) => attrs,
            WireField::Absent => WireField::Absent,
            WireField::Unreadable => WireField::Unreadable,
        };
        let Items { read, odd } = self.take("extattr", Absent::ATTRIBUTES, attrs);
        let sent = read.len() + odd;
        let attributes: Vec<_> = read.into_iter().filter_map(RawAttribute::normalise).collect();
        if attributes.len() < sent {
            self.unreadable.push("extattr");
        }
        attributes
    }
}

impl RawMember {
    fn normalise(self) -> MemberRow {
        let Some(id) = self.userid.value().filter(|id| is_id(id)) else { return MemberRow::Unreadable { id: None } };
        let mut gaps = Gaps::default();
        let departments = match self.department {
            WireField::Read(ids) if ids.len() <= DEPARTMENTS && !ids.contains(&0) => ids,
            // An empty list is left out by some servers, and whoever is in no department has none.
            WireField::Absent => Vec::new(),
            WireField::Read(_) | WireField::Unreadable => return MemberRow::Unreadable { id: Some(id) },
        };
        let orders = gaps.take("order", Absent::ORDER, self.order);
        let leads = gaps.take("is_leader_in_dept", Absent::LEADER_MARKS, self.is_leader_in_dept);
        let profile = gaps.take("external_profile", Absent::EXTERNAL_PROFILE, self.external_profile);
        let member = Member {
            // `open_userid` is for third-party apps (doc 90196).
            alternate_ids: Vec::new(),
            id,
            name: gaps.take("name", Absent::NAME, self.name),
            status: gaps.status(self.status, self.enable),
            departments: memberships(&departments, &orders, &leads),
            main_department: gaps.department("main_department", Absent::MAIN_DEPARTMENT, self.main_department),
            direct_leaders: gaps.members("direct_leader", Absent::LEADERS, self.direct_leader),
            position: gaps.text("position", Absent::POSITION, self.position),
            alias: gaps.text("alias", Absent::ALIAS, self.alias),
            telephone: gaps.text("telephone", Absent::TELEPHONE, self.telephone),
            mobile: gaps.text("mobile", Absent::MOBILE, self.mobile),
            email: gaps.text("email", Absent::EMAIL, self.email),
            business_email: gaps.text("biz_mail", Absent::BUSINESS_EMAIL, self.biz_mail),
            gender: gaps.gender(self.gender),
            avatar: gaps.text("avatar", Absent::AVATAR, self.avatar),
            qr_code: gaps.text("qr_code", Absent::QR_CODE, self.qr_code),
            address: gaps.text("address", Absent::ADDRESS, self.address),
            external_position: gaps.text("external_position", Absent::EXTERNAL_POSITION, self.external_position),
            attributes: gaps.attributes(self.extattr),
            external_profile: (!profile.is_empty()).then(|| serde_json::Value::Object(profile).to_string()),
        };
        if member.bytes() > MEMBER_BYTES {
            return MemberRow::Unreadable { id: Some(member.id) };
        }
        let Gaps { absent, unreadable } = gaps;
        MemberRow::Fetched(Box::new(FetchedMember { member, absent, unreadable }))
    }
}

/// `0` is what WeCom says of a gender that is unknown and of one that the app may not see, so it says nothing.
pub(super) fn gender_of(number: &str) -> Option<String> {
    match number {
        "1" => Some("male".to_owned()),
        "2" => Some("female".to_owned()),
        _ => None,
    }
}

/// Joins parallel arrays; those of order and leadership may be shorter or longer. Departments are in rising order and
/// stand once.
fn memberships(departments: &[u64], orders: &[u64], leads: &[u64]) -> Vec<Membership> {
    let padded = |values: &[u64], index: usize| values.get(index).copied().unwrap_or_default();
    let (mut numbers, mut memberships) = (Vec::with_capacity(departments.len()), Vec::with_capacity(departments.len()));
    for (index, id) in departments.iter().enumerate() {
        if let Err(place) = numbers.binary_search(id) {
            let (leader, order) = (padded(leads, index) != 0, padded(orders, index));
            numbers.insert(place, *id);
            memberships.insert(place, Membership { id: id.to_string(), leader, order });
        }
    }
    memberships
}

impl RawAttribute {
    fn normalise(self) -> Option<Attribute> {
        let json = |field: WireField<Json>| {
            let fields = field.value().filter(|fields| !fields.is_empty())?;
            Some(serde_json::Value::Object(fields).to_string())
        };
        let text = self.text.value().and_then(|text| text.value.value());
        let value = text.or(self.value.value()).or_else(|| json(self.web)).or_else(|| json(self.miniprogram))?;
        Some(Attribute { name: self.name.text()?, value })
    }
}
