//! What the element says of itself, and the table of its configuration keys.

use super::identifier;
use organisation_kit::config::{
    Element, Field, Kind, Route, Use,
    field::{
        self as usual, BASE_URL, HOMEPAGE_STATE, LOCALE, PROXY_PASSWORD, PROXY_USERNAME, RETENTION_DEPARTED_DAYS,
        SYNC_FIELDS, SYNC_GUARD_ABSOLUTE, SYNC_GUARD_FLOOR, SYNC_GUARD_PERCENT, SYNC_STRATEGY, Words,
    },
};
use organisation_kit::directory::id::IdRule;

/// The element for self-built apps.
pub static ELEMENT: Element = Element {
    id: "wecom.organisation",
    version: env!("CARGO_PKG_VERSION"),
    title: ("企业微信组织", "WeCom organisation"),
    summary: (
        "同步企业微信自建应用可见范围内的部门与成员，并让成员扫码或从工作台登录",
        "brings in the departments and members that a self-built WeCom app may see, and lets the members sign in by QR \
         code or from the workspace",
    ),
    unsupported: &[],
    further: &["administration", "vendor", "messaging", "approvals", "callbacks", "web"],
    routes: &[
        Route {
            name: APP_ROUTE,
            label: ("应用管理 → 该应用 → 接收消息 → URL", "Apps → this app → Receive Messages → URL"),
            needs: &["callback.token", "callback.encodingAESKey"],
            // The signature and all that it covers stand in the query and the body.
            headers: &[],
        },
        Route {
            name: CONTACTS,
            label: (
                "管理工具 → 通讯录同步 → 接收事件服务器 → URL",
                "Management Tools → Contacts Sync → Event Server → URL",
            ),
            needs: &["contactCallback.token", "contactCallback.encodingAESKey"],
            headers: &[],
        },
    ],
    ids: IdRule::IgnoreCase,
    fields: &[
        Field {
            key: "corpId",
            // An OAuth client of other products takes the corp id for its client, some for its app.
            elsewhere: "appid clientid companyid corp enterpriseid qyid",
            label: ("企业 ID", "Corp ID"),
            help: ("企业的唯一标识，以 ww 或 wx 开头", "identifies the company; starts with ww or wx"),
            required: true,
            judge: identifier::corp_id,
            pattern: Some(r"^(ww|wx)[0-9A-Za-z_-]{1,62}$"),
            place: Some(("我的企业 → 企业信息 → 企业ID", "My Company → Company Information → Company ID")),
            ..Field::PLAIN
        },
        Field {
            key: "agentId",
            elsewhere: "agent agentcode appagentid appid applicationid",
            label: ("AgentID", "Agent ID"),
            help: ("自建应用的编号", "the number of the self-built app"),
            required: true,
            kind: Kind::Number,
            pattern: Some(r"^[0-9]{1,18}$"),
            place: Some(("应用管理 → 该应用 → AgentId", "Apps → this app → AgentId")),
            ..Field::PLAIN
        },
        Field {
            key: "secret",
            alias: Some("corpSecret"),
            elsewhere: "agentsecret apisecret applicationsecret appsecret clientsecret secretkey",
            label: ("Secret", "Secret"),
            help: (
                "自建应用的密钥（也可写作 corpSecret），只发送给企业微信接口",
                "the secret of the self-built app (corpSecret is understood as well); sent to the WeCom API only",
            ),
            required: true,
            kind: Kind::Secret(Use::Sent(API)),
            judge: identifier::secret,
            pattern: Some(r"^\S+$"),
            place: Some(("应用管理 → 该应用 → Secret", "Apps → this app → Secret")),
            ..Field::PLAIN
        },
        Field {
            help: (
                "登录完成后返回的完整地址；其域名（含端口）须与应用的可信域名或授权回调域完全一致",
                "the absolute address to which a sign-in returns; its host, port included, must be exactly a trusted domain or \
                 callback domain of the app",
            ),
            judge: identifier::redirect_uri,
            place: Some((
                "域名登记于：应用管理 → 该应用 → 网页授权及JS-SDK；企业微信授权登录",
                "its host is registered under Apps → this app → Web Authorization and JS-SDK, and under WeCom Login",
            )),
            ..usual::REDIRECT_URI
        },
        Field {
            place: Some(("应用管理 → 该应用 → 网页授权及JS-SDK", "Apps → this app → Web Authorization and JS-SDK")),
            ..usual::TRUSTED_DOMAIN
        },
        Field {
            key: "domainProof",
            elsewhere: "domaincheck domainfile domainverification domainverify verification verificationfile verifyfile wwverify",
            label: ("域名归属校验文件", "Domain ownership file"),
            help: (
                "企业微信要求放在域名根目录的文件的文件名（WW_verify_….txt）；内容与文件名中的随机部分不同时写作 文件名:内容",
                "the name of the file that WeCom wants at the root of the domain (WW_verify_….txt); NAME:CONTENT where the \
                 file holds something else than the random part of its name",
            ),
            kind: Kind::RootFile { begin: "WW_verify_", end: ".txt" },
            pattern: Some(r"^WW_verify_[0-9A-Za-z]{1,64}\.txt(:[!-~]{1,256})?$"),
            place: Some((
                "应用管理 → 该应用 → 网页授权及JS-SDK → 申请校验域名",
                "Apps → this app → Web Authorization and JS-SDK → Verify Domain",
            )),
            ..Field::PLAIN
        },
        HOMEPAGE_STATE,
        LOCALE,
        SYNC_STRATEGY,
        SYNC_FIELDS,
        SYNC_GUARD_PERCENT,
        SYNC_GUARD_FLOOR,
        SYNC_GUARD_ABSOLUTE,
        RETENTION_DEPARTED_DAYS,
        Field {
            key: "sync.downloadHosts",
            elsewhere: "downloadhost exporthosts",
            label: ("导出文件服务器", "Servers of export files"),
            help: (
                "异步导出的文件所在的服务器列表，企业微信未公布其地址；被拒绝时同步报告会给出，填入后即可使用导出",
                "a list of the servers on which WeCom puts export files; it does not publish them, and the report of a sync names \
                 the one that was refused",
            ),
            kind: Kind::Servers { purpose: "download" },
            ..Field::PLAIN
        },
        CALLBACK_TOKEN,
        CALLBACK_KEY,
        CALLBACK_MAX_AGE,
        Field {
            key: "callback.welcomeReply",
            elsewhere: "greeting subscribereply welcome welcomemessage welcometext",
            label: ("欢迎语", "Welcome reply"),
            help: (
                "成员进入应用可见范围时，应用自动回复的文字，可换行，最多 2048 字节；不填则不回复",
                "the text that a member gets who comes into the visible range; line breaks are possible, 2,048 bytes at most; no                  reply when left out",
            ),
            kind: REPLY,
            ..Field::PLAIN
        },
        Field {
            key: "callback.messageReply",
            elsewhere: "autoreply defaultreply reply replytext",
            label: ("消息自动回复", "Reply to messages"),
            help: (
                "成员向应用发送消息时，应用自动回复的文字，可换行，最多 2048 字节；不填则不回复",
                "the text that a member gets who writes to the app; line breaks are possible, 2,048 bytes at most; no reply when                  left out",
            ),
            kind: REPLY,
            ..Field::PLAIN
        },
        Field {
            key: "contactCallback.secret",
            elsewhere: "addressbooksecret contactsecret contactssecret contactsyncsecret txlsecret",
            label: ("通讯录同步 Secret", "Contact-sync secret"),
            help: ("通讯录同步助手的密钥，可不填（目前尚未使用）", "may be left out; not used yet"),
            kind: Kind::Secret(Use::Nothing),
            judge: identifier::secret,
            pattern: Some(r"^\S+$"),
            place: CONTACTS_PAGE,
            ..Field::PLAIN
        },
        Field {
            key: "contactCallback.token",
            elsewhere: "contactstoken contacttoken",
            label: ("通讯录回调 Token", "Contact callback token"),
            place: CONTACTS_PAGE,
            ..CALLBACK_TOKEN
        },
        Field {
            key: "contactCallback.encodingAESKey",
            elsewhere: "aeskey contactaeskey contactsaeskey encodeaeskey encodingkey encryptkey",
            label: ("通讯录回调 EncodingAESKey", "Contact callback EncodingAESKey"),
            place: CONTACTS_PAGE,
            ..CALLBACK_KEY
        },
        Field { key: "contactCallback.maxAgeSeconds", elsewhere: "contactmaxage", ..CALLBACK_MAX_AGE },
        Field {
            key: "apiBaseUrl",
            elsewhere: "api apiaddress apibase apihost apiurl baseapi baseurl endpoint gateway host",
            label: ("接口地址", "API address"),
            help: (
                "私有部署、出口代理或模拟器的接口地址，其下为 /cgi-bin/",
                "the API of a private deployment, an egress proxy or a simulator; /cgi-bin/ lies below it",
            ),
            kind: Kind::Base { tail: "cgi-bin", purpose: Some(API) },
            default: Some("https://qyapi.weixin.qq.com"),
            ..BASE_URL
        },
        Field {
            key: "loginBaseUrl",
            elsewhere: "loginhost loginurl qrconnecturl qrloginurl ssourl",
            label: ("扫码登录页地址", "Browser sign-in address"),
            help: (
                "浏览器扫码登录页的地址，其下为 /wwlogin/sso/login",
                "the page for QR sign-in in a browser; /wwlogin/sso/login lies below it",
            ),
            kind: Kind::Base { tail: "wwlogin/sso/login", purpose: None },
            default: Some("https://login.work.weixin.qq.com"),
            ..BASE_URL
        },
        Field {
            key: "oauthBaseUrl",
            elsewhere: "authorizeurl authurl oauthhost oauthurl",
            label: ("网页授权地址", "In-app sign-in address"),
            help: (
                "客户端内网页授权的地址，其下为 /connect/oauth2/authorize",
                "the page for sign-in inside the client; /connect/oauth2/authorize lies below it",
            ),
            kind: Kind::Base { tail: "connect/oauth2/authorize", purpose: None },
            default: Some("https://open.weixin.qq.com"),
            ..BASE_URL
        },
        Field {
            help: (
                "平台访问企业微信时使用的 HTTP 代理，须由平台运维放行；企业可信 IP 应填写该代理的出口 IP",
                "the HTTP proxy through which the host reaches WeCom, where the operator admits it; the trusted IP is then the \
                 proxy's",
            ),
            ..usual::PROXY
        },
        PROXY_USERNAME,
        PROXY_PASSWORD,
    ],
    prefixes: &["wecom", "wework", "work", "wechat", "weixin", "qy", "wx"],
};

