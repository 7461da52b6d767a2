//! Secrets that a component uses without ever having them.
//!
//! A secret that is only ever sent is replaced in what the component sees by `secret://key?v=<fingerprint>`. The
//! component writes that text where the secret belongs; on the way out, behind policy and hooks, the host puts the secret
//! in: only as a whole query value, header value or JSON string, encoded for that place, and only towards the hosts it
//! is tied to. Anywhere else the request is denied. A secret that an answer sends back is redacted.
//!
//! What the component says itself is all that this depends on: `describe` says which fields are secret and which of
//! these the component computes with (`in-clear`), and those it is given as they are; `validate-config` says where they
//! stand and where they may be sent, and is the one function that sees them, without any way to the outside.
//!
//! **What is wiped.** Values, the texts they are filled into and answers that sent them back are wiped from memory. What
//! cannot be: the URL while it grows (the `url` crate keeps its buffer to itself), and the buffers in which the HTTP
//! and TLS libraries and the operating system write the request.

mod placeholder;
mod redactor;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::HeaderValue;
use memchr::memmem;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::{
    contract::element,
    egress::{Destination, HttpError, HttpFailure, Outgoing, Response, Secrets},
    settings::{Document, wipe},
    storage::{FingerprintKey, Scope},
};
use placeholder::{ExtractedSecret, extract};
use redactor::{Redactor, replaced};

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
        let contains = |text: &[u8], part: &str| memmem::find(text, part.as_bytes()).is_some();
        let url = outgoing.url.as_str().as_bytes();
        let left = contains(url, SCHEME)
            || contains(url, "secret%3A%2F%2F")
            || contains(url, "secret%3a%2f%2f")
            || contains(&outgoing.body, SCHEME)
            || outgoing.headers.values().any(|value| contains(value.as_bytes(), SCHEME));
        if left {
            return Err(denied("field", "stands where none may be filled in: use it as a whole value"));
        }
        Ok(outgoing)
    }

    fn redact(&self, mut response: Response) -> Response {
        for secret in &self.0 {
            secret.redactor.redact(&mut response);
        }
        response
    }
}

impl Secret {
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
            if value.as_bytes() == self.placeholder.as_bytes() {
                let bytes = Bytes::from_owner(Zeroizing::new(self.value.as_bytes().to_vec()));
                let mut filled = HeaderValue::from_maybe_shared(bytes)
                    .map_err(|_| denied(&self.key, "cannot stand in a header: it holds a control character"))?;
                filled.set_sensitive(true);
                *value = filled;
                found = true;
            }
        }
        Ok(found)
    }

    fn fill_body(&self, outgoing: &mut Outgoing) -> bool {
        let whole = format!("\"{}\"", self.placeholder);
        let mut text = Value::String(self.value.to_string());
        let value = Zeroizing::new(text.to_string());
        wipe(&mut text);
        let Some(filled) = replaced(&outgoing.body, whole.as_bytes(), value.as_bytes()) else { return false };
        outgoing.body = Bytes::from_owner(Zeroizing::new(filled));
        true
    }
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
