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
        routes: Vec::new(),
        files: Vec::new(),
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
    let encoded: String = byte_serialize(placeholder.as_bytes()).collect();
    for (name, to, url, header, body) in [
        ("another host", "https://evil.example", format!("https://evil.example/?k={encoded}"), "", String::new()),
        ("another port", "https://api.example:444", format!("https://api.example:444/?k={encoded}"), "", String::new()),
        ("a part of a value", "https://api.example", format!("https://api.example/?k=x{encoded}"), "", String::new()),
        ("a name", "https://api.example", format!("https://api.example/?{encoded}=1"), "", String::new()),
        ("the path", "https://api.example", format!("https://api.example/{encoded}"), "", String::new()),
        ("a part of a header", "https://api.example", "https://api.example/".to_owned(), "Token ", String::new()),
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

#[test]
fn a_place_is_filled_or_denied() {
    let (placeholder, secrets) = one();
    let form = "application/x-www-form-urlencoded";
    let encoded: String = byte_serialize(placeholder.as_bytes()).collect();
    let in_form: String = byte_serialize(VALUE.as_bytes()).collect();
    let in_json = Value::String(VALUE.to_owned()).to_string();
    let (lower, slashes) = (encoded.replace("%3A%2F%2F", "%3a%2f%2f"), placeholder.replace('/', r"\/"));
    let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
    // Content type, header, body; what goes out, if anything does.
    for (name, kind, header, body, sent) in [
        (
            "form",
            form,
            String::new(),
            format!("a=1&s={encoded}&s={lower}&b"),
            Some(format!("a=1&s={in_form}&s={in_form}&b")),
        ),
        (
            "form, with a charset",
            "Application/X-WWW-Form-Urlencoded; charset=utf-8",
            String::new(),
            format!("s={encoded}"),
            Some(format!("s={in_form}")),
        ),
        ("form, as it stands", form, String::new(), format!("s={placeholder}"), Some(format!("s={in_form}"))),
        ("form, a part", form, String::new(), format!("s=x{encoded}"), None),
        ("form, encoded twice", form, String::new(), format!("s={}", encoded.replace('%', "%25")), None),
        ("form, a key", form, String::new(), format!("{encoded}=1"), None),
        ("a form of another type", "text/plain", String::new(), format!("s={encoded}"), None),
        (
            "JSON",
            "application/json",
            String::new(),
            format!(r#"{{"a":["{placeholder}"]}}"#),
            Some(format!(r#"{{"a":[{in_json}]}}"#)),
        ),
        (
            "JSON, slashes escaped",
            "",
            String::new(),
            format!(r#"{{"a":"\"","b":"{slashes}"}}"#),
            Some(format!(r#"{{"a":"\"","b":{in_json}}}"#)),
        ),
        ("JSON, a part", "", String::new(), format!(r#"{{"a":"x{slashes}"}}"#), None),
        ("JSON, a key", "", String::new(), format!(r#"{{"{placeholder}" : 1}}"#), None),
        ("JSON within JSON", "", String::new(), format!(r#"{{"a":"{{\"b\":\"{placeholder}\"}}"}}"#), None),
        (
            "JSON, characters as numbers",
            "",
            String::new(),
            format!(r#"["{}"]"#, placeholder.replace('/', r"\u002f")),
            None,
        ),
        ("XML", "text/xml", String::new(), format!(r#"<a b="{placeholder}"/>"#), None),
        ("HTML", "text/html", String::new(), placeholder.replace('/', "&#x2F;"), None),
        ("base64", "", String::new(), STANDARD.encode(&placeholder), None),
        ("Bearer", "", format!("Bearer {placeholder}"), String::new(), Some(format!("Bearer {VALUE}"))),
        ("bearer", "", format!("bearer {placeholder}"), String::new(), Some(format!("bearer {VALUE}"))),
        ("Bearer, a part", "", format!("Bearer x{placeholder}"), String::new(), None),
        ("Bearer, encoded", "", format!("Bearer {encoded}"), String::new(), None),
        ("Basic", "", basic(format!("me:{placeholder}")), String::new(), Some(basic(format!("me:{VALUE}")))),
        ("Basic, no user", "", basic(format!(":{placeholder}")), String::new(), Some(basic(format!(":{VALUE}")))),
        ("Basic, a part", "", basic(format!("me:x:{placeholder}")), String::new(), None),
        ("Basic, the user", "", basic(format!("{placeholder}:")), String::new(), None),
        ("Basic, encoded", "", basic(format!("me:{placeholder}")).replace("Basic ", "Other "), String::new(), None),
    ] {
        let mut headers = HeaderMap::new();
        for (key, value) in [("content-type", kind), ("authorization", &*header)] {
            if !value.is_empty() {
                headers.insert(key, HeaderValue::from_str(value).unwrap());
            }
        }
        let outgoing = Outgoing { url: Url::parse("https://api.example/").unwrap(), headers, body: Bytes::from(body) };
        match (secrets.fill(&destination("https://api.example"), outgoing), sent) {
            (Ok(filled), Some(sent)) => {
                let header = filled.headers.get("authorization").map_or(&b""[..], HeaderValue::as_bytes);
                assert_eq!([header, &filled.body].concat(), sent.as_bytes(), "{name}");
            }
            (Err(error), None) => {
                assert_eq!(error.kind, HttpFailure::Denied { option: None }, "{name}");
                assert!(error.message.contains("where it is not filled in"), "{name}: {error}");
            }
            (found, sent) => panic!("{name}: {sent:?}, found {:?}", found.map(|filled| filled.body)),
        }
    }
}
