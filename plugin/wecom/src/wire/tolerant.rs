//! Reading fields of which one odd value must not spoil the rest of an answer.
//!
//! WeCom, its private deployments and gateways send numbers as text, text as numbers, `null`, `""` or an empty array
//! for "nothing", and now and then something that fits nothing. So a [`WireField`] is read without ever failing on JSON that
//! is sound: it is absent, unreadable, or a value, and whoever asked decides what that means. Values go from the text of
//! the answer straight into their place, since a million members pass through here.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// What stands in a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum WireField<T> {
    /// Nothing: the key is missing, or `null`.
    #[default]
    Absent,
    /// A value of another type than any that is known here.
    Unreadable,
    /// A value; an empty one where the field says "empty" in one of the usual ways.
    Read(T),
}

impl<T> WireField<T> {
    /// The value, if there is a readable one.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// The value of a field on which everything hangs: where it cannot be read, the answer is worth nothing.
    pub(crate) fn or_fail(self, name: &'static str) -> Result<Option<T>, UnreadableField> {
        match self {
            Self::Unreadable => Err(UnreadableField(name)),
            field => Ok(field.value()),
        }
    }
}

/// A field that must be there, and cannot be read or is not. Says its name, and nothing of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UnreadableField(pub(crate) &'static str);

impl fmt::Display for UnreadableField {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} cannot be read", self.0)
    }
}

impl From<UnreadableField> for serde_json::Error {
    fn from(field: UnreadableField) -> Self {
        Self::custom(field)
    }
}

impl WireField<String> {
    /// The text, if there is any.
    pub(crate) fn text(self) -> Option<String> {
        self.value().filter(|text| !text.is_empty())
    }
}

/// A type that can stand in a field. What it does not know how to read is unreadable.
pub(crate) trait Shape<'de>: Sized {
    /// What `""` and `[]` say: how PHP writes an empty object, and others an empty list.
    fn empty() -> WireField<Self> {
        WireField::Unreadable
    }

    /// Text, perhaps empty.
    fn of_text(text: &str) -> WireField<Self> {
        if text.is_empty() { Self::empty() } else { WireField::Unreadable }
    }

    /// A whole number.
    fn of_number(_number: i128) -> WireField<Self> {
        WireField::Unreadable
    }

    /// A list, which must be read to its end.
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<WireField<Self>, A::Error> {
        match list.next_element::<IgnoredAny>()? {
            None => Ok(Self::empty()),
            Some(_) => IgnoredAny.visit_seq(list).map(|_| WireField::Unreadable),
        }
    }

    /// An object, likewise.
    fn of_object<A: MapAccess<'de>>(object: A) -> Result<WireField<Self>, A::Error> {
        IgnoredAny.visit_map(object).map(|_| WireField::Unreadable)
    }
}

