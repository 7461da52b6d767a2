//! Self-built apps and the contact-sync assistant: who calls, with which secret, from where, and what it may see.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Corp, CorpError, MemberKey, key};
use crate::secret::Secret;

/// What an administrator listed as the visible range of an app.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisibleRange {
    pub(crate) members: BTreeSet<MemberKey>,
    pub(crate) departments: BTreeSet<u64>,
    pub(crate) tags: BTreeSet<u64>,
}

impl VisibleRange {
    /// Listed members, lower-cased ids.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(AsRef::as_ref)
    }

    /// Listed departments; their whole subtrees are visible.
    pub fn departments(&self) -> impl Iterator<Item = u64> {
        self.departments.iter().copied()
    }

    /// Listed tags; their members and the subtrees of their departments are visible.
    pub fn tags(&self) -> impl Iterator<Item = u64> {
        self.tags.iter().copied()
    }
}

/// One entry of a visible range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A single member.
    Member(String),
    /// A department and everything below it.
    Department(u64),
    /// The members and departments of a tag.
    Tag(u64),
}

/// From which addresses an app may call (企业可信IP).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedAddresses {
    /// No list, as apps made before 2022-06-20 may have: every address is admitted.
    Any,
    /// Only these addresses; an empty set admits nobody.
    Only(BTreeSet<IpAddr>),
}

/// A field that apps made after 2022-06-20 learn only by a member's consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are WeCom's field names")]
pub enum SensitiveField {
    Avatar,
    Gender,
    Mobile,
    Email,
    BizMail,
    QrCode,
    Address,
}

impl SensitiveField {
    /// Every field.
    pub const ALL: [Self; 7] =
        [Self::Avatar, Self::Gender, Self::Mobile, Self::Email, Self::BizMail, Self::QrCode, Self::Address];

    /// The key on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avatar => "avatar",
            Self::Gender => "gender",
            Self::Mobile => "mobile",
            Self::Email => "email",
            Self::BizMail => "biz_mail",
            Self::QrCode => "qr_code",
            Self::Address => "address",
        }
    }

    /// The field with this key.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// Where events are delivered (fact sheet section 7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// `http://` and a loopback address: the simulator talks to nothing else.
    pub url: String,
    /// Up to 32 letters and digits.
    pub token: Secret,
    /// 43 letters and digits.
    pub aes_key: Secret,
}

impl Callback {
    /// The three values an administrator enters.
    pub fn new(url: impl Into<String>, token: impl Into<String>, aes_key: impl Into<String>) -> Self {
        Self { url: url.into(), token: Secret::new(token), aes_key: Secret::new(aes_key) }
    }
}

/// A self-built app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Usually 1000002 and up.
    pub id: u64,
    /// Shown to members.
    pub name: String,
    /// Shown to members.
    pub description: String,
    /// Picture URL.
    pub logo_url: String,
    /// The app's secret; unique in the corp.
    pub secret: Secret,
    /// A disabled app gets no token and its tokens answer 50003.
    pub enabled: bool,
    /// Made before 2022-06-20 20:00: full member fields.
    pub created_before_2022: bool,
    /// From where it may call.
    pub trusted_addresses: TrustedAddresses,
    /// Hosts (`host` or `host:port`, as registered) that in-app sign-in may return to; `agent/get` shows the first.
    pub trusted_domains: Vec<String>,
    /// Host that browser sign-in may return to as well (授权回调域).
    pub login_callback_domain: Option<String>,
    /// Sensitive fields the administrator opened to the app, subject to consent.
    pub sensitive_fields: BTreeSet<SensitiveField>,
    /// Where the app starts.
    pub home_url: String,
    /// Whether `enter_agent` events are delivered.
    pub reports_entering: bool,
    /// Whether locations are delivered when a conversation opens.
    pub reports_location: bool,
    /// Where its events go, once an administrator saved an address ([`crate::Control::save_callback`]).
    pub callback: Option<Callback>,
    /// The mini program it is bound to, for `miniprogram_notice`.
    pub mini_program: Option<String>,
    /// Whether it is listed under 审批 → API → 可调用接口的应用; otherwise approvals answer 301055.
    pub approvals: bool,
    /// What it may see; changed by [`Corp::grant`] and [`Corp::ungrant`].
    pub visible: VisibleRange,
}

