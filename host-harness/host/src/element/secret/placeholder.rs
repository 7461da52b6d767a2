//! Extracts secrets from a configuration document and puts placeholders in their places.
//!
//! Where a secret stands is the component's to say, since only it knows by which names and on which levels it reads a
//! field. But the host does not depend on it: what the document holds under the key of such a field, on any level, is
//! taken out as well, and the log says that the component failed to name the place.

use std::collections::HashSet;

use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    contract::element::{Description, SecretPlace},
    settings::{Document, Object, wipe},
};

/// A secret that was taken out of a document.
pub(super) struct ExtractedSecret {
    /// The key of its field.
    pub(super) key: String,
    pub(super) value: Zeroizing<String>,
}

/// A secret of at least this many bytes is recognised in other places. A shorter one could stand there innocently, such as
/// a password that is the user's name as well.
const RECOGNISED: usize = 20;

/// The document with placeholders, and what they stand for. `placeholder` makes the text for a key and a value.
///
/// A text becomes its placeholder. A value of another kind, which can only be a mistake, keeps its kind and loses its
/// content, so that the component still finds the mistake. Where somebody put a secret into another field as well, or
/// took it for a key, it is replaced there too: the component may quote such a value in a message.
pub(super) fn extract(
    document: &Document,
    description: &Description,
    places: &[SecretPlace],
    placeholder: impl Fn(&str, &str) -> String,
) -> (Document, Vec<ExtractedSecret>) {
    let fields = SecretFields::new(description, places);
    let mut object = document.object();
    let mut extracted = Vec::new();
    walk(&mut object, &mut |path, value| {
        let Some(key) = fields.sent(path) else { return };
        if is_blank(value) {
            return;
        }
        if !fields.is_named(path) {
            tracing::warn!(
                field = key,
                place = %path.join(".").escape_debug(),
                "the component does not name this place of a secret: it gets a placeholder all the same"
            );
        }
        if let Value::String(text) = value {
            let secret = Zeroizing::new(text.trim_matches(is_space).to_owned());
            let placeholder = placeholder(key, &secret);
            wipe(value);
            *value = Value::String(placeholder);
            extracted.push(ExtractedSecret { key: key.to_owned(), value: secret });
        } else {
            empty(value);
        }
    });
    let hidden: Vec<_> =
        extracted.iter().map(|ExtractedSecret { key, value }| (value.as_str(), placeholder(key, value))).collect();
    hide(&mut object, &hidden);
    (Document::of(&object), extracted)
}

/// Replaces secrets in texts and keys that are not theirs.
fn hide(entries: &mut Map<String, Value>, secrets: &[(&str, String)]) {
    let misplaced: Vec<String> = entries.keys().filter(|key| replaced(key, secrets).is_some()).cloned().collect();
    for mut key in misplaced {
        if let (Some(value), Some(other)) = (entries.remove(&key), replaced(&key, secrets)) {
            entries.insert(other, value);
        }
        key.zeroize();
    }
    entries.values_mut().for_each(|value| hide_in(value, secrets));
}

