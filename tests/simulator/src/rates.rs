//! Rate counters: fixed windows in simulated time, and the block that follows an excess (fact sheet section 10.7).

use std::collections::HashMap;

use crate::behaviour::{Limits, Rate};
use crate::clock::{UnixMillis, millis};

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    started: UnixMillis,
    calls: u64,
    blocked_until: UnixMillis,
}

impl Window {
    /// Counts one call; false when it is refused.
    fn admit(&mut self, rate: Rate, now: UnixMillis) -> bool {
        if now < self.blocked_until {
            return false;
        }
        if now >= self.started + millis(rate.window) || self.blocked_until != 0 {
            *self = Self { started: now, ..Self::default() };
        }
        self.calls += 1;
        if self.calls > rate.calls {
            self.blocked_until = now + millis(rate.window);
            return false;
        }
        true
    }
}

/// All windows of the corp.
#[derive(Debug, Default)]
pub(crate) struct Rates {
    /// By API, address ("" = corp) and window length.
    windows: HashMap<(String, String, u64), Window>,
    /// APIs blocked by a fault, until when.
    blocks: HashMap<String, UnixMillis>,
    /// Wrong secrets by address: when the first came, how many, blocked until.
    wrong_secrets: HashMap<String, Window>,
}

impl Rates {
    /// Whether this call is admitted; counts it.
    pub(crate) fn admit(&mut self, limits: &Limits, api: &str, address: &str, now: UnixMillis) -> bool {
        if self.blocks.get(api).is_some_and(|until| now < *until) {
            return false;
        }
        let scopes = [("", &limits.per_corp), (address, &limits.per_address)];
        let mut admitted = true;
        for (scope, rates) in scopes {
            for rate in rates {
                let window = (api.to_owned(), scope.to_owned(), millis(rate.window));
                admitted &= self.windows.entry(window).or_default().admit(*rate, now);
            }
        }
        admitted
    }

    /// Counts one call against one rate of its own; `scope` is whose calls are counted together.
    pub(crate) fn admit_one(&mut self, rate: Rate, name: &str, scope: &str, now: UnixMillis) -> bool {
        let window = (name.to_owned(), scope.to_owned(), millis(rate.window));
        self.windows.entry(window).or_default().admit(rate, now)
    }

    /// Blocks an API.
    pub(crate) fn block(&mut self, api: &str, until: UnixMillis) {
        self.blocks.insert(api.to_owned(), until);
    }

    /// Notes a wrong secret; the block starts once more than `allowed` came within an hour.
    pub(crate) fn wrong_secret(&mut self, address: &str, allowed: u32, now: UnixMillis) {
        self.wrong_secrets
            .entry(address.to_owned())
            .or_default()
            .admit(Rate::per_hour(u64::from(allowed).saturating_sub(1)), now);
    }

    /// Whether the address is blocked for wrong secrets.
    pub(crate) fn address_blocked(&self, address: &str, now: UnixMillis) -> bool {
        self.wrong_secrets.get(address).is_some_and(|window| now < window.blocked_until)
    }

    /// Lifts every block and forgets every count.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excess_blocks_for_the_length_of_the_window() {
        let limits = Limits { per_corp: vec![Rate::per_minute(2)], ..Limits::default() };
        let mut rates = Rates::default();
        for (at, api, expected) in [
            (0, "a", true),
            (1, "a", true),
            (2, "a", false),
            (3, "b", true),
            (59_999, "a", false),
            (60_001, "a", false),
            (60_002, "a", true),
            (60_003, "a", true),
            (60_004, "a", false),
        ] {
            assert_eq!(rates.admit(&limits, api, "ip", at), expected, "{api} at {at}");
        }
    }

    #[test]
    fn the_last_allowed_wrong_secret_starts_the_block() {
        let mut rates = Rates::default();
        for (count, blocked) in [(1, false), (2, false), (3, true)] {
            rates.wrong_secret("ip", 3, 1);
            assert_eq!(rates.address_blocked("ip", 2), blocked, "after {count}");
        }
        assert!(!rates.address_blocked("other", 2));
        assert!(!rates.address_blocked("ip", 3_600_002));
    }
}
