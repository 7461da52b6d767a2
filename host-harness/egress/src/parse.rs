//! Reads URLs that a component, a configuration or an operator wrote.
//!
//! Everything in this module reads a URL here and nowhere else. Two things are refused before the parser sees the text.
//! Control characters, spaces and backslashes, because parsers drop or change them in silence and two readers of one URL
//! might then disagree about its host. And hosts beyond ASCII, written out or as escapes, because two readers with
//! different tables of Unicode disagree about them; this program has no such tables.

use url::{Host, Url};

/// Why a text is no URL that can be used. Quotes nothing of it: it may hold a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// A character that readers of URLs treat differently.
    #[error("it contains a space, a backslash or a control character")]
    Characters,
    /// A host that readers of URLs treat differently.
    #[error(
        "its host is not written in plain ASCII: write an international name in punycode (xn--…), and no escapes (%)"
    )]
    HostBeyondAscii,
    /// Anything else, in the words of the reader.
    #[error("{0}")]
    Syntax(#[from] url::ParseError),
}

/// Reads an absolute URL.
pub fn read_url(text: &str) -> Result<Url, UrlError> {
    if text.chars().any(|c| c.is_control() || c == ' ' || c == '\\') {
        return Err(UrlError::Characters);
    }
    if !is_plain(host_of(text)) {
        return Err(UrlError::HostBeyondAscii);
    }
    Ok(Url::parse(text)?)
}

/// Reads a host that stands alone.
pub(crate) fn read_host(text: &str) -> Result<Host, UrlError> {
    if !is_plain(text) {
        return Err(UrlError::HostBeyondAscii);
    }
    Ok(Host::parse(text)?)
}

fn is_plain(host: &str) -> bool {
    host.is_ascii() && !host.contains('%')
}

/// What a parser will take for the host, its port included. Web URLs do without the slashes (`https:a.example`).
fn host_of(text: &str) -> &str {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest).trim_start_matches('/');
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_beyond_ascii_never_reach_the_parser() {
        for host in ["例え.jp", "A¡", "a¡.example", "１２７.0.0.1", "ⓛocalhost", "%31%32%37.0.0.1", "A%C2%A1", "xn--¡"]
        {
            for url in [
                format!("https://{host}"),
                format!("https://{host}:8443/x"),
                format!("https://{host}?x"),
                format!("https://{host}#x"),
                format!("https://me:p¡w@{host}/"),
                format!("https:{host}"),
                format!("https:/{host}"),
                format!("https:///{host}"),
                format!("HTTP://{host}"),
                format!("ws://{host}"),
            ] {
                let error = read_url(&url).unwrap_err();
                assert_eq!(error, UrlError::HostBeyondAscii, "{url}");
                assert!(error.to_string().contains("punycode"), "{error}");
            }
            assert_eq!(read_host(host), Err(UrlError::HostBeyondAscii), "{host}");
        }
    }

    #[test]
    fn characters_that_parsers_drop_are_refused() {
        for url in ["https://a.example/ b", "https://a\t.example", "htt\nps://a", " https://a", "https:\\\\a", "a\0"] {
            assert_eq!(read_url(url), Err(UrlError::Characters), "{url:?}");
        }
    }

    #[test]
    fn text_beyond_ascii_may_stand_elsewhere() {
        for url in ["https://a.example/企业?名=值#¡", "https://a.example?¡", "https://a.example#¡", "https://[::1]/¡"]
        {
            assert!(read_url(url).is_ok(), "{url}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in proptest::prelude::any::<String>()) {
            let _ = read_url(&text);
            let _ = read_url(&format!("https://{text}"));
            let _ = read_host(&text);
        }
    }
}
