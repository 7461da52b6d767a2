//! Allow-list entries: one line of text that admits destinations.
//!
//! | AllowEntry | Admits |
//! |---|---|
//! | `api.example.com` | `https://api.example.com` on port 443 |
//! | `api.example.com:8443` | `https` on port 8443 |
//! | `*.example.com` | every name below `example.com`, at any depth, but not `example.com` itself |
//! | `http://intranet.example:8080` | plain `http` on port 8080: only because it is written out |
//! | `https://api.example.com` | the same as without the scheme |
//! | `127.0.0.1:9000`, `[::1]:9000`, `localhost:9000` | `https` and `http` on that port: plain http to loopback leaves no machine |
//!
//! An entry is parsed once and matched without allocation. An empty list admits nothing, and there is no entry that
//! admits everything.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use url::Host;

use super::{
    destination::{Destination, Scheme, normal_host},
    parse::{self, UrlError},
};
use organisation_address::decoded;

/// One entry, parsed.
///
/// ```
/// use organisation_egress::AllowEntry;
/// for accepted in [
///     "api.example.com", "api.example.com:8443", "*.example.com", "*.example.com:8443", "http://intranet.example:8080",
///     "https://api.example.com", "10.0.0.7", "10.0.0.7:8443", "[::1]:9000", "localhost:9000",
/// ] {
///     assert!(accepted.parse::<AllowEntry>().is_ok(), "{accepted}");
/// }
/// for refused in [
///     "", "*", "*:443", "api.*.com", "*api.example.com", "https://", "ftp://api.example.com", "api.example.com/",
///     "https://api.example.com/path", "me@api.example.com", "api.example.com:", "api.example.com:0",
///     "api.example.com:65536", "api.example.com:*", "::1", "[::1", "*.10.0.0.7", "a b", "a..b", "api.example.com?x",
/// ] {
///     assert!(refused.parse::<AllowEntry>().is_err(), "{refused}");
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowEntry {
    /// `None` means: https, and http where it stays on this machine.
    scheme: Option<Scheme>,
    host: HostPattern,
    /// `None` means: the default port of the scheme that is used.
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostPattern {
    Exact(Host),
    /// The common end of the names, with its leading dot: `.example.com`.
    Below(String),
}

/// Why an entry cannot be read. The message quotes the entry and says how it should look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "allow-list entry {entry:?} is not usable: {problem}; write {}",
    instead.as_deref().unwrap_or("host, host:port, *.domain or http://host:port")
)]
pub struct AllowEntryError {
    /// The entry as written.
    pub entry: String,
    /// What is wrong with it.
    pub problem: &'static str,
    /// What is probably meant.
    pub instead: Option<String>,
}

impl FromStr for AllowEntry {
    type Err = AllowEntryError;

    fn from_str(text: &str) -> Result<Self, AllowEntryError> {
        parse(text).map_err(|problem| {
            let (problem, instead) = match decoded(text) {
                Some(plain) => ("it is percent-encoded", origin(&plain)),
                None => (problem, origin(text)),
            };
            AllowEntryError { entry: text.to_owned(), problem, instead }
        })
    }
}

/// The entry for the server of a whole address.
fn origin(text: &str) -> Option<String> {
    let begin = text.find("://").map_or(0, |at| at + 3);
    let end = text.get(begin..)?.find(['/', '?', '#']).map_or(text.len(), |at| begin + at);
    let origin = text.get(..end)?;
    let bracketed = || origin.parse::<Ipv6Addr>().ok().map(|ip| format!("[{ip}]"));
    parse(origin).is_ok().then(|| origin.to_owned()).or_else(bracketed)
}

impl AllowEntry {
    /// Whether this entry admits `destination`.
    pub fn admits(&self, destination: &Destination) -> bool {
        let scheme = match self.scheme {
            Some(scheme) => scheme == destination.scheme,
            None => destination.scheme == Scheme::Https || destination.is_loopback(),
        };
        let port = self.port.unwrap_or(destination.scheme.default_port());
        scheme && port == destination.port && self.host.matches(&destination.host)
    }

    /// Whether this entry admits `destination` and names that very host, not a family of names.
    pub fn names(&self, destination: &Destination) -> bool {
        matches!(self.host, HostPattern::Exact(_)) && self.admits(destination)
    }
}

impl From<Destination> for AllowEntry {
    /// The entry that admits exactly this destination.
    fn from(destination: Destination) -> Self {
        Self {
            scheme: Some(destination.scheme),
            host: HostPattern::Exact(destination.host),
            port: Some(destination.port),
        }
    }
}

