//! One API call on its way through the pipeline: who calls, with what, and what it may see.

use axum::http::HeaderMap;
use serde_json::{Map, Value};

use super::answer::Refusal;
use super::view::View;
use crate::corp::App;
use crate::export::Work;
use crate::world::World;

/// Query pairs, decoded, in order.
pub(crate) type Query = Vec<(String, String)>;

/// A call whose token, address and form have been checked.
pub(crate) struct Call<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) view: View,
    pub(crate) query: &'a Query,
    pub(crate) headers: &'a HeaderMap,
    /// The body as it came.
    pub(crate) raw: &'a [u8],
    /// The body as JSON; empty where none is expected.
    pub(crate) body: Map<String, Value>,
    /// What is left to do once the world is unlocked.
    pub(crate) work: &'a mut Option<Work>,
}

impl Call<'_> {
    /// A query value that is present and not empty.
    pub(crate) fn query(&self, key: &str) -> Option<&str> {
        query_value(self.query, key)
    }

    /// A text of the body that is present and not empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A header, where it is readable text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A number of the body, also where it is written as a text.
    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        number(self.body.get(key)?)
    }

    /// The calling app.
    pub(crate) fn app(&self) -> Result<&App, Refusal> {
        self.view.app()
    }
}

/// A whole number, also where it is written as a text.
pub(crate) fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The first value of a key, unless it is empty.
pub(crate) fn query_value<'q>(query: &'q Query, key: &str) -> Option<&'q str> {
    query.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}
