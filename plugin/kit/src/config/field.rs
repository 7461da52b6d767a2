//! A key of the configuration, and the keys that every element has.
//!
//! A vendor's table of [`Field`]s is the one place that names its keys: the description shows it, the reader takes
//! values by it, and a key that is not in it is unknown.

use super::{problem::Finding, shown::described};

/// One text in Chinese and English.
pub type Words = (&'static str, &'static str);

/// One key of the configuration.
#[derive(Debug)]
pub struct Field {
    /// The key; one in an object is written with `.` between them.
    pub key: &'static str,
    /// A second key that is read as well.
    pub alias: Option<&'static str>,
    /// What other products call it, word by word: offered, not read. In lower case, letters and digits only.
    pub elsewhere: &'static str,
    /// Its name for people.
    pub label: Words,
    /// What it is for.
    pub help: Words,
    /// Whether the element needs it; a field of an object only where the object holds anything.
    pub required: bool,
    /// What a sound value is.
    pub kind: Kind,
    /// What the vendor has to say about a value that is of this kind. An error takes the value away.
    pub judge: fn(&str) -> Option<Finding>,
    /// A regular expression (ECMA, anchored) for sound values.
    pub pattern: Option<&'static str>,
    /// What an absent key means.
    pub default: Option<&'static str>,
    /// Where the administrator finds the value in the vendor's console.
    pub place: Option<Words>,
}

/// What a sound value is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text on one line.
    Text,
    /// Text that people choose freely, such as the name of a user: it may look like a placeholder.
    Free,
    /// Text from people for people, of any lines: nothing in it is a sign of anything, but for a template variable.
    Paragraph {
        /// UTF-8 bytes.
        most_bytes: usize,
    },
    /// A whole number above 0 of at most 18 digits, also as text.
    Number,
    /// A whole number between these, both included, also as text.
    Count {
        /// The smallest.
        least: u64,
        /// The largest.
        most: u64,
    },
    /// Text that must not be shown.
    Secret(Use),
    /// Where sign-in pages return to.
    Redirect,
    /// `host` or `host:port`.
    Domain,
    /// A server.
    Base {
        /// The path that the element appends; nobody has to write it.
        tail: &'static str,
        /// What the component itself calls it for; nothing where only browsers open it.
        purpose: Option<&'static str>,
    },
    /// A list of servers that the component calls.
    Servers {
        /// What for.
        purpose: &'static str,
    },
    /// A proxy of the host.
    Proxy,
    /// One of these words, with space between them.
    Word(&'static str),
    /// The name of a small text file for the root of the app's host: letters and digits between these two. It holds just
    /// them, or else what follows a `:`.
    RootFile {
        /// How the name begins.
        begin: &'static str,
        /// How it ends.
        end: &'static str,
    },
    /// A language tag.
    Locale,
    /// A list of some words, likewise.
    Words {
        /// Those that make a difference.
        known: &'static str,
        /// Those that are meant in any case; naming them is no mistake.
        implied: &'static str,
    },
}

/// What becomes of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// The component sends it to the destination of this purpose, and the host keeps it until then.
    Sent(&'static str),
    /// The component computes with it.
    InClear,
    /// The password of the proxy, which the host speaks to.
    Proxy,
    /// None so far.
    Nothing,
}

impl Field {
    /// An optional text about which nothing is known; a table says only what is different.
    pub const PLAIN: Self = Self {
        key: "",
        alias: None,
        elsewhere: "",
        label: ("", ""),
        help: ("", ""),
        required: false,
        kind: Kind::Text,
        judge: |_| None,
        pattern: None,
        default: None,
        place: None,
    };

    /// The object that holds the key, with those that hold it, and the key in it.
    pub(super) fn split(&self) -> (Option<&'static str>, &'static str) {
        match self.key.rsplit_once('.') {
            Some((group, name)) => (Some(group), name),
            None => (None, self.key),
        }
    }

    /// The object `key` in the object `group` or on top, where the field lies somewhere in it.
    pub(super) fn object_in(&self, group: Option<&str>, key: &str) -> Option<&'static str> {
        let inner = match group {
            Some(group) => self.key.strip_prefix(group)?.strip_prefix('.')?,
            None => self.key,
        };
        let rest = inner.strip_prefix(key)?;
        rest.starts_with('.').then(|| &self.key[..self.key.len() - rest.len()])
    }

    /// Whether the field lies in an object of the object `group`, or of the document.
    pub(super) fn is_below(&self, group: Option<&str>) -> bool {
        let is_in = |holder: &str| {
            group.is_none_or(|group| holder.strip_prefix(group).is_some_and(|rest| rest.starts_with('.')))
        };
        self.split().0.is_some_and(is_in)
    }

    /// Whether the value must not be shown.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Secret(_))
    }
}

