//! What reads bytes of strangers, each as a function of bytes: a panic, an overflow or a broken promise ends it. `runner` beside it
//! hands them what a fuzzer makes up (`docs/writing-an-element.md` says how), and a test here what is kept in `corpora`.
//!
//! | Target | What is made up |
//! |---|---|
//! | `event` | a message, sealed and signed as WeCom does |
//! | `delivery` | what is sent to a route: query and body, or a ciphertext with a sound signature |
//! | `answer` | what WeCom answers to any call |
//! | `configuration` | the configuration document |
//! | `address` | addresses and ways back that a caller hands over |
#![expect(clippy::unwrap_used, reason = "a target that does not fit its fake fails")]

mod address;
mod answer;
mod configuration;
mod delivery;
mod outside;

/// A target.
pub type Target = fn(&[u8]);

/// All targets, by name.
pub const TARGETS: [(&str, Target); 5] = [
    ("event", delivery::event),
    ("delivery", delivery::delivery),
    ("answer", answer::answer),
    ("configuration", configuration::configuration),
    ("address", address::address),
];
