//! How fast one tenant may ask one destination.
//!
//! The component paces itself by the vendor's rules; this is the operator's own brake, so that one tenant cannot use up
//! what the vendor grants to the address of the host. Off by default: only the operator knows the rate.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};

use super::destination::Destination;

/// Decides when a request may start.
#[async_trait]
pub trait Pacer: Send + Sync {
    /// Returns when the next request of `tenant` to `destination` may start. May be dropped at any time.
    async fn pace(&self, tenant: &str, destination: &Destination);
}

/// One token bucket for each tenant and destination, kept as the time at which the bucket is full again.
#[derive(Debug)]
pub struct TokenBuckets {
    interval: Duration,
    burst: u32,
    full_at: Mutex<HashMap<(String, Destination), Instant>>,
}

impl TokenBuckets {
    /// Buckets above this number make the full ones, which are as good as new, be forgotten.
    const FORGET_ABOVE: usize = 1024;

    /// `per_second` requests in the long run and `burst` at once; each at least one.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            burst: burst.max(1),
            full_at: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one token and says from when on it is good.
    fn take(&self, tenant: &str, destination: &Destination, now: Instant) -> Instant {
        // A panic while the lock was held cannot leave the map half changed, so a poisoned lock is good to use.
        let mut buckets = self.full_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if buckets.len() >= Self::FORGET_ABOVE {
            buckets.retain(|_, full_at| *full_at > now);
        }
        let full_at = buckets.entry((tenant.to_owned(), destination.clone())).or_insert(now);
        let start = (*full_at).max(now);
        *full_at = start + self.interval;
        start.checked_sub(self.interval * (self.burst - 1)).map_or(now, |good_from| good_from.max(now))
    }
}

#[async_trait]
impl Pacer for TokenBuckets {
    async fn pace(&self, tenant: &str, destination: &Destination) {
        let now = Instant::now();
        let good_from = self.take(tenant, destination, now);
        if good_from > now {
            sleep_until(good_from).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    fn destination(url: &str) -> Destination {
        Destination::of(&Url::parse(url).unwrap()).unwrap()
    }

    /// Milliseconds after the start at which each of `count` requests may start.
    async fn starts(pacer: &TokenBuckets, tenant: &str, url: &str, count: usize) -> Vec<u128> {
        let begin = Instant::now();
        let mut starts = Vec::new();
        for _ in 0..count {
            pacer.pace(tenant, &destination(url)).await;
            starts.push(begin.elapsed().as_millis());
        }
        starts
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let pacer = TokenBuckets::new(10, 3);
        assert_eq!(starts(&pacer, "acme", "https://a.example", 5).await, [0, 0, 0, 100, 200]);
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!(starts(&pacer, "acme", "https://a.example", 4).await, [0, 0, 0, 100], "full again");
    }

    #[tokio::test(start_paused = true)]
    async fn tenants_and_destinations_do_not_slow_each_other() {
        let pacer = TokenBuckets::new(1, 1);
        for (tenant, url) in [
            ("acme", "https://a.example"),
            ("other", "https://a.example"),
            ("acme", "https://b.example"),
            ("acme", "https://a.example:8443"),
        ] {
            assert_eq!(starts(&pacer, tenant, url, 1).await, [0], "{tenant} {url}");
        }
        assert_eq!(starts(&pacer, "acme", "https://a.example", 1).await, [1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn full_buckets_are_forgotten() {
        let pacer = TokenBuckets::new(1000, 1);
        for tenant in 0..3 * TokenBuckets::FORGET_ABOVE {
            pacer.pace(&tenant.to_string(), &destination("https://a.example")).await;
            tokio::time::advance(Duration::from_millis(2)).await;
        }
        assert!(pacer.full_at.lock().unwrap().len() <= TokenBuckets::FORGET_ABOVE);
    }
}
