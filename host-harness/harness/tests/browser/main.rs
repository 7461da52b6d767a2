//! The platform's pages in a real browser, with the simulated WeCom beside it: what members and administrators go through.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![cfg(unix)]

#[allow(dead_code, reason = "the tests of the program use all of it")]
#[path = "../cli/bed.rs"]
mod bed;
mod console;
mod guide;
mod pages;
mod platform;
mod refusals;
mod screenshots;
mod sign_in;
#[allow(dead_code, reason = "the tests of the program use all of it")]
#[path = "../cli/web.rs"]
mod web;
mod work;
