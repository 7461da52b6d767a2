//! What every answer has in common.

use serde::Deserialize;

use super::tolerant;

/// The result of a call, beside its data (section "wire protocol" of the API's rules).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// 0 or missing: success. May come as text.
    #[serde(deserialize_with = "tolerant::optional_signed")]
    pub errcode: Option<i64>,
    /// For people, and never to be compared: success is called `ok`, `created`, `updated`, `deleted` or nothing.
    #[serde(deserialize_with = "tolerant::text")]
    pub errmsg: String,
}