const WEB: &str = r"^https?://\S+$";

/// Where sign-in pages return to.
pub const REDIRECT_URI: Field = Field {
    key: "redirectUri",
    elsewhere: "callbackaddress callbackuri callbackurl oauthcallback oauthcallbackurl redirect redirectaddress redirecturis redirecturl redirecturls returnuri returnurl",
    label: ("登录回跳地址", "Redirect address"),
    help: ("登录完成后返回的完整地址", "the absolute address to which a sign-in returns"),
    kind: Kind::Redirect,
    pattern: Some(WEB),
    ..Field::PLAIN
};

/// The app's domain, where it is to be stated apart from the redirect address.
pub const TRUSTED_DOMAIN: Field = Field {
    key: "trustedDomain",
    elsewhere: "appdomain callbackdomain domain oauthdomain redirectdomain trusteddomains",
    label: ("可信域名", "Trusted domain"),
    help: ("应用的域名（及端口），不写协议与路径", "the host of the app, and its port, without scheme and path"),
    kind: Kind::Domain,
    pattern: Some(r"^[^\s/:?#@]+(:[0-9]{1,5})?$"),
    ..Field::PLAIN
};

/// A server; the vendor adds key, texts and kind.
pub const BASE_URL: Field = Field { pattern: Some(WEB), ..Field::PLAIN };

/// A proxy of the host.
pub const PROXY: Field = Field {
    key: "proxy",
    elsewhere: "allproxy httpproxy httpsproxy proxyaddress proxyhost proxyserver proxyurl",
    label: ("出口代理", "Proxy"),
    help: ("访问接口所用的 HTTP 代理，须由平台运维放行", "the HTTP proxy to the API, where the operator admits it"),
    kind: Kind::Proxy,
    pattern: Some(r"^https?://[^\s@]+$"),
    ..Field::PLAIN
};

/// Who the host says it is to the proxy.
pub const PROXY_USERNAME: Field = Field {
    key: "proxyUsername",
    elsewhere: "proxylogin proxyuser",
    label: ("代理用户名", "Proxy user name"),
    help: ("代理要求登录时的用户名", "the user name where the proxy asks for one"),
    kind: Kind::Free,
    judge: |value| {
        // It ends at the first colon where it is sent (RFC 7617).
        let expected = ("不含冒号的用户名", "a user name without a colon");
        let hint = ("代理用户名不能含有冒号", "a user name for a proxy has no colon in it");
        value.contains(':').then(|| Finding::malformed(&described(value), expected, hint))
    },
    pattern: Some(r"^[^\s:]+$"),
    ..Field::PLAIN
};

/// What proves it.
pub const PROXY_PASSWORD: Field = Field {
    key: "proxyPassword",
    elsewhere: "proxypass proxypwd proxysecret",
    label: ("代理密码", "Proxy password"),
    help: ("代理要求登录时的密码，只发送给代理", "the password where the proxy asks for one; sent to the proxy only"),
    kind: Kind::Secret(Use::Proxy),
    ..Field::PLAIN
};

/// What to do with the constant state of a home page URL.
pub const HOMEPAGE_STATE: Field = Field {
    key: "homepageState",
    label: ("主页登录", "Home page sign-in"),
    help: (
        "应用主页链接的 state 固定不变：allow 允许登录，refuse 拒绝",
        "a home page URL has a constant state: allow signs in, refuse does not",
    ),
    kind: Kind::Word("allow refuse"),
    pattern: Some("^(allow|refuse)$"),
    default: Some("allow"),
    ..Field::PLAIN
};

/// The language of messages.
pub const LOCALE: Field = Field {
    key: "locale",
    elsewhere: "i18n lang language",
    label: ("语言", "Language"),
    help: (
        "提示信息与登录页的语言，zh 或 en；不填则提示为双语",
        "the language of messages and sign-in pages, zh or en; when it is left out hints come in both",
    ),
    kind: Kind::Locale,
    pattern: Some("^(zh|en)([-_][0-9A-Za-z_-]+)?$"),
    ..Field::PLAIN
};

