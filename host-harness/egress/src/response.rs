//! The answer of a server, for every status alike.
//!
//! A status of 404 or 503 is an answer, not a failure, and a redirect is an answer with a `location` header: the
//! component decides what either means. `Debug` shows neither header values nor the body.

use std::fmt;

use super::request::Body;

/// A complete answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code, 200 to 999.
    pub status: u16,
    /// Headers with lower-case names; repeated ones stay separate, in the order the server sent them. Values that are
    /// not UTF-8 are read as ISO 8859-1. `content-encoding` and `content-length` are absent when the host decompressed
    /// the body, because they would describe something else.
    pub headers: Vec<(String, String)>,
    /// The decompressed body.
    pub body: Body,
}

impl Response {
    /// The first header of that name, ignoring case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header_names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("header_names", &header_names)
            .field("body", &self.body)
            .finish()
    }
}
