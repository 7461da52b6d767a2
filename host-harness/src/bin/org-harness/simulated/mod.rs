//! The simulated WeCom (企业微信), and the demonstration with it. The only place of the host that knows a vendor by name.

mod demo;
mod folder;
mod organisation;
mod simulate;

pub use demo::demo;
pub use simulate::simulate;
