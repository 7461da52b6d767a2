//! The program `org-harness`, started as a person or a script starts it: command line in, exit code and output out.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod administration;
#[cfg(unix)]
mod api;
mod approvals;
mod bed;
#[cfg(unix)]
mod callbacks;
mod component;
mod conform;
#[cfg(unix)]
mod console;
mod demo;
mod directory;
#[allow(dead_code, reason = "the tests of the host use all of it")]
#[path = "../../../host/tests/host/guests.rs"]
mod guests;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod hosts;
mod killed;
mod login;
mod messages;
mod recordings;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod sessions;
mod simulate;
mod sync;
mod tenant;
#[cfg(unix)]
mod to_do;
mod usage;
mod validate;
mod vendor;
#[cfg(unix)]
mod visitor;
#[cfg(unix)]
mod web;
