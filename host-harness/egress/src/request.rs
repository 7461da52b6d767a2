//! What a component asks for, as it comes over the boundary: plain text that nobody has judged yet.
//!
//! [`Policy::check`](super::Policy::check) turns a [`Request`] into a [`Checked`](super::Checked), the only thing that
//! can be sent. `Debug` shows neither query values nor header values nor bodies, since any of them may be a secret.

use std::fmt;

use super::redact::redacted;

/// One request of a component.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// An HTTP method, case-sensitive as in HTTP: `GET`, `POST`, …
    pub method: String,
    /// An absolute `http` or `https` URL; a fragment is not sent.
    pub url: String,
    /// Headers in order; a name may occur repeatedly. Some belong to the host, see [`super::header_rules`].
    pub headers: Vec<(String, String)>,
    /// The request body.
    pub body: Option<Body>,
    /// How the body of the answer should come back.
    pub expect: BodyKind,
    /// Time for the whole exchange in milliseconds; [`DEFAULT_TIMEOUT_MS`] when absent. The call's wall time bounds it.
    pub timeout_ms: Option<u32>,
    /// Largest answer wanted, in bytes of the decompressed body. It can only lower the call's own limit.
    pub max_bytes: Option<u64>,
}

/// The time a request has when it does not say: 10 s.
pub const DEFAULT_TIMEOUT_MS: u32 = 10_000;

impl Request {
    /// A request without headers or body that expects text.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            expect: BodyKind::Text,
            timeout_ms: None,
            max_bytes: None,
        }
    }

    /// `GET url`, expecting text.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new("GET", url)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header_names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("url", &redacted(&self.url))
            .field("header_names", &header_names)
            .field("body", &self.body)
            .field("expect", &self.expect)
            .field("timeout_ms", &self.timeout_ms)
            .field("max_bytes", &self.max_bytes)
            .finish()
    }
}

/// A body in the form that crosses the boundary: bytes cost some hosts about 1 µs each, text next to nothing.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// UTF-8 text.
    Text(String),
    /// Anything.
    Bytes(Vec<u8>),
}

/// The form in which a component wants a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// As [`Body::Text`]; what is not UTF-8 comes as [`Body::Bytes`] all the same.
    Text,
    /// As [`Body::Bytes`], always.
    Bytes,
}

impl Body {
    /// Gives `bytes` the form that was asked for, and falls back to bytes for what is not UTF-8.
    pub fn of(bytes: Vec<u8>, expect: BodyKind) -> Self {
        match expect {
            BodyKind::Bytes => Self::Bytes(bytes),
            BodyKind::Text => match String::from_utf8(bytes) {
                Ok(text) => Self::Text(text),
                Err(not_text) => Self::Bytes(not_text.into_bytes()),
            },
        }
    }

    /// The content, whatever its form.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The content without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_utf8_comes_as_bytes() {
        let cases: [(&[u8], BodyKind, Body); 4] = [
            (b"abc", BodyKind::Text, Body::Text("abc".into())),
            (b"", BodyKind::Text, Body::Text(String::new())),
            (b"\xff\xfe", BodyKind::Text, Body::Bytes(vec![0xff, 0xfe])),
            (b"abc", BodyKind::Bytes, Body::Bytes(b"abc".to_vec())),
        ];
        for (bytes, expect, body) in cases {
            assert_eq!(Body::of(bytes.to_vec(), expect), body);
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let request = Request {
            headers: vec![("x-key".into(), "hidden-1".into())],
            body: Some(Body::Text("hidden-2".into())),
            ..Request::get("https://example.com/token?corpsecret=hidden-3")
        };
        let shown = format!("{request:?}");
        assert!(!shown.contains("hidden"), "{shown}");
        assert!(shown.contains("corpsecret") && shown.contains("x-key"), "{shown}");
    }
}
