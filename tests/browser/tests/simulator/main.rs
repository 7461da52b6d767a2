//! The simulator's pages in a real browser: company, phone, workbench, sign-in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod company;
mod phone;
mod screenshots;
mod sign_in;
mod stage;
mod workbench;
