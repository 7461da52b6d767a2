//! The element of Rollcall with one promise of the contract broken, for whoever has to notice it.
//!
//! There is one component. Which promise it breaks stands in its bytes, where [`breaking`] writes it: so `describe` and
//! `validate-config`, which are given no configuration of their own, can break theirs too.

/// What stands in the component, as long as any other mark.
const MARK: &[u8; 48] = b"fault:none......................................";
const NAME_AT: usize = b"fault:".len();

/// The component that breaks this promise, by the name that `host_harness::conform` gives it.
///
/// # Panics
/// When the component has no mark, or the name no room.
pub fn breaking(promise: &str) -> Vec<u8> {
    let mut component = include_bytes!(env!("BROKEN_COMPONENT")).to_vec();
    let place = memchr::memmem::find(&component, MARK);
    let place = place.unwrap_or_else(|| panic!("the component has no mark")) + NAME_AT;
    assert!(promise.len() < MARK.len() - NAME_AT, "{promise} is too long");
    let name = format!("{promise:.<width$}", width = MARK.len() - NAME_AT);
    component[place..place + name.len()].copy_from_slice(name.as_bytes());
    component
}
