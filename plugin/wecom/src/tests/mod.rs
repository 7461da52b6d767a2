//! Native tests that need a vendor: the kit driven as the component drives it, with WeCom on the other side.

mod directory;
mod login;
