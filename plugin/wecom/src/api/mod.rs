//! The WeCom server API.
//!
//! Data flows one way: [`call`] is one use of an endpoint, [`client`] gets it answered with the token and the repetitions
//! of the kit, [`answer`] judges what came back, and [`crate::wire`] holds the shapes of sound answers. What an error code
//! of WeCom means, for whom, stands in [`codes`] alone. [`multipart`] builds forms with files. Nobody above this module knows HTTP or a token.

pub(crate) mod answer;
pub(crate) mod call;
pub(crate) mod client;
pub(crate) mod codes;
pub(crate) mod lookup;
pub(crate) mod multipart;
