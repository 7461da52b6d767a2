//! The vendor-neutral half of every organisation element.
//!
//! A vendor implements [`vendor::Vendor`] and [`vendor::Client`]; the kit does the rest: it reads the configuration,
//! keeps the state of sign-ins, one token for all hosts, and a copy of the organisation that follows the vendor by a
//! resumable sync, with a feed of what changed. [`export_element`] makes a component of the two.
//!
//! Everything compiles natively and talks to the outside only through [`platform::Platform`]; the shell, which exists on
//! WebAssembly only, ties it to the imports and exports of the contract in `wit/`.
//!
//! | Module | What it holds |
//! |---|---|
//! | [`vendor`] | what a vendor supplies |
//! | [`callbacks`] | what the vendor sends: short answers, and each delivery once |
//! | [`capability`] | what it may supply besides: messages, approvals, callbacks … |
//! | [`administration`] | what the platform says of members: roles, administrators, who is retired or erased |
//! | [`config`] | the configuration: fields, problems, secrets |
//! | [`login`] | sign-in: state, exchange of a code, identity, what a request may name |
//! | [`calls`], [`row`] | calling an API that takes a token and answers JSON; reading rows of its answers with tolerance |
//! | [`token`] | the access token of one credential; single flight across all hosts |
//! | [`directory`] | the copy of the organisation: records, sync, change feed, roles |
//! | [`transport`], [`verdict`], [`failure`] | HTTP failures in words, findings of `check-connection`, errors |
//! | [`locale`] | text in Chinese and English, and which of them a person reads |
//! | [`contract`], `shell`, [`platform`] | the contract's types; the component's exports; its imports as a trait |
//! | [`messages`] | messages: roles, parts, and what was sent already |
//! | [`idempotency`] | what a caller's idempotency key promises |
//! | [`json`] | reading JSON into types |
//! | [`store`], [`names`], [`fingerprint`] | how values are stored |
//! | [`order`] | sorting with little code |

// Messages in two languages are rows of these modules' macros, wherever they stand.
#[macro_use]
pub mod locale;
#[macro_use]
pub mod failure;

pub mod administration;
#[cfg(any(target_family = "wasm", test))]
mod blocks;
pub mod callbacks;
pub mod calls;
pub mod capability;
pub mod clock;
pub mod config;
pub mod contract;
pub mod directory;
#[cfg(any(test, feature = "fake"))]
#[allow(missing_docs, clippy::unwrap_used, clippy::new_without_default)]
pub mod fake;
pub mod fingerprint;
pub mod idempotency;
pub mod json;
pub mod login;
pub mod messages;
pub mod names;
pub mod order;
pub mod platform;
pub mod row;
#[cfg(target_family = "wasm")]
pub mod shell;
pub mod store;
pub mod token;
pub mod transport;
pub mod vendor;
pub mod verdict;
