//! What the vendor sends by itself.

use std::{borrow::Cow, sync::Arc};

use super::super::{Element, Shared};
use crate::call::{Answered, Call, CallResult, Called};
use crate::contract::{
    callbacks::{Event, FollowUpTask, Handled, IncomingRequest},
    types::{Error, Reason},
};
use crate::{
    events::{EventPage, Events},
    storage::{ApplyOutcome, Deferred, Storage, StorageError},
};

/// The reason, a `Reason::Other`, where the storage does not take what a component wrote while it handled a delivery:
/// its quota is used up, or the call is wrong. A repetition ends the same way.
const STORAGE_REFUSED: &str = "storage-refused";

/// How often a delivery is handled anew that other hosts handle at the same time.
const ATTEMPTS: usize = 3;

/// What a request of the vendor led to.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// What the component answered.
    pub handled: Handled,
    /// Why the events could not be kept: no repetition brings them again.
    pub lost: Option<StorageError>,
}

impl Element {
    /// Answers one request of the vendor. Of its headers the component sees those that the route names, whatever is given.
    pub fn handle_callback<'a>(&'a self, request: &'a IncomingRequest) -> Call<'a, Answered<Handled>> {
        Call::new(self.handle_on(Arc::clone(&self.shared.storage), request))
    }

    async fn handle_on(&self, storage: Arc<dyn Storage>, request: &IncomingRequest) -> CallResult<Answered<Handled>> {
        let mut presented = Cow::Borrowed(request);
        let slot = &mut presented;
        self.call_on(storage, "callbacks.handle", move |network| {
            *slot = network.presented(request);
            (&**slot,)
        })
        .await
    }

    /// Answers one request of the vendor, with the headers that its route names, and keeps its events for [`Element::events`]. What the component writes, such
    /// as that it has handled the delivery, is carried out after that: where the host dies in between, or the store
    /// does not answer, the vendor's repetition brings the same events, and each is kept once. A component that scans,
    /// waits or deletes a range while it handles the delivery has what it wrote before carried out first: nothing of
    /// this holds for that.
    ///
    /// Answers `unavailable` where the vendor is to repeat it, and the reason `storage-refused` where that
    /// would be of no use.
    pub fn receive_callback<'a>(&'a self, request: &'a IncomingRequest) -> Call<'a, Answered<Received>> {
        Call::new(self.receive(request))
    }

    async fn receive(&self, request: &IncomingRequest) -> CallResult<Answered<Received>> {
        let mut called = self.receive_once(request).await?;
        for _ in 1..ATTEMPTS {
            if !matches!(called.value, Ok(None)) {
                break;
            }
            called = self.receive_once(request).await?;
        }
        let Called { value, report } = called;
        let value = value.and_then(|received| received.ok_or_else(|| unavailable("other hosts write the same")));
        Ok(Called { value, report })
    }

    /// Nothing where another host has written meanwhile what this call relied on, such as that it handled the same
    /// delivery. The component may have noticed, and answered with an error.
    async fn receive_once(&self, request: &IncomingRequest) -> CallResult<Answered<Option<Received>>> {
        let writes = Arc::new(Deferred::new(Arc::clone(&self.shared.storage)));
        let storage = Arc::clone(&writes) as _;
        let Called { value, report } = self.handle_on(storage, request).await?;
        let value = match value {
            Ok(handled) => self.settle(handled, &writes).await,
            Err(_) if writes.is_in_conflict().await => Ok(None),
            Err(error) => Err(error),
        };
        Ok(Called { value, report })
    }

    async fn settle(&self, handled: Handled, writes: &Deferred) -> Answered<Option<Received>> {
        let lost = match self.keep_events(&handled.events).await {
            Ok(()) => None,
            Err(error @ StorageError::Unavailable { .. }) => return Err(unavailable(&error.to_string())),
            // It would be no better the next time.
            Err(error) => Some(error),
        };
        match writes.carry_out(&self.shared.scope).await {
            Ok(ApplyOutcome::Applied(_)) => Ok(Some(Received { handled, lost })),
            Ok(ApplyOutcome::Conflict(_)) => Ok(None),
            Err(error @ (StorageError::Invalid(_) | StorageError::Quota { .. })) => Err(refused(&error.to_string())),
            Err(error) => Err(unavailable(&error.to_string())),
        }
    }

    /// Does what a handler of a callback left for later.
    pub fn follow_up<'a>(&'a self, task: &'a FollowUpTask) -> Call<'a, Answered<Vec<FollowUpTask>>> {
        self.call("callbacks.follow-up", (task,))
    }

    /// Keeps what a handler answered for [`Element::events`], each once in a day. The component has no part in it.
    ///
    /// # Errors
    /// The store does not take it, or they are more than a hundred.
    pub async fn keep_events(&self, events: &[Event]) -> Result<(), StorageError> {
        let Shared { storage, scope, .. } = &*self.shared;
        Events::new(storage.as_ref(), scope).keep(events).await
    }

    /// What was kept within seven days, in the order in which it arrived, after a cursor: at most `limit` events, and
    /// at most a thousand.
    ///
    /// # Errors
    /// The store cannot be read, or an event in it is damaged.
    pub async fn events(&self, after: Option<&str>, limit: u32) -> Result<EventPage, StorageError> {
        Events::new(self.shared.storage.as_ref(), &self.shared.scope).read(after, limit).await
    }
}

fn unavailable(why: &str) -> Error {
    let message =
        format!("未能保存回调事件，平台方会重发 / the delivery is not kept, and the vendor repeats it: {why}");
    error(Reason::Unavailable, message)
}

fn refused(why: &str) -> Error {
    let message = format!(
        "存储拒绝了组件处理回调时写入的内容，重发也无济于事 / the storage refuses what the component wrote while it handled the \
         delivery, and would do so again: {why}"
    );
    error(Reason::Other(STORAGE_REFUSED.to_owned()), message)
}

fn error(reason: Reason, message: String) -> Error {
    Error { reason, message, hint: None, vendor_code: None, retry_after_ms: None, request_id: None }
}
