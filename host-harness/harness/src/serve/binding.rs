//! The cookie that ties a sign-in to the browser in which it began, so that nobody can be signed in as somebody else by a
//! link. It holds a random value and which sign-ins began with it, and means nothing otherwise: it is no session.

use std::net::Ipv4Addr;

use axum::http::{HeaderMap, Uri, header};
use organisation_host::{Digest, storage::FingerprintKey};

use crate::public_url::PublicUrl;

/// As long as the state of a sign-in.
const NAME: &str = "org_sign_in";
const SECONDS: u32 = 600;
const BYTES: usize = 16;
/// Sign-ins that one browser may have begun and not ended, in several windows.
const BEGUN: usize = 8;

/// How cookies are called and where a browser sends them.
#[derive(Debug, Clone)]
pub struct CookieScope {
    prefix: &'static str,
    path: String,
    /// Where all tenants have their addresses.
    common_path: String,
    secure: &'static str,
}

impl CookieScope {
    /// For the address that was asked for. Over plain http only on this machine: as the operator says, else as the request does.
    ///
    /// The prefixes are promises that browsers keep: a cookie of such a name came over TLS, and one with `__Host-` from this very
    /// host, so that nobody on a neighbouring name has planted it. That one needs the path `/`, which a host has to itself unless
    /// the operator has put it under a path.
    pub fn of(asked: &Uri, headers: &HeaderMap, public: Option<&PublicUrl>) -> Self {
        let (before, is_tls) = match public {
            Some(public) => (public.path(), public.is_tls()),
            None => ("", !is_local(headers)),
        };
        let folder = asked.path().rsplit_once('/').map_or("/", |(folder, _)| folder);
        // An address may hold what ends an attribute; without one a browser takes the folder of the address by itself.
        let path = if folder.contains(';') { String::new() } else { format!("; Path={before}{folder}/") };
        let common_path = format!("; Path={before}/t/");
        let root = || "; Path=/".to_owned();
        let (prefix, path, common_path, secure) = match (is_tls, before) {
            (true, "") => ("__Host-", root(), root(), "; Secure"),
            (true, _) => ("__Secure-", path, common_path, "; Secure"),
            (false, _) => ("", path, common_path, ""),
        };
        Self { prefix, path, common_path, secure }
    }

    /// A cookie that lasts as long as a sign-in may take.
    pub fn cookie(&self, name: &str, value: &str) -> String {
        self.cookie_for(name, value, SECONDS)
    }

    /// A cookie for the addresses of all tenants, that lasts so many seconds: what it says is of one of them, and the console of another
    /// leads there.
    pub fn common_cookie(&self, name: &str, value: &str, seconds: u32) -> String {
        Self { path: self.common_path.clone(), ..self.clone() }.cookie_for(name, value, seconds)
    }

    /// The names of cookies that a browser holds and that begin so, without what stands before them for the browser.
    pub fn held_names<'a>(&self, begin: &str, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let names = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        names.filter_map(move |(name, _)| name.strip_prefix(self.prefix)).filter(move |name| name.starts_with(begin))
    }

    /// A cookie that lasts so many seconds.
    pub fn cookie_for(&self, name: &str, value: &str, seconds: u32) -> String {
        let Self { prefix, path, secure, .. } = self;
        format!("{prefix}{name}={value}{path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }

    /// What a browser holds under a name. There may be several, for several paths.
    pub fn held<'a>(&self, name: &str, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let name = format!("{}{name}", self.prefix);
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter_map(move |(found, value)| (found == name).then_some(value))
    }
}

/// What a browser holds.
pub struct Binding {
    random: String,
    /// Of the sign-ins that it began, the last at the end.
    begun: Vec<String>,
}

impl Binding {
    /// What this browser holds already, if a host with this key has made it.
    pub fn of(headers: &HeaderMap, scope: &CookieScope, key: &FingerprintKey) -> Option<Self> {
        scope.held(NAME, headers).find_map(|value| Self::read(value, key))
    }

    fn read(value: &str, key: &FingerprintKey) -> Option<Self> {
        let mut parts = value.split('.').map(str::to_owned);
        let (random, proof) = (parts.next()?, parts.next()?);
        let begun: Vec<String> = parts.take(BEGUN).collect();
        // Whoever wants a proof can ask the host for a cookie, so nobody need be kept from guessing it.
        (proof == proof_of(&random, key)).then_some(Self { random, begun })
    }

    /// A new one.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn new() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; BYTES];
        getrandom::fill(&mut bytes)?;
        Ok(Self { random: bytes.iter().map(|byte| format!("{byte:02x}")).collect(), begun: Vec::new() })
    }

    /// What the tenant's element gets: the value itself stays in the browser, and no two tenants can compare theirs.
    pub fn hash(&self, tenant: &str) -> String {
        Digest::of(format!("{tenant}\n{}", self.random).as_bytes()).to_string()
    }

    /// A sign-in with this state begins in this browser.
    pub fn begin(&mut self, tenant: &str, state: &str, key: &FingerprintKey) {
        if self.begun.len() >= BEGUN {
            self.begun.remove(0);
        }
        self.begun.push(self.proof(["begun", tenant, state], key));
    }

    /// Whether the sign-in with this state began in this browser.
    pub fn has_begun(&self, tenant: &str, state: &str, key: &FingerprintKey) -> bool {
        self.begun.contains(&self.proof(["begun", tenant, state], key))
    }

    /// Shows that a host has said this to this browser.
    pub fn proof(&self, parts: [&str; 3], key: &FingerprintKey) -> String {
        let [purpose, tenant, text] = parts;
        key.fingerprint(&["sign-in", purpose, &self.random, tenant, text])
    }

    /// The cookie.
    pub fn cookie(&self, scope: &CookieScope, key: &FingerprintKey) -> String {
        let proof = proof_of(&self.random, key);
        let value = [&self.random, &proof].into_iter().chain(&self.begun).map(String::as_str).collect::<Vec<_>>();
        scope.cookie(NAME, &value.join("."))
    }
}

