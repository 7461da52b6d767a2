//! The limits of a call, as far as they can be seen from inside it.

use std::{cell::LazyCell, time::Instant};

use crate::{
    Adapter,
    generated::exports::lowcode::organisation::call::{Budget, Guest},
    tally,
};

const WALL_MS: u64 = 60_000;
const REQUESTS: u64 = 500;
const BYTES_IN: u64 = 256 << 20;
const BYTES_OUT: u64 = 32 << 20;
/// Requests of one batch that run side by side.
pub(crate) const PARALLELISM: u32 = 16;
/// Bytes of the largest answer.
pub(crate) const LARGEST_RESPONSE: u64 = 16 << 20;

thread_local! {
    // An instance is one call; whoever makes several calls with one lets all of them share these limits.
    static BEGUN: LazyCell<Instant> = LazyCell::new(Instant::now);
}

impl Guest for Adapter {
    fn remaining() -> Budget {
        Budget {
            wall_ms: wall_ms(),
            // The largest number is what is not measured: of its own CPU time, memory and calls a component knows nothing.
            cpu_ms: u64::MAX,
            memory: u64::MAX,
            requests: u32::try_from(requests()).unwrap_or(u32::MAX),
            bytes_in: bytes_in(),
            bytes_out: bytes_out(),
            host_calls: u64::MAX,
            log_bytes: u64::MAX,
            parallelism: PARALLELISM,
            largest_response: LARGEST_RESPONSE,
        }
    }
}

/// Milliseconds that are left. They end requests and waits; nothing ends a loop of the element.
pub(crate) fn wall_ms() -> u64 {
    let gone = BEGUN.with(|begun| begun.elapsed().as_millis());
    WALL_MS.saturating_sub(u64::try_from(gone).unwrap_or(u64::MAX))
}

/// Requests that are left.
pub(crate) fn requests() -> u64 {
    REQUESTS.saturating_sub(tally::of("http"))
}

/// Bytes of answers that are left.
pub(crate) fn bytes_in() -> u64 {
    BYTES_IN.saturating_sub(tally::of("http-bytes-in"))
}

/// Bytes of requests that are left.
pub(crate) fn bytes_out() -> u64 {
    BYTES_OUT.saturating_sub(tally::of("http-bytes-out"))
}
