//! The body of a delivery, in which only `Encrypt` matters: everything beside it is repeated in the message, where it is signed.
//! XML as a rule; JSON, with keys in any case, is what the same libraries read elsewhere.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use organisation_kit::contract::types::Body;

use super::fields::Fields;

/// Bytes of a body at most. WeCom's are a few kilobytes, those of large approvals some ten.
pub(super) const LARGEST: usize = 512 << 10;

/// The text of a body; nothing where it is none, or too large.
pub(super) fn text(body: Option<&Body>) -> Option<Cow<'_, str>> {
    let text = match body? {
        Body::Text(text) => Cow::Borrowed(text.as_str()),
        Body::Bytes(bytes) => Cow::Borrowed(str::from_utf8(bytes).ok()?),
        Body::Base64(text) if text.len() / 4 * 3 > LARGEST + 2 => return None,
        Body::Base64(text) => Cow::Owned(String::from_utf8(STANDARD.decode(text).ok()?).ok()?),
    };
    (text.len() <= LARGEST).then_some(text)
}

/// What is encrypted in a delivery.
pub(super) fn encrypted(text: &str) -> Option<String> {
    let encrypted = Fields::parse(text)?.text(&["Encrypt"])?;
    Some(encrypted.trim().to_owned()).filter(|encrypted| !encrypted.is_empty())
}
