//! Every way in which an answer can be no answer.

use super::*;
use crate::{
    fake::{errcode, lost, ok, status, unreached},
    text::Locale,
};

const TOKEN: &str = "t0ken/with+signs";

fn judged(outcome: Result<http::Response, http::HttpError>) -> Result<String, Miss> {
    judge(Api::UserGet, outcome, &[TOKEN.to_owned()])
}

fn bytes(bytes: &[u8]) -> Result<http::Response, http::HttpError> {
    Ok(http::Response { status: 200, headers: Vec::new(), body: http::Body::Bytes(bytes.to_vec()) })
}

#[test]
fn success_is_errcode_missing_or_zero() {
    for body in [
        "{}",
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"errcode":"0"}"#,
        r#"{"errcode":null,"errmsg":null}"#,
        r#"{"errmsg":"created"}"#,
        r#"{"userid":"zhangsan","errmsg":"","errcode":0}"#,
        " \r\n{\"errcode\":0}\n",
    ] {
        assert_eq!(judged(ok(body)).unwrap(), body);
        assert_eq!(judged(bytes(body.as_bytes())).unwrap(), body);
    }
}

#[test]
fn what_is_no_json_object_is_unreadable() {
    for (name, outcome) in [
        ("empty", ok("")),
        ("white space", ok(" \n")),
        ("html", ok("<!DOCTYPE html><html>502</html>")),
        ("list", ok(r#"[0,"ok"]"#)),
        ("text", ok(r#""ok""#)),
        ("number", ok("0")),
        ("null", ok("null")),
        ("cut off", ok(r#"{"errcode":0,"errmsg":"o"#)),
        ("two documents", ok("{}{}")),
        ("errcode is an object", ok(r#"{"errcode":{}}"#)),
        ("errcode is a flag", ok(r#"{"errcode":true}"#)),
        ("errcode is no number", ok(r#"{"errcode":"t0ken/with+signs"}"#)),
        ("errcode is a fraction", ok(r#"{"errcode":0.5}"#)),
        ("not utf-8", bytes(b"{\"errmsg\":\"\xff\"}")),
        ("warning", ok(r#"{"errcode":0,"errmsg":"ok. Warning: wrong json format. "}"#)),
        ("warning without a code", ok(r#"{"errmsg":"created. Warning: wrong json format. "}"#)),
    ] {
        let miss = judged(outcome).unwrap_err();
        assert_eq!(miss.cause, Cause::Unreadable, "{name}");
        assert_eq!(miss.failure.reason, Reason::UnexpectedAnswer, "{name}");
        assert!(miss.failure.message.en.contains("user/get"), "{name}: {}", miss.failure.message.en);
        assert!(miss.failure.hint.is_some() && miss.reached && miss.cause.is_passing(), "{name}");
        assert!(!format!("{miss:?}").contains(TOKEN), "{name}: {miss:?}");
    }
}

#[test]
fn another_status_says_who_has_to_act() {
    for (code, reason, passing, retry_after_ms) in [
        (204, Reason::UnexpectedAnswer, false, None),
        (301, Reason::UnexpectedAnswer, false, None),
        (302, Reason::UnexpectedAnswer, false, None),
        (403, Reason::UnexpectedAnswer, false, None),
        (404, Reason::UnexpectedAnswer, false, None),
        (407, Reason::UnexpectedAnswer, false, None),
        (429, Reason::RateLimited, false, Some(60_000)),
        (500, Reason::Unavailable, true, None),
        (502, Reason::Unavailable, true, None),
        (599, Reason::Unavailable, true, None),
    ] {
        // Not even a body that looks sound makes another status a success.
        let miss = judged(status(code, r#"{"errcode":0}"#)).unwrap_err();
        assert_eq!((&miss.failure.reason, miss.cause), (&reason, Cause::Status(code)), "{code}");
        assert_eq!((miss.cause.is_passing(), miss.failure.retry_after_ms), (passing, retry_after_ms), "{code}");
        assert!(miss.failure.message.en.contains(&code.to_string()) && miss.failure.message.en.contains("user/get"));
        assert!(miss.failure.hint.is_some() && miss.reached, "{code}");
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
        response.headers.push(http::Header { name: name.to_owned(), value: value.to_owned() });
        assert_eq!(judged(Ok(response)).unwrap_err().failure.retry_after_ms, expected, "{value}");
    }
}

#[test]
fn no_answer_at_all_names_the_next_step() {
    use http::Failure as Http;
    let other = |reason: &str| Reason::Other(reason.to_owned());
    for (failure, reason, cause, hint) in [
        (Http::Denied("--allow-host a.example".into()), Reason::NotPermitted, Cause::Host, "--allow-host a.example"),
        (Http::Denied(String::new()), Reason::NotPermitted, Cause::Host, "apiBaseUrl"),
        (Http::Dns, Reason::Unavailable, Cause::Transport, "DNS"),
        (Http::Connect, Reason::Unavailable, Cause::Transport, "network"),
        (Http::Tls, Reason::Unavailable, Cause::Transport, "certificate"),
        (Http::Timeout, Reason::Unavailable, Cause::Transport, "later"),
        (Http::TooLarge(16), other("answer-too-large"), Cause::TooLarge, "16 bytes"),
        (Http::BudgetExhausted, other("budget-exhausted"), Cause::Host, "limit"),
        (Http::Proxy(Some(407)), Reason::NotPermitted, Cause::Host, "proxyPassword"),
        (Http::Proxy(Some(403)), Reason::NotPermitted, Cause::Host, "its administrator"),
        (Http::Proxy(Some(502)), Reason::Unavailable, Cause::Transport, "the proxy's own way"),
        (Http::Proxy(None), Reason::Unavailable, Cause::Transport, "check proxy"),
        (Http::Other("odd".into()), Reason::Unavailable, Cause::Transport, "later"),
    ] {
        for error in [lost(failure.clone()), unreached(failure.clone())] {
            let reached = error.may_have_reached_server;
            let miss = judged(Err(error)).unwrap_err();
            assert_eq!((&miss.failure.reason, miss.cause, miss.reached), (&reason, cause, reached), "{failure:?}");
            let hint_found = miss.failure.hint.unwrap();
            assert!(hint_found.show(Locale::English).contains(hint), "{failure:?}: {hint_found:?}");
            assert!(!hint_found.zh.is_ascii(), "{failure:?}");
            assert!(miss.failure.message.en.contains("user/get"), "{failure:?}");
        }
    }
}

#[test]
fn codes_keep_their_number_and_say_whether_a_repetition_helps() {
    for (code, passing, stale) in [
        (-1, true, false),
        (40001, false, true),
        (40014, false, true),
        (42001, false, true),
        (40029, false, false),
        (45009, false, false),
        (60020, false, false),
        (123_456_789, false, false),
    ] {
        let miss = judged(errcode(code, "some text")).unwrap_err();
        assert_eq!((miss.cause, miss.failure.vendor_code), (Cause::Vendor(code), Some(code)));
        assert_eq!(
            (miss.cause.is_passing(), miss.cause.is_stale_token(), miss.reached),
            (passing, stale, true),
            "{code}"
        );
        let as_text = judged(ok(format!(r#"{{"errcode":"{code}","errmsg":"some text"}}"#))).unwrap_err();
        assert_eq!(as_text.cause, Cause::Vendor(code));
    }
}

#[test]
fn nothing_secret_is_repeated_whoever_says_it() {
    let echoes = [
        "bad t0ken/with+signs here".to_owned(),
        "GET https://a.example/x?access_token=t0ken%2Fwith%2Bsigns".to_owned(),
        "t0ken%2Fwith%2Bsigns".to_owned(),
        "https://a.example/cgi-bin/user/get?access_token=something&code=abc".to_owned(),
    ];
    for echo in echoes {
        let by_host = http::HttpError { message: echo.clone(), ..lost(http::Failure::Other(echo.clone())) };
        for miss in [judged(Err(by_host)).unwrap_err(), judged(errcode(40014, &echo)).unwrap_err()] {
            let shown = format!("{miss:?}");
            assert!(!shown.contains("t0ken/with") && !shown.contains("t0ken%2Fwith"), "{shown}");
        }
    }
    let quoting = http::HttpError {
        message: "dns failure for https://a.example/cgi-bin/user/get?access_token=abc".to_owned(),
        ..lost(http::Failure::Dns)
    };
    let message = judged(Err(quoting)).unwrap_err().failure.message.en;
    assert!(message.ends_with("dns failure for https://a.example/cgi-bin/user/get"), "{message}");
}

#[test]
fn a_shape_that_does_not_fit_is_located_but_not_quoted() {
    #[derive(Debug, serde::Deserialize)]
    struct Shape {
        #[allow(dead_code)]
        id: u8,
    }
    let error = serde_json::from_str::<Shape>(r#"{"id":"t0ken/with+signs"}"#).unwrap_err();
    let miss = unreadable(Api::TagGet, &error);
    assert!(miss.failure.message.en.starts_with("the answer of tag/get cannot be read (Data at line 1"), "{miss:?}");
    assert!(!format!("{miss:?}").contains("t0ken"), "{miss:?}");
}
