//! A clock that stands still.

use std::time::Duration;

use wasmtime_wasi::HostWallClock;

/// The time that it shows, since 1970.
#[derive(Clone, Copy)]
pub(crate) struct Stopped(pub(crate) Duration);

impl HostWallClock for Stopped {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0
    }
}
