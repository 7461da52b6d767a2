//! Places for calls, given out fairly: no tenant's calls, however many, keep another's waiting for long, and what runs
//! in the background gives way to a person who waits, without being forgotten.
//!
//! Waiting here is cheap: a call that waits has neither an instance nor a connection. A call that runs shares the
//! processor by itself: the guest yields at every epoch.

mod turns;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;
use turns::{Ticket, Turns};

/// Who waits for the answer of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Urgency {
    /// A person.
    Interactive = 0,
    /// Nobody in particular: the work of a synchronisation.
    Background = 1,
}

impl Urgency {
    /// The urgency of an export of the contract: only a synchronisation can wait.
    pub(crate) fn of(function: &str) -> Self {
        if function == "directory.sync" { Self::Background } else { Self::Interactive }
    }
}

/// A tenant's part of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Calls that the tenant takes at one turn, beside tenants of weight 1. Default 1.
    pub weight: u32,
    /// Calls of the tenant that may run at the same time, at least 2; one of them is kept for interactive calls.
    /// Default: as many as the host runs.
    pub parallel: u32,
}

impl Default for Share {
    fn default() -> Self {
        Self { weight: 1, parallel: u32::MAX }
    }
}

/// What a call asks the queue for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) urgency: Urgency,
    /// The tenant's part of the host.
    pub(crate) share: Share,
    /// The places that the call takes: most components take one.
    pub(crate) places: u32,
}

/// How busy a host is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Interactive calls under way.
    pub interactive: u32,
    /// Background calls under way.
    pub background: u32,
    /// Interactive calls that wait for a place.
    pub interactive_waiting: usize,
    /// Background calls that wait for a place.
    pub background_waiting: usize,
}

/// The places of a host.
pub(crate) struct FairQueue(Mutex<Turns<oneshot::Sender<()>>>);

/// A place that a call has, until it is dropped.
pub(crate) struct Place<'a> {
    queue: &'a FairQueue,
    ticket: Ticket,
}

impl FairQueue {
    pub(crate) fn new(places: u32) -> Self {
        Self(Mutex::new(Turns::new(places)))
    }

    /// Waits for a place. May be dropped at any time.
    pub(crate) async fn place(&self, tenant: &str, asked: Asked) -> Place<'_> {
        let (waker, woken) = oneshot::channel();
        let ticket = self.turn(|turns| turns.arrive(tenant, asked, waker));
        let waiting = Waiting { queue: self, ticket: Some(ticket) };
        // The waker lies in the queue until it is used, so there is no other end to this.
        let _ = woken.await;
        waiting.place()
    }

    /// How busy the host is.
    pub(crate) fn load(&self) -> Load {
        let turns = self.lock();
        let ([interactive, background], [interactive_waiting, background_waiting]) = (turns.running(), turns.waiting());
        Load { interactive, background, interactive_waiting, background_waiting }
    }

    /// Changes something and lets in whoever may run thereafter.
    fn turn<T>(&self, change: impl FnOnce(&mut Turns<oneshot::Sender<()>>) -> T) -> T {
        let mut turns = self.lock();
        let changed = change(&mut turns);
        while let Some(waker) = turns.next() {
            // Who has gone meanwhile gives its place back by itself.
            let _ = waker.send(());
        }
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Turns<oneshot::Sender<()>>> {
        // Nothing under the lock panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FairQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.load().fmt(f)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.queue.turn(|turns| turns.leave(&self.ticket));
    }
}

/// A call that waits. Dropped it gives up, or gives back the place that it was given meanwhile.
struct Waiting<'a> {
    queue: &'a FairQueue,
    ticket: Option<Ticket>,
}

impl<'a> Waiting<'a> {
    fn place(mut self) -> Place<'a> {
        let queue = self.queue;
        match self.ticket.take() {
            Some(ticket) => Place { queue, ticket },
            None => unreachable!("only this takes the ticket, and it takes the call with it"),
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = &self.ticket {
            self.queue.turn(|turns| {
                if !turns.withdraw(ticket) {
                    turns.leave(ticket);
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn load(queue: &FairQueue) -> (u32, usize) {
        let load = queue.load();
        (load.interactive + load.background, load.interactive_waiting + load.background_waiting)
    }

    #[test]
    fn a_place_is_passed_on_and_who_gives_up_takes_none() {
        let queue = FairQueue::new(1);
        let asked = Asked { urgency: Urgency::Interactive, share: Share::default(), places: 1 };
        let wait = |tenant| Box::pin(queue.place(tenant, asked));
        let first = wait("a").now_or_never().unwrap();
        let (mut second, mut third) = (wait("b"), wait("c"));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        assert_eq!(load(&queue), (1, 2));
        drop(first);
        // The place is the second's now, who gives it up without having looked.
        drop(second);
        assert_eq!(load(&queue), (1, 0));
        drop(third.now_or_never().unwrap());
        assert_eq!(load(&queue), (0, 0));
    }
}
