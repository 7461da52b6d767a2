//! The same JSON for values whose type is known at run time alone: of calls that are played back. Bytes are a text of base64, as
//! [`to_recorded_json`](super::to_recorded_json) writes them; an array of numbers is read as well.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use wasmtime::component::{Type, Val};

use super::JsonError;

fn wrong(path: &str, expected: &str) -> JsonError {
    JsonError { path: path.to_owned(), message: format!("expected {expected}") }
}

/// The value of this type that the JSON stands for.
///
/// # Errors
/// It stands for none.
pub(crate) fn to_val(value: &Value, of: &Type, path: &str) -> Result<Val, JsonError> {
    macro_rules! number {
        ($case:ident, $read:ident, $name:literal) => {
            value.$read().and_then(|number| number.try_into().ok()).map(Val::$case).ok_or_else(|| wrong(path, $name))
        };
    }
    match of {
        Type::Bool => value.as_bool().map(Val::Bool).ok_or_else(|| wrong(path, "a truth value")),
        Type::U8 => number!(U8, as_u64, "a u8"),
        Type::U16 => number!(U16, as_u64, "a u16"),
        Type::U32 => number!(U32, as_u64, "a u32"),
        Type::U64 => number!(U64, as_u64, "a u64"),
        Type::S64 => number!(S64, as_i64, "an s64"),
        Type::String => value.as_str().map(|text| Val::String(text.to_owned())).ok_or_else(|| wrong(path, "a text")),
        Type::List(list) if list.ty() == Type::U8 && value.is_string() => {
            let text = value.as_str().unwrap_or_default();
            let bytes = STANDARD.decode(text).map_err(|_| wrong(path, "base64"))?;
            Ok(Val::List(bytes.into_iter().map(Val::U8).collect()))
        }
        Type::List(list) => {
            let items = value.as_array().ok_or_else(|| wrong(path, "an array"))?;
            let items = items.iter().map(|item| to_val(item, &list.ty(), path));
            items.collect::<Result<_, _>>().map(Val::List)
        }
        Type::Option(some) => {
            let some = (!value.is_null()).then(|| to_val(value, &some.ty(), path)).transpose()?;
            Ok(Val::Option(some.map(Box::new)))
        }
        Type::Record(record) => {
            let fields = record.fields().map(|field| {
                let path = format!("{path}.{}", field.name);
                let value = value.get(field.name.replace('-', "_")).unwrap_or(&Value::Null);
                Ok((field.name.to_owned(), to_val(value, &field.ty, &path)?))
            });
            fields.collect::<Result<_, _>>().map(Val::Record)
        }
        Type::Enum(labels) => {
            let label = value.as_str().filter(|text| labels.names().any(|name| name == *text));
            label.map(|label| Val::Enum(label.to_owned())).ok_or_else(|| wrong(path, "a case"))
        }
        Type::Variant(variant) => {
            let (name, payload) = match value {
                Value::String(name) => (name, None),
                Value::Object(object) if object.len() == 1 => {
                    let (name, value) = object.iter().next().ok_or_else(|| wrong(path, "a case"))?;
                    (name, Some(value))
                }
                _ => return Err(wrong(path, "a case")),
            };
            let case = variant.cases().find(|case| case.name == name).ok_or_else(|| wrong(path, "a case"))?;
            let payload = match (&case.ty, payload) {
                (None, None) => None,
                (Some(of), Some(value)) => Some(Box::new(to_val(value, of, &format!("{path}.{name}"))?)),
                _ => return Err(wrong(path, "a case")),
            };
            Ok(Val::Variant(name.clone(), payload))
        }
        // No parameter of the contract is of another type.
        _ => Err(wrong(path, "a type of the contract")),
    }
}

/// The JSON that stands for a value.
///
/// # Errors
/// Its type is none of the contract.
pub(crate) fn from_val(value: &Val) -> Result<Value, JsonError> {
    let payload = |payload: &Option<Box<Val>>| payload.as_deref().map_or(Ok(Value::Null), from_val);
    Ok(match value {
        Val::Bool(value) => (*value).into(),
        Val::U8(number) => (*number).into(),
        Val::U16(number) => (*number).into(),
        Val::U32(number) => (*number).into(),
        Val::U64(number) => (*number).into(),
        Val::S64(number) => (*number).into(),
        Val::String(text) => text.as_str().into(),
        Val::List(items) if matches!(items.first(), Some(Val::U8(_))) => {
            let bytes = items.iter().map(|item| match item {
                Val::U8(byte) => Ok(*byte),
                _ => Err(wrong("", "a list of bytes")),
            });
            STANDARD.encode(bytes.collect::<Result<Vec<_>, _>>()?).into()
        }
        Val::List(items) => items.iter().map(from_val).collect::<Result<Vec<_>, _>>()?.into(),
        Val::Option(value) => payload(value)?,
        Val::Record(fields) => {
            let fields = fields.iter().map(|(name, value)| Ok((name.replace('-', "_"), from_val(value)?)));
            fields.collect::<Result<Map<_, _>, JsonError>>()?.into()
        }
        Val::Enum(name) | Val::Variant(name, None) => name.as_str().into(),
        Val::Variant(name, Some(value)) => Map::from_iter([(name.clone(), from_val(value)?)]).into(),
        Val::Result(Ok(value)) => Map::from_iter([("ok".to_owned(), payload(value)?)]).into(),
        Val::Result(Err(value)) => Map::from_iter([("err".to_owned(), payload(value)?)]).into(),
        _ => return Err(wrong("", "a type of the contract")),
    })
}
