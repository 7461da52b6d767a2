//! Addresses that people write nearly right, shown as they are to be written.

use std::fmt;

use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// How often an address may have been encoded: by a person, by the tool that it was copied from, and once more.
const MOST_ENCODINGS: usize = 3;

/// What is wrong with an address that cannot be used as it stands, and how to write it. Both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressAdvice {
    /// It was percent-encoded as a whole, as it stands within another address. With the plain one.
    Encoded(String),
    /// It begins with the host. With the whole address.
    NoScheme(String),
}

impl fmt::Display for AddressAdvice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoded(plain) => {
                write!(f, "地址已经过百分号编码，请写原文 / it is percent-encoded already, write it plainly: {plain}")
            }
            Self::NoScheme(whole) => write!(f, "缺少协议，请写 / the scheme is missing, write {whole}"),
        }
    }
}

impl AddressAdvice {
    /// About the address of a page or an interface. Nothing where it may be right, or where nobody can know what is meant. An
    /// address with a user name is not shown again, since a password may stand beside it.
    pub fn of_web_address(text: &str) -> Option<Self> {
        if let Some(plain) = decoded(text) {
            let plain = with_scheme(&plain).unwrap_or(plain);
            let authority = plain.split_once("://").map_or(&*plain, |(_, rest)| rest).split(['/', '?', '#']).next();
            return (!authority.is_some_and(|authority| authority.contains('@'))).then_some(Self::Encoded(plain));
        }
        with_scheme(text).map(Self::NoScheme)
    }

    /// About a path on a site that is known.
    pub fn of_path(text: &str) -> Option<Self> {
        decoded(text).map(Self::Encoded)
    }
}

/// Whether values in the query are percent-encoded twice: seldom meant, though it can be.
pub fn is_query_encoded_twice(address: &str) -> bool {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    query.split("%25").skip(1).any(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit()))
}

/// The plain form of an address whose signs (`:`, `/`, `?`) are all encoded.
pub fn decoded(text: &str) -> Option<String> {
    let (scheme, mut rest) = match text.find("://") {
        Some(end) => (text.get(..end + 3)?, text.get(end + 3..)?.to_owned()),
        None => ("", text.to_owned()),
    };
    let is_encoded = |rest: &str| {
        let has = |sign: &str| rest.to_ascii_uppercase().contains(sign);
        !rest.contains(['/', '?', '#']) && (has("%2F") || has("%3A") || has("%252F") || has("%253A"))
    };
    if !is_encoded(&rest) {
        return None;
    }
    for _ in 0..MOST_ENCODINGS {
        rest = percent_decode_str(&rest).decode_utf8().ok()?.into_owned();
        if !is_encoded(&rest) {
            let is_plain = !rest.chars().any(|c| c.is_control() || c == ' ');
            return is_plain.then(|| format!("{scheme}{rest}"));
        }
    }
    None
}

/// The address with the scheme that it lacks: http to this machine, else https.
fn with_scheme(text: &str) -> Option<String> {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let name =
        authority.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map_or(authority, |(name, _)| name);
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'[' | b']' | b':');
    if text.contains("://") || name.starts_with('-') || !authority.bytes().all(is_name) {
        return None;
    }
    let is_bracketed = name.starts_with('[') && name.ends_with(']');
    let is_host = name == "localhost" || is_bracketed || (name.contains('.') && !name.contains(':'));
    let url = is_host.then(|| Url::parse(&format!("https://{text}")).ok())??;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    Some(format!("{}://{text}", if is_here { "http" } else { "https" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_it_is_to_be_written() {
        let encoded = |plain: &str| Some(AddressAdvice::Encoded(plain.to_owned()));
        let no_scheme = |whole: &str| Some(AddressAdvice::NoScheme(whole.to_owned()));
        for (text, expected) in [
            ("https%3A%2F%2Fapp.example.com%2Fcb", encoded("https://app.example.com/cb")),
            ("https%3a%2f%2fapp.example.com%2fcb%3fa%3db", encoded("https://app.example.com/cb?a=b")),
            ("https%253A%252F%252Fapp.example.com%252Fcb", encoded("https://app.example.com/cb")),
            ("app.example.com%2Fcb", encoded("https://app.example.com/cb")),
            ("app.example.com%252Fcb", encoded("https://app.example.com/cb")),
            ("https://app.example.com%2Fcb", encoded("https://app.example.com/cb")),
            ("https%3A%2F%2Fme%3Ahidden%40app.example.com", None),
            ("https%3A%2F%2Fapp.example.com%2F%40me", encoded("https://app.example.com/@me")),
            ("%00%2F", None),
            ("app.example.com", no_scheme("https://app.example.com")),
            ("app.example.com/a?b=c", no_scheme("https://app.example.com/a?b=c")),
            ("app.example.com:8443", no_scheme("https://app.example.com:8443")),
            ("203.0.113.9", no_scheme("https://203.0.113.9")),
            ("127.0.0.1:7070", no_scheme("http://127.0.0.1:7070")),
            ("localhost:7070/org", no_scheme("http://localhost:7070/org")),
            ("[::1]:7070", no_scheme("http://[::1]:7070")),
            ("me:hidden@app.example.com", None),
            ("https://app.example.com/a%2Fb", None),
            ("https://app.example.com/?next=https%3A%2F%2Fb.example", None),
            ("https:app.example.com", None),
            ("/desk", None),
            ("desk", None),
            ("-x.y", None),
            ("no url", None),
            ("", None),
        ] {
            assert_eq!(AddressAdvice::of_web_address(text), expected, "{text}");
        }
        for (text, expected) in
            [("%2Fdesk%3Fa%3D1", encoded("/desk?a=1")), ("/a%2Fb", None), ("/desk", None), ("desk", None)]
        {
            assert_eq!(AddressAdvice::of_path(text), expected, "{text}");
        }
    }

    #[test]
    fn a_query_that_is_encoded_twice_is_noticed() {
        for (address, twice) in [
            ("https://a.example/?next=https%253A%252F%252Fb.example", true),
            ("https://a.example/?next=https%3A%2F%2Fb.example", false),
            ("https://a.example/%252F", false),
            ("https://a.example/?share=100%25", false),
            ("https://a.example/?share=100%25&a=b", false),
        ] {
            assert_eq!(is_query_encoded_twice(address), twice, "{address}");
        }
    }
}
