//! Permits for calls, given out fairly: no tenant's calls, however many, keep another's waiting for long, and what runs
//! in the background gives way to a person who waits, without being forgotten.
//!
//! Waiting for a permit is cheap: a call that waits has neither an instance nor a connection. Calls that have begun share the
//! [`processor`] by the same rule: what one tenant runs, and in however many calls, takes no more from another than the
//! other way round.

mod cpu_queue;
pub(crate) mod processor;
mod schedule;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use derive_setters::Setters;

use schedule::{Schedule, Ticket};
use tokio::sync::oneshot;

/// Who waits for the answer of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// A person.
    Interactive = 0,
    /// Nobody in particular: the work of a synchronisation, and what a delivery of the vendor left for later.
    Background = 1,
}

impl Urgency {
    /// The urgency of an export of the contract.
    pub(crate) fn of(function: &str) -> Self {
        match function {
            "directory.advance" | "callbacks.follow-up" => Self::Background,
            _ => Self::Interactive,
        }
    }
}

/// How many calls a tenant may have under way, and its weight beside other tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Setters)]
#[non_exhaustive]
pub struct Concurrency {
    /// Calls that begin one after the other before the next tenant follows, beside tenants of weight 1. Default 1.
    pub weight: u32,
    /// Calls of the tenant that may run at the same time, at least 2; one of them is kept for interactive calls.
    /// Default: as many as the host runs.
    pub calls: u32,
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { weight: 1, calls: u32::MAX }
    }
}

/// What a call asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PermitRequest {
    pub(crate) urgency: Urgency,
    pub(crate) concurrency: Concurrency,
    /// The permits that the call takes: most components take one.
    pub(crate) permits: u32,
}

/// How busy a host is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Interactive calls under way.
    pub interactive: u32,
    /// Background calls under way.
    pub background: u32,
    /// Interactive calls that wait for a permit.
    pub interactive_waiting: usize,
    /// Background calls that wait for a permit.
    pub background_waiting: usize,
}

/// The permits of a host.
pub(crate) struct FairScheduler(Mutex<Schedule<oneshot::Sender<()>>>);

/// A permit that a call has, until it is dropped.
pub(crate) struct Permit<'a> {
    scheduler: &'a FairScheduler,
    ticket: Ticket,
}

impl FairScheduler {
    pub(crate) fn new(permits: u32) -> Self {
        Self(Mutex::new(Schedule::new(permits)))
    }

    /// Waits for a permit. May be dropped at any time.
    pub(crate) async fn acquire(&self, tenant: &str, request: PermitRequest) -> Permit<'_> {
        let (waker, woken) = oneshot::channel();
        let ticket = self.update(|schedule| schedule.arrive(tenant, request, waker));
        let waiting = PendingPermit { scheduler: self, ticket: Some(ticket) };
        // The waker lies in the queue until it is used, so there is no other end to this.
        let _ = woken.await;
        waiting.granted()
    }

    /// How busy the host is.
    pub(crate) fn load(&self) -> Load {
        let schedule = self.lock();
        let ([interactive, background], [interactive_waiting, background_waiting]) =
            (schedule.running(), schedule.waiting());
        Load { interactive, background, interactive_waiting, background_waiting }
    }

    /// Changes something and lets in whoever may run thereafter.
    fn update<T>(&self, change: impl FnOnce(&mut Schedule<oneshot::Sender<()>>) -> T) -> T {
        let mut schedule = self.lock();
        let changed = change(&mut schedule);
        while let Some(waker) = schedule.next() {
            // Who has gone meanwhile gives its permit back by itself.
            let _ = waker.send(());
        }
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Schedule<oneshot::Sender<()>>> {
        // Nothing under the lock panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FairScheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load().fmt(f)
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.scheduler.update(|schedule| schedule.leave(&self.ticket));
    }
}

/// A call that waits. Dropped it gives up, or gives back the permit that it was given meanwhile.
struct PendingPermit<'a> {
    scheduler: &'a FairScheduler,
    ticket: Option<Ticket>,
}

impl<'a> PendingPermit<'a> {
    fn granted(mut self) -> Permit<'a> {
        let scheduler = self.scheduler;
        match self.ticket.take() {
            Some(ticket) => Permit { scheduler, ticket },
            None => unreachable!("only this takes the ticket, and it takes the call with it"),
        }
    }
}

impl Drop for PendingPermit<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = &self.ticket {
            self.scheduler.update(|schedule| {
                if !schedule.withdraw(ticket) {
                    schedule.leave(ticket);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn load(scheduler: &FairScheduler) -> (u32, usize) {
        let load = scheduler.load();
        (load.interactive + load.background, load.interactive_waiting + load.background_waiting)
    }

    #[test]
    fn a_permit_is_passed_on_and_who_gives_up_takes_none() {
        let scheduler = FairScheduler::new(1);
        let request = PermitRequest { urgency: Urgency::Interactive, concurrency: Concurrency::default(), permits: 1 };
        let wait = |tenant| Box::pin(scheduler.acquire(tenant, request));
        let first = wait("a").now_or_never().unwrap();
        let (mut second, mut third) = (wait("b"), wait("c"));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        assert_eq!(load(&scheduler), (1, 2));
        drop(first);
        // The permit is the second's now, who gives it up without having looked.
        drop(second);
        assert_eq!(load(&scheduler), (1, 0));
        drop(third.now_or_never().unwrap());
        assert_eq!(load(&scheduler), (0, 0));
    }
}
