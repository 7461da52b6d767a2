//! The sign-in address: read, judged, and refused with the platform's numbers (fact sheet sections 2.1 to 2.4).

use super::redirect::{host_of, nests_foreign_scheme};
use crate::api::Query;
use crate::behaviour::Switches;
use crate::corp::{App, Corp};

/// Through which door somebody signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// `/wwlogin/sso/login`.
    Browser,
    /// `/wwopen/sso/qrConnect`, the older address.
    LegacyBrowser,
    /// `/connect/oauth2/authorize`, inside the client.
    Client,
}

/// A sign-in address that is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignIn {
    pub(crate) entry: Entry,
    pub(crate) app: Option<u64>,
    pub(crate) redirect: String,
    pub(crate) host: String,
    pub(crate) state: Option<String>,
    /// `snsapi_privateinfo` with an app named.
    pub(crate) private: bool,
}

/// What a page says instead of signing in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The platform's number, where it has one.
    pub(crate) code: Option<i64>,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

const fn refusal(code: i64, zh: &'static str, en: &'static str) -> Refusal {
    Refusal { code: Some(code), zh, en }
}

const LOGIN_TYPE: Refusal =
    refusal(-31040, "login_type 参数错误", "login_type is invalid; a self-built app uses CorpApp");
const NOT_PROVIDER: Refusal = refusal(-31034, "该企业不是服务商", "the corp is not a service provider");
const WEB_APPID: Refusal = refusal(-31027, "appid 参数错误", "appid is not the id of this corp");
const WEB_AGENTID: Refusal = refusal(-31028, "agentid 参数错误", "agentid is missing or names no enabled app");
const REDIRECT_EMPTY: Refusal = refusal(-31035, "redirect_uri 不能为空", "redirect_uri is empty");
const CALLBACK_DOMAIN: Refusal =
    refusal(-31020, "redirect_uri 与配置的授权回调域不一致", "redirect_uri does not match the login callback domain");
const TRUSTED_DOMAIN: Refusal =
    refusal(-31039, "redirect_uri 与应用可信域名不一致", "redirect_uri does not match the app's trusted domain");
const APPID: Refusal = refusal(40013, "appid 参数错误", "appid is not the id of this corp");
const AGENTID: Refusal = refusal(40056, "agentid 参数错误", "agentid names no enabled app");
const RESPONSE_TYPE: Refusal = refusal(40058, "response_type 参数错误", "response_type must be code");
const SCOPE: Refusal = refusal(40058, "scope 参数错误", "scope must be snsapi_base or snsapi_privateinfo");
const STATE: Refusal = refusal(84025, "state 参数错误", "state must be at most 128 characters of A-Z a-z 0-9");
const REDIRECT: Refusal =
    refusal(50001, "redirect_uri 参数错误，需使用应用可信域名", "redirect_uri must be at a trusted domain of the app");

impl SignIn {
    /// Judges an address.
    pub(crate) fn read(entry: Entry, query: &Query, corp: &Corp, switches: &Switches) -> Result<Self, Refusal> {
        match entry {
            Entry::Browser | Entry::LegacyBrowser => browser(entry, query, corp, switches),
            Entry::Client => client(query, corp),
        }
    }
}

fn get<'q>(query: &'q Query, name: &str) -> Option<&'q str> {
    crate::api::query_value(query, name)
}

fn browser(entry: Entry, query: &Query, corp: &Corp, switches: &Switches) -> Result<SignIn, Refusal> {
    match get(query, "login_type") {
        Some("CorpApp") => {}
        // The older address knows no login type but that of its script variant.
        None | Some("jssdk") if entry == Entry::LegacyBrowser => {}
        None if !switches.login_type_required => {}
        Some("ServiceApp") => return Err(NOT_PROVIDER),
        _ => return Err(LOGIN_TYPE),
    }
    if get(query, "appid") != Some(corp.id()) {
        return Err(WEB_APPID);
    }
    let app = get(query, "agentid").and_then(|id| enabled(corp, id)).ok_or(WEB_AGENTID)?;
    let redirect = get(query, "redirect_uri").ok_or(REDIRECT_EMPTY)?;
    let host = host_of(redirect).filter(|_| !nests_foreign_scheme(redirect));
    let admitted =
        |host: &&str| app.trusted_domains.iter().chain(&app.login_callback_domain).any(|domain| same(domain, host));
    let mismatch = if app.login_callback_domain.is_some() { CALLBACK_DOMAIN } else { TRUSTED_DOMAIN };
    let host = host.filter(admitted).ok_or(mismatch)?;
    Ok(SignIn {
        entry,
        app: Some(app.id),
        redirect: redirect.to_owned(),
        host: host.to_owned(),
        state: get(query, "state").map(str::to_owned),
        private: false,
    })
}

fn client(query: &Query, corp: &Corp) -> Result<SignIn, Refusal> {
    if get(query, "appid") != Some(corp.id()) {
        return Err(APPID);
    }
    let app = match get(query, "agentid") {
        Some(id) => Some(enabled(corp, id).ok_or(AGENTID)?),
        None => None,
    };
    let redirect = get(query, "redirect_uri").ok_or(REDIRECT)?;
    let admits = |app: &App, host: &str| app.enabled && app.trusted_domains.iter().any(|domain| same(domain, host));
    let host = host_of(redirect)
        .filter(|host| match app {
            Some(app) => admits(app, host),
            None => corp.apps().any(|app| admits(app, host)),
        })
        .ok_or(REDIRECT)?;
    if get(query, "response_type") != Some("code") {
        return Err(RESPONSE_TYPE);
    }
    let private = match get(query, "scope") {
        // Without an app, the wider scope silently degrades (fact sheet section 13, point 6).
        Some("snsapi_privateinfo") => app.is_some(),
        Some("snsapi_base" | "snsapi_userinfo") => false,
        _ => return Err(SCOPE),
    };
    let state = get(query, "state");
    if state.is_some_and(|state| state.len() > 128 || !state.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err(STATE);
    }
    Ok(SignIn {
        entry: Entry::Client,
        app: app.map(|app| app.id),
        redirect: redirect.to_owned(),
        host: host.to_owned(),
        state: state.map(str::to_owned),
        private,
    })
}

fn enabled<'c>(corp: &'c Corp, id: &str) -> Option<&'c App> {
    corp.app(id.parse().ok()?).filter(|app| app.enabled)
}

fn same(domain: &str, host: &str) -> bool {
    domain.eq_ignore_ascii_case(host)
}
