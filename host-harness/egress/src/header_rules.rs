//! Which methods and headers a component may send.
//!
//! The host frames every request, keeps the connection and decompresses the answer, so the headers that steer these are
//! its own: a component that could set them could smuggle a second request into a kept connection, reach another site
//! behind the same server, or make the host misread where an answer ends. They are refused and not dropped in silence,
//! because the component would otherwise rely on something that never happened.

use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::error::HttpError;

/// The most headers one request may have.
pub const MAX_HEADERS: usize = 64;
/// The most bytes of header names and values together.
pub const MAX_HEADER_BYTES: usize = 16 * 1024;

/// Headers that only the host sets, and who or what decides them.
const HOST_HEADERS: [(&str, &str); 11] = [
    ("host", "it follows from the url"),
    ("content-length", "it follows from the body"),
    ("transfer-encoding", "the host frames the body"),
    ("connection", "the host keeps the connection"),
    ("keep-alive", "the host keeps the connection"),
    ("upgrade", "the host speaks HTTP/1.1 only"),
    ("te", "the host frames the body"),
    ("trailer", "the host frames the body"),
    ("expect", "the host sends the body at once"),
    ("accept-encoding", "the host decompresses the answer"),
    ("http2-settings", "the host speaks HTTP/1.1 only"),
];

/// The longest method in bytes.
pub const MAX_METHOD_BYTES: usize = 32;

/// Reads a method.
///
/// # Errors
/// Not a token, or a method that makes a tunnel (`CONNECT`) or echoes headers (`TRACE`).
pub(super) fn method(text: &str) -> Result<Method, HttpError> {
    let method = Method::from_bytes(text.as_bytes())
        .map_err(|_| HttpError::invalid_request("the method is not an HTTP token; use GET, POST or another name"))?;
    if method == Method::CONNECT || method == Method::TRACE {
        return Err(HttpError::invalid_request(format!("the method {method} is not available to components")));
    }
    Ok(method)
}

/// Reads headers, keeping order and repetition.
///
/// # Errors
/// Names the header, never its value.
pub(super) fn headers(list: &[(String, String)]) -> Result<HeaderMap, HttpError> {
    let mut headers = HeaderMap::with_capacity(list.len());
    for (name, value) in list {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| HttpError::invalid_request(format!("the header name {name:?} is not an HTTP token")))?;
        refuse_host_header(&parsed)?;
        // Bytes outside ASCII are allowed on the wire, but what a server reads from them is anyone's guess.
        let value = HeaderValue::from_str(value).ok().filter(|_| value.is_ascii()).ok_or_else(|| {
            HttpError::invalid_request(format!(
                "the value of header {parsed} contains a line break, a control character or text outside ASCII"
            ))
        })?;
        headers.append(parsed, value);
    }
    Ok(headers)
}

fn refuse_host_header(name: &HeaderName) -> Result<(), HttpError> {
    let reason = match HOST_HEADERS.iter().find(|(owned, _)| name == owned) {
        Some((_, reason)) => reason,
        None if name.as_str().starts_with("proxy-") => "it speaks to a proxy",
        None => return Ok(()),
    };
    Err(HttpError::invalid_request(format!(
        "the header {name} belongs to the host ({reason}); remove it from the request"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn host_headers_are_refused_by_name_in_any_case() {
        for name in [
            "Host",
            "content-length",
            "Transfer-Encoding",
            "CONNECTION",
            "Keep-Alive",
            "Upgrade",
            "TE",
            "Trailer",
            "Expect",
            "Accept-Encoding",
            "Proxy-Authorization",
            "proxy-anything",
            "HTTP2-Settings",
        ] {
            let error = headers(&list(&[(name, "value-1")])).unwrap_err();
            assert!(error.message.contains(&name.to_lowercase()), "{name}: {}", error.message);
            assert!(!error.may_have_reached_server);
        }
    }

    #[test]
    fn injection_is_refused_without_quoting_the_value() {
        for (name, value) in [
            ("x-a", "secret\r\nhost: evil"),
            ("x-a", "secret\nx"),
            ("x-a", "secret\0"),
            ("x-a", "secret\u{7f}"),
            ("x-a", "secret é"),
            ("x a", "secret"),
            ("", "secret"),
            ("x:a", "secret"),
            ("x\r\nhost", "secret"),
        ] {
            let error = headers(&list(&[(name, value)])).unwrap_err();
            assert!(!error.message.contains("secret"), "{name:?}: {}", error.message);
        }
    }

    #[test]
    fn repeated_headers_stay_separate() {
        let headers = headers(&list(&[("X-A", "1"), ("x-a", "2"), ("x-b", "")])).unwrap();
        assert_eq!(headers.get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(headers["x-b"], "");
    }

    #[test]
    fn methods_are_tokens() {
        for text in ["GET", "POST", "PATCH", "DELETE", "PROPFIND", "get"] {
            assert_eq!(method(text).unwrap().as_str(), text);
        }
        for text in ["", "GET /", "GE\r\nT", "CONNECT", "TRACE", "Gé"] {
            assert!(method(text).is_err(), "{text:?}");
        }
    }
}