/// How members are fetched, for a vendor with an export.
pub const SYNC_STRATEGY: Field = Field {
    key: "sync.strategy",
    elsewhere: "mode syncmode",
    label: ("同步方式", "Sync strategy"),
    help: (
        "auto 自动选择，walk 逐部门读取，export 异步导出",
        "auto lets the element choose, walk reads department by department, export uses the vendor's export",
    ),
    kind: Kind::Word("auto walk export"),
    pattern: Some("^(auto|walk|export)$"),
    default: Some("auto"),
    ..Field::PLAIN
};

/// Which fields of a member are stored.
pub const SYNC_FIELDS: Field = Field {
    key: "sync.fields",
    elsewhere: "memberfields userfields",
    label: ("保存的成员字段", "Stored member fields"),
    help: (
        "要保存的成员字段列表，不填则保存全部；ID、状态与部门始终保存",
        "a list of the member fields to store, all when left out; id, status and departments are always stored",
    ),
    // As the contract's `member` record has them.
    kind: Kind::Words {
        known: "name position alias telephone mobile email business-email gender avatar qr-code address \
                external-position attributes external-profile direct-leaders alternate-ids",
        implied: "id status departments main-department",
    },
    ..Field::PLAIN
};

// The bounds keep a guard that means something: above half it stops anyway, and with a larger floor only that half would be
// left for small organisations. Zero is refused where people mean "no limit" by it and would get the opposite.

/// The share of members or departments that a sync may remove without a question.
pub const SYNC_GUARD_PERCENT: Field = Field {
    key: "sync.guard.percent",
    elsewhere: "guardpercent maxpercent maxremovalpercent percentage removalpercent threshold",
    label: ("移除保护比例", "Removal guard, per cent"),
    help: (
        "一次同步可直接移除的成员或部门比例（1–50），超过且多于 floor 时停止并等待确认；超过一半时总会停止",
        "the share of members or departments, 1 to 50 %, above which a sync stops and asks when they are more than the floor; \
         more than half always stops it",
    ),
    kind: Kind::Count { least: 1, most: 50 },
    pattern: Some("^([1-9]|[1-4][0-9]|50)$"),
    default: Some("20"),
    ..Field::PLAIN
};

/// How many members or departments may go although they are a larger share.
pub const SYNC_GUARD_FLOOR: Field = Field {
    key: "sync.guard.floor",
    elsewhere: "guardfloor minimum removalfloor",
    label: ("移除保护下限", "Removal guard, floor"),
    help: (
        "不多于此数（0–100）时不按比例判断；超过一半时仍会停止",
        "so many members or departments, 0 to 100, may go whatever their share, up to half",
    ),
    kind: Kind::Count { least: 0, most: 100 },
    pattern: Some("^([0-9]|[1-9][0-9]|100)$"),
    default: Some("5"),
    ..Field::PLAIN
};

/// How many members or departments may go at most without a question.
pub const SYNC_GUARD_ABSOLUTE: Field = Field {
    key: "sync.guard.absolute",
    elsewhere: "guardabsolute maxremovals maximum removallimit",
    label: ("移除保护上限", "Removal guard, absolute"),
    help: (
        "一次同步最多可直接移除的成员或部门数量，超过时停止并等待确认；不填则只按比例判断",
        "more members or departments than this stop a sync, however small their share; only the share counts when it is \
         left out",
    ),
    kind: Kind::Count { least: 1, most: 1_000_000 },
    pattern: Some("^([1-9][0-9]{0,5}|1000000)$"),
    ..Field::PLAIN
};

/// How long what is known of members who left is kept.
pub const RETENTION_DEPARTED_DAYS: Field = Field {
    key: "retention.departedDays",
    elsewhere: "keepdays retaindays retentiondays",
    label: ("离开成员保留天数", "Retention of members who left, days"),
    help: (
        "离开可见范围或离职超过此天数（1–3650）的成员，其全部信息在同步结束时清除；不填则一直保留",
        "whatever is known of members who left the visible range or resigned more than so many days ago, 1 to 3650, is erased at \
         the end of a sync; kept for good when it is left out",
    ),
    kind: Kind::Count { least: 1, most: 3_650 },
    pattern: Some("^([1-9][0-9]{0,2}|[12][0-9]{3}|3[0-5][0-9]{2}|36[0-4][0-9]|3650)$"),
    ..Field::PLAIN
};
