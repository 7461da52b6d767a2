//! Queues of writers, one for each scope.
//!
//! Writers of a scope would wait for each other in the database, each with a connection in its hands: a busy tenant
//! would hold all of them. They wait here instead, in the order in which they came, so that a scope takes one
//! connection, and another tenant's write stands behind one write of the busy one and not behind all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::super::Scope;
use super::QUEUE_TIMEOUT;
use super::failure::{Kind, SqlFailure};

type ScopeLock = Arc<tokio::sync::Mutex<()>>;

/// The queues of a store.
#[derive(Default)]
pub(super) struct Queues(Mutex<HashMap<Scope, ScopeLock>>);

impl Queues {
    /// Waits until no other writer of the scope is under way; the permit lasts until it is dropped.
    pub(super) async fn acquire<'a>(&'a self, scope: &'a Scope) -> Result<WritePermit<'a>, SqlFailure> {
        let entry = self.enter(scope);
        let acquired = tokio::time::timeout(QUEUE_TIMEOUT, Arc::clone(&entry.lock).lock_owned()).await;
        let message = "too many writes to one scope".to_owned();
        let guard = acquired.map_err(|_| SqlFailure::Database { kind: Kind::Busy, message })?;
        Ok(WritePermit { _guard: guard, _entry: entry })
    }

    fn enter<'a>(&'a self, scope: &'a Scope) -> QueueEntry<'a> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lock = Arc::clone(locks.entry(scope.clone()).or_default());
        QueueEntry { queues: self, scope, lock }
    }
}

/// The right to write to a scope, as far as this process is concerned.
pub(super) struct WritePermit<'a> {
    // Dropped in this order.
    _guard: OwnedMutexGuard<()>,
    _entry: QueueEntry<'a>,
}

/// A writer in a queue; the last to leave takes the queue away.
struct QueueEntry<'a> {
    queues: &'a Queues,
    scope: &'a Scope,
    lock: ScopeLock,
}

impl Drop for QueueEntry<'_> {
    fn drop(&mut self) {
        let mut locks = self.queues.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One for the map, one for this writer. All are made under the lock, so none can appear meanwhile.
        if Arc::strong_count(&self.lock) <= 2 {
            locks.remove(self.scope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writers_of_a_scope_follow_each_other_and_leave_nothing_behind() {
        let (queues, scope) = (Queues::default(), Scope::new("acme", "element").unwrap());
        let other = Scope::new("other", "element").unwrap();
        let first = queues.acquire(&scope).await.unwrap();
        drop(queues.acquire(&other).await.unwrap());
        let mut second = Box::pin(queues.acquire(&scope));
        let mut third = Box::pin(queues.acquire(&scope));
        for waiting in [&mut second, &mut third] {
            tokio::select! {
                biased;
                _ = waiting => panic!("another one writes"),
                () = std::future::ready(()) => {}
            }
        }
        drop(second);
        drop(first);
        drop(third.await.unwrap());
        assert!(queues.0.lock().unwrap().is_empty());
    }
}
