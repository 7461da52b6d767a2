//! From the types of the contract to JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{
    Serialize, Serializer,
    ser::{Error as _, Impossible, SerializeSeq, SerializeStruct, SerializeTuple},
};
use serde_json::{Error, Map, Value};

use super::kebab;

/// Writes in the form of the contract.
#[derive(Clone, Copy)]
pub(super) struct JsonWriter(pub(super) BytesAs);

/// How the bytes of a body are written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum BytesAs {
    /// As the contract has them, which takes thirty times their room.
    Numbers,
    /// As a text of base64, for recordings.
    Base64,
    /// Likewise, and what is written are they.
    TheseInBase64,
}

/// The case of a body that holds bytes, in Rust.
const BYTES: &str = "Bytes";

type Never = Impossible<Value, Error>;

fn foreign<T>(what: &str) -> Result<T, Error> {
    Err(Error::custom(format!("{what} is no type of the contract")))
}

macro_rules! as_it_is {
    ($($method:ident($of:ty))*) => {
        $(fn $method(self, value: $of) -> Result<Value, Error> {
            Ok(value.into())
        })*
    };
}

impl Serializer for JsonWriter {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Never;
    type SerializeTupleVariant = Never;
    type SerializeMap = Never;
    type SerializeStruct = Fields;
    type SerializeStructVariant = Never;

    as_it_is! {
        serialize_bool(bool) serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64) serialize_u8(u8)
        serialize_u16(u16) serialize_u32(u32) serialize_u64(u64) serialize_f32(f32) serialize_f64(f64) serialize_str(&str)
    }

    fn serialize_char(self, value: char) -> Result<Value, Error> {
        Ok(value.to_string().into())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Value, Error> {
        foreign("bytes")
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Error> {
        Ok(kebab(variant).into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        let value = match (self.0, variant) {
            (BytesAs::Base64, BYTES) => value.serialize(Self(BytesAs::TheseInBase64)),
            _ => value.serialize(self),
        };
        Ok(Map::from_iter([(kebab(variant), value?)]).into())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items, Error> {
        Ok(Items { items: Vec::new(), bytes: Vec::new(), writer: self })
    }

    fn serialize_tuple(self, _: usize) -> Result<Items, Error> {
        Ok(Items { items: Vec::new(), bytes: Vec::new(), writer: self })
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Never, Error> {
        foreign("a tuple")
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Never, Error> {
        foreign("a tuple")
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Never, Error> {
        foreign("a map")
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields, Error> {
        Ok(Fields(Map::new(), self))
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Never, Error> {
        foreign("a case of several values")
    }
}

pub(super) struct Items {
    items: Vec<Value>,
    /// In place of the items, each of which would take thirty times the room.
    bytes: Vec<u8>,
    writer: JsonWriter,
}

impl SerializeSeq for Items {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let item = value.serialize(self.writer)?;
        if self.writer.0 != BytesAs::TheseInBase64 {
            self.items.push(item);
            return Ok(());
        }
        let byte = item.as_u64().and_then(|number| u8::try_from(number).ok());
        self.bytes.push(byte.ok_or_else(|| Error::custom("a byte is a number of up to 255"))?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(match self.writer.0 {
            BytesAs::TheseInBase64 => STANDARD.encode(self.bytes).into(),
            BytesAs::Numbers | BytesAs::Base64 => self.items.into(),
        })
    }
}

impl SerializeTuple for Items {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value, Error> {
        SerializeSeq::end(self)
    }
}

pub(super) struct Fields(Map<String, Value>, JsonWriter);

impl SerializeStruct for Fields {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.0.insert(key.to_owned(), value.serialize(self.1)?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(self.0.into())
    }
}
