//! Objects of JSON, key by key: what is absent or empty is left out.

use serde_json::{Map, Value};

/// An object that is being written.
#[derive(Debug, Default)]
pub(super) struct Object(Map<String, Value>);

impl Object {
    pub(super) fn text(self, key: &str, text: &str) -> Self {
        self.value(key, Value::String(text.to_owned()))
    }

    /// Left out where it is absent or empty.
    pub(super) fn optional(self, key: &str, text: Option<&String>) -> Self {
        match text.filter(|text| !text.is_empty()) {
            Some(text) => self.text(key, text),
            None => self,
        }
    }

    pub(super) fn number(self, key: &str, number: u64) -> Self {
        self.value(key, Value::Number(number.into()))
    }

    /// 1 where it holds; else left out.
    pub(super) fn flag(self, key: &str, holds: bool) -> Self {
        if holds { self.number(key, 1) } else { self }
    }

    pub(super) fn value(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }

    /// Left out where it is absent.
    pub(super) fn object(self, key: &str, object: Option<Self>) -> Self {
        match object {
            Some(object) => self.value(key, object.done()),
            None => self,
        }
    }

    /// Stands there also where it is empty.
    pub(super) fn list(self, key: &str, items: impl Iterator<Item = Self>) -> Self {
        let items = items.map(Self::done).collect();
        self.value(key, Value::Array(items))
    }

    /// Left out where it is empty.
    pub(super) fn optional_list(self, key: &str, items: impl ExactSizeIterator<Item = Self>) -> Self {
        if items.len() == 0 { self } else { self.list(key, items) }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub(super) fn done(self) -> Value {
        Value::Object(self.0)
    }
}

impl From<Map<String, Value>> for Object {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}
