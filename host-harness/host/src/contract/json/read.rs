//! From JSON to the types of the contract.

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, IntoDeserializer as _, MapAccess, Unexpected, VariantAccess, Visitor,
        value::SeqDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Map, Value};

use super::kebab;

/// A value, read in the form of the contract.
pub(super) struct JsonReader(pub(super) Value);

impl JsonReader {
    fn wrong(&self, expected: &str) -> Error {
        let found = match &self.0 {
            Value::Null => return Error::custom(format!("missing; expected {expected}")),
            Value::Bool(_) => "a truth value",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        Error::custom(format!("expected {expected}, found {found}"))
    }
}

macro_rules! numbers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            if self.0.is_number() { self.0.$method(visitor) } else { Err(self.wrong("a number")) }
        })*
    };
}

impl<'de> Deserializer<'de> for JsonReader {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.0.deserialize_any(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_bool(false),
            Value::Bool(value) => visitor.visit_bool(value),
            _ => Err(self.wrong("a boolean")),
        }
    }

    numbers! { deserialize_u8 deserialize_u16 deserialize_u32 deserialize_i64 }

    /// A number, or an instant in RFC 3339: the contract's instants are milliseconds since 1970.
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let instant = self.0.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
        match instant.and_then(|instant| u64::try_from(instant.as_millisecond()).ok()) {
            Some(milliseconds) => visitor.visit_u64(milliseconds),
            None if self.0.is_number() => self.0.deserialize_u64(visitor),
            None => Err(self.wrong("a number")),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_string(visitor)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => visitor.visit_string(text),
            _ => Err(self.wrong("a string")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<JsonReader>())),
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(JsonReader))),
            _ => Err(self.wrong("an array")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let Value::Object(mut object) = self.0 else { return Err(self.wrong("an object")) };
        if let Some(unknown) = object.keys().find(|key| !fields.contains(&key.as_str())) {
            return Err(Error::custom(format!("unknown key `{unknown}`, expected {}", fields.join(", "))));
        }
        let fields = fields.iter().map(|field| (*field, object.remove(*field).unwrap_or_default()));
        visitor.visit_map(Fields { fields: fields.collect::<Vec<_>>().into_iter(), value: Value::Null })
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, value) = match self.0 {
            Value::String(name) => (name, None),
            Value::Object(object) => single(object)?,
            _ => return Err(self.wrong("a case: a text or an object of one key")),
        };
        let Some(variant) = variants.iter().find(|variant| kebab(variant) == name) else {
            let known: Vec<String> = variants.iter().map(|variant| kebab(variant)).collect();
            return Err(Error::custom(format!("unknown case `{name}`, expected {}", known.join(", "))));
        };
        visitor.visit_enum(Case { variant, value })
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u128 f32 f64 char bytes byte_buf unit unit_struct newtype_struct tuple tuple_struct map identifier
        ignored_any
    }
}

fn single(object: Map<String, Value>) -> Result<(String, Option<Value>), Error> {
    let keys = object.len();
    let mut entries = object.into_iter();
    match (entries.next(), keys) {
        (Some((name, value)), 1) => Ok((name, Some(value))),
        _ => Err(Error::custom(format!("expected an object of one key, found {keys} keys"))),
    }
}

impl serde::de::IntoDeserializer<'_, Error> for JsonReader {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

struct Fields {
    fields: std::vec::IntoIter<(&'static str, Value)>,
    value: Value,
}

impl<'de> MapAccess<'de> for Fields {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, value)) = self.fields.next() else { return Ok(None) };
        self.value = value;
        seed.deserialize(name.into_deserializer()).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(JsonReader(self.value.take()))
    }
}

struct Case {
    variant: &'static str,
    value: Option<Value>,
}

impl<'de> EnumAccess<'de> for Case {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Error> {
        let name: serde::de::value::StrDeserializer<'_, Error> = self.variant.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Case {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.value {
            None => Ok(()),
            Some(_) => Err(Error::custom(format!("`{}` has no value: write it as a text", kebab(self.variant)))),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        match self.value {
            Some(value) => seed.deserialize(JsonReader(value)),
            None => Err(Error::custom(format!("`{0}` has a value: write {{\"{0}\": …}}", kebab(self.variant)))),
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        Err(Error::invalid_type(Unexpected::TupleVariant, &visitor))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        Err(Error::invalid_type(Unexpected::StructVariant, &visitor))
    }
}
