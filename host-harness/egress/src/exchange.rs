//! What became of each request, for the report of the call.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    error::{HttpError, HttpFailure},
    policy::MAX_URL_BYTES,
    redact::redacted,
    request::Request,
    response::Response,
};

/// The most exchanges that are kept one by one; all further ones are counted only.
pub const MAX_EXCHANGES: usize = 256;

/// The longest URL and method in a record, in characters.
const MAX_SHOWN_URL: usize = 300;
const MAX_SHOWN_METHOD: usize = 20;

/// One finished request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRecord {
    /// The method as the component wrote it, cut after 20 characters.
    pub method: String,
    /// The URL without query values, cut after 300 characters; of one that is too long to be sent, its length.
    pub url: String,
    /// How it ended.
    pub outcome: ExchangeOutcome,
    /// Bytes sent: URL, headers and body; 0 if it was not admitted.
    pub bytes_out: u64,
    /// Body bytes received, as the budget counts them.
    pub bytes_in: u64,
    /// From the component's request to its result, waiting included.
    pub duration: Duration,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExchangeOutcome {
    /// An answer with this status.
    Status(u16),
    /// No answer.
    Failed(HttpFailure),
    /// The call ended before the request did.
    Abandoned,
}

/// All requests of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traffic {
    /// The first [`MAX_EXCHANGES`], in the order in which they ended.
    pub exchanges: Vec<ExchangeRecord>,
    /// Requests beyond these.
    pub left_out: u64,
    /// All requests.
    pub requests: u64,
    /// Those without an answer.
    pub failures: u64,
    /// Bytes sent by all.
    pub bytes_out: u64,
    /// Body bytes received by all.
    pub bytes_in: u64,
}

/// Collects exchanges while requests run side by side.
#[derive(Debug, Default)]
pub(super) struct ExchangeLog(Mutex<Traffic>);

impl ExchangeLog {
    /// What was collected so far.
    pub(super) fn traffic(&self) -> Traffic {
        self.lock().clone()
    }

    /// Starts a record, which is written when it is dropped, whatever happens to the request.
    pub(super) fn begin<'a>(&'a self, tenant: &'a str, request: &Request) -> OpenExchange<'a> {
        OpenExchange {
            log: self,
            tenant,
            method: shorten(&request.method, MAX_SHOWN_METHOD),
            url: shown_url(&request.url),
            started: Instant::now(),
            outcome: ExchangeOutcome::Abandoned,
            bytes_out: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
        }
    }

    /// Counts requests that were refused unseen.
    pub(super) fn refuse(&self, requests: u64) {
        let mut traffic = self.lock();
        traffic.requests += requests;
        traffic.failures += requests;
        traffic.left_out += requests;
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        // Only additions happen under the lock, so what a panic left behind is still a valid count.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The record of a request that still runs.
pub(super) struct OpenExchange<'a> {
    log: &'a ExchangeLog,
    tenant: &'a str,
    method: String,
    url: String,
    started: Instant,
    outcome: ExchangeOutcome,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
}

impl OpenExchange<'_> {
    /// The URL as it may be shown.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Notes bytes sent.
    pub(super) fn add_out(&self, bytes: u64) {
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Notes body bytes received.
    pub(super) fn add_in(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Body bytes received until now.
    pub(super) fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Notes how the request ended.
    pub(super) fn end(mut self, result: &Result<Response, HttpError>) {
        self.outcome = match result {
            Ok(response) => ExchangeOutcome::Status(response.status),
            Err(error) => ExchangeOutcome::Failed(error.kind.clone()),
        };
    }
}

impl Drop for OpenExchange<'_> {
    fn drop(&mut self) {
        let exchange = ExchangeRecord {
            method: std::mem::take(&mut self.method),
            url: std::mem::take(&mut self.url),
            outcome: self.outcome.clone(),
            bytes_out: self.bytes_out.load(Ordering::Relaxed),
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            duration: self.started.elapsed(),
        };
        let (status, error) = match &exchange.outcome {
            ExchangeOutcome::Status(status) => (Some(*status), None),
            ExchangeOutcome::Failed(failure) => (None, Some(failure.name())),
            ExchangeOutcome::Abandoned => (None, Some("abandoned")),
        };
        // Names as OpenTelemetry has them where it has one.
        tracing::debug!(
            lowcode.tenant = self.tenant,
            http.request.method = exchange.method,
            url.full = exchange.url,
            http.response.status_code = status,
            error.type = error,
            http.request.size = exchange.bytes_out,
            http.response.body.size = exchange.bytes_in,
            duration = ?exchange.duration,
            "http exchange"
        );
        let mut traffic = self.log.lock();
        traffic.requests += 1;
        traffic.failures += u64::from(!matches!(exchange.outcome, ExchangeOutcome::Status(_)));
        traffic.bytes_out += exchange.bytes_out;
        traffic.bytes_in += exchange.bytes_in;
        if traffic.exchanges.len() < MAX_EXCHANGES {
            traffic.exchanges.push(exchange);
        } else {
            traffic.left_out += 1;
        }
    }
}

/// The URL as it may be shown. One that is too long to be sent is not parsed, nor copied.
fn shown_url(url: &str) -> String {
    match url.len() {
        0..=MAX_URL_BYTES => shorten(&redacted(url), MAX_SHOWN_URL),
        bytes => format!("(a URL of {bytes} bytes)"),
    }
}

fn shorten(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_bounded_and_totals_are_not() {
        let log = ExchangeLog::default();
        for _ in 0..MAX_EXCHANGES + 5 {
            let open = log.begin("acme", &Request::get("https://a.example/?code=hidden"));
            open.add_out(2);
            open.add_in(3);
            open.end(&Err(HttpError::before_sending(HttpFailure::Dns, "")));
        }
        let traffic = log.traffic();
        let total = (MAX_EXCHANGES + 5) as u64;
        assert_eq!((traffic.exchanges.len(), traffic.left_out), (MAX_EXCHANGES, 5));
        assert_eq!((traffic.requests, traffic.failures), (total, total));
        assert_eq!((traffic.bytes_out, traffic.bytes_in), (2 * total, 3 * total));
        assert_eq!(traffic.exchanges[0].url, "https://a.example/?code");
    }

    #[test]
    fn a_request_that_is_dropped_leaves_a_record() {
        let log = ExchangeLog::default();
        drop(log.begin("acme", &Request::get("https://a.example/")));
        assert_eq!(log.traffic().exchanges[0].outcome, ExchangeOutcome::Abandoned);
    }

    #[test]
    fn a_url_that_no_server_gets_is_not_shown() {
        let longest = format!("https://a.example/{}", "x".repeat(MAX_URL_BYTES - 18));
        assert!(shown_url(&longest).starts_with("https://a.example/"));
        assert_eq!(shown_url(&format!("{longest}x")), "(a URL of 8193 bytes)");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        for (text, shown) in [("", ""), ("abc", "abc"), ("abcd", "abc…"), ("日本語語", "日本語…")] {
            assert_eq!(shorten(text, 3), shown);
        }
    }
}
