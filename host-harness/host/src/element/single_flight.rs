//! A cell whose value is made once, when it is first needed, by one caller at a time; and not again and again where it cannot
//! be made.

use std::{sync::OnceLock, time::Duration};

use tokio::{
    sync::Mutex,
    time::{Instant, timeout_at},
};

use crate::call::{CallError, LimitName, Limits};

/// How long a failure is answered to whoever else asks with the same limits, before somebody tries again.
const REMEMBERED: Duration = Duration::from_secs(5);

/// A value that is made when it is first needed.
pub(super) struct SingleFlight<T> {
    made: OnceLock<T>,
    /// Held by whoever makes it; what went wrong the last time.
    trying: Mutex<Option<RememberedFailure>>,
}

struct RememberedFailure {
    at: Instant,
    /// Of the call that tried.
    limits: Limits,
    error: CallError,
}

/// Why there is no value.
pub(super) enum SingleFlightError {
    /// It could not be made, now or a moment ago.
    Failed(CallError),
    /// Somebody else was still making it when the caller's time was over.
    OutOfTime,
}

impl<T> SingleFlight<T> {
    pub(super) fn new() -> Self {
        Self { made: OnceLock::new(), trying: Mutex::const_new(None) }
    }

    /// The value, which `make` makes where nobody has yet, within the limits of a call. Waits for others no longer than to
    /// the deadline; `make` has to keep to it by itself.
    pub(super) async fn get(
        &self,
        limits: &Limits,
        deadline: Instant,
        make: impl Future<Output = Result<T, CallError>>,
    ) -> Result<&T, SingleFlightError> {
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        let mut last = timeout_at(deadline, self.trying.lock()).await.map_err(|_| SingleFlightError::OutOfTime)?;
        if let Some(made) = self.made.get() {
            return Ok(made);
        }
        // What was too much for one may be enough for another. How long it may take does not matter, see below.
        let limits = Limits { wall_ms: 0, ..limits.clone() };
        if let Some(failure) = &*last
            && failure.at.elapsed() < REMEMBERED
            && failure.limits == limits
        {
            return Err(SingleFlightError::Failed(failure.error.clone()));
        }
        match make.await {
            Ok(made) => Ok(self.made.get_or_init(|| made)),
            Err(error) => {
                let remembered = || RememberedFailure { at: Instant::now(), limits, error: error.clone() };
                *last = is_the_components(&error).then(remembered);
                Err(SingleFlightError::Failed(error))
            }
        }
    }
}

/// Whether the same is to be expected of the next try. Who had little time left says nothing about others, no more than
/// memory that other calls had, and what the host itself could not do is for each call to ask.
fn is_the_components(error: &CallError) -> bool {
    match error {
        CallError::Limit { exceeded, .. } => {
            !matches!(exceeded.limit, LimitName::WallMs | LimitName::TenantMemoryBytes | LimitName::HostMemoryBytes)
        }
        CallError::Trap { .. } | CallError::Destination { .. } => true,
        CallError::Host { .. } | CallError::NotAdmitted { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::atomic::{AtomicU32, Ordering::Relaxed},
    };

    use super::*;
    use crate::{
        call::{CallSite, Exceeded, Trap, TrapKind},
        digest::Digest,
    };

    fn site() -> CallSite {
        let (tenant, element) = ("acme".to_owned(), "organisation".to_owned());
        CallSite { tenant, element, component: Digest::of(b""), function: "element.validate-config" }
    }

    fn limit(limit: LimitName) -> CallError {
        CallError::Limit { site: site(), exceeded: Exceeded { limit, allowed: 1, asked: 2 } }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(1)
    }

    #[tokio::test(start_paused = true)]
    async fn failures_of_the_component_are_remembered_for_a_while_and_others_are_not() {
        let trap = Trap {
            kind: TrapKind::Unreachable,
            reason: "panic".to_owned(),
            output: String::new(),
            backtrace: Vec::new(),
        };
        let host = CallError::Host { site: site(), reason: "no key".to_owned() };
        let destination =
            CallError::Destination { site: site(), place: "proxy".to_owned(), reason: "port 0".to_owned() };
        for (error, remembered) in [
            (CallError::Trap { site: site(), trap }, true),
            (destination, true),
            (limit(LimitName::CpuMs), true),
            (limit(LimitName::MemoryBytes), true),
            (limit(LimitName::WallMs), false),
            (limit(LimitName::TenantMemoryBytes), false),
            (limit(LimitName::HostMemoryBytes), false),
            (host, false),
        ] {
            let (cell, tries, limits) = (SingleFlight::new(), AtomicU32::new(0), Limits::default());
            let fails = || async {
                tries.fetch_add(1, Relaxed);
                Err::<(), _>(error.clone())
            };
            for expected in [1, if remembered { 1 } else { 2 }] {
                let failed = cell.get(&limits, soon(), fails()).await.err();
                assert!(matches!(failed, Some(SingleFlightError::Failed(found)) if found == error), "{error}");
                assert_eq!(tries.load(Relaxed), expected, "{error}");
            }
            let patient = Limits { wall_ms: limits.wall_ms + 1, ..limits.clone() };
            let _ = cell.get(&patient, soon(), fails()).await;
            assert_eq!(tries.load(Relaxed), if remembered { 1 } else { 3 }, "time is no other limit: {error}");
            let squeezed = Limits { memory_bytes: 1, ..limits.clone() };
            let _ = cell.get(&squeezed, soon(), fails()).await;
            assert_eq!(tries.load(Relaxed), if remembered { 2 } else { 4 }, "others have other limits: {error}");
            tokio::time::advance(REMEMBERED).await;
            assert!(cell.get(&limits, soon(), ready(Ok(()))).await.is_ok(), "{error}");
            assert!(cell.get(&limits, soon(), fails()).await.is_ok(), "what was made stays: {error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_another_waits_within_its_own_time_and_takes_over_from_one_who_goes() {
        let (cell, limits) = (SingleFlight::new(), Limits::default());
        let hangs = cell.get(&limits, soon(), pending());
        let waits = async {
            let until = Instant::now() + Duration::from_millis(100);
            assert!(matches!(cell.get(&limits, until, ready(Ok(1))).await, Err(SingleFlightError::OutOfTime)));
            assert_eq!(Instant::now(), until);
        };
        tokio::select! {
            biased;
            _ = hangs => panic!("it never ends"),
            () = waits => {}
        }
        assert!(matches!(cell.get(&limits, soon(), ready(Ok(2))).await, Ok(2)));
    }
}
