//! The component's heap: at first a piece of the memory that an instance begins with, then what is grown.
//!
//! A sign-in needs no more than the piece. Its memory then never grows, and growth is what costs a short call most: the
//! host has to change the protection of the memory, and to change it back for the next call.

#![allow(unsafe_code, reason = "an allocator is given memory by its address")]

use std::{alloc::Layout, arch::wasm32::memory_grow, mem::MaybeUninit, ptr::NonNull};

use talc::{
    base::{CHUNK_UNIT, Talc, binning::Binning},
    cell::TalcSyncCell,
    source::Source,
    wasm::WasmBinning,
};

use crate::blocks::Blocks;

/// Bytes of a page of WebAssembly memory.
pub const WASM_PAGE: usize = 64 << 10;

/// Bytes to begin with. What of them is not used costs nothing: they are zero, so they lie in no file, and the host gives
/// an instance only the pages that it touches.
const FIRST: usize = 64 << 10;

static mut PIECE: MaybeUninit<[u8; FIRST]> = MaybeUninit::uninit();

/// Allocates for a component, which has one thread and so never enters it twice at a time.
pub type Heap = Blocks<TalcSyncCell<Grown, WasmBinning>>;

/// A heap that has nothing yet.
pub const fn new() -> Heap {
    Blocks::over(TalcSyncCell::new_wasm(Grown { has_piece: false, end: None }))
}

/// Where the heap's memory comes from.
#[derive(Debug)]
pub struct Grown {
    has_piece: bool,
    /// Of the memory that was grown last: what comes next to it becomes one with it.
    end: Option<NonNull<u8>>,
}

// SAFETY: nothing here allocates.
unsafe impl Source for Grown {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if !std::mem::replace(&mut talc.source.has_piece, true) {
            // SAFETY: nothing else touches the piece, and it is given away this once.
            let claimed = unsafe { talc.claim((&raw mut PIECE).cast(), FIRST) };
            return claimed.map(drop).ok_or(());
        }
        // What the allocator itself needs of new memory is a tag at its beginning; a chunk has one, too.
        let needed = layout.size().saturating_add(layout.align()).saturating_add(4 * CHUNK_UNIT);
        let pages = needed.div_ceil(WASM_PAGE);
        let before = memory_grow::<0>(pages);
        if before == usize::MAX {
            return Err(());
        }
        let begin = (before * WASM_PAGE) as *mut u8;
        let end = begin.wrapping_add(pages * WASM_PAGE);
        talc.source.end = match talc.source.end.take() {
            // SAFETY: the memory was grown just now, so it is nobody's, and it follows what was grown before.
            Some(last) if last.as_ptr() == begin => Some(unsafe { talc.extend(last, end) }),
            // SAFETY: the memory was grown just now, so it is nobody's.
            _ => unsafe { talc.claim(begin, pages * WASM_PAGE) },
        };
        talc.source.end.map(drop).ok_or(())
    }
}