/// The route of what WeCom sends to the app.
pub(crate) const APP_ROUTE: &str = "wecom";
/// The route of what it sends to the contact-sync assistant.
pub(crate) const CONTACTS: &str = "contacts";

/// The purpose of the server to which secrets are sent.
const API: &str = "api";
const CONTACTS_PAGE: Option<Words> = Some(("管理工具 → 通讯录同步", "Management Tools → Contacts Sync"));

/// Signs deliveries to the app: it goes into a hash.
const CALLBACK_TOKEN: Field = Field {
    key: "callback.token",
    elsewhere: "apptoken msgtoken receivetoken servertoken verificationtoken verifytoken",
    label: ("回调 Token", "Callback token"),
    help: ("用于校验企业微信的推送", "proves that deliveries are WeCom's"),
    required: true,
    kind: Kind::Secret(Use::InClear),
    judge: identifier::callback_token,
    pattern: Some("^[0-9A-Za-z]{1,32}$"),
    place: Some(("应用管理 → 该应用 → 接收消息 → 设置API接收", "Apps → this app → Receive Messages → API Reception")),
    ..Field::PLAIN
};

/// Encrypts deliveries to the app.
const CALLBACK_KEY: Field = Field {
    key: "callback.encodingAESKey",
    elsewhere: "aeskey callbackaeskey encodeaeskey encodingkey encryptkey msgaeskey",
    label: ("回调 EncodingAESKey", "Callback EncodingAESKey"),
    help: ("用于解密企业微信的推送", "decrypts what WeCom delivers"),
    judge: identifier::callback_key,
    pattern: Some("^[0-9A-Za-z](\\s*[0-9A-Za-z]){42}$"),
    ..CALLBACK_TOKEN
};

/// The text of a reply (doc 90241). WeCom cuts what is longer without a word.
const REPLY: Kind = Kind::Paragraph { most_bytes: 2_048 };

/// How old a delivery may be. WeCom asks for no such thing, and what it repeats comes late, perhaps with its first time.
const CALLBACK_MAX_AGE: Field = Field {
    key: "callback.maxAgeSeconds",
    elsewhere: "callbackmaxage maxage timewindow tolerance",
    label: ("推送的时间限制（秒）", "Age of deliveries (seconds)"),
    help: (
        "推送的时间与当前时间最多相差多少秒，超出则拒绝；不填则不限制。重试的推送会晚到，不宜小于 600",
        "how many seconds the time of a delivery may be away from now; without limit when left out. What is sent again comes \
         later: not below 600 as a rule",
    ),
    kind: Kind::Count { least: 60, most: 86_400 },
    pattern: Some("^[0-9]{2,5}$"),
    ..Field::PLAIN
};
