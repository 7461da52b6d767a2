//! The table of all configuration keys: the one place that names them. `describe` shows it, the reader takes values
//! by it, and a key that is not in it is unknown.

/// One text in Chinese and English.
pub type Words = (&'static str, &'static str);

/// One key of the configuration.
#[derive(Debug)]
pub struct Field {
    /// The key, with `.` between levels.
    pub key: &'static str,
    /// A second key that means the same.
    pub alias: Option<&'static str>,
    /// Its name for people.
    pub label: Words,
    /// What it is for.
    pub help: Words,
    /// Whether the element works without it.
    pub required: bool,
    /// Whether the value must not be shown.
    pub secret: bool,
    /// Of a secret: whether the element computes with it. Every other secret is only sent, and the host keeps it.
    pub in_clear: bool,
    /// A regular expression (ECMA, anchored) for sound values.
    pub pattern: Option<&'static str>,
    /// What an absent key means.
    pub default: Option<&'static str>,
    /// Where the administrator finds the value in WeCom's console.
    pub place: Option<Words>,
}

/// An optional, visible field without a pattern; the table says only what is different.
const PLAIN: Field = Field {
    key: "",
    alias: None,
    label: ("", ""),
    help: ("", ""),
    required: false,
    secret: false,
    in_clear: false,
    pattern: None,
    default: None,
    place: None,
};

/// The object under which a platform may put the keys.
pub const NESTED: &str = "authConfig";

const WEB: &str = r"^https?://\S+$";

/// The organisation (fact sheet §0.1).
pub const CORP_ID: Field = Field {
    key: "corpId",
    label: ("企业 ID", "Corp ID"),
    help: ("企业的唯一标识，以 ww 或 wx 开头", "identifies the company; starts with ww or wx"),
    required: true,
    pattern: Some(r"^(ww|wx)[0-9A-Za-z_-]{1,62}$"),
    place: Some(("我的企业 → 企业信息 → 企业ID", "My Company → Company Information → Company ID")),
    ..PLAIN
};

/// The app.
pub const AGENT_ID: Field = Field {
    key: "agentId",
    label: ("AgentID", "Agent ID"),
    help: ("自建应用的编号", "the number of the self-built app"),
    required: true,
    pattern: Some(r"^[0-9]{1,18}$"),
    place: Some(("应用管理 → 该应用 → AgentId", "Apps → this app → AgentId")),
    ..PLAIN
};

/// The secret of the app.
pub const SECRET: Field = Field {
    key: "secret",
    alias: Some("corpSecret"),
    label: ("Secret", "Secret"),
    help: (
        "自建应用的密钥（也可写作 corpSecret），只发送给企业微信接口",
        "the secret of the self-built app (corpSecret is understood as well); sent to the WeCom API only",
    ),
    required: true,
    secret: true,
    pattern: Some(r"^\S+$"),
    place: Some(("应用管理 → 该应用 → Secret", "Apps → this app → Secret")),
    ..PLAIN
};

/// Where sign-in pages return to (fact sheet §2.4).
pub const REDIRECT_URI: Field = Field {
    key: "redirectUri",
    label: ("登录回跳地址", "Redirect address"),
    help: (
        "登录完成后返回的完整地址；其域名（含端口）须与应用的可信域名或授权回调域完全一致",
        "the absolute address to which a sign-in returns; its host, port included, must be exactly a trusted domain or \
         callback domain of the app",
    ),
    pattern: Some(WEB),
    place: Some((
        "域名登记于：应用管理 → 该应用 → 网页授权及JS-SDK；企业微信授权登录",
        "its host is registered under Apps → this app → Web Authorization and JS-SDK, and under WeCom Login",
    )),
    ..PLAIN
};

/// The trusted domain, where it is to be stated apart from the redirect address.
pub const TRUSTED_DOMAIN: Field = Field {
    key: "trustedDomain",
    label: ("可信域名", "Trusted domain"),
    help: (
        "应用的可信域名，只写域名（及端口），不写协议与路径",
        "the trusted domain of the app: host and port only, without scheme and path",
    ),
    pattern: Some(r"^[^\s/:?#@]+(:[0-9]{1,5})?$"),
    place: Some(("应用管理 → 该应用 → 网页授权及JS-SDK", "Apps → this app → Web Authorization and JS-SDK")),
    ..PLAIN
};

/// The server API (fact sheet §0.2).
pub const API_BASE_URL: Field = Field {
    key: "apiBaseUrl",
    label: ("接口地址", "API address"),
    help: (
        "私有部署、出口代理或模拟器的接口地址，其下为 /cgi-bin/",
        "the API of a private deployment, an egress proxy or a simulator; /cgi-bin/ lies below it",
    ),
    pattern: Some(WEB),
    default: Some("https://qyapi.weixin.qq.com"),
    ..PLAIN
};

