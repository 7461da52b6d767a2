//! `memcmp`, by which texts and keys compare, for WebAssembly: the C library's looks at one byte at a time, and a sync compares
//! texts by the million.

#![allow(unsafe_code, reason = "the compiler calls it by its name in C, with addresses")]

/// What of bytes that begin here is compared at once, as a number that is larger where the bytes are.
macro_rules! number {
    ($type:ty, $bytes:expr, $at:expr) => {
        // SAFETY: whoever calls says that so many bytes can be read there.
        <$type>::from_be(unsafe { $bytes.add($at).cast::<$type>().read_unaligned() })
    };
}

/// Compares `count` bytes, as the C standard says.
///
/// # Safety
/// As many bytes can be read at both addresses.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, count: usize) -> i32 {
    // The last piece may begin within the one before it, whose bytes are equal.
    macro_rules! by {
        ($type:ty) => {{
            const STEP: usize = size_of::<$type>();
            let mut at = 0;
            loop {
                let (a, b) = (number!($type, one, at), number!($type, other, at));
                if a != b {
                    return if a < b { -1 } else { 1 };
                }
                if at + STEP >= count {
                    return 0;
                }
                at = (at + STEP).min(count - STEP);
            }
        }};
    }
    match count {
        0 => 0,
        1 => by!(u8),
        2..4 => by!(u16),
        4..8 => by!(u32),
        8.. => by!(u64),
    }
}
