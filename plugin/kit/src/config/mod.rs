//! Reading a configuration.

pub mod common;
pub mod document;
pub mod placeholder;
pub mod problem;
pub mod reader;
pub mod secret;
pub mod suggestion;

pub use common::{Common, HomepageState};
