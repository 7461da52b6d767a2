//! Reading a configuration.

pub mod document;
pub mod placeholder;
pub mod problem;
pub mod reader;
pub mod secret;
pub mod suggestion;
