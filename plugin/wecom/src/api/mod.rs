//! The WeCom server API: endpoints, the access token, and the one client through which every call goes.
//!
//! Data flows one way: [`api`] names an endpoint, [`call`] is one use of it, [`client`] gets it answered with the token
//! that `token` keeps, `sender` puts it on the wire, [`answer`] judges what came back, and [`wire`] holds the
//! shapes of sound answers. What a WeCom error code means stands in [`codes`], what a refusal means for
//! whoever asked in [`refusal`]; the files of the bulk export, which come
//! from elsewhere and encrypted, are read by [`export`]. Nobody above this module knows HTTP or a token.

pub mod answer;
pub mod call;
pub mod client;
pub mod codes;
pub mod endpoint;
pub mod refusal;
pub(crate) mod sender;

pub use endpoint as api;
