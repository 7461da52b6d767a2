//! Where a replay is not what was recorded.

use std::fmt;

use serde_json::Value;

/// A place in a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Of the file, counted from 1.
    pub line: usize,
    /// Of the recording, counted from 1.
    pub call: usize,
}

/// The first difference between a recording and its replay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {}, call {} ({function}): {what}\n  recorded: {expected}\n  now:      {found}", place.line, place.call)]
pub struct Difference {
    /// Where.
    pub place: Place,
    /// The export of the call.
    pub function: String,
    /// What differs, such as `arguments of storage.apply at ops[0].put.value`.
    pub what: String,
    /// What the recording has there.
    pub expected: String,
    /// What the component made of it.
    pub found: String,
}

/// The most characters of a value that are shown.
const SHOWN: usize = 300;

/// The first place at which two values differ, with both values there.
pub(crate) fn first_difference(expected: &Value, found: &Value) -> Option<(String, String, String)> {
    let mut path = String::new();
    let (expected, found) = deepest(expected, found, &mut path)?;
    Some((path, shown(expected), shown(found)))
}

/// A value as far as it is shown.
pub(crate) fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

type Both<'a> = (Option<&'a Value>, Option<&'a Value>);

fn deepest<'a>(expected: &'a Value, found: &'a Value, path: &mut String) -> Option<Both<'a>> {
    if expected == found {
        return None;
    }
    match (expected, found) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()) {
                let (one, other) = (one.get(key), other.get(key));
                if one != other {
                    enter(path, key);
                    return at(one, other, path);
                }
            }
            None
        }
        (Value::Array(one), Value::Array(other)) => {
            let at_first = (0..one.len().max(other.len())).find(|at| one.get(*at) != other.get(*at))?;
            path.push_str(&format!("[{at_first}]"));
            at(one.get(at_first), other.get(at_first), path)
        }
        _ => Some((Some(expected), Some(found))),
    }
}

fn at<'a>(one: Option<&'a Value>, other: Option<&'a Value>, path: &mut String) -> Option<Both<'a>> {
    match (one, other) {
        (Some(one), Some(other)) => deepest(one, other, path),
        both => Some(both),
    }
}

fn enter(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(key);
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, call {}", self.line, self.call)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        for (expected, found, path, both) in [
            (json!({"a": [1, 2]}), json!({"a": [1, 3]}), "a[1]", ("2", "3")),
            (json!({"a": [1]}), json!({"a": [1, 3]}), "a[1]", ("nothing", "3")),
            (json!({"a": {"b": 1}}), json!({"a": {}}), "a.b", ("1", "nothing")),
            (json!("a"), json!(1), "", ("\"a\"", "1")),
        ] {
            let (at, one, other) = first_difference(&expected, &found).unwrap();
            assert_eq!((&*at, (&*one, &*other)), (path, both));
        }
        assert_eq!(first_difference(&json!([1]), &json!([1])), None);
    }
}
