//! One typed method for each export of the contract, a file for each interface; `element` itself is in [`super::calls`].
//!
//! Every method answers the component's value with the report of the call, or a failure with the report. An error that the
//! component itself answers is part of the value: [`Answered`](super::Answered).

mod administration;
mod approvals;
pub(super) mod callbacks;
mod directory;
mod login;
mod messaging;
mod vendor;
mod web;
