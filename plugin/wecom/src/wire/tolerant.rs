//! Helpers for `#[serde(default, deserialize_with = "…")]` that accept what WeCom and its private deployments send
//! for one and the same field: numbers as text, text as numbers, `null`, `""` or an empty array for "nothing".
//!
//! They are visitors, not `Value`s, since a hundred thousand members pass through them.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Unexpected, Visitor, value::MapAccessDeserializer},
};

/// A whole number from 0, as a number or as decimal text. `null` and other types are errors.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Number)?.ok_or_else(|| D::Error::invalid_type(Unexpected::Unit, &Number))
}

/// Like [`number`], but `null` and `""` are `None`.
pub fn optional_number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    deserializer.deserialize_any(Number)
}

/// Like [`number`], but `null` and `""` are 0.
pub fn number_or_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Ok(optional_number(deserializer)?.unwrap_or_default())
}

/// A whole number of either sign, as a number or as decimal text; `null` and `""` are `None`.
pub fn optional_signed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(Signed)
}

/// Text, or a whole number as its decimal digits. `null` is the empty text.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    deserializer.deserialize_any(Text)
}

/// Like [`text`], but `null` and `""` are `None`.
pub fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Some(text(deserializer)?).filter(|text| !text.is_empty()))
}

/// A list; `null` and `""` are the empty one. With `#[serde(default)]` a missing list is empty, too.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_any(List(PhantomData))
}

/// A list of whole numbers from 0, each read like [`number_or_zero`].
pub fn numbers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    let numbers: Vec<AsNumber> = list(deserializer)?;
    Ok(numbers.into_iter().map(|number| number.0).collect())
}

/// A list of texts, each read like [`text`].
pub fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts: Vec<AsText> = list(deserializer)?;
    Ok(texts.into_iter().map(|text| text.0).collect())
}

/// An object; `null`, `""` and `[]` (how PHP writes an empty object) are the default.
pub fn object<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(Object(PhantomData))
}

#[derive(Deserialize)]
#[serde(transparent)]
struct AsNumber(#[serde(deserialize_with = "number_or_zero")] u64);

#[derive(Deserialize)]
#[serde(transparent)]
struct AsText(#[serde(deserialize_with = "text")] String);

struct Number;

impl Visitor<'_> for Number {
    type Value = Option<u64>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number from 0")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        match value.trim() {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| E::invalid_value(Unexpected::Other("text"), &self)),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct Signed;

impl Visitor<'_> for Signed {
    type Value = Option<i64>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a whole number")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        i64::try_from(value).map(Some).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        match value.trim() {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| E::invalid_value(Unexpected::Other("text"), &self)),
        }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text or a whole number")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(value.to_owned())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Self::Value, E> {
        Ok(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(value.to_string())
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(String::new())
    }
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = sequence.next_element()? {
            items.push(item);
        }
        Ok(items)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        if value.is_empty() { Ok(Vec::new()) } else { Err(E::invalid_type(Unexpected::Other("text"), &self)) }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }
}

struct Object<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        match sequence.next_element::<serde::de::IgnoredAny>()? {
            None => Ok(T::default()),
            Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        if value.is_empty() { Ok(T::default()) } else { Err(E::invalid_type(Unexpected::Other("text"), &self)) }
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sample {
        #[serde(deserialize_with = "optional_number")]
        number: Option<u64>,
        #[serde(deserialize_with = "number_or_zero")]
        order: u64,
        #[serde(deserialize_with = "optional_signed")]
        code: Option<i64>,
        #[serde(deserialize_with = "text")]
        text: String,
        #[serde(deserialize_with = "optional_text")]
        maybe: Option<String>,
        #[serde(deserialize_with = "numbers")]
        numbers: Vec<u64>,
        #[serde(deserialize_with = "texts")]
        texts: Vec<String>,
        #[serde(deserialize_with = "object")]
        object: Inner,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Inner {
        #[serde(deserialize_with = "list")]
        items: Vec<bool>,
    }

    #[test]
    fn every_spelling_of_a_value_is_read() {
        let numbers = |numbers: &[u64]| Sample { numbers: numbers.to_vec(), ..Sample::default() };
        for (json, expected) in [
            ("{}", Sample::default()),
            (r#"{"unknown":{"a":[1]}}"#, Sample::default()),
            (r#"{"number":4294967295}"#, Sample { number: Some(4_294_967_295), ..Sample::default() }),
            (r#"{"number":"4294967295"}"#, Sample { number: Some(4_294_967_295), ..Sample::default() }),
            (r#"{"number":null}"#, Sample::default()),
            (r#"{"number":""}"#, Sample::default()),
            (r#"{"order":"7"}"#, Sample { order: 7, ..Sample::default() }),
            (r#"{"order":null}"#, Sample::default()),
            (r#"{"code":"-1"}"#, Sample { code: Some(-1), ..Sample::default() }),
            (r#"{"code":40014}"#, Sample { code: Some(40014), ..Sample::default() }),
            (r#"{"text":1}"#, Sample { text: "1".into(), ..Sample::default() }),
            (r#"{"text":-1}"#, Sample { text: "-1".into(), ..Sample::default() }),
            (r#"{"text":null}"#, Sample::default()),
            (r#"{"text":"张三\n"}"#, Sample { text: "张三\n".into(), ..Sample::default() }),
            (r#"{"maybe":""}"#, Sample::default()),
            (r#"{"maybe":null}"#, Sample::default()),
            (r#"{"maybe":0}"#, Sample { maybe: Some("0".into()), ..Sample::default() }),
            (r#"{"numbers":null}"#, Sample::default()),
            (r#"{"numbers":""}"#, Sample::default()),
            (r#"{"numbers":[]}"#, Sample::default()),
            (r#"{"numbers":[1,"2",null]}"#, numbers(&[1, 2, 0])),
            (r#"{"texts":["a",1]}"#, Sample { texts: vec!["a".into(), "1".into()], ..Sample::default() }),
            (r#"{"object":[]}"#, Sample::default()),
            (r#"{"object":null}"#, Sample::default()),
            (r#"{"object":""}"#, Sample::default()),
            (r#"{"object":{}}"#, Sample::default()),
            (r#"{"object":{"items":null}}"#, Sample::default()),
            (r#"{"object":{"items":[true]}}"#, Sample { object: Inner { items: vec![true] }, ..Sample::default() }),
        ] {
            assert_eq!(serde_json::from_str::<Sample>(json).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn what_is_no_such_value_is_refused_without_being_quoted() {
        for json in [
            r#"{"number":"s3cret"}"#,
            r#"{"number":-1}"#,
            r#"{"number":1.5}"#,
            r#"{"number":true}"#,
            r#"{"number":"18446744073709551616"}"#,
            r#"{"code":9223372036854775808}"#,
            r#"{"text":["s3cret"]}"#,
            r#"{"text":true}"#,
            r#"{"numbers":"s3cret"}"#,
            r#"{"numbers":{"a":1}}"#,
            r#"{"object":"s3cret"}"#,
            r#"{"object":[1]}"#,
            r#"{"object":1}"#,
        ] {
            let error = serde_json::from_str::<Sample>(json).unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_number_that_must_be_there_is_no_null() {
        #[derive(Debug, Deserialize)]
        struct Strict {
            #[serde(deserialize_with = "number")]
            number: u64,
        }
        assert_eq!(serde_json::from_str::<Strict>(r#"{"number":"7200"}"#).unwrap().number, 7200);
        for json in [r#"{"number":null}"#, r#"{"number":""}"#, "{}"] {
            assert!(serde_json::from_str::<Strict>(json).is_err(), "{json}");
        }
    }
}
