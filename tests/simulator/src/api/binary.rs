//! An answer that is a file: the bytes of `media/get`, whole or in part (doc 90254).

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, SERVER};
use axum::http::{HeaderValue, Response, StatusCode};

use super::download::Part;
use crate::faults::Effect;

/// The bytes of a file, and what the caller asked of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Binary {
    pub(crate) bytes: Arc<[u8]>,
    /// Name and type as uploaded.
    pub(crate) name: String,
    pub(crate) kind: String,
    /// The `Range` header.
    pub(crate) range: Option<String>,
}

impl Binary {
    /// The response, after the faults that can strike bytes.
    pub(crate) fn respond(&self, effects: &[Effect]) -> Response<Body> {
        let size = u64::try_from(self.bytes.len()).unwrap_or(u64::MAX);
        let part = self.range.as_deref().map_or(Part::Whole, |range| Part::asked(range, size));
        let (status, at, end) = match part {
            Part::Whole => (StatusCode::OK, 0, size),
            Part::Between(at, end) => (StatusCode::PARTIAL_CONTENT, at, end),
            Part::Outside => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
        };
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let mut bytes = self.bytes.get(index(at)..index(end)).unwrap_or_default().to_vec();
        for effect in effects {
            match effect {
                Effect::Truncated => bytes.truncate(bytes.len() / 2),
                Effect::Corrupted => super::damage::corrupt(&mut bytes),
                _ => {}
            }
        }
        let mut response = Response::new(Body::from(bytes));
        *response.status_mut() = status;
        let range = match part {
            Part::Whole => None,
            Part::Between(at, end) => Some(format!("bytes {at}-{}/{size}", end - 1)),
            Part::Outside => Some(format!("bytes */{size}")),
        };
        // A name that no header can hold is left out, as the type is.
        let disposition = HeaderValue::from_bytes(format!("attachment; filename=\"{}\"", self.name).as_bytes()).ok();
        let headers = response.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static("nginx"));
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        for (name, value) in [
            (CONTENT_DISPOSITION, disposition),
            (CONTENT_TYPE, HeaderValue::from_str(&self.kind).ok()),
            (CONTENT_RANGE, range.and_then(|range| HeaderValue::from_str(&range).ok())),
        ] {
            if let Some(value) = value {
                headers.insert(name, value);
            }
        }
        response
    }
}
