//! The CPU time of a guest.
//!
//! Wasmtime reports when control passes between guest and host; between two such moments the guest stays on one thread,
//! so that thread's own clock measures exactly what it burnt. What it spends parked in the host, waiting for its turn
//! or pushed aside by other programs costs nothing.

use std::time::Duration;

use wasmtime::CallHook;

/// A stopwatch that runs while the guest does.
#[derive(Debug, Default)]
pub(crate) struct CpuMeter {
    used: Duration,
    started: Option<Duration>,
}

impl CpuMeter {
    /// Control passed between guest and host.
    pub(crate) fn passed(&mut self, hook: CallHook) {
        self.passed_at(hook, thread_time());
    }

    fn passed_at(&mut self, hook: CallHook, now: Duration) {
        if let Some(started) = self.started.take() {
            self.used += now.saturating_sub(started);
        }
        if hook.entering_host() {
            return;
        }
        self.started = Some(now);
    }

    /// What the guest has used up to the last time that it gave control away.
    pub(crate) fn used(&self) -> Duration {
        self.used
    }
}

#[cfg(unix)]
fn thread_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    // A clock that counts up from the start of a thread is never negative.
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// Where there is no clock for a thread, time at all is counted: the limit is then stricter on a busy machine.
#[cfg(not(unix))]
fn thread_time() -> Duration {
    use std::{sync::LazyLock, time::Instant};
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_in_the_guest_counts() {
        let mut meter = CpuMeter::default();
        let at = Duration::from_millis;
        for (hook, now, used) in [
            (CallHook::CallingWasm, 100, 0),
            (CallHook::CallingHost, 130, 30),
            (CallHook::ReturningFromHost, 500, 30),
            (CallHook::CallingHost, 505, 35),
            // The host calls back into the guest, for memory to put a result in.
            (CallHook::CallingWasm, 600, 35),
            (CallHook::ReturningFromWasm, 601, 36),
            (CallHook::ReturningFromHost, 700, 36),
            (CallHook::ReturningFromWasm, 710, 46),
        ] {
            meter.passed_at(hook, at(now));
            assert_eq!(meter.used(), at(used), "at {now}");
        }
    }

    #[test]
    fn the_clock_of_a_thread_runs_while_it_works() {
        let (start, wall) = (thread_time(), std::time::Instant::now());
        while wall.elapsed() < Duration::from_secs(5) && thread_time() <= start {}
        assert!(thread_time() > start);
    }
}
