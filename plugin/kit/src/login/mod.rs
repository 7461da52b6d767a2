//! Signing members in: the interface `login` of the contract.
//!
//! `authorization` makes the URL to which a browser is sent and remembers its state (`login_state`); `exchange` turns
//! the code and state that come back into an identity (`identity`) and remembers the outcome for a moment
//! (`cached_exchange`). What a request may name is judged by `argument`, `address` (where the vendor sends the browser)
//! and `return_to` (where the app goes afterwards); what people read when it does not work stands in `message`. The
//! forms of the URLs are the vendor's.
//!
//! The state is verified against storage and not against a browser session, because desktop clients open pages with a
//! fresh cookie jar.

mod address;
mod argument;
mod authorization;
pub(crate) mod cached_exchange;
mod exchange;
mod identity;
mod login_state;
mod message;
mod return_to;

pub use authorization::{authorization_url, homepage_url, login_config};
pub use exchange::exchange_code;
