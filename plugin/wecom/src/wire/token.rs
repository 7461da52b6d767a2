//! What is fetched for two hours: the access token, and the ticket with which pages sign. Neither type has a `Debug` form, since
//! they must not be seen.

use organisation_kit::token::FetchedToken;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use super::{json_tree::JsonTree, tolerant::UnreadableField};

/// Reads an answer with the secret behind a key, empty where there is none, and its life in seconds, normally 7,200.
fn read(answer: &Value, key: &'static str) -> Result<FetchedToken, UnreadableField> {
    let answer = JsonTree(answer).object_or_fail("the answer")?;
    let token = answer.at(key).text_or_fail(key)?.unwrap_or_default();
    let seconds = answer.at("expires_in").number().ok_or(UnreadableField("expires_in"))?;
    Ok(FetchedToken { token, life_ms: seconds.saturating_mul(1_000) })
}

macro_rules! answer {
    ($(#[$meta:meta])* $name:ident $key:literal) => {
        $(#[$meta])*
        pub struct $name(FetchedToken);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                read(&Value::deserialize(deserializer)?, $key).map(Self).map_err(D::Error::custom)
            }
        }

        impl From<$name> for FetchedToken {
            fn from($name(fetched): $name) -> Self {
                fetched
            }
        }
    };
}

answer! {
    /// The answer of `gettoken` (doc 91039): a token of up to 512 bytes or more.
    TokenAnswer "access_token"
}

answer! {
    /// The answer of `get_jsapi_ticket` and `ticket/get` (doc 90506): a ticket of up to 512 bytes.
    TicketAnswer "ticket"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_of_a_token_may_be_text() {
        for json in
            [r#"{"access_token":"t","expires_in":7200}"#, r#"{"errcode":0,"access_token":"t","expires_in":"7200"}"#]
        {
            let fetched: FetchedToken = serde_json::from_str::<TokenAnswer>(json).unwrap().into();
            assert_eq!((fetched.token.as_str(), fetched.life_ms), ("t", 7_200_000));
        }
        for json in ["[]", r#"{"access_token":"t"}"#, r#"{"access_token":{},"expires_in":7200}"#] {
            assert!(serde_json::from_str::<TokenAnswer>(json).is_err(), "{json}");
        }
    }
}
