//! Fetching ranges of a file. No token goes along: the address itself is the permission, so it never appears in a text.

use std::ops::Range;

use url::Url;

use crate::config::{Config, is_plain_host};
use organisation_kit::{
    calls::{Api, TIMEOUT_MS},
    contract::{
        http::{self, BodyKind, HttpError, Request, Response},
        types::{Header, Reason},
    },
    failure::{Cause, Failure},
    locale::Text,
    text,
    transport::{self, Destination},
};

/// The servers of files, for messages.
const FILES: Destination = Destination { address: "sync.downloadHosts", ..Config::DESTINATION };

/// What came of asking for a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The range, exactly.
    Range(Vec<u8>),
    /// The server does not know ranges and sent the whole file.
    Whole(Vec<u8>),
}

/// The request for a range. `is_alone`: the server may send the whole file instead, since nothing else comes with it.
pub(crate) fn request(url: &str, range: &Range<u64>, is_alone: bool) -> Request {
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

/// Judges an answer. `size` is that of the whole file. What to do about a failure is told by its cause, where
/// [`Cause::NoSuchAddress`] says that the address is not valid any more, and by [`Reason::NotPermitted`]: the host or its
/// proxy does not let this component talk to that server.
pub(crate) fn judge(
    url: &str,
    range: &Range<u64>,
    size: u64,
    outcome: Result<Response, HttpError>,
) -> Result<Piece, Failure> {
    use Cause::{NoSuchAddress, Other, Passing};
    let server = server(url);
    let response = outcome.map_err(|error| unanswered(url, &server, error))?;
    // A host that cannot write base64 has delivered nothing.
    let bytes = transport::bytes(response.body).unwrap_or_default();
    let (found, wanted) = (bytes.len() as u64, range.end - range.start);
    let (cause, reason, zh, en) = match response.status {
        206 if found == wanted => return Ok(Piece::Range(bytes)),
        200 if found == size => return Ok(Piece::Whole(bytes)),
        status @ (200 | 206) => (
            Other,
            Reason::UnexpectedAnswer,
            format!("状态 {status}，返回 {found} 字节，请求 {wanted}/{size} 字节"),
            format!("status {status} with {found} bytes, asked for {wanted} of {size}"),
        ),
        status @ (401 | 403 | 404 | 410) => (
            NoSuchAddress,
            Reason::Unavailable,
            format!("地址已失效（状态 {status}）"),
            format!("the address is not valid any more (status {status})"),
        ),
        status @ (408 | 429 | 500..) => {
            (Passing, Reason::Unavailable, format!("状态 {status}"), format!("status {status}"))
        }
        status => (Other, Reason::UnexpectedAnswer, format!("状态 {status}"), format!("status {status}")),
    };
    Err(Failure::new(reason, message(&server, &zh, &en)).with_cause(cause))
}

/// A file that did not come, in the kit's words but for what is different about files.
fn unanswered(url: &str, server: &str, error: HttpError) -> Failure {
    // The host's own words may show the address.
    let error = HttpError { message: String::new(), ..error };
    let mut failure = transport::unanswered(&FILES, &server, &error, &[url.to_owned()]);
    match error.failure {
        http::Failure::TooLarge(_) => {
            let (zh, en) = ("服务器不支持分段下载，且文件过大", "the server ignores ranges and the file is too large");
            failure.message = message(server, zh, en);
            failure
        }
        http::Failure::Denied(option) => {
            let option = option.map(|option| format!(" ({option})")).unwrap_or_default();
            failure.with_hint(text! {
            "导出文件位于 {server}：请在配置 sync.downloadHosts 中加入该地址，并请平台运维放行{option}",
            "export files lie on {server}: add it to sync.downloadHosts, and have the operator admit it{option}" })
        }
        _ => failure,
    }
}

fn message(server: &str, zh: &str, en: &str) -> Text {
    text!("{server} 上的导出文件：{zh}", "a file of the export on {server}: {en}")
}

/// Scheme, host and port of an address: all that may be shown of it.
pub(crate) fn server(url: &str) -> String {
    let url = Some(url).filter(|url| is_plain_host(url)).and_then(|url| Url::parse(url).ok());
    url.map_or_else(|| "an unreadable address".to_owned(), |url| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use organisation_kit::contract::types::Body;

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
            ("a short range", answer(206, 63), Err((Cause::Other, false))),
            ("a part as the whole", answer(200, 64), Err((Cause::Other, false))),
            ("a redirect", answer(302, 0), Err((Cause::Other, false))),
            ("outside", answer(416, 0), Err((Cause::Other, false))),
            ("expired", answer(403, 0), Err((Cause::NoSuchAddress, false))),
            ("gone", answer(404, 0), Err((Cause::NoSuchAddress, false))),
            ("busy", answer(503, 0), Err((Cause::Passing, false))),
            ("throttled", answer(429, 0), Err((Cause::Passing, false))),
            ("denied", lost(Http::Denied(Some("--allow-host cdn.example.com".to_owned()))), Err((Cause::Other, true))),
            ("denied for good", lost(Http::Denied(None)), Err((Cause::Other, true))),
            ("no name", lost(Http::Dns), Err((Cause::Passing, false))),
            ("no connection", lost(Http::Connect), Err((Cause::Passing, false))),
            ("no trust", lost(Http::Tls), Err((Cause::Passing, false))),
            ("late", lost(Http::Timeout), Err((Cause::Passing, false))),
            ("ranges ignored", lost(Http::TooLarge(16)), Err((Cause::AnswerTooLarge, false))),
            ("no budget", lost(Http::BudgetExhausted), Err((Cause::Other, false))),
            ("else", lost(Http::Other("odd".to_owned())), Err((Cause::Passing, false))),
        ] {
            let judged = judge(URL, &(64..128), 1_000, outcome);
            if let Err(miss) = &judged {
                let shown = format!("{miss:?}");
                assert!(shown.contains("https://cdn.example.com") && !shown.contains("s3cret"), "{name}: {shown}");
                assert!(!shown.contains("1.bin"), "{name}: {shown}");
            }
            assert_eq!(
                judged.map(drop).map_err(|miss| (miss.cause, miss.reason == Reason::NotPermitted)),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_host_may_deliver_bytes_as_base64() {
        let answer = |text: &str| {
            let body = Body::Base64(text.to_owned());
            judge(URL, &(64..68), 1_000, Ok(Response { status: 206, headers: Vec::new(), body }))
        };
        assert_eq!(answer("AP8QIA==").unwrap(), Piece::Range(vec![0, 255, 16, 32]));
        assert_eq!(answer("AP8QIA").unwrap_err().reason, Reason::UnexpectedAnswer);
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
