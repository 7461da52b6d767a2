//! What makes an answer of WeCom sound.

use super::*;
use crate::fake::{self, errcode, lost, ok, status, unreached};
use organisation_kit::contract::{http, types::Reason};

const TOKEN: &str = "t0ken/with+signs";

fn judged(outcome: Result<http::Response, http::HttpError>) -> Result<String, Failure> {
    let (call, secrets) = (fake::config().user_get("LiSi"), [TOKEN.to_owned()]);
    transport::text(WECOM, &call, outcome, &secrets).and_then(|text| judge(&call, text, &secrets))
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
        assert_eq!((&error.reason, error.cause), (&Reason::UnexpectedAnswer, Cause::Passing), "{name}");
        let message = &error.message;
        assert!(message.en.starts_with("the answer of user/get?userid=LiSi "), "{name}: {}", message.en);
        assert!(message.zh.starts_with("user/get?userid=LiSi 的返回内容"), "{name}: {}", message.zh);
        let hint = error.hint.as_ref().unwrap();
        assert_eq!(hint.en.contains("gateway"), !is_json, "{name}: {hint:?}");
        assert!(!format!("{error:?}").contains(TOKEN), "{name}: {error:?}");
    }
}

#[test]
fn codes_keep_their_number_and_say_whether_a_repetition_helps() {
    for (code, cause) in [
        (-1, Cause::Passing),
        (40001, Cause::TokenRefused),
        (40014, Cause::TokenRefused),
        (42001, Cause::TokenRefused),
        (40029, Cause::Other),
        (45009, Cause::Other),
        (60020, Cause::Other),
        (123_456_789, Cause::Other),
    ] {
        let error = judged(errcode(code, "some text")).unwrap_err();
        assert_eq!((error.vendor_code, error.cause), (Some(code), cause));
        let as_text = judged(ok(format!(r#"{{"errcode":"{code}","errmsg":"some text"}}"#))).unwrap_err();
        assert_eq!((as_text.vendor_code, as_text.cause), (Some(code), cause));
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
        assert_eq!(may_leave_code_unspent(&judged(outcome).unwrap_err()), may_be_good, "{name}");
    }
    let failure = Failure::new(Reason::CredentialsRefused, "no token").with_vendor_code(40013);
    assert!(may_leave_code_unspent(&failure.with_cause(Cause::NoToken)));
}

#[test]
fn a_list_that_breaks_off_says_whose_and_after_whom() {
    let error = serde_json::from_str::<Vec<u8>>("[1,").unwrap_err();
    let message = unreadable_after(&fake::config().user_list("31"), Some("LiSi"), &error).message.clone();
    assert_eq!(
        message.en,
        "the answer of user/list?department_id=31 cannot be read (Eof at line 1 column 3) after member LiSi"
    );
    assert!(message.zh.ends_with("，在成员 LiSi 之后"), "{}", message.zh);
}
