//! Whether somebody is inside the vendor's client, as the browser says of itself.

use axum::http::{HeaderMap, header};

/// What the vendor's clients call themselves, on phones and on computers: the client of the workspace, and the messenger in
/// which members open the workspace's apps as well.
const NAMES: [&str; 2] = ["wxwork", "micromessenger"];

/// Whether the request comes from one of them. There a page with a code to scan is of no use: it would have to be scanned with
/// the very phone that shows it.
pub fn is_vendor_client(headers: &HeaderMap) -> bool {
    let browser = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let browser = browser.to_ascii_lowercase();
    NAMES.iter().any(|name| browser.contains(name))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn clients_say_so_and_browsers_do_not() {
        for (browser, expected) in [
            ("Mozilla/5.0 (iPhone) AppleWebKit/605 Mobile/15E148 wxwork/4.1.22 MicroMessenger/7.0.1 Language/zh", true),
            ("Mozilla/5.0 (Windows NT 10.0; WOW64) Chrome/108 Safari/537.36 WXWork/4.1.10", true),
            ("Mozilla/5.0 (Macintosh) AppleWebKit/605 WXWORK/4.0", true),
            ("Mozilla/5.0 (Linux; Android 12) Chrome/86 Mobile MicroMessenger/8.0.30", true),
            ("Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            assert!(!is_vendor_client(&headers));
            headers.insert(header::USER_AGENT, HeaderValue::from_static(browser));
            assert_eq!(is_vendor_client(&headers), expected, "{browser}");
        }
    }
}
