//! Absolute addresses to which the vendor sends a browser: the redirect URI of a sign-in and the target of a home
//! page.
//!
//! They are judged as a browser reads them (`url`), and passed on as they were given, but for their start: scheme and
//! host in lower case and without a default port, since vendors compare text and refuse `https://host:443` where
//! `https://host` is registered.

use url::{Position, Url};

use crate::{
    config::{Common, address::decoded, authority},
    contract::types::{Problem, Reason, Severity},
    failure::Failure,
    locale::Text,
};

/// Bytes of the longest address.
const LIMIT: usize = 2_048;

/// An absolute http(s) address.
#[derive(Debug)]
struct Address {
    url: Url,
    text: String,
}

/// The redirect URI of a sign-in: the given one, which must be on the configured host, port included, or the
/// configured one. Without a configured one it must be on the trusted domain.
pub(super) fn redirect_uri(common: &Common, given: Option<&str>) -> Result<String, Failure> {
    let Some(given) = given else {
        return common.redirect_uri.as_ref().map(|url| url.as_str().to_owned()).ok_or_else(|| unconfigured(common));
    };
    let address = Address::parse("redirect-uri", given)?;
    let (admitted, expected) = match (&common.redirect_uri, &common.trusted_domain) {
        (Some(url), _) => (url.origin() == address.url.origin(), origin(url).to_owned()),
        (None, Some(domain)) => (address.is_on(domain), domain.clone()),
        (None, None) => return Err(unconfigured(common)),
    };
    if admitted { Ok(address.text) } else { Err(address.elsewhere("redirect-uri", &[expected])) }
}

/// The target of a home page: any address of the configured host or the trusted domain. Where neither is configured
/// the vendor alone judges, as it does in any case when the home page is opened.
pub(super) fn homepage_target(common: &Common, given: &str) -> Result<String, Failure> {
    let address = Address::parse("target", given)?;
    let redirect_host = common.redirect_uri.as_ref().map(authority);
    let hosts: Vec<String> = redirect_host.into_iter().chain(common.trusted_domain.clone()).collect();
    if hosts.is_empty() || hosts.iter().any(|host| address.is_on(host)) {
        Ok(address.text)
    } else {
        Err(address.elsewhere("target", &hosts))
    }
}

impl Address {
    fn parse(argument: &str, given: &str) -> Result<Self, Failure> {
        let (url, rest) = read(given).map_err(|Text { zh, en }| {
            let message = text! { "地址{zh}；应为完整网址，例如 https://app.example.com/path",
            "the address {en}; expected one such as https://app.example.com/path" };
            Failure::invalid_argument(argument, message).with_hint(text! {
            "请填写完整的网址，例如 https://app.example.com/path",
            "give an absolute address such as https://app.example.com/path" })
        })?;
        let text = format!("{}{rest}", origin(&url));
        Ok(Self { url, text })
    }

    /// Whether the host, and the port where one is written, are those of `host` or `host:port`.
    fn is_on(&self, domain: &str) -> bool {
        // The scheme decides which port goes without saying; no vendor is known to look at it.
        let domain = Url::parse(&format!("{}://{domain}", self.url.scheme()));
        domain.is_ok_and(|domain| authority(&domain) == authority(&self.url))
    }

    fn elsewhere(&self, argument: &str, expected: &[String]) -> Failure {
        let found = origin(&self.url);
        let (zh, en) = (expected.join(" 或 "), expected.join(" or "));
        let message = text!("地址位于 {found}，应位于 {zh}", "the address is on {found}, expected {en}");
        Failure::invalid_argument(argument, message).with_hint(text! {
        "地址必须位于 {zh}（含端口）；如需使用其他域名，请修改 redirectUri 或 trustedDomain",
        "the address must be on {en}, port included; for another one change redirectUri or trustedDomain" })
    }
}

