//! Strict reading of a JSON object: every key is asked for by name, and what nobody asked for is a problem.
//!
//! Secrets may stand in it, also where none belong: what is refused is wiped from memory.

use std::fmt;

use organisation_host::settings::{Object, wipe};
use serde_json::Value;

/// Something wrong in a declaration. Says where and what was expected; never a value that may be secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclarationProblem {
    /// Where: keys and positions joined by dots, such as `tenants.3.grants.hosts`.
    pub path: String,
    /// What is wrong, and what to write instead.
    pub message: String,
}

impl fmt::Display for DeclarationProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// What kind of value this is, for messages.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// An object that is being read. Problems gather in the order in which they are met.
pub(super) struct Fields<'a> {
    path: String,
    left: Object,
    known: Vec<&'static str>,
    problems: &'a mut Vec<DeclarationProblem>,
}

impl<'a> Fields<'a> {
    /// Begins to read `value`, which is to be an object.
    pub(super) fn of(path: String, value: Value, problems: &'a mut Vec<DeclarationProblem>) -> Option<Self> {
        match value {
            Value::Object(left) => Some(Self { path, left: Object::new(left), known: Vec::new(), problems }),
            mut other => {
                let message = format!("is {}, expected an object: {{ … }}", kind(&other));
                problems.push(DeclarationProblem { path, message });
                wipe(&mut other);
                None
            }
        }
    }

    /// The path of a key.
    pub(super) fn path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// Notes a problem with a key.
    pub(super) fn problem(&mut self, key: &str, message: impl Into<String>) {
        let path = self.path(key);
        self.problems.push(DeclarationProblem { path, message: message.into() });
    }

    /// Notes that a key holds another kind of value than it should.
    pub(super) fn unexpected(&mut self, key: &str, mut found: Value, expected: &str) {
        self.problem(key, format!("is {}, expected {expected}", kind(&found)));
        wipe(&mut found);
    }

    /// Where problems gather.
    pub(super) fn problems(&mut self) -> &mut Vec<DeclarationProblem> {
        self.problems
    }

    /// Takes a key; `null` counts as absent.
    pub(super) fn take(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        self.left.remove(key).filter(|value| !value.is_null())
    }

    /// Takes a text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        match self.take(key)? {
            Value::String(text) => Some(text),
            other => {
                self.unexpected(key, other, "a text");
                None
            }
        }
    }

    /// Takes a boolean.
    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        match self.take(key)? {
            Value::Bool(flag) => Some(flag),
            other => {
                self.unexpected(key, other, "true or false");
                None
            }
        }
    }

    /// Takes a whole number of at least `least`.
    pub(super) fn number(&mut self, key: &'static str, least: u64) -> Option<u64> {
        let value = self.take(key)?;
        match value.as_u64() {
            Some(number) if number >= least => Some(number),
            _ => {
                let expected = format!("a whole number of at least {least}");
                match value.is_number() {
                    true => self.problem(key, format!("is {value}, expected {expected}")),
                    false => self.unexpected(key, value, &expected),
                }
                None
            }
        }
    }

    /// Takes a list of texts; absent is empty.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.unexpected(key, other, "a list of texts: [\"…\"]");
                return Vec::new();
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text),
                other => self.unexpected(&format!("{key}.{index}"), other, "a text"),
            }
        }
        texts
    }

    /// Takes an object.
    pub(super) fn object(&mut self, key: &'static str) -> Option<Fields<'_>> {
        let value = self.take(key)?;
        Fields::of(self.path(key), value, self.problems)
    }

    /// Notes a problem with a key that is not looked for here, though somebody may think so; `null` counts as well.
    pub(super) fn stands_elsewhere(&mut self, key: &str, written: &str) {
        if self.left.remove(key).is_some() {
            self.problem(key, format!("does not stand here: write {written}"));
        }
    }

    /// Ends the reading: what is left is unknown.
    pub(super) fn end(self) {
        let Self { path, left, known, problems } = self;
        for key in left.keys() {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let closest = known.iter().map(|known| (strsim::damerau_levenshtein(key, known), *known)).min();
            let message = match closest {
                Some((distance, known)) if distance <= 1 + known.len() / 4 => {
                    format!("is no known key; did you mean {known:?}?")
                }
                _ => format!("is no known key; known are {}", known.join(", ")),
            };
            problems.push(DeclarationProblem { path, message });
        }
    }
}
