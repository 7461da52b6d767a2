//! Secrets that a component uses without ever having them.
//!
//! A secret that is only ever sent to the vendor (`validate-config` says so, and to which hosts) is replaced in what the
//! component sees by `secret://field?v=<fingerprint>`. The component writes that text where the secret belongs; on the
//! way out, behind policy and hooks, the host puts the secret in: only as a whole query value, header value or JSON
//! string, encoded for that place, and only towards the hosts it is tied to. Anywhere else the request is denied. An
//! answer that echoes the secret is masked.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::HeaderValue;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    contract::element,
    egress::{Body, Destination, Failure, HttpError, Outgoing, Response, Secrets},
    settings::Document,
    storage::Scope,
};

/// What every stand-in begins with.
const SCHEME: &str = "secret://";
/// What stands in an answer for a secret that the server echoed.
const MASK: &str = "[secret]";
/// Shorter values are not looked for in answers: they would be found in innocent places.
const SHORTEST_MASKED: usize = 8;

/// The secrets of one element.
pub(super) struct Substitution(Vec<Secret>);

struct Secret {
    field: String,
    stand_in: String,
    value: Zeroizing<String>,
    hosts: Vec<Destination>,
}

/// The document as the component sees it, and what turns it back on the way out.
///
/// A field is replaced when `describe` calls it secret and `validate-config` ties it to destinations. It is looked for
/// under its key, on the top level or within one object of it (JitAI nests the configuration).
pub(super) fn substitute(
    scope: &Scope,
    document: &Document,
    description: &element::Description,
    needed: &[(Destination, &element::Destination)],
) -> (Arc<str>, Option<Substitution>) {
    let mut tied: BTreeMap<&str, Vec<Destination>> = BTreeMap::new();
    for (destination, named) in needed {
        for field in &named.secrets {
            tied.entry(field).or_default().push(destination.clone());
        }
    }
    let mut object = document.object();
    let mut secrets = Vec::new();
    for (field, hosts) in tied {
        if !description.fields.iter().any(|known| known.secret && known.key == field) {
            tracing::warn!(field, "the component ties a field to hosts that it does not describe as secret");
            continue;
        }
        let Some(place) = find(&mut object, field) else { continue };
        let Value::String(text) = place else { continue };
        if text.is_empty() {
            continue;
        }
        let value = Zeroizing::new(std::mem::take(text));
        let stand_in = format!("{SCHEME}{field}?v={}", fingerprint(scope, field, &value));
        text.clone_from(&stand_in);
        secrets.push(Secret { field: field.to_owned(), stand_in, value, hosts });
    }
    if secrets.is_empty() {
        return (Arc::from(document.expose()), None);
    }
    (Arc::from(Value::Object(object).to_string()), Some(Substitution(secrets)))
}

/// The value under a dotted key: on the top level, or within one object of it.
fn find<'a>(object: &'a mut Map<String, Value>, key: &str) -> Option<&'a mut Value> {
    let pointer = format!("/{}", key.replace('.', "/"));
    if let [first, rest @ ..] = key.split('.').collect::<Vec<_>>().as_slice()
        && object.contains_key(*first)
    {
        let place = object.get_mut(*first)?;
        return if rest.is_empty() { Some(place) } else { place.pointer_mut(&format!("/{}", rest.join("/"))) };
    }
    object.values_mut().find_map(|value| value.pointer_mut(&pointer))
}

