//! The organisation element of Rollcall (花名册), an invented directory service: all that a vendor writes on the kit.
//!
//! This file says what the element is called, which configuration it has and where a browser signs in; `client` calls
//! the service; `rows` reads units and people as it sends them.

mod client;
mod rows;

use organisation_kit::{
    calls::Calls,
    config::{
        Common, Element, Field, Kind, Secret, Use, Values,
        field::{
            self, LOCALE, PROXY, PROXY_PASSWORD, PROXY_USERNAME, REDIRECT_URI, RETENTION_DEPARTED_DAYS, SYNC_FIELDS,
            SYNC_GUARD_ABSOLUTE, SYNC_GUARD_FLOOR, SYNC_GUARD_PERCENT,
        },
    },
    contract::{login::Entry, types::Reason},
    directory::id::IdRule,
    failure::Failure,
    locale::Locale,
    platform::Platform,
    vendor::{SignIn, Vendor},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use client::Client;

#[cfg(feature = "component")]
organisation_kit::export_element!(crate::Rollcall, administration);

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

/// The usual field of a client, as an administrator finds it.
const CLIENT: Field =
    Field { required: true, place: Some(("设置 → 应用接入", "Settings → Clients")), ..Field::PLAIN };

static ELEMENT: Element = Element {
    id: "rollcall.organisation",
    version: env!("CARGO_PKG_VERSION"),
    title: ("花名册组织", "Rollcall organisation"),
    summary: (
        "同步花名册中的部门与成员，并让成员登录",
        "brings in units and people of Rollcall, and lets the people sign in",
    ),
    unsupported: &["login.homepage-url"],
    further: &["administration"],
    routes: &[],
    ids: IdRule::Exact,
    fields: &[
        Field {
            key: "organisation",
            elsewhere: "company organisationid organization tenant",
            label: ("组织 ID", "Organisation id"),
            help: ("组织的唯一标识，区分大小写", "names the organisation; upper and lower case differ"),
            kind: Kind::Free,
            ..CLIENT
        },
        Field {
            key: "clientId",
            elsewhere: "appid client",
            label: ("应用 ID", "Client id"),
            help: ("在花名册中登记的应用", "the client that is registered at Rollcall"),
            ..CLIENT
        },
        Field {
            key: "clientSecret",
            elsewhere: "appsecret secret",
            label: ("应用密钥", "Client secret"),
            help: ("应用的密钥，只发送给花名册", "proves that it is the client; sent to Rollcall only"),
            kind: Kind::Secret(Use::Sent("api")),
            ..CLIENT
        },
        Field {
            key: "baseUrl",
            elsewhere: "api apiurl endpoint host server url",
            label: ("服务地址", "Address"),
            help: ("接口与登录页都在其下", "API and sign-in page lie below it"),
            required: true,
            kind: Kind::Base { tail: "authorize", purpose: Some("api") },
            ..field::BASE_URL
        },
        REDIRECT_URI,
        LOCALE,
        SYNC_FIELDS,
        SYNC_GUARD_PERCENT,
        SYNC_GUARD_FLOOR,
        SYNC_GUARD_ABSOLUTE,
        RETENTION_DEPARTED_DAYS,
        PROXY,
        PROXY_USERNAME,
        PROXY_PASSWORD,
    ],
    prefixes: &["rollcall"],
};

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

impl Config {
    /// An address of the server; `path` is percent-encoded.
    fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.base_url.as_str().trim_end_matches('/'))
    }
}

impl Vendor for Rollcall {
    type Config = Config;
    type Client<'a> = Client<'a>;

    fn element() -> &'static Element {
        &ELEMENT
    }

    fn build(values: &Values) -> Option<Config> {
        let (client_id, base_url) = (values.text("clientId")?, values.url("baseUrl")?);
        let basis = format!("{client_id} {base_url}");
        Some(Config {
            common: values.common(values.text("organisation")?, String::new(), basis, ELEMENT.ids),
            client_secret: values.secret("clientSecret")?,
            client_id,
            base_url,
        })
    }

    fn organisation(values: &Values) -> Option<String> {
        values.text("organisation")
    }

    fn common(config: &Config) -> &Common {
        &config.common
    }

    fn client<'a>(platform: &'a dyn Platform, config: &'a Config) -> Client<'a> {
        Client(Calls::new(platform, config))
    }

    fn sign_in_url(config: &Config, sign_in: &SignIn<'_>) -> Result<String, Failure> {
        let SignIn { entry: Entry::Browser, redirect_uri, state, locale } = *sign_in else {
            let message = ("花名册只支持从浏览器登录", "Rollcall signs people in from a browser only");
            let hint = ("请使用 browser 入口", "use the entry browser");
            return Err(Failure::new(Reason::Unsupported, message).with_hint(hint));
        };
        let lang = if locale == Locale::English { "en" } else { "zh" };
        let (client, redirect) = (encoded(&config.client_id), encoded(redirect_uri));
        let query = format!("response_type=code&client_id={client}&redirect_uri={redirect}&state={state}&lang={lang}");
        Ok(config.address(&format!("authorize?{query}")))
    }
}
