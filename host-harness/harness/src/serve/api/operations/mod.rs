//! Everything that can be asked, a row each: where it stands, for which keys, which function of the contract it is, what it takes
//! and answers. Router and description are made of these rows.

mod administration;
mod approvals;
mod directory;
mod messaging;
mod sync;
mod vendor;

use std::sync::LazyLock;

use futures_util::future::BoxFuture;
use organisation_fleet::tenants::ApiScope;
use organisation_host::{
    CallFailure,
    contract::{answer_schema, parameter_schema},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{call::ApiCall, failure::ApiFailure};
use crate::view::record::record;

/// All of it.
pub static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let all = [
        messaging::operations(),
        approvals::operations(),
        directory::operations(),
        sync::operations(),
        administration::operations(),
        vendor::operations(),
    ];
    all.into_iter().flatten().collect()
});

/// What is done for a request.
pub type Run = fn(ApiCall) -> BoxFuture<'static, Result<Value, ApiFailure>>;

/// One address with one method.
pub struct Operation {
    /// In lower case.
    pub method: &'static str,
    /// After `/t/TENANT/api/`, with names in braces.
    pub path: &'static str,
    pub scope: ApiScope,
    pub summary: &'static str,
    /// Of the contract; empty for what the host itself answers.
    pub function: &'static str,
    pub query: Vec<Parameter>,
    pub takes: Takes,
    pub answers: Answers,
    pub run: Run,
}

/// A parameter of the query.
pub struct Parameter {
    pub name: &'static str,
    pub is_needed: bool,
    pub description: &'static str,
}

/// What a request carries.
pub enum Takes {
    Nothing,
    /// A parameter of the function, as the whole body.
    Record(&'static str),
    /// Parameters of the function, as keys of an object; whether each is needed.
    Fields(&'static [(&'static str, bool)]),
    /// Bytes for the vendor.
    File,
}

/// What the answer is.
pub enum Answers {
    /// What the function answers.
    Record,
    /// What the function answers, under this key.
    Under(&'static str),
    /// An empty object.
    Nothing,
    /// Something else, described here.
    Described(fn() -> Value),
}

impl Operation {
    /// The JSON Schema of what the body holds; nothing where it holds none.
    pub fn request_schema(&self) -> Option<Value> {
        let parameter = |name: &str| parameter_schema(self.function, &name.replace('_', "-"));
        match self.takes {
            Takes::Nothing | Takes::File => None,
            Takes::Record(name) => parameter(name),
            Takes::Fields(fields) => {
                let property = |(name, _): &(&str, bool)| Some(((*name).to_owned(), parameter(name)?));
                let properties: Map<String, Value> = fields.iter().map(property).collect::<Option<_>>()?;
                let needed: Vec<_> = fields.iter().filter(|(_, is_needed)| *is_needed).map(|(name, _)| *name).collect();
                Some(json!({
                    "type": "object", "properties": properties, "required": needed, "additionalProperties": false,
                }))
            }
        }
    }

    /// The JSON Schema of the answer; nothing where the contract has no such answer.
    pub fn answer_schema(&self) -> Option<Value> {
        Some(match self.answers {
            Answers::Record => answer_schema(self.function)?,
            Answers::Under(name) => json!({ "type": "object", "properties": { name: answer_schema(self.function)? } }),
            Answers::Nothing => json!({ "type": "object" }),
            Answers::Described(describe) => describe(),
        })
    }

    /// Does it.
    ///
    /// # Errors
    /// What the request says cannot be read, or the element or the storage refuses.
    pub async fn carry_out(&self, call: ApiCall) -> Result<Value, ApiFailure> {
        let value = (self.run)(call).await?;
        Ok(match self.answers {
            Answers::Under(name) => json!({ name: value }),
            _ => value,
        })
    }
}

const fn optional(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, is_needed: false, description }
}

const fn needed(name: &'static str, description: &'static str) -> Parameter {
    Parameter { name, is_needed: true, description }
}

const CURSOR: Parameter = optional("cursor", "of the page before");
const LIMIT: Parameter = optional("limit", "1 to 200; 100 where it is absent");

/// What is read by a function.
fn get(path: &'static str, scope: ApiScope, function: &'static str, summary: &'static str, run: Run) -> Operation {
    let (takes, answers) = (Takes::Nothing, Answers::Record);
    Operation { method: "get", path, scope, summary, function, query: vec![], takes, answers, run }
}

/// What is done by a function.
fn post(path: &'static str, scope: ApiScope, function: &'static str, summary: &'static str, run: Run) -> Operation {
    Operation { method: "post", ..get(path, scope, function, summary, run) }
}

/// What is replaced by a function.
fn put(path: &'static str, scope: ApiScope, function: &'static str, summary: &'static str, run: Run) -> Operation {
    Operation { method: "put", ..get(path, scope, function, summary, run) }
}

/// What the element answered, by the contract's own names.
fn answered<T: Serialize>(answer: Result<T, CallFailure>) -> Result<Value, ApiFailure> {
    Ok(record(&answer?)?)
}

/// A view of the program's own.
fn shown(view: &impl Serialize) -> Result<Value, ApiFailure> {
    serde_json::to_value(view).map_err(|error| ApiFailure::unwritten(&error))
}

/// An empty object, where the element has nothing to say but that it is done.
fn done(answer: Result<(), CallFailure>) -> Result<Value, ApiFailure> {
    answer?;
    Ok(json!({}))
}

/// An object that is described by its keys.
fn object(fields: Value) -> Value {
    json!({ "type": "object", "properties": fields })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn text_or_null() -> Value {
    json!({ "type": ["string", "null"] })
}

fn list(item: Value) -> Value {
    json!({ "type": "array", "items": item })
}

/// A row's function of the request.
macro_rules! run {
    (|$call:ident| $body:expr) => {
        |$call| Box::pin(async move { $body })
    };
    (|mut $call:ident| $body:expr) => {
        |mut $call| Box::pin(async move { $body })
    };
}
use run;