/// The address as a browser reads it, and what follows its host as it was written; or what is wrong with it.
fn read(given: &str) -> Result<(Url, &str), Text> {
    if given.len() > LIMIT {
        return Err(Text::new("超过 2048 字节", "is longer than 2048 bytes"));
    }
    // Browsers and servers disagree about all of these.
    if given.trim() != given || given.chars().any(|c| c.is_control() || c == '\\') {
        return Err(text! { "含有控制字符、反斜杠或首尾空白",
        "contains a control character, a backslash or white space at its ends" });
    }
    if let Some(plain) = meant(given) {
        return Err(text!("经过了百分号编码，应直接写成 {plain}", "is percent-encoded already: write {plain}"));
    }
    let Some((scheme, after_scheme)) = given.split_once("://") else {
        return Err(Text::new("不以 https:// 或 http:// 开头", "does not begin with https:// or http://"));
    };
    // Before anything is parsed: in `https:/host/://other` a parser finds another host than the one that follows `://`.
    if !["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)) {
        return Err(Text::new("既不是 http 也不是 https", "is neither http nor https"));
    }
    let (authority, rest) = after_scheme.split_at(after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len()));
    if authority.is_empty() {
        return Err(Text::new("没有域名", "has no host after its scheme"));
    }
    if authority.contains('@') {
        return Err(Text::new("含有用户名或密码", "contains user information"));
    }
    // Without tables of Unicode two readers of one name may disagree about it.
    if !authority.is_ascii() || authority.contains('%') {
        return Err(text! { "的域名含有 ASCII 以外的字符或 %；国际化域名须写成 xn-- 开头的形式",
        "has a host beyond ASCII or with escapes; an international name is written in punycode (xn--…)" });
    }
    let url = Url::parse(given).map_err(|error| text!("无法解析（{error}）", "cannot be read ({error})"))?;
    Ok((url, rest))
}

/// What was meant by an address that is percent-encoded, which happens here anyway. A query is left out of it.
fn meant(given: &str) -> Option<String> {
    let mut plain = decoded(given)?;
    if !plain.contains("://") {
        plain.insert_str(0, "https://");
    }
    let (url, _) = read(&plain).ok().filter(|(url, _)| url.domain().is_none_or(|name| name.contains('.')))?;
    let more = if url.query().is_some() { "?…" } else { "" };
    Some(format!("{}{more}", &url[..Position::AfterPath]))
}

/// Scheme, host and, where it is not the default, port.
fn origin(url: &Url) -> &str {
    &url[..Position::BeforePath]
}

