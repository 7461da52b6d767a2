//! A component that asks of its host whatever a test wants: what `tests/conformance` holds hosts of any language against.

/// The component.
pub fn component() -> &'static [u8] {
    include_bytes!(env!("PROBE_COMPONENT"))
}
