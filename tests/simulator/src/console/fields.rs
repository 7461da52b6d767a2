//! What a form or a JSON body says, as named texts: the console's forms and programs send the same actions.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde_json::Value;

use crate::approval::DeskError;
use crate::callback::CallbackError;
use crate::corp::CorpError;
use crate::file::FileError;
use crate::message::PressError;
use crate::pages::ScanError;
use crate::snapshots::SnapshotError;

/// Why an action was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ActionError {
    /// No such action.
    #[error("there is no action {0:?}; GET /sim/actions lists them")]
    Unknown(String),
    /// A field is missing.
    #[error("field {0:?} is missing or empty")]
    Missing(&'static str),
    /// A field cannot be read.
    #[error("field {name:?} holds {value:?}, expected {expected}")]
    Invalid {
        /// The field.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// The body is neither a form nor a JSON object of plain values.
    #[error("the body must be a form or a JSON object of texts, numbers and booleans")]
    Body,
    /// The organisation refuses.
    #[error(transparent)]
    Corp(#[from] CorpError),
    /// A card shows nothing like that.
    #[error(transparent)]
    Press(#[from] PressError),
    /// Callback settings are not taken, or there are none.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The desk of the approvals app refuses.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// A snapshot is not taken or not found.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// A file of an organisation is not taken.
    #[error(transparent)]
    File(#[from] FileError),
    /// A phone cannot answer a sign-in.
    #[error(transparent)]
    Scan(#[from] ScanError),
}

/// Named texts.
#[derive(Debug, Default)]
pub(crate) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Reads a JSON object or a form.
    pub(crate) fn read(body: &[u8]) -> Result<Self, ActionError> {
        if !body.trim_ascii_start().starts_with(b"{") {
            let mut fields = BTreeMap::<String, String>::new();
            for (name, value) in form_urlencoded::parse(body).into_owned() {
                // Checkboxes of one name come each on its own.
                match fields.entry(name) {
                    Entry::Vacant(first) => drop(first.insert(value)),
                    Entry::Occupied(mut earlier) => earlier.get_mut().extend([",", value.as_str()]),
                }
            }
            return Ok(Self(fields));
        }
        let object: BTreeMap<String, Value> = serde_json::from_slice(body).map_err(|_| ActionError::Body)?;
        let text = |(name, value): (String, Value)| match value {
            Value::String(text) => Ok((name, text)),
            Value::Number(number) => Ok((name, number.to_string())),
            Value::Bool(flag) => Ok((name, flag.to_string())),
            _ => Err(ActionError::Body),
        };
        Ok(Self(object.into_iter().map(text).collect::<Result<_, _>>()?))
    }

    /// A text, if the field is present; it may be empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|text| text.trim())
    }

    /// A text that is not empty.
    pub(crate) fn text(&self, name: &'static str) -> Result<&str, ActionError> {
        self.given(name).filter(|text| !text.is_empty()).ok_or(ActionError::Missing(name))
    }

    /// A whole number.
    pub(crate) fn number(&self, name: &'static str) -> Result<u64, ActionError> {
        let value = self.text(name)?;
        value.parse().map_err(|_| self.invalid(name, "a whole number"))
    }

    /// A flag: `true`, `1` or `on`; absent means no.
    pub(crate) fn flag(&self, name: &'static str) -> Result<bool, ActionError> {
        match self.given(name) {
            Some("true" | "1" | "on") => Ok(true),
            None | Some("false" | "0" | "off" | "") => Ok(false),
            Some(_) => Err(self.invalid(name, "true or false")),
        }
    }

    /// A flag, if the field is present.
    pub(crate) fn given_flag(&self, name: &'static str) -> Result<Option<bool>, ActionError> {
        self.given(name).map(|_| self.flag(name)).transpose()
    }

    /// Words separated by spaces or commas.
    pub(crate) fn words(&self, name: &str) -> Vec<&str> {
        let separator = |c: char| c == ',' || c.is_whitespace();
        self.given(name).unwrap_or_default().split(separator).filter(|word| !word.is_empty()).collect()
    }

    /// Fields whose names begin so, without that beginning.
    pub(crate) fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.trim())))
    }

    /// Numbers separated by spaces or commas; none where the field is absent.
    pub(crate) fn numbers(&self, name: &'static str) -> Result<Vec<u64>, ActionError> {
        let words = self.words(name).into_iter();
        words.map(|word| word.parse().map_err(|_| self.invalid(name, "whole numbers"))).collect()
    }

    /// The error for a field that cannot be read.
    pub(crate) fn invalid(&self, name: &'static str, expected: &'static str) -> ActionError {
        ActionError::Invalid { name, value: self.given(name).unwrap_or_default().to_owned(), expected }
    }
}
