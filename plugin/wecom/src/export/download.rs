//! Fetching ranges of a file. No token goes along: the address itself is the permission, so it never appears in a text.

use std::ops::Range;

use url::Url;

use crate::{
    config::is_plain_host,
    contract::{
        http::{self, Body, BodyKind, Header, HttpError, Request, Response},
        types::Reason,
    },
    failure::Failure,
    text::Text,
    vendor::api::TIMEOUT_MS,
};

/// What came of asking for a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The range, exactly.
    Piece(Vec<u8>),
    /// The server does not know ranges and sent the whole file.
    Whole(Vec<u8>),
}

/// Why a range could not be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The host's policy does not let this component talk to that server.
    Denied,
    /// The address is not valid any more, or never was.
    Expired,
    /// The network or the server failed in passing.
    Passing,
    /// The server ignores ranges and the file is larger than an answer may be.
    TooLarge,
    /// A limit of the call is used up.
    Budget,
    /// The server sent something else.
    Unusable,
}

/// A range that was not fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// What to do about it.
    pub refusal: Refusal,
    /// For whoever asked.
    pub failure: Failure,
}

/// The request for a range. `is_alone`: the server may send the whole file instead, since nothing else comes with it.
pub fn request(url: &str, range: &Range<u64>, is_alone: bool) -> Request {
    Request {
        method: "GET".to_owned(),
        url: url.to_owned(),
        headers: vec![Header {
            name: "range".to_owned(),
            value: format!("bytes={}-{}", range.start, range.end.saturating_sub(1)),
        }],
        body: None,
        expect: BodyKind::Bytes,
        timeout_ms: Some(TIMEOUT_MS),
        max_bytes: (!is_alone).then_some(range.end - range.start),
    }
}

/// Judges an answer. `size` is that of the whole file.
pub fn judge(url: &str, range: &Range<u64>, size: u64, outcome: Result<Response, HttpError>) -> Result<Fetched, Miss> {
    let server = server(url);
    let miss = |refusal, reason, what: String| {
        Err(Miss { refusal, failure: Failure::new(reason, format!("a file of the export on {server}: {what}")) })
    };
    let response = match outcome {
        Ok(response) => response,
        Err(error) => return Err(unanswered(&server, &error)),
    };
    let bytes = match response.body {
        Body::Bytes(bytes) => bytes,
        Body::Text(text) => text.into_bytes(),
    };
    match response.status {
        206 if bytes.len() as u64 == range.end - range.start => Ok(Fetched::Piece(bytes)),
        200 if bytes.len() as u64 == size => Ok(Fetched::Whole(bytes)),
        status @ (200 | 206) => miss(
            Refusal::Unusable,
            Reason::UnexpectedAnswer,
            format!("status {status} with {} bytes, asked for {} of {size}", bytes.len(), range.end - range.start),
        ),
        status @ (401 | 403 | 404 | 410) => {
            miss(Refusal::Expired, Reason::Unavailable, format!("the address is not valid any more (status {status})"))
        }
        status @ (408 | 429 | 500..) => miss(Refusal::Passing, Reason::Unavailable, format!("status {status}")),
        status => miss(Refusal::Unusable, Reason::UnexpectedAnswer, format!("status {status}")),
    }
}

fn unanswered(server: &str, error: &HttpError) -> Miss {
    use http::Failure as Http;
    let (refusal, reason, what) = match &error.failure {
        Http::Denied(_) => (Refusal::Denied, Reason::NotPermitted, "the platform does not admit this server"),
        Http::Dns => (Refusal::Passing, Reason::Unavailable, "the name does not resolve"),
        Http::Connect => (Refusal::Passing, Reason::Unavailable, "no connection"),
        Http::Tls => (Refusal::Passing, Reason::Unavailable, "no trusted TLS connection"),
        Http::Proxy(Some(400..=499)) => {
            (Refusal::Denied, Reason::NotPermitted, "the proxy does not let requests through to this server")
        }
        Http::Proxy(_) => (Refusal::Passing, Reason::Unavailable, "the proxy does not work"),
        Http::Timeout => (Refusal::Passing, Reason::Unavailable, "no answer in time"),
        Http::TooLarge(_) => {
            (Refusal::TooLarge, Reason::UnexpectedAnswer, "the server ignores ranges and the file is too large")
        }
        Http::BudgetExhausted => {
            (Refusal::Budget, Reason::Other("budget-exhausted".to_owned()), "a limit of this call is used up")
        }
        Http::Other(_) => (Refusal::Passing, Reason::Unavailable, "the request failed"),
    };
    let mut failure = Failure::new(reason, format!("a file of the export on {server}: {what}"));
    if let Http::Denied(option) = &error.failure {
        let option = if option.is_empty() { String::new() } else { format!(" ({option})") };
        failure = failure.with_hint(Text::new(
            format!("导出文件位于 {server}：请在配置 sync.downloadHosts 中加入该地址，并请平台运维放行{option}"),
            format!(
                "export files lie on {server}: add it to sync.downloadHosts, and have the operator admit it{option}"
            ),
        ));
    }
    Miss { refusal, failure }
}

