//! Texts of a message: whether they are there, how long they are, and what the platform cuts off in silence.

use serde_json::Value;

use crate::api::answer::Refusal;

/// A text that is not empty.
pub(super) fn text<'v>(object: &'v Value, name: &str) -> Option<&'v str> {
    object[name].as_str().filter(|text| !text.is_empty())
}

/// A text that must be there, or this code.
pub(super) fn required<'v>(object: &'v Value, name: &str, code: i64) -> Result<&'v str, Refusal> {
    text(object, name).ok_or_else(|| code.into())
}

/// Refuses a text of more bytes, as the platform words it.
pub(super) fn at_most(object: &Value, path: &str, name: &str, bytes: usize) -> Result<(), Refusal> {
    match object[name].as_str() {
        Some(text) if text.len() > bytes => Err(Refusal::form(format!("{path}{name} exceed max length {bytes}"))),
        _ => Ok(()),
    }
}

/// Cuts a text after so many bytes, also within a character, whose remains are shown as U+FFFD.
pub(super) fn cut_bytes(object: &mut Value, name: &str, bytes: usize) {
    if let Some(text) = object[name].as_str().filter(|text| text.len() > bytes) {
        object[name] = String::from_utf8_lossy(&text.as_bytes()[..bytes]).into_owned().into();
    }
}

/// Cuts a text after so many characters.
pub(super) fn cut_chars(object: &mut Value, name: &str, chars: usize) {
    if let Some(text) = object[name].as_str()
        && let Some((end, _)) = text.char_indices().nth(chars)
    {
        object[name] = text[..end].to_owned().into();
    }
}

/// A list that must hold so many items, or this code.
pub(super) fn list<'v>(
    object: &'v Value,
    name: &str,
    allowed: std::ops::RangeInclusive<usize>,
    code: i64,
) -> Result<&'v [Value], Refusal> {
    let items = match &object[name] {
        Value::Null => &[],
        Value::Array(items) => items.as_slice(),
        _ => return Err(Refusal::form(format!("{name} should be a list"))),
    };
    if allowed.contains(&items.len()) { Ok(items) } else { Err(code.into()) }
}
