//! URLs as they may be shown: without anything that could be a secret.
//!
//! Vendors put tokens, secrets and login codes into query values (`…/gettoken?secret=…`), so every
//! log line, report and error message quotes a URL only through this module.

use std::fmt::Write as _;

use url::Url;

use super::parse::read_url;

/// Shows scheme, host, port, path and the query *keys* of `url`; nothing at all of a URL that cannot be read.
///
/// ```
/// use host_harness::egress::redacted;
/// assert_eq!(redacted("https://h.example/a?code=123&b=4#f"), "https://h.example/a?code&b");
/// assert_eq!(redacted("https://me:secret@h.example:444/"), "https://h.example:444/");
/// assert_eq!(redacted("token=123"), "(unreadable url)");
/// ```
pub fn redacted(url: &str) -> String {
    read_url(url).map_or_else(|_| "(unreadable url)".to_owned(), |url| redacted_url(&url))
}

/// [`redacted`] for a URL that is already parsed.
pub fn redacted_url(url: &Url) -> String {
    let Some(host) = url.host() else { return "(unreadable url)".to_owned() };
    let mut shown = format!("{}://{host}", url.scheme());
    if let Some(port) = url.port() {
        let _ = write!(shown, ":{port}");
    }
    shown.push_str(url.path());
    for (position, pair) in url.query().into_iter().flat_map(|query| query.split('&')).enumerate() {
        shown.push(if position == 0 { '?' } else { '&' });
        // A pair without `=` may be a bare value (`?<token>`), so it is not taken for a key.
        shown.push_str(pair.split_once('=').map_or("…", |(key, _)| key));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_keys_survive() {
        for (url, shown) in [
            ("https://h.example", "https://h.example/"),
            ("https://h.example:443/p", "https://h.example/p"),
            ("http://[::1]:81/p?", "http://[::1]:81/p?…"),
            ("https://h.example/p?a=1&a=2&b=", "https://h.example/p?a&a&b"),
            ("https://h.example/p?barevalue", "https://h.example/p?…"),
            ("https://h.example/p?a=1=2", "https://h.example/p?a"),
            ("data:text/plain,secret", "(unreadable url)"),
            ("/relative?x=1", "(unreadable url)"),
            ("https://A¡/?x=1", "(unreadable url)"),
        ] {
            assert_eq!(redacted(url), shown, "{url}");
        }
    }
}