fn unconfigured(common: &Common) -> Failure {
    let message = text! { "未配置登录后返回的地址，例如 https://app.example.com/login",
    "no redirect address is configured; expected an address such as https://app.example.com/login" };
    let problem = Problem {
        path: "redirectUri".to_owned(),
        code: "missing".to_owned(),
        severity: Severity::Error,
        message: message.line(common.locale),
        hint: None,
    };
    let hint =
        ("请配置 redirectUri（登录后返回的地址）", "configure redirectUri, the address to which a sign-in returns");
    Failure::new(Reason::InvalidConfig(vec![problem]), message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{contract::directory::Strategy, directory::id::IdRule, locale::Locale};

    fn common(redirect_uri: Option<&str>, trusted_domain: Option<&str>) -> Common {
        Common {
            organisation: "acme".into(),
            application: "7".into(),
            basis: "7".into(),
            ids: IdRule::Exact,
            locale: Locale::Both,
            redirect_uri: redirect_uri.map(|uri| Url::parse(uri).unwrap()),
            trusted_domain: trusted_domain.map(str::to_owned),
            homepage: Default::default(),
            strategy: Strategy::Automatic,
            fields: None,
            guard: Default::default(),
            departed_days: None,
        }
    }

    fn argument(failure: &Failure) -> &str {
        match &failure.reason {
            Reason::InvalidArgument(problem) => &problem.path,
            Reason::InvalidConfig(problems) => &problems[0].path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_redirect_uri_is_on_the_configured_host_port_included() {
        for (configured, given, expected) in [
            (
                "https://app.example.com/login",
                "https://app.example.com/other?x=1#y",
                Ok("https://app.example.com/other?x=1#y"),
            ),
            ("https://app.example.com/login", "https://app.example.com", Ok("https://app.example.com")),
            ("https://app.example.com/login", "https://app.example.com:443/a", Ok("https://app.example.com/a")),
            ("https://app.example.com:443/login", "https://app.example.com/a", Ok("https://app.example.com/a")),
            ("https://app.example.com/login", "HTTPS://APP.Example.com/Path", Ok("https://app.example.com/Path")),
            (
                "https://app.example.com/login",
                "https://app.example.com/订单 7?名=张",
                Ok("https://app.example.com/订单 7?名=张"),
            ),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/x", Ok("http://127.0.0.1:8080/x")),
            ("http://app.example.com/", "http://app.example.com:80/x", Ok("http://app.example.com/x")),
            ("https://app.example.com:8443/", "https://app.example.com:8443/x", Ok("https://app.example.com:8443/x")),
            ("https://[::1]:8443/", "https://[0:0::1]:8443/x", Ok("https://[::1]:8443/x")),
            ("https://app.example.com/login", "https://app.example.com:8443/", Err(())),
            ("https://app.example.com:8443/", "https://app.example.com/", Err(())),
            ("https://app.example.com/login", "http://app.example.com/", Err(())),
            ("https://app.example.com/login", "http://app.example.com:443/", Err(())),
            ("https://app.example.com/login", "https://example.com/", Err(())),
            ("https://app.example.com/login", "https://sub.app.example.com/", Err(())),
            ("https://app.example.com/login", "https://app.example.com.other.example/", Err(())),
            ("https://app.example.com/login", "https://app.example.com./", Err(())),
            ("https://app.example.com/login", "https://A¡/", Err(())),
            ("https://app.example.com/login", "https://app.ex%61mple.com/", Err(())),
            ("https://app.example.com/login", "https:/APP%de://app.example.com/", Err(())),
            ("https://app.example.com/login", "https:/app.example.com/://other.example/a", Err(())),
            ("https://app.example.com/login", "https://other.example/app.example.com", Err(())),
            ("https://app.example.com/login", "https://app.example.com@other.example/", Err(())),
            ("https://app.example.com/login", "https://other.example\\@app.example.com/", Err(())),
            ("https://app.example.com/login", "https://user@app.example.com/", Err(())),
            ("https://app.example.com/login", "https://@app.example.com/", Err(())),
            ("https://app.example.com/login", "https:app.example.com/", Err(())),
            ("https://app.example.com/login", "https:///app.example.com/", Err(())),
            ("https://app.example.com/login", "//app.example.com/", Err(())),
            ("https://app.example.com/login", "/path", Err(())),
            ("https://app.example.com/login", "", Err(())),
            ("https://app.example.com/login", " https://app.example.com/", Err(())),
            ("https://app.example.com/login", "https://app.example.com/\n", Err(())),
            ("https://app.example.com/login", "https://app.exa\tmple.com/", Err(())),
            ("https://app.example.com/login", "javascript://app.example.com/%0aalert(1)", Err(())),
            ("https://app.example.com/login", "ftp://app.example.com/", Err(())),
        ] {
            match (redirect_uri(&common(Some(configured), Some("other.example")), Some(given)), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(failure), Err(())) => {
                    assert_eq!(argument(&failure), "redirect-uri", "{given}");
                    assert!(failure.hint.is_some(), "{given}");
                }
                (found, _) => panic!("{configured} {given}: {found:?}"),
            }
        }
        let long = format!("https://app.example.com/{}", "x".repeat(LIMIT));
        assert!(redirect_uri(&common(Some("https://app.example.com/"), None), Some(&long)).is_err());
    }

    #[test]
    fn what_is_encoded_already_is_shown_plainly() {
        let common = common(Some("https://app.example.com/login"), None);
        for (given, expected) in [
            ("https%3A%2F%2Fapp.example.com%2Fcb", Some("https://app.example.com/cb")),
            ("https%3a%2f%2fapp.example.com%2fcb", Some("https://app.example.com/cb")),
            ("https%253A%252F%252Fapp.example.com%252Fcb", Some("https://app.example.com/cb")),
            ("https:%2F%2Fapp.example.com%2Fcb", Some("https://app.example.com/cb")),
            ("https://app.example.com%2Fcb", Some("https://app.example.com/cb")),
            ("https://app.ex%61mple.com/cb", Some("https://app.example.com/cb")),
            ("app.example.com%2Fcb", Some("https://app.example.com/cb")),
            ("https%3A%2F%2Fapp.example.com%2Fcb%3Fnext%3D7", Some("https://app.example.com/cb?…")),
            ("https%3A%2F%2Fapp.example.com%2F%25E8%25AE%25A2", Some("https://app.example.com/%E8%AE%A2")),
            ("https%3A%2F%2Fuser%40app.example.com%2F", None),
            ("javascript%3Aalert(1)", None),
            ("https://app.example.com%00/", None),
            ("https://100%/", None),
            ("app.example.com/%E8?next=%2Fx", None),
            ("%2Forders%2F7", None),
            ("%ff%2Fcb", None),
        ] {
            for (failure, argument_name) in [
                (redirect_uri(&common, Some(given)).unwrap_err(), "redirect-uri"),
                (homepage_target(&common, given).unwrap_err(), "target"),
            ] {
                assert_eq!(argument(&failure), argument_name, "{given}");
                let Text { zh, en } = &failure.message;
                match expected {
                    Some(plain) => {
                        assert!(en.contains(&format!("is percent-encoded already: write {plain};")), "{given}: {en}");
                        assert!(zh.contains(&format!("应直接写成 {plain}；")), "{given}: {zh}");
                    }
                    None => assert!(!en.contains("write "), "{given}: {en}"),
                }
            }
        }
        // In a path or a query an escape is nothing special.
        assert!(redirect_uri(&common, Some("https://app.example.com/%E8%AE%A2?next=%2Fx")).is_ok());
    }

    #[test]
    fn without_a_redirect_uri_the_configuration_decides() {
        let configured = common(Some("https://app.example.com/login"), None);
        assert_eq!(redirect_uri(&configured, None).unwrap(), "https://app.example.com/login");

        let nothing = common(None, None);
        for given in [None, Some("https://app.example.com/")] {
            assert_eq!(argument(&redirect_uri(&nothing, given).unwrap_err()), "redirectUri");
        }
        let trusted = common(None, Some("app.example.com:8443"));
        assert_eq!(argument(&redirect_uri(&trusted, None).unwrap_err()), "redirectUri");
        assert!(redirect_uri(&trusted, Some("https://app.example.com:8443/x")).is_ok());
        assert!(redirect_uri(&trusted, Some("https://app.example.com/x")).is_err());
    }

    #[test]
    fn a_home_page_is_on_any_trusted_host() {
        let both = common(Some("https://login.example.com/x"), Some("app.example.com:8443"));
        for (given, expected) in [
            ("https://login.example.com/any/where", Some("https://login.example.com/any/where")),
            ("http://login.example.com/", Some("http://login.example.com/")),
            ("https://login.example.com:443/", Some("https://login.example.com/")),
            ("https://app.example.com:8443/#/x", Some("https://app.example.com:8443/#/x")),
            ("https://app.example.com/", None),
            ("https://login.example.com:8443/", None),
            ("https://other.example/", None),
            ("https://login.example.com@other.example/", None),
            ("login.example.com/", None),
        ] {
            let found = homepage_target(&both, given);
            assert_eq!(found.as_deref().ok(), expected, "{given}: {found:?}");
            if let Err(failure) = found {
                assert_eq!(argument(&failure), "target");
            }
        }
        assert!(homepage_target(&common(None, Some("app.example.com:443")), "https://app.example.com/").is_ok());
        assert!(homepage_target(&common(None, Some("app.example.com")), "https://other.example/").is_err());
        assert!(homepage_target(&common(None, None), "https://any.example/").is_ok());
    }
}
