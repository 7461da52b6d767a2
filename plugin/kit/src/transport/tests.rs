//! Every way in which a call has no answer.

use super::*;
use crate::{
    contract::types::Header,
    fake::{lost, ok, status, unreached},
};

const TOKEN: &str = "t0ken/with+signs";
const ACME: Destination = Destination { vendor: ("某厂", "Acme"), address: "base" };

fn read(outcome: Result<Response, HttpError>) -> Result<String, Failure> {
    text(&ACME, &"people/list", outcome, &[TOKEN.to_owned()])
}

#[test]
fn text_is_text_however_it_comes() {
    let bytes = |bytes: &[u8]| Ok(Response { status: 200, headers: Vec::new(), body: Body::Bytes(bytes.to_vec()) });
    assert_eq!(read(ok("{}")).unwrap(), "{}");
    assert_eq!(read(bytes("{\"a\":\"张\"}".as_bytes())).unwrap(), "{\"a\":\"张\"}");
    let error = read(bytes(b"\xff")).unwrap_err();
    assert_eq!((error.reason.clone(), error.cause), (Reason::UnexpectedAnswer, Cause::Passing));
    let base64 = |text: &str| Ok(Response { status: 200, headers: Vec::new(), body: Body::Base64(text.to_owned()) });
    assert_eq!(read(base64("eyJhIjoi5bygIn0=")).unwrap(), "{\"a\":\"张\"}");
    for wrong in ["/w==", "no base64", "eyJhIjoi5bygIn0"] {
        assert_eq!(read(base64(wrong)).unwrap_err().reason, Reason::UnexpectedAnswer, "{wrong}");
    }
}

#[test]
fn another_status_says_who_has_to_act() {
    use Cause::{NoSuchAddress, Other, Passing};
    for (code, reason, cause, retry_after_ms, hint) in [
        (204, Reason::UnexpectedAnswer, Other, None, "check base"),
        (301, Reason::UnexpectedAnswer, Other, None, "redirects"),
        (403, Reason::UnexpectedAnswer, Other, None, "gateway"),
        (404, Reason::UnexpectedAnswer, NoSuchAddress, None, "this Acme has it"),
        (407, Reason::UnexpectedAnswer, Other, None, "gateway"),
        (429, Reason::RateLimited, Other, Some(60_000), "later"),
        (500, Reason::Unavailable, Passing, None, "Acme is unavailable"),
        (599, Reason::Unavailable, Passing, None, "Acme is unavailable"),
    ] {
        // Not even a body that looks sound makes another status a success.
        let failure = read(status(code, "{}")).unwrap_err();
        assert_eq!((&failure.reason, failure.cause), (&reason, cause), "{code}");
        assert_eq!(failure.retry_after_ms, retry_after_ms, "{code}");
        for text in [&failure.message.zh, &failure.message.en] {
            assert!(text.contains(&code.to_string()) && text.contains("people/list"), "{text}");
        }
        let found = failure.hint.clone().unwrap();
        assert!(found.en.contains(hint) && !found.zh.is_ascii(), "{code}: {found:?}");
    }
}

#[test]
fn a_gateway_may_say_how_long_to_wait() {
    for (name, value, expected) in [
        ("Retry-After", "7", Some(7_000)),
        ("retry-after", " 7 ", Some(7_000)),
        ("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT", None),
        ("retry-after", "18446744073709551615", None),
    ] {
        let mut response = status(503, "").unwrap();
        response.headers.push(Header { name: name.to_owned(), value: value.to_owned() });
        assert_eq!(read(Ok(response)).unwrap_err().retry_after_ms, expected, "{value}");
    }
}

