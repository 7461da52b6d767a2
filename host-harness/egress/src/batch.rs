//! Several requests in one go.
//!
//! All elements count when the batch is handed over, in its order, so that a budget of three lets exactly the first
//! three through, whatever happens to them. They then run side by side up to the call's parallel limit; the rest queues
//! in order, and is nothing but what the component wrote until its turn comes. They draw on one byte allowance, and one
//! element's failure is no other's.

use futures_util::{StreamExt as _, stream};

use super::{client::Outbound, error::HttpError, request::Request, response::Response};

/// The most requests of one batch.
pub const MAX_BATCH: usize = 1_000;

impl Outbound {
    /// Sends all requests and returns their results in the order of the requests.
    pub async fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, HttpError>> {
        self.deliver();
        let charged: Vec<_> = requests.into_iter().map(|request| (self.budget.take_request(), request)).collect();
        let mut results: Vec<_> = stream::iter(charged.into_iter().enumerate())
            .map(async |(at, (charged, request))| (at, self.send_charged(charged, request).await))
            // Not in their order, or one that is slow would keep those behind it from beginning.
            .buffer_unordered(self.budget.limits().parallel)
            .collect()
            .await;
        results.sort_unstable_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// The failure of each of so many requests that the budget has no room for. They count, and nobody looks at them.
    pub fn refuse(&self, requests: usize) -> HttpError {
        self.log.refuse(requests as u64);
        self.budget.no_request_left()
    }
}
