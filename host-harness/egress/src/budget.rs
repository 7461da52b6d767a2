//! What one call may spend on HTTP, shared by all its requests.
//!
//! Counters only go down, and a request that fails keeps what it spent: a component cannot win anything back by
//! failing. Limits that are reached answer with a typed failure that names the limit, its value and what was asked.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout_at},
};

use super::error::{HttpError, HttpFailure};

/// The largest answer a component gets unless the host says otherwise: 16 MiB, decompressed.
pub const DEFAULT_LARGEST_RESPONSE: u64 = 16 * 1024 * 1024;

/// The limits of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetLimits {
    /// Requests, counting every element of a batch, also those that are denied.
    pub requests: u32,
    /// Bytes of bodies received: decompressed, or as sent where that is more.
    pub bytes_in: u64,
    /// Bytes sent: method, URL, headers and body.
    pub bytes_out: u64,
    /// Requests in flight at once; further ones wait. Zero counts as one.
    pub parallel: usize,
    /// Bytes of all answers that a component may get at once, so of one batch: more than it has memory for is of no use.
    pub bytes_at_once: u64,
    /// Bytes of one decompressed body; see [`DEFAULT_LARGEST_RESPONSE`].
    pub largest_response: u64,
    /// When the call's wall time ends.
    pub deadline: Instant,
}

/// What is left of a call's budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remaining {
    /// Wall time.
    pub wall: Duration,
    /// Requests.
    pub requests: u32,
    /// Body bytes that may still be received.
    pub bytes_in: u64,
    /// Bytes that may still be sent.
    pub bytes_out: u64,
    /// Requests in flight at once.
    pub parallel: usize,
    /// Bytes of one decompressed body, never more than `bytes_in`.
    pub largest_response: u64,
}

/// A call's budget: its limits and what is left.
#[derive(Debug)]
pub struct Budget {
    limits: BudgetLimits,
    requests: AtomicU32,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    places: Semaphore,
}

impl Budget {
    /// A full budget.
    pub fn new(limits: BudgetLimits) -> Self {
        let parallel = limits.parallel.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            limits: BudgetLimits { parallel, ..limits },
            requests: AtomicU32::new(limits.requests),
            bytes_in: AtomicU64::new(limits.bytes_in),
            bytes_out: AtomicU64::new(limits.bytes_out),
            places: Semaphore::new(parallel),
        }
    }

    /// The limits, as given.
    pub fn limits(&self) -> &BudgetLimits {
        &self.limits
    }

    /// What is left now.
    pub fn remaining(&self) -> Remaining {
        let bytes_in = self.bytes_in.load(Ordering::Relaxed);
        Remaining {
            wall: self.limits.deadline.saturating_duration_since(Instant::now()),
            requests: self.requests.load(Ordering::Relaxed),
            bytes_in,
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            parallel: self.limits.parallel,
            largest_response: self.limits.largest_response.min(bytes_in),
        }
    }

    /// Spends one request.
    pub(super) fn take_request(&self) -> Result<(), HttpError> {
        self.requests
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
            .map(drop)
            .map_err(|_| self.no_request_left())
    }

    /// The failure of a request when all are spent.
    pub(super) fn no_request_left(&self) -> HttpError {
        exhausted(format!("the call's budget of {} requests is used up", self.limits.requests))
    }

    /// Spends bytes to send, all or none.
    pub(super) fn take_out(&self, bytes: u64) -> Result<(), HttpError> {
        take(&self.bytes_out, bytes).map_err(|_| self.too_much_out(bytes))
    }

    /// The failure of a request that is larger than what may still be sent.
    pub(super) fn too_much_out(&self, bytes: u64) -> HttpError {
        let (left, limit) = (self.bytes_out.load(Ordering::Relaxed), self.limits.bytes_out);
        exhausted(format!("the request has {bytes} bytes, {left} are left of the {limit} the call may send"))
    }

    /// Spends bytes received, all or none. The failure says that the request was answered.
    pub(super) fn take_in(&self, bytes: u64) -> Result<(), HttpError> {
        take(&self.bytes_in, bytes).map_err(|left| {
            let limit = self.limits.bytes_in;
            let message =
                format!("the answer has {bytes} bytes more, {left} are left of the {limit} the call may receive");
            HttpError { may_have_reached_server: true, ..exhausted(message) }
        })
    }

    /// Waits for a place among the requests in flight, in the order of asking, no longer than the call may run.
    pub(super) async fn place(&self) -> Result<SemaphorePermit<'_>, HttpError> {
        match timeout_at(self.limits.deadline, self.places.acquire()).await {
            Ok(Ok(place)) if Instant::now() < self.limits.deadline => Ok(place),
            _ => Err(self.out_of_time()),
        }
    }

    /// The failure of a request that could not even start within the call's wall time.
    pub(super) fn out_of_time(&self) -> HttpError {
        exhausted("the call's wall time ended before the request could start".to_owned())
    }
}

fn take(counter: &AtomicU64, bytes: u64) -> Result<(), u64> {
    counter.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).map(drop)
}

fn exhausted(message: String) -> HttpError {
    HttpError::before_sending(HttpFailure::BudgetExhausted, format!("{message}; continue in another call"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> BudgetLimits {
        BudgetLimits {
            requests: 2,
            bytes_in: 10,
            bytes_out: 5,
            parallel: 3,
            bytes_at_once: 8,
            largest_response: 8,
            deadline: Instant::now() + Duration::from_secs(60),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn remaining_follows_what_was_spent() {
        let budget = Budget::new(limits());
        budget.take_request().unwrap();
        budget.take_in(4).unwrap();
        budget.take_out(5).unwrap();
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(
            budget.remaining(),
            Remaining {
                wall: Duration::from_secs(40),
                requests: 1,
                bytes_in: 6,
                bytes_out: 0,
                parallel: 3,
                largest_response: 6
            }
        );
    }

    #[tokio::test]
    async fn every_limit_is_named_and_takes_all_or_nothing() {
        let budget = Budget::new(limits());
        let too_much = budget.take_in(11).unwrap_err();
        assert_eq!((too_much.kind, too_much.may_have_reached_server), (HttpFailure::BudgetExhausted, true));
        for number in ["11", "10"] {
            assert!(too_much.message.contains(number), "{}", too_much.message);
        }
        assert_eq!(budget.remaining().bytes_in, 10);

        let too_much = budget.take_out(6).unwrap_err();
        assert_eq!((too_much.kind, too_much.may_have_reached_server), (HttpFailure::BudgetExhausted, false));
        assert!(too_much.message.contains("6 bytes") && too_much.message.contains("of the 5"), "{}", too_much.message);

        budget.take_request().unwrap();
        budget.take_request().unwrap();
        let too_much = budget.take_request().unwrap_err();
        assert_eq!(too_much.kind, HttpFailure::BudgetExhausted);
        assert!(too_much.message.contains("2 requests"), "{}", too_much.message);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_place_ends_with_the_call() {
        let budget = Budget::new(BudgetLimits { parallel: 0, ..limits() });
        assert_eq!(budget.remaining().parallel, 1);
        let held = budget.place().await.unwrap();
        let error = budget.place().await.unwrap_err();
        assert_eq!(error.kind, HttpFailure::BudgetExhausted);
        drop(held);
        assert_eq!(budget.place().await.unwrap_err().kind, HttpFailure::BudgetExhausted, "the time is over");
    }
}
