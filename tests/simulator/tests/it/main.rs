//! The simulator over real HTTP: one module for each promise it makes.
#![allow(clippy::unwrap_used, reason = "a test that meets what it did not expect should fail there")]

mod approvals;
mod bed;
mod callbacks;
mod cards;
mod console;
mod downloads;
mod endpoints;
mod export_file;
mod exports;
mod faults;
mod large;
mod lifetimes;
mod media;
mod messages;
mod ownership;
mod pages;
mod pipeline;
mod receiver;
mod routes;
mod shapes;
mod tickets;
mod visibility;
