//! Bodies of bytes in what was recorded: `{"bytes": …}` and `{"base64": …}`, both as base64.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// The names of cases that hold bytes.
const CASES: [&str; 2] = ["bytes", "base64"];

/// The bytes of a body; nothing where it is text, or absent.
pub(crate) fn bytes(body: &Value) -> Option<Vec<u8>> {
    let text = CASES.iter().find_map(|case| body.get(case))?.as_str()?;
    STANDARD.decode(text).ok()
}

/// A body of the same case with other bytes.
pub(crate) fn with_bytes(body: &Value, bytes: &[u8]) -> Value {
    let case = CASES.iter().find(|case| body.get(**case).is_some()).unwrap_or(&CASES[0]);
    Map::from_iter([((*case).to_owned(), STANDARD.encode(bytes).into())]).into()
}

/// The text of a body of either kind; nothing where it is none.
pub(crate) fn text(body: &Value) -> Option<String> {
    match body.get("text").and_then(Value::as_str) {
        Some(text) => Some(text.to_owned()),
        None => String::from_utf8(bytes(body)?).ok(),
    }
}

/// A body of the same case with another text.
pub(crate) fn with_text(body: &Value, text: &str) -> Value {
    match body.get("text") {
        Some(_) => Map::from_iter([("text".to_owned(), text.into())]).into(),
        None => with_bytes(body, text.as_bytes()),
    }
}

/// Every text in a value that is no body of bytes, with those of bodies of bytes behind them.
pub(crate) fn each(value: &Value, on_text: &mut impl FnMut(&str), on_bytes: &mut impl FnMut(&[u8])) {
    match value {
        Value::String(text) => on_text(text),
        Value::Array(items) => items.iter().for_each(|item| each(item, on_text, on_bytes)),
        Value::Object(fields) if fields.len() == 1 && bytes(value).is_some() => {
            bytes(value).iter().for_each(|bytes| on_bytes(bytes));
        }
        Value::Object(fields) => fields.values().for_each(|field| each(field, on_text, on_bytes)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
