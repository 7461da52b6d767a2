//! Redirect addresses: the host that must be registered, and the address with code and state appended.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};

const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Host and port of an http or https address exactly as written: WeCom compares the whole text, so that even a default
/// port makes a difference (fact sheet section 2.4). A URL parser would drop that port.
pub(crate) fn host_of(address: &str) -> Option<&str> {
    let (scheme, rest) = address.split_once("://")?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return None;
    }
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    (!host.is_empty() && !host.contains('@')).then_some(host)
}

/// Whether a query value of the address is itself an address of another kind than http, which web login refuses.
pub(crate) fn nests_foreign_scheme(address: &str) -> bool {
    let query = address.split_once('?').map_or("", |(_, query)| query);
    form_urlencoded::parse(query.as_bytes()).any(|(_, value)| {
        value.split_once("://").is_some_and(|(scheme, _)| {
            let scheme = scheme.to_ascii_lowercase();
            scheme != "http" && scheme != "https" && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
    })
}

/// A text as one part of a path or as a value of a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, VALUE).to_string()
}

/// The address with these pairs appended to its query, before any fragment.
pub(crate) fn append(address: &str, pairs: &[(&str, &str)]) -> String {
    let (base, fragment) = match address.split_once('#') {
        Some((base, fragment)) => (base, Some(fragment)),
        None => (address, None),
    };
    let mut result = utf8_percent_encode(base, CONTROLS).to_string().replace(' ', "%20");
    for (name, value) in pairs {
        let separator = match (result.contains('?'), result.ends_with(['?', '&'])) {
            (false, _) => "?",
            (true, true) => "",
            (true, false) => "&",
        };
        result.push_str(separator);
        result.push_str(name);
        result.push('=');
        result.extend(utf8_percent_encode(value, VALUE));
    }
    if let Some(fragment) = fragment {
        result.push('#');
        result.extend(utf8_percent_encode(fragment, CONTROLS));
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_taken_as_written() {
        for (address, expected) in [
            ("https://app.example.com/cb", Some("app.example.com")),
            ("https://app.example.com:443/cb", Some("app.example.com:443")),
            ("http://app.example.com?x=1", Some("app.example.com")),
            ("HTTPS://APP.example.com#f", Some("APP.example.com")),
            ("https://evil@app.example.com/", None),
            ("ftp://app.example.com/", None),
            ("app.example.com/cb", None),
            ("https%3A%2F%2Fapp.example.com", None),
            ("https:///cb", None),
        ] {
            assert_eq!(host_of(address), expected, "{address}");
        }
    }

    #[test]
    fn pairs_are_appended_to_any_query() {
        for (address, expected) in [
            ("https://a/cb", "https://a/cb?code=C&state=s%20%26"),
            ("https://a/cb?", "https://a/cb?code=C&state=s%20%26"),
            ("https://a/cb?x=1", "https://a/cb?x=1&code=C&state=s%20%26"),
            ("https://a/cb?x=1#top", "https://a/cb?x=1&code=C&state=s%20%26#top"),
            ("https://a/中", "https://a/%E4%B8%AD?code=C&state=s%20%26"),
        ] {
            assert_eq!(append(address, &[("code", "C"), ("state", "s &")]), expected, "{address}");
        }
    }

    #[test]
    fn nested_foreign_schemes_are_seen() {
        for (address, expected) in [
            ("https://a/cb?next=jms%3A%2F%2Fx", true),
            ("https://a/cb?next=https%3A%2F%2Fx", false),
            ("https://a/cb", false),
        ] {
            assert_eq!(nests_foreign_scheme(address), expected, "{address}");
        }
    }
}