fn hide_in(value: &mut Value, secrets: &[(&str, String)]) {
    match value {
        Value::String(text) => {
            if let Some(other) = replaced(text, secrets) {
                text.zeroize();
                *text = other;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide_in(item, secrets)),
        Value::Object(entries) => hide(entries, secrets),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text without secrets, if it holds one.
fn replaced(text: &str, secrets: &[(&str, String)]) -> Option<String> {
    let is_there = |secret: &str| secret.len() >= RECOGNISED && text.contains(secret);
    let mut found = secrets.iter().filter(|(secret, _)| is_there(secret)).peekable();
    found.peek()?;
    Some(found.fold(text.to_owned(), |text, (secret, placeholder)| text.replace(secret, placeholder)))
}

/// What is known of the fields of a configuration.
struct SecretFields<'a> {
    /// All fields: the components of the key, and whether the value is secret and only sent.
    known: Vec<(Vec<&'a str>, &'a str, bool)>,
    /// Where the component says that secrets stand.
    named: HashSet<(&'a str, &'a str)>,
}

impl<'a> SecretFields<'a> {
    fn new(description: &'a Description, places: &'a [SecretPlace]) -> Self {
        let known = description.fields.iter();
        let known = known.map(|field| (field.key.split('.').collect(), &*field.key, field.secret && !field.in_clear));
        let named = places.iter().map(|place| (&*place.path, &*place.key)).collect();
        Self { known: known.collect(), named }
    }

    /// The key of the secret and only sent field whose value stands at this path.
    fn sent(&self, path: &[String]) -> Option<&'a str> {
        let dotted = path.join(".");
        let mut named = self.known.iter().filter(|(_, key, sent)| *sent && self.named.contains(&(&*dotted, *key)));
        if let Some((_, key, _)) = named.next() {
            return Some(key);
        }
        // The field with the longest key that the path ends with.
        let ends_with = |key: &[&str]| path.len() >= key.len() && path[path.len() - key.len()..] == *key;
        let found = self.known.iter().filter(|(parts, ..)| ends_with(parts)).max_by_key(|(parts, ..)| parts.len());
        found.filter(|(.., sent)| *sent).map(|(_, key, _)| *key)
    }

    fn is_named(&self, path: &[String]) -> bool {
        let dotted = path.join(".");
        self.known.iter().any(|(_, key, _)| self.named.contains(&(&*dotted, *key)))
    }
}

/// Shows every value below the root with its path; the visitor may change it, and what it left is then walked.
fn walk(object: &mut Object, visit: &mut impl FnMut(&[String], &mut Value)) {
    fn step(value: &mut Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &mut Value)) {
        visit(path, value);
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    path.push(index.to_string());
                    step(item, path, visit);
                    path.pop();
                }
            }
            Value::Object(entries) => {
                for (key, value) in entries {
                    path.push(key.clone());
                    step(value, path, visit);
                    path.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut path = Vec::new();
    for (key, value) in object.iter_mut() {
        path.push(key.clone());
        step(value, &mut path, visit);
        path.pop();
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim_matches(is_space).is_empty(),
        _ => false,
    }
}

/// White space that comes along when a value is copied from a page. It belongs to no secret.
fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn empty(value: &mut Value) {
    wipe(value);
    match value {
        Value::Null | Value::String(_) => {}
        Value::Bool(flag) => *flag = false,
        Value::Number(number) => *number = 0.into(),
        Value::Array(items) => items.clear(),
        Value::Object(entries) => entries.clear(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::element::secret::fixture::{description, place};

    /// What the component sees of a document whose secrets stand at these places (`key path`).
    fn seen(document: &Value, places: &[&str]) -> (Value, Vec<String>) {
        let document = Document::parse(&document.to_string()).unwrap();
        let places: Vec<SecretPlace> = places.iter().copied().map(place).collect();
        let (seen, extracted) = extract(&document, &description(), &places, |key, _| format!("<{key}>"));
        let extracted = extracted.iter().map(|extracted| format!("{}={}", extracted.key, *extracted.value)).collect();
        (serde_json::from_str(seen.expose()).unwrap(), extracted)
    }

    #[test]
    fn the_component_sees_no_secret_that_it_only_sends() {
        for (name, document, places, expected, extracted) in [
            // Named by the component: under its key, a second name, on another level, at several places.
            ("flat", json!({"secret": "S"}), &["secret secret"][..], json!({"secret": "<secret>"}), &["secret=S"][..]),
            (
                "second name",
                json!({"corpSecret": "S"}),
                &["secret corpSecret"],
                json!({"corpSecret": "<secret>"}),
                &["secret=S"],
            ),
            (
                "nested, second name",
                json!({"authConfig": {"corpSecret": "S"}}),
                &["secret authConfig.corpSecret"],
                json!({"authConfig": {"corpSecret": "<secret>"}}),
                &["secret=S"],
            ),
            (
                "two places",
                json!({"authConfig": {"secret": "S"}, "corpSecret": "S"}),
                &["secret authConfig.secret", "secret corpSecret"],
                json!({"authConfig": {"secret": "<secret>"}, "corpSecret": "<secret>"}),
                &["secret=S", "secret=S"],
            ),
            (
                "two values",
                json!({"secret": "S", "corpSecret": "T"}),
                &["secret secret", "secret corpSecret"],
                json!({"secret": "<secret>", "corpSecret": "<secret>"}),
                &["secret=T", "secret=S"],
            ),
            (
                "in a group",
                json!({"contact": {"secret": "S"}}),
                &["contact.secret contact.secret"],
                json!({"contact": {"secret": "<contact.secret>"}}),
                &["contact.secret=S"],
            ),
            // Not named: found by the key, on any level.
            ("not named", json!({"secret": "S"}), &[], json!({"secret": "<secret>"}), &["secret=S"]),
            (
                "not named, nested",
                json!({"a": {"b": {"secret": "S"}}}),
                &[],
                json!({"a": {"b": {"secret": "<secret>"}}}),
                &["secret=S"],
            ),
            (
                "not named, in a list",
                json!({"a": [{"secret": "S"}]}),
                &[],
                json!({"a": [{"secret": "<secret>"}]}),
                &["secret=S"],
            ),
            (
                "named as something else",
                json!({"secret": "S"}),
                &["callback.token secret"],
                json!({"secret": "<secret>"}),
                &["secret=S"],
            ),
            // Without the space that is no part of it.
            (
                "space",
                json!({"secret": " S\u{200b}\n"}),
                &["secret secret"],
                json!({"secret": "<secret>"}),
                &["secret=S"],
            ),
            // A value of another kind keeps its kind.
            ("a number", json!({"secret": 42}), &["secret secret"], json!({"secret": 0}), &[]),
            ("a list", json!({"secret": ["S"]}), &["secret secret"], json!({"secret": []}), &[]),
            ("an object", json!({"secret": {"a": "S"}}), &["secret secret"], json!({"secret": {}}), &[]),
            // What the component computes with, and what is no secret, it gets.
            (
                "in clear",
                json!({"callback": {"token": "T"}}),
                &["callback.token callback.token"],
                json!({"callback": {"token": "T"}}),
                &[],
            ),
            (
                "a longer key that is in clear",
                json!({"a": {"callback": {"token": "T"}}, "b": {"token": "S"}}),
                &[],
                json!({"a": {"callback": {"token": "T"}}, "b": {"token": "<token>"}}),
                &["token=S"],
            ),
            ("no secret", json!({"corpId": "S"}), &["corpId corpId"], json!({"corpId": "S"}), &[]),
            ("blank", json!({"secret": " "}), &[], json!({"secret": " "}), &[]),
            ("null", json!({"secret": null}), &[], json!({"secret": null}), &[]),
            ("absent", json!({"other": "S"}), &["secret secret"], json!({"other": "S"}), &[]),
        ] {
            let (seen, found) = seen(&document, places);
            assert_eq!(seen, expected, "{name}");
            assert_eq!(found, extracted, "{name}");
        }
    }

    #[test]
    fn a_secret_in_another_place_is_hidden_there_too() {
        let long = "a-secret-of-more-than-twenty-bytes";
        let within = format!("ww{long}!");
        for (name, document, expected) in [
            ("whole", json!({"secret": long, "corpId": long}), json!({"secret": "<secret>", "corpId": "<secret>"})),
            (
                "a short one",
                json!({"secret": "S", "a": ["S", "XSX"]}),
                json!({"secret": "<secret>", "a": ["S", "XSX"]}),
            ),
            ("a part", json!({"secret": long, "a": [within]}), json!({"secret": "<secret>", "a": ["ww<secret>!"]})),
            ("a key", json!({"secret": long, long: 1}), json!({"secret": "<secret>", "<secret>": 1})),
        ] {
            assert_eq!(seen(&document, &[]).0, expected, "{name}");
        }
    }
}
