//! The WeCom server API: endpoints, the access token, and the one client through which every call goes.
//!
//! Data flows one way: [`endpoint`] names an endpoint, [`call`] is one use of it, [`client`] gets it answered with the
//! token that the kit keeps and [`token`] asks for, [`sender`] puts it on the wire, [`answer`] judges what came back, and
//! [`crate::wire`] holds the shapes of sound answers. What an error code of WeCom means, for whom, stands in [`codes`]
//! alone. Nobody above this module knows HTTP or a token.

pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod client;
pub(crate) mod codes;
pub(crate) mod endpoint;
#[allow(dead_code)] // Until the client of the kit is implemented with it.
mod lookup;
pub(crate) mod sender;
mod token;
