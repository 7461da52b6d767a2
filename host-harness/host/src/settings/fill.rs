//! `{{NAME}}` in a configuration: filled from what the operator granted, and from nothing else.
//!
//! Values are put into JSON strings as strings, whatever they contain, so that no value can add a key. A value is not
//! looked at again: `{{A}}` whose value is `{{B}}` stays `{{B}}`.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;
use zeroize::Zeroizing;

use super::object::Object;

/// The variables that one element's configuration may use. `Debug` shows names only.
#[derive(Clone, Default)]
pub struct Variables(BTreeMap<String, Zeroizing<String>>);

/// Why a configuration could not be filled in. Names the place and the variable, never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FillError {
    /// The variable was not granted.
    #[error(
        "{path} uses {{{{{name}}}}}, which is not granted to this element: set {name} in the environment and add \
         --env {name}"
    )]
    NotGranted {
        /// Where, keys joined by dots.
        path: String,
        /// The variable.
        name: String,
    },
    /// What stands between the braces is no name, or the braces are not closed.
    #[error("{path} has braces without a variable in them: write {{{{NAME}}}}, with letters, digits and _ in the name")]
    NoName {
        /// Where, keys joined by dots.
        path: String,
    },
    /// A granted variable is not set.
    #[error("--env {name} grants a variable that is not set in the environment, or not as text: set {name}")]
    NotSet {
        /// The variable.
        name: String,
    },
}

impl Variables {
    /// The variables of these names from the environment of this process.
    ///
    /// # Errors
    /// [`FillError::NotSet`] for the first that is not there.
    pub fn from_environment<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, FillError> {
        let read = |name: S| {
            let name = name.as_ref().to_owned();
            match std::env::var(&name) {
                Ok(value) => Ok((name, Zeroizing::new(value))),
                Err(_) => Err(FillError::NotSet { name }),
            }
        };
        names.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Variables {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), Zeroizing::new(value.into()))).collect())
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Fills in every string of the object; keys stay as they are.
pub(super) fn fill(object: &mut Object, variables: &Variables) -> Result<(), FillError> {
    object.iter_mut().try_for_each(|(key, value)| fill_value(value, variables, key))
}

fn fill_value(value: &mut Value, variables: &Variables, path: &str) -> Result<(), FillError> {
    match value {
        Value::String(text) => {
            if text.contains("{{") {
                *text = fill_text(text, variables, path)?;
            }
            Ok(())
        }
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, item)| fill_value(item, variables, &format!("{path}.{index}"))),
        Value::Object(object) => {
            object.iter_mut().try_for_each(|(key, value)| fill_value(value, variables, &format!("{path}.{key}")))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn fill_text(text: &str, variables: &Variables, path: &str) -> Result<String, FillError> {
    let no_name = || FillError::NoName { path: path.to_owned() };
    // Put together in one go: a text that grew would leave copies of secrets behind.
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or_else(no_name)?;
        let name = name.trim();
        if !is_name(name) {
            return Err(no_name());
        }
        let not_granted = || FillError::NotGranted { path: path.to_owned(), name: name.to_owned() };
        pieces.push(before);
        pieces.push(variables.get(name).ok_or_else(not_granted)?);
        rest = after;
    }
    pieces.push(rest);
    Ok(pieces.concat())
}

fn is_name(name: &str) -> bool {
    let first_is_no_digit = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first_is_no_digit && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(value: Value) -> Result<Value, FillError> {
        let variables: Variables =
            [("SECRET", "s3\"cr\\et"), ("ID", "ww1"), ("NESTED", "{{ID}}"), ("EMPTY", "")].into_iter().collect();
        let Value::Object(map) = value else { panic!() };
        let mut object = Object::new(map);
        fill(&mut object, &variables).map(|()| Value::Object(std::mem::take(&mut *object)))
    }

    #[test]
    fn strings_are_filled_wherever_they_stand() {
        for (value, expected) in [
            (json!({"a": "{{ID}}"}), json!({"a": "ww1"})),
            (json!({"a": "x{{ID}}y{{ ID }}"}), json!({"a": "xww1yww1"})),
            (json!({"a": {"b": ["{{SECRET}}", 1, null]}}), json!({"a": {"b": ["s3\"cr\\et", 1, null]}})),
            (json!({"a": "{{NESTED}}"}), json!({"a": "{{ID}}"})),
            (json!({"a": "{{EMPTY}}"}), json!({"a": ""})),
            (json!({"{{ID}}": "{ID}"}), json!({"{{ID}}": "{ID}"})),
        ] {
            assert_eq!(filled(value).unwrap(), expected);
        }
    }

    #[test]
    fn what_cannot_be_filled_is_named() {
        for (value, words) in [
            (json!({"a": {"b": "{{HOME}}"}}), "a.b uses {{HOME}}, which is not granted"),
            (json!({"a": ["", "{{HOME}}"]}), "--env HOME"),
            (json!({"a": "{{}}"}), "a has braces without a variable"),
            (json!({"a": "{{1A}}"}), "braces without"),
            (json!({"a": "{{ID"}), "write {{NAME}}"),
            (json!({"a": "{{A B}}"}), "braces without"),
        ] {
            let message = filled(value).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn the_environment_is_read_by_name_only() {
        let error = Variables::from_environment(["ORGANISATION_TEST_UNSET"]).unwrap_err();
        assert_eq!(error, FillError::NotSet { name: "ORGANISATION_TEST_UNSET".to_owned() });
        let variables = Variables::from_environment(["CARGO_PKG_NAME"]).unwrap();
        assert_eq!(variables.get("CARGO_PKG_NAME"), Some(env!("CARGO_PKG_NAME")));
        assert_eq!(variables.get("PATH"), None);
        assert_eq!(format!("{variables:?}"), r#"{"CARGO_PKG_NAME"}"#);
    }
}