/// The sign-in page for browsers.
pub const LOGIN_BASE_URL: Field = Field {
    key: "loginBaseUrl",
    label: ("扫码登录页地址", "Browser sign-in address"),
    help: (
        "浏览器扫码登录页的地址，其下为 /wwlogin/sso/login",
        "the page for QR sign-in in a browser; /wwlogin/sso/login lies below it",
    ),
    pattern: Some(WEB),
    default: Some("https://login.work.weixin.qq.com"),
    ..PLAIN
};

/// The sign-in page inside the client.
pub const OAUTH_BASE_URL: Field = Field {
    key: "oauthBaseUrl",
    label: ("网页授权地址", "In-app sign-in address"),
    help: (
        "客户端内网页授权的地址，其下为 /connect/oauth2/authorize",
        "the page for sign-in inside the client; /connect/oauth2/authorize lies below it",
    ),
    pattern: Some(WEB),
    default: Some("https://open.weixin.qq.com"),
    ..PLAIN
};

/// Signs deliveries to the app (fact sheet §7.1).
pub const CALLBACK_TOKEN: Field = Field {
    key: "callback.token",
    label: ("回调 Token", "Callback token"),
    help: ("接收消息服务器配置中的 Token", "the token of the app's callback configuration"),
    secret: true,
    // It goes into the hash that every delivery is signed with.
    in_clear: true,
    pattern: Some(TOKEN),
    place: Some(("应用管理 → 该应用 → 接收消息 → 设置API接收", "Apps → this app → Receive Messages → API Reception")),
    ..PLAIN
};

/// Encrypts deliveries to the app.
pub const CALLBACK_KEY: Field = Field {
    key: "callback.encodingAESKey",
    label: ("回调 EncodingAESKey", "Callback EncodingAESKey"),
    help: ("接收消息服务器配置中的 EncodingAESKey", "the EncodingAESKey of the app's callback configuration"),
    pattern: Some(KEY),
    ..CALLBACK_TOKEN
};

/// The secret of the contact-sync assistant.
pub const CONTACT_SECRET: Field = Field {
    key: "contactCallback.secret",
    label: ("通讯录同步 Secret", "Contact-sync secret"),
    help: ("通讯录同步助手的密钥，可不填", "the secret of the contact-sync assistant; may be left out"),
    secret: true,
    pattern: Some(r"^\S+$"),
    place: Some(("管理工具 → 通讯录同步", "Management Tools → Contacts Sync")),
    ..PLAIN
};

/// Signs deliveries of contact changes.
pub const CONTACT_TOKEN: Field = Field {
    key: "contactCallback.token",
    label: ("通讯录回调 Token", "Contact callback token"),
    help: ("通讯录变更回调的 Token", "the token of the callback for contact changes"),
    in_clear: true,
    pattern: Some(TOKEN),
    ..CONTACT_SECRET
};

/// Encrypts deliveries of contact changes.
pub const CONTACT_KEY: Field = Field {
    key: "contactCallback.encodingAESKey",
    label: ("通讯录回调 EncodingAESKey", "Contact callback EncodingAESKey"),
    help: ("通讯录变更回调的 EncodingAESKey", "the EncodingAESKey of the callback for contact changes"),
    pattern: Some(KEY),
    ..CONTACT_TOKEN
};

/// A proxy of the host.
pub const PROXY: Field = Field {
    key: "proxy",
    label: ("出口代理", "Proxy"),
    help: (
        "平台访问企业微信时使用的 HTTP 代理，须由平台运维放行；企业可信 IP 应填写该代理的出口 IP",
        "the HTTP proxy through which the host reaches WeCom, where the operator admits it; the trusted IP is then the \
         proxy's",
    ),
    pattern: Some(r"^https?://[^\s@]+$"),
    ..PLAIN
};

/// Who the host says it is to the proxy.
pub const PROXY_USERNAME: Field = Field {
    key: "proxyUsername",
    label: ("代理用户名", "Proxy user name"),
    help: ("代理要求登录时的用户名", "the user name where the proxy asks for one"),
    pattern: Some(r"^[^\s:]+$"),
    ..PLAIN
};

/// What proves it.
pub const PROXY_PASSWORD: Field = Field {
    key: "proxyPassword",
    label: ("代理密码", "Proxy password"),
    help: ("代理要求登录时的密码，只发送给代理", "the password where the proxy asks for one; sent to the proxy only"),
    secret: true,
    ..PLAIN
};

/// What to do with the constant state of a home page URL.
pub const HOMEPAGE_STATE: Field = Field {
    key: "homepageState",
    label: ("主页登录", "Home page sign-in"),
    help: (
        "应用主页链接的 state 固定不变：allow 允许登录，refuse 拒绝",
        "a home page URL has a constant state: allow signs in, refuse does not",
    ),
    pattern: Some("^(allow|refuse)$"),
    default: Some("allow"),
    ..PLAIN
};

