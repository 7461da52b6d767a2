//! The host against components: real, foreign, broken and hostile.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod allowances;
mod check;
mod element;
mod further;
mod guests;
mod hostile;
mod limits;
mod memory;
mod meter;
mod names;
mod readme;
mod refusal;
mod reporting;
mod reuse;
mod secrets;
#[allow(dead_code, reason = "the tests of egress use all of it")]
#[path = "../../../egress/tests/egress/server.rs"]
mod server;
mod time;
mod traps;
mod versions;
mod wire;
