//! Writes an outcome as HTTP, with whatever the faults do to it on the way.

use std::io::Write as _;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION, SERVER};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use super::answer::{Answer, Content};
use crate::calls::excerpt;
use crate::faults::Effect;
use crate::server::{Answered, Disconnect, Errcode};

const JSON: &str = "application/json; charset=UTF-8";
const HTML: &str = "text/html";

/// The response for an answer after the effects have done their work. A disconnect is a mark that the server obeys.
pub(crate) fn render(mut answer: Answer, effects: &[Effect]) -> Response<Body> {
    for effect in effects {
        match effect {
            Effect::Disconnect { .. } => {
                let mut response = respond(StatusCode::OK, HTML, Vec::new());
                response.extensions_mut().insert(Disconnect);
                return response;
            }
            Effect::EdgePage(status) => {
                return edge_page(StatusCode::from_u16(*status).unwrap_or(StatusCode::BAD_GATEWAY));
            }
            Effect::HtmlWithOk => return edge_page(StatusCode::OK),
            Effect::Redirect(target) => return redirect(target),
            Effect::MissingErrcode => answer.errcode = None,
            Effect::WrongTypes => answer.fields.iter_mut().for_each(|(_, value)| *value = wrong_type(value)),
            Effect::Oversized(bytes) => answer.push("padding", "x".repeat(*bytes)),
            Effect::InvalidUtf8 => answer.push("sim_text", MARK),
            _ => {}
        }
    }
    if let Some(binary) = &answer.binary {
        let mut response = binary.respond(effects);
        response.extensions_mut().insert(Errcode(0));
        return response;
    }
    let code = answer.code();
    // Serialising maps with string keys cannot fail; an empty body would show it if it did.
    let mut body = serde_json::to_vec(&answer).unwrap_or_default();
    let mut gzip = false;
    for effect in effects {
        match effect {
            Effect::RootArray => body = [b"[".as_slice(), &body, b"]"].concat(),
            Effect::Truncated => body.truncate(body.len() / 2),
            Effect::InvalidUtf8 => spoil(&mut body),
            Effect::Corrupted => corrupt(&mut body),
            Effect::Gzip => gzip = true,
            _ => {}
        }
    }
    let answered = Answered(excerpt(&body));
    let packed = if gzip { compress(&body) } else { None };
    let mut response = respond(StatusCode::OK, JSON, packed.clone().unwrap_or(body));
    let headers = response.headers_mut();
    if packed.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Some(code) = code.filter(|code| *code != 0) {
        headers.insert(HeaderName::from_static("error-code"), HeaderValue::from(code));
        if let Ok(text) = HeaderValue::from_str(&answer.errmsg) {
            headers.insert(HeaderName::from_static("error-msg"), text);
        }
    }
    response.extensions_mut().insert(answered);
    // A missing errcode counts as success in the log, as it does for a client.
    response.extensions_mut().insert(Errcode(code.unwrap_or(0)));
    response
}

/// HTTP 404 with an empty body: what the platform answers to a path it does not know.
pub(crate) fn unknown_path() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(SERVER, HeaderValue::from_static("nginx"));
    response
}

fn respond(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(SERVER, HeaderValue::from_static("nginx"));
    response
}

fn edge_page(status: StatusCode) -> Response<Body> {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let page =
        format!("<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>");
    respond(status, HTML, page.into_bytes())
}

fn redirect(target: &str) -> Response<Body> {
    let mut response = respond(StatusCode::FOUND, HTML, Vec::new());
    if let Ok(target) = HeaderValue::from_str(target) {
        response.headers_mut().insert(LOCATION, target);
    }
    response
}

fn wrong_type(content: &Content) -> Content {
    Content::Value(match content {
        Content::Value(Value::String(_) | Value::Null) => Value::from(42),
        _ => Value::from("wrong"),
    })
}

const MARK: &str = "sim-broken-text";

/// Makes the byte in the middle another one.
pub(super) fn corrupt(body: &mut [u8]) {
    let middle = body.len() / 2;
    if let Some(byte) = body.get_mut(middle) {
        *byte = !*byte;
    }
}

/// Puts a byte that is no UTF-8 where the mark stands.
fn spoil(body: &mut [u8]) {
    if let Some(at) = body.windows(MARK.len()).position(|window| window == MARK.as_bytes()) {
        body[at] = 0xFF;
    }
}

fn compress(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}
