//! Answers: the JSON of success and failure, in the platform's form.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::binary::Binary;
use super::error_text::error_text;
use crate::clock::UnixMillis;
use crate::quirks::{ErrorText, Quirks};

/// The text of a success that also says something was wrong with the body.
pub(crate) const WARNING: &str = "ok. Warning: wrong json format. ";

/// What an API call ends with. Serialises with `errcode` first, as the platform does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// `None` when a quirk or fault dropped it.
    pub(crate) errcode: Option<Value>,
    pub(crate) errmsg: String,
    pub(crate) fields: Vec<(&'static str, Content)>,
    /// Bytes that are answered in place of JSON.
    pub(crate) binary: Option<Binary>,
}

/// What a field of an answer holds. Long lists are rows rather than `Value`s, which would copy and sort every key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Value(Value),
    Row(Row),
    Rows(Vec<Row>),
}

/// One object: names and values in the order of the wire.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row(Vec<(&'static str, Value)>);

impl Row {
    /// Adds a field.
    pub(crate) fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into()));
    }

    /// Takes a field out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(key, _)| *key != name);
    }
}

/// A failure: its code, a text where the usual one does not fit, and fields that are shown all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: i64,
    pub(crate) text: Option<Cow<'static, str>>,
    pub(crate) fields: Vec<(&'static str, Value)>,
}

impl Refusal {
    /// A failure with a text of its own.
    pub(crate) fn saying(code: i64, text: impl Into<Cow<'static, str>>) -> Self {
        Self { text: Some(text.into()), ..Self::from(code) }
    }

    /// 40058, the code of whatever does not fit the documented form; the text names the place.
    pub(crate) fn form(text: impl Into<Cow<'static, str>>) -> Self {
        Self::saying(40058, text)
    }
}

impl From<i64> for Refusal {
    fn from(code: i64) -> Self {
        Self { code, text: None, fields: Vec::new() }
    }
}

impl Answer {
    /// A success with these fields.
    pub(crate) fn ok(fields: Vec<(&'static str, Value)>) -> Self {
        Self::with(fields.into_iter().map(|(name, value)| (name, Content::Value(value))).collect())
    }

    /// A success with a list of objects.
    pub(crate) fn rows(name: &'static str, rows: Vec<Row>) -> Self {
        Self::with(vec![(name, Content::Rows(rows))])
    }

    /// A success with one object under a name.
    pub(crate) fn row(name: &'static str, row: Row) -> Self {
        Self::with(vec![(name, Content::Row(row))])
    }

    /// A success that is one object itself.
    pub(crate) fn flat(row: Row) -> Self {
        Self::ok(row.0)
    }

    fn with(fields: Vec<(&'static str, Content)>) -> Self {
        Self { errcode: Some(Value::from(0)), errmsg: "ok".to_owned(), fields, binary: None }
    }

    /// A success that is the bytes of a file.
    pub(crate) fn bytes(binary: Binary) -> Self {
        Self { binary: Some(binary), ..Self::ok(Vec::new()) }
    }

    /// Adds a field.
    pub(crate) fn push(&mut self, name: &'static str, value: impl Into<Value>) {
        self.fields.push((name, Content::Value(value.into())));
    }

    /// Adds a list of objects.
    pub(crate) fn push_rows(&mut self, name: &'static str, rows: Vec<Row>) {
        self.fields.push((name, Content::Rows(rows)));
    }

    /// Errcode 0 with the warning of a malformed body.
    pub(crate) fn warning() -> Self {
        Self { errmsg: WARNING.to_owned(), ..Self::ok(Vec::new()) }
    }

    /// A failure with the empty lists its API still shows.
    pub(crate) fn refused(refusal: &Refusal, lists: &[&'static str], trailer: &str) -> Self {
        let text = refusal.text.as_deref().unwrap_or_else(|| error_text(refusal.code));
        let lists = lists.iter().map(|list| (*list, Content::Rows(Vec::new())));
        let shown = refusal.fields.iter().map(|(name, value)| (*name, Content::Value(value.clone())));
        Self {
            errcode: Some(Value::from(refusal.code)),
            errmsg: format!("{text}{trailer}"),
            fields: lists.chain(shown).collect(),
            binary: None,
        }
    }

    /// `errcode` as a number, if there is one.
    pub(crate) fn code(&self) -> Option<i64> {
        let value = self.errcode.as_ref()?;
        value.as_i64().or_else(|| value.as_str()?.parse().ok())
    }

    /// The quirks of a success as a whole. Shapes of inner objects are made where those are made.
    pub(crate) fn distort(&mut self, quirks: &Quirks) {
        if quirks.numbers_as_strings {
            self.errcode = self.code().map(|code| Value::from(code.to_string()));
        }
        if quirks.errcode_missing && self.errmsg == "ok" {
            self.errcode = None;
        }
        for (name, content) in &mut self.fields {
            match content {
                Content::Rows(rows) if rows.is_empty() && quirks.null_lists => *content = Content::Value(Value::Null),
                Content::Value(value) => {
                    if quirks.null_lists && value.as_array().is_some_and(Vec::is_empty) {
                        *value = Value::Null;
                    }
                    if quirks.numbers_as_strings && matches!(*name, "expires_in" | "agentid") {
                        *value = Value::from(value.to_string());
                    }
                }
                Content::Row(_) | Content::Rows(_) => {}
            }
        }
        if quirks.unknown_fields {
            self.push("sim_unknown", unknown());
        }
    }
}

impl Serialize for Answer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(errcode) = &self.errcode {
            map.serialize_entry("errcode", errcode)?;
            map.serialize_entry("errmsg", &self.errmsg)?;
        }
        for (name, value) in &self.fields {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Value(value) => value.serialize(serializer),
            Self::Row(row) => row.serialize(serializer),
            Self::Rows(rows) => rows.serialize(serializer),
        }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

/// The value of a key that no client knows.
pub(crate) fn unknown() -> Value {
    json!({"nested": [1, 2, 3]})
}

/// What follows the text of an `errmsg`: hint, address and link (fact sheet section 11.1).
pub(crate) fn trailer(
    quirks: &Quirks,
    code: i64,
    address: &str,
    now: UnixMillis,
    random: &mut fastrand::Rng,
) -> String {
    let address = match quirks.error_text {
        ErrorText::Bare => return String::new(),
        ErrorText::Full => format!(", from ip: {address}"),
        ErrorText::EmptyAddress => ", from ip: ".to_owned(),
        ErrorText::NoAddress => String::new(),
    };
    // 40014 and 40029 were seen without a hint.
    let hint = match code {
        40014 | 40029 => String::new(),
        _ => format!(", hint: [{}{:015}]", now / 1000, random.u64(0..1_000_000_000_000_000)),
    };
    format!("{hint}{address}, more info at https://open.work.weixin.qq.com/devtool/query?e={code}")
}
