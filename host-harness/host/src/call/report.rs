//! What a call did: written for every call, also for one that gave no answer.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use serde::{Serialize, Serializer};

use super::{error::CallError, limits::Exceeded, log::CallLog, trap::TrapKind};
use crate::{digest::Digest, egress};

/// The report of one call. Times are in microseconds, sizes in bytes. Nothing in it is secret: URLs come without query
/// values, answers not at all, and log lines hold what the component wrote into them; `validate-config` sees every secret,
/// so whatever its lines share with the configuration is masked.
///
/// As JSON it has the fields of this type by their names, and of the types within: `outcome` has a `kind` (`answered`,
/// `refused`, `failed`, `abandoned`), `http` the `exchanges`, `log` the `lines`. Absent is what does not apply.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct CallReport {
    /// Names the call in logs.
    pub call: String,
    /// When it began, by the machine's clock; RFC 3339 in UTC as JSON.
    #[serde(serialize_with = "rfc3339")]
    pub begun_at: SystemTime,
    /// The export with its interface, such as `login.exchange-code`.
    pub function: &'static str,
    /// The tenant.
    pub tenant: String,
    /// The element.
    pub element: String,
    /// The component.
    pub component: Digest,
    /// How it ended.
    pub outcome: CallOutcome,
    /// Waiting for a free place before the call began.
    pub queued_us: u64,
    /// Making a fresh instance.
    pub instantiate_us: u64,
    /// CPU time of the guest and of the host for it, which is what [`Limits::cpu_ms`](crate::Limits::cpu_ms) bounds. Work of
    /// connections and databases is no part of it.
    pub cpu_us: u64,
    /// The guest's own part of that, without what it does to make room for an import's result.
    pub guest_cpu_us: u64,
    /// From beginning to end, waiting included.
    pub wall_us: u64,
    /// The most linear memory that the guest had at one time.
    pub peak_memory_bytes: u64,
    /// Calls of imports by interface of the contract; those of WASI together as `wasi`.
    pub host_calls: BTreeMap<&'static str, u64>,
    /// What went over the network.
    pub http: HttpTraffic,
    /// What the component logged.
    pub log: CallLog,
    /// What the component wrote to its standard output and error, such as the words of a panic: the first 4 KiB on one
    /// line, with control characters escaped and whatever it shares with the configuration of the call as `[configured]`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub output: String,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CallOutcome {
    /// With a value.
    Answered,
    /// With an error of the contract; its reason in kebab-case.
    Refused {
        /// The reason.
        reason: String,
        /// The vendor's number, where there is one.
        #[serde(skip_serializing_if = "Option::is_none")]
        vendor_code: Option<i64>,
    },
    /// Without an answer; see [`CallError`].
    Failed {
        /// [`CallError::kind`].
        cause: &'static str,
        /// The message of the error.
        message: String,
        /// The limit that ended the call, its value and what was asked.
        #[serde(skip_serializing_if = "Option::is_none")]
        exceeded: Option<Exceeded>,
        /// How the component broke off.
        #[serde(skip_serializing_if = "Option::is_none")]
        trap: Option<TrapKind>,
        /// Where it did, innermost first.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        backtrace: Vec<String>,
    },
    /// Not at all: nobody waited any more, such as for a browser that went away or a host that stops.
    Abandoned,
}

impl CallOutcome {
    /// The vendor's number, where a component answered one.
    pub fn vendor_code(&self) -> Option<i64> {
        match self {
            Self::Refused { vendor_code, .. } => *vendor_code,
            Self::Answered | Self::Failed { .. } | Self::Abandoned => None,
        }
    }

    /// The kind of outcome, and for one that is an error what it is.
    pub fn names(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::Answered => ("answered", None),
            Self::Abandoned => ("abandoned", None),
            Self::Refused { reason, .. } => ("refused", Some(reason)),
            Self::Failed { cause, exceeded, .. } => {
                ("failed", Some(exceeded.map_or(cause, |exceeded| exceeded.limit.as_str())))
            }
        }
    }

    pub(crate) fn of(error: &CallError) -> Self {
        let (exceeded, trap) = match error {
            CallError::Limit { exceeded, .. } => (Some(*exceeded), None),
            CallError::Trap { trap, .. } => (None, Some(trap.kind)),
            _ => (None, None),
        };
        let backtrace = error.backtrace().to_vec();
        Self::Failed { cause: error.kind(), message: error.to_string(), exceeded, trap, backtrace }
    }
}

