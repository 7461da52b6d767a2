//! One clock for the vendor, the component and the store, so that a lifetime means the same to all three.

use std::{fmt, time::Duration};

use crate::test_vendor::TestVendor;
use async_trait::async_trait;
use organisation_host::storage::Clock;

/// The vendor's clock, as the host shows it to the component and the store goes by it.
#[derive(Clone)]
pub struct StageClock<V> {
    vendor: V,
    ahead: Duration,
}

impl<V> StageClock<V> {
    /// Exactly the vendor's.
    pub fn of(vendor: V) -> Self {
        Self::ahead_of(vendor, Duration::ZERO)
    }

    /// That of a host which is ahead of the vendor.
    pub fn ahead_of(vendor: V, ahead: Duration) -> Self {
        Self { vendor, ahead }
    }
}

impl<V> fmt::Debug for StageClock<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageClock").finish_non_exhaustive()
    }
}

/// How often a sleeper looks whether a test has moved the clock, in real time.
const LOOK: Duration = Duration::from_millis(1);

#[async_trait]
impl<V: TestVendor> Clock for StageClock<V> {
    fn now_ms(&self) -> u64 {
        self.vendor.now() + u64::try_from(self.ahead.as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        let wanted = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let until = self.now_ms().saturating_add(wanted);
        while self.now_ms() < until {
            tokio::time::sleep(LOOK).await;
        }
    }
}
