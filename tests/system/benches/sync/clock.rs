//! Real time: what the component asks to wait is waited for, and reported apart.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

/// Sleeps until an instant of [`now_ms`].
pub async fn sleep_until(instant: u64) {
    tokio::time::sleep(Duration::from_millis(instant.saturating_sub(now_ms()))).await;
}
