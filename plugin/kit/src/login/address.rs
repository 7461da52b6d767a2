//! Absolute addresses to which the vendor sends a browser: the redirect URI of a sign-in and the target of a home
//! page.
//!
//! They are judged as a browser reads them (`url`), and passed on as they were given, but for their start: scheme and
//! host in lower case and without a default port, since WeCom compares text and refuses `https://host:443` where
//! `https://host` is registered.

use url::{Position, Url};

use crate::{
    config::{Config, is_plain_host},
    contract::types::{Problem, Reason, Severity},
    failure::Failure,
    text::Text,
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
pub(super) fn redirect_uri(config: &Config, given: Option<&str>) -> Result<String, Failure> {
    let Some(given) = given else {
        return config.common.redirect_uri.as_ref().map(|url| url.as_str().to_owned()).ok_or_else(unconfigured);
    };
    let address = Address::parse("redirect-uri", given)?;
    let (admitted, expected) = match (&config.common.redirect_uri, &config.common.trusted_domain) {
        (Some(url), _) => (url.origin() == address.url.origin(), origin(url).to_owned()),
        (None, Some(domain)) => (address.is_on(domain), domain.clone()),
        (None, None) => return Err(unconfigured()),
    };
    if admitted { Ok(address.text) } else { Err(address.elsewhere("redirect-uri", &expected)) }
}

/// The target of a home page: any address of the configured host or the trusted domain. Where neither is configured
/// WeCom alone judges, as it does in any case when the home page is opened.
pub(super) fn homepage_target(config: &Config, given: &str) -> Result<String, Failure> {
    let address = Address::parse("target", given)?;
    let redirect_host = config.common.redirect_uri.as_ref().map(authority);
    let hosts: Vec<String> = redirect_host.into_iter().chain(config.common.trusted_domain.clone()).collect();
    if hosts.is_empty() || hosts.iter().any(|host| address.is_on(host)) {
        Ok(address.text)
    } else {
        Err(address.elsewhere("target", &hosts.join(" or ")))
    }
}

impl Address {
    fn parse(argument: &str, given: &str) -> Result<Self, Failure> {
        let malformed = |fault: &str| {
            Failure::invalid_argument(
                argument,
                format!("the address {fault}; expected one such as https://app.example.com/path"),
            )
            .with_hint(Text::new(
                "请填写完整的网址，例如 https://app.example.com/path",
                "give an absolute address such as https://app.example.com/path",
            ))
        };
        if given.len() > LIMIT {
            return Err(malformed("is longer than 2048 bytes"));
        }
        // Browsers and servers disagree about all of these.
        if given.trim() != given || given.chars().any(|c| c.is_control() || c == '\\') {
            return Err(malformed("contains a control character, a backslash or white space at its ends"));
        }
        if !is_plain_host(given) {
            return Err(malformed("has a host beyond ASCII; an international name is written in punycode (xn--…)"));
        }
        let url = Url::parse(given).map_err(|error| malformed(&format!("cannot be read ({error})")))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(malformed("is neither http nor https"));
        }
        let after_scheme = given.split_once("://").map(|(_, rest)| rest).unwrap_or_default();
        let end = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
        let (authority, rest) = after_scheme.split_at(end);
        if authority.is_empty() {
            return Err(malformed("has no host after its scheme"));
        }
        if authority.contains('@') {
            return Err(malformed("contains user information"));
        }
        let text = format!("{}{rest}", origin(&url));
        Ok(Self { url, text })
    }

    /// Whether the host, and the port where one is written, are those of `host` or `host:port`.
    fn is_on(&self, domain: &str) -> bool {
        // The scheme decides which port goes without saying; WeCom itself does not look at it.
        is_plain_host(domain)
            && Url::parse(&format!("{}://{domain}", self.url.scheme()))
                .is_ok_and(|domain| authority(&domain) == authority(&self.url))
    }

    fn elsewhere(&self, argument: &str, expected: &str) -> Failure {
        let found = origin(&self.url);
        Failure::invalid_argument(argument, format!("the address is on {found}, expected {expected}")).with_hint(Text::new(
            format!("地址必须位于 {expected}（含端口）；如需使用其他域名，请修改 redirectUri 或 trustedDomain"),
            format!("the address must be on {expected}, port included; for another one change redirectUri or trustedDomain"),
        ))
    }
}

/// Scheme, host and, where it is not the default, port.
fn origin(url: &Url) -> &str {
    &url[..Position::BeforePath]
}

/// Host and, where it is not the default, port.
fn authority(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPort].to_owned()
}

fn unconfigured() -> Failure {
    let message = "no redirect address is configured; expected an address such as https://app.example.com/login";
    let hint = Text::new(
        "请配置 redirectUri（登录后企业微信跳转回的地址）",
        "configure redirectUri, the address to which WeCom returns after a sign-in",
    );
    let problem = Problem {
        path: "redirectUri".to_owned(),
        code: "missing".to_owned(),
        severity: Severity::Error,
        message: message.to_owned(),
        hint: String::new(),
    };
    Failure::new(Reason::InvalidConfig(vec![problem]), message).with_hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake;

    fn config(redirect_uri: Option<&str>, trusted_domain: Option<&str>) -> Config {
        let mut config = fake::config();
        config.common.redirect_uri = redirect_uri.map(|uri| Url::parse(uri).unwrap());
        config.common.trusted_domain = trusted_domain.map(str::to_owned);
        config
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
            match (redirect_uri(&config(Some(configured), Some("other.example")), Some(given)), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(failure), Err(())) => {
                    assert_eq!(argument(&failure), "redirect-uri", "{given}");
                    assert!(failure.hint.is_some(), "{given}");
                }
                (found, _) => panic!("{configured} {given}: {found:?}"),
            }
        }
        let long = format!("https://app.example.com/{}", "x".repeat(LIMIT));
        assert!(redirect_uri(&fake::config(), Some(&long)).is_err());
    }

    #[test]
    fn without_a_redirect_uri_the_configuration_decides() {
        let configured = config(Some("https://app.example.com/login"), None);
        assert_eq!(redirect_uri(&configured, None).unwrap(), "https://app.example.com/login");

        let nothing = config(None, None);
        for given in [None, Some("https://app.example.com/")] {
            assert_eq!(argument(&redirect_uri(&nothing, given).unwrap_err()), "redirectUri");
        }
        let trusted = config(None, Some("app.example.com:8443"));
        assert_eq!(argument(&redirect_uri(&trusted, None).unwrap_err()), "redirectUri");
        assert!(redirect_uri(&trusted, Some("https://app.example.com:8443/x")).is_ok());
        assert!(redirect_uri(&trusted, Some("https://app.example.com/x")).is_err());
    }

    #[test]
    fn a_home_page_is_on_any_trusted_host() {
        let both = config(Some("https://login.example.com/x"), Some("app.example.com:8443"));
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
        assert!(homepage_target(&config(None, Some("app.example.com:443")), "https://app.example.com/").is_ok());
        assert!(homepage_target(&config(None, Some("app.example.com")), "https://other.example/").is_err());
        assert!(homepage_target(&config(None, None), "https://any.example/").is_ok());
    }
}
