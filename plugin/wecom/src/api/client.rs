//! The one way to call WeCom: adds the token, renews it when it is refused, repeats what may be repeated, and hands
//! out answers whose `errcode` was checked.

use std::{cell::RefCell, ops::Range};

use serde::de::{DeserializeOwned, IgnoredAny};

use super::{
    answer::{self, CallError},
    call::Call,
    sender::{self, Sender},
    token,
};
use crate::{
    config::Config,
    export::download::{self, DownloadError, Piece},
};
use organisation_kit::{failure::Failure, platform::Platform, vendor::Usage};

/// Repetitions of an idempotent read that failed in passing.
const RETRIES: u32 = 3;
/// With less time left, a repetition cannot end well.
const SHORTEST_REQUEST_MS: u64 = 1_000;

/// A client for one call of the component. It remembers the token that it read, so that many calls cost one reading of
/// storage.
pub struct Client<'a, P: Platform> {
    sender: Sender<'a, P>,
    token: RefCell<Option<String>>,
}

impl<'a, P: Platform> Client<'a, P> {
    /// A client for the credential of this configuration.
    pub(crate) fn new(platform: &'a P, config: &'a Config) -> Self {
        Self { sender: Sender::new(platform, config), token: RefCell::default() }
    }

    /// The outside world.
    pub(crate) fn platform(&self) -> &'a P {
        self.sender.platform
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &'a Config {
        self.sender.config
    }

    /// Reads an answer. A refused token is renewed and the call repeated once; an idempotent call that fails in
    /// passing (busy, 5xx, unreadable, no connection) is repeated at most three times, at once: waiting is the host's.
    pub(crate) fn read<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Failure> {
        self.repeat(call, |text| serde_json::from_str(&text))
    }

    /// The same, as text that is JSON to its end: an answer that was cut off behind its status is asked for again.
    pub(crate) fn read_text(&self, call: &Call) -> Result<String, Failure> {
        self.repeat(call, |text| serde_json::from_str::<IgnoredAny>(&text).map(|_| text))
    }

    /// Sends a call once, or twice when the first token was refused, and tells where it broke. For calls that must
    /// not be repeated blindly.
    pub(crate) fn once(&self, call: &Call) -> Result<String, CallError> {
        self.attempt(call, &mut false)
    }

    /// Sends all calls side by side; answers come in the order of the calls. Calls whose token was refused are sent
    /// once more with a new one; nothing else is repeated, since the sync waits in the host. `max_bytes` refuses
    /// larger answers one by one, with [`organisation_kit::failure::Cause::AnswerTooLarge`].
    pub(crate) fn attempt_all(&self, calls: &[Call], max_bytes: Option<u64>) -> Vec<Result<String, Failure>> {
        let everything: Vec<_> = calls.iter().collect();
        if everything.is_empty() {
            return Vec::new();
        }
        let token = match self.token() {
            Ok(token) => token,
            Err(failure) => return calls.iter().map(|_| Err(failure.clone())).collect(),
        };
        let mut outcomes = self.sender.send_all(&everything, &token, max_bytes);
        let is_stale = |outcome: &Result<String, CallError>| matches!(outcome, Err(error) if error.is_stale_token());
        let stale: Vec<usize> = (0..outcomes.len()).filter(|&index| is_stale(&outcomes[index])).collect();
        if !stale.is_empty() {
            match self.renew(&token) {
                Ok(token) => {
                    self.sender.count_retries(stale.len());
                    let again: Vec<_> = stale.iter().map(|&index| &calls[index]).collect();
                    for (&index, outcome) in stale.iter().zip(self.sender.send_all(&again, &token, max_bytes)) {
                        outcomes[index] = outcome;
                    }
                }
                Err(failure) => {
                    for &index in &stale {
                        outcomes[index] = Err(CallError::without_token(failure.clone()));
                    }
                }
            }
        }
        outcomes.into_iter().map(|outcome| outcome.map_err(|error| error.failure)).collect()
    }

    /// Fetches ranges of one file side by side; answers come in the order of the ranges. No token is involved and
    /// nothing is repeated.
    pub(crate) fn download(&self, url: &str, size: u64, ranges: &[Range<u64>]) -> Vec<Result<Piece, DownloadError>> {
        let requests: Vec<_> = ranges.iter().map(|range| download::request(url, range, ranges.len() == 1)).collect();
        self.sender.count_downloads(requests.len());
        let mut outcomes = self.sender.platform.send_all(&requests).into_iter();
        ranges
            .iter()
            .map(|range| download::judge(url, range, size, outcomes.next().unwrap_or_else(|| Err(sender::missing()))))
            .collect()
    }

    /// Asks WeCom whether it accepts the credential: always a call, never the kept token, also where an earlier refusal is
    /// remembered. Only for `check-connection`, behind which an administrator stands.
    pub(crate) fn ask(&self) -> Result<(), Failure> {
        let token = token::tokens(&self.sender).ask()?;
        self.token.replace(Some(token));
        Ok(())
    }

    /// What was sent so far.
    pub(crate) fn usage(&self) -> Usage {
        self.sender.usage.borrow().clone()
    }

    fn repeat<T>(&self, call: &Call, parse: impl Fn(String) -> Result<T, serde_json::Error>) -> Result<T, Failure> {
        let (mut retries, mut renewed) = (0, false);
        loop {
            let parsed = self
                .attempt(call, &mut renewed)
                .and_then(|text| parse(text).map_err(|error| answer::unreadable(call, &error)));
            match parsed {
                Ok(value) => return Ok(value),
                Err(error) if retries < RETRIES && self.may_repeat(call, &error) => {
                    retries += 1;
                    self.sender.count_retries(1);
                }
                Err(error) => return Err(error.failure),
            }
        }
    }

    fn may_repeat(&self, call: &Call, error: &CallError) -> bool {
        if !call.endpoint.is_idempotent() || !error.kind.is_passing() {
            return false;
        }
        let left = self.sender.platform.remaining();
        left.wall_ms >= SHORTEST_REQUEST_MS && left.requests > 0
    }

    fn attempt(&self, call: &Call, renewed: &mut bool) -> Result<String, CallError> {
        let token = self.token().map_err(CallError::without_token)?;
        match self.sender.send(call, Some(&token), None) {
            Err(error) if error.is_stale_token() && !*renewed => {
                *renewed = true;
                let token = self.renew(&token).map_err(CallError::without_token)?;
                self.sender.count_retries(1);
                self.sender.send(call, Some(&token), None)
            }
            outcome => outcome,
        }
    }

    fn token(&self) -> Result<String, Failure> {
        if let Some(token) = &*self.token.borrow() {
            return Ok(token.clone());
        }
        let token = token::tokens(&self.sender).current(None)?;
        self.token.replace(Some(token.clone()));
        Ok(token)
    }

    fn renew(&self, failed: &str) -> Result<String, Failure> {
        self.token.replace(None);
        let token = token::tokens(&self.sender).current(Some(failed))?;
        self.token.replace(Some(token.clone()));
        Ok(token)
    }
}

#[cfg(test)]
mod tests;
