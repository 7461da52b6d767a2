//! Reads an answer: headers as they are, the body decompressed and capped while it arrives.
//!
//! The cap is on what the body becomes in memory, so a few kilobytes that unfold to gigabytes stop at the limit: the
//! decompressor hands over at most 32 KiB at a time, and each piece is counted before it is kept.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};

use super::{
    cause::innermost,
    client::Outbound,
    error::{HttpError, HttpFailure},
    exchange::OpenExchange,
    request::{Body, BodyKind},
    response::Response,
};

/// What an answer is measured against.
pub(super) struct Measure<'a> {
    /// Bytes one body may have.
    pub(super) limit: u64,
    /// The call, whose allowance is shared with the other requests.
    pub(super) outbound: &'a Outbound,
    /// Where received bytes are noted.
    pub(super) exchange: &'a OpenExchange<'a>,
}

impl Measure<'_> {
    /// The refusal of a body above the limit.
    pub(super) fn too_large(&self) -> HttpError {
        let (limit, url) = (self.limit, self.exchange.url());
        HttpError::after_sending(
            HttpFailure::TooLarge { limit },
            format!("the answer of {url} is larger than the {limit} bytes allowed; ask for less or in pages"),
        )
    }

    /// Counts bytes received.
    pub(super) fn take_in(&self, bytes: u64) -> Result<(), HttpError> {
        self.outbound.budget.take_in(bytes)?;
        self.outbound.hold(bytes)?;
        self.exchange.add_in(bytes);
        Ok(())
    }
}

/// Reads the whole answer.
pub(super) async fn read(
    answer: http::Response<Incoming>,
    expect: BodyKind,
    measure: &Measure<'_>,
) -> Result<Response, HttpError> {
    let (head, mut incoming) = answer.into_parts();
    // What the server announces is refused before a byte of it is read.
    if incoming.size_hint().lower() > measure.limit {
        return Err(measure.too_large());
    }
    let compressed = is_gzip(&head.headers);
    let mut body = BodyReader::new(compressed, measure);
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| {
            let (url, bytes) = (measure.exchange.url(), body.wire);
            HttpError::broken_answer(format!(
                "the answer of {url} broke off after {bytes} bytes: {}",
                innermost(&error)
            ))
        })?;
        if let Ok(data) = frame.into_data() {
            body.push(&data)?;
        }
    }
    let bytes = body.finish()?;
    Ok(Response {
        status: head.status.as_u16(),
        headers: headers(&head.headers, compressed),
        body: Body::of(bytes, expect),
    })
}

fn is_gzip(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    let gzip = encodings.next().is_some_and(|encoding| {
        encoding.as_bytes().eq_ignore_ascii_case(b"gzip") || encoding.as_bytes().eq_ignore_ascii_case(b"x-gzip")
    });
    gzip && encodings.next().is_none()
}

fn headers(headers: &HeaderMap, decompressed: bool) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| !(decompressed && (*name == header::CONTENT_ENCODING || *name == header::CONTENT_LENGTH)))
        .map(|(name, value)| {
            let value = match std::str::from_utf8(value.as_bytes()) {
                Ok(text) => text.to_owned(),
                // ISO 8859-1, the historical meaning of these bytes: each byte is the code point of that number.
                Err(_) => value.as_bytes().iter().copied().map(char::from).collect(),
            };
            (name.as_str().to_owned(), value)
        })
        .collect()
}

/// Collects a body from pieces, as sent or decompressed.
struct BodyReader<'a> {
    decoder: Decoder<'a>,
    wire: u64,
}

enum Decoder<'a> {
    Plain(Sink<'a>),
    Gzip(Box<MultiGzDecoder<Sink<'a>>>),
}

impl<'a> BodyReader<'a> {
    fn new(compressed: bool, measure: &'a Measure<'a>) -> Self {
        let sink = Sink { body: Vec::new(), counted: 0, measure, failure: None };
        let decoder =
            if compressed { Decoder::Gzip(Box::new(MultiGzDecoder::new(sink))) } else { Decoder::Plain(sink) };
        Self { decoder, wire: 0 }
    }

    fn push(&mut self, data: &Bytes) -> Result<(), HttpError> {
        self.wire += data.len() as u64;
        let wire = self.wire;
        match &mut self.decoder {
            Decoder::Plain(sink) => sink.keep(data),
            Decoder::Gzip(gzip) => {
                // Empty gzip members cost bytes and unfold to none: what is sent counts as well.
                gzip.get_mut().count(wire)?;
                match gzip.write_all(data) {
                    Ok(()) => Ok(()),
                    Err(error) => Err(gzip.get_mut().explain(&error)),
                }
            }
        }
    }

    fn finish(self) -> Result<Vec<u8>, HttpError> {
        match self.decoder {
            Decoder::Plain(sink) => Ok(sink.body),
            // The answer to HEAD, and 204 and 304, may name an encoding and have no body.
            Decoder::Gzip(_) if self.wire == 0 => Ok(Vec::new()),
            Decoder::Gzip(mut gzip) => match gzip.try_finish() {
                Ok(()) => Ok(std::mem::take(&mut gzip.get_mut().body)),
                Err(error) => Err(gzip.get_mut().explain(&error)),
            },
        }
    }
}

/// The end of the pipe, which counts before it keeps.
struct Sink<'a> {
    body: Vec<u8>,
    counted: u64,
    measure: &'a Measure<'a>,
    /// The decompressor passes only an `io::Error` on, so the real failure waits here.
    failure: Option<HttpError>,
}

impl Sink<'_> {
    /// Counts the body as having `total` bytes so far.
    fn count(&mut self, total: u64) -> Result<(), HttpError> {
        if total > self.measure.limit {
            return Err(self.measure.too_large());
        }
        if total > self.counted {
            self.measure.take_in(total - self.counted)?;
            self.counted = total;
        }
        Ok(())
    }

    fn keep(&mut self, piece: &[u8]) -> Result<(), HttpError> {
        self.count((self.body.len() + piece.len()) as u64)?;
        self.body.extend_from_slice(piece);
        Ok(())
    }

    fn explain(&mut self, error: &io::Error) -> HttpError {
        let url = self.measure.exchange.url();
        self.failure
            .take()
            .unwrap_or_else(|| HttpError::broken_answer(format!("the answer of {url} is not valid gzip: {error}")))
    }
}

impl Write for Sink<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        match self.keep(piece) {
            Ok(()) => Ok(piece.len()),
            Err(failure) => {
                self.failure = Some(failure);
                Err(io::Error::other("the body is over its limit"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