/// Tells two secrets apart without telling what they are; the same on every machine, so that what a component stores
/// under it (a token that belongs to this secret) is found again.
fn fingerprint(scope: &Scope, field: &str, value: &str) -> String {
    let mut hasher = Sha256::new();
    for part in ["organisation-secret", scope.tenant(), scope.element(), field, value] {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl Secrets for Substitution {
    fn fill(&self, destination: &Destination, mut outgoing: Outgoing) -> Result<Outgoing, HttpError> {
        for secret in &self.0 {
            let found = secret.fill_query(&mut outgoing.url)
                | secret.fill_headers(&mut outgoing)?
                | secret.fill_body(&mut outgoing);
            if found && !secret.hosts.contains(destination) {
                return Err(denied(&secret.field, &format!("may not go to {destination}")));
            }
        }
        // What is left stands where it must not, or is no secret of this element.
        let left = outgoing.url.as_str().contains(SCHEME)
            || contains(outgoing.url.as_str().as_bytes(), b"secret%3A%2F%2F")
            || contains(&outgoing.body, SCHEME.as_bytes())
            || outgoing.headers.values().any(|value| contains(value.as_bytes(), SCHEME.as_bytes()));
        if left {
            return Err(denied("field", "stands where none may be filled in: use it as a whole value"));
        }
        Ok(outgoing)
    }

    fn mask(&self, mut response: Response) -> Response {
        for secret in self.0.iter().filter(|secret| secret.value.len() >= SHORTEST_MASKED) {
            let value = secret.value.as_str();
            for (_, header) in &mut response.headers {
                if header.contains(value) {
                    *header = header.replace(value, MASK);
                }
            }
            match &mut response.body {
                Body::Text(text) => {
                    if text.contains(value) {
                        *text = text.replace(value, MASK);
                    }
                }
                Body::Bytes(bytes) => {
                    if contains(bytes, value.as_bytes()) {
                        *bytes = replace(bytes, value.as_bytes(), MASK.as_bytes());
                    }
                }
            }
        }
        response
    }
}

impl Secret {
    fn fill_query(&self, url: &mut Url) -> bool {
        let pairs: Vec<(String, Zeroizing<String>)> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))).collect();
        if !pairs.iter().any(|(_, value)| value.as_str() == self.stand_in) {
            return false;
        }
        let mut query = url.query_pairs_mut();
        query.clear();
        for (name, value) in &pairs {
            let value = if value.as_str() == self.stand_in { &self.value } else { value };
            query.append_pair(name, value);
        }
        drop(query);
        true
    }

    fn fill_headers(&self, outgoing: &mut Outgoing) -> Result<bool, HttpError> {
        let mut found = false;
        for value in outgoing.headers.values_mut() {
            if value.as_bytes() == self.stand_in.as_bytes() {
                let mut filled = HeaderValue::from_str(&self.value)
                    .map_err(|_| denied(&self.field, "cannot stand in a header: it holds a control character"))?;
                filled.set_sensitive(true);
                *value = filled;
                found = true;
            }
        }
        Ok(found)
    }

    fn fill_body(&self, outgoing: &mut Outgoing) -> bool {
        let whole = format!("\"{}\"", self.stand_in);
        if !contains(&outgoing.body, whole.as_bytes()) {
            return false;
        }
        let value = Zeroizing::new(Value::String(self.value.to_string()).to_string());
        outgoing.body = Bytes::from(replace(&outgoing.body, whole.as_bytes(), value.as_bytes()));
        true
    }
}