fn proof_of(random: &str, key: &FingerprintKey) -> String {
    key.fingerprint(&["sign-in", "made", random])
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

    fn scope() -> CookieScope {
        CookieScope::of(&Uri::from_static("/t/acme/login"), &HeaderMap::new(), None)
    }

    fn holding(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        headers
    }

    #[test]
    fn only_what_a_host_of_this_store_has_made_is_read() {
        let (key, other) = (FingerprintKey::new(None).unwrap(), FingerprintKey::new(None).unwrap());
        let binding = Binding::new().unwrap();
        let value = |key| binding.cookie(&scope(), key).split(';').next().unwrap().to_owned();
        let (ours, planted) = (value(&key), value(&other));
        for (cookie, found) in [
            (ours.clone(), true),
            (format!("a=b; {ours}; c"), true),
            (format!("{planted}; {ours}"), true),
            (planted, false),
            (ours.replace("__Host-", ""), false),
            (format!("__Host-org_sign_in={}", binding.random), false),
            ("__Host-org_sign_in=0123456789abcdef0123456789abcdef".to_owned(), false),
            ("__Host-org_sign_in=.".to_owned(), false),
            ("__Host-org_sign_in".to_owned(), false),
        ] {
            let read = Binding::of(&holding(&cookie), &scope(), &key);
            assert_eq!(read.is_some_and(|read| read.random == binding.random), found, "{cookie}");
        }
    }

    #[test]
    fn a_browser_knows_the_last_sign_ins_that_began_in_it_and_no_others() {
        let key = FingerprintKey::new(None).unwrap();
        let mut binding = Binding::new().unwrap();
        for state in ["0", "1", "2", "3", "4", "5", "6", "7", "8"] {
            binding.begin("acme", state, &key);
            let cookie = binding.cookie(&scope(), &key);
            binding = Binding::of(&holding(cookie.split(';').next().unwrap()), &scope(), &key).unwrap();
            assert!(binding.has_begun("acme", state, &key));
        }
        let has_begun = |tenant, state| binding.has_begun(tenant, state, &key);
        assert!(has_begun("acme", "1") && !has_begun("acme", "0") && !has_begun("globex", "8"));
        assert!(!Binding::new().unwrap().has_begun("acme", "8", &key));
        assert!(binding.hash("acme") != binding.hash("globex"));
        assert!(!binding.hash("acme").contains(&binding.random));
    }

    #[test]
    fn the_cookie_stays_on_the_host_or_within_the_tenant_and_on_tls() {
        let (public, here) = (Some("https://app.example.com/org"), Some("http://localhost:7070"));
        let root = Some("https://app.example.com");
        for (host, public, name, path, is_secure) in [
            ("app.example.com", None, "__Host-org_sign_in", "/", true),
            ("127.0.0.1.example.com", None, "__Host-org_sign_in", "/", true),
            ("localhost", root, "__Host-org_sign_in", "/", true),
            ("127.0.0.1:7070", None, "org_sign_in", "/t/acme/", false),
            ("localhost", None, "org_sign_in", "/t/acme/", false),
            ("localhost", public, "__Secure-org_sign_in", "/org/t/acme/", true),
            ("app.example.com", public, "__Secure-org_sign_in", "/org/t/acme/", true),
            ("app.example.com", here, "org_sign_in", "/t/acme/", false),
        ] {
            let public: Option<PublicUrl> = public.map(|text| text.parse().unwrap());
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            let scope = CookieScope::of(&Uri::from_static("/t/acme/login?x=/y"), &headers, public.as_ref());
            let cookie = Binding::new().unwrap().cookie(&scope, &FingerprintKey::new(None).unwrap());
            assert!(cookie.starts_with(&format!("{name}=")) && cookie.contains(&format!("; Path={path};")), "{cookie}");
            assert!(cookie.ends_with(if is_secure { "SameSite=Lax; Secure" } else { "SameSite=Lax" }), "{cookie}");
            let common = scope.common_cookie("org_session_0", "x", 1);
            let path = if path == "/" { path.to_owned() } else { path.replace("/t/acme/", "/t/") };
            assert!(common.contains(&format!("; Path={path};")), "{common}");
            let held = format!("{}; other=1; org_sign_in=2", common.split(';').next().unwrap());
            assert_eq!(scope.held_names("org_session_", &holding(&held)).collect::<Vec<_>>(), ["org_session_0"]);
        }
        let public: PublicUrl = "https://app.example.com/org".parse().unwrap();
        let scope = CookieScope::of(&Uri::from_static("/t/a;Domain=evil/login"), &HeaderMap::new(), Some(&public));
        let (cookie, common) = (scope.cookie("a", "b"), scope.common_cookie("a", "b", 1));
        assert!(!cookie.contains("evil") && !cookie.contains("Path"), "{cookie}");
        assert!(common.contains("; Path=/org/t/;"), "{common}");
    }
}
