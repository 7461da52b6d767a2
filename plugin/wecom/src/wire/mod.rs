//! The shapes of WeCom's answers, read with the tolerance that its history demands ([`tolerant`]). Unknown fields are
//! always ignored; what an answer says beyond these shapes is not this component's business.

pub(crate) mod agent;
pub(crate) mod department;
pub(crate) mod errcode;
pub(crate) mod export;
mod gaps;
mod granted;
pub(crate) mod json_tree;
pub(crate) mod login;
pub(crate) mod member;
pub(crate) mod message;
pub(crate) mod tag;
pub(crate) mod token;
pub(crate) mod tolerant;

#[cfg(test)]
mod tests;
