//! The shapes of WeCom's answers, read with the tolerance that its history demands (`tolerant`). Unknown members are
//! always ignored; what an answer says beyond these shapes is not this component's business.

pub mod agent;
pub mod department;
pub mod export;
pub mod login;
pub mod member;
pub mod status;
pub mod tag;
pub mod tolerant;

#[cfg(test)]
mod tests;
