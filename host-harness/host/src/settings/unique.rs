//! JSON in which no key stands twice: of two that differ a reader would drop one in silence, and nobody could say which was
//! meant. Configuration documents, declarations of tenants and bodies of the API are read so.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

/// A value, none of whose objects was written with a key twice. Reading it fails with an error of the category `Data` where one
/// was, at the second of them, and with no other error of that category.
#[derive(Debug)]
pub struct Unique(pub Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number without a value"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Unique(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(all.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = entries.next_key()? {
            if all.contains_key(&key) {
                return Err(A::Error::custom("a key stands twice in one object"));
            }
            let Unique(value) = entries.next_value()?;
            all.insert(key, value);
        }
        Ok(all.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_once_is_read_as_it_stands_and_what_stands_twice_is_refused() {
        for text in [
            r#"{"a": [1, -2, 3.5, true, null, "é\n", {"a": {}}], "b": {"a": 18446744073709551615}}"#,
            "[]",
            "\"text\"",
            "1e3",
        ] {
            let Unique(read) = serde_json::from_str(text).unwrap();
            assert_eq!(read, serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        for text in [r#"{"a": 1, "a": 1}"#, r#"[{"b": {"c": 1, "d": 2, "c": 3}}]"#, r#"{"a": 1, "\u0061": 2}"#] {
            let error = serde_json::from_str::<Unique>(text).err().unwrap();
            assert!(error.is_data(), "{text}: {error}");
        }
        let error = serde_json::from_str::<Unique>("{\n  \"a\": 1,\n  \"a\": 2\n}").unwrap_err();
        assert_eq!((error.line(), error.column()), (3, 5), "it says where the second one ends");
        assert!(serde_json::from_str::<Unique>("{\"a\": 1,}").err().unwrap().is_syntax());
    }
}