impl<'de, T: Shape<'de>> Deserialize<'de> for WireField<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Shape<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = WireField<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<WireField<T>, E> {
        Ok(WireField::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<WireField<T>, E> {
        Ok(WireField::Unreadable)
    }

    fn visit_f64<E>(self, _: f64) -> Result<WireField<T>, E> {
        Ok(WireField::Unreadable)
    }

    fn visit_u64<E>(self, number: u64) -> Result<WireField<T>, E> {
        Ok(T::of_number(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<WireField<T>, E> {
        Ok(T::of_number(number.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<WireField<T>, E> {
        Ok(T::of_text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<WireField<T>, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<WireField<T>, A::Error> {
        T::of_object(object)
    }
}

/// Text, or a whole number as its decimal digits.
impl Shape<'_> for String {
    fn of_text(text: &str) -> WireField<Self> {
        WireField::Read(text.to_owned())
    }

    fn of_number(number: i128) -> WireField<Self> {
        WireField::Read(number.to_string())
    }
}

/// A whole number from 0, or its decimal digits as text.
impl Shape<'_> for u64 {
    fn of_text(text: &str) -> WireField<Self> {
        of_digits(text)
    }

    fn of_number(number: i128) -> WireField<Self> {
        number.try_into().map_or(WireField::Unreadable, WireField::Read)
    }
}

/// A whole number of either sign, likewise.
impl Shape<'_> for i64 {
    fn of_text(text: &str) -> WireField<Self> {
        of_digits(text)
    }

    fn of_number(number: i128) -> WireField<Self> {
        number.try_into().map_or(WireField::Unreadable, WireField::Read)
    }
}

fn of_digits<T: FromStr>(text: &str) -> WireField<T> {
    match text.trim() {
        "" => WireField::Absent,
        digits => digits.parse().map_or(WireField::Unreadable, WireField::Read),
    }
}

/// A list of which every item can be read. An absent item is an empty one.
impl<'de, T: Shape<'de> + Default> Shape<'de> for Vec<T> {
    fn empty() -> WireField<Self> {
        WireField::Read(Self::new())
    }

    fn of_list<A: SeqAccess<'de>>(list: A) -> Result<WireField<Self>, A::Error> {
        Items::of_list(list).map(WireField::all)
    }
}

/// A list that loses items rather than being lost itself.
#[derive(Debug, Default)]
pub(crate) struct Items<T> {
    pub(crate) read: Vec<T>,
    pub(crate) odd: usize,
}

impl<T> WireField<Items<T>> {
    /// The list, if nothing of it was left out.
    fn all(self) -> WireField<Vec<T>> {
        match self {
            WireField::Absent => WireField::Absent,
            WireField::Read(Items { read, odd: 0 }) => WireField::Read(read),
            WireField::Read(_) | WireField::Unreadable => WireField::Unreadable,
        }
    }
}

impl<'de, T: Shape<'de> + Default> Shape<'de> for Items<T> {
    fn empty() -> WireField<Self> {
        WireField::Read(Self { read: Vec::new(), odd: 0 })
    }

    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<WireField<Self>, A::Error> {
        let mut items = Self { read: Vec::new(), odd: 0 };
        while let Some(item) = list.next_element()? {
            match item {
                WireField::Read(item) => items.read.push(item),
                WireField::Absent => items.read.push(T::default()),
                WireField::Unreadable => items.odd += 1,
            }
        }
        Ok(WireField::Read(items))
    }
}

/// An object as it stands. For rare fields: it takes a tree.
impl<'de> Shape<'de> for serde_json::Map<String, serde_json::Value> {
    fn empty() -> WireField<Self> {
        WireField::Read(Self::new())
    }

    fn of_object<A: MapAccess<'de>>(object: A) -> Result<WireField<Self>, A::Error> {
        Self::deserialize(MapAccessDeserializer::new(object)).map(WireField::Read)
    }
}

/// A struct of [`WireField`]s that is read from an object. Of a key that stands twice the last one counts. A key that is no identifier is written behind the field.
macro_rules! object {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($field:ident $(= $key:literal)?: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Default)]
        $vis struct $name {
            $($field: $crate::wire::tolerant::WireField<$type>,)*
        }

        impl<'de> $crate::wire::tolerant::Shape<'de> for $name {
            fn empty() -> $crate::wire::tolerant::WireField<Self> {
                $crate::wire::tolerant::WireField::Read(Self::default())
            }

            fn of_object<A: serde::de::MapAccess<'de>>(
                mut object: A,
            ) -> Result<$crate::wire::tolerant::WireField<Self>, A::Error> {
                #[derive(serde::Deserialize)]
                #[serde(field_identifier)]
                #[allow(non_camel_case_types)]
                enum Key {
                    $($(#[serde(rename = $key)])? $field,)*
                    #[serde(other)]
                    Other,
                }
                let mut read = Self::default();
                while let Some(key) = object.next_key()? {
                    match key {
                        $(Key::$field => read.$field = object.next_value()?,)*
                        Key::Other => {
                            object.next_value::<serde::de::IgnoredAny>()?;
                        }
                    }
                }
                Ok($crate::wire::tolerant::WireField::Read(read))
            }
        }
    };
}
pub(crate) use object;

