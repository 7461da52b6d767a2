//! What may be shown of a value that is not where it belongs.
//!
//! Secrets are pasted into any field, so a value is shown only where its shape says that it is none: a word, a number,
//! or an address of such parts. Of every other value only its length and its kinds of characters are told.

use url::{Host, Url};

use super::address;
use crate::locale::Text;

/// Characters of a word at most. Secrets are longer, or hold more than letters.
const WORD: usize = 20;
/// Bytes of several words, joined as keys and identifiers join them.
const WORDS: usize = 32;
/// So few characters give nothing away.
const SHORT: usize = 4;

/// The value in quotes where it can be no secret, or what kind of value it is.
pub fn shown(value: &str) -> Text {
    if value.chars().count() <= SHORT || value.len() <= WORDS && value.split(['-', '_', '.']).all(is_word) {
        return quoted(value);
    }
    let has_scheme = value.contains("://");
    let address = if has_scheme { address::parse(value) } else { address::parse(&format!("https://{value}")) };
    let Some(url) = address.filter(|url| has_name(url) && !value.contains('@')) else { return described(value) };
    let shown = shown_url(&url);
    let shown = if has_scheme { &shown } else { shown.trim_start_matches("https://") };
    // A parser completes the bare host.
    quoted(if value.ends_with('/') { shown } else { shown.trim_end_matches('/') })
}

/// Whether a key may be shown: somebody may have pasted a secret in its place. Keys join words in more ways than values.
pub(super) fn is_harmless_key(key: &str) -> bool {
    key.len() <= WORD || key.len() <= 2 * WORD && !key.contains(|c: char| c.is_ascii_digit())
}

/// A key in quotes, likewise.
pub(super) fn shown_key(key: &str) -> Text {
    if is_harmless_key(key) { quoted(key) } else { described(key) }
}

fn quoted(value: &str) -> Text {
    format!("\"{}\"", value.replace(char::is_control, "\u{fffd}")).into()
}

/// How long a value is, and of what.
pub fn described(value: &str) -> Text {
    let kinds = [
        ("字母", "letters", value.contains(|c: char| c.is_ascii_alphabetic())),
        ("数字", "digits", value.contains(|c: char| c.is_ascii_digit())),
        ("空白", "space", value.contains(char::is_whitespace)),
        ("其他字符", "other characters", value.contains(|c: char| !c.is_ascii_alphanumeric() && !c.is_whitespace())),
    ];
    let there = kinds.into_iter().filter(|(.., is_there)| *is_there);
    let (zh, en): (Vec<_>, Vec<_>) = there.map(|(zh, en, _)| (zh, en)).unzip();
    let (count, zh, en) = (value.chars().count(), zh.join("、"), en.join(", "));
    text!("{count} 个字符的值（{zh}）", "a value of {count} characters ({en})")
}

/// An address without what could be a secret: values of its query and long parts of its path are left out.
pub(super) fn shown_url(url: &Url) -> String {
    let mut shown = format!("{}://{}", url.scheme(), address::authority(url));
    shown.push_str(&without_secrets(url.path(), &['/'], |part| !is_opaque(part)));
    if let Some(query) = url.query() {
        shown.push('?');
        shown.push_str(&without_secrets(query, &['&', '='], is_label));
    }
    if let Some(fragment) = url.fragment() {
        shown.push('#');
        shown.push_str(&without_secrets(fragment, &['/'], is_label));
    }
    shown
}

fn without_secrets(text: &str, separators: &[char], is_shown: fn(&str) -> bool) -> String {
    let show = |part: &str| {
        let bare = part.trim_end_matches(separators);
        if is_shown(bare) { part.to_owned() } else { part.replace(bare, "…") }
    };
    text.split_inclusive(separators).map(show).collect()
}

/// Whether the host is one that a person would write, and not a value that a parser takes for a host.
pub(super) fn has_name(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain("localhost")) => true,
        Some(Host::Domain(name)) => {
            let is_top = |name: &str| name.starts_with("xn--") || name.bytes().all(|b| b.is_ascii_alphabetic());
            name.rsplit_once('.').is_some_and(|(_, top)| is_top(top)) && !name.split('.').any(is_opaque)
        }
        // Schemes that the parser does not know have no such host, but what they write there.
        host => host.is_some(),
    }
}

/// Letters as a word has them, or digits.
fn is_word(part: &str) -> bool {
    let all = |part: &str, fits: fn(char) -> bool| part.chars().all(fits);
    let tail = part.strip_prefix(|c: char| c.is_ascii_uppercase()).unwrap_or(part);
    let is_one_case =
        all(tail, |c| c.is_alphabetic() && !c.is_ascii_uppercase()) || all(part, |c| c.is_ascii_uppercase());
    part.len() <= WORD && (is_one_case || all(part, |c| c.is_ascii_digit()))
}

/// A part of an address: words, also with a number after them.
fn is_label(part: &str) -> bool {
    let is_numbered = |part: &str| is_word(part.trim_end_matches(|c: char| c.is_ascii_digit()));
    part.len() <= SHORT || part.split(['-', '_', '.']).all(|part| part.len() <= SHORT || is_numbered(part))
}

/// A long part that is no word.
pub(super) fn is_opaque(part: &str) -> bool {
    part.len() > WORD && !is_label(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "nJ3vX9kQz81bYw-nJ3vX9kQz81bYw_nJ3vX9kQz81bY";

    #[test]
    fn only_what_is_no_secret_by_its_shape_is_quoted() {
        for (value, expected) in [
            ("deny", "\"deny\""),
            ("your-tenant-id", "\"your-tenant-id\""),
            ("Automatic", "\"Automatic\""),
            ("ZH_HANT", "\"ZH_HANT\""),
            ("企业", "\"企业\""),
            ("1000002", "\"1000002\""),
            ("a\nb", "\"a\u{fffd}b\""),
            ("+5", "\"+5\""),
            ("gateway.example.com:8443", "\"gateway.example.com:8443\""),
            ("203.0.113.9:3128", "\"203.0.113.9:3128\""),
            ("https://app.example.com/oauth2/cb", "\"https://app.example.com/oauth2/cb\""),
            ("app.example.com/", "\"app.example.com/\""),
            (
                "https://api.example.com/x?account=ww0123456789abcdef&secret=hunter2x&y=on",
                "\"https://api.example.com/x?account=…&secret=…&y=on\"",
            ),
            ("https://app.example.com/hook/6f1c2d3e4f5a6b7c8d9e0f/x#S3CRET", "\"https://app.example.com/hook/…/x#…\""),
            ("hunter2", "a value of 7 characters (letters, digits)"),
            ("nQkTzRwPa", "a value of 9 characters (letters)"),
            ("ww0123456789abcdef", "a value of 18 characters (letters, digits)"),
            ("correct horse 9", "a value of 15 characters (letters, digits, space)"),
            (SECRET, "a value of 43 characters (letters, digits, other characters)"),
            ("https://me:pass@app.example.com/", "a value of 32 characters (letters, other characters)"),
            ("eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl1", "a value of 37 characters (letters, digits, other characters)"),
        ] {
            assert_eq!(shown(value).en, expected, "{value}");
        }
        assert!(!shown(&format!("https://{SECRET}/")).en.contains("nj3v"));
    }
}
