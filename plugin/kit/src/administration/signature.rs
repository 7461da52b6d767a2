//! The images of members' signatures.

use serde::Serialize;
use url::Url;

use super::{member, trail::Trail};
use crate::{
    config::{Common, is_plain_host},
    directory::{forgetting, head, key, read::no_member, refresh},
    failure::Failure,
    fingerprint,
    platform::{Auditor, Platform},
    store,
};

/// Bytes of an address at most.
const MOST_BYTES: usize = 64 << 10;

/// What the trail holds of an address: it is kept longer than the member, and must not hold their handwriting.
#[derive(Serialize)]
struct Trace {
    bytes: usize,
    fingerprint: String,
}

/// See `signature` in `wit/administration.wit`.
pub fn signature(platform: &dyn Platform, common: &Common, id: &str) -> Result<Option<String>, Failure> {
    if head::is_being_forgotten(platform, common)? {
        return Err(no_member(id));
    }
    member(platform, common.ids, id)?;
    store::value(platform, &key::signature(common.ids, id))
}

/// See `set-signature` in `wit/administration.wit`.
pub fn set_signature(
    platform: &dyn Auditor,
    common: &Common,
    id: &str,
    address: Option<&str>,
    actor: &str,
) -> Result<(), Failure> {
    if let Some(address) = address {
        check(address)?;
    }
    let mut trail = Trail::begin(platform, "administration.set-signature", actor)?;
    forgetting::finish(platform, common)?;
    refresh::write(platform, common, &mut |batch| {
        let id = member(platform, common.ids, id)?.member.id;
        let key = key::signature(common.ids, &id);
        let before: Option<String> = store::value(platform, &key)?;
        if before.as_deref() == address {
            return Ok(false);
        }
        let (was, is) = (before.as_deref().map(trace), address.map(trace));
        trail.write(vec![trail.entry(Some(&id), was.as_ref(), is.as_ref())])?;
        batch.push(address.map_or_else(|| store::delete(key.as_str()), |address| store::put(key.as_str(), &address)));
        Ok(true)
    })
}

fn trace(address: &str) -> Trace {
    Trace { bytes: address.len(), fingerprint: fingerprint::of(&["signature", address]) }
}

/// Whether a page may show what an address names as an image.
fn check(address: &str) -> Result<(), Failure> {
    let is_image = address.get(..11).is_some_and(|head| head.eq_ignore_ascii_case("data:image/"));
    // Whoever writes it into a page must not have to mind what it holds.
    let is_plain = !address.chars().any(|one| one.is_whitespace() || one.is_control() || "\"'`<>\\".contains(one));
    let is_sound = match is_image {
        true => address.contains(','),
        false => is_https(address),
    };
    if is_sound && is_plain && address.len() <= MOST_BYTES {
        return Ok(());
    }
    Err(invalid_argument! { "address":
    "签名须为 https 地址，或以 data:image/ 开头的图片地址，不超过 64 KiB",
    "a signature is an https address, or a data:image/ address, of at most 64 KiB" })
}

/// Whether it is written as an address of a host, without a name or password.
fn is_https(address: &str) -> bool {
    let is_written_out = address.get(..8).is_some_and(|head| head.eq_ignore_ascii_case("https://"));
    let is_sound = |url: &Url| url.has_host() && url.username().is_empty() && url.password().is_none();
    is_written_out && is_plain_host(address) && Url::parse(address).is_ok_and(|url| is_sound(&url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_an_image() {
        let long = format!("data:image/png;base64,{}", "A".repeat(MOST_BYTES));
        for (address, expected) in [
            ("https://example.com/a.png", true),
            ("data:image/png;base64,iVBORw0KGgo=", true),
            ("DATA:image/svg+xml,%3Csvg%3E", true),
            (&long[..MOST_BYTES], true),
            (&long, false),
            ("data:image/png", false),
            ("data:text/html,<p>", false),
            ("http://example.com/a.png", false),
            ("https://user@example.com/a.png", false),
            ("https://:secret@example.com/a.png", false),
            ("https:example.com/a.png", false),
            ("https:/example.com/a.png", false),
            ("https:\\\\example.com/a.png", false),
            ("https://", false),
            ("https://example.com/\"onload=x", false),
            ("https://example.com/'a", false),
            ("https://example.com/<a>", false),
            ("data:image/svg+xml,<svg>", false),
            ("HTTPS://example.com/a.png?b=1#c", true),
            ("javascript:alert(1)", false),
            ("https://example.com/a b.png", false),
            ("data:image/png,\n", false),
            ("", false),
            ("签名", false),
        ] {
            assert_eq!(check(address).is_ok(), expected, "{}", &address[..address.len().min(40)]);
        }
    }
}
