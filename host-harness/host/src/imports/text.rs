//! A text in the component's memory whose length is known before anybody looks at it.

use wasmtime::{
    StoreContext, ValRaw,
    component::{
        __internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext},
        ComponentType, Lift, WasmStr,
    },
};

use crate::call::state::CallState;

/// What UTF-16 texts of a component that also writes Latin-1 are marked with.
const UTF16_MARK: u32 = 1 << 31;

/// The engine's own text, [`WasmStr`], with the length that it keeps to itself: what it offers looks at all of the text to say
/// how long it is, which takes milliseconds for one of megabytes.
pub(super) struct Text {
    text: WasmStr,
    units: u32,
}

impl Text {
    /// Bytes that it has in UTF-8 at the least: just as many where the component writes UTF-8, as nearly every one does. In other
    /// encodings a unit takes at least one.
    pub(super) fn bytes_at_least(&self) -> usize {
        usize::try_from(self.units & !UTF16_MARK).unwrap_or(usize::MAX)
    }

    /// Looks at all of it, and copies it.
    ///
    /// # Errors
    /// It is not what it should be in the component's encoding; that is a trap.
    pub(super) fn to_string<'a>(&self, store: impl Into<StoreContext<'a, CallState>>) -> wasmtime::Result<String> {
        Ok(self.text.to_str(store)?.into_owned())
    }

    /// Looks at all of it where it lies.
    ///
    /// # Errors
    /// As above.
    pub(super) fn read<'a, T>(
        &self,
        store: impl Into<StoreContext<'a, CallState>>,
        read: impl FnOnce(&str) -> T,
    ) -> wasmtime::Result<T> {
        Ok(read(&self.text.to_str(store)?))
    }
}

#[allow(
    unsafe_code,
    reason = "what the engine needs to know of a type; all of it is the engine's own answer for its text"
)]
// SAFETY: the representation is that of `WasmStr`, which is the same component type.
unsafe impl ComponentType for Text {
    type Lower = <WasmStr as ComponentType>::Lower;

    const ABI: CanonicalAbiInfo = <WasmStr as ComponentType>::ABI;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> wasmtime::Result<()> {
        WasmStr::typecheck(ty, types)
    }
}

#[allow(
    unsafe_code,
    reason = "what the engine needs to know of a type; all of it is the engine's own answer for its text"
)]
// SAFETY: `WasmStr` lifts; all that is read beside it is the second of the two numbers that a text is handed over as.
unsafe impl Lift for Text {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, src: &Self::Lower) -> wasmtime::Result<Self> {
        let [_, units]: &[ValRaw; 2] = src;
        Ok(Self { text: WasmStr::linear_lift_from_flat(cx, ty, src)?, units: units.get_u32() })
    }

    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> wasmtime::Result<Self> {
        let [_, _, _, _, units @ ..] = bytes else { wasmtime::bail!("a text is handed over as two numbers") };
        let units = u32::from_le_bytes(units.try_into()?);
        Ok(Self { text: WasmStr::linear_lift_from_memory(cx, ty, bytes)?, units })
    }
}
