//! Whether a page is one of the app's: on a trusted host or below one (doc 90513). Unlike the address of a sign-in,
//! its port does not matter, and its host may lie below the one that is registered.

use organisation_kit::{
    config::{Common, is_plain_host},
    contract::types::{Problem, Reason, Severity},
    failure::Failure,
    invalid_argument,
    locale::Text,
    text,
};
use url::{Host, Position, Url};

/// Bytes of an address at most.
const LONGEST: usize = 8 << 10;

/// The address as it is signed: as it came, without what follows `#`.
pub(crate) fn judge<'u>(common: &Common, address: &'u str) -> Result<&'u str, Failure> {
    let hosts = hosts(common);
    if hosts.is_empty() {
        return Err(unconfigured(common));
    }
    let address = address.split('#').next().unwrap_or_default();
    let url = read(address).ok_or_else(|| {
        invalid_argument! { "url":
        "应为页面的完整网址，即浏览器中 location.href 的值",
        "expected the whole address of the page, which is what location.href gives in the browser" }
    })?;
    if hosts.iter().any(|host| is_on(&url, host)) {
        return Ok(address);
    }
    let (found, zh, en) = (url.host_str().unwrap_or_default(), hosts.join(" 或 "), hosts.join(" or "));
    Err(invalid_argument! { "url": "页面位于 {found}，应位于 {zh} 或其子域名", "the page is on {found}, expected {en} or below it" }
        .with_hint(text! {
        "JS-SDK 只能用于应用可信域名及其子域名的页面：请在管理后台登记该域名，并修改 trustedDomain",
        "pages of a trusted domain of the app, and below it, may use the JS-SDK: register the domain in the console and \
         change trustedDomain" }))
}

fn read(address: &str) -> Option<Url> {
    // What a browser never gives: it encodes all of these.
    let is_given = address.len() <= LONGEST && address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    // Looked at first: without tables of Unicode a parser must not be given a host beyond ASCII.
    if !is_given || !is_plain_host(address) {
        return None;
    }
    let url = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // As a browser writes it: any other spelling would be signed in vain, if it is not there to deceive.
    let rest = address.strip_prefix(&url[..Position::AfterPort])?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    (is_plain && (rest.is_empty() || rest.starts_with(['/', '?']))).then_some(url)
}

/// The hosts that the configuration names, without a port.
fn hosts(common: &Common) -> Vec<String> {
    let domain = common.trusted_domain.as_ref().and_then(|domain| Url::parse(&format!("https://{domain}")).ok());
    let mut hosts: Vec<String> = Vec::new();
    for url in domain.iter().chain(&common.redirect_uri) {
        let host = url.host_str().unwrap_or_default();
        if !host.is_empty() && !hosts.iter().any(|known| known == host) {
            hosts.push(host.to_owned());
        }
    }
    hosts
}

fn is_on(url: &Url, host: &str) -> bool {
    let found = url.host_str().unwrap_or_default();
    let is_below = || found.strip_suffix(host).is_some_and(|below| below.len() > 1 && below.ends_with('.'));
    found == host || matches!(url.host(), Some(Host::Domain(_))) && is_below()
}

fn unconfigured(common: &Common) -> Failure {
    let message = text! { "未配置应用的可信域名，例如 app.example.com",
    "no trusted domain is configured; expected a host such as app.example.com" };
    let problem = Problem {
        path: "trustedDomain".to_owned(),
        code: "missing".to_owned(),
        severity: Severity::Error,
        message: Text::line(&message, common.locale),
        hint: None,
    };
    let hint = ("请配置 trustedDomain 或 redirectUri", "configure trustedDomain or redirectUri");
    Failure::new(Reason::InvalidConfig(vec![problem]), message).with_hint(hint)
}
