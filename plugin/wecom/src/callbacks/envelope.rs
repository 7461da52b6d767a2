//! The body of a delivery, in which only `Encrypt` matters: everything beside it is repeated in the message, where it is signed.
//! XML as a rule; JSON, with keys in any case, is what the same libraries read elsewhere.

use std::{borrow::Cow, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use organisation_kit::contract::types::Body;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

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

/// Whether a body is JSON, if it is anything.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('{')
}

/// What is encrypted in a delivery.
pub(super) fn encrypted(text: &str) -> Option<String> {
    let encrypted = match is_json(text) {
        true => serde_json::from_str::<JsonEnvelope>(text.trim_start_matches('\u{feff}')).ok()?.0?,
        false => Fields::parse(text)?.text(&["Encrypt"])?,
    };
    Some(encrypted.trim().to_owned()).filter(|encrypted| !encrypted.is_empty())
}

/// What is encrypted in a body of JSON. Nothing else of it is kept: nobody has signed it yet, and a tree of half a megabyte of
/// small values takes many times as much.
struct JsonEnvelope(Option<String>);

impl<'de> Deserialize<'de> for JsonEnvelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = JsonEnvelope;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonEnvelope, A::Error> {
                let mut encrypted = None;
                while let Some(key) = map.next_key::<String>()? {
                    match encrypted.is_none() && key.eq_ignore_ascii_case("Encrypt") {
                        true => encrypted = Some(map.next_value()?),
                        false => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(JsonEnvelope(encrypted))
            }
        }

        deserializer.deserialize_map(Keys)
    }
}
