//! What every answer has in common.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use super::tolerant::WireField;

/// The result of a call, beside its data (section "wire protocol" of the API's rules).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Status {
    /// 0 or missing: success. May come as text.
    pub(crate) errcode: Option<i64>,
    /// For people, and never to be compared: success is called `ok`, `created`, `updated`, `deleted` or nothing.
    pub(crate) errmsg: String,
}

/// Reads the status of an answer.
///
/// WeCom writes it first, and reading ends where it is complete: what follows may be megabytes, and whoever wants the
/// data reads those anyway, and finds what is wrong with them. An answer without a status is read to its end.
pub(crate) fn parse(text: &str) -> Result<Status, serde_json::Error> {
    let mut head = Head::default();
    let mut answer = serde_json::Deserializer::from_str(text);
    let read = answer.deserialize_map(&mut head).and_then(|()| answer.end());
    match head {
        // Leaving in the middle of an object is an error to `serde_json`, and none here.
        Head { errcode: Some(errcode), errmsg: Some(errmsg) } => Ok(Status { errcode, errmsg }),
        Head { errcode, errmsg } => {
            read.map(|()| Status { errcode: errcode.flatten(), errmsg: errmsg.unwrap_or_default() })
        }
    }
}

/// The two fields, as far as they were seen.
#[derive(Default)]
struct Head {
    errcode: Option<Option<i64>>,
    errmsg: Option<String>,
}

impl<'de> Visitor<'de> for &mut Head {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an answer")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key>()? {
            match key {
                Key::Errcode => {
                    let code = map.next_value::<WireField<i64>>()?.or_fail("errcode");
                    self.errcode = Some(code.map_err(A::Error::custom)?);
                }
                // For people only.
                Key::Errmsg => self.errmsg = Some(map.next_value::<WireField<String>>()?.value().unwrap_or_default()),
                Key::Other => map.next_value::<IgnoredAny>().map(drop)?,
            }
            if self.errcode.is_some() && self.errmsg.is_some() {
                break;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Key {
    Errcode,
    Errmsg,
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_wherever_it_stands() {
        let status = |errcode, errmsg: &str| Status { errcode, errmsg: errmsg.to_owned() };
        for (json, expected) in [
            ("{}", status(None, "")),
            (r#"{"UserId":"a"}"#, status(None, "")),
            (r#"{"errcode":0,"errmsg":"ok"}"#, status(Some(0), "ok")),
            (r#"{"errmsg":null,"errcode":"40014"}"#, status(Some(40014), "")),
            (r#"{"errcode":null,"userlist":[{"errcode":7}]}"#, status(None, "")),
            (
                r#" { "userlist" : [{"errcode":7,"errmsg":"no"}], "errmsg" : "busy", "errcode" : -1 } "#,
                status(Some(-1), "busy"),
            ),
            ("{\"errcode\":0,\"errmsg\":\"ok\",\"userlist\":[{\"cut off", status(Some(0), "ok")),
        ] {
            assert_eq!(parse(json).unwrap(), expected, "{json}");
        }
        for json in
            ["", "[]", "{}{}", r#"{"errcode":0"#, r#"{"errcode":{},"errmsg":"ok"}"#, r#"{"userlist":[],"errcode":0,}"#]
        {
            assert!(parse(json).is_err(), "{json}");
        }
    }
}
