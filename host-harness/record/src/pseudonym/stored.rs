//! What the store answers: keys, part by part, and values under them.

use serde_json::Value;

use super::{
    Pseudonyms,
    place::{self, Whose},
};

impl Pseudonyms {
    /// An answer of the store.
    pub(super) fn stored(&mut self, answer: &Value) -> Value {
        match answer {
            Value::Array(items) => items.iter().map(|item| self.stored(item)).collect(),
            Value::Object(fields) => {
                let stored = fields.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
                let replaced = fields.iter().map(|(field, value)| {
                    let value = match (&**field, value) {
                        ("key", Value::String(key)) => self.stored_key(key).into(),
                        ("value", Value::String(text)) => self.stored_text(&stored, text).into(),
                        ("keys" | "conflict", Value::Array(keys)) => keys
                            .iter()
                            .map(|key| key.as_str().map_or(Value::Null, |key| self.stored_key(key).into()))
                            .collect(),
                        ("ok" | "err" | "entries", value) => self.stored(value),
                        ("other" | "invalid", Value::String(text)) => self.words(text).into(),
                        _ => value.clone(),
                    };
                    (field.clone(), value)
                });
                Value::Object(replaced.collect())
            }
            answer => answer.clone(),
        }
    }

    /// A value of the store under its key.
    fn stored_text(&mut self, key: &str, text: &str) -> String {
        let parts: Vec<&str> = key.split('/').collect();
        let name = parts.last().copied().unwrap_or_default();
        // In what is kept of a member stand departments as well; whose id it is says the key.
        let whose = place::whose(&parts).last().copied().unwrap_or_default();
        self.place = if whose == Whose::Member { Whose::Unknown } else { whose };
        self.is_stored = true;
        let replaced = match text.bytes().all(|b| b.is_ascii_digit()) {
            true => self.number(name, text),
            false => self.text(name, text),
        };
        (self.place, self.is_stored) = (Whose::Unknown, false);
        replaced
    }

    /// A key of the store: part by part, each as whose id it is.
    fn stored_key(&mut self, key: &str) -> String {
        let parts: Vec<&str> = key.split('/').collect();
        let whose = place::whose(&parts);
        let parts: Vec<String> = parts.iter().zip(whose).map(|(part, whose)| self.stored_part(part, whose)).collect();
        parts.join("/")
    }

    fn stored_part(&mut self, part: &str, whose: Whose) -> String {
        let is_number = part.bytes().all(|b| b.is_ascii_digit());
        // Numbers of a feed and of pages are written with zeros before them, so that keys order by them.
        let is_counted = is_number && part.len() == 20 && part.starts_with("000");
        match whose {
            _ if part.is_empty() => String::new(),
            Whose::Member => self.atom(part),
            Whose::Department if is_number && part.len() < 7 => part.to_owned(),
            _ if is_counted || part.len() <= 1 || self.vocabulary.is_of_component(part) => part.to_owned(),
            _ => match self.lookup(part) {
                Some(known) => known,
                None if place::is_made(part) => self.mark(part),
                None if self.vocabulary.is_in_component(part) => part.to_owned(),
                None => self.part(part),
            },
        }
    }
}

/// The keys that a call of the store asks for or writes.
pub(super) fn asked_keys(arguments: &Value) -> Vec<String> {
    let keys = arguments["keys"].as_array().into_iter().flatten();
    let ops = arguments["ops"].as_array().into_iter().flatten().flat_map(|op| op.as_object().into_iter().flatten());
    let ops = ops.map(|(_, op)| if op.is_string() { op } else { &op["key"] });
    [&arguments["key"]].into_iter().chain(keys).chain(ops).filter_map(|key| key.as_str().map(str::to_owned)).collect()
}
