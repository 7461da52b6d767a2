//! The WeCom (企业微信) organisation element.

#[path = "../../kit/src/lib.rs"]
pub mod kit;

pub mod api;
pub mod check;
pub mod config;
pub mod describe;
pub mod export;
mod identify;
mod login_url;
#[cfg(test)]
mod tests;
pub mod wecom;
pub mod wire;

pub use kit::{contract, directory, failure, fingerprint, login, names, platform, store, text, token, verdict};
#[cfg(test)]
pub(crate) use kit::fake;

/// The element of before, while its parts move.
pub mod vendor {
    pub use crate::{api::*, export, fingerprint, token, wire};
}

/// Likewise.
pub mod element {
    pub use crate::{check::check_connection, config::validate, describe::describe, verdict};
}
