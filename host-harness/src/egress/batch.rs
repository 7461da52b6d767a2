//! Several requests in one go.
//!
//! All elements count when the batch is handed over, in its order, so that a budget of three lets exactly the first
//! three through, whatever happens to them. They then run side by side up to the call's parallel limit; the rest queues
//! in order. They draw on one byte allowance, and one element's failure is no other's.

use futures_util::future::join_all;

use super::{client::Outbound, error::HttpError, request::Request, response::Response};

impl Outbound {
    /// Sends all requests and returns their results in the order of the requests.
    pub async fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, HttpError>> {
        let charged: Vec<_> = requests.into_iter().map(|request| (self.budget.take_request(), request)).collect();
        join_all(charged.into_iter().map(|(charged, request)| self.send_charged(charged, request))).await
    }
}
