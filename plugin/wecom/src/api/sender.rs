//! One call on the wire, one judged answer back, and the count of both.

use std::cell::RefCell;

use super::{
    answer::{self, CallError},
    call::Call,
    endpoint::TIMEOUT_MS,
};
use crate::config::Config;
use organisation_kit::{contract::http, platform::Platform, vendor::Usage};

/// Sends calls with the token they are given. Neither keeps a token nor repeats anything.
pub(crate) struct Sender<'a, P: Platform> {
    pub(crate) platform: &'a P,
    pub(crate) config: &'a Config,
    pub(crate) usage: RefCell<Usage>,
}

impl<'a, P: Platform> Sender<'a, P> {
    pub(crate) fn new(platform: &'a P, config: &'a Config) -> Self {
        Self { platform, config, usage: RefCell::default() }
    }

    /// Sends one call. `timeout_ms` shortens the usual limit.
    pub(crate) fn send(&self, call: &Call, token: Option<&str>, timeout_ms: Option<u32>) -> Result<String, CallError> {
        let mut request = self.request(call, token, None);
        request.timeout_ms = request.timeout_ms.min(timeout_ms.or(request.timeout_ms));
        answer::judge(call, self.platform.send(&request), &secrets(call, token))
    }

    /// Sends all calls in one batch; answers come in the order of the calls.
    pub(crate) fn send_all(
        &self,
        calls: &[&Call],
        token: &str,
        max_bytes: Option<u64>,
    ) -> Vec<Result<String, CallError>> {
        let requests: Vec<_> = calls.iter().map(|call| self.request(call, Some(token), max_bytes)).collect();
        let mut outcomes = self.platform.send_all(&requests).into_iter();
        let judge = |call: &&Call| {
            let outcome = outcomes.next().unwrap_or_else(|| Err(missing()));
            answer::judge(call, outcome, &secrets(call, Some(token)))
        };
        calls.iter().map(judge).collect()
    }

    /// Counts repetitions.
    pub(crate) fn count_retries(&self, retries: usize) {
        self.usage.borrow_mut().retries += retries as u64;
    }

    /// Counts ranges of files.
    pub(crate) fn count_downloads(&self, ranges: usize) {
        self.usage.borrow_mut().downloads += ranges as u64;
    }

    fn request(&self, call: &Call, token: Option<&str>, max_bytes: Option<u64>) -> http::Request {
        *self.usage.borrow_mut().calls.entry(call.endpoint.path()).or_default() += 1;
        let content_type =
            || http::Header { name: "content-type".to_owned(), value: "application/json; charset=utf-8".to_owned() };
        http::Request {
            method: call.endpoint.method().to_owned(),
            url: call.url(&self.config.api_base, token),
            headers: call.body.iter().map(|_| content_type()).collect(),
            body: call.body.clone().map(http::Body::Text),
            expect: http::BodyKind::Text,
            timeout_ms: Some(TIMEOUT_MS),
            max_bytes,
        }
    }
}

/// What must not appear in a text about this call.
fn secrets(call: &Call, token: Option<&str>) -> Vec<String> {
    call.secrets().into_iter().chain(token.map(str::to_owned)).collect()
}

/// The outcome of a request that the host did not answer for, against its contract.
pub(crate) fn missing() -> http::HttpError {
    http::HttpError {
        failure: http::Failure::Other("no-result".to_owned()),
        message: "the host returned fewer results than requests".to_owned(),
        may_have_reached_server: true,
    }
}
