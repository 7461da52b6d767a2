//! What the vendor sends by itself.

use super::super::{Answered, Element, Shared};
use crate::call::CallResult;
use crate::contract::callbacks::{Event, FollowUpTask, Handled, IncomingRequest};
use crate::{
    events::{EventPage, Events},
    storage::StorageError,
};

impl Element {
    /// Answers one request of the vendor.
    pub async fn handle_callback(&self, request: &IncomingRequest) -> CallResult<Answered<Handled>> {
        self.call("callbacks.handle", (request,)).await
    }

    /// Does what a handler of a callback left for later.
    pub async fn follow_up(&self, task: &FollowUpTask) -> CallResult<Answered<Vec<FollowUpTask>>> {
        self.call("callbacks.follow-up", (task,)).await
    }

    /// Keeps what a handler answered for [`Element::events`]. The component has no part in it.
    ///
    /// # Errors
    /// The store does not take it, or they are more than a hundred.
    pub async fn keep_events(&self, events: &[Event]) -> Result<(), StorageError> {
        let Shared { storage, scope, .. } = &*self.shared;
        Events::new(storage.as_ref(), scope).keep(events).await
    }

    /// What was kept within seven days, in the order in which it arrived, after a cursor: at most `limit` events, and at most a
    /// thousand.
    ///
    /// # Errors
    /// The store cannot be read, or an event in it is damaged.
    pub async fn events(&self, after: Option<&str>, limit: u32) -> Result<EventPage, StorageError> {
        Events::new(self.shared.storage.as_ref(), &self.shared.scope).read(after, limit).await
    }
}
