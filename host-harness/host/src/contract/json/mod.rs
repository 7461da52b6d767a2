//! Records of the contract as JSON, for files, command lines and web APIs.
//!
//! | Of the contract | In JSON |
//! |---|---|
//! | a record | an object; keys in snake_case. What is absent, an empty list or `false` may be left out |
//! | an option | the value or `null` |
//! | a case of an enum, a case of a variant without a value | its name in kebab-case, as a text |
//! | a case of a variant with a value | an object of one key, the case in kebab-case: `{"link-card": {…}}` |
//! | an instant | milliseconds since 1970; read also as RFC 3339, such as `"2026-01-31T08:00:00+08:00"` |
//! | the parameters of a function | an array |
//! | a list, a text, a number, a truth value | the same |

pub(crate) mod dynamic;
mod read;
mod schema;
mod write;

pub use schema::{answer_schema, parameter_schema};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

/// JSON that is no such record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct JsonError {
    /// Where, such as `content.card.body`; empty for the whole document.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

/// Reads a record of the contract.
///
/// # Errors
/// A key is not known, something is missing or has another type; the first such place.
pub fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, JsonError> {
    serde_path_to_error::deserialize(read::JsonReader(value))
        .map_err(|error| JsonError { path: written(error.path()), message: error.into_inner().to_string() })
}

/// A place in the words of the contract.
fn written(path: &Path) -> String {
    let mut written = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => written.push_str(&format!("[{index}]")),
            Segment::Map { key } => written.push_str(&format!(".{key}")),
            Segment::Enum { variant } => written.push_str(&format!(".{}", kebab(variant))),
            Segment::Unknown => written.push_str(".?"),
        }
    }
    match written.strip_prefix('.') {
        Some(path) => path.to_owned(),
        None => written,
    }
}

/// Writes a record of the contract.
///
/// # Errors
/// The type is none of the contract: a map or a fraction.
pub fn to_json<T: Serialize>(value: &T) -> Result<Value, JsonError> {
    written_with(value, write::BytesAs::Numbers)
}

/// The same with the bytes of bodies as base64, which [`dynamic`] reads: `{"bytes": "AAEC"}`. For recordings, which hold files.
pub(crate) fn to_recorded_json<T: Serialize>(value: &T) -> Result<Value, JsonError> {
    written_with(value, write::BytesAs::Base64)
}

fn written_with<T: Serialize>(value: &T, bytes: write::BytesAs) -> Result<Value, JsonError> {
    let written = value.serialize(write::JsonWriter(bytes));
    written.map_err(|error| JsonError { path: String::new(), message: error.to_string() })
}

/// A case's name as the contract writes it: `LinkCard` is `link-card`.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::{
        approvals::FieldValue,
        callbacks::{FollowUpTask, Happening},
        messaging::{Content, Delivery, Message, Recipients},
    };

    #[test]
    fn what_is_left_out_is_absent() {
        let message: Message = from_json(json!({
            "to": {"members": ["zhangsan"]},
            "content": {"link-card": {"title": "t", "description": "d", "url": "https://a.example"}},
        }))
        .unwrap();
        assert_eq!(message.to.members, ["zhangsan"]);
        assert!(!message.to.everybody && message.to.roles.is_empty() && message.idempotency_key.is_none());
        assert!(matches!(&message.content, Content::LinkCard(card) if card.button.is_none()));
        let written = to_json(&message).unwrap();
        assert_eq!(written["content"]["link-card"]["title"], "t");
        assert_eq!(from_json::<Message>(written).unwrap(), message);
    }

    #[test]
    fn cases_have_the_names_of_the_contract() {
        for (written, value) in [(json!("yes"), Delivery::Yes), (json!("unknown"), Delivery::Unknown)] {
            assert_eq!((to_json(&value).unwrap(), from_json::<Delivery>(written.clone()).unwrap()), (written, value));
        }
        assert_eq!(to_json(&Happening::EnteredRange).unwrap(), json!("entered-range"));
        assert_eq!(from_json::<Happening>(json!("left-range")).unwrap(), Happening::LeftRange);
        assert_eq!(
            from_json::<FieldValue>(json!({"plain": {"number": "7"}})).map(|value| to_json(&value).unwrap()),
            Ok(json!({"plain": {"number": "7"}}))
        );
        assert_eq!(to_json(&true).unwrap(), json!(true));
    }

    #[test]
    fn instants_are_read_in_both_ways() {
        let task = |not_before: Value| {
            from_json::<FollowUpTask>(json!({"kind": "a", "subject": "b", "not_before": not_before}))
        };
        for written in [json!(1_000), json!("1970-01-01T00:00:01Z"), json!("1970-01-01T08:00:01+08:00")] {
            assert_eq!(task(written.clone()).unwrap().not_before, Some(1_000), "{written}");
        }
        for written in [json!("1000"), json!("soon"), json!("1960-01-01T00:00:00Z"), json!(-1)] {
            assert!(task(written.clone()).is_err(), "{written}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let whole = |to: Value, content: Value| json!({"to": to, "content": content});
        for (document, path, message) in [
            (json!([]), "", "expected an object, found an array"),
            (whole(json!({"member": []}), json!({"text": "t"})), "to", "unknown key `member`"),
            (whole(json!({}), json!({"txt": "t"})), "content", "unknown case `txt`"),
            (whole(json!({}), json!({"text": 3})), "content.text", "expected a string"),
            (whole(json!({}), json!({"text": "a", "markdown": "b"})), "content", "2 keys"),
            (whole(json!({}), json!({"link-card": {"title": "t"}})), "content.link-card.description", "missing"),
            (whole(json!({}), json!(null)), "content", "missing"),
            (whole(json!({"members": [1]}), json!({"text": "t"})), "to.members[0]", "expected a string"),
            (whole(json!({"everybody": "yes"}), json!({"text": "t"})), "to.everybody", "expected a boolean"),
        ] {
            let error = from_json::<Message>(document.clone()).unwrap_err();
            assert!(error.path == path && error.message.contains(message), "{document}: {error:?}");
        }
        assert!(from_json::<Recipients>(json!({"members": null})).is_ok());
    }
}
