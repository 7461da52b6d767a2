//! The host against components: real, foreign, broken and hostile.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod element;
mod guests;
mod limits;
mod refusal;
mod reuse;
