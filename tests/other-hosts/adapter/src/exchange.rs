//! One request and its answer.

use std::time::{Duration, Instant};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use wasip2::{
    clocks::monotonic_clock,
    http::{
        outgoing_handler,
        types::{
            ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody,
            OutgoingRequest, RequestOptions,
        },
    },
    io::{
        poll::{self, Pollable},
        streams::StreamError,
    },
};

use crate::{
    call,
    generated::{
        exports::lowcode::organisation::http::{BodyKind, Failure, HttpError, Request, Response},
        lowcode::organisation::types::{Body, Header},
    },
    http::{invalid, unsent},
    tally,
    target::{Refusal, Target},
};

const USUAL_TIMEOUT_MS: u64 = 10_000;
/// What a stream takes in one call that waits.
const CHUNK: usize = 4096;
const READ: u64 = 64 << 10;
/// The host's own to set. `accept-encoding` is not set either, so that nothing has to be decompressed here.
const HOSTS_OWN: [&str; 10] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "accept-encoding",
];

/// A request that is on its way.
pub(crate) struct Exchange {
    answer: FutureIncomingResponse,
    until: Instant,
    expect: BodyKind,
    max_bytes: u64,
}

impl Exchange {
    /// Sends a request.
    pub(crate) fn begin(request: Request) -> Result<Self, HttpError> {
        if call::requests() == 0 {
            return Err(unsent(Failure::BudgetExhausted, "the requests of this call are used up"));
        }
        tally::add("http", 1);
        let target = Target::of(&request.url).map_err(|refusal| match refusal {
            Refusal::Invalid(message) => invalid(message),
            Refusal::Denied(option) => unsent(Failure::Denied(option), "the operator's list has no such host"),
        })?;
        let content = match request.body {
            None => None,
            Some(Body::Text(text)) => Some(text.into_bytes()),
            Some(Body::Bytes(bytes)) => Some(bytes),
            Some(Body::Base64(text)) => Some(STANDARD.decode(text).map_err(|_| invalid("the body is no base64"))?),
        };
        let heads: usize = request.headers.iter().map(|header| header.name.len() + header.value.len()).sum();
        let size = request.method.len() + request.url.len() + heads + content.as_ref().map_or(0, Vec::len);
        if size as u64 > call::bytes_out() {
            return Err(unsent(Failure::BudgetExhausted, "the bytes that this call may send are used up"));
        }
        tally::add("http-bytes-out", size);

        let timeout = request.timeout_ms.map_or(USUAL_TIMEOUT_MS, u64::from).min(call::wall_ms());
        let outgoing = OutgoingRequest::new(fields(&request.headers, content.as_ref().map(Vec::len))?);
        let made = outgoing
            .set_method(&method(&request.method)?)
            .and_then(|()| outgoing.set_scheme(Some(&target.scheme)))
            .and_then(|()| outgoing.set_authority(Some(&target.authority)))
            .and_then(|()| outgoing.set_path_with_query(Some(&target.path_with_query)));
        made.map_err(|()| invalid("the platform takes no such method or address"))?;
        let body = content.map(|content| outgoing.body().map(|body| (body, content))).transpose();
        let body = body.map_err(|()| invalid("the platform takes no body"))?;
        let answer = outgoing_handler::handle(outgoing, Some(options(timeout))).map_err(|code| failed(&code))?;
        if let Some((body, content)) = body {
            write(body, &content);
        }
        Ok(Self {
            answer,
            until: Instant::now() + Duration::from_millis(timeout),
            expect: request.expect,
            max_bytes: request.max_bytes.unwrap_or(call::LARGEST_RESPONSE).min(call::LARGEST_RESPONSE),
        })
    }

    /// Waits for the whole answer.
    pub(crate) fn end(self) -> Result<Response, HttpError> {
        let answer = loop {
            match self.answer.get() {
                Some(answer) => break answer,
                None => self.wait(&self.answer.subscribe())?,
            }
        };
        // It can be taken once, and is.
        let answer = answer.unwrap_or(Err(ErrorCode::HttpResponseIncomplete)).map_err(|code| failed(&code))?;
        let status = answer.status();
        let headers = answer.headers().entries().into_iter().map(header).collect();
        let bytes = self.body(&answer)?;
        let body = match self.expect {
            BodyKind::Text => String::from_utf8(bytes).map_or_else(|error| Body::Bytes(error.into_bytes()), Body::Text),
            BodyKind::Bytes => Body::Bytes(bytes),
        };
        Ok(Response { status, headers, body })
    }

