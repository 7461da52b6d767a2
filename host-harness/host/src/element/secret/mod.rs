//! Secrets that a component uses without ever having them.
//!
//! A secret that is only ever sent is replaced in what the component sees by `secret://key?v=<fingerprint>`. The
//! component writes that text where the secret belongs; on the way out, behind policy and hooks, the host puts the secret
//! in: only as a whole query or form value, header value or JSON string, after `Bearer ` or as the password of `Basic `,
//! encoded for that place, and only towards the hosts it is tied to. Anywhere else the request is denied. A secret that an
//! answer sends back is redacted.
//!
//! What the component says itself is all that this depends on: `describe` says which fields are secret and which of
//! these the component computes with (`in-clear`), and those it is given as they are; `validate-config` says where they
//! stand and where they may be sent, and is the one function that sees them, without any way to the outside.
//!
//! **What is wiped.** Values, the texts they are filled into and answers that sent them back are wiped from memory. What
//! cannot be: the URL while it grows (the `url` crate keeps its buffer to itself), and the buffers in which the HTTP
//! and TLS libraries and the operating system write the request.

mod disguise;
mod placeholder;
mod redactor;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};
use memchr::memmem;
use serde_json::Value;
use url::{Url, form_urlencoded::byte_serialize};
use zeroize::Zeroizing;

use crate::{
    contract::element,
    egress::{Destination, HttpError, HttpFailure, Outgoing, Response, Secrets},
    settings::{Document, wipe},
    storage::{FingerprintKey, Scope},
};
use disguise::holds_placeholder;
use placeholder::{ExtractedSecret, extract};
use redactor::Redactor;

/// What every placeholder begins with.
const SCHEME: &str = "secret://";

/// The secrets of one element.
pub(super) struct SecretInjector(Vec<Secret>);

struct Secret {
    key: String,
    placeholder: String,
    value: Zeroizing<String>,
    hosts: Vec<Destination>,
    redactor: Redactor,
}

/// The document as the component sees it, and what turns it back on the way out.
///
/// Every value of a secret field that the component does not compute with is replaced. One that it ties to no
/// destination goes nowhere.
pub(super) fn with_placeholders(
    fingerprints: &FingerprintKey,
    scope: &Scope,
    document: &Document,
    description: &element::Description,
    validation: &element::Validation,
    needed: &[(Destination, &element::Destination)],
) -> (Document, SecretInjector) {
    let mut tied: BTreeMap<&str, Vec<Destination>> = BTreeMap::new();
    for (destination, named) in needed {
        for key in &named.secrets {
            tied.entry(key).or_default().push(destination.clone());
        }
    }
    let placeholder = |key: &str, value: &str| {
        let fingerprint =
            fingerprints.fingerprint(&["organisation-secret", scope.tenant(), scope.element(), key, value]);
        format!("{SCHEME}{key}?v={fingerprint}")
    };
    let (settings, extracted) = extract(document, description, &validation.secrets, placeholder);
    let mut secrets: Vec<Secret> = Vec::new();
    for ExtractedSecret { key, value } in extracted {
        let placeholder = placeholder(&key, &value);
        if secrets.iter().any(|secret| secret.placeholder == placeholder) {
            continue;
        }
        let hosts = tied.get(&*key).cloned().unwrap_or_default();
        secrets.push(Secret { placeholder, redactor: Redactor::of(&value), hosts, key, value });
    }
    (settings, SecretInjector(secrets))
}

impl SecretInjector {
    /// The value of a field, for the host's own use of it.
    pub(super) fn value(&self, key: &str) -> Option<&Zeroizing<String>> {
        self.0.iter().find(|secret| secret.key == key).map(|secret| &secret.value)
    }

    /// Whether there is nothing to fill in or to redact.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Secrets for SecretInjector {
    fn fill(&self, destination: &Destination, mut outgoing: Outgoing) -> Result<Outgoing, HttpError> {
        for secret in &self.0 {
            let found = secret.fill_query(&mut outgoing.url)
                | secret.fill_headers(&mut outgoing)?
                | secret.fill_body(&mut outgoing);
            if found && !secret.hosts.contains(destination) {
                return Err(denied(&secret.key, &format!("may not go to {destination}")));
            }
        }
        // What is left stands where it must not, or is no secret of this element.
        let in_header = |(name, value): (&HeaderName, &HeaderValue)| {
            holds_placeholder(name.as_str().as_bytes()) || holds_placeholder(value.as_bytes())
        };
        let place = if holds_placeholder(outgoing.url.as_str().as_bytes()) {
            "the url"
        } else if outgoing.headers.iter().any(in_header) {
            "a header"
        } else if holds_placeholder(&outgoing.body) {
            "the body"
        } else {
            return Ok(outgoing);
        };
        let key =
            self.0.iter().find(|secret| secret.is_spelled_in(&outgoing)).map_or("of a field", |secret| &secret.key);
        Err(denied(
            key,
            &format!(
                "stands in {place} where it is not filled in: write it, as settings.get gives it, as a whole query, form \
                 or header value or JSON string, after Bearer, or as the password of Basic"
            ),
        ))
    }

