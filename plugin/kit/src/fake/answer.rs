//! What a fake server answers, and what it sees of a request.

use crate::contract::{
    http::{Failure, HttpError, Request, Response},
    types::Body,
};

/// An answer with status 200.
pub fn ok(body: impl Into<String>) -> Result<Response, HttpError> {
    status(200, body)
}

/// An answer with any status.
pub fn status(status: u16, body: impl Into<String>) -> Result<Response, HttpError> {
    Ok(Response { status, headers: Vec::new(), body: Body::Text(body.into()) })
}

/// A request that certainly did not reach the server.
pub fn unreached(failure: Failure) -> HttpError {
    HttpError { failure, message: String::new(), may_have_reached_server: false }
}

/// A request that may have reached the server.
pub fn lost(failure: Failure) -> HttpError {
    HttpError { failure, message: String::new(), may_have_reached_server: true }
}

/// The path of a request's URL.
pub fn path(request: &Request) -> String {
    url::Url::parse(&request.url).unwrap().path().to_owned()
}

/// A decoded query value of a request's URL.
pub fn query(request: &Request, name: &str) -> Option<String> {
    let url = url::Url::parse(&request.url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
