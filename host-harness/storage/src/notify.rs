//! `wait`: parking until a key changes.
//!
//! Within the process a writer wakes the waiters of the keys it touched. Writers in other processes wake nobody, so one
//! waiter of each awaited key looks at the store at an interval, for all waiters of that key: ten thousand sign-ins
//! that wait for one token cost one read an interval. A wake-up only says "look again"; what counts is what the waiter
//! reads, so a superfluous one is harmless.

use std::collections::{BTreeMap, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::batch::{Batch, starting_with};
use super::{Clock, Scope, StorageError};

/// The waiters of one store.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    slots: Mutex<HashMap<Scope, BTreeMap<String, Arc<Slot>>>>,
}

/// The waiters of one key.
#[derive(Debug)]
struct Slot {
    /// The version that any of them read last; the outer `None` = none yet. Every modification wakes all.
    seen: watch::Sender<Option<Option<u64>>>,
    /// Held by the one that polls.
    poller: tokio::sync::Mutex<()>,
}

/// What a waiter needs to know of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) version: u64,
    /// On the clock of the waiter, which may not be that of the store.
    pub(crate) expires_at_ms: Option<u64>,
}

/// What is awaited.
pub(crate) struct Awaited<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) key: &'a str,
    pub(crate) version: Option<u64>,
    pub(crate) timeout: Duration,
    /// How often to look for changes by other processes; `None` = there are none.
    pub(crate) poll: Option<Duration>,
}

impl Waiters {
    /// Wakes whoever waits for a key that a batch writes. To be called when a reader is bound to see the change.
    pub(crate) fn announce(&self, scope: &Scope, batch: &Batch) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slots) = slots.get(scope) else { return };
        for key in batch.keys.keys() {
            if let Some(slot) = slots.get(key) {
                slot.wake();
            }
        }
    }

    /// Wakes whoever waits for a key with this prefix, of which some were deleted.
    pub(crate) fn announce_range(&self, scope: &Scope, prefix: &str) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(slots) = slots.get(scope) else { return };
        starting_with(slots, prefix).filter_map(|key| slots.get(key)).for_each(|slot| slot.wake());
    }

    /// Wakes everybody who waits for a key of the scope.
    pub(crate) fn announce_all(&self, scope: &Scope) {
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.get(scope).into_iter().flat_map(BTreeMap::values).for_each(|slot| slot.wake());
    }

    /// Waits; `read` reads the key (`None` = absent or expired).
    pub(crate) async fn wait<R>(
        &self,
        awaited: Awaited<'_>,
        clock: &dyn Clock,
        read: impl Fn() -> R + Send + Sync,
    ) -> Result<bool, StorageError>
    where
        R: Future<Output = Result<Option<Seen>, StorageError>> + Send,
    {
        let place = self.place(awaited.scope, awaited.key);
        let slot = &*place.slot;
        let mut woken = slot.seen.subscribe();
        let mut timeout = pin!(clock.sleep(awaited.timeout));
        let mut timed_out = awaited.timeout.is_zero();
        loop {
            woken.mark_unchanged();
            let seen = read().await?;
            slot.observe(seen);
            if seen.map(|seen| seen.version) != awaited.version {
                return Ok(true);
            }
            if timed_out {
                return Ok(false);
            }
            tokio::select! {
                // An error would mean that the slot is gone, but `place` holds it.
                _ = woken.changed() => {}
                () = expiry(clock, seen) => {}
                polled = poll(slot, clock, awaited.poll, seen, &read) => polled?,
                () = &mut timeout => timed_out = true,
            }
        }
    }

    fn place<'a>(&'a self, scope: &'a Scope, key: &'a str) -> Place<'a> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let of_scope = slots.entry(scope.clone()).or_default();
        let slot = of_scope.entry(key.to_owned()).or_insert_with(|| {
            Arc::new(Slot { seen: watch::Sender::new(None), poller: tokio::sync::Mutex::default() })
        });
        Place { waiters: self, scope, key, slot: Arc::clone(slot) }
    }
}

impl Slot {
    fn wake(&self) {
        self.seen.send_modify(|_| ());
    }

    /// Notes what a waiter read; wakes the others if it is news.
    fn observe(&self, seen: Option<Seen>) {
        let version = seen.map(|seen| seen.version);
        self.seen.send_if_modified(|last| {
            let news = last.is_some_and(|last| last != version);
            *last = Some(version);
            news
        });
    }
}

/// A waiter's hold on the slot of its key; the last one to leave takes the slot away.
struct Place<'a> {
    waiters: &'a Waiters,
    scope: &'a Scope,
    key: &'a str,
    slot: Arc<Slot>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut slots = self.waiters.slots.lock().unwrap_or_else(PoisonError::into_inner);
        // One for the map, one for this place. All are made under the lock, so none can appear meanwhile.
        if Arc::strong_count(&self.slot) > 2 {
            return;
        }
        if let Some(of_scope) = slots.get_mut(self.scope) {
            of_scope.remove(self.key);
            if of_scope.is_empty() {
                slots.remove(self.scope);
            }
        }
    }
}

async fn expiry(clock: &dyn Clock, seen: Option<Seen>) {
    match seen.and_then(|seen| seen.expires_at_ms) {
        Some(at) => clock.sleep(Duration::from_millis(at.saturating_sub(clock.now_ms()))).await,
        None => std::future::pending().await,
    }
}

/// Returns when the key is no longer as it was seen.
async fn poll<R>(
    slot: &Slot,
    clock: &dyn Clock,
    interval: Option<Duration>,
    seen: Option<Seen>,
    read: &(impl Fn() -> R + Send + Sync),
) -> Result<(), StorageError>
where
    R: Future<Output = Result<Option<Seen>, StorageError>> + Send,
{
    let Some(interval) = interval else { return std::future::pending().await };
    let _guard = slot.poller.lock().await;
    loop {
        clock.sleep(interval).await;
        let now = read().await?;
        slot.observe(now);
        if now.map(|now| now.version) != seen.map(|seen| seen.version) {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ManualClock;
    use super::*;

    #[tokio::test]
    async fn who_leaves_takes_the_place_away() {
        let (waiters, clock) = (Waiters::default(), ManualClock::at(0));
        let scope = Scope::new("acme", "element").unwrap();
        let wait = |timeout| {
            let awaited = Awaited { scope: &scope, key: "k", version: None, timeout, poll: None };
            waiters.wait(awaited, &clock, || async { Ok(None) })
        };
        let slots = || waiters.slots.lock().unwrap().values().map(BTreeMap::len).sum::<usize>();
        let mut abandoned = Box::pin(wait(Duration::from_secs(1)));
        tokio::select! {
            biased;
            _ = &mut abandoned => panic!("nothing happened that could wake it"),
            () = std::future::ready(()) => {}
        }
        assert_eq!(wait(Duration::ZERO).await, Ok(false));
        assert_eq!(slots(), 1, "the other still waits");
        drop(abandoned);
        assert!(waiters.slots.lock().unwrap().is_empty());
    }
}
