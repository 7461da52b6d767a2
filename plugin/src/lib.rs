//! The WeCom (企业微信) organisation element.
//!
//! Everything in this crate but the shell is plain Rust that compiles natively: it talks to the outside only through
//! the [`platform::Platform`] trait, so tests drive it with fakes and benchmarks with native implementations. The
//! shell, a page of code that exists only on `wasm`, ties the domain to the imports and exports of the contract in
//! `wit/`.

pub mod config;
pub mod contract;
pub mod directory;
pub mod element;
pub mod failure;
#[cfg(test)]
pub(crate) mod fake;
pub mod login;
pub mod platform;
#[cfg(target_family = "wasm")]
mod shell;
pub mod store;
pub mod text;
pub mod vendor;
