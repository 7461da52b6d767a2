//! A configuration as somebody typed it into the form, and as the document that an element judges. A secret that is configured
//! already may be left out: then what is configured stays.

use std::collections::BTreeSet;

use organisation_host::{
    contract::{
        element::{ConfigField, Description, Validation},
        types::{Problem, Severity},
    },
    settings::{Document, Object},
};
use serde_json::{Map, Value};

use super::{asked::Asked, failure::Failure};

/// What stands before a key in the name of its field.
const PREFIX: &str = "value.";
/// What stands before it in the name of the box that has it removed.
const REMOVAL: &str = "remove.";
/// The key of the language in which an element speaks of its configuration, where it has one.
const LOCALE: &str = "locale";

/// The name of a key's field.
pub fn field_name(key: &str) -> String {
    format!("{PREFIX}{key}")
}

/// The name of the box by which what is configured for a key, and not shown, is removed.
pub fn removal_name(key: &str) -> String {
    format!("{REMOVAL}{key}")
}

/// What was typed.
pub struct Typed<'a> {
    /// Fields that hold something, in the order of the description.
    pub values: Vec<(&'a ConfigField, &'a str)>,
    /// Keys that hold nothing from now on.
    pub removed: BTreeSet<&'a str>,
    /// Keys of which both a value and the removal is asked for.
    contradicted: Vec<&'a str>,
}

/// What the element says of it.
pub struct Judged<'a> {
    /// Without what is missing because it is configured already.
    pub validation: Validation,
    /// Keys that hold a list.
    pub lists: BTreeSet<&'a str>,
}

impl<'a> Typed<'a> {
    /// What a form says of the fields that are described.
    pub fn of(asked: &'a Asked, described: &'a Description) -> Self {
        let value = |field: &'a ConfigField| Some((field, asked.text(&field_name(&field.key))?));
        let ticked = described.fields.iter().filter(|field| asked.text(&removal_name(&field.key)).is_some());
        let (contradicted, removed): (Vec<_>, Vec<_>) = ticked.partition(|field| value(field).is_some());
        let key = |field: &'a ConfigField| field.key.as_str();
        Self {
            values: described.fields.iter().filter_map(value).collect(),
            removed: removed.into_iter().map(key).collect(),
            contradicted: contradicted.into_iter().map(key).collect(),
        }
    }

    /// What was typed for a key.
    pub fn get(&self, key: &str) -> Option<&'a str> {
        self.values.iter().find(|(field, _)| field.key == key).map(|(_, value)| *value)
    }

    /// Those of `kept` that are not removed.
    pub fn left_of(&self, kept: BTreeSet<String>) -> BTreeSet<String> {
        kept.into_iter().filter(|key| !self.removed.contains(key.as_str())).collect()
    }

    /// The document of it, in which secrets stand as `secret` says.
    pub fn object(&self, lists: &BTreeSet<&str>, secret: impl Fn(&ConfigField, &str) -> String) -> Object {
        let mut object = Object::default();
        for (field, text) in &self.values {
            let value = if field.secret { Value::String(secret(field, text)) } else { value(field, text, lists) };
            put(&mut object, &field.key, value);
        }
        object
    }

    /// Asks the element about it, in the language of the page. `kept` are keys of secrets that are configured already.
    ///
    /// # Errors
    /// The element does not answer.
    pub async fn judge(
        &self,
        asked: &Asked,
        described: &Description,
        kept: &BTreeSet<String>,
    ) -> Result<Judged<'a>, Failure> {
        let mut validation = self.validate(asked, described, &BTreeSet::new()).await?;
        // A description does not say which keys hold lists, so what is refused as a text is asked about as a list.
        let is_no_text =
            |key: &str| validation.problems.iter().any(|problem| problem.code == "wrong-type" && problem.path == key);
        let keys = self.values.iter().map(|(field, _)| field.key.as_str());
        let lists: BTreeSet<&'a str> = keys.filter(|key| is_no_text(key)).collect();
        if !lists.is_empty() {
            validation = self.validate(asked, described, &lists).await?;
        }
        validation.problems.retain(|problem| problem.code != "missing" || !kept.contains(&problem.path));
        let words = asked.say("既填写了值又勾选了移除：请只选其一。", "Both a value and its removal: choose one.");
        validation.problems.extend(self.contradicted.iter().map(|key| problem(key, "contradicted", words)));
        Ok(Judged { validation, lists })
    }

    async fn validate(
        &self,
        asked: &Asked,
        described: &Description,
        lists: &BTreeSet<&str>,
    ) -> Result<Validation, Failure> {
        let mut object = self.object(lists, |_, text| text.to_owned());
        let speaks = described.fields.iter().any(|field| field.key == LOCALE);
        if speaks && self.get(LOCALE).is_none() {
            put(&mut object, LOCALE, asked.language.tag().into());
        }
        Ok(asked.element.validate_config(Document::of(&object).expose()).await?)
    }
}

