//! Many tenants: declarations and periodic syncs, on the real host.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod configuration;
#[allow(dead_code, reason = "the tests of the host use all of it")]
#[path = "../../../host/tests/host/guests.rs"]
mod guests;
mod syncs;
mod tenants;
