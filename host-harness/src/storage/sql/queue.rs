//! Queues of writers, one for each scope.
//!
//! Writers of a scope would wait for each other in the database, each with a connection in its hands: a busy tenant would
//! hold all of them. They wait here instead, in the order in which they came, so that a scope takes one connection, and
//! another tenant's write stands behind one write of the busy one and not behind all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::super::Scope;
use super::QUEUE_TIMEOUT;
use super::dialect::Kind;
use super::failure::SqlFailure;

type Line = Arc<tokio::sync::Mutex<()>>;

/// The queues of a store.
#[derive(Default)]
pub(super) struct Queues(Mutex<HashMap<Scope, Line>>);

impl Queues {
    /// Waits for its turn, which lasts until it is dropped.
    pub(super) async fn turn<'a>(&'a self, scope: &'a Scope) -> Result<Turn<'a>, SqlFailure> {
        let place = self.place(scope);
        let turn = tokio::time::timeout(QUEUE_TIMEOUT, Arc::clone(&place.line).lock_owned()).await;
        let message = "too many writes to one scope".to_owned();
        let guard = turn.map_err(|_| SqlFailure::Database { kind: Kind::Crowded, message })?;
        Ok(Turn { _guard: guard, _place: place })
    }

    fn place<'a>(&'a self, scope: &'a Scope) -> Place<'a> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = Arc::clone(lines.entry(scope.clone()).or_default());
        Place { queues: self, scope, line }
    }
}

/// The right to write to a scope, as far as this process is concerned.
pub(super) struct Turn<'a> {
    // Dropped in this order.
    _guard: OwnedMutexGuard<()>,
    _place: Place<'a>,
}

/// A place in a queue; the last to leave takes the queue away.
struct Place<'a> {
    queues: &'a Queues,
    scope: &'a Scope,
    line: Line,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut lines = self.queues.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One for the map, one for this place. All are made under the lock, so none can appear meanwhile.
        if Arc::strong_count(&self.line) <= 2 {
            lines.remove(self.scope);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn writers_of_a_scope_take_turns_and_leave_nothing_behind() {
        let (queues, scope) = (Queues::default(), Scope::new("acme", "element").unwrap());
        let other = Scope::new("other", "element").unwrap();
        let first = queues.turn(&scope).await.unwrap();
        drop(queues.turn(&other).await.unwrap());
        let mut second = Box::pin(queues.turn(&scope));
        let mut third = Box::pin(queues.turn(&scope));
        for waiting in [&mut second, &mut third] {
            tokio::select! {
                biased;
                _ = waiting => panic!("it is not its turn"),
                () = std::future::ready(()) => {}
            }
        }
        drop(second);
        drop(first);
        drop(third.await.unwrap());
        assert!(queues.0.lock().unwrap().is_empty());
    }
}
