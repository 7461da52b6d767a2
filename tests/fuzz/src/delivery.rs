//! What arrives at the route for the app's events.

use organisation_kit::{
    capability::Callbacks,
    contract::{
        callbacks::{Handled, IncomingRequest},
        types::Body,
    },
    fake::FakePlatform,
};
use wecom_organisation::WeCom;

use crate::outside::{self, SECRET, TOKEN};

fn handle(platform: &FakePlatform, method: &str, query: &str, body: &[u8]) -> Handled {
    let body = match str::from_utf8(body) {
        Ok(text) => Body::Text(text.to_owned()),
        Err(_) => Body::Bytes(body.to_vec()),
    };
    let request = IncomingRequest {
        route: "wecom".to_owned(),
        method: method.to_owned(),
        query: query.to_owned(),
        headers: vec![],
        body: Some(body),
    };
    let handled = WeCom::handle(platform, &outside::config(), &request).unwrap();
    assert!(platform.requests.borrow().is_empty(), "a handler asks nobody");
    outside::assert_quiet(platform, &[SECRET, TOKEN]);
    handled
}

/// A message of WeCom's, whatever it says, is taken once; repeated it is acknowledged and gives nothing.
pub(crate) fn event(message: &[u8]) {
    let platform = FakePlatform::new();
    let (query, encrypted) = outside::signed(&outside::seal(message));
    let body = format!("<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>");
    let first = handle(&platform, "POST", &query, body.as_bytes());
    assert!(matches!(first.response.status, 200 | 403), "{first:?}");
    assert!(first.events.len() <= 100 && first.follow_ups.len() <= 200, "more than a host keeps");
    assert!(first.response.status == 200 || first.events.is_empty(), "{first:?}");
    let again = handle(&platform, "POST", &query, body.as_bytes());
    assert_eq!(again.response.status, first.response.status);
    assert!(again.events.is_empty(), "told twice: {again:?}");
}

/// What nobody signed is refused and leads to nothing, and neither does a ciphertext that nobody sealed.
pub(crate) fn delivery(bytes: &[u8]) {
    let platform = FakePlatform::new();
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    let handled = if kind % 2 == 0 {
        let line = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
        let (query, body) = bytes.split_at(line);
        let method = if kind % 4 == 0 { "GET" } else { "POST" };
        handle(&platform, method, &String::from_utf8_lossy(query), body)
    } else {
        let (query, encrypted) = outside::signed(bytes);
        let body = format!(r#"{{"Encrypt":"{encrypted}"}}"#);
        handle(&platform, "POST", &query, body.as_bytes())
    };
    assert_eq!(handled.response.status, 403, "{handled:?}");
    assert!(handled.events.is_empty() && handled.follow_ups.is_empty(), "{handled:?}");
}
