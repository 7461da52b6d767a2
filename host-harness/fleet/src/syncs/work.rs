//! One periodic sync of one tenant, under its lease: calls of `directory.advance` until the run is complete, has to wait, or the
//! host stops.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use organisation_host::{
    CallFailure, Digest, Element,
    contract::{
        directory::{Goal, Pause, Strategy, SyncStep},
        types::{self, Reason},
    },
    reason_name,
    storage::Clock,
};
use tokio::{
    sync::{Notify, watch},
    time::{MissedTickBehavior, interval, sleep, sleep_until, timeout_at},
};

use super::{
    lease_store::{FailureCount, LeaseStore, SyncLease},
    outcome::{SHORTEST_WAIT, SyncOutcome, cooldown},
};
use crate::{
    observe::{SyncAdvance, SyncObserver, SyncReport},
    tenants::Tenant,
};

/// A wait that is not longer is waited for while the lease is held.
const WAITED_FOR: Duration = Duration::from_secs(2);

/// Calls of one run follow each other no faster.
const SHORTEST_CALL: Duration = Duration::from_millis(50);

/// When the host stops: not yet, or no call may run beyond this instant.
pub(super) type Stopping = watch::Receiver<Option<tokio::time::Instant>>;

/// A periodic sync that is to be carried out.
pub(super) struct Work {
    pub(super) leases: LeaseStore,
    pub(super) tenant: Tenant,
    pub(super) period: Duration,
    /// The time to live of the lease.
    pub(super) ttl: Duration,
    /// The longest that one call may take, so that a host that stops need not wait long for its end.
    pub(super) slice: Duration,
    /// After this the lease is given back although the run goes on.
    pub(super) longest_hold: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observers: Arc<[Arc<dyn SyncObserver>]>,
    pub(super) stopping: Stopping,
}

impl Work {
    /// Synchronises under a lease that was taken, and gives it back.
    pub(super) async fn carry_out(self, mut lease: SyncLease, count: FailureCount) {
        let recorder = SyncRecorder::begin(Arc::clone(&self.observers), &self.tenant, count.failures);
        let (over, lost) = (Notify::new(), Notify::new());
        let work = async {
            let outcome = tokio::select! {
                biased;
                () = lost.notified() => SyncOutcome::Lost,
                () = stopped(self.stopping.clone()) => SyncOutcome::Stopped,
                outcome = self.advance() => outcome,
            };
            over.notify_one();
            outcome
        };
        let (outcome, ()) = tokio::join!(work, self.keep(&mut lease, &over, &lost));
        let (cooldown, failures) = cooldown(&outcome, self.period, count.failures, fastrand::f64());
        let tenant = Arc::clone(&lease.tenant);
        let (trouble, notice) = lease.trouble.after(&outcome, failures, self.period, self.clock.now_ms());
        lease.trouble = trouble;
        let outcome = match outcome {
            SyncOutcome::Lost => outcome,
            _ => match self.leases.release(lease, outcome.name(), cooldown, FailureCount { failures }).await {
                Ok(true) => {
                    // Said when it is stored, and so by one host.
                    if let Some(notice) = notice {
                        notice.log(&tenant, &outcome, trouble);
                    }
                    outcome
                }
                Ok(false) => SyncOutcome::Lost,
                Err(error) => {
                    // It expires by itself, and then a host looks again: at worst one sync too many.
                    tracing::warn!(lowcode.tenant = &*tenant, %error, "a sync lease could not be given back");
                    outcome
                }
            },
        };
        let cooldown = cooldown.unwrap_or_default();
        if !matches!(outcome, SyncOutcome::Complete | SyncOutcome::Unfinished | SyncOutcome::Stopped) {
            tracing::info!(lowcode.tenant = &*tenant, ?outcome, failures, ?cooldown, "a periodic sync ended");
        }
        recorder.end(&outcome, failures, cooldown);
    }

    /// Renews the lease until the work is over, and notifies when it is lost: taken by another host, or not known to be
    /// renewed when its time is over, since then another host may take it. Only then is a renewal broken off: otherwise it
    /// must be known whether it happened, or the lease could not be distinguished from another host's.
    async fn keep(&self, lease: &mut SyncLease, over: &Notify, lost: &Notify) {
        let mut renewals = interval((self.ttl / 3).max(Duration::from_millis(1)));
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewals.tick().await;
        loop {
            tokio::select! {
                biased;
                () = over.notified() => return,
                _ = renewals.tick() => {}
            }
            let (tenant, expires) = (Arc::clone(&lease.tenant), lease.since + self.ttl);
            match timeout_at(expires, self.leases.renew(lease)).await {
                Ok(Ok(true)) => {}
                // The store may be back before the lease is over.
                Ok(Err(error)) if tokio::time::Instant::now() < expires => {
                    tracing::warn!(lowcode.tenant = &*tenant, %error, "a sync lease could not be renewed");
                }
                Ok(Ok(false) | Err(_)) | Err(_) => {
                    lost.notify_one();
                    return;
                }
            }
        }
    }

