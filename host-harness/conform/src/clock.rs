//! A clock that runs like the machine's and can be put forward: what takes minutes by the contract takes none here.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use organisation_host::storage::{Clock, SystemClock};

/// How often a sleeper looks whether the clock was put forward.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

#[derive(Default)]
pub(super) struct ForwardClock {
    ahead_ms: AtomicU64,
}

impl ForwardClock {
    pub(super) fn put_forward(&self, by: Duration) {
        self.ahead_ms.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for ForwardClock {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms().saturating_add(self.ahead_ms.load(Ordering::SeqCst))
    }

    async fn sleep(&self, duration: Duration) {
        let until = self.now_ms().saturating_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        while self.now_ms() < until {
            tokio::time::sleep(POLL_INTERVAL.min(duration)).await;
        }
    }
}
