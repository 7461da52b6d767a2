//! The clock of the service: lifetimes of tokens and codes follow it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Real time, or an instant that a test moves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    frozen_at_ms: Option<u64>,
    offset_ms: u64,
}

impl Clock {
    /// A clock that stands still until it is advanced.
    pub fn frozen_at(ms: u64) -> Self {
        Self { frozen_at_ms: Some(ms), offset_ms: 0 }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        let real = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis);
        self.frozen_at_ms.unwrap_or_else(real) + self.offset_ms
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.offset_ms += millis(by);
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
