//! The cookie that ties a sign-in to the browser in which it began, so that nobody can be signed in as somebody else by a
//! link. It holds a random value and means nothing otherwise: it is no session.

use std::net::Ipv4Addr;

use axum::http::{HeaderMap, Uri, header};
use host_harness::Digest;

use crate::public_url::PublicUrl;

const NAME: &str = "org_sign_in";
/// As long as the state of a sign-in.
const SECONDS: u32 = 600;
const BYTES: usize = 16;

/// What a browser holds.
pub struct Binding(String);

impl Binding {
    /// What this browser holds already, if it can be.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find(|(name, _)| *name == NAME)?.1;
        let is_ours = value.len() == 2 * BYTES && value.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| Self(value.to_owned()))
    }

    /// A new one.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// What the element gets: the value itself stays in the browser.
    pub fn hash(&self) -> String {
        Digest::of(self.0.as_bytes()).to_string()
    }

    /// The cookie for everything beside the address that was asked for. Over plain http only on this machine: as the
    /// operator says, else as the request does.
    pub fn cookie(&self, asked: &Uri, headers: &HeaderMap, public: Option<&PublicUrl>) -> String {
        let folder = asked.path().rsplit_once('/').map_or("/", |(folder, _)| folder);
        let (before, is_tls) = match public {
            Some(public) => (public.path(), public.is_tls()),
            None => ("", !is_local(headers)),
        };
        let secure = if is_tls { "; Secure" } else { "" };
        // An address may hold what ends an attribute; without one a browser takes the folder of the address by itself.
        let path = if folder.contains(';') { String::new() } else { format!("; Path={before}{folder}/") };
        format!("{NAME}={}{path}; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{secure}", self.0)
    }
}

/// Whether the request is for this machine, as it says itself.
fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost" || name == "[::1]" || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_what_can_be_ours_is_read() {
        let value = "0123456789abcdef0123456789abcdef";
        for (cookie, found) in [
            (format!("org_sign_in={value}"), true),
            (format!("a=b; org_sign_in={value}; c"), true),
            (format!("org_sign_in={value}0"), false),
            (format!("other={value}"), false),
            ("org_sign_in=0123456789abcdef0123456789abcdeg".to_owned(), false),
            ("org_sign_in".to_owned(), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(&cookie).unwrap());
            assert_eq!(Binding::of(&headers).is_some(), found, "{cookie}");
        }
    }

    #[test]
    fn the_cookie_stays_within_the_tenant_and_on_tls() {
        let binding = Binding::new().unwrap();
        let (tls, plain) = ("SameSite=Lax; Secure", "SameSite=Lax");
        let (public, here) = (Some("https://app.example.com/org"), Some("http://localhost:7070"));
        for (host, public, path, ending) in [
            ("app.example.com", None, "/t/acme/", tls),
            ("127.0.0.1.example.com", None, "/t/acme/", tls),
            ("127.0.0.1:7070", None, "/t/acme/", plain),
            ("localhost", None, "/t/acme/", plain),
            ("localhost", public, "/org/t/acme/", tls),
            ("app.example.com", public, "/org/t/acme/", tls),
            ("app.example.com", here, "/t/acme/", plain),
        ] {
            let public: Option<PublicUrl> = public.map(|text| text.parse().unwrap());
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            let cookie = binding.cookie(&Uri::from_static("/t/acme/login?x=/y"), &headers, public.as_ref());
            assert!(cookie.contains(&format!("; Path={path};")) && cookie.ends_with(ending), "{cookie}");
            assert!(!binding.hash().contains(&binding.0));
        }
        let cookie = binding.cookie(&Uri::from_static("/t/a;Domain=evil/login"), &HeaderMap::new(), None);
        assert!(!cookie.contains("evil") && !cookie.contains("Path"), "{cookie}");
    }
}
