//! One turn of one tenant: calls of `directory.sync` until the run is complete, has to wait, or the host stops.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Notify, watch},
    time::{MissedTickBehavior, interval, sleep, sleep_until, timeout_at},
};

use super::{
    ended::{Ended, rest},
    ledger::{Claim, Ledger, Tally},
};
use crate::{
    call::{Called, reason_name},
    contract::{
        directory::{Strategy, SyncRequest, SyncStep},
        types,
    },
    digest::Digest,
    element::Element,
    observe::{Advance, Observer, Turn},
    storage::Clock,
    tenants::Tenant,
};

/// A wait that is not longer is waited for within the turn.
const WAITED_FOR: Duration = Duration::from_secs(2);

/// When the host stops: not yet, or no call may run beyond this instant.
pub(super) type Stopping = watch::Receiver<Option<tokio::time::Instant>>;

/// What a turn works with.
pub(super) struct Work {
    pub(super) ledger: Ledger,
    pub(super) tenant: Tenant,
    pub(super) period: Duration,
    pub(super) lease: Duration,
    /// The longest that one call may take, so that a host that stops need not wait long for its end.
    pub(super) slice: Duration,
    /// After this a turn ends although the run goes on.
    pub(super) longest: Duration,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) observers: Arc<[Arc<dyn Observer>]>,
    pub(super) stopping: Stopping,
}

impl Work {
    /// Works through a turn that was claimed, and ends it.
    pub(super) async fn carry_out(self, mut claim: Claim, tally: Tally) {
        let telling = Telling::begin(Arc::clone(&self.observers), &self.tenant, tally.failures);
        let (over, lost) = (Notify::new(), Notify::new());
        let work = async {
            let ended = tokio::select! {
                biased;
                () = lost.notified() => Ended::Lost,
                () = stopped(self.stopping.clone()) => Ended::Stopped,
                ended = self.advance() => ended,
            };
            over.notify_one();
            ended
        };
        let (ended, ()) = tokio::join!(work, self.keep(&mut claim, &over, &lost));
        let (rest, failures) = rest(&ended, self.period, tally.failures, fastrand::f64());
        let tenant = Arc::clone(&claim.tenant);
        let ended = match ended {
            Ended::Lost => ended,
            _ => match self.ledger.end(claim, ended.name(), rest, Tally { failures }).await {
                Ok(true) => ended,
                Ok(false) => Ended::Lost,
                Err(error) => {
                    // It expires by itself, and then somebody looks again: at worst one turn too many.
                    tracing::warn!(lowcode.tenant = &*tenant, %error, "the end of a turn could not be stored");
                    ended
                }
            },
        };
        let rest = rest.unwrap_or_default();
        if !matches!(ended, Ended::Complete | Ended::Unfinished | Ended::Stopped) {
            tracing::info!(lowcode.tenant = &*tenant, ?ended, failures, ?rest, "a turn of synchronisation ended");
        }
        telling.end(&ended, failures, rest);
    }

    /// Renews the turn until the work is over, and tells when it is lost: taken by another host, or not known to be
    /// renewed when its lease is over, since then another host may take it. Only then is a renewal broken off: otherwise it
    /// must be known whether it happened, or the end of the turn could not be told from another host's.
    async fn keep(&self, claim: &mut Claim, over: &Notify, lost: &Notify) {
        let mut renewals = interval((self.lease / 3).max(Duration::from_millis(1)));
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        renewals.tick().await;
        loop {
            tokio::select! {
                biased;
                () = over.notified() => return,
                _ = renewals.tick() => {}
            }
            let (tenant, expires) = (Arc::clone(&claim.tenant), claim.since + self.lease);
            match timeout_at(expires, self.ledger.renew(claim)).await {
                Ok(Ok(true)) => {}
                // The store may be back before the lease is over.
                Ok(Err(error)) if tokio::time::Instant::now() < expires => {
                    tracing::warn!(lowcode.tenant = &*tenant, %error, "a turn could not be renewed");
                }
                Ok(Ok(false) | Err(_)) | Err(_) => {
                    lost.notify_one();
                    return;
                }
            }
        }
    }

    async fn advance(&self) -> Ended {
        let (element, began) = (self.sliced(), Instant::now());
        let request =
            SyncRequest { dry_run: false, allow_mass_removal: false, strategy: Strategy::Automatic, restart: false };
        loop {
            if self.stopping.borrow().is_some() {
                return Ended::Stopped;
            }
            let step = match element.sync(&request).await {
                Ok(Called { value: Ok(step), .. }) => step,
                Ok(Called { value: Err(error), .. }) => return failed(&error),
                Err(failed) => {
                    let reason = failed.error.kind().to_owned();
                    return Ended::Failed { reason, vendor_code: None, retry_after: None };
                }
            };
            let component = element.component().digest();
            let advance = Advance { tenant: &self.tenant.name, component, step: &step };
            for observer in &*self.observers {
                observer.turn_advanced(&advance);
            }
            let is_long = began.elapsed() >= self.longest;
            match step {
                SyncStep::More(_) | SyncStep::Wait(_) if is_long => return Ended::Unfinished,
                SyncStep::More(_) => {}
                SyncStep::Wait(waiting) => {
                    let wait = Duration::from_millis(waiting.not_before.saturating_sub(self.clock.now_ms()));
                    if wait > WAITED_FOR {
                        let (reason, vendor_code) = (waiting.reason, waiting.vendor_code);
                        return Ended::Waiting { wait, reason, vendor_code };
                    }
                    sleep(wait.max(Duration::from_millis(50))).await;
                }
                SyncStep::Paused(pause) => {
                    let (reason, vendor_code) = (reason_name(&pause.error.reason).to_owned(), pause.error.vendor_code);
                    return Ended::Paused { reason, vendor_code };
                }
                SyncStep::Planned(_) | SyncStep::Complete(_) => return Ended::Complete,
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

/// A turn under way, as observers know of it. Whoever drops it open has broken it off, and they hear of that too.
struct Telling {
    observers: Arc<[Arc<dyn Observer>]>,
    tenant: Arc<str>,
    component: Digest,
    began: Instant,
    /// Before this turn.
    failures: u32,
    is_open: bool,
}

impl Telling {
    fn begin(observers: Arc<[Arc<dyn Observer>]>, tenant: &Tenant, failures: u32) -> Self {
        let (component, tenant) = (tenant.element.component().digest(), Arc::clone(&tenant.name));
        for observer in &*observers {
            observer.turn_began(&tenant);
        }
        Self { observers, tenant, component, began: Instant::now(), failures, is_open: true }
    }

    fn end(mut self, ended: &Ended, failures: u32, rest: Duration) {
        self.tell(ended, failures, rest);
    }

    fn tell(&mut self, ended: &Ended, failures: u32, rest: Duration) {
        self.is_open = false;
        let turn =
            Turn { tenant: &self.tenant, component: self.component, ended, took: self.began.elapsed(), failures, rest };
        for observer in &*self.observers {
            observer.turn_ended(&turn);
        }
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if self.is_open {
            self.tell(&Ended::BrokenOff, self.failures, Duration::ZERO);
        }
    }
}

fn failed(error: &types::Error) -> Ended {
    Ended::Failed {
        reason: reason_name(&error.reason).to_owned(),
        vendor_code: error.vendor_code,
        retry_after: error.retry_after_ms.map(Duration::from_millis),
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
