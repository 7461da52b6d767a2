//! The service in the hand of a test: its organisation, its clock, its answers.

use std::time::Duration;

use crate::{
    organisation::Organisation,
    world::{Fault, Shared},
};

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Route {
    /// A token for the directory.
    Token,
    /// Who stands behind a code.
    Code,
    /// A page of units.
    Units,
    /// One unit.
    Unit,
    /// A page of people.
    People,
    /// One person.
    Person,
}

/// What a call is answered in place of the right answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Seconds of the header `retry-after`.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: String,
}

impl Answer {
    /// A refusal as the service words it.
    pub fn refusal(status: u16, error: &str) -> Self {
        Self { status, retry_after: None, body: serde_json::json!({ "error": error }).to_string() }
    }

    /// Too many calls.
    pub fn slow_down(seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..Self::refusal(429, "slow-down") }
    }
}

/// Reads and changes a running service. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Control(pub(crate) Shared);

impl Control {
    /// Reads the organisation.
    pub fn read<T>(&self, read: impl FnOnce(&Organisation) -> T) -> T {
        read(&self.0.lock().organisation)
    }

    /// Changes the organisation. The next call sees the change. `change` must not use this handle.
    pub fn change<T>(&self, change: impl FnOnce(&mut Organisation) -> T) -> T {
        change(&mut self.0.lock().organisation)
    }

    /// Milliseconds since 1970, by the service's clock.
    pub fn now(&self) -> u64 {
        self.0.lock().clock.now()
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.lock().clock.advance(by);
    }

    /// Delays every answer from now on, in real time.
    pub fn delay(&self, by: Duration) {
        self.0.lock().latency = by;
    }

    /// Answers the `nth` call of a route from now, counted from 1, once with this.
    pub fn answer_nth(&self, route: Route, nth: u64, answer: Answer) {
        self.0.lock().faults.push(Fault { route, after: nth.saturating_sub(1), answer });
    }

    /// Makes every token that was given so far unknown.
    pub fn revoke_tokens(&self) {
        self.0.lock().revoke_tokens();
    }

    /// Calls of a route so far.
    pub fn count(&self, route: Route) -> u64 {
        self.0.lock().counts.get(&route).copied().unwrap_or_default()
    }

    /// All calls so far. Pages that a browser opens are none.
    pub fn calls(&self) -> u64 {
        self.0.lock().counts.values().sum()
    }
}