    async fn advance(&self) -> SyncOutcome {
        let (element, began) = (self.sliced(), Instant::now());
        let mut run = match element.begin(&Strategy::Automatic).await {
            Ok(begun) => begun.progress.run,
            Err(error) => return failed(error),
        };
        let mut was_given_up = false;
        loop {
            if self.stopping.borrow().is_some() {
                return SyncOutcome::Stopped;
            }
            let called = Instant::now();
            let step = match element.advance(&run, Goal::Complete).await {
                Ok(step) => step,
                // Somebody gave it up meanwhile: the next one is as good, but one alone.
                Err(CallFailure::Refused(error)) if error.reason == Reason::NotFound && !was_given_up => {
                    was_given_up = true;
                    match element.begin(&Strategy::Automatic).await {
                        Ok(begun) => run = begun.progress.run,
                        Err(error) => return failed(error),
                    }
                    continue;
                }
                Err(error) => return failed(error),
            };
            let component = element.component().digest();
            let advance = SyncAdvance { tenant: &self.tenant.name, component, step: &step };
            for observer in &*self.observers {
                observer.sync_advanced(&advance);
            }
            let is_long = began.elapsed() >= self.longest_hold;
            match step {
                SyncStep::More(_) | SyncStep::Wait(_) if is_long => return SyncOutcome::Unfinished,
                // A call that was used up took seconds: one that comes back at once must not keep a processor busy.
                SyncStep::More(_) => sleep(SHORTEST_CALL.saturating_sub(called.elapsed())).await,
                SyncStep::Wait(waiting) => {
                    let wait = Duration::from_millis(waiting.not_before.saturating_sub(self.clock.now_ms()));
                    if wait > WAITED_FOR {
                        let (reason, vendor_code) = (waiting.reason, waiting.vendor_code);
                        return SyncOutcome::Waiting { wait, reason, vendor_code };
                    }
                    sleep(wait.max(SHORTEST_WAIT)).await;
                }
                SyncStep::Blocked(Pause {
                    error: types::Error { reason: Reason::MassRemovalBlocked(removal), .. },
                    progress,
                }) => return SyncOutcome::Blocked { run: progress.run, removal },
                // Blocked for another reason than the contract allows is a pause all the same.
                SyncStep::Paused(pause) | SyncStep::Blocked(pause) => {
                    let types::Error { reason, message, hint, vendor_code, .. } = pause.error;
                    let reason = reason_name(&reason).to_owned();
                    return SyncOutcome::Paused { reason, vendor_code, message, hint };
                }
                SyncStep::Planned(_) | SyncStep::Complete(_) => return SyncOutcome::Complete,
            }
        }
    }

    fn sliced(&self) -> Element {
        let mut limits = self.tenant.element.limits().clone();
        let slice = u64::try_from(self.slice.as_millis()).unwrap_or(u64::MAX);
        limits.wall_ms = limits.wall_ms.min(slice);
        self.tenant.element.with_limits(limits)
    }
}

/// A periodic sync under way, as observers know of it. Dropped before its end it was broken off, and they hear of that too.
struct SyncRecorder {
    observers: Arc<[Arc<dyn SyncObserver>]>,
    tenant: Arc<str>,
    component: Digest,
    began: Instant,
    /// Before this sync.
    failures: u32,
    is_open: bool,
}

impl SyncRecorder {
    fn begin(observers: Arc<[Arc<dyn SyncObserver>]>, tenant: &Tenant, failures: u32) -> Self {
        let (component, tenant) = (tenant.element.component().digest(), Arc::clone(&tenant.name));
        for observer in &*observers {
            observer.sync_began(&tenant);
        }
        Self { observers, tenant, component, began: Instant::now(), failures, is_open: true }
    }

    fn end(mut self, outcome: &SyncOutcome, failures: u32, cooldown: Duration) {
        self.report(outcome, failures, cooldown);
    }

    fn report(&mut self, outcome: &SyncOutcome, failures: u32, cooldown: Duration) {
        self.is_open = false;
        let report = SyncReport {
            tenant: &self.tenant,
            component: self.component,
            outcome,
            took: self.began.elapsed(),
            failures,
            cooldown,
        };
        for observer in &*self.observers {
            observer.sync_ended(&report);
        }
    }
}

impl Drop for SyncRecorder {
    fn drop(&mut self) {
        if self.is_open {
            self.report(&SyncOutcome::BrokenOff, self.failures, Duration::ZERO);
        }
    }
}

fn failed(failure: CallFailure) -> SyncOutcome {
    match failure {
        CallFailure::Refused(error) => SyncOutcome::Failed {
            reason: reason_name(&error.reason).to_owned(),
            vendor_code: error.vendor_code,
            retry_after: error.retry_after_ms.map(Duration::from_millis),
            message: error.message,
            hint: error.hint,
        },
        CallFailure::Failed(failed) => SyncOutcome::Failed {
            reason: failed.error.kind().to_owned(),
            vendor_code: None,
            retry_after: None,
            message: failed.error.to_string(),
            hint: None,
        },
    }
}

/// Returns when no call may run any more.
async fn stopped(mut stopping: Stopping) {
    let until = match stopping.wait_for(Option::is_some).await {
        Ok(until) => *until,
        // Whoever could stop the host is gone, so it never stops.
        Err(_) => None,
    };
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}
