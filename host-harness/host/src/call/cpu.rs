//! The CPU time of a call.
//!
//! A call is polled on one thread at a time, so that thread's own clock measures exactly what a poll burns: the guest's code,
//! and the host's for it, such as what a value costs that is handed over. Of that the limit is. What the call spends waiting,
//! or pushed aside by other programs, costs nothing; nor does what others do for it meanwhile: connections and databases run
//! in tasks and threads of their own.
//!
//! Beside it the guest's own part is measured: wasmtime reports when control passes between guest and host. Where the host
//! asks the guest for memory to put a result in, that counts as the host's: it happens for every text of a list, and to
//! read the clock each time took longer than all the rest of a long list.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use wasmtime::CallHook;

/// A stopwatch that runs while a call is polled. Read from within that, or in between.
#[derive(Debug, Default)]
pub(crate) struct CpuMeter {
    /// Nanoseconds of polls that are over.
    used: AtomicU64,
    /// Where the clock of the thread stood when the poll began that is under way; [`IDLE`] in between.
    began: AtomicU64,
}

/// No thread has run for no time when it polls a call.
const IDLE: u64 = 0;

impl CpuMeter {
    /// Measures what is a poll; how long it took.
    pub(crate) fn measure<T>(&self, poll: impl FnOnce() -> T) -> (T, Duration) {
        self.began.store(nanoseconds(thread_time()).max(1), Ordering::Relaxed);
        let polled = poll();
        let took = self.in_this_poll();
        self.began.store(IDLE, Ordering::Relaxed);
        self.used.fetch_add(nanoseconds(took), Ordering::Relaxed);
        (polled, took)
    }

    /// What the call has used until now.
    pub(crate) fn used(&self) -> Duration {
        Duration::from_nanos(self.used.load(Ordering::Relaxed)) + self.in_this_poll()
    }

    /// What the poll under way has used until now.
    pub(crate) fn in_this_poll(&self) -> Duration {
        match self.began.load(Ordering::Relaxed) {
            IDLE => Duration::ZERO,
            began => thread_time().saturating_sub(Duration::from_nanos(began)),
        }
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A stopwatch that runs while the guest does.
#[derive(Debug, Default)]
pub(crate) struct GuestStopwatch {
    used: Duration,
    started: Option<Duration>,
    /// Whether an import is under way.
    in_import: bool,
}

impl GuestStopwatch {
    /// Control passed between guest and host.
    pub(crate) fn passed(&mut self, hook: CallHook) {
        self.passed_at(hook, thread_time);
    }

    fn passed_at(&mut self, hook: CallHook, now: impl FnOnce() -> Duration) {
        match hook {
            CallHook::CallingHost => self.in_import = true,
            CallHook::ReturningFromHost => self.in_import = false,
            // Memory for a result.
            CallHook::CallingWasm | CallHook::ReturningFromWasm if self.in_import => return,
            CallHook::CallingWasm | CallHook::ReturningFromWasm => {}
        }
        let now = now();
        if let Some(started) = self.started.take() {
            self.used += now.saturating_sub(started);
        }
        if !hook.entering_host() {
            self.started = Some(now);
        }
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
    fn only_time_in_the_guest_is_the_guests() {
        let mut stopwatch = GuestStopwatch::default();
        let at = Duration::from_millis;
        for (hook, now, used) in [
            (CallHook::CallingWasm, Some(100), 0),
            (CallHook::CallingHost, Some(130), 30),
            (CallHook::ReturningFromHost, Some(500), 30),
            (CallHook::CallingHost, Some(505), 35),
            // The host calls back into the guest, for memory to put a result in: nobody looks at the clock.
            (CallHook::CallingWasm, None, 35),
            (CallHook::ReturningFromWasm, None, 35),
            (CallHook::ReturningFromHost, Some(700), 35),
            (CallHook::ReturningFromWasm, Some(710), 45),
        ] {
            stopwatch.passed_at(hook, || at(now.expect("nobody has to know the time")));
            assert_eq!(stopwatch.used(), at(used), "at {now:?}");
        }
    }

    #[test]
    fn all_time_of_a_poll_counts_and_none_in_between() {
        /// Works for so long, by the clock of this thread.
        fn work(milliseconds: u64) {
            let start = thread_time();
            while thread_time() < start + Duration::from_millis(milliseconds) {}
        }
        let meter = CpuMeter::default();
        let ((), first) = meter.measure(|| {
            work(5);
            assert!(meter.in_this_poll() >= Duration::from_millis(5) && meter.used() >= Duration::from_millis(5));
        });
        work(50);
        let ((), second) = meter.measure(|| work(1));
        assert_eq!(meter.used(), first + second);
        assert_eq!(meter.in_this_poll(), Duration::ZERO);
    }
}
