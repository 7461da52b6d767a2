//! A proxy: who it is, and with what a host presents itself to it.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::HeaderValue;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::destination::Destination;

/// A proxy that speaks HTTP, itself reached with or without TLS. `Debug` shows no credentials.
#[derive(Clone)]
pub struct Proxy {
    destination: Destination,
    authorization: Option<HeaderValue>,
}

impl Proxy {
    /// The proxy at this destination.
    pub fn new(destination: Destination) -> Self {
        Self { destination, authorization: None }
    }

    /// The same, to which the host presents a user name and a password (RFC 7617). The name must have no colon.
    #[must_use]
    pub fn with_credentials(self, username: &str, password: &str) -> Self {
        let plain = Zeroizing::new([username, ":", password].concat());
        let encoded = Zeroizing::new(STANDARD.encode(plain.as_bytes()));
        let value = Bytes::from_owner(Zeroizing::new([b"Basic ", encoded.as_bytes()].concat()));
        // Base64 can stand in every header.
        let authorization = HeaderValue::from_maybe_shared(value).ok().map(|mut value| {
            value.set_sensitive(true);
            value
        });
        Self { authorization, ..self }
    }

    /// Where the proxy is.
    pub fn destination(&self) -> &Destination {
        &self.destination
    }

    /// The value of `proxy-authorization`.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// Whether both are the same proxy with the same credentials. How long this takes does not depend on how much of
    /// them agrees.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let secret = |proxy: &Self| proxy.authorization.clone().unwrap_or(HeaderValue::from_static(""));
        self.destination == other.destination && bool::from(secret(self).as_bytes().ct_eq(secret(other).as_bytes()))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("destination", &self.destination.to_string())
            .field("has_credentials", &self.authorization.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(host: &str) -> Proxy {
        Proxy::new(Destination::of(&url::Url::parse(host).unwrap()).unwrap())
    }

    #[test]
    fn credentials_are_presented_and_not_shown() {
        let proxy = proxy("http://proxy.example:3128").with_credentials("Aladdin", "open sesame");
        // The example of RFC 7617.
        assert_eq!(proxy.authorization().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let shown = format!("{proxy:?} {:?}", proxy.authorization());
        assert!(
            !shown.contains("QWxh") && !shown.contains("sesame") && shown.contains("proxy.example:3128"),
            "{shown}"
        );
    }

    #[test]
    fn a_proxy_with_other_credentials_is_another() {
        let of = |host, name, password| proxy(host).with_credentials(name, password);
        let one = of("http://a.example", "n", "p");
        assert!(one.is_same(&of("http://a.example:80", "n", "p")));
        for other in [
            of("http://b.example", "n", "p"),
            of("https://a.example:80", "n", "p"),
            of("http://a.example", "n", "q"),
            of("http://a.example", "m", "p"),
            proxy("http://a.example"),
        ] {
            assert!(!one.is_same(&other) && !other.is_same(&one), "{other:?}");
        }
    }
}
