//! The page after a sign-in, whose address holds neither code nor state: what it says comes in a cookie, sealed for the browser that
//! was signed in.

use axum::http::HeaderMap;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use organisation_host::storage::FingerprintKey;
use serde::{Deserialize, Serialize};

use super::binding::{Binding, CookieScope};

/// Where the page is, seen from the callback.
pub const PAGE: &str = "done";
const COOKIE: &str = "org_signed_in";
/// Browsers keep no cookie of more than 4 KiB.
const LARGEST: usize = 4_000;

/// Who was signed in, and where the person goes on.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedIn {
    pub name: String,
    pub return_to: Option<String>,
}

impl SignedIn {
    /// The cookie for this browser; `None` where it is more than a browser keeps.
    ///
    /// # Errors
    /// None in practice: texts are always JSON.
    pub fn cookie(
        &self,
        scope: &CookieScope,
        binding: &Binding,
        tenant: &str,
        key: &FingerprintKey,
    ) -> Result<Option<String>, serde_json::Error> {
        let text = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self)?);
        let seal = binding.proof(["signed-in", tenant, &text], key);
        let cookie = scope.cookie(COOKIE, &format!("{text}.{seal}"));
        Ok((cookie.len() <= LARGEST).then_some(cookie))
    }

    /// What this browser was told last of this tenant.
    pub fn of(
        headers: &HeaderMap,
        scope: &CookieScope,
        binding: &Binding,
        tenant: &str,
        key: &FingerprintKey,
    ) -> Option<Self> {
        scope.held(COOKIE, headers).find_map(|value| {
            let (text, seal) = value.split_once('.')?;
            let is_ours = binding.proof(["signed-in", tenant, text], key) == seal;
            let json = BASE64_URL_SAFE_NO_PAD.decode(text).ok().filter(|_| is_ours)?;
            serde_json::from_slice(&json).ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, Uri, header};

    use super::*;

    #[test]
    fn what_a_page_says_was_said_to_this_browser_of_this_tenant() {
        let key = FingerprintKey::new(None).unwrap();
        let (mine, other) = (Binding::new().unwrap(), Binding::new().unwrap());
        let scope = CookieScope::of(&Uri::from_static("/t/acme/callback"), &HeaderMap::new(), None);
        let said = SignedIn { name: "李四".to_owned(), return_to: Some("/a;b".to_owned()) };
        let cookie = said.cookie(&scope, &mine, "acme", &key).unwrap().unwrap();
        let value = cookie.split(';').next().unwrap();
        let read = |value: &str, binding, tenant| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_str(value).unwrap());
            SignedIn::of(&headers, &scope, binding, tenant, &key)
        };
        assert_eq!(read(value, &mine, "acme"), Some(said));
        assert_eq!((read(value, &other, "acme"), read(value, &mine, "globex")), (None, None));
        assert_eq!(read(&value.replacen("=e", "=f", 1), &mine, "acme"), None);
        let long = SignedIn { name: "n".repeat(4_000), return_to: None };
        assert_eq!(long.cookie(&scope, &mine, "acme", &key).unwrap(), None);
    }
}
