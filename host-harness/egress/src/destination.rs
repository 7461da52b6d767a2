//! Where a request goes: scheme, host and port, in one normal form.
//!
//! Two spellings of one place must compare equal, or an allow-list could be walked around. The `url` crate lower-cases
//! names and reads the decimal, octal and hexadecimal forms of IPv4; the final dot of a
//! fully qualified name is removed here.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

/// The two schemes a component may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain text; see [`Destination::is_loopback`] for where it is allowed without being written out.
    Http,
    /// TLS with a verified certificate.
    Https,
}

impl Scheme {
    /// 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }

    /// The spelling in a URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    /// Reads `http` or `https`, in any case.
    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| text.eq_ignore_ascii_case(scheme.as_str()))
    }
}

/// Scheme, host and port of one request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The scheme.
    pub scheme: Scheme,
    /// The host in normal form.
    pub host: Host,
    /// The port, the scheme's own if the URL names none.
    pub port: u16,
}

/// Why a URL or a host has no destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DestinationError {
    /// Neither `http` nor `https`.
    #[error("the scheme is neither http nor https")]
    Scheme,
    /// No host, an empty label, or a name longer than 253 bytes.
    #[error("the host is missing or not a valid name")]
    Host,
    /// Port 0 cannot be connected to.
    #[error("port 0 is not a destination")]
    Port,
}

impl Destination {
    /// The destination of a parsed URL.
    ///
    /// # Errors
    /// See [`DestinationError`].
    pub fn of(url: &Url) -> Result<Self, DestinationError> {
        let scheme = Scheme::parse(url.scheme()).ok_or(DestinationError::Scheme)?;
        let host = normal_host(url.host().ok_or(DestinationError::Host)?.to_owned())?;
        let port = url.port().unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(DestinationError::Port);
        }
        Ok(Self { scheme, host, port })
    }

    /// The address, when the host is written as one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.host {
            Host::Ipv4(ip) => Some(ip.into()),
            Host::Ipv6(ip) => Some(ip.into()),
            Host::Domain(_) => None,
        }
    }

    /// Whether the host is a loopback address, `localhost`, or a name below it (RFC 6761).
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => is_localhost(name),
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        }
    }

    /// The operator option that admits exactly this destination.
    pub fn admitting_option(&self) -> String {
        let scheme = if self.scheme == Scheme::Http && !self.is_loopback() { "http://" } else { "" };
        let port = if self.port == self.scheme.default_port() { String::new() } else { format!(":{}", self.port) };
        format!("--allow-host {scheme}{}{port}", self.host)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.scheme.as_str(), self.host, self.port)
    }
}

/// Whether a normal name is `localhost` or below it.
pub(super) fn is_localhost(name: &str) -> bool {
    name == "localhost" || name.ends_with(".localhost")
}

/// Removes the final dot of a name and refuses what no resolver should be asked for.
pub(super) fn normal_host(host: Host) -> Result<Host, DestinationError> {
    let Host::Domain(mut name) = host else { return Ok(host) };
    if name.ends_with('.') {
        name.pop();
    }
    if name.is_empty() || name.len() > 253 || name.split('.').any(|label| label.is_empty() || label.len() > 63) {
        return Err(DestinationError::Host);
    }
    Ok(Host::Domain(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_place_are_equal() {
        for (url, destination) in [
            ("https://Example.COM/x", "https://example.com:443"),
            ("https://example.com./x", "https://example.com:443"),
            ("https://example.com:443", "https://example.com:443"),
            ("http://example.com", "http://example.com:80"),
            ("http://2130706433/", "http://127.0.0.1:80"),
            ("http://0177.0.0.1/", "http://127.0.0.1:80"),
            ("http://0x7f.1/", "http://127.0.0.1:80"),
            ("http://127.1/", "http://127.0.0.1:80"),
            ("http://127.0.0.1./", "http://127.0.0.1:80"),
            ("http://[0:0:0:0:0:0:0:1]/", "http://[::1]:80"),
            ("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]:80"),
            ("https://xn--r8jz45g.jp", "https://xn--r8jz45g.jp:443"),
        ] {
            let url = Url::parse(url).unwrap();
            assert_eq!(Destination::of(&url).unwrap().to_string(), destination, "{url}");
        }
    }

    #[test]
    fn what_is_no_destination_is_refused() {
        for (url, error) in [
            ("ftp://example.com/", DestinationError::Scheme),
            ("file:///etc/passwd", DestinationError::Scheme),
            ("https://example.com../", DestinationError::Host),
            ("https://a..b/", DestinationError::Host),
            ("https://./", DestinationError::Host),
            ("https://example.com:0/", DestinationError::Port),
        ] {
            assert_eq!(Destination::of(&Url::parse(url).unwrap()), Err(error), "{url}");
        }
    }

    #[test]
    fn the_option_names_no_more_than_needed() {
        for (url, option) in [
            ("https://a.example/", "--allow-host a.example"),
            ("https://10.0.0.7:8443/", "--allow-host 10.0.0.7:8443"),
            ("http://10.0.0.7:8080/", "--allow-host http://10.0.0.7:8080"),
            ("http://10.0.0.7/", "--allow-host http://10.0.0.7"),
            ("http://127.0.0.1:9000/", "--allow-host 127.0.0.1:9000"),
            ("http://localhost/", "--allow-host localhost"),
            ("https://[fd00::1]:8443/", "--allow-host [fd00::1]:8443"),
        ] {
            assert_eq!(Destination::of(&Url::parse(url).unwrap()).unwrap().admitting_option(), option, "{url}");
        }
    }
}
