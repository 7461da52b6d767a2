//! Lends an organisation element its imports, from `wasi:http`, `wasi:keyvalue` and `wasi:config`: a trial, and no host. What is
//! weaker than the contract says stands in `docs/other-hosts.md`, and the comments here say where.

#![cfg(target_family = "wasm")]

mod audit;
mod bucket;
mod call;
mod entries;
mod exchange;
mod http;
mod log;
mod rules;
mod settings;
mod storage;
mod tally;
mod target;

#[allow(missing_docs, unsafe_code, unused_qualifications, clippy::all)]
mod generated {
    wit_bindgen::generate!({
        world: "lowcode:trial/adapter",
        path: ["../../../wit", "wit"],
        pub_export_macro: true,
        generate_all,
    });
}

/// The adapter.
struct Adapter;

#[allow(unsafe_code)]
const _: () = {
    generated::export!(Adapter with_types_in generated);
};