fn denied(field: &str, why: &str) -> HttpError {
    HttpError::before_sending(Failure::Denied { option: None }, format!("the secret {field} {why}"))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn replace(text: &[u8], part: &[u8], by: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(part.len()).position(|window| window == part) {
        let (before, after) = rest.split_at(at);
        replaced.extend_from_slice(before);
        replaced.extend_from_slice(by);
        rest = after.get(part.len()..).unwrap_or_default();
    }
    replaced.extend_from_slice(rest);
    replaced
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    const VALUE: &str = "s3cr3t\"/&+";

    fn destination(url: &str) -> Destination {
        Destination::of(&Url::parse(url).unwrap()).unwrap()
    }

    fn description() -> element::Description {
        let field = |key: &str, secret| element::ConfigField {
            key: key.to_owned(),
            label: String::new(),
            help: String::new(),
            required: true,
            secret,
            pattern: None,
            default: None,
            where_to_find: None,
        };
        element::Description {
            id: String::new(),
            version: String::new(),
            title: String::new(),
            summary: String::new(),
            fields: vec![field("secret", true), field("callback.token", true), field("corpId", false)],
            capabilities: Vec::new(),
        }
    }

    /// Substitutes in a document whose secrets are tied to `https://api.example`.
    fn substituted(document: &str, tied: &[&str]) -> (String, Option<Substitution>) {
        let named = element::Destination {
            scheme: "https".to_owned(),
            host: "api.example".to_owned(),
            port: 443,
            purpose: "api".to_owned(),
            secrets: tied.iter().map(|field| (*field).to_owned()).collect(),
        };
        let scope = Scope::new("acme", "organisation").unwrap();
        let document = Document::parse(document).unwrap();
        let needed = [(destination("https://api.example"), &named)];
        let (settings, secrets) = substitute(&scope, &document, &description(), &needed);
        (settings.to_string(), secrets)
    }

    fn one() -> (String, Substitution) {
        let document = Value::Object([("secret".to_owned(), VALUE.into())].into_iter().collect());
        let (settings, secrets) = substituted(&document.to_string(), &["secret"]);
        let settings: Value = serde_json::from_str(&settings).unwrap();
        (settings["secret"].as_str().unwrap().to_owned(), secrets.unwrap())
    }

    #[test]
    fn only_tied_secret_fields_are_replaced() {
        let shown = |document: &str, tied: &[&str]| substituted(document, tied).0;
        for (document, tied, replaced) in [
            (r#"{"secret":"abc"}"#, &["secret"][..], true),
            (r#"{"authConfig":{"secret":"abc"}}"#, &["secret"], true),
            (r#"{"callback":{"token":"abc"}}"#, &["callback.token"], true),
            (r#"{"authConfig":{"callback":{"token":"abc"}}}"#, &["callback.token"], true),
            (r#"{"secret":"abc"}"#, &[], false),
            (r#"{"corpId":"abc"}"#, &["corpId"], false),
            (r#"{"other":"abc"}"#, &["secret"], false),
            (r#"{"secret":""}"#, &["secret"], false),
            (r#"{"secret":7}"#, &["secret"], false),
        ] {
            let shown = shown(document, tied);
            assert_eq!(shown.contains(SCHEME), replaced, "{document} {tied:?}: {shown}");
            assert_eq!(shown.contains("abc"), document.contains("abc") && !replaced, "{shown}");
        }
    }

    #[test]
    fn the_stand_in_follows_the_value() {
        let stand_in = |value: &str| substituted(&format!(r#"{{"secret":"{value}"}}"#), &["secret"]).0;
        assert_eq!(stand_in("abc"), stand_in("abc"));
        assert_ne!(stand_in("abc"), stand_in("abd"));
    }

    #[test]
    fn a_secret_is_filled_in_encoded_for_its_place() {
        let (stand_in, secrets) = one();
        let mut url = Url::parse("https://api.example/token?corpid=ww1").unwrap();
        url.query_pairs_mut().append_pair("corpsecret", &stand_in);
        let mut headers = HeaderMap::new();
        headers.insert("x-key", HeaderValue::from_str(&stand_in).unwrap());
        let body = Bytes::from(format!(r#"{{"a":"{stand_in}"}}"#));
        let outgoing = Outgoing { url, headers, body };
        let filled = secrets.fill(&destination("https://api.example"), outgoing).unwrap();
        let pairs: Vec<_> = filled.url.query_pairs().into_owned().collect();
        assert_eq!(pairs[0], ("corpid".to_owned(), "ww1".to_owned()));
        assert_eq!(pairs[1], ("corpsecret".to_owned(), VALUE.to_owned()));
        assert_eq!(filled.headers["x-key"], VALUE);
        assert!(filled.headers["x-key"].is_sensitive());
        let body: Value = serde_json::from_slice(&filled.body).unwrap();
        assert_eq!(body["a"], VALUE);
    }

    #[test]
    fn a_secret_goes_nowhere_else() {
        let (stand_in, secrets) = one();
        let encoded: String = url::form_urlencoded::byte_serialize(stand_in.as_bytes()).collect();
        for (name, to, url, header, body) in [
            ("another host", "https://evil.example", format!("https://evil.example/?k={encoded}"), "", String::new()),
            (
                "another port",
                "https://api.example:444",
                format!("https://api.example:444/?k={encoded}"),
                "",
                String::new(),
            ),
            (
                "a part of a value",
                "https://api.example",
                format!("https://api.example/?k=x{encoded}"),
                "",
                String::new(),
            ),
            ("a name", "https://api.example", format!("https://api.example/?{encoded}=1"), "", String::new()),
            ("the path", "https://api.example", format!("https://api.example/{encoded}"), "", String::new()),
            ("a part of a header", "https://api.example", "https://api.example/".to_owned(), "Bearer ", String::new()),
            ("bare text", "https://api.example", "https://api.example/".to_owned(), "", stand_in.clone()),
            (
                "a made-up one",
                "https://api.example",
                "https://api.example/?k=secret://other?v=1".to_owned(),
                "",
                String::new(),
            ),
        ] {
            let mut headers = HeaderMap::new();
            if !header.is_empty() {
                headers.insert("x-key", HeaderValue::from_str(&format!("{header}{stand_in}")).unwrap());
            }
            let outgoing = Outgoing { url: Url::parse(&url).unwrap(), headers, body: Bytes::from(body) };
            let error =
                secrets.fill(&destination(to), outgoing).err().unwrap_or_else(|| panic!("{name} was let through"));
            assert_eq!(error.kind, Failure::Denied { option: None }, "{name}");
            assert!(!error.may_have_reached_server && !error.message.contains(VALUE), "{name}");
        }
    }

    #[test]
    fn what_holds_no_stand_in_passes_unchanged() {
        let (_, secrets) = one();
        let url = Url::parse("https://elsewhere.example/p?a=1+2%20&b").unwrap();
        let outgoing = Outgoing { url: url.clone(), headers: HeaderMap::new(), body: Bytes::from_static(b"{}") };
        let filled = secrets.fill(&destination("https://elsewhere.example"), outgoing).unwrap();
        assert_eq!((filled.url, &*filled.body), (url, &b"{}"[..]));
    }

    #[test]
    fn echoes_are_masked() {
        let (_, secrets) = one();
        for body in
            [Body::Text(format!("bad secret {VALUE}!")), Body::Bytes(format!("bad secret {VALUE}!").into_bytes())]
        {
            let response = Response { status: 200, headers: vec![("x".to_owned(), VALUE.to_owned())], body };
            let masked = secrets.mask(response);
            assert_eq!(masked.body.as_bytes(), b"bad secret [secret]!");
            assert_eq!(masked.header("x"), Some(MASK));
        }
    }
}
