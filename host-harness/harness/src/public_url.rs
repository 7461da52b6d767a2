//! The address under which people reach a host, where an operator names it.

use std::{fmt, str::FromStr};

use organisation_address::AddressAdvice;
use url::{Host, Url};

/// `https://HOST[:PORT][/PATH]`, or http on this machine. Behind a proxy with a path, the proxy takes the path away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl PublicUrl {
    /// Whether browsers come over TLS.
    pub fn is_tls(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// Whether another address is on the same server, as browsers see it: scheme, host and port.
    pub fn is_origin_of(&self, other: &Url) -> bool {
        self.0.origin() == other.origin()
    }

    /// What stands before the paths of the host: empty, or `/PATH`.
    pub fn path(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(advice) = AddressAdvice::of_web_address(text) {
            return Err(advice.to_string());
        }
        let url = Url::parse(text)
            .map_err(|error| format!("{error}; expected an address such as https://app.example.com or with a path"))?;
        let is_loopback = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        };
        match url.scheme() {
            "https" => {}
            "http" if is_loopback => {}
            "http" => {
                return Err("over plain http only a loopback address can be reached safely: write https".to_owned());
            }
            scheme => return Err(format!("the scheme is {scheme:?}, expected https")),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("it holds a name or a password, which browsers do not send: leave it out".to_owned());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("it has a query or a fragment: end it before ? and #".to_owned());
        }
        // Both would mean something else in the path of a cookie.
        if url.path().contains([';', ',']) || url.path().contains("//") {
            return Err("its path holds one of ; , // : choose another path".to_owned());
        }
        // A reader that mends what is written would hide a slip of the pen.
        if url.as_str() != text && url.as_str().strip_suffix('/') != Some(text) {
            return Err(format!("it is not written as browsers write it: write {url}"));
        }
        Ok(Self(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_strictly() {
        for (text, expected) in [
            ("https://app.example.com", Ok((true, ""))),
            ("https://app.example.com/", Ok((true, ""))),
            ("https://app.example.com:8443/org/wecom/", Ok((true, "/org/wecom"))),
            ("https://xn--fiq228c.example/a%20b", Ok((true, "/a%20b"))),
            ("https://127.0.0.1", Ok((true, ""))),
            ("http://127.0.0.1:7070", Ok((false, ""))),
            ("http://[::1]:7070/org", Ok((false, "/org"))),
            ("http://localhost:7070", Ok((false, ""))),
            ("http://app.example.com", Err("write https")),
            ("http://localhost.example.com", Err("write https")),
            ("http://192.168.0.1", Err("write https")),
            ("ftp://app.example.com", Err("the scheme is \"ftp\"")),
            ("app.example.com", Err("write https://app.example.com")),
            ("app.example.com:8443/org", Err("write https://app.example.com:8443/org")),
            ("localhost:7070", Err("write http://localhost:7070")),
            (
                "https%3A%2F%2Fapp.example.com",
                Err("percent-encoded already, write it plainly: https://app.example.com"),
            ),
            ("https%253A%252F%252Fapp.example.com", Err("write it plainly: https://app.example.com")),
            ("app", Err("expected an address")),
            ("", Err("expected an address")),
            ("https://", Err("expected an address")),
            ("https://a:b@app.example.com", Err("a name or a password")),
            ("https://a@app.example.com", Err("a name or a password")),
            ("https://app.example.com/?", Err("a query")),
            ("https://app.example.com/#", Err("a query or a fragment")),
            ("https://app.example.com/a;Domain=example.com", Err("; , //")),
            ("https://app.example.com//", Err("; , //")),
            ("https://app.example.com/a/../b", Err("write https://app.example.com/b")),
            (" https://app.example.com", Err("write https://app.example.com/")),
            ("HTTPS://App.example.com", Err("write https://app.example.com/")),
            ("https:app.example.com", Err("write https://app.example.com/")),
            ("https://app.example.com:443", Err("write https://app.example.com/")),
        ] {
            match (text.parse::<PublicUrl>(), expected) {
                (Ok(url), Ok(expected)) => {
                    assert_eq!((url.is_tls(), url.path()), expected, "{text}");
                    assert_eq!(url.to_string(), text.trim_end_matches('/'));
                }
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{text}: {error}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
