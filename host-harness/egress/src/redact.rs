//! URLs as they may be shown: without anything that could be a secret.
//!
//! Vendors put tokens, secrets and login codes into query values (`…/gettoken?secret=…`), and make addresses of files
//! that whoever knows them may read, so every log line, report and error message quotes a URL only through this module.

use std::fmt::Write as _;

use url::Url;

use super::parse::read_url;

/// A part of a path that is this short cannot be a secret, in characters.
const SHORT_SEGMENT: usize = 15;
/// No longer part of a path is shown, in characters.
const LONGEST_WORD: usize = 48;

/// Shows scheme, host, port, the words of the path and the query *keys* of `url`; nothing at all of a URL that cannot be
/// read.
///
/// ```
/// use organisation_egress::redacted;
/// assert_eq!(redacted("https://h.example/a?code=123&b=4#f"), "https://h.example/a?code&b");
/// assert_eq!(redacted("https://me:secret@h.example:444/"), "https://h.example:444/");
/// assert_eq!(redacted("https://h.example/files/9f86d081884c7d659a2f.bin"), "https://h.example/files/…");
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
    for segment in url.path().split('/').skip(1) {
        shown.push('/');
        shown.push_str(if is_word(segment) { segment } else { "…" });
    }
    for (position, pair) in url.query().into_iter().flat_map(|query| query.split('&')).enumerate() {
        shown.push(if position == 0 { '?' } else { '&' });
        // A pair without `=` may be a bare value (`?<token>`), so it is not taken for a key.
        shown.push_str(pair.split_once('=').map_or("…", |(key, _)| key));
    }
    shown
}

/// Whether a part of a path is the name of something: short, or of lower-case letters. A longer one with digits or
/// capitals may be a token, a file that only its address protects, or somebody's id.
fn is_word(segment: &str) -> bool {
    let is_name = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_.".contains(&byte));
    segment.len() <= SHORT_SEGMENT || (segment.len() <= LONGEST_WORD && is_name(segment))
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
            (
                "https://h.example/cgi-bin/department/simplelist?id=1",
                "https://h.example/cgi-bin/department/simplelist?id",
            ),
            ("https://h.example/v1.0/users/find_by_department", "https://h.example/v1.0/users/find_by_department"),
            ("https://h.example/bot110201543:AAHdqTcvCH1vGWJ/send", "https://h.example/…/send"),
            ("https://h.example/users/ou_7dab8a3d3cdcc9da/", "https://h.example/users/…/"),
            ("https://h.example/nJ3vXqkQzabYwaxB", "https://h.example/…"),
            ("data:text/plain,secret", "(unreadable url)"),
            ("/relative?x=1", "(unreadable url)"),
            ("https://A¡/?x=1", "(unreadable url)"),
        ] {
            assert_eq!(redacted(url), shown, "{url}");
        }
    }
}
