//! The clock of the simulated platform. Every lifetime follows it: tokens, codes, tickets, rate windows and blocks.
//!
//! By default it shows real time plus an offset that tests move forward; it can also be frozen, which makes expiry
//! tests exact. It never sleeps and nothing waits for it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since the Unix epoch, in simulated time.
pub type UnixMillis = u64;

/// Real time plus an offset, or a frozen instant.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    frozen: Option<UnixMillis>,
    offset: u64,
}

impl Clock {
    /// A clock that stands still at `at` until it is advanced.
    pub fn frozen_at(at: UnixMillis) -> Self {
        Self { frozen: Some(at), offset: 0 }
    }

    /// The present instant.
    pub fn now(&self) -> UnixMillis {
        self.frozen.unwrap_or_else(real_time).saturating_add(self.offset)
    }

    /// Moves the clock forward. Time never runs backwards, as on the platform.
    pub fn advance(&mut self, by: Duration) {
        self.offset = self.offset.saturating_add(millis(by));
    }

    /// Stops the clock at the present instant.
    pub fn freeze(&mut self) {
        *self = Self::frozen_at(self.now());
    }

    /// Whether the clock stands still until it is advanced.
    pub fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// Lets a frozen clock run on from where it stands (or from real time, if that is later).
    pub fn thaw(&mut self) {
        let now = self.now();
        *self = Self { frozen: None, offset: now.saturating_sub(real_time()) };
    }
}

/// `duration` in whole milliseconds, saturating.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn real_time() -> UnixMillis {
    SystemTime::now().duration_since(UNIX_EPOCH).map(millis).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frozen_clock_moves_only_when_advanced() {
        let mut clock = Clock::frozen_at(1_000);
        assert_eq!(clock.now(), 1_000);
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now(), 3_000);
    }

    #[test]
    fn thawing_never_turns_time_back() {
        let far = real_time() + 3_600_000;
        let mut clock = Clock::frozen_at(far);
        clock.thaw();
        assert!(clock.now() >= far);
        clock.freeze();
        assert_eq!(clock.now(), clock.now());
    }
}
