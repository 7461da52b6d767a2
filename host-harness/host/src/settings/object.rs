//! A JSON object whose texts are wiped from memory when it goes.

use std::{
    fmt, io,
    ops::{Deref, DerefMut},
};

use serde::Serialize;
use serde_json::{Map, Value};
use zeroize::{Zeroize as _, Zeroizing};

/// An object that may hold secrets. `Debug` shows how many keys it has.
#[derive(Clone, Default)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Takes this object; whoever had it keeps nothing.
    pub fn new(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// Its JSON text.
    pub(super) fn text(&self) -> Zeroizing<String> {
        text_of(&self.0)
    }
}

/// The JSON text of a value or object, in a buffer that is made large enough at once: one that grew would leave copies
/// behind.
pub fn text_of(value: &impl Serialize) -> Zeroizing<String> {
    let mut length = Counter(0);
    // Writing JSON into memory cannot fail; half a text would be no JSON and be refused later.
    let _ = serde_json::to_writer(&mut length, value);
    let mut text = Zeroizing::new(Vec::with_capacity(length.0));
    let _ = serde_json::to_writer(&mut *text, value);
    Zeroizing::new(String::from_utf8(std::mem::take(&mut *text)).unwrap_or_default())
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({} keys)", self.0.len())
    }
}

impl Deref for Object {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Object {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.0.values_mut().for_each(wipe);
    }
}

/// Wipes the texts of a value. Keys are not secret.
pub fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(object) => object.values_mut().for_each(wipe),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Counts what is written to it.
struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn its_text_is_json_in_a_buffer_of_just_that_size() {
        let value = json!({ "a": "s3\"cr\\et 值", "b": [1, null, { "c": true }] });
        let Value::Object(map) = value.clone() else { unreachable!() };
        for text in [Object::new(map).text(), text_of(&value)] {
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            assert_eq!(text.capacity(), text.len());
        }
    }

    #[test]
    fn it_shows_nothing_of_what_it_holds() {
        let Value::Object(map) = json!({ "key": "hidden" }) else { unreachable!() };
        assert_eq!(format!("{:?}", Object::new(map)), "Object(1 keys)");
    }

    #[test]
    fn every_text_is_wiped() {
        let mut value = json!({ "a": "secret", "b": ["secret", { "c": "secret" }], "d": 1 });
        wipe(&mut value);
        assert_eq!(value, json!({ "a": "", "b": ["", { "c": "" }], "d": 1 }));
    }
}
