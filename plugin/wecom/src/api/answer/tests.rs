//! What makes an answer of WeCom sound.

use super::*;
use crate::fake::{errcode, lost, ok, status, unreached};
use organisation_kit::contract::types::Reason;

const TOKEN: &str = "t0ken/with+signs";

fn judged(outcome: Result<http::Response, http::HttpError>) -> Result<String, CallError> {
    judge(&Call::member("LiSi"), outcome, &[TOKEN.to_owned()])
}

#[test]
fn success_is_errcode_missing_or_zero() {
    for body in [
        "{}",
        r#"{"errcode":0,"errmsg":"ok"}"#,
        r#"{"errcode":"0"}"#,
        r#"{"errcode":null,"errmsg":null}"#,
        r#"{"errcode":0,"errmsg":["ok"]}"#,
        r#"{"errmsg":"created"}"#,
        r#"{"userid":"zhangsan","errmsg":"","errcode":0}"#,
        " \r\n{\"errcode\":0}\n",
    ] {
        assert_eq!(judged(ok(body)).unwrap(), body);
    }
}

#[test]
fn what_is_no_sound_answer_is_unreadable() {
    for (name, outcome, is_json) in [
        ("empty", ok(""), false),
        ("white space", ok(" \n"), false),
        ("html", ok("<!DOCTYPE html><html>502</html>"), false),
        ("list", ok(r#"[0,"ok"]"#), false),
        ("text", ok(r#""ok""#), false),
        ("number", ok("0"), false),
        ("null", ok("null"), false),
        ("cut off", ok(r#"{"errcode":0,"errmsg":"o"#), false),
        ("two documents", ok("{}{}"), false),
        ("errcode is an object", ok(r#"{"errcode":{}}"#), true),
        ("errcode is a flag", ok(r#"{"errcode":true}"#), true),
        ("errcode is no number", ok(r#"{"errcode":"t0ken/with+signs"}"#), true),
        ("errcode is a fraction", ok(r#"{"errcode":0.5}"#), true),
        ("warning", ok(r#"{"errcode":0,"errmsg":"ok. Warning: wrong json format. "}"#), true),
        ("warning without a code", ok(r#"{"errmsg":"created. Warning: wrong json format. "}"#), true),
    ] {
        let error = judged(outcome).unwrap_err();
        assert_eq!(error.kind, CallErrorKind::Transport(TransportErrorKind::Unreadable), "{name}");
        assert_eq!(error.failure.reason, Reason::UnexpectedAnswer, "{name}");
        let message = &error.failure.message;
        assert!(message.en.starts_with("the answer of user/get?userid=LiSi "), "{name}: {}", message.en);
        assert!(message.zh.starts_with("user/get?userid=LiSi 的返回内容"), "{name}: {}", message.zh);
        let hint = error.failure.hint.as_ref().unwrap();
        assert_eq!(hint.en.contains("gateway"), !is_json, "{name}: {hint:?}");
        assert!(error.reached && error.kind.is_passing(), "{name}");
        assert!(!format!("{error:?}").contains(TOKEN), "{name}: {error:?}");
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
        let error = judged(errcode(code, "some text")).unwrap_err();
        assert_eq!((error.kind, error.failure.vendor_code), (CallErrorKind::Vendor(code), Some(code)));
        assert_eq!((error.kind.is_passing(), error.is_stale_token(), error.reached), (passing, stale, true), "{code}");
        let as_text = judged(ok(format!(r#"{{"errcode":"{code}","errmsg":"some text"}}"#))).unwrap_err();
        assert_eq!(as_text.kind, CallErrorKind::Vendor(code));
    }
    let echo = judged(errcode(40014, "bad t0ken/with+signs")).unwrap_err();
    assert!(!format!("{echo:?}").contains("t0ken"), "{echo:?}");
}

#[test]
fn a_code_that_wecom_did_not_judge_may_be_good_still() {
    for (name, outcome, may_be_good) in [
        ("spent or unknown", errcode(40029, "invalid code"), false),
        ("expired", errcode(42003, "code expired"), false),
        ("spent", errcode(42022, "code already used"), false),
        ("the domain is not trusted", errcode(50001, "redirect_uri not trusted"), false),
        ("never heard of", errcode(123_456, "?"), false),
        ("busy", errcode(-1, "system error"), true),
        ("too many calls", errcode(45009, "api freq out of limit"), true),
        ("token", errcode(42001, "access_token expired"), true),
        ("address", errcode(60020, "not allow to access from your ip"), true),
        ("app disabled", errcode(50003, "app disabled"), true),
        ("another app", errcode(301_002, "not allow operate another agent"), true),
        ("no such path", status(404, ""), true),
        ("5xx", status(502, "<html>"), true),
        ("a page", ok("<html>"), true),
        ("no connection", Err(unreached(http::Failure::Connect)), true),
        ("no answer", Err(lost(http::Failure::Timeout)), true),
    ] {
        assert_eq!(judged(outcome).unwrap_err().may_leave_code_unspent(), may_be_good, "{name}");
    }
    let failure = Failure::new(Reason::Unavailable, "no token");
    assert!(CallError::without_token(failure).may_leave_code_unspent());
}

#[test]
fn a_list_that_breaks_off_says_whose_and_after_whom() {
    let error = serde_json::from_str::<Vec<u8>>("[1,").unwrap_err();
    let call = Call::get(crate::api::endpoint::Endpoint::UserList, vec![("department_id", "31".to_owned())]);
    let message = unreadable_after(&call, Some("LiSi"), &error).failure.message;
    assert_eq!(
        message.en,
        "the answer of user/list?department_id=31 cannot be read (Eof at line 1 column 3) after member LiSi"
    );
    assert!(message.zh.ends_with("，在成员 LiSi 之后"), "{}", message.zh);
}
