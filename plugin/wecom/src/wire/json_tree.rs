//! Answers of many shapes, read by key.
//!
//! For answers that are small or rare: nothing has to be declared, and what is odd is absent, unless everything hangs on it.
//! Speed matters less here than the size of the component, so that what is called everywhere is not inlined. Rows that come
//! by the thousand are read as [`tolerant`](super::tolerant) does it.

use serde_json::Value;

use super::tolerant::UnreadableField;

static NOTHING: Value = Value::Null;

/// A value somewhere in an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonTree<'a>(pub(crate) &'a Value);

impl<'a> JsonTree<'a> {
    /// What stands behind a key; nothing where there is no such key.
    #[inline(never)]
    pub(crate) fn at(self, key: &str) -> Self {
        Self(self.0.get(key).unwrap_or(&NOTHING))
    }

    /// The value of a key, or this value itself where somebody left the wrapping out.
    pub(crate) fn within(self, key: &str) -> Self {
        self.0.get(key).map_or(self, Self)
    }

    /// Whether there is nothing, in any of the usual ways to say so.
    #[inline(never)]
    pub(crate) fn is_nothing(self) -> bool {
        match self.0 {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(object) => object.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// Text, or a number as its digits; absent where it is empty.
    #[inline(never)]
    pub(crate) fn text(self) -> Option<String> {
        match self.0 {
            Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The text of a field on which everything hangs.
    ///
    /// # Errors
    /// Where something else stands there: then the answer is worth nothing.
    #[inline(never)]
    pub(crate) fn text_or_fail(self, name: &'static str) -> Result<Option<String>, UnreadableField> {
        match self.0 {
            Value::Null | Value::String(_) => Ok(self.text()),
            Value::Number(number) if !number.is_f64() => Ok(self.text()),
            _ => Err(UnreadableField(name)),
        }
    }

    /// A whole number from 0, or its digits as text.
    #[inline(never)]
    pub(crate) fn number(self) -> Option<u64> {
        match self.0 {
            Value::Number(number) => number.as_u64(),
            Value::String(digits) => digits.trim().parse().ok(),
            _ => None,
        }
    }

    /// An instant that is told in seconds, in milliseconds. 0 says that there is none.
    #[inline(never)]
    pub(crate) fn instant(self) -> Option<u64> {
        self.number().filter(|seconds| *seconds > 0)?.checked_mul(1_000)
    }

    /// The items of a list. What stands alone is a list of one.
    pub(crate) fn list(self) -> impl Iterator<Item = Self> {
        let items = match self.0 {
            Value::Array(items) => items.as_slice(),
            _ if self.is_nothing() => &[],
            alone => std::slice::from_ref(alone),
        };
        items.iter().map(Self)
    }

    /// The items of a list on which everything hangs.
    ///
    /// # Errors
    /// As [`JsonTree::text_or_fail`].
    #[inline(never)]
    pub(crate) fn list_or_fail(self, name: &'static str) -> Result<&'a [Value], UnreadableField> {
        match self.0 {
            Value::Array(items) => Ok(items),
            Value::Null => Ok(&[]),
            Value::String(text) if text.is_empty() => Ok(&[]),
            _ => Err(UnreadableField(name)),
        }
    }

    /// The object that stands here, which may be empty, also as a list or text.
    ///
    /// # Errors
    /// As [`JsonTree::text_or_fail`].
    #[inline(never)]
    pub(crate) fn object_or_fail(self, name: &'static str) -> Result<Self, UnreadableField> {
        if self.0.is_object() || self.is_nothing() { Ok(self) } else { Err(UnreadableField(name)) }
    }

    /// The texts of a list, without what is none.
    #[inline(never)]
    pub(crate) fn texts(self) -> Vec<String> {
        self.list().filter_map(Self::text).collect()
    }
}

/// Reads a whole answer.
///
/// # Errors
/// Where the text is no JSON, or no object.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    match serde_json::from_str(text)? {
        object @ Value::Object(_) => Ok(object),
        _ => Err(UnreadableField("the object").into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_spelling_is_read_and_what_is_odd_is_absent() {
        for (value, text, number, instant, items) in [
            (json!(null), None, None, None, 0),
            (json!(""), None, None, None, 0),
            (json!([]), None, None, None, 0),
            (json!({}), None, None, None, 0),
            (json!("7"), Some("7"), Some(7), Some(7_000), 1),
            (json!(7), Some("7"), Some(7), Some(7_000), 1),
            (json!(0), Some("0"), Some(0), None, 1),
            (json!(" 7 "), Some(" 7 "), Some(7), Some(7_000), 1),
            (json!(700.5), Some("700.5"), None, None, 1),
            (json!(-1), Some("-1"), None, None, 1),
            (json!(u64::MAX), Some("18446744073709551615"), Some(u64::MAX), None, 1),
            (json!(true), None, None, None, 1),
            (json!(["a", "b"]), None, None, None, 2),
            (json!({ "a": 1 }), None, None, None, 1),
        ] {
            let tree = JsonTree(&value);
            assert_eq!(tree.text().as_deref(), text, "{value}");
            assert_eq!((tree.number(), tree.instant(), tree.list().count()), (number, instant, items), "{value}");
        }
    }

    #[test]
    fn what_everything_hangs_on_is_there_or_absent_or_refused() {
        for (value, text, items, object) in [
            (json!(null), Some(None), Some(0), true),
            (json!(""), Some(None), Some(0), true),
            (json!("a"), Some(Some("a")), None, false),
            (json!(7), Some(Some("7")), None, false),
            (json!(-7), Some(Some("-7")), None, false),
            (json!(7.5), None, None, false),
            (json!(true), None, None, false),
            (json!([]), None, Some(0), true),
            (json!([1, {}]), None, Some(2), false),
            (json!({}), None, None, true),
            (json!({ "a": 1 }), None, None, true),
        ] {
            let tree = JsonTree(&value);
            assert_eq!(tree.text_or_fail("x").ok().as_ref().map(Option::as_deref), text, "{value}");
            assert_eq!(tree.list_or_fail("x").ok().map(<[Value]>::len), items, "{value}");
            assert_eq!(tree.object_or_fail("x").is_ok(), object, "{value}");
        }
    }

    #[test]
    fn a_key_that_is_not_there_is_nothing() {
        let value = json!({ "a": { "b": 1 }, "texts": ["x", 1, null, {}] });
        let tree = JsonTree(&value);
        assert!(tree.at("c").at("d").is_nothing());
        assert_eq!(tree.within("a").at("b").number(), Some(1));
        assert_eq!(tree.at("a").within("a").at("b").number(), Some(1));
        assert_eq!(tree.at("texts").texts(), ["x", "1"]);
    }

    #[test]
    fn an_answer_is_an_object() {
        assert!(parse(r#"{"a":1}"#).is_ok());
        for text in ["[]", "7", "null", "", "{", "{}{}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
