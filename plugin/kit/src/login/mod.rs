//! Signing members in: the interface `login` of the contract.
//!
//! `authorization` makes the URL to which a browser is sent and remembers its state (`state`); `exchange` turns
//! the code and state that come back into an identity (`identity`). What a request may name is judged by
//! `argument`, `address` (where the vendor sends the browser) and `return_to` (where the app goes afterwards).
//! The exact forms of WeCom's URLs stand in `url`.
//!
//! The state is verified against storage and not against a browser session, because the desktop client opens pages
//! with a fresh cookie jar.

mod address;
mod argument;
mod authorization;
mod cached_exchange;
mod exchange;
mod identity;
mod login_state;
mod return_to;

pub use authorization::{authorization_url, homepage_url, login_config};
pub use exchange::exchange_code;

use self::{cached_exchange as record, login_state as state};
use crate::login_url as url;
