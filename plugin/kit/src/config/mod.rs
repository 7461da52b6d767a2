//! Reading a configuration: one JSON document, read once into values that cannot be wrong.
//!
//! Data flows one way: `document` reads JSON into a tree, `reader` takes values out of it by the vendor's table of
//! [`Field`]s, `judge` judges each by its kind (`address` most of them, `placeholder` and `suggestion` what is still to be
//! filled in or misspelt), and an [`Element`] turns the [`Values`] into the vendor's own type or into the answer of
//! `validate-config`. On the way `problem` collects what is wrong, and `shown` decides what of a value may be told.

#[macro_use]
mod problem;

pub(crate) mod address;
pub mod common;
mod document;
pub mod element;
pub mod field;
mod judge;
mod placeholder;
mod reader;
mod root_file;
mod secret;
mod shown;
mod suggestion;
#[cfg(test)]
mod tests;
mod values;

pub use address::{authority, is_plain_host};
pub use common::{Common, Guard, HomepageState};
pub use element::{Element, Route};
pub use field::{Field, Kind, Use};
pub use problem::Finding;
pub use secret::Secret;
pub use shown::{described, shown};
pub use values::Values;
