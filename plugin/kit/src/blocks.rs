//! Small blocks of memory, kept by size for the next one who wants as much.
//!
//! A sync makes and drops texts by the million. An allocator for all sizes joins each with its neighbours and parts them
//! again; here a block that is given back waits in a list for its size, so that both ways take a few instructions. Blocks
//! are cut from chunks of the parent allocator, which serves whatever is larger, and never go back to it: an instance lives
//! no longer than one call.

#![allow(unsafe_code, reason = "an allocator is given memory by its address")]

use std::{
    alloc::{GlobalAlloc, Layout},
    cell::Cell,
    ptr::{self, null_mut},
};

/// Sizes are counted in these, and every block is aligned to one.
const UNIT: usize = 8;
/// Bytes of the largest block; more is for the parent allocator.
const LARGEST: usize = 256;
/// Bytes that are taken from the parent allocator at a time.
const CHUNK: usize = 2 << 10;

/// A block that nobody uses: it holds the address of the next one.
type Free = *mut FreeBlock;

struct FreeBlock {
    next: Free,
}

/// An allocator for one thread, over another one.
pub struct Blocks<A> {
    parent: A,
    /// By size in units.
    free: [Cell<Free>; LARGEST / UNIT + 1],
    /// What is not cut yet of the last chunk.
    uncut: Cell<*mut u8>,
    uncut_bytes: Cell<usize>,
}

// SAFETY: without atomics a component has one thread.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
unsafe impl<A: Sync> Sync for Blocks<A> {}

impl<A: GlobalAlloc> Blocks<A> {
    /// Nothing is taken from the parent allocator before it is wanted.
    pub const fn over(parent: A) -> Self {
        let free = [const { Cell::new(null_mut()) }; LARGEST / UNIT + 1];
        Self { parent, free, uncut: Cell::new(null_mut()), uncut_bytes: Cell::new(0) }
    }

    /// The size of a block in units; nothing where it is for the parent allocator.
    #[inline]
    fn size_class(layout: &Layout) -> Option<usize> {
        (layout.size() <= LARGEST && layout.align() <= UNIT).then(|| layout.size().div_ceil(UNIT))
    }

    #[inline]
    fn push_free(&self, block: *mut u8, size_class: usize) {
        let block: Free = block.cast();
        // SAFETY: the block is nobody's, aligned to a unit, and no smaller than one, which holds an address.
        unsafe { block.write(FreeBlock { next: self.free[size_class].get() }) };
        self.free[size_class].set(block);
    }

    /// A block that was never used.
    #[cold]
    #[inline(never)]
    fn cut_block(&self, size_class: usize) -> *mut u8 {
        let bytes = size_class * UNIT;
        if self.uncut_bytes.get() < bytes {
            // SAFETY: the layout has a size, and an alignment that is a power of two.
            let chunk = unsafe { self.parent.alloc(Layout::from_size_align_unchecked(CHUNK, UNIT)) };
            if chunk.is_null() {
                return chunk;
            }
            // What is left is smaller than the block that was wanted, so there is a list for it.
            if self.uncut_bytes.get() > 0 {
                self.push_free(self.uncut.get(), self.uncut_bytes.get() / UNIT);
            }
            self.uncut.set(chunk);
            self.uncut_bytes.set(CHUNK);
        }
        let block = self.uncut.get();
        self.uncut.set(block.wrapping_add(bytes));
        self.uncut_bytes.set(self.uncut_bytes.get() - bytes);
        block
    }
}

// SAFETY: a block is in one list, or was cut once, and leaves its list when it is given out; `size_class` says the same of a
// layout whenever it is asked, so that a block returns to the list of its own size and what came from the parent goes there.
unsafe impl<A: GlobalAlloc> GlobalAlloc for Blocks<A> {
    // Called from everywhere, so inlining would make the component larger by kilobytes.
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(size_class) = Self::size_class(&layout) else { return unsafe { self.parent.alloc(layout) } };
        let first = self.free[size_class].get();
        if first.is_null() {
            return self.cut_block(size_class);
        }
        self.free[size_class].set(unsafe { (*first).next });
        first.cast()
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match Self::size_class(&layout) {
            Some(size_class) => self.push_free(block, size_class),
            None => unsafe { self.parent.dealloc(block, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (Self::size_class(&layout), Self::size_class(&wanted)) {
            (None, None) => return unsafe { self.parent.realloc(block, layout, size) },
            (before, after) if before == after => return block,
            _ => {}
        }
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            unsafe {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(size));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use std::{alloc::System, collections::BTreeMap};

    use proptest::prelude::*;

    use super::*;

    /// Gives out no more than so many bytes.
    struct Scarce(Cell<usize>);

    unsafe impl GlobalAlloc for Scarce {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            match self.0.get().checked_sub(layout.size()) {
                Some(left) => {
                    self.0.set(left);
                    unsafe { System.alloc(layout) }
                }
                None => null_mut(),
            }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            unsafe { System.dealloc(block, layout) };
        }
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    #[test]
    fn what_is_given_back_is_given_out_again() {
        let blocks = Blocks::over(Scarce(Cell::new(CHUNK)));
        // More than a chunk has, in blocks of one size after another.
        for size in [1, 7, 8].repeat(CHUNK) {
            let block = unsafe { blocks.alloc(layout(size, 1)) };
            assert!(!block.is_null());
            unsafe { blocks.dealloc(block, layout(size, 1)) };
        }
    }

    #[test]
    fn where_there_is_no_memory_nothing_is_given_out_and_the_rest_of_a_chunk_is_used_up() {
        let blocks = Blocks::over(Scarce(Cell::new(CHUNK)));
        let count = |size| (0..).take_while(|_| !unsafe { blocks.alloc(layout(size, 8)) }.is_null()).count();
        assert_eq!((count(200), count(8)), (CHUNK / 200, (CHUNK % 200) / 8));
        assert!(unsafe { blocks.alloc(layout(LARGEST + 1, 8)) }.is_null());
    }

    proptest! {
        #[test]
        fn blocks_keep_what_is_written_into_them(
            steps in proptest::collection::vec((0_usize..16, 1_usize..600, 0_u32..6), 1..400),
        ) {
            let blocks = Blocks::over(System);
            let mut held: BTreeMap<usize, (*mut u8, Layout, u8)> = BTreeMap::new();
            for (step, (slot, size, align)) in steps.into_iter().enumerate() {
                let mark = step as u8;
                let (block, now) = match held.remove(&slot) {
                    None => (unsafe { blocks.alloc(layout(size, 1 << align)) }, layout(size, 1 << align)),
                    Some((block, before, _)) if size % 3 == 0 => {
                        unsafe { blocks.dealloc(block, before) };
                        continue;
                    }
                    Some((block, before, mark)) => {
                        let now = layout(size, before.align());
                        let block = unsafe { blocks.realloc(block, before, size) };
                        let kept = unsafe { std::slice::from_raw_parts(block, size.min(before.size())) };
                        prop_assert!(kept.iter().all(|&byte| byte == mark));
                        (block, now)
                    }
                };
                prop_assert!(block.addr() % now.align() == 0);
                unsafe { block.write_bytes(mark, size) };
                held.insert(slot, (block, now, mark));
                for (block, layout, mark) in held.values() {
                    let bytes = unsafe { std::slice::from_raw_parts(*block, layout.size()) };
                    prop_assert!(bytes.iter().all(|byte| byte == mark));
                }
            }
            for (block, layout, _) in held.into_values() {
                unsafe { blocks.dealloc(block, layout) };
            }
        }
    }
}