/// Scheme, host and port of an address: all that may be shown of it.
pub fn server(url: &str) -> String {
    let url = Some(url).filter(|url| is_plain_host(url)).and_then(|url| Url::parse(url).ok());
    url.map_or_else(|| "an unreadable address".to_owned(), |url| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://cdn.example.com/exp/1.bin?sign=s3cret";

    fn answer(status: u16, bytes: usize) -> Result<Response, HttpError> {
        Ok(Response { status, headers: Vec::new(), body: Body::Bytes(vec![0; bytes]) })
    }

    fn lost(failure: http::Failure) -> Result<Response, HttpError> {
        Err(HttpError { failure, message: URL.to_owned(), may_have_reached_server: true })
    }

    #[test]
    fn answers_are_judged_without_showing_the_address() {
        use http::Failure as Http;
        for (name, outcome, expected) in [
            ("a range", answer(206, 64), Ok(())),
            ("the whole", answer(200, 1_000), Ok(())),
            ("a short range", answer(206, 63), Err(Refusal::Unusable)),
            ("a part as the whole", answer(200, 64), Err(Refusal::Unusable)),
            ("a redirect", answer(302, 0), Err(Refusal::Unusable)),
            ("outside", answer(416, 0), Err(Refusal::Unusable)),
            ("expired", answer(403, 0), Err(Refusal::Expired)),
            ("gone", answer(404, 0), Err(Refusal::Expired)),
            ("busy", answer(503, 0), Err(Refusal::Passing)),
            ("throttled", answer(429, 0), Err(Refusal::Passing)),
            ("denied", lost(Http::Denied("--allow-host cdn.example.com".to_owned())), Err(Refusal::Denied)),
            ("denied for good", lost(Http::Denied(String::new())), Err(Refusal::Denied)),
            ("no name", lost(Http::Dns), Err(Refusal::Passing)),
            ("no connection", lost(Http::Connect), Err(Refusal::Passing)),
            ("no trust", lost(Http::Tls), Err(Refusal::Passing)),
            ("late", lost(Http::Timeout), Err(Refusal::Passing)),
            ("ranges ignored", lost(Http::TooLarge(16)), Err(Refusal::TooLarge)),
            ("no budget", lost(Http::BudgetExhausted), Err(Refusal::Budget)),
            ("else", lost(Http::Other("odd".to_owned())), Err(Refusal::Passing)),
        ] {
            let judged = judge(URL, &(64..128), 1_000, outcome);
            if let Err(miss) = &judged {
                let shown = format!("{miss:?}");
                assert!(shown.contains("https://cdn.example.com") && !shown.contains("s3cret"), "{name}: {shown}");
                assert!(!shown.contains("1.bin"), "{name}: {shown}");
            }
            assert_eq!(judged.map(drop).map_err(|miss| miss.refusal), expected, "{name}");
        }
    }

    #[test]
    fn a_range_names_its_first_and_last_byte() {
        assert_eq!(request(URL, &(64..128), true).max_bytes, None);
        let request = request(URL, &(64..128), false);
        assert_eq!(request.max_bytes, Some(64));
        assert_eq!(request.headers[0].value, "bytes=64-127");
        assert_eq!(request.expect, BodyKind::Bytes);
    }
}