/// The language of hints.
pub const LOCALE: Field = Field {
    key: "locale",
    label: ("语言", "Language"),
    help: (
        "提示信息与登录页的语言，zh 或 en；不填则提示为双语",
        "the language of hints and sign-in pages, zh or en; hints come in both when it is left out",
    ),
    pattern: Some("^(zh|en)([-_][0-9A-Za-z_-]+)?$"),
    ..PLAIN
};

/// How members are fetched.
pub const SYNC_STRATEGY: Field = Field {
    key: "sync.strategy",
    label: ("同步方式", "Sync strategy"),
    help: (
        "auto 自动选择，walk 逐部门读取，export 异步导出",
        "auto lets the element choose, walk reads department by department, export uses the bulk export",
    ),
    pattern: Some("^(auto|walk|export)$"),
    default: Some("auto"),
    ..PLAIN
};

/// Which fields of a member are stored.
pub const SYNC_FIELDS: Field = Field {
    key: "sync.fields",
    label: ("保存的成员字段", "Stored member fields"),
    help: (
        "要保存的成员字段列表，不填则保存全部；ID、状态与部门始终保存",
        "a list of the member fields to store, all when left out; id, status and departments are always stored",
    ),
    ..PLAIN
};

/// Servers of export files.
pub const DOWNLOAD_HOSTS: Field = Field {
    key: "sync.downloadHosts",
    label: ("导出文件服务器", "Servers of export files"),
    help: (
        "异步导出的文件所在的服务器列表，企业微信未公布其地址；被拒绝时同步报告会给出，填入后即可使用导出",
        "a list of the servers on which WeCom puts export files; it does not publish them, and the report of a sync names \
         the one that was refused",
    ),
    ..PLAIN
};

const TOKEN: &str = "^[0-9A-Za-z]{1,32}$";
const KEY: &str = "^[0-9A-Za-z]{43}$";

/// All keys, in the order in which an editor shows them.
pub static FIELDS: [&Field; 21] = [
    &CORP_ID,
    &AGENT_ID,
    &SECRET,
    &REDIRECT_URI,
    &TRUSTED_DOMAIN,
    &HOMEPAGE_STATE,
    &LOCALE,
    &SYNC_STRATEGY,
    &SYNC_FIELDS,
    &DOWNLOAD_HOSTS,
    &CALLBACK_TOKEN,
    &CALLBACK_KEY,
    &CONTACT_SECRET,
    &CONTACT_TOKEN,
    &CONTACT_KEY,
    &API_BASE_URL,
    &LOGIN_BASE_URL,
    &OAUTH_BASE_URL,
    &PROXY,
    &PROXY_USERNAME,
    &PROXY_PASSWORD,
];

impl Field {
    /// The object that holds the key, and the key in it.
    pub(crate) fn split(&self) -> (Option<&'static str>, &'static str) {
        match self.key.split_once('.') {
            Some((group, name)) => (Some(group), name),
            None => (None, self.key),
        }
    }
}

/// The keys that may stand at a level: in the object `group`, or on top.
pub(crate) fn known_keys(group: Option<&str>) -> Vec<&'static str> {
    let mut keys = Vec::new();
    for field in FIELDS {
        let (own_group, name) = field.split();
        let key = match (group, own_group) {
            (None, Some(own_group)) => own_group,
            (None, None) => name,
            (Some(group), Some(own_group)) if group == own_group => name,
            (Some(_), _) => continue,
        };
        keys.extend([Some(key), field.alias].into_iter().flatten());
    }
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_speaks_both_languages() {
        for field in FIELDS {
            for (zh, en) in [field.label, field.help] {
                assert!(!zh.is_empty() && !en.is_empty(), "{}", field.key);
            }
        }
    }

    #[test]
    fn no_key_stands_twice() {
        for (index, field) in FIELDS.iter().enumerate() {
            assert!(FIELDS[..index].iter().all(|other| other.key != field.key), "{}", field.key);
        }
    }

    #[test]
    fn each_level_has_its_keys() {
        let top = known_keys(None);
        for key in ["corpId", "secret", "corpSecret", "callback", "contactCallback", "sync"] {
            assert_eq!(top.iter().filter(|known| **known == key).count(), 1, "{key}");
        }
        assert_eq!(known_keys(Some("callback")), ["token", "encodingAESKey"]);
        assert_eq!(known_keys(Some("contactCallback")), ["secret", "token", "encodingAESKey"]);
        assert_eq!(known_keys(Some("sync")), ["strategy", "fields", "downloadHosts"]);
    }
}
