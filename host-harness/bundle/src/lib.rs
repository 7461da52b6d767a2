//! The component that the program and the tests carry: that of WeCom, built from this workspace. The only crate beside the
//! program that knows a vendor.

/// The component that was built with this program.
pub fn bundled_component() -> &'static [u8] {
    include_bytes!(env!("BUNDLED_COMPONENT"))
}
