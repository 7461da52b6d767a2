//! The business configuration: one JSON object, as text.

use std::{fmt, sync::Arc};

use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    fill::{FillError, Variables, fill},
    look_alike::LookAlike,
    object::{Object, wipe},
    unique::Unique,
};

/// A configuration document. `Debug` shows its size only, since it holds secrets; its memory is wiped when the last
/// clone goes.
#[derive(Clone)]
pub struct Document(Arc<Zeroizing<String>>);

/// Why a text is no configuration document. Says where, never what: the text may hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// No JSON.
    #[error("invalid JSON at line {line}, column {column}: {kind}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1, in bytes.
        column: usize,
        /// What kind of mistake.
        kind: &'static str,
    },
    /// A typographic quote, or another character that looks like the punctuation of JSON.
    #[error(transparent)]
    LookAlike(#[from] LookAlike),
    /// An object with a key twice: of two values nobody could say which is meant.
    #[error("a key stands twice in one object, the second time at line {line}, column {column}")]
    KeyTwice {
        /// Counted from 1.
        line: usize,
        /// Where the second one ends; counted from 1, in bytes.
        column: usize,
    },
    /// JSON of another kind.
    #[error("the configuration is {found}, expected a JSON object: {{ … }}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
}

impl DocumentError {
    /// The next step in Chinese and English, where the message does not say it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::LookAlike(found) => Some(found.hint()),
            Self::KeyTwice { .. } => Some("请删除重复的键 / delete one of the two"),
            Self::Json { .. } | Self::NotAnObject { .. } => None,
        }
    }
}

impl Document {
    /// Takes a text that is one JSON object, in which no object has a key twice; a byte order mark before it is removed.
    ///
    /// # Errors
    /// See [`DocumentError`].
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        let text = without_mark(text);
        read_object(text)?;
        Ok(Self(Arc::new(Zeroizing::new(text.to_owned()))))
    }

    /// Makes a document of an object.
    pub fn of(object: &Object) -> Self {
        Self(Arc::new(object.text()))
    }

    /// A text as somebody gave it, perhaps none that can be read; only to be exposed.
    pub fn given(text: &str) -> Self {
        Self(Arc::new(Zeroizing::new(text.to_owned())))
    }

    /// The document of a function that has no configuration.
    pub fn none() -> Self {
        Self(Arc::default())
    }

    /// Makes a document of an object in which `{{NAME}}` stands for variables.
    pub fn filled(mut object: Object, variables: &Variables) -> Result<Self, FillError> {
        fill(&mut object, variables).map(|()| Self::of(&object))
    }

    /// The text, secrets included.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The object.
    pub fn object(&self) -> Object {
        // Every way to make a document whose object is asked for has read it before.
        read_object(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} bytes)", self.0.len())
    }
}

pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Reads a JSON object, and says where it is none.
pub(super) fn read_object(text: &str) -> Result<Object, DocumentError> {
    let Unique(mut value) = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        if error.is_data() {
            return DocumentError::KeyTwice { line, column };
        }
        if let Some(found) = LookAlike::at(text, line, column) {
            return DocumentError::LookAlike(found);
        }
        let kind = match error.classify() {
            serde_json::error::Category::Eof => "the text ends too early",
            serde_json::error::Category::Syntax
            | serde_json::error::Category::Data
            | serde_json::error::Category::Io => "a character that cannot stand there",
        };
        DocumentError::Json { line, column, kind }
    })?;
    let found = match &mut value {
        Value::Object(object) => return Ok(Object::new(std::mem::take(object))),
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
    };
    wipe(&mut value);
    Err(DocumentError::NotAnObject { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_objects_are_documents() {
        for (text, error) in [
            ("{}", None),
            ("\u{feff}{\"a\":1}", None),
            ("", Some("invalid JSON at line 1, column 0: the text ends too early")),
            ("{\n  \"a\": hidden\n}", Some("invalid JSON at line 2, column 8: a character that cannot stand there")),
            ("[1]", Some("the configuration is an array, expected a JSON object: { … }")),
            ("\"hidden\"", Some("the configuration is a string, expected a JSON object: { … }")),
            (
                "{\"a\": {\"b\": 1,\n \"b\": \"hidden\"}}",
                Some("a key stands twice in one object, the second time at line 2, column 4"),
            ),
            ("{} {}", Some("invalid JSON at line 1, column 4: a character that cannot stand there")),
        ] {
            let found = Document::parse(text).err().map(|error| error.to_string());
            assert_eq!(found.as_deref(), error, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let document = Document::parse(r#"{"secret":"hidden"}"#).unwrap();
        assert_eq!(format!("{document:?}"), "Document(19 bytes)");
        assert!(document.expose().contains("hidden"));
    }
}
