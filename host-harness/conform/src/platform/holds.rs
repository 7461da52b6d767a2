//! Whether a text stands in an entry of the store.

use serde_json::Value;

/// Whether an entry of the store holds this text, whole: as a segment of its key, as a text of the JSON of its value, or, where
/// that is none, as a word of it. Keys of ids that ignore case may be in lower case.
pub(super) fn holds(key: &str, value: &str, text: &str) -> bool {
    let in_json = serde_json::from_str::<Value>(value).ok().map(|value| {
        let mut rest = vec![&value];
        while let Some(value) = rest.pop() {
            match value {
                Value::String(found) if found == text => return true,
                Value::Array(items) => rest.extend(items),
                Value::Object(fields) if fields.contains_key(text) => return true,
                Value::Object(fields) => rest.extend(fields.values()),
                _ => {}
            }
        }
        false
    });
    is_word_of(&key.to_lowercase(), &text.to_lowercase()) || in_json.unwrap_or_else(|| is_word_of(value, text))
}

/// Whether a text stands somewhere with neither letters nor digits beside it, nor what ids have between them.
fn is_word_of(place: &str, text: &str) -> bool {
    let is_inside = |character: char| character.is_alphanumeric() || "-_.@".contains(character);
    place.match_indices(text).any(|(at, found)| {
        let before = place[..at].chars().next_back();
        let after = place[at + found.len()..].chars().next();
        ![before, after].into_iter().flatten().any(is_inside)
    })
}