#[test]
fn no_answer_at_all_names_the_next_step() {
    use Cause::{Other, Passing};
    let other = |reason: &str| Reason::Other(reason.to_owned());
    for (failure, reason, cause, hint) in [
        (Http::Denied(Some("--allow-host a".into())), Reason::NotPermitted, Other, "--allow-host a"),
        (Http::Denied(None), Reason::NotPermitted, Other, "check base"),
        (Http::Dns, Reason::Unavailable, Passing, "DNS"),
        (Http::Connect, Reason::Unavailable, Passing, "network"),
        (Http::Tls, Reason::Unavailable, Passing, "certificate"),
        (Http::Timeout, Reason::Unavailable, Passing, "later"),
        (Http::TooLarge(16), other("answer-too-large"), Cause::AnswerTooLarge, "16 bytes"),
        (Http::BudgetExhausted, Reason::BudgetExhausted, Other, "limit"),
        (Http::Proxy(Some(407)), Reason::NotPermitted, Other, "proxyUsername and proxyPassword"),
        (Http::Proxy(Some(403)), Reason::NotPermitted, Other, "its administrator"),
        (Http::Proxy(Some(502)), Reason::Unavailable, Passing, "check proxy"),
        (Http::Proxy(None), Reason::Unavailable, Passing, "check proxy"),
        (Http::Other("odd".into()), Reason::Unavailable, Passing, "later"),
    ] {
        for error in [lost(failure.clone()), unreached(failure.clone())] {
            let error = read(Err(error)).unwrap_err();
            assert_eq!((&error.reason, error.cause), (&reason, cause), "{failure:?}");
            let found = error.hint.clone().unwrap();
            assert!(found.en.contains(hint) && !found.zh.is_ascii(), "{failure:?}: {found:?}");
            let Text { zh, en } = error.message.clone();
            assert!(en.contains("people/list") && zh.contains("people/list") && !zh.is_ascii(), "{zh} {en}");
        }
    }
}

#[test]
fn advice_about_gateways_is_for_what_is_no_json() {
    #[derive(Debug, serde::Deserialize)]
    struct Shape {
        #[allow(dead_code)]
        id: u8,
    }
    let error = |json: &str| serde_json::from_str::<Shape>(json).unwrap_err();
    for (name, found, message, hint) in [
        ("a page", not_json(&ACME, &"a", ("是页面", "is a page")), "the answer of a is a page", "gateway"),
        (
            "cut off",
            unreadable(&ACME, &"a", &error(r#"{"id":"t0ken/with+signs"#)),
            "the answer of a cannot be read (Eof at line 1 column 23)",
            "gateway",
        ),
        (
            "another type",
            unreadable(&ACME, &"a", &error(r#"{"id":"t0ken/with+signs"}"#)),
            "the answer of a cannot be read (Data at line 1 column 24)",
            "documented",
        ),
        (
            "a field of our own words",
            unreadable(&ACME, &"a", &serde::de::Error::custom("userlist cannot be read")),
            "the answer of a cannot be read (userlist cannot be read)",
            "documented",
        ),
        ("incomplete", malformed(&ACME, &"a", ("缺少 id", "has no id")), "the answer of a has no id", "documented"),
    ] {
        assert_eq!(found.message.en, message, "{name}");
        assert!(found.hint.clone().unwrap().en.contains(hint), "{name}");
        assert!(found.cause == Cause::Passing && !format!("{found:?}").contains("t0ken"), "{name}");
    }
}

#[test]
fn nothing_secret_is_repeated_whoever_says_it() {
    for echo in [
        "bad t0ken/with+signs here",
        "GET https://a.example/x?access_token=t0ken%2Fwith%2Bsigns",
        "t0ken%2Fwith%2Bsigns",
        "https://a.example/people/list?access_token=something&code=abc",
    ] {
        let by_host = HttpError { message: echo.to_owned(), ..lost(Http::Other(echo.to_owned())) };
        let shown = format!("{:?}", read(Err(by_host)).unwrap_err());
        for secret in ["t0ken/with", "t0ken%2Fwith", "code=abc"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(!masked(echo, &[TOKEN.to_owned()]).contains("t0ken"));
    }
    let quoting = HttpError {
        message: "dns failure for https://a.example/people/list?access_token=abc".to_owned(),
        ..lost(Http::Dns)
    };
    let message = read(Err(quoting)).unwrap_err().message.en.clone();
    assert!(message.ends_with("dns failure for https://a.example/people/list"), "{message}");
}

#[test]
fn it_is_said_whether_the_vendor_may_have_done_it_all_the_same() {
    for (name, outcome, expected) in [
        ("no connection", Err(unreached(Http::Connect)), false),
        ("no answer in time", Err(lost(Http::Timeout)), true),
        ("an answer too large", Err(lost(Http::TooLarge(7))), true),
        ("refused by policy", Err(unreached(Http::Denied(None))), false),
        ("a redirect", status(302, ""), false),
        ("refused on the way", status(403, ""), false),
        ("too often", status(429, ""), false),
        ("broken over there", status(502, ""), true),
        ("accepted for later", status(202, ""), true),
        ("a page", Ok(Response { status: 200, headers: Vec::new(), body: Body::Bytes(vec![255]) }), true),
    ] {
        assert_eq!(read(outcome).unwrap_err().may_be_done, expected, "{name}");
    }
}
