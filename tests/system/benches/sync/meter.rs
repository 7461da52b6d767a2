//! CPU time, of the whole process and of one thread: the host measures its guests by the same clock.

use std::time::Duration;

/// What all threads of this process have used so far.
#[cfg(unix)]
pub fn process_time() -> Duration {
    clock(rustix::time::ClockId::ProcessCPUTime)
}

/// What this thread has used so far.
#[cfg(unix)]
pub fn thread_time() -> Duration {
    clock(rustix::time::ClockId::ThreadCPUTime)
}

#[cfg(unix)]
fn clock(clock: rustix::time::ClockId) -> Duration {
    let now = rustix::time::clock_gettime(clock);
    // A clock that counts up from the start of a process is never negative.
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// Where there is no such clock, time at all is counted.
#[cfg(not(unix))]
pub fn process_time() -> Duration {
    use std::{sync::LazyLock, time::Instant};
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}

/// Where there is no such clock, time at all is counted.
#[cfg(not(unix))]
pub fn thread_time() -> Duration {
    process_time()
}
