//! What HTTP answers: headers, and bodies of text and of bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

use super::{Pseudonyms, json, place::is_technical, shape::neutral};

impl Pseudonyms {
    /// An answer of HTTP, or several.
    pub(super) fn http(&mut self, answer: &Value) -> Value {
        let Value::Object(fields) = answer else {
            return match answer {
                Value::Array(answers) => answers.iter().map(|answer| self.http(answer)).collect(),
                answer => answer.clone(),
            };
        };
        let replaced = fields.iter().map(|(key, value)| {
            let value = match (&**key, value) {
                ("ok" | "err", answer) => self.http(answer),
                ("failure", Value::Object(_)) => self.value("", value),
                ("headers", Value::Array(headers)) => headers.iter().map(|header| self.header(header)).collect(),
                ("body", Value::Object(body)) => match body.get("text").and_then(Value::as_str) {
                    Some(text) => Map::from_iter([("text".to_owned(), self.text("body", text).into())]).into(),
                    None => self.body(body).unwrap_or_else(|| value.clone()),
                },
                ("message", Value::String(text)) => self.words(text).into(),
                _ => value.clone(),
            };
            (key.clone(), value)
        });
        Value::Object(replaced.collect())
    }

    /// A body of bytes, if it is one.
    pub(super) fn body(&mut self, body: &Map<String, Value>) -> Option<Value> {
        let (kind, text) = match body.iter().next()? {
            (kind, Value::String(text)) if body.len() == 1 && matches!(&**kind, "bytes" | "base64") => (kind, text),
            _ => return None,
        };
        // What a caller calls base64 and is none is a text of somebody.
        let replaced = match STANDARD.decode(text) {
            Ok(bytes) => STANDARD.encode(self.bytes(&bytes)),
            Err(_) => self.atom(text),
        };
        Some(Map::from_iter([(kind.clone(), replaced.into())]).into())
    }

    /// Bytes that are JSON, with pseudonyms; of all others length and kind stay.
    fn bytes(&mut self, bytes: &[u8]) -> Vec<u8> {
        let replaced = std::str::from_utf8(bytes).ok().and_then(|text| json::replaced(self, "body", text));
        replaced.map_or_else(|| neutral(bytes), String::into_bytes)
    }

    pub(super) fn header(&mut self, header: &Value) -> Value {
        let (Some(name), Some(value)) = (header["name"].as_str(), header["value"].as_str()) else {
            return header.clone();
        };
        let stays = [
            "accept-ranges",
            "content-encoding",
            "content-length",
            "content-range",
            "content-type",
            "date",
            "error-code",
            "retry-after",
        ];
        let value = match &*name.to_ascii_lowercase() {
            name if stays.contains(&name) => value.to_owned(),
            name if is_technical(name) => self.words(value),
            _ => self.text("header", value),
        };
        serde_json::json!({"name": name, "value": value})
    }
}
