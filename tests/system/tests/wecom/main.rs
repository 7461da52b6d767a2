//! The WeCom element as a whole: the real component in the real host against the simulator, one module for each topic.
//!
//! One program for all of them, because linking the host takes longer than most of the tests.
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests too; clippy exempts only the tests themselves")]

mod between;
mod bounds;
mod check;
mod directory;
mod element;
mod examples;
mod exchange;
mod export;
mod faults;
mod isolation;
mod login;
mod properties;
mod proxy;
mod sync;
mod tokens;