impl CallReport {
    /// The report as one line of JSON, without the line break at its end.
    pub fn to_json_line(&self) -> String {
        // Names are constant texts and values numbers, texts and times, none of which JSON refuses.
        serde_json::to_string(self).unwrap_or_else(|error| unreachable!("a report is not JSON: {error}"))
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    // A machine whose clock stands beyond the year 9999 gets the beginning of time, not a call without a report.
    let time = jiff::Timestamp::try_from(*time).unwrap_or_default();
    serializer.collect_str(&format_args!("{time:.3}"))
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

impl From<egress::ExchangeRecord> for HttpExchange {
    fn from(exchange: egress::ExchangeRecord) -> Self {
        let (status, failure) = match &exchange.outcome {
            egress::ExchangeOutcome::Status(status) => (Some(*status), None),
            egress::ExchangeOutcome::Failed(failure) => (None, Some(failure.name())),
            egress::ExchangeOutcome::Abandoned => (None, Some("abandoned")),
        };
        let egress::ExchangeRecord { method, url, bytes_out, bytes_in, duration, .. } = exchange;
        Self { method, url, status, failure, bytes_out, bytes_in, duration_us: microseconds(duration) }
    }
}

/// A duration as the number that reports hold.
pub(crate) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{CallSite, LimitName, Limits, LogLevel, LogLine, Trap};

    fn report(outcome: CallOutcome) -> CallReport {
        let mut log = CallLog::new(&Limits::default());
        let fields = vec![("department".to_owned(), "12".to_owned())];
        log.keep(LogLine { level: LogLevel::Warn, message: "two\nlines".to_owned(), fields });
        let exchange = HttpExchange {
            method: "GET".to_owned(),
            url: "https://api.example/user?token".to_owned(),
            status: Some(200),
            failure: None,
            bytes_out: 40,
            bytes_in: 50,
            duration_us: 60,
        };
        CallReport {
            call: "ab-1".to_owned(),
            begun_at: SystemTime::UNIX_EPOCH + Duration::from_millis(1_500),
            function: "directory.advance",
            tenant: "acme".to_owned(),
            element: "organisation".to_owned(),
            component: Digest::of(b""),
            outcome,
            queued_us: 1,
            instantiate_us: 2,
            cpu_us: 7,
            guest_cpu_us: 3,
            wall_us: 4,
            peak_memory_bytes: 5,
            host_calls: BTreeMap::from([("http", 6)]),
            http: HttpTraffic {
                requests: 1,
                bytes_out: 40,
                bytes_in: 50,
                exchanges: vec![exchange],
                ..HttpTraffic::default()
            },
            log,
            output: String::new(),
        }
    }

    #[test]
    fn a_report_is_one_line_of_documented_fields() {
        let line = report(CallOutcome::Answered).to_json_line();
        assert!(!line.contains('\n'), "{line}");
        let read: serde_json::Value = serde_json::from_str(&line).unwrap();
        let expected = serde_json::json!({
            "call": "ab-1", "begun_at": "1970-01-01T00:00:01.500Z", "function": "directory.advance",
            "tenant": "acme", "element": "organisation", "component": Digest::of(b"").to_string(),
            "outcome": {"kind": "answered"},
            "queued_us": 1, "instantiate_us": 2, "cpu_us": 7, "guest_cpu_us": 3, "wall_us": 4, "peak_memory_bytes": 5,
            "host_calls": {"http": 6},
            "http": {
                "requests": 1, "failures": 0, "bytes_out": 40, "bytes_in": 50, "left_out": 0,
                "exchanges": [{
                    "method": "GET", "url": "https://api.example/user?token", "status": 200, "failure": null,
                    "bytes_out": 40, "bytes_in": 50, "duration_us": 60
                }]
            },
            "log": {
                "lines": [{"level": "warn", "message": "two\nlines", "fields": [["department", "12"]]}],
                "dropped": 0
            }
        });
        assert_eq!(read, expected);
    }

    #[test]
    fn every_outcome_says_why() {
        let site = || CallSite {
            tenant: "acme".to_owned(),
            element: "organisation".to_owned(),
            component: Digest::of(b""),
            function: "directory.advance",
        };
        let exceeded = Exceeded { limit: LimitName::CpuMs, allowed: 30, asked: 31 };
        let limit = CallError::Limit { site: site(), exceeded };
        let trap = Trap {
            kind: TrapKind::OutOfBounds,
            reason: "wild".to_owned(),
            output: String::new(),
            backtrace: vec!["f".to_owned()],
        };
        let trap = CallError::Trap { site: site(), trap };
        let host = CallError::Host { site: site(), reason: "no room".to_owned() };
        let message = |error: &CallError| error.to_string();
        for (outcome, expected) in [
            (CallOutcome::Answered, serde_json::json!({"kind": "answered"})),
            (CallOutcome::Abandoned, serde_json::json!({"kind": "abandoned"})),
            (
                CallOutcome::Refused { reason: "not-found".to_owned(), vendor_code: None },
                serde_json::json!({"kind": "refused", "reason": "not-found"}),
            ),
            (
                CallOutcome::of(&limit),
                serde_json::json!({
                    "kind": "failed", "cause": "limit", "message": message(&limit),
                    "exceeded": {"limit": "cpu-ms", "allowed": 30, "asked": 31}
                }),
            ),
            (
                CallOutcome::of(&trap),
                serde_json::json!({
                    "kind": "failed", "cause": "trap", "message": message(&trap), "trap": "out-of-bounds", "backtrace": ["f"]
                }),
            ),
            (CallOutcome::of(&host), serde_json::json!({"kind": "failed", "cause": "host", "message": message(&host)})),
        ] {
            assert_eq!(serde_json::to_value(report(outcome)).unwrap()["outcome"], expected);
        }
    }
}
