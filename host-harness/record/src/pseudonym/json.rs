//! JSON within a text: texts, numbers and keys are replaced where they stand, everything else stays to the byte.

use serde::de::IgnoredAny;

use super::{Pseudonyms, place::is_of_departments};

/// A container that is open.
enum Open {
    /// The name under which it stands.
    Array(String),
    /// The name under which it stands, the last key, and whether a key comes next.
    Object { name: String, key: String, is_key_next: bool },
}

/// The text with pseudonyms, where it is an object or an array of JSON.
pub(super) fn replaced(pseudonyms: &mut Pseudonyms, name: &str, text: &str) -> Option<String> {
    if !text.trim_start().starts_with(['{', '[']) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let (mut replaced, mut open, mut rest) = (String::with_capacity(text.len()), Vec::new(), text);
    while let Some(c) = rest.chars().next() {
        let current = |open: &[Open]| match open.last() {
            Some(Open::Array(name)) => name.clone(),
            Some(Open::Object { name, key, .. }) if key == "id" && is_of_departments(name) => name.clone(),
            Some(Open::Object { key, .. }) => key.clone(),
            None => name.to_owned(),
        };
        let length = match c {
            '"' => {
                let end = end_of_string(rest);
                let plain: String = serde_json::from_str(&rest[..end]).ok()?;
                let new = match open.last_mut() {
                    Some(Open::Object { key, is_key_next, .. }) if *is_key_next => {
                        *is_key_next = false;
                        key.clone_from(&plain);
                        pseudonyms.key(&plain)
                    }
                    _ => pseudonyms.text(&current(&open), &plain),
                };
                replaced.push_str(&serde_json::to_string(&new).ok()?);
                rest = &rest[end..];
                continue;
            }
            '0'..='9' => {
                let end =
                    rest.find(|c: char| !matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-')).unwrap_or(rest.len());
                replaced.push_str(&pseudonyms.number(&current(&open), &rest[..end]));
                rest = &rest[end..];
                continue;
            }
            '{' => {
                let name = current(&open);
                open.push(Open::Object { name, key: String::new(), is_key_next: true });
                1
            }
            '[' => {
                open.push(Open::Array(current(&open)));
                1
            }
            '}' | ']' => {
                open.pop();
                1
            }
            ',' => {
                if let Some(Open::Object { is_key_next, .. }) = open.last_mut() {
                    *is_key_next = true;
                }
                1
            }
            c => c.len_utf8(),
        };
        replaced.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Some(replaced)
}

/// Where a text ends that begins with a quote. The JSON is sound.
fn end_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
