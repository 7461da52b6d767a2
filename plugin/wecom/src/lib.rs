//! The WeCom (企业微信) organisation element.

#[path = "../../kit/src/lib.rs"]
pub mod kit;

pub mod api;
pub mod check;
pub mod config;
pub mod export;
pub mod login_url;
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
    pub use crate::{check::check_connection, config::{describe, validate}, verdict};
}