impl Judged<'_> {
    /// Whether nothing that was found is an error.
    pub fn is_sound(&self) -> bool {
        self.validation.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

/// An error that stands beside the field of this key.
pub fn problem(key: &str, code: &str, words: &str) -> Problem {
    let (path, code, message) = (key.to_owned(), code.to_owned(), words.to_owned());
    Problem { path, code, severity: Severity::Error, message, hint: None }
}

/// Whether a problem is one of this key, or of an item of its list.
pub fn concerns(problem: &Problem, key: &str) -> bool {
    problem.path.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The value of a field that is no secret.
pub fn value(field: &ConfigField, text: &str, lists: &BTreeSet<&str>) -> Value {
    if !lists.contains(&*field.key) {
        return text.into();
    }
    let items = text.split([',', '，', '\n']).map(str::trim).filter(|item| !item.is_empty());
    Value::Array(items.map(Value::from).collect())
}

/// Takes a key away, and an object that is empty then.
pub fn remove(object: &mut Map<String, Value>, key: &str) {
    let Some((first, rest)) = key.split_once('.') else {
        if let Some(mut value) = object.remove(key) {
            organisation_host::settings::wipe(&mut value);
        }
        return;
    };
    let Some(Value::Object(inner)) = object.get_mut(first) else { return };
    remove(inner, rest);
    if inner.is_empty() {
        object.remove(first);
    }
}

/// Puts a value at a key, with `.` between levels.
pub fn put(object: &mut Map<String, Value>, key: &str, value: Value) {
    match key.split_once('.') {
        None => drop(object.insert(key.to_owned(), value)),
        Some((first, rest)) => {
            let inner = object.entry(first).or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            if let Value::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_with_levels_becomes_objects() {
        let mut map = Map::new();
        for (key, value) in [("a", "1"), ("b.c", "2"), ("b.d.e", "3"), ("a.f", "4")] {
            put(&mut map, key, value.into());
        }
        assert_eq!(Value::Object(map), json!({ "a": { "f": "4" }, "b": { "c": "2", "d": { "e": "3" } } }));
    }

    #[test]
    fn a_key_goes_with_the_object_that_held_it_alone() {
        let Value::Object(mut map) = json!({ "a": 1, "b": { "c": 2 }, "d": { "e": 3, "f": 4 } }) else {
            unreachable!()
        };
        for key in ["b.c", "d.e", "a.x", "nothing"] {
            remove(&mut map, key);
        }
        assert_eq!(Value::Object(map), json!({ "a": 1, "d": { "f": 4 } }));
    }

    #[test]
    fn a_problem_stands_beside_its_field() {
        for (path, key, expected) in [
            ("secret", "secret", true),
            ("sync.fields.0", "sync.fields", true),
            ("sync.fieldsets", "sync.fields", false),
            ("", "secret", false),
        ] {
            assert_eq!(concerns(&problem(path, "malformed", ""), key), expected, "{path} {key}");
        }
    }
}
