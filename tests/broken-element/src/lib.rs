//! The element of WeCom, which offers every interface, with one promise of the contract broken, for whoever has to notice it.
//!
//! There is one component. Which promise it breaks stands under `broken` in its configuration; one that is broken in a second way
//! has a word for that behind it, as in `killed-costs-little/begins-anew`. `describe` and `validate-config`
//! have none of their own: what they break stands in the bytes of the component, where [`breaking`] writes it.

/// What stands in the component, as long as any other mark.
const MARK: &[u8; 48] = b"fault:none......................................";
const NAME_AT: usize = b"fault:".len();

/// The component, which breaks what its configuration says.
pub fn component() -> &'static [u8] {
    include_bytes!(env!("BROKEN_COMPONENT"))
}

/// The component that breaks this promise of `describe` or `validate-config`, by the name that `organisation_conform` gives it.
///
/// # Panics
/// When the component has no mark, or the name no room.
pub fn breaking(promise: &str) -> Vec<u8> {
    let mut component = component().to_vec();
    let place = memchr::memmem::find(&component, MARK);
    let place = place.unwrap_or_else(|| panic!("the component has no mark")) + NAME_AT;
    assert!(promise.len() < MARK.len() - NAME_AT, "{promise} is too long");
    let name = format!("{promise:.<width$}", width = MARK.len() - NAME_AT);
    component[place..place + name.len()].copy_from_slice(name.as_bytes());
    component
}