    fn body(&self, answer: &IncomingResponse) -> Result<Vec<u8>, HttpError> {
        let body = answer.consume().map_err(|()| broken("the answer has no body"))?;
        let stream = body.stream().map_err(|()| broken("the answer has no body"))?;
        let mut bytes = Vec::new();
        loop {
            match stream.read(READ) {
                Ok(part) if part.is_empty() => self.wait(&stream.subscribe())?,
                Ok(part) => {
                    tally::add("http-bytes-in", part.len());
                    bytes.extend(part);
                    if bytes.len() as u64 > self.max_bytes {
                        return Err(late(Failure::TooLarge(self.max_bytes), "the answer is too large"));
                    }
                    if call::bytes_in() == 0 {
                        return Err(late(Failure::BudgetExhausted, "the bytes that this call may get are used up"));
                    }
                }
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => return Err(broken(&error.to_debug_string())),
            }
        }
        drop(stream);
        drop(IncomingBody::finish(body));
        Ok(bytes)
    }

    /// Waits for an event, or for the end of the request's time: the platform's own limits are for its parts alone, and there is
    /// none on the handshake of TLS.
    fn wait(&self, event: &Pollable) -> Result<(), HttpError> {
        let left = self.until.saturating_duration_since(Instant::now());
        let clock = monotonic_clock::subscribe_duration(u64::try_from(left.as_nanos()).unwrap_or(u64::MAX));
        if poll::poll(&[event, &clock]).contains(&0) {
            return Ok(());
        }
        Err(late(Failure::Timeout, "no whole answer in time"))
    }
}

fn fields(headers: &[Header], length: Option<usize>) -> Result<Fields, HttpError> {
    let own = |name: &str| HOSTS_OWN.contains(&name) || name == "http2-settings" || name.starts_with("proxy-");
    if headers.iter().any(|header| own(&header.name.to_ascii_lowercase())) {
        return Err(invalid("a header that is the host's to set"));
    }
    let mut rows: Vec<(String, Vec<u8>)> =
        headers.iter().map(|header| (header.name.clone(), header.value.clone().into_bytes())).collect();
    rows.extend(length.map(|length| ("content-length".to_owned(), length.to_string().into_bytes())));
    if !headers.iter().any(|header| header.name.eq_ignore_ascii_case("user-agent")) {
        rows.push(("user-agent".to_owned(), b"organisation-element".to_vec()));
    }
    Fields::from_list(&rows).map_err(|_| invalid("a header that the platform does not take"))
}

fn method(name: &str) -> Result<Method, HttpError> {
    Ok(match name {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "DELETE" => Method::Delete,
        "OPTIONS" => Method::Options,
        "PATCH" => Method::Patch,
        "CONNECT" | "TRACE" => return Err(invalid("a method that is not sent")),
        other => Method::Other(other.to_owned()),
    })
}

fn options(timeout_ms: u64) -> RequestOptions {
    let (options, nanoseconds) = (RequestOptions::new(), timeout_ms.saturating_mul(1_000_000));
    // What a platform does not take it does without: `wait` ends the request all the same.
    let _ = options.set_connect_timeout(Some(nanoseconds));
    let _ = options.set_first_byte_timeout(Some(nanoseconds));
    let _ = options.set_between_bytes_timeout(Some(nanoseconds));
    options
}

/// What goes wrong here the answer tells, which is asked for next.
fn write(body: OutgoingBody, content: &[u8]) {
    if let Ok(stream) = body.write() {
        for chunk in content.chunks(CHUNK) {
            if stream.blocking_write_and_flush(chunk).is_err() {
                break;
            }
        }
    }
    let _ = OutgoingBody::finish(body, None);
}

fn header((name, value): (String, Vec<u8>)) -> Header {
    let value =
        String::from_utf8(value).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
    Header { name: name.to_ascii_lowercase(), value }
}

/// What a platform's error is in the words of the contract.
fn failed(code: &ErrorCode) -> HttpError {
    let (failure, reached) = match code {
        ErrorCode::DnsTimeout | ErrorCode::DnsError(_) => (Failure::Dns, false),
        ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached => (Failure::Connect, false),
        ErrorCode::DestinationIpProhibited | ErrorCode::HttpRequestDenied => (Failure::Denied(None), false),
        ErrorCode::TlsProtocolError | ErrorCode::TlsCertificateError | ErrorCode::TlsAlertReceived(_) => {
            (Failure::Tls, false)
        }
        ErrorCode::ConnectionReadTimeout | ErrorCode::ConnectionWriteTimeout | ErrorCode::HttpResponseTimeout => {
            (Failure::Timeout, true)
        }
        ErrorCode::HttpRequestMethodInvalid | ErrorCode::HttpRequestUriInvalid | ErrorCode::HttpRequestUriTooLong => {
            (Failure::Other("invalid-request".to_owned()), false)
        }
        _ => (Failure::Other("broken-answer".to_owned()), true),
    };
    HttpError { failure, message: format!("{code:?}"), may_have_reached_server: reached }
}

fn late(failure: Failure, message: &str) -> HttpError {
    HttpError { failure, message: message.to_owned(), may_have_reached_server: true }
}

fn broken(message: &str) -> HttpError {
    late(Failure::Other("broken-answer".to_owned()), message)
}
