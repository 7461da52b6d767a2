//! Redacts a secret that a server sends back: in an error text that quotes the request, in a page that shows its query.

use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use zeroize::{Zeroize as _, Zeroizing};

use crate::egress::{Body, Response};

/// What stands in an answer for a secret that the server sent back.
pub(super) const REDACTED: &str = "[secret]";
/// Shorter values are not looked for in answers: they would be found in innocent places.
const SHORTEST_REDACTED: usize = 8;
/// What RFC 3986 leaves unreserved needs no escape.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The spellings in which a secret may come back, each once, the plain one first.
pub(super) struct Redactor(Vec<Zeroizing<String>>);

impl Redactor {
    /// Plain, as in a query (both manners, both cases of the digits), and as in JSON.
    pub(super) fn of(value: &str) -> Self {
        let mut spellings: Vec<Zeroizing<String>> = Vec::new();
        if value.len() < SHORTEST_REDACTED {
            return Self(spellings);
        }
        let form: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
        let uri = utf8_percent_encode(value, RESERVED).to_string();
        let mut json = Value::String(value.to_owned()).to_string();
        let within = Zeroizing::new(json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned());
        json.zeroize();
        let lower = |text: &str| Zeroizing::new(lower_digits(text));
        let (form_lower, uri_lower) = (lower(&form), lower(&uri));
        for spelling in
            [Zeroizing::new(value.to_owned()), Zeroizing::new(form), Zeroizing::new(uri), form_lower, uri_lower, within]
        {
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
        Self(spellings)
    }

    /// Redacts the secret in headers and body.
    pub(super) fn redact(&self, response: &mut Response) {
        for spelling in &self.0 {
            for (_, value) in &mut response.headers {
                redact_text(value, spelling);
            }
            match &mut response.body {
                Body::Text(text) => redact_text(text, spelling),
                Body::Bytes(bytes) => {
                    if let Some(redacted) = replaced(bytes, spelling.as_bytes(), REDACTED.as_bytes()) {
                        bytes.zeroize();
                        *bytes = redacted;
                    }
                }
            }
        }
    }
}

fn redact_text(text: &mut String, spelling: &str) {
    if text.contains(spelling) {
        let redacted = text.replace(spelling, REDACTED);
        text.zeroize();
        *text = redacted;
    }
}

/// The text with every `part` replaced; nothing where there is none. The buffer is made large enough at once, so that
/// none of `by` is left behind in one that grew.
fn replaced(text: &[u8], part: &[u8], by: &[u8]) -> Option<Vec<u8>> {
    let found: Vec<usize> = memmem::find_iter(text, part).collect();
    if found.is_empty() {
        return None;
    }
    let mut replaced = Vec::with_capacity(text.len() + found.len() * by.len());
    let mut end = 0;
    for at in found {
        replaced.extend_from_slice(text.get(end..at).unwrap_or_default());
        replaced.extend_from_slice(by);
        end = at + part.len();
    }
    replaced.extend_from_slice(text.get(end..).unwrap_or_default());
    Some(replaced)
}

/// `%2F` as `%2f`.
fn lower_digits(text: &str) -> String {
    let mut digits = 0;
    let lower = |c: char| {
        let is_digit = digits > 0;
        digits = if c == '%' { 2 } else { i32::max(digits - 1, 0) };
        if is_digit { c.to_ascii_lowercase() } else { c }
    };
    text.chars().map(lower).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "s3cr3t\"/&+ A~Z";

    #[test]
    fn a_secret_is_redacted_however_it_is_spelled() {
        for sent_back in [
            VALUE,
            "s3cr3t%22%2F%26%2B+A%7EZ",
            "s3cr3t%22%2f%26%2b+A%7eZ",
            "s3cr3t%22%2F%26%2B%20A~Z",
            "s3cr3t%22%2f%26%2b%20A~Z",
            r#"s3cr3t\"/&+ A~Z"#,
        ] {
            let text = format!("invalid secret {sent_back}, again: {sent_back}");
            for body in [Body::Text(text.clone()), Body::Bytes(text.clone().into_bytes())] {
                let mut response = Response { status: 200, headers: vec![("x".to_owned(), text.clone())], body };
                Redactor::of(VALUE).redact(&mut response);
                let expected = "invalid secret [secret], again: [secret]";
                assert_eq!(String::from_utf8_lossy(response.body.as_bytes()), expected, "{sent_back}");
                assert_eq!(response.header("x"), Some(expected), "{sent_back}");
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays_as_it_is() {
        for (value, text) in [(VALUE, "s3cr3t"), ("short", "a short text"), ("12345678", "1234567")] {
            let mut response = Response { status: 200, headers: Vec::new(), body: Body::Text(text.to_owned()) };
            Redactor::of(value).redact(&mut response);
            assert_eq!(response.body.as_bytes(), text.as_bytes());
        }
    }

    #[test]
    fn an_ordinary_secret_has_one_spelling() {
        assert_eq!(Redactor::of("nJ3vX9kQz81bYw-nJ3vX9kQz81bYw_nJ3").0.len(), 1);
    }
}
