//! One member: every field that `user/get` and `user/list` can deliver (fact sheet section 4.2).

use std::borrow::Cow;

/// Whether a member can work with the corp. The numbers are WeCom's `status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// 1: signed in at least once.
    Active,
    /// 2: disabled by an administrator.
    Disabled,
    /// 4: never signed in.
    NotActivated,
    /// 5: left the corp; usually such members vanish from all lists instead.
    Resigned,
}

impl Status {
    /// The number on the wire.
    pub fn number(self) -> u64 {
        match self {
            Self::Active => 1,
            Self::Disabled => 2,
            Self::NotActivated => 4,
            Self::Resigned => 5,
        }
    }
}

/// The gender on a member's card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// "0": not given, or not permitted.
    Unknown,
    /// "1".
    Male,
    /// "2".
    Female,
}

impl Gender {
    /// The text on the wire: a string, not a number.
    pub fn text(self) -> &'static str {
        match self {
            Self::Unknown => "0",
            Self::Male => "1",
            Self::Female => "2",
        }
    }
}

/// A member's place in one department.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Membership {
    /// The department.
    pub department: u64,
    /// Rank inside the department; larger sorts first.
    pub order: u64,
    /// Whether the member is a leader there.
    pub leader: bool,
}

impl Membership {
    /// An ordinary place: order 0, not a leader.
    pub fn of(department: u64) -> Self {
        Self { department, order: 0, leader: false }
    }
}

/// The value of a custom field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeValue {
    /// Type 0.
    Text(String),
    /// Type 1.
    Web {
        /// Link title.
        title: String,
        /// Link target.
        url: String,
    },
    /// Type 2; external fields only.
    MiniProgram {
        /// Application id of the mini program.
        appid: String,
        /// Page inside it.
        pagepath: String,
        /// Link title.
        title: String,
    },
}

/// One custom field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Field name.
    pub name: String,
    /// Its value.
    pub value: AttributeValue,
}

impl Attribute {
    /// A text field.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: AttributeValue::Text(value.into()) }
    }
}

/// What customers see of a member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalProfile {
    /// Short name of the corp.
    pub corp_name: Option<String>,
    /// Name of the member's video channel.
    pub channel: Option<String>,
    /// Custom fields shown to customers.
    pub attributes: Vec<Attribute>,
}

/// One member of the corp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// 1 to 64 bytes of `[A-Za-z0-9_\-@.]`; unique ignoring case, shown as written.
    pub id: String,
    /// Display name.
    pub name: String,
    /// 1 to 100 departments, the order of the wire's parallel arrays.
    pub departments: Vec<Membership>,
    /// One of `departments`; `None` means the first.
    pub main_department: Option<u64>,
    /// Up to 5 members this one reports to.
    pub direct_leaders: Vec<String>,
    /// Job title; "" when unset, like the other texts below.
    pub position: String,
    /// Landline.
    pub telephone: String,
    /// Second name.
    pub alias: String,
    /// Historical English name.
    pub english_name: String,
    /// Whether the mobile number is hidden from colleagues.
    pub hide_mobile: bool,
    /// Working state.
    pub status: Status,
    /// Sensitive: see [`super::SensitiveField`].
    pub gender: Gender,
    /// Sensitive: picture URL. Most members have the same one, which is not stored for each.
    pub avatar: Cow<'static, str>,
    /// Sensitive.
    pub mobile: String,
    /// Sensitive: personal e-mail.
    pub email: String,
    /// Sensitive: corp e-mail.
    pub biz_mail: String,
    /// Sensitive: picture URL.
    pub qr_code: String,
    /// Sensitive.
    pub address: String,
    /// Job title shown to customers.
    pub external_position: String,
    /// Custom fields.
    pub attributes: Vec<Attribute>,
    /// What customers see.
    pub external_profile: ExternalProfile,
}

impl Member {
    /// An active member of one department with the fields every card has; the rest is empty.
    pub fn new(id: impl Into<String>, name: impl Into<String>, department: u64) -> Self {
        let id = id.into();
        Self {
            name: name.into(),
            departments: vec![Membership::of(department)],
            main_department: None,
            direct_leaders: Vec::new(),
            position: String::new(),
            telephone: String::new(),
            alias: String::new(),
            english_name: String::new(),
            hide_mobile: false,
            status: Status::Active,
            gender: Gender::Unknown,
            avatar: "https://wework.qpic.cn/sample/0".into(),
            mobile: String::new(),
            email: String::new(),
            biz_mail: format!("{}@example.wecom.work", id.to_lowercase().replace('@', ".")),
            qr_code: format!("https://open.work.weixin.qq.com/wwopen/userQRCode?vcode={id}"),
            address: String::new(),
            external_position: String::new(),
            attributes: Vec::new(),
            external_profile: ExternalProfile::default(),
            id,
        }
    }

    /// The main department, given or implied.
    pub fn main(&self) -> Option<u64> {
        self.main_department.or_else(|| self.departments.first().map(|place| place.department))
    }
}
