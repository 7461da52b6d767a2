//! The contract of `wit/` as Rust types, generated. The domain speaks these types at its borders, so nothing is
//! mapped twice; the generated functions are called in the shell only.

#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
pub(crate) mod generated {
    wit_bindgen::generate!({
        world: "organisation-element",
        path: "../../wit",
        additional_derives: [PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize],
        pub_export_macro: true,
        generate_all,
    });
}

pub use generated::exports::lowcode::organisation::{directory, element, login};
pub use generated::lowcode::organisation::{call, http, log, settings, storage, types};

#[cfg(target_family = "wasm")]
pub(crate) use generated::export;
