//! One typed method for each export of the contract, a file for each interface; `element` itself is in [`super::calls`].
//!
//! Every method makes a [`Call`](crate::call::Call).

mod administration;
mod approvals;
pub(super) mod callbacks;
mod directory;
mod login;
mod messaging;
mod vendor;
mod web;
