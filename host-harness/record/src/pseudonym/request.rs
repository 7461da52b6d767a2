//! Requests of a vendor that nobody could open.

use serde_json::Value;

use super::Pseudonyms;
use crate::bodies;

impl Pseudonyms {
    /// A request of a vendor, all of it.
    pub(crate) fn request(&mut self, request: &Value) -> Value {
        let mut replaced = request.clone();
        let Some(fields) = replaced.as_object_mut() else { return self.value("request", request) };
        for (name, value) in fields {
            *value = match (&**name, &*value) {
                ("headers", Value::Array(headers)) => headers.iter().map(|header| self.header(header)).collect(),
                ("query", Value::String(query)) => {
                    let pairs: Vec<String> = query.split('&').map(|pair| self.parameter(pair)).collect();
                    pairs.join("&").into()
                }
                ("body", body) => match bodies::text(body) {
                    Some(text) => bodies::with_text(body, &self.document(&text, false)),
                    None => self.value("body", body),
                },
                (name, value) => self.value(name, value),
            };
        }
        replaced
    }
}
