//! Where a secret may go, and in which form.

use http::HeaderMap;

use super::*;
use crate::{egress::Body, storage::SealingKey};

const VALUE: &str = "s3cr3t\"/&+";

fn destination(url: &str) -> Destination {
    Destination::of(&Url::parse(url).unwrap()).unwrap()
}

/// Puts placeholders into a document whose secrets stand at these places (`key path`), all tied to `https://api.example`.
fn injected(document: &str, places: &[&str]) -> (String, SecretInjector) {
    let places: Vec<_> = places.iter().copied().map(fixture::place).collect();
    let named = element::Destination {
        scheme: "https".to_owned(),
        host: "api.example".to_owned(),
        port: 443,
        purpose: "api".to_owned(),
        secrets: places.iter().map(|place| place.key.clone()).collect(),
    };
    let validation = element::Validation {
        valid: true,
        summary: Vec::new(),
        destinations: Vec::new(),
        proxy: None,
        secrets: places,
        problems: Vec::new(),
    };
    let scope = Scope::new("acme", "organisation").unwrap();
    let document = Document::parse(document).unwrap();
    let needed = [(destination("https://api.example"), &named)];
    let fingerprints = FingerprintKey::new(Some(&SealingKey::new([7; 32]))).unwrap();
    let (settings, secrets) =
        with_placeholders(&fingerprints, &scope, &document, &fixture::description(), &validation, &needed);
    (settings.expose().to_owned(), secrets)
}

fn one() -> (String, SecretInjector) {
    let document = Value::Object([("secret".to_owned(), VALUE.into())].into_iter().collect());
    let (settings, secrets) = injected(&document.to_string(), &["secret secret"]);
    let settings: Value = serde_json::from_str(&settings).unwrap();
    (settings["secret"].as_str().unwrap().to_owned(), secrets)
}

#[test]
fn the_placeholder_follows_field_and_value() {
    let placeholder = |key: &str, value: &str| {
        let (settings, _) = injected(&format!(r#"{{"{key}":"{value}"}}"#), &[&format!("{key} {key}")]);
        serde_json::from_str::<Value>(&settings).unwrap()[key].as_str().unwrap().to_owned()
    };
    assert_eq!(placeholder("secret", "abc"), placeholder("secret", "abc"));
    assert_ne!(placeholder("secret", "abc"), placeholder("secret", "abd"));
    assert_ne!(placeholder("secret", "abc"), placeholder("token", "abc").replace("token", "secret"));
    assert!(placeholder("secret", "abc").starts_with("secret://secret?v="));
}

#[test]
fn a_secret_that_is_tied_to_no_host_goes_nowhere() {
    // The component tied another field, so this one was found by its key.
    let (settings, secrets) = injected(r#"{"secret":"abc"}"#, &["token token"]);
    let placeholder = serde_json::from_str::<Value>(&settings).unwrap()["secret"].as_str().unwrap().to_owned();
    let url = Url::parse_with_params("https://api.example/", [("k", placeholder)]).unwrap();
    let outgoing = Outgoing { url, headers: HeaderMap::new(), body: Bytes::new() };
    let error = secrets.fill(&destination("https://api.example"), outgoing).err().unwrap();
    assert!(error.message.contains("secret may not go to https://api.example"), "{error}");
}

#[test]
fn a_secret_is_filled_in_encoded_for_its_place() {
    let (placeholder, secrets) = one();
    let mut url = Url::parse("https://api.example/token?corpid=ww1").unwrap();
    url.query_pairs_mut().append_pair("corpsecret", &placeholder);
    let mut headers = HeaderMap::new();
    headers.insert("x-key", HeaderValue::from_str(&placeholder).unwrap());
    let body = Bytes::from(format!(r#"{{"a":"{placeholder}"}}"#));
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
    let (placeholder, secrets) = one();
    let encoded: String = url::form_urlencoded::byte_serialize(placeholder.as_bytes()).collect();
    for (name, to, url, header, body) in [
        ("another host", "https://evil.example", format!("https://evil.example/?k={encoded}"), "", String::new()),
        ("another port", "https://api.example:444", format!("https://api.example:444/?k={encoded}"), "", String::new()),
        ("a part of a value", "https://api.example", format!("https://api.example/?k=x{encoded}"), "", String::new()),
        ("a name", "https://api.example", format!("https://api.example/?{encoded}=1"), "", String::new()),
        ("the path", "https://api.example", format!("https://api.example/{encoded}"), "", String::new()),
        ("a part of a header", "https://api.example", "https://api.example/".to_owned(), "Bearer ", String::new()),
        ("bare text", "https://api.example", "https://api.example/".to_owned(), "", placeholder.clone()),
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
            headers.insert("x-key", HeaderValue::from_str(&format!("{header}{placeholder}")).unwrap());
        }
        let outgoing = Outgoing { url: Url::parse(&url).unwrap(), headers, body: Bytes::from(body) };
        let error = secrets.fill(&destination(to), outgoing).err().unwrap_or_else(|| panic!("{name} was let through"));
        assert_eq!(error.kind, HttpFailure::Denied { option: None }, "{name}");
        assert!(!error.may_have_reached_server && !error.message.contains(VALUE), "{name}");
    }
}

#[test]
fn what_holds_no_placeholder_passes_unchanged() {
    let (_, secrets) = one();
    let url = Url::parse("https://elsewhere.example/p?a=1+2%20&b").unwrap();
    let outgoing = Outgoing { url: url.clone(), headers: HeaderMap::new(), body: Bytes::from_static(b"{}") };
    let filled = secrets.fill(&destination("https://elsewhere.example"), outgoing).unwrap();
    assert_eq!((filled.url, &*filled.body), (url, &b"{}"[..]));
}

#[test]
fn what_a_server_sends_back_is_redacted() {
    let (_, secrets) = one();
    let headers = vec![("x".to_owned(), VALUE.to_owned())];
    let response = Response { status: 200, headers, body: Body::Text(format!("bad secret {VALUE}!")) };
    let redacted = secrets.redact(response);
    assert_eq!(redacted.body.as_bytes(), b"bad secret [secret]!");
    assert_eq!(redacted.header("x"), Some(redactor::REDACTED));
}
