//! What a request says: names of its path, parameters of its query, and its body, each judged before the element is asked.

use std::collections::BTreeMap;

use axum::body::Bytes;
use organisation_host::{
    Element,
    contract::{JsonError, from_json},
    settings::Unique,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{failure::ApiFailure, operations::Parameter};
use crate::cli::approvals::instant;

/// Objects, arrays and items of a body: a message to thousands has some ten thousand.
const MAX_PARTS: usize = 50_000;
/// Entries of a page where nothing else is asked for, and at most.
const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 200;

/// A request whose key, path and query are sound.
pub struct ApiCall {
    /// The tenant's element.
    pub element: Element,
    /// Who decides, for the audit trail.
    pub actor: String,
    /// By the names of the operation's path.
    pub path: BTreeMap<String, String>,
    /// By the names of its parameters.
    pub query: BTreeMap<&'static str, String>,
    /// The JSON of the body; `null` where the operation takes none.
    pub body: Value,
    /// The body of an operation that takes a file.
    pub file: Bytes,
}

impl ApiCall {
    /// A name of the path.
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A parameter, where it is there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// A parameter as an owned text, where it is there.
    pub fn owned(&self, name: &str) -> Option<String> {
        self.query.get(name).cloned()
    }

    /// `true` or `false`, which it is where nothing is said.
    ///
    /// # Errors
    /// It is something else.
    pub fn flag(&self, name: &str) -> Result<bool, ApiFailure> {
        let read = |text: &str| text.parse().map_err(|_| unreadable_parameter(name, text, "true or false"));
        self.text(name).map_or(Ok(false), read)
    }

    /// A case of an enum of the contract.
    ///
    /// # Errors
    /// The enum has no such case.
    pub fn case<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ApiFailure> {
        let read = |text: &str| from_json(text.into()).map_err(|error| at(name, error));
        self.text(name).map(read).transpose()
    }

    /// A day or an instant, in milliseconds since 1970.
    ///
    /// # Errors
    /// It is neither.
    pub fn instant(&self, name: &str) -> Result<Option<u64>, ApiFailure> {
        let read = |text: &str| {
            let at = instant(text).map_err(|error| ApiFailure::unreadable(&format!("{name}: {error}")))?;
            u64::try_from(at.as_millisecond()).map_err(|_| unreadable_parameter(name, text, "a time since 1970"))
        };
        self.text(name).map(read).transpose()
    }

    /// How many entries a page is to have.
    ///
    /// # Errors
    /// It is no number.
    pub fn limit(&self) -> Result<u32, ApiFailure> {
        let read = |text: &str| text.parse().map_err(|_| unreadable_parameter("limit", text, "a number"));
        Ok(self.text("limit").map_or(Ok(PAGE), read)?.clamp(1, LARGEST_PAGE))
    }

    /// The whole body as a record of the contract.
    ///
    /// # Errors
    /// It is none.
    pub fn record<T: DeserializeOwned>(&mut self) -> Result<T, ApiFailure> {
        Ok(from_json(self.body.take())?)
    }

    /// One field of the body.
    ///
    /// # Errors
    /// It is something else.
    pub fn field<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ApiFailure> {
        let value = self.body.get_mut(name).map(Value::take).unwrap_or_default();
        from_json(value).map_err(|error| at(name, error))
    }
}

fn at(name: &str, JsonError { path, message }: JsonError) -> ApiFailure {
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    ApiFailure::unreadable(&format!("{name}{dot}{path}: {message}"))
}

fn unreadable_parameter(name: &str, found: &str, expected: &str) -> ApiFailure {
    ApiFailure::unreadable(&format!("{name}: expected {expected}, found {found:?}"))
}

/// The parameters of a query: each known, once, and none missing.
///
/// # Errors
/// The first that is not so.
pub fn query(
    pairs: Vec<(String, String)>,
    parameters: &'static [Parameter],
) -> Result<BTreeMap<&'static str, String>, ApiFailure> {
    let mut query = BTreeMap::new();
    for (name, value) in pairs {
        let Some(known) = parameters.iter().find(|parameter| parameter.name == name) else {
            let known = listed(parameters.iter().map(|parameter| parameter.name));
            return Err(ApiFailure::unreadable(&format!("unknown parameter {name:?}, expected {known}")));
        };
        if query.insert(known.name, value).is_some() {
            return Err(ApiFailure::unreadable(&format!("parameter {name:?} stands there twice")));
        }
    }
    match parameters.iter().find(|parameter| parameter.is_needed && !query.contains_key(parameter.name)) {
        Some(missing) => Err(ApiFailure::unreadable(&format!("parameter {:?} is missing", missing.name))),
        None => Ok(query),
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The JSON of a body. What it is made of counts, since each bracket takes many times its byte while it is read.
///
/// # Errors
/// It is no JSON, made of too much, or has a key twice in one object: a reader would drop one of them in silence.
pub fn json(body: &[u8]) -> Result<Value, ApiFailure> {
    let parts = parts(body);
    if parts > MAX_PARTS {
        return Err(ApiFailure::unreadable(&format!("the body has {parts} parts, expected at most {MAX_PARTS}")));
    }
    let read = serde_json::from_slice(body).map(|Unique(value)| value);
    read.map_err(|error| match error.is_data() {
        true => ApiFailure::unreadable(&format!("the body: {error}")),
        false => ApiFailure::unreadable(&format!("the body is no JSON: {error}")),
    })
}

/// The fields of a body: each known, and none missing.
///
/// # Errors
/// The first that is not so.
pub fn fields(body: &[u8], fields: &[(&str, bool)]) -> Result<Value, ApiFailure> {
    // Where nothing is needed, nothing need be sent.
    let body = if body.is_empty() { Value::Object(Map::new()) } else { json(body)? };
    let Value::Object(object) = &body else {
        return Err(ApiFailure::unreadable("the body is no JSON object"));
    };
    if let Some(unknown) = object.keys().find(|key| fields.iter().all(|(name, _)| name != key)) {
        let known = listed(fields.iter().map(|(name, _)| *name));
        return Err(ApiFailure::unreadable(&format!("unknown key `{unknown}`, expected {known}")));
    }
    match fields.iter().find(|(name, is_needed)| *is_needed && object.get(*name).is_none_or(Value::is_null)) {
        Some((missing, _)) => Err(ApiFailure::unreadable(&format!("key `{missing}` is missing"))),
        None => Ok(body),
    }
}

/// Objects, arrays and items of a JSON text, by the signs that begin them; what stands within its texts is none.
fn parts(json: &[u8]) -> usize {
    let (mut count, mut is_text, mut is_escaped) = (0, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_text => is_escaped = true,
            b'"' => is_text = !is_text,
            b'{' | b'[' | b',' if !is_text => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_takes_room_and_not_what_people_write() {
        for (json, expected) in [
            (r#"{"a":[1,2],"b":{}}"#, 5),
            (r#"{"a":"{[,,,]}"}"#, 1),
            (r#"{"a":"\"{[,","b":1}"#, 2),
            (r#"{"a":"\\","b":"\\\"[,"}"#, 2),
            ("", 0),
            (r#""{"#, 0),
        ] {
            assert_eq!(parts(json.as_bytes()), expected, "{json}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        for json in [
            r#"{"a": [1, -2, 3.5, true, null, "é\n:", {"a": {}}], "b:": {"a": "\":"}}"#,
            r#"[{"a": 1}, {"a": 1}]"#,
            r#""a:b""#,
            "[]",
        ] {
            assert_eq!(super::json(json.as_bytes()).unwrap(), serde_json::from_str::<Value>(json).unwrap());
        }
        for json in [r#"{"a": 1, "a": 1}"#, r#"[{"b": {"c": 1, "d": 2, "c": 3}}]"#, r#"{"a": 1, "\u0061": {"b": 2}}"#] {
            let refused = format!("{:?}", super::json(json.as_bytes()).unwrap_err());
            assert!(refused.contains("twice"), "{json}: {refused}");
        }
    }
}
