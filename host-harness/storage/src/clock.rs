//! The store's clock: what time to live and `wait` go by.
//!
//! It is a trait so that tests move time by hand instead of sleeping. A shared database has a clock of its own, which
//! is why components are promised "the store's clock" and not the host's.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use tokio::sync::watch;

/// A source of time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970.
    fn now_ms(&self) -> u64;

    /// Returns after this much time. Dropping the future ends the sleep.
    async fn sleep(&self, duration: Duration);
}

/// The machine's clock. `sleep` is not disturbed when somebody sets the time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// A clock that stands still until a test moves it. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now_ms: Arc<watch::Sender<u64>>,
}

impl ManualClock {
    /// A clock that shows this time.
    pub fn at(now_ms: u64) -> Self {
        Self { now_ms: Arc::new(watch::Sender::new(now_ms)) }
    }

    /// Moves the clock and wakes whoever slept up to the new time.
    pub fn advance(&self, duration: Duration) {
        self.now_ms.send_modify(|now| *now = now.saturating_add(milliseconds(duration)));
    }

    /// How many sleeps are under way at this moment.
    pub fn sleepers(&self) -> usize {
        self.now_ms.receiver_count()
    }

    /// Returns as soon as at least this many sleeps are under way: a test that wants to move the clock under a sleeper
    /// waits for it here first.
    pub async fn until_sleepers(&self, count: usize) {
        while self.sleepers() < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now_ms(&self) -> u64 {
        *self.now_ms.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        let mut moved = self.now_ms.subscribe();
        let deadline = self.now_ms().saturating_add(milliseconds(duration));
        if moved.wait_for(|now| *now >= deadline).await.is_err() {
            // Cannot happen while `self` holds the sender; a clock that is gone never moves again.
            std::future::pending::<()>().await;
        }
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_exactly_at_their_time() {
        let clock = ManualClock::at(1_000);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.sleep(Duration::from_millis(10)).await;
                clock.now_ms()
            }
        });
        clock.until_sleepers(1).await;
        clock.advance(Duration::from_millis(9));
        tokio::task::yield_now().await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_millis(1));
        assert_eq!(sleeper.await.unwrap(), 1_010);
        assert_eq!(clock.sleepers(), 0);
    }
}
