//! What a fake server answers, and what it sees of a request.

use crate::contract::http::{Body, Failure, HttpError, Request, Response};

/// An answer with status 200.
pub(crate) fn ok(body: impl Into<String>) -> Result<Response, HttpError> {
    status(200, body)
}

/// An answer with any status.
pub(crate) fn status(status: u16, body: impl Into<String>) -> Result<Response, HttpError> {
    Ok(Response { status, headers: Vec::new(), body: Body::Text(body.into()) })
}

/// WeCom's way to say no, with hint and address as it sends them.
pub(crate) fn errcode(code: i64, errmsg: &str) -> Result<Response, HttpError> {
    ok(format!(
        r#"{{"errcode":{code},"errmsg":"{errmsg}, hint: [1760000000412345678901234], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e={code}"}}"#
    ))
}

/// A request that certainly did not reach the server.
pub(crate) fn unreached(failure: Failure) -> HttpError {
    HttpError { failure, message: String::new(), may_have_reached_server: false }
}

/// A request that may have reached the server.
pub(crate) fn lost(failure: Failure) -> HttpError {
    HttpError { failure, message: String::new(), may_have_reached_server: true }
}

/// The path of a request's URL.
pub(crate) fn path(request: &Request) -> String {
    url::Url::parse(&request.url).unwrap().path().to_owned()
}

/// A decoded query value of a request's URL.
pub(crate) fn query(request: &Request, name: &str) -> Option<String> {
    let url = url::Url::parse(&request.url).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