impl HostPattern {
    fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Exact(wanted), host) => wanted == host,
            // A normal name never starts with a dot, so there is at least one label before the suffix.
            (Self::Below(suffix), Host::Domain(name)) => name.len() > suffix.len() && name.ends_with(suffix.as_str()),
            (Self::Below(_), Host::Ipv4(_) | Host::Ipv6(_)) => false,
        }
    }
}

impl fmt::Display for AllowEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(scheme) = self.scheme {
            write!(f, "{}://", scheme.as_str())?;
        }
        match &self.host {
            HostPattern::Exact(host) => write!(f, "{host}")?,
            HostPattern::Below(suffix) => write!(f, "*{suffix}")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

fn parse(text: &str) -> Result<AllowEntry, &'static str> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("it contains white space");
    }
    let (scheme, authority) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(Scheme::parse(scheme).ok_or("its scheme is neither http nor https")?), rest),
        None => (None, text),
    };
    if authority.contains('@') {
        return Err("it contains a user name");
    }
    if authority.contains(['/', '\\', '?', '#', '%']) {
        return Err("it contains more than scheme, host and port");
    }
    let (host, port) = split_port(authority)?;
    let host = match host.strip_prefix("*.") {
        Some(domain) => match read_host(domain)? {
            Host::Domain(domain) => HostPattern::Below(format!(".{domain}")),
            Host::Ipv4(_) | Host::Ipv6(_) => return Err("an address has no names below it"),
        },
        None => HostPattern::Exact(read_host(host)?),
    };
    Ok(AllowEntry { scheme, host, port })
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), &'static str> {
    let end_of_host = match authority.rfind(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(end_of_host);
    if rest.is_empty() {
        return Ok((host, None));
    }
    let digits = rest.strip_prefix(':').ok_or("something stands between the host and its port")?;
    if digits.contains(':') {
        return Err("an IPv6 address must stand in brackets");
    }
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err("its port is not a number");
    }
    match digits.parse::<u16>() {
        Ok(port) if port != 0 => Ok((host, Some(port))),
        _ => Err("its port is not between 1 and 65535"),
    }
}

fn read_host(text: &str) -> Result<Host, &'static str> {
    if text.is_empty() {
        return Err("it names no host");
    }
    if text.contains('*') {
        return Err("a star may only stand as the first label, before a domain");
    }
    let host = parse::read_host(text).map_err(|error| match error {
        UrlError::HostBeyondAscii => "its host has characters beyond ASCII: write it in punycode (xn--…)",
        UrlError::Characters | UrlError::Syntax(_) => "its host is not a valid name or address",
    })?;
    normal_host(host).map_err(|_| "its host is not a valid name")
}

/// Entries that together admit destinations; an empty list admits nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<AllowEntry>);

impl AllowList {
    /// Reads one entry from each text.
    ///
    /// # Errors
    /// The first entry that cannot be read.
    pub fn parse<S: AsRef<str>>(entries: impl IntoIterator<Item = S>) -> Result<Self, AllowEntryError> {
        entries.into_iter().map(|entry| entry.as_ref().parse()).collect::<Result<_, _>>().map(Self)
    }

    /// Whether any entry admits `destination`.
    pub fn admits(&self, destination: &Destination) -> bool {
        self.0.iter().any(|entry| entry.admits(destination))
    }

    /// Whether any entry admits `destination` by naming that very host.
    pub fn names(&self, destination: &Destination) -> bool {
        self.0.iter().any(|entry| entry.names(destination))
    }

    /// The entries, in the order given.
    pub fn entries(&self) -> &[AllowEntry] {
        &self.0
    }
}

