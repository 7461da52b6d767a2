//! The WeCom (企业微信) organisation element: what only WeCom knows, on the kit of every organisation element.
//!
//! Everything compiles natively and talks to the outside only through the kit's [`Platform`], so tests drive it with a
//! fake and benchmarks natively. [`WeCom`] is what the kit sees.
//!
//! | Folder | What it holds |
//! |---|---|
//! | `config` | the table of configuration keys, and what they are read into |
//! | `wecom` | the kit's traits, implemented |
//! | `api` | calls, error codes with the contract's reason and the hint for each, and the one client through which every call goes |
//! | `wire` | the shapes of WeCom's answers, read with tolerance |
//! | `scope`, `export` | what is visible; the export |
//! | `login_url`, `identify` | the sign-in pages; who stands behind a code |
//! | `messaging` | messages, cards and media: the table of limits, what is sent, and what came of it |
//! | `vendor_call` | any call of the API by its path |
//! | `approvals` | requests on templates of the approvals app |
//! | `callbacks` | what WeCom sends by itself |
//! | `web` | what pages inside the client need |
//! | `cipher`, `digest` | how WeCom encrypts (export files, callbacks) and signs |
//! | `check` | one finding for each aspect of `check-connection` |
//!
//! [`Platform`]: organisation_kit::platform::Platform

mod api;
mod approvals;
mod callbacks;
mod check;
mod cipher;
pub mod config;
mod digest;
mod export;
#[cfg(test)]
mod fake;
mod identify;
mod login_url;
mod messaging;
mod scope;
#[cfg(test)]
mod tests;
mod vendor_call;
mod web;
mod wecom;
mod wire;

pub use wecom::WeCom;

#[cfg(feature = "component")]
organisation_kit::export_element!(WeCom, administration, vendor, messaging, approvals, callbacks, web);
