//! The organisation element of Rollcall (花名册), an invented directory service: all that a vendor writes on the kit.
//!
//! | File | What it holds |
//! |---|---|
//! | this one | what the element is called, which configuration it has, where a browser signs in |
//! | `client` | the calls of the service: tokens, lists, single records, codes, the check of the connection |
//! | `rows` | units and people as the service sends them |

mod client;
mod rows;

use organisation_kit::{
    config::{
        Common, Element, Field, Kind, Secret, Use, Values,
        field::{
            BASE_URL as A_SERVER, LOCALE, PROXY, PROXY_PASSWORD, PROXY_USERNAME, REDIRECT_URI, SYNC_FIELDS,
        },
    },
    contract::{
        element::{Description, Validation},
        login::Entry,
        types::Reason,
    },
    directory::id::IdRule,
    failure::Failure,
    platform::Platform,
    text::Locale,
    vendor::{SignIn, Vendor},
};
use url::Url;

use client::Client;

organisation_kit::export_element!(crate::Rollcall);

/// Rollcall (花名册).
#[derive(Clone, Copy, Debug)]
pub struct Rollcall;

/// A sound configuration.
#[derive(Debug)]
pub struct Config {
    common: Common,
    client_id: String,
    client_secret: Secret,
    base_url: Url,
}

static ELEMENT: Element = Element {
    id: "rollcall.organisation",
    version: env!("CARGO_PKG_VERSION"),
    title: ("花名册组织", "Rollcall organisation"),
    summary: (
        "同步花名册中的部门与成员，并让成员登录",
        "brings in the units and people of a Rollcall directory, and lets the people sign in",
    ),
    capabilities: &["element", "login", "directory"],
    fields: &[
        &ORGANISATION,
        &CLIENT_ID,
        &CLIENT_SECRET,
        &BASE_URL,
        &REDIRECT_URI,
        &LOCALE,
        &SYNC_FIELDS,
        &PROXY,
        &PROXY_USERNAME,
        &PROXY_PASSWORD,
    ],
    prefixes: &["rollcall"],
};

const CONSOLE: Option<(&str, &str)> = Some(("设置 → 应用接入", "Settings → Clients"));

const ORGANISATION: Field = Field {
    key: "organisation",
    elsewhere: &["company", "organisationid", "organization", "tenant"],
    label: ("组织 ID", "Organisation id"),
    help: ("组织在花名册中的唯一标识，区分大小写", "names the organisation at Rollcall; upper and lower case differ"),
    required: true,
    kind: Kind::Free,
    place: CONSOLE,
    ..Field::PLAIN
};

const CLIENT_ID: Field = Field {
    key: "clientId",
    elsewhere: &["appid", "client"],
    label: ("应用 ID", "Client id"),
    help: ("在花名册中登记的应用", "the client that is registered at Rollcall"),
    required: true,
    place: CONSOLE,
    ..Field::PLAIN
};

const CLIENT_SECRET: Field = Field {
    key: "clientSecret",
    elsewhere: &["appsecret", "secret"],
    label: ("应用密钥", "Client secret"),
    help: ("应用的密钥，只发送给花名册", "proves that it is the client; sent to Rollcall only"),
    required: true,
    kind: Kind::Secret(Use::Sent("api")),
    place: CONSOLE,
    ..Field::PLAIN
};

const BASE_URL: Field = Field {
    key: "baseUrl",
    elsewhere: &["api", "apiurl", "endpoint", "host", "server", "url"],
    label: ("服务地址", "Address"),
    help: ("花名册服务的地址，接口与登录页都在其下", "the Rollcall server; its API and its sign-in page lie below it"),
    required: true,
    kind: Kind::Base { tail: "authorize", purpose: Some("api") },
    ..A_SERVER
};

impl Config {
    fn build(values: &Values) -> Option<Self> {
        let (client_id, base_url) = (values.text(&CLIENT_ID)?, values.url(&BASE_URL)?);
        let basis = format!("{client_id} {base_url}");
        Some(Self {
            common: values.common(values.text(&ORGANISATION)?, String::new(), basis, IdRule::Exact),
            client_id,
            client_secret: values.secret(&CLIENT_SECRET)?,
            base_url,
        })
    }

    /// An address below the server's; `path` is percent-encoded.
    fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.base_url.as_str().trim_end_matches('/'))
    }
}

impl Vendor for Rollcall {
    type Config = Config;
    type Client<'a, P: Platform + 'a> = Client<'a, P>;

    fn describe(locale: &str) -> Description {
        ELEMENT.describe(locale)
    }

    fn validate(document: &str) -> Validation {
        ELEMENT.validate(document)
    }

    fn parse(document: &str) -> Result<Config, Failure> {
        ELEMENT.parse(document, Config::build)
    }

    fn locale_of(document: &str) -> Locale {
        ELEMENT.locale_of(document)
    }

    fn common(config: &Config) -> &Common {
        &config.common
    }

    fn client<'a, P: Platform>(platform: &'a P, config: &'a Config) -> Client<'a, P> {
        Client::new(platform, config)
    }

    fn sign_in_url(config: &Config, sign_in: &SignIn<'_>) -> Result<String, Failure> {
        let SignIn { entry: Entry::Browser, redirect_uri, state, locale } = *sign_in else {
            return Err(Failure::new(
                Reason::Unsupported,
                ("花名册只支持从浏览器登录", "Rollcall signs people in from a browser only"),
            )
            .with_hint(("请使用 browser 入口", "use the entry browser").into()));
        };
        let lang = if locale == Locale::English { "en" } else { "zh" };
        let mut address = config.address("authorize?response_type=code");
        for (name, value) in
            [("client_id", config.client_id.as_str()), ("redirect_uri", redirect_uri), ("state", state), ("lang", lang)]
        {
            address.push_str(&format!("&{name}={}", client::encoded(value)));
        }
        Ok(address)
    }
}