    fn redact(&self, mut response: Response) -> Response {
        for secret in &self.0 {
            secret.redactor.redact(&mut response);
        }
        response
    }
}

impl Secret {
    /// Whether the request names this secret in what was not filled in. One that is encoded throughout is not seen.
    fn is_spelled_in(&self, outgoing: &Outgoing) -> bool {
        let fingerprint = self.placeholder.rsplit('=').next().unwrap_or_default().as_bytes();
        let holds = |text: &[u8]| memmem::find(text, fingerprint).is_some();
        holds(outgoing.url.as_str().as_bytes())
            || outgoing.headers.iter().any(|(name, value)| holds(name.as_str().as_bytes()) || holds(value.as_bytes()))
            || holds(&outgoing.body)
    }

    fn fill_query(&self, url: &mut Url) -> bool {
        let pairs: Vec<(String, Zeroizing<String>)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))).collect();
        if !pairs.iter().any(|(_, value)| value.as_str() == self.placeholder) {
            return false;
        }
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            let value = if value.as_str() == self.placeholder { &self.value } else { value };
            query.append_pair(name, value);
        }
        drop(query);
        true
    }

    fn fill_headers(&self, outgoing: &mut Outgoing) -> Result<bool, HttpError> {
        let mut found = false;
        for value in outgoing.headers.values_mut() {
            if let Some(bytes) = self.filled_header(value.as_bytes()) {
                let mut filled = HeaderValue::from_maybe_shared(Bytes::from_owner(bytes))
                    .map_err(|_| denied(&self.key, "cannot stand in a header: it holds a control character"))?;
                filled.set_sensitive(true);
                *value = filled;
                found = true;
            }
        }
        Ok(found)
    }

    /// The value of a header with the secret in it: as the whole, after `Bearer `, or as the password of `Basic `.
    fn filled_header(&self, value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let placeholder = self.placeholder.as_bytes();
        if value == placeholder {
            return Some(Zeroizing::new(self.value.as_bytes().to_vec()));
        }
        let space = value.iter().position(|byte| *byte == b' ')?;
        let (scheme, credentials) = value.split_at_checked(space)?;
        let credentials = credentials.trim_ascii();
        if scheme.eq_ignore_ascii_case(b"bearer") && credentials == placeholder {
            return Some(Zeroizing::new([scheme, b" ", self.value.as_bytes()].concat()));
        }
        if !scheme.eq_ignore_ascii_case(b"basic") {
            return None;
        }
        let pair = STANDARD.decode(credentials).ok()?;
        let user = pair.strip_suffix(placeholder)?;
        // A user holds no colon, so the first one ends it.
        if user.iter().position(|byte| *byte == b':')? + 1 != user.len() {
            return None;
        }
        let pair = Zeroizing::new([user, self.value.as_bytes()].concat());
        let encoded = Zeroizing::new(STANDARD.encode(&*pair));
        Some(Zeroizing::new([scheme, b" ", encoded.as_bytes()].concat()))
    }

    fn fill_body(&self, outgoing: &mut Outgoing) -> bool {
        let kind = outgoing.headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let filled = if kind.eq_ignore_ascii_case(b"application/x-www-form-urlencoded") {
            self.filled_form(&outgoing.body)
        } else {
            self.filled_json(&outgoing.body)
        };
        let Some(filled) = filled else { return false };
        outgoing.body = Bytes::from_owner(Zeroizing::new(filled));
        true
    }

    /// A form with the secret as the whole value of each field that has the placeholder, in whatever spelling.
    fn filled_form(&self, form: &[u8]) -> Option<Vec<u8>> {
        let encoded = Zeroizing::new(byte_serialize(self.value.as_bytes()).collect::<String>());
        let mut filled = Zeroizing::new(form.to_vec());
        for pair in form.split(|byte| *byte == b'&') {
            let Some(value) = pair.splitn(2, |byte| *byte == b'=').nth(1) else { continue };
            // With a name before it, so that the whole of it is taken for the value.
            let is_placeholder = url::form_urlencoded::parse(&[b"=", value].concat())
                .next()
                .is_some_and(|(_, value)| value == *self.placeholder);
            if is_placeholder {
                filled = Zeroizing::new(replaced_pairs(&filled, value, encoded.as_bytes()));
            }
        }
        (*filled != form).then(|| std::mem::take(&mut *filled))
    }

    /// JSON with the secret as each string that is the placeholder, also where its slashes are escaped. A key is none.
    fn filled_json(&self, json: &[u8]) -> Option<Vec<u8>> {
        if !json.trim_ascii_start().first().is_some_and(|first| b"{[\"".contains(first)) {
            return None;
        }
        let mut text = Value::String(self.value.to_string());
        let value = Zeroizing::new(text.to_string());
        wipe(&mut text);
        let spellings = [self.placeholder.clone(), self.placeholder.replace('/', "\\/")];
        let found: Vec<(usize, usize)> = strings(json)
            .filter(|(at, end)| {
                let whole = json.get(*at..*end).unwrap_or_default();
                let is_key = json.get(*end..).unwrap_or_default().trim_ascii_start().first() == Some(&b':');
                !is_key && spellings.iter().any(|spelling| whole == format!("\"{spelling}\"").as_bytes())
            })
            .collect();
        if found.is_empty() {
            return None;
        }
        let mut filled = Vec::with_capacity(json.len() + found.len() * value.len());
        let mut end = 0;
        for (from, to) in found {
            filled.extend_from_slice(json.get(end..from).unwrap_or_default());
            filled.extend_from_slice(value.as_bytes());
            end = to;
        }
        filled.extend_from_slice(json.get(end..).unwrap_or_default());
        Some(filled)
    }
}

