//! check
pub mod config { #[path = "common.rs"] pub mod common; pub use common::{Common, HomepageState}; }
pub mod contract;
pub mod directory;
pub mod failure;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
pub mod fingerprint;
pub mod login;
pub mod names;
pub mod platform;
pub mod store;
pub mod text;
pub mod vendor;
pub mod verdict;
