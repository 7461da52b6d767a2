//! Whether a request is WeCom's, and what it carries (docs 90968, 90307): signature, Base64, cipher, padding, length and the
//! organisation's id are looked at in this order, so that nothing is decrypted that was not signed. An empty id is that of a bot or
//! of an app of another kind, whose key somebody has taken for this one's.

use base64::{Engine, engine::general_purpose::STANDARD};
use organisation_kit::{contract::callbacks::IncomingRequest, fingerprint, order};

use super::{envelope, query::Query};
use crate::{cipher, config::Callback, digest::sha1_hex};

/// Bytes of the text of a check at most: WeCom sends some twenty digits.
const CHECK_BYTES: usize = 128;
/// Bytes of chance before a message.
pub(super) const RANDOM: usize = 16;

/// What a request carries that is WeCom's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Proven {
    /// A check of the address: what to answer.
    Check(Vec<u8>),
    /// A message.
    Delivery(Vec<u8>),
}

/// Why a request is not WeCom's, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotProven(pub(super) &'static str);

/// Opens a request at an instant.
pub(super) fn open(
    callback: &Callback,
    corp_id: &str,
    request: &IncomingRequest,
    now: u64,
) -> Result<Proven, NotProven> {
    let query = Query::parse(&request.query).ok_or(NotProven("the query lacks something"))?;
    match (request.method.as_str(), &query.echo) {
        ("GET", Some(echo)) => {
            let text = message(callback, corp_id, &query, echo, now)?;
            // Signed like a check: whoever saw a delivery, and so its signature, would be told what is in it.
            if text.len() > CHECK_BYTES || text.iter().any(|byte| matches!(byte, b'<' | b'{')) {
                return Err(NotProven("what is sealed in a check of the address is a message, as in a delivery"));
            }
            Ok(Proven::Check(text))
        }
        ("POST", _) => {
            let body = envelope::text(request.body.as_ref()).ok_or(NotProven("the body is no text, or too large"))?;
            let encrypted = envelope::encrypted(&body).ok_or(NotProven("the body holds nothing encrypted"))?;
            message(callback, corp_id, &query, &encrypted, now).map(Proven::Delivery)
        }
        _ => Err(NotProven("neither a check of the address nor a delivery")),
    }
}

/// The message in what was encrypted.
fn message(
    callback: &Callback,
    corp_id: &str,
    query: &Query<'_>,
    encrypted: &str,
    now: u64,
) -> Result<Vec<u8>, NotProven> {
    let signature = signature([callback.token.expose(), &query.timestamp, &query.nonce, encrypted]);
    if !fingerprint::is_same(&signature, &query.signature) {
        return Err(NotProven("the signature differs: another token, or somebody else"));
    }
    if callback.max_age_ms.is_some_and(|most| !is_within(&query.timestamp, most, now)) {
        return Err(NotProven("it is older, or newer, than maxAgeSeconds allows"));
    }
    let mut bytes = STANDARD.decode(encrypted).map_err(|_| NotProven("what is encrypted is no Base64"))?;
    let length = cipher::decrypt(&callback.key, &mut bytes).ok_or(NotProven("encodingAESKey does not decrypt it"))?;
    bytes.truncate(length);
    let (message, receiver) = parts(&bytes).ok_or(NotProven("encodingAESKey does not decrypt it"))?;
    if receiver != corp_id.as_bytes() {
        return Err(NotProven("it is for another organisation than corpId"));
    }
    Ok(message.to_vec())
}

/// The signature of four texts, in whatever order.
pub(super) fn signature(parts: [&str; 4]) -> String {
    sha1_hex(&order::sorted(parts))
}

/// Message and receiver: `random(16) | length(4) | message | receiver`.
fn parts(plain: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = plain.get(RANDOM..)?.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// The same, put together.
pub(super) fn joined(random: [u8; RANDOM], message: &str, receiver: &str) -> Vec<u8> {
    // A message is some kilobytes long.
    let length = (message.len() as u32).to_be_bytes();
    [&random[..], &length, message.as_bytes(), receiver.as_bytes()].concat()
}

/// Whether a time in seconds is near.
fn is_within(timestamp: &str, most_ms: u64, now: u64) -> bool {
    let at = timestamp.parse::<u64>().ok().and_then(|seconds| seconds.checked_mul(1_000));
    at.is_some_and(|at| at.abs_diff(now) <= most_ms)
}