/// Where the strings of a JSON text begin and end, quotes included.
fn strings(json: &[u8]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at + memchr::memchr(b'"', json.get(at..)?)?;
        let mut end = begin + 1;
        loop {
            end += memchr::memchr2(b'"', b'\\', json.get(end..)?)?;
            if json.get(end) == Some(&b'"') {
                at = end + 1;
                return Some((begin, at));
            }
            end += 2;
        }
    })
}

/// A form with each value that is written like this replaced.
fn replaced_pairs(form: &[u8], value: &[u8], by: &[u8]) -> Vec<u8> {
    let pairs: Vec<&[u8]> = form.split(|byte| *byte == b'&').collect();
    let mut filled = Vec::with_capacity(form.len() + pairs.len() * by.len());
    for (position, pair) in pairs.iter().enumerate() {
        if position > 0 {
            filled.push(b'&');
        }
        match pair
            .strip_suffix(value)
            .filter(|name| name.iter().position(|byte| *byte == b'=') == name.len().checked_sub(1))
        {
            Some(name) if !name.is_empty() => {
                filled.extend_from_slice(name);
                filled.extend_from_slice(by);
            }
            _ => filled.extend_from_slice(pair),
        }
    }
    filled
}

fn denied(key: &str, why: &str) -> HttpError {
    HttpError::before_sending(HttpFailure::Denied { option: None }, format!("the secret {key} {why}"))
}

/// A component for tests.
#[cfg(test)]
mod fixture {
    use crate::contract::element::{ConfigField, Description, SecretPlace};

    /// Secrets that are only sent (`secret`, `contact.secret`, `token`), one that is computed with, and no secret.
    pub(super) fn description() -> Description {
        let field = |key: &str, secret, in_clear| ConfigField {
            key: key.to_owned(),
            label: String::new(),
            help: String::new(),
            required: true,
            secret,
            in_clear,
            pattern: None,
            default: None,
            where_to_find: None,
        };
        Description {
            id: String::new(),
            version: String::new(),
            title: String::new(),
            summary: String::new(),
            fields: vec![
                field("secret", true, false),
                field("contact.secret", true, false),
                field("token", true, false),
                field("callback.token", true, true),
                field("corpId", false, false),
            ],
            capabilities: Vec::new(),
            ids_ignore_case: false,
        }
    }

    /// From `key path`.
    pub(super) fn place(text: &str) -> SecretPlace {
        let (key, path) = text.split_once(' ').unwrap();
        SecretPlace { key: key.to_owned(), path: path.to_owned() }
    }
}

#[cfg(test)]
mod tests;
