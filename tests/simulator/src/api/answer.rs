//! Answers: the JSON of success and failure, in the platform's form.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};

use super::binary::Binary;
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

/// The text of an error code, as seen on the wire where that is known (fact sheet section 10).
pub(crate) fn error_text(code: i64) -> &'static str {
    match code {
        -1 => "system error",
        6000 => "data version conflict",
        40001 => "invalid credential",
        40003 => "invalid userid",
        40004 => "invalid media type",
        40005 => "invalid file type",
        40006 => "invalid file size",
        40007 => "invalid media_id",
        40008 => "invalid message type",
        40009 => "invalid image size",
        40011 => "invalid video size",
        40013 => "invalid corpid",
        40014 => "invalid access_token",
        40029 => "invalid code",
        40032 => "invalid userid list size",
        40056 => "invalid agentid",
        40058 => "invalid parameter",
        40063 => "some parameters are empty",
        40068 => "invalid tagid",
        40074 => "news cannot be confidential",
        40088 => "invalid jobid",
        40089 => "job result has been cleared",
        40123 => "invalid image format",
        40145 => "media expired",
        41001 => "access_token missing",
        41002 => "corpid missing",
        41004 => "corpsecret missing",
        41006 => "media_id missing",
        41008 => "missing code",
        41009 => "missing userid",
        41010 => "url missing",
        41011 => "missing agentid",
        41016 => "title missing",
        41017 => "missing tagid",
        41019 => "missing department",
        41033 => "description missing",
        42001 => "access_token expired",
        42003 => "code expired",
        42014 => "invalid task_id",
        42015 => "card belongs to another app",
        42020 => "button name missing",
        42022 => "code has been used",
        42027 => "horizontal item without keyname",
        42028 => "url missing in card",
        42029 => "media_id missing in card",
        42030 => "appid missing in card",
        42031 => "invalid card_type",
        42033 => "title missing in card",
        42035 => "invalid horizontal_content_list length",
        42036 => "invalid vertical_content_list length",
        42037 => "invalid option_list length",
        42038 => "invalid button text",
        42039 => "invalid button key",
        42040 => "invalid option id",
        42041 => "invalid option text",
        42042 => "invalid jump_list length",
        42043 => "invalid question_key",
        42044 => "invalid card_image.url",
        42045 => "invalid card_action",
        42046 => "invalid submit_button key",
        42047 => "invalid select_list length",
        42049 => "invalid submit_button text",
        42050 => "invalid userid in horizontal item",
        42051 => "duplicate action_menu key",
        42052 => "message is too old to be recalled",
        43012 => "callback url is not set",
        44001 => "empty media data",
        44004 => "text content empty",
        45001 => "media size out of limit",
        45002 => "content size out of limit",
        45008 => "article count out of limit",
        45009 => "api freq out of limit",
        45029 => "response data is too large",
        45032 => "author size out of limit",
        45033 => "api concurrent out of limit",
        45034 => "url without scheme",
        48001 => "api unauthorized",
        48002 => "api forbidden",
        48009 => "api forbidden for contact assistant",
        50001 => "redirect_url no authority",
        50003 => "app is disabled",
        50100 | 60268 => "invalid cursor",
        60003 => "department not found",
        60011 => "no privilege to access/modify contact/party/agent",
        60020 => "not allow to access from your ip",
        60021 => "user is not in the visible range",
        60111 => "userid not found",
        60123 => "invalid party id",
        60140 => "invalid response_code",
        81013 => "user & party & tag all invalid",
        82001 => "no recipient",
        82002 => "too many departments",
        82003 => "too many tags",
        82101 => "no card target",
        82102 => "not a recipient of the card",
        84014 => "user_ticket expired",
        84015 => "invalid user_ticket",
        84090 => "missing user_ticket",
        90200 => "missing miniprogram appid",
        90201 => "invalid content_item count",
        90202 => "invalid content_item key",
        90203 => "invalid content_item value",
        90204 => "invalid miniprogram page",
        90207 => "invalid miniprogram appid",
        90208 => "miniprogram does not match",
        91040 => "invalid ticket type",
        92001 => "app has no sensitive field grant",
        301002 => "not allow operate another agent with this accesstoken.",
        301007 => "corp is dissolved or banned",
        301016 => "invalid voice file",
        301017 => "voice must be AMR",
        301025 => "invalid approval parameter",
        301055 => "no approval permission",
        301056 => "approval app is disabled",
        301079 => "attendance time conflict",
        301112 => "please narrow the time range",
        830002 => "file is too large, use Range",
        _ => "request refused",
    }
}
