//! What the vendor sends by itself.

use super::super::{Answered, Element};
use crate::call::CallResult;
use crate::contract::callbacks::{FollowUpTask, Handled, IncomingRequest};

impl Element {
    /// Answers one request of the vendor.
    pub async fn handle_callback(&self, request: &IncomingRequest) -> CallResult<Answered<Handled>> {
        self.call("callbacks.handle", (request,)).await
    }

    /// Does what a handler of a callback left for later.
    pub async fn follow_up(&self, task: &FollowUpTask) -> CallResult<Answered<Vec<FollowUpTask>>> {
        self.call("callbacks.follow-up", (task,)).await
    }
}
