//! The vendor-neutral half of every organisation element.

pub mod clock;
pub mod config;
pub mod contract;
pub mod directory;
pub mod failure;
#[cfg(test)]
pub(crate) mod fake;
pub mod fingerprint;
pub mod login;
pub mod names;
pub mod platform;
#[cfg(target_family = "wasm")]
mod shell;
pub mod store;
pub mod text;
pub mod token;
pub mod transport;
pub mod vendor;
pub mod verdict;