impl FromIterator<AllowEntry> for AllowList {
    fn from_iter<I: IntoIterator<Item = AllowEntry>>(entries: I) -> Self {
        Self(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn destination(url: &str) -> Destination {
        Destination::of(&Url::parse(url).unwrap()).unwrap()
    }

    #[test]
    fn entries_admit_what_the_table_says() {
        // entry, url, admitted, names that very host
        for (entry, url, admits, names) in [
            ("a.example", "https://a.example/x", true, true),
            ("A.Example", "https://a.EXAMPLE/x", true, true),
            ("a.example.", "https://a.example/x", true, true),
            ("a.example", "https://a.example./x", true, true),
            ("a.example", "https://a.example:8443", false, false),
            ("a.example", "http://a.example", false, false),
            ("a.example:443", "http://a.example:443", false, false),
            ("a.example", "https://b.a.example", false, false),
            ("a.example", "https://a.example.evil.test", false, false),
            ("a.example:8443", "https://a.example:8443", true, true),
            ("a.example:8443", "https://a.example", false, false),
            ("https://a.example", "https://a.example", true, true),
            ("https://a.example", "http://a.example", false, false),
            ("http://a.example", "http://a.example", true, true),
            ("http://a.example", "https://a.example", false, false),
            ("http://a.example:8080", "http://a.example:8080", true, true),
            ("http://a.example:8080", "http://a.example", false, false),
            ("*.example", "https://a.example", true, false),
            ("*.example", "https://b.a.example", true, false),
            ("*.example", "https://example", false, false),
            ("*.example", "https://anexample", false, false),
            ("*.example", "http://a.example", false, false),
            ("*.example:8443", "https://a.example:8443", true, false),
            ("http://*.example", "http://a.example", true, false),
            ("*.7", "https://10.0.0.7", false, false),
            ("127.0.0.1:9000", "http://127.0.0.1:9000", true, true),
            ("127.0.0.1:9000", "http://2130706433:9000", true, true),
            ("127.0.0.1:9000", "https://127.0.0.1:9000", true, true),
            ("127.0.0.1", "http://127.0.0.1", true, true),
            ("127.0.0.1", "http://127.0.0.1:9000", false, false),
            ("https://127.0.0.1:9000", "http://127.0.0.1:9000", false, false),
            ("localhost:9000", "http://localhost:9000", true, true),
            ("localhost:9000", "http://127.0.0.1:9000", false, false),
            ("[::1]:9000", "http://[0:0::1]:9000", true, true),
            ("10.0.0.7:8080", "http://10.0.0.7:8080", false, false),
            ("10.0.0.7:8443", "https://10.0.0.7:8443", true, true),
        ] {
            let Ok(parsed) = entry.parse::<AllowEntry>() else {
                assert!(!admits, "{entry} should be readable");
                continue;
            };
            assert_eq!(parsed.admits(&destination(url)), admits, "{entry} admits {url}");
            assert_eq!(parsed.names(&destination(url)), names, "{entry} names {url}");
        }
    }

    #[test]
    fn entries_print_as_written() {
        for entry in ["a.example", "a.example:8443", "http://*.example:80", "[::1]:9000", "10.0.0.7"] {
            assert_eq!(entry.parse::<AllowEntry>().unwrap().to_string(), entry);
        }
    }

    #[test]
    fn an_empty_list_admits_nothing() {
        let list = AllowList::parse::<&str>([]).unwrap();
        assert!(!list.admits(&destination("https://a.example")));
    }

    #[test]
    fn a_bad_entry_is_quoted_with_its_problem() {
        for (entry, problem) in [
            ("*", "star"),
            ("::1", "brackets"),
            ("ftp://a", "scheme"),
            ("me@a", "user name"),
            ("a/", "more than"),
            ("a:0", "between 1 and 65535"),
            ("a:x", "not a number"),
            ("[::1]9", "between the host"),
            ("A¡", "punycode"),
            ("*.企业.example", "punycode"),
        ] {
            let message = AllowList::parse(["ok.example", entry]).unwrap_err().to_string();
            assert!(message.contains(problem) && message.contains(entry), "{message}");
        }
    }

    #[test]
    fn an_entry_that_is_nearly_right_is_shown_as_it_should_be() {
        for (entry, words) in [
            ("https://api.example.com/cgi-bin/", "more than scheme, host and port; write https://api.example.com"),
            ("api.example.com:8443/", "write api.example.com:8443"),
            ("https%3A%2F%2Fapi.example.com%2Fcgi-bin", "it is percent-encoded; write https://api.example.com"),
            ("127.0.0.1%3A7080", "it is percent-encoded; write 127.0.0.1:7080"),
            ("::1", "brackets; write [::1]"),
            ("socks5://proxy.example.com:1080", "neither http nor https; write host, host:port"),
            ("https://me:hidden@api.example.com/", "write host, host:port"),
        ] {
            let message = entry.parse::<AllowEntry>().unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn a_destination_makes_an_entry_for_itself_only() {
        let entry = AllowEntry::from(destination("http://a.example:8080/x"));
        assert!(entry.admits(&destination("http://a.example:8080/")));
        assert!(!entry.admits(&destination("https://a.example:8080/")));
    }
}
