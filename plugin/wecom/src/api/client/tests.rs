//! What is repeated and what is not, and that every answer belongs to its call.

use std::cell::Cell;

use super::*;
use crate::fake::{self, FakePlatform, errcode, lost, ok, path, query, status, unreached};
use crate::identify::identify;
use organisation_kit::{
    calls::LoginCode,
    contract::{call::Budget, http, types::Reason},
    failure::Cause,
};

mod token;

type Answer = Result<http::Response, http::HttpError>;

/// A server that grants `token-1`, `token-2` … and answers everything else from the list, repeating the last one.
fn scripted(answers: Vec<Answer>) -> FakePlatform {
    let fake = FakePlatform::new();
    let (granted, answered) = (Cell::new(0), Cell::new(0));
    fake.serve(move |request| {
        if path(request) == "/cgi-bin/gettoken" {
            granted.set(granted.get() + 1);
            return ok(format!(r#"{{"access_token":"token-{}","expires_in":7200}}"#, granted.get()));
        }
        let index = answered.replace(answered.get() + 1).min(answers.len() - 1);
        answers[index].clone()
    });
    fake
}

fn get_member() -> Call {
    fake::config().user_get("zhangsan")
}

fn exchange() -> Call {
    fake::config().auth_get_user_info("C0DE-c0de")
}

/// Asks with_retries, for any JSON.
fn ask(client: &WeComClient<'_>, call: &Call) -> Result<serde_json::Value, Failure> {
    client.calls.with_retries(call, |text| client.calls.read(call, text))
}

fn tokens(fake: &FakePlatform) -> Vec<String> {
    fake.requests.borrow().iter().filter_map(|request| query(request, "access_token")).collect()
}

#[test]
fn reads_are_repeated_when_that_may_help() {
    for (name, failure, calls) in [
        ("busy", errcode(-1, "system error"), 4),
        ("5xx", status(502, "<html>"), 4),
        ("cut off", ok(r#"{"errcode":0,"#), 4),
        ("html", ok("<html>"), 4),
        ("cut off behind its status", ok(r#"{"errcode":0,"errmsg":"ok","userid":"zhang"#), 4),
        ("no connection", Err(unreached(http::Failure::Connect)), 4),
        ("timeout", Err(lost(http::Failure::Timeout)), 4),
        ("404", status(404, ""), 1),
        ("redirect", status(302, ""), 1),
        ("too often", errcode(45009, "api freq out of limit"), 1),
        ("no such member", errcode(60111, "userid not found"), 1),
        ("denied", Err(unreached(http::Failure::Denied(Some("--allow-host".into())))), 1),
        ("too large", Err(lost(http::Failure::TooLarge(1))), 1),
        ("budget", Err(lost(http::Failure::BudgetExhausted)), 1),
    ] {
        let fake = scripted(vec![failure.clone()]);
        let config = fake::config();
        let client = WeComClient::new(&fake, &config);
        let error = ask(&client, &get_member()).unwrap_err();
        assert_eq!(fake.count("user/get"), calls, "{name}");
        assert_eq!(client.calls.usage().calls["user/get"], calls as u64, "{name}");
        assert_eq!(client.calls.usage().retries, calls as u64 - 1, "{name}");
        // Whether a missing member is anybody's business only the caller knows.
        assert_eq!(error.hint.is_none(), error.reason == Reason::NotFound, "{name}: {error:?}");
        assert!(!format!("{error:?}").contains("token-1"), "{name}: {error:?}");

        let fake = scripted(vec![failure, ok(r#"{"errcode":0}"#)]);
        let text = ask(&WeComClient::new(&fake, &config), &get_member());
        assert_eq!(text.is_ok(), calls > 1, "{name}: the second answer is taken where there is one");
    }
}

#[test]
fn an_answer_of_another_shape_is_read_again() {
    #[derive(Debug, serde::Deserialize)]
    struct Member {
        userid: String,
    }
    let (config, call) = (fake::config(), get_member());
    let ask = |fake: &FakePlatform| -> Result<Member, Failure> {
        let client = WeComClient::new(fake, &config);
        client.calls.with_retries(&call, |text| client.calls.read(&call, text))
    };
    let fake = scripted(vec![ok(r#"{"errcode":0,"userid":["s3cret"]}"#), ok(r#"{"errcode":0,"userid":"zhangsan"}"#)]);
    assert_eq!(ask(&fake).unwrap().userid, "zhangsan");

    let fake = scripted(vec![ok(r#"{"errcode":0,"userid":["s3cret"]}"#)]);
    let failure = ask(&fake).unwrap_err();
    assert_eq!((&failure.reason, fake.count("user/get")), (&Reason::UnexpectedAnswer, 4));
    assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
}

#[test]
fn repetitions_end_with_the_call() {
    let config = fake::config();
    for budget in [
        Budget { wall_ms: 999, ..FakePlatform::new().remaining() },
        Budget { requests: 2, ..FakePlatform::new().remaining() },
    ] {
        let fake = scripted(vec![errcode(-1, "system error")]);
        fake.set_budget(budget);
        assert_eq!(ask(&WeComClient::new(&fake, &config), &get_member()).unwrap_err().vendor_code, Some(-1));
        assert_eq!(fake.count("user/get"), 1);
    }
}

#[test]
fn a_code_is_never_presented_twice() {
    let config = fake::config();
    for failure in [
        errcode(-1, "system error"),
        status(502, ""),
        ok("<html>"),
        Err(lost(http::Failure::Timeout)),
        Err(unreached(http::Failure::Dns)),
    ] {
        let fake = scripted(vec![failure]);
        let error =
            identify(&WeComClient::new(&fake, &config), &config.common, LoginCode::new("C0DE-c0de")).unwrap_err();
        assert_eq!((error.failure.cause, error.may_retry), (Cause::Passing, true), "{error:?}");
        assert!(!format!("{error:?}").contains("C0DE"), "{error:?}");
        assert_eq!(fake.paths(), ["/cgi-bin/gettoken", "/cgi-bin/auth/getuserinfo"]);
    }
}

#[test]
fn a_refused_token_is_renewed_once() {
    let config = fake::config();
    for code in [40001, 40014, 42001] {
        for call in [get_member(), exchange()] {
            let fake = scripted(vec![errcode(code, "invalid access_token"), ok("{}")]);
            let client = WeComClient::new(&fake, &config);
            ask(&client, &call).unwrap();
            assert_eq!(
                (tokens(&fake), fake.count("gettoken")),
                (vec!["token-1".into(), "token-2".into()], 2),
                "{code}"
            );
            assert_eq!((client.calls.usage().total(), client.calls.usage().retries), (4, 1));
            ask(&client, &call).unwrap();
            assert_eq!(tokens(&fake).last().map(String::as_str), Some("token-2"), "the new token is remembered");

            let fake = scripted(vec![errcode(code, "invalid access_token")]);
            let failure = ask(&WeComClient::new(&fake, &config), &call).unwrap_err();
            assert_eq!((failure.vendor_code, fake.count("gettoken"), tokens(&fake).len()), (Some(code), 2, 2));
            assert!(!format!("{failure:?}").contains("token-"), "{failure:?}");
        }
    }
    for code in [40013, 40082, 41001, 42009] {
        let fake = scripted(vec![errcode(code, "no token can mend this")]);
        ask(&WeComClient::new(&fake, &config), &get_member()).unwrap_err();
        assert_eq!(fake.count("gettoken"), 1, "{code}");
    }
}

#[test]
fn a_renewal_is_not_repeated_by_the_repetitions() {
    let fake = scripted(vec![errcode(42001, "expired"), errcode(-1, "system error"), errcode(42001, "expired")]);
    let failure = ask(&WeComClient::new(&fake, &fake::config()), &get_member()).unwrap_err();
    assert_eq!((failure.vendor_code, fake.count("gettoken"), fake.count("user/get")), (Some(42001), 2, 3));
}

#[test]
fn many_calls_read_the_token_once() {
    let fake = scripted(vec![ok("{}")]);
    let config = fake::config();
    let client = WeComClient::new(&fake, &config);
    ask(&client, &get_member()).unwrap();
    fake.before_storage(|_, touch| panic!("no need for the store: {touch:?}"));
    ask(&client, &get_member()).unwrap();
    assert!(client.calls.texts(&[get_member(), get_member()], None).iter().all(Result::is_ok));
}

#[test]
fn without_a_token_nothing_is_sent() {
    let fake = FakePlatform::new();
    fake.serve(|_| errcode(40013, "invalid corpid"));
    let config = fake::config();
    let client = WeComClient::new(&fake, &config);
    let failure = client.calls.text(&exchange()).unwrap_err();
    assert_eq!((failure.cause, failure.vendor_code), (Cause::NoToken, Some(40013)));
    let outcomes = client.calls.texts(&[get_member(), exchange()], None);
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap_err().vendor_code == Some(40013)));
    assert_eq!((outcomes.len(), fake.paths()), (2, vec!["/cgi-bin/gettoken".to_owned()]));
}

#[test]
fn a_batch_keeps_its_order_and_fails_one_by_one() {
    let fake = FakePlatform::new();
    fake.serve(|request| match query(request, "department_id").as_deref() {
        None => ok(r#"{"access_token":"token-1","expires_in":7200}"#),
        Some("2") => errcode(60011, "no privilege"),
        Some("3") => errcode(-1, "system error"),
        Some("4") => ok(format!(r#"{{"userlist":[],"padding":"{}"}}"#, "x".repeat(400))),
        Some(id) => ok(format!(r#"{{"id":"{id}"}}"#)),
    });
    let config = fake::config();
    let client = WeComClient::new(&fake, &config);
    let calls: Vec<_> = (1..=5).map(|id: u32| config.user_list(&id.to_string())).collect();
    let outcomes = client.calls.texts(&calls, Some(400));
    assert_eq!(outcomes[0].as_deref().unwrap(), r#"{"id":"1"}"#);
    assert_eq!(outcomes[1].as_ref().unwrap_err().vendor_code, Some(60011));
    assert_eq!(outcomes[2].as_ref().unwrap_err().vendor_code, Some(-1));
    assert_eq!(outcomes[3].as_ref().unwrap_err().cause, Cause::AnswerTooLarge);
    assert_eq!(outcomes[4].as_deref().unwrap(), r#"{"id":"5"}"#);
    assert_eq!(
        (client.calls.usage().calls["user/list"], client.calls.usage().retries),
        (5, 0),
        "a busy call is not repeated here"
    );
    assert!(client.calls.texts(&[], None).is_empty());
}

#[test]
fn a_batch_renews_the_token_once_for_the_calls_that_need_it() {
    let fake = FakePlatform::new();
    let granted = Cell::new(0);
    fake.serve(move |request| {
        let Some(id) = query(request, "department_id") else {
            granted.set(granted.get() + 1);
            return ok(format!(r#"{{"access_token":"token-{}","expires_in":7200}}"#, granted.get()));
        };
        let even = id.parse::<u32>().unwrap() % 2 == 0;
        match query(request, "access_token").as_deref() {
            Some("token-1") if even => errcode(42001, "access_token expired"),
            _ => ok(format!(r#"{{"id":"{id}"}}"#)),
        }
    });
    let config = fake::config();
    let client = WeComClient::new(&fake, &config);
    let calls: Vec<_> = (1..=6).map(|id: u32| config.user_list(&id.to_string())).collect();
    for (index, outcome) in client.calls.texts(&calls, None).into_iter().enumerate() {
        assert_eq!(outcome.unwrap(), format!(r#"{{"id":"{}"}}"#, index + 1));
    }
    assert_eq!(
        (fake.count("gettoken"), client.calls.usage().calls["user/list"], client.calls.usage().retries),
        (2, 9, 3)
    );
}

#[test]
fn a_batch_whose_token_cannot_be_renewed_says_so() {
    let fake = FakePlatform::new();
    let granted = Cell::new(false);
    fake.serve(move |request| match path(request).as_str() {
        "/cgi-bin/gettoken" if !granted.replace(true) => ok(r#"{"access_token":"token-1","expires_in":7200}"#),
        "/cgi-bin/gettoken" => errcode(40001, "invalid credential"),
        "/cgi-bin/user/get" => errcode(40014, "invalid access_token"),
        _ => ok("{}"),
    });
    let list = fake::config().department_list(None);
    let outcomes = WeComClient::new(&fake, &fake::config()).calls.texts(&[get_member(), list], None);
    assert_eq!(outcomes[0].as_ref().unwrap_err().vendor_code, Some(40001));
    assert!(outcomes[1].is_ok());
}