impl App {
    /// A new-style app, enabled, trusted from loopback, seeing nothing yet.
    pub fn new(id: u64, name: impl Into<String>, secret: Secret) -> Self {
        Self {
            id,
            name: name.into(),
            description: String::new(),
            logo_url: "https://p.qlogo.cn/sample/0".to_owned(),
            secret,
            enabled: true,
            created_before_2022: false,
            trusted_addresses: TrustedAddresses::Only(loopback()),
            trusted_domains: Vec::new(),
            login_callback_domain: None,
            sensitive_fields: BTreeSet::new(),
            home_url: String::new(),
            reports_entering: false,
            reports_location: false,
            callback: None,
            mini_program: None,
            approvals: false,
            visible: VisibleRange::default(),
        }
    }
}

/// The contact-sync assistant (通讯录同步): its secret sees the whole corp, but since 2022 mostly as ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactSync {
    /// Its secret.
    pub secret: Secret,
    /// From where it may call.
    pub trusted_addresses: TrustedAddresses,
    /// Where changes of contacts are told.
    pub callback: Option<Callback>,
}

impl ContactSync {
    /// Trusted from loopback.
    pub fn new(secret: Secret) -> Self {
        Self { secret, trusted_addresses: TrustedAddresses::Only(loopback()), callback: None }
    }
}

fn loopback() -> BTreeSet<IpAddr> {
    BTreeSet::from([IpAddr::from([127, 0, 0, 1])])
}

impl Corp {
    /// All apps by id.
    pub fn apps(&self) -> impl Iterator<Item = &App> {
        self.apps.values()
    }

    /// One app.
    pub fn app(&self, id: u64) -> Option<&App> {
        self.apps.get(&id)
    }

    /// Adds an app; its visible range must name what exists.
    ///
    /// # Errors
    /// Id or secret in use, also by the contact-sync assistant.
    pub fn add_app(&mut self, app: App) -> Result<(), CorpError> {
        let taken = self.apps.values().any(|other| other.id == app.id || other.secret == app.secret)
            || self.contact_sync.as_ref().is_some_and(|sync| sync.secret == app.secret);
        if taken {
            return Err(CorpError::AppExists(app.id));
        }
        self.apps.insert(app.id, app);
        Ok(())
    }

    /// Changes an app's own properties. The id stays.
    ///
    /// # Errors
    /// App unknown.
    pub fn update_app(&mut self, id: u64, change: impl FnOnce(&mut App)) -> Result<(), CorpError> {
        let app = self.apps.get_mut(&id).ok_or(CorpError::AppUnknown(id))?;
        change(app);
        app.id = id;
        Ok(())
    }

    /// Adds one entry to an app's visible range.
    ///
    /// # Errors
    /// App, member, department or tag unknown.
    pub fn grant(&mut self, app: u64, grant: Grant) -> Result<(), CorpError> {
        match &grant {
            Grant::Member(id) if self.member(id).is_none() => return Err(CorpError::MemberUnknown(id.clone())),
            Grant::Department(id) if self.department(*id).is_none() => return Err(CorpError::DepartmentUnknown(*id)),
            Grant::Tag(id) if self.tag(*id).is_none() => return Err(CorpError::TagUnknown(*id)),
            _ => {}
        }
        let range = &mut self.apps.get_mut(&app).ok_or(CorpError::AppUnknown(app))?.visible;
        match grant {
            Grant::Member(id) => range.members.insert(key(&id)),
            Grant::Department(id) => range.departments.insert(id),
            Grant::Tag(id) => range.tags.insert(id),
        };
        Ok(())
    }

    /// Takes one entry out of an app's visible range; `Ok(false)` when it was not listed.
    ///
    /// # Errors
    /// App unknown.
    pub fn ungrant(&mut self, app: u64, grant: &Grant) -> Result<bool, CorpError> {
        let range = &mut self.apps.get_mut(&app).ok_or(CorpError::AppUnknown(app))?.visible;
        Ok(match grant {
            Grant::Member(id) => range.members.remove(&key(id)),
            Grant::Department(id) => range.departments.remove(id),
            Grant::Tag(id) => range.tags.remove(id),
        })
    }

    /// Admits the addresses given as text, and only those.
    ///
    /// # Errors
    /// App unknown, or text that is not a single address.
    pub fn trust_only(&mut self, app: u64, addresses: &[&str]) -> Result<(), CorpError> {
        let mut set = BTreeSet::new();
        for text in addresses {
            set.insert(text.parse::<IpAddr>().map_err(|_| CorpError::AddressInvalid((*text).to_owned()))?);
        }
        self.update_app(app, |app| app.trusted_addresses = TrustedAddresses::Only(set))
    }

    /// The contact-sync assistant, when it is switched on.
    pub fn contact_sync(&self) -> Option<&ContactSync> {
        self.contact_sync.as_ref()
    }

    /// Switches the contact-sync assistant on or off.
    pub fn set_contact_sync(&mut self, sync: Option<ContactSync>) {
        self.contact_sync = sync;
    }
}