/// Reads a whole answer, or a row of a file.
///
/// # Errors
/// Where the text is no JSON, or no object.
pub(crate) fn parse<T: for<'de> Shape<'de>>(text: &str) -> Result<T, serde_json::Error> {
    let field: WireField<T> = serde_json::from_str(text)?;
    Ok(field.value().ok_or(UnreadableField("the object"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    object! {
        #[derive(Debug, PartialEq)]
        struct Sample {
            number: u64,
            code: i64,
            text: String,
            numbers: Vec<u64>,
            texts: Vec<String>,
            inner = "Inner": Inner,
        }
    }

    object! {
        #[derive(Debug, PartialEq)]
        struct Inner {
            flag: u64,
        }
    }

    fn sample(change: impl FnOnce(&mut Sample)) -> Sample {
        let mut sample = Sample::default();
        change(&mut sample);
        sample
    }

    #[test]
    fn every_spelling_of_a_value_is_read() {
        let text = |text: &str| WireField::Read(text.to_owned());
        for (json, expected) in [
            ("{}", Sample::default()),
            (r#"{"unknown":{"a":[1]}}"#, Sample::default()),
            (r#"{"number":4294967295}"#, sample(|s| s.number = WireField::Read(4_294_967_295))),
            (r#"{"number":" 4294967295"}"#, sample(|s| s.number = WireField::Read(4_294_967_295))),
            (r#"{"number":null,"code":null,"text":null,"numbers":null,"Inner":null}"#, Sample::default()),
            (r#"{"number":"","code":""}"#, Sample::default()),
            (r#"{"number":1,"number":2}"#, sample(|s| s.number = WireField::Read(2))),
            (r#"{"code":"-1"}"#, sample(|s| s.code = WireField::Read(-1))),
            (r#"{"code":-1}"#, sample(|s| s.code = WireField::Read(-1))),
            (r#"{"code":40014}"#, sample(|s| s.code = WireField::Read(40014))),
            (r#"{"text":""}"#, sample(|s| s.text = text(""))),
            (r#"{"text":1}"#, sample(|s| s.text = text("1"))),
            (r#"{"text":-1}"#, sample(|s| s.text = text("-1"))),
            (r#"{"text":"张三\n"}"#, sample(|s| s.text = text("张三\n"))),
            (r#"{"numbers":""}"#, sample(|s| s.numbers = WireField::Read(vec![]))),
            (r#"{"numbers":[]}"#, sample(|s| s.numbers = WireField::Read(vec![]))),
            (r#"{"numbers":[1,"2",null]}"#, sample(|s| s.numbers = WireField::Read(vec![1, 2, 0]))),
            (r#"{"texts":["a",1]}"#, sample(|s| s.texts = WireField::Read(vec!["a".into(), "1".into()]))),
            (r#"{"Inner":{"flag":1}}"#, sample(|s| s.inner = WireField::Read(Inner { flag: WireField::Read(1) }))),
            (r#"{"inner":{"flag":1}}"#, Sample::default()),
            (r#"{"Inner":[]}"#, sample(|s| s.inner = WireField::Read(Inner::default()))),
            (r#"{"Inner":""}"#, sample(|s| s.inner = WireField::Read(Inner::default()))),
        ] {
            assert_eq!(parse::<Sample>(json).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn what_fits_nothing_is_unreadable_and_spoils_nothing_else() {
        for odd in ["true", "1.0", r#""x""#, "[[1],{}]", "[true]", r#"{"a":[{}]}"#, "1e400", "-1"] {
            let json = format!(r#"{{"code":1,"numbers":{odd},"Inner":{odd},"number":7}}"#);
            // What no number can hold is no JSON to the library.
            let Ok(read) = parse::<Sample>(&json) else {
                assert_eq!(odd, "1e400");
                continue;
            };
            let expected = sample(|s| {
                (s.code, s.number) = (WireField::Read(1), WireField::Read(7));
                s.numbers = WireField::Unreadable;
                s.inner = if odd.starts_with('{') { WireField::Read(Inner::default()) } else { WireField::Unreadable };
            });
            assert_eq!(read, expected, "{odd}");
        }
        for (json, expected) in [
            (r#"{"number":-1}"#, sample(|s| s.number = WireField::Unreadable)),
            (r#"{"number":1.5}"#, sample(|s| s.number = WireField::Unreadable)),
            (r#"{"number":"18446744073709551616"}"#, sample(|s| s.number = WireField::Unreadable)),
            (r#"{"code":9223372036854775808}"#, sample(|s| s.code = WireField::Unreadable)),
            (r#"{"text":[]}"#, sample(|s| s.text = WireField::Unreadable)),
            (r#"{"text":{"a":1}}"#, sample(|s| s.text = WireField::Unreadable)),
            (r#"{"texts":"a,b"}"#, sample(|s| s.texts = WireField::Unreadable)),
        ] {
            assert_eq!(parse::<Sample>(json).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused_without_being_quoted() {
        for json in ["7", r#""s3cret""#, r#"["s3cret"]"#, "null", r#"{"text":"s3cret"#, "{} {}"] {
            let Err(error) = parse::<Sample>(json) else { panic!("{json}") };
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
