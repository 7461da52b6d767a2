//! What the element says of itself, and whether its configuration works.
//!
//! [`describe()`] and [`validate`] are pure; [`check_connection`] asks WeCom and the store, lets one small pure function
//! per aspect judge the answers, and hands out one verdict for each.

pub use check::check_connection;
pub use describe::describe;

pub use crate::config::validate;

mod aspect;
mod check;
mod describe;
mod verdict;
