//! Ties a sign-in to the browser in which it began: else a link could sign somebody in as somebody else.
use axum::{
    extract::FromRequestParts,
    http::{HeaderName, StatusCode, header, request::Parts},
};
use organisation_host::Digest;

/// Browsers take a cookie of such a name over TLS alone, and from no neighbouring host.
const NAME: &str = "__Host-sign-in";

/// A cookie with a new random value, and what the element gets: its hash.
///
/// # Errors
/// The machine has no randomness.
pub fn new() -> Result<([(HeaderName, String); 1], String), getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let value = format!("{:032x}", u128::from_ne_bytes(random));
    let cookie = format!("{NAME}={value}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
    Ok(([(header::SET_COOKIE, cookie)], hash(&value)))
}

fn hash(value: &str) -> String {
    Digest::of(value.as_bytes()).to_string()
}

/// The hash of the cookie that a request brings. One without it is refused.
pub struct Bound(pub String);

impl<S: Sync> FromRequestParts<S> for Bound {
    type Rejection = (StatusCode, &'static str);

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let cookies = parts.headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find_map(|(name, value)| (name == NAME).then_some(value));
        value.map(|value| Self(hash(value))).ok_or((StatusCode::FORBIDDEN, "no sign-in began in this browser"))
    }
}
