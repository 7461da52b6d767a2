//! How a token is asked for, and which answers are refusals.

use super::*;
use organisation_kit::contract::http::{HttpError, Response};

fn current(fake: &FakePlatform, config: &Config) -> Result<String, Failure> {
    // The first call asks for the token; what becomes of the call itself is another matter.
    let client = WeComClient::new(fake, config);
    client.calls.text(&config.user_get("LiSi"))?;
    let requests = fake.requests.borrow();
    Ok(requests.last().and_then(|request| query(request, "access_token")).unwrap())
}

fn granted() -> Result<Response, HttpError> {
    ok(r#"{"errcode":0,"errmsg":"ok","access_token":"T0KEN","expires_in":7200}"#)
}

#[test]
fn the_request_is_the_documented_one() {
    let fake = FakePlatform::new();
    fake.serve(|_| granted());
    assert_eq!(current(&fake, &fake::config()).unwrap(), "T0KEN");
    let request = fake.requests.borrow()[0].clone();
    assert_eq!((request.method.as_str(), request.timeout_ms), ("GET", Some(8_000)));
    let expected =
        format!("https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=ww21c67da6767865c2&corpsecret={}", fake::SECRET);
    assert_eq!(request.url, expected);
    let keys = fake.keys("");
    assert!(keys.len() == 1 && !keys[0].contains(fake::SECRET), "{keys:?}");
    assert_eq!(fake.ttl_ms(&keys[0]), Some(6_900_000));
}

#[test]
fn every_credential_at_every_address_has_its_own_token() {
    let names: std::collections::BTreeSet<Vec<String>> = [
        ("ww1", 1, "secret-a", "https://qyapi.weixin.qq.com"),
        ("ww1", 1, "secret-b", "https://qyapi.weixin.qq.com"),
        ("ww1", 2, "secret-a", "https://qyapi.weixin.qq.com"),
        ("ww2", 1, "secret-a", "https://qyapi.weixin.qq.com"),
        ("ww1", 1, "secret-a", "https://proxy.example.com/wecom"),
    ]
    .map(|(corp, agent, secret, base)| {
        let mut config = fake::config();
        (config.common.organisation, config.common.application) = (corp.to_owned(), agent.to_string());
        config.secret = Config::parse(&fake::document().replace(fake::SECRET, secret)).unwrap().secret;
        config.api_base = base.parse().unwrap();
        config.credential().into_iter().map(str::to_owned).collect()
    })
    .into();
    assert_eq!(names.len(), 5);
}

#[test]
fn a_refusal_is_remembered_and_nothing_else() {
    for (name, answer, requests, is_remembered) in [
        ("secret wrong or app disabled", errcode(40001, "invalid credential"), 1, true),
        ("corp unknown", errcode(40013, "invalid corpid"), 1, true),
        ("secret of another corp", errcode(40091, "invalid secret"), 1, true),
        ("secret too weak", errcode(45031, "weak"), 1, true),
        ("corp unknown, newer service", errcode(2_000_002, "corpid invalid"), 1, true),
        ("too often", errcode(45009, "api freq out of limit"), 1, false),
        ("corp dissolved", errcode(301_007, "corp dissolved"), 1, false),
        ("busy", errcode(-1, "system error"), 4, false),
        ("5xx", status(502, "<html>"), 4, false),
        ("no connection", Err(unreached(http::Failure::Connect)), 4, false),
        ("no answer", Err(lost(http::Failure::Timeout)), 4, false),
        ("unreadable", ok("<html>"), 4, false),
        ("no token inside", ok(r#"{"errcode":0,"expires_in":7200}"#), 4, false),
        ("empty token", ok(r#"{"access_token":"","expires_in":7200}"#), 4, false),
        ("no life inside", ok(r#"{"errcode":0,"access_token":"t"}"#), 4, false),
        ("refused by the host", Err(unreached(http::Failure::Denied(None))), 1, false),
    ] {
        let fake = FakePlatform::new();
        let asked = answer.clone();
        fake.serve(move |_| asked.clone());
        let failure = current(&fake, &fake::config()).unwrap_err();
        assert_eq!(fake.count("gettoken"), requests, "{name}");
        assert_eq!(failure.reason == Reason::CredentialsRefused, is_remembered, "{name}");
        assert!(!format!("{failure:?}").contains(fake::SECRET), "{name}");
        let keys = fake.keys("");
        assert_eq!(keys.iter().any(|key| key.starts_with("token-refused/")), is_remembered, "{name}: {keys:?}");
        assert!(keys.iter().all(|key| !fake.value(key).unwrap().contains(fake::SECRET)), "{name}");

        // An app that was disabled and is enabled again is noticed by itself.
        fake.serve(|_| granted());
        assert_eq!(current(&fake, &fake::config()).is_err(), is_remembered, "{name}");
        fake.advance_ms(3_600_000);
        assert_eq!(current(&fake, &fake::config()).unwrap(), "T0KEN", "{name}");
    }
}

#[test]
fn a_corrected_address_is_asked_at_once() {
    let fake = FakePlatform::new();
    fake.serve(|request| match request.url.starts_with("https://qyapi.weixin.qq.com/") {
        true => granted(),
        false => errcode(40001, "invalid credential"),
    });
    let mut config = fake::config();
    config.api_base = "https://wrong.example.com".parse().unwrap();
    assert_eq!(current(&fake, &config).unwrap_err().vendor_code, Some(40001));
    assert_eq!(current(&fake, &fake::config()).unwrap(), "T0KEN");
}
