//! `http`, on `wasi:http/outgoing-handler`.

use std::collections::VecDeque;

use crate::{
    Adapter, call,
    exchange::Exchange,
    generated::exports::lowcode::organisation::http::{Failure, Guest, HttpError, Request, Response},
};

impl Guest for Adapter {
    fn send(request: Request) -> Result<Response, HttpError> {
        Exchange::begin(request)?.end()
    }

    /// Answers are read in the order of the requests; those that come earlier wait in the platform meanwhile.
    fn send_all(requests: Vec<Request>) -> Vec<Result<Response, HttpError>> {
        let (mut waiting, mut running, mut answers) = (requests.into_iter(), VecDeque::new(), Vec::new());
        loop {
            while running.len() < call::PARALLELISM as usize
                && let Some(request) = waiting.next()
            {
                running.push_back(Exchange::begin(request));
            }
            let Some(first) = running.pop_front() else { return answers };
            answers.push(first.and_then(Exchange::end));
        }
    }
}

/// An error of a request that never left.
pub(crate) fn unsent(failure: Failure, message: &str) -> HttpError {
    HttpError { failure, message: message.to_owned(), may_have_reached_server: false }
}

/// An error of a request that no host could send.
pub(crate) fn invalid(message: &str) -> HttpError {
    unsent(Failure::Other("invalid-request".to_owned()), message)
}
