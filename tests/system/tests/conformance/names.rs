//! Names for what differs from run to run: `${vendor}`, `${state}`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// What a name stands for, in the order in which they were given.
#[derive(Default)]
pub(crate) struct Names {
    texts: Vec<(String, String)>,
    /// Versions of stored entries, `${v1}` the first one that was seen.
    versions: Vec<Value>,
}

impl Names {
    /// Gives a name to a text.
    pub(crate) fn bind(&mut self, name: &str, text: &str) {
        assert!(text.len() > 3, "{name} would be found everywhere");
        self.texts.retain(|(other, _)| other != name);
        self.texts.push((name.to_owned(), text.to_owned()));
    }

    /// A value with what the names in it stand for.
    pub(crate) fn filled(&self, value: &Value) -> Value {
        let texts = |text: &str| {
            let fill = |text: String, (name, meaning): &(String, String)| {
                let spelt =
                    |text: String, (how, spelt): (&str, String)| text.replace(&format!("${{{name}|{how}}}"), &spelt);
                spellings(meaning).into_iter().fold(text.replace(&format!("${{{name}}}"), meaning), spelt)
            };
            self.texts.iter().fold(text.to_owned(), fill)
        };
        let filled = changed(value, &texts);
        self.with_numbers(filled)
    }

    /// A value with names for what they stand for.
    pub(crate) fn named(&self, value: &Value) -> Value {
        let texts = |text: &str| {
            let name =
                |text: String, (name, meaning): &(String, String)| text.replace(meaning, &format!("${{{name}}}"));
            self.texts.iter().fold(text.to_owned(), name)
        };
        changed(value, &texts)
    }
}

/// A text as a client writes it in other places: `${secret|percent}`.
fn spellings(text: &str) -> [(&'static str, String); 4] {
    let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
    [
        ("percent", utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()),
        ("slashes", text.replace('/', "\\/")),
        ("basic", basic(format!("user:{text}"))),
        ("user", basic(format!("{text}:password"))),
    ]
}

impl Names {
    fn with_numbers(&self, value: Value) -> Value {
        match value {
            Value::String(text) => {
                match text.strip_prefix("${v").and_then(|rest| rest.strip_suffix('}')?.parse::<usize>().ok()) {
                    Some(number) => self.versions[number - 1].clone(),
                    None => Value::String(text),
                }
            }
            Value::Array(items) => items.into_iter().map(|item| self.with_numbers(item)).collect(),
            Value::Object(entries) => {
                entries.into_iter().map(|(key, value)| (key, self.with_numbers(value))).collect::<Map<_, _>>().into()
            }
            other => other,
        }
    }

    /// A value with names for the versions in it: a host chooses its own, larger ones for later writes.
    pub(crate) fn name_versions(&mut self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.name_versions(item)).collect(),
            Value::Object(entries) => {
                let mut named = Map::new();
                for (key, value) in entries {
                    let value = match (key.as_str(), value) {
                        ("version", Value::Number(_)) => self.version(value),
                        ("applied", Value::Array(versions)) => {
                            versions.iter().map(|version| self.version(version)).collect()
                        }
                        _ => self.name_versions(value),
                    };
                    named.insert(key.clone(), value);
                }
                named.into()
            }
            other => other.clone(),
        }
    }

    fn version(&mut self, version: &Value) -> Value {
        let known = self.versions.iter().position(|known| known == version);
        let number = known.unwrap_or_else(|| {
            self.versions.push(version.clone());
            self.versions.len() - 1
        });
        format!("${{v{}}}", number + 1).into()
    }
}

/// A value whose texts are changed.
fn changed(value: &Value, texts: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(texts(text)),
        Value::Array(items) => items.iter().map(|item| changed(item, texts)).collect(),
        Value::Object(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), changed(value, texts))).collect::<Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

/// A value in which nothing is said of what stands under these keys, but where it is empty or nothing.
pub(crate) fn without(value: &Value, keys: &[String]) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| without(item, keys)).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| {
                let is_empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
                let varies = keys.contains(key) && !is_empty;
                (key.clone(), if varies { Value::from("${*}") } else { without(value, keys) })
            })
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}
