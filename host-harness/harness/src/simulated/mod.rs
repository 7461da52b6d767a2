//! The simulated WeCom (企业微信), and the demonstration with it. The only place of the host that knows a vendor by name.

mod demo;
mod folder;
mod organisation;
mod person;
mod samples;
mod simulate;

pub use demo::demo;
pub use folder::Configuration;
pub use person::{Administrator, Member, Visitor};
pub use samples::{callback, samples};
pub use simulate::simulate;
