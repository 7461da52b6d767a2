//! The contract of `wit/` as Rust: generated types and calls, the expected world, and the judgement
//! whether a component meets it.
//!
//! The types here are those of the exports; they are what [`crate::Element`] takes and answers.

pub(crate) mod json;
mod lent;
pub(crate) mod shape;
mod world;

pub(crate) use json::to_recorded_json;
pub use json::{JsonError, answer_schema, from_json, parameter_schema, to_json};
pub use world::{WorldProblem, WorldReport, expected_functions, world_json};
pub(crate) use world::{judge, judge_version};

#[allow(missing_docs, unreachable_pub, unused_qualifications, clippy::all)]
mod generated {
    wasmtime::component::bindgen!({
        world: "organisation-element-full",
        path: "../../wit",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [PartialEq, Eq, serde::Serialize, serde::Deserialize],
        require_store_data_send: true,
    });
}

pub(crate) use generated::OrganisationElementFull;
pub(crate) use generated::lowcode::organisation::{audit, call, http, log, settings, storage};

pub use generated::exports::lowcode::organisation::{
    administration, approvals, callbacks, directory, element, login, messaging, vendor, web,
};
pub use generated::lowcode::organisation::types;

impl login::AuthorizationRequest {
    /// A request with everything as it is configured: redirect address, language, no return address, no browser binding.
    pub fn new(entry: login::Entry) -> Self {
        Self { entry, redirect_uri: None, return_to: None, language: None, browser_binding: None }
    }
}

impl login::ExchangeRequest {
    /// A request with the state that came back, without a browser binding, in the configured language.
    pub fn new(code: impl Into<String>, state: impl Into<String>) -> Self {
        Self { code: code.into(), state: Some(state.into()), entry: None, browser_binding: None, language: None }
    }
}
