//! What a call did: written for every call, also for one that gave no answer.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{error::CallError, journal::Journal};
use crate::{digest::Digest, egress};

/// The report of one call. Times are in microseconds, sizes in bytes. Nothing in it is secret: URLs come without query
/// values, answers not at all.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CallReport {
    /// Names the call in logs.
    pub call: String,
    /// The export with its interface, such as `login.exchange-code`.
    pub function: &'static str,
    /// The tenant.
    pub tenant: String,
    /// The element.
    pub element: String,
    /// The component.
    pub component: Digest,
    /// How it ended.
    pub outcome: Outcome,
    /// Waiting for a free place before the call began.
    pub queued_us: u64,
    /// Making a fresh instance.
    pub instantiate_us: u64,
    /// CPU time of the guest.
    pub guest_cpu_us: u64,
    /// From beginning to end, waiting included.
    pub wall_us: u64,
    /// The most linear memory that the guest had at one time.
    pub peak_memory_bytes: u64,
    /// Calls of the contract's imports by interface.
    pub host_calls: BTreeMap<&'static str, u64>,
    /// What went over the network.
    pub http: HttpTraffic,
    /// What the component logged.
    pub log: Journal,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// With a value.
    Answered,
    /// With an error of the contract; its reason in kebab-case.
    Refused {
        /// The reason.
        reason: String,
    },
    /// Without an answer; see [`CallError`].
    Failed {
        /// [`CallError::kind`].
        cause: &'static str,
        /// The message of the error.
        message: String,
    },
}

impl Outcome {
    pub(crate) fn of(error: &CallError) -> Self {
        Self::Failed { cause: error.kind(), message: error.to_string() }
    }
}

/// The HTTP of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HttpTraffic {
    /// Requests, those that were not admitted included.
    pub requests: u64,
    /// Requests without an answer.
    pub failures: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes of bodies received.
    pub bytes_in: u64,
    /// The first [`egress::MAX_EXCHANGES`], one by one.
    pub exchanges: Vec<HttpExchange>,
    /// Requests beyond these.
    pub left_out: u64,
}

/// One HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpExchange {
    /// The method.
    pub method: String,
    /// The URL without query values.
    pub url: String,
    /// The status, where there was an answer.
    pub status: Option<u16>,
    /// Why there was none: `denied`, `timeout` …
    pub failure: Option<&'static str>,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes of the body received.
    pub bytes_in: u64,
    /// From request to result.
    pub duration_us: u64,
}

impl From<egress::Traffic> for HttpTraffic {
    fn from(traffic: egress::Traffic) -> Self {
        let egress::Traffic { exchanges, left_out, requests, failures, bytes_out, bytes_in } = traffic;
        let exchanges = exchanges.into_iter().map(HttpExchange::from).collect();
        Self { requests, failures, bytes_out, bytes_in, exchanges, left_out }
    }
}

impl From<egress::Exchange> for HttpExchange {
    fn from(exchange: egress::Exchange) -> Self {
        let (status, failure) = match &exchange.outcome {
            egress::Outcome::Status(status) => (Some(*status), None),
            egress::Outcome::Failed(failure) => (None, Some(failure.name())),
            egress::Outcome::Abandoned => (None, Some("abandoned")),
        };
        let egress::Exchange { method, url, bytes_out, bytes_in, duration, .. } = exchange;
        Self { method, url, status, failure, bytes_out, bytes_in, duration_us: microseconds(duration) }
    }
}

/// A duration as the number that reports hold.
pub(crate) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
