//! One token for many calls, renewed once, and every request is counted.

use std::{cell::Cell, rc::Rc};

use serde_json::{Value, json};

use super::*;
use crate::contract::{http::Failure as Http, types::Reason};
use crate::fake::{FakePlatform, lost, ok, path, status};

struct Acme;

impl Api for Acme {
    type Token = OAuthToken;
    const DESTINATION: Destination = Destination { vendor: ("某厂", "Acme"), address: "base" };

    fn credential(&self) -> Vec<&str> {
        vec!["acme", "secret"]
    }

    fn token_call(&self) -> Call {
        Call::post("token", "https://acme.example/token".to_owned(), &json!({ "secret": "s" }))
    }

    fn judge(&self, _: &Call, text: String, _: &[String]) -> Result<String, Failure> {
        if text == " {\"no\"" { Err(Failure::new(Reason::NotPermitted, ("否", "no"))) } else { Ok(text) }
    }

    fn refusal(&self, mut failure: Failure, body: &str) -> Failure {
        match body {
            "token" => failure.with_cause(Cause::TokenRefused),
            "secret" => {
                failure.reason = Reason::CredentialsRefused;
                failure
            }
            _ => failure,
        }
    }
}

/// A vendor that gives `t1`, `t2` … and answers other calls with what `answer` makes of path and token.
fn vendor(answer: impl Fn(&str, &str) -> Result<Response, HttpError> + 'static) -> FakePlatform {
    let fake = FakePlatform::new();
    let given = Rc::new(Cell::new(0));
    fake.serve(move |request| match path(request).as_str() {
        "/token" => {
            given.set(given.get() + 1);
            ok(json!({ "access_token": format!("t{}", given.get()), "expires_in": 3_600 }).to_string())
        }
        path => answer(path, request.headers.last().unwrap().value.trim_start_matches("Bearer ")),
    });
    fake
}

fn get(path: &str) -> Call {
    Call::get("get", format!("https://acme.example{path}"))
}

#[test]
fn calls_side_by_side_share_one_token_and_stay_in_order() {
    let fake = vendor(|path, token| ok(json!([path, token]).to_string()));
    let calls = Calls::new(&fake, &Acme);
    let answers: Vec<Result<Value, Failure>> = calls.all(&[get("/a"), get("/b")], None);
    let answers: Vec<Value> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [json!(["/a", "t1"]), json!(["/b", "t1"])]);
    assert_eq!(calls.one::<Value>(&get("/c")).unwrap(), json!(["/c", "t1"]));
    assert_eq!(fake.paths(), ["/token", "/a", "/b", "/c"]);
    let usage = calls.usage();
    assert_eq!((usage.calls["get"], usage.calls["token"], usage.retries), (3, 1, 0));
    assert_eq!(calls.all::<Value>(&[], None).len(), 0, "nothing to ask needs no token");
}

#[test]
fn a_refused_token_is_renewed_once_for_those_that_met_it() {
    let fake = vendor(|path, token| if path == "/b" && token == "t1" { status(401, "token") } else { ok("1") });
    let calls = Calls::new(&fake, &Acme);
    let answers = calls.all::<u8>(&[get("/a"), get("/b"), get("/c")], None);
    assert!(answers.iter().all(|answer| *answer == Ok(1)), "{answers:?}");
    assert_eq!(fake.paths(), ["/token", "/a", "/b", "/c", "/token", "/b"]);
    assert_eq!(calls.usage().retries, 1);

    let fake = vendor(|_, _| status(401, "token"));
    let calls = Calls::new(&fake, &Acme);
    let failure = calls.one::<u8>(&get("/a")).unwrap_err();
    assert_eq!(failure.cause, Cause::TokenRefused);
    assert_eq!(fake.paths(), ["/token", "/a", "/token", "/a"], "nobody is asked a third time");
}

#[test]
fn a_refused_credential_is_told_to_every_call_and_not_presented_again() {
    let fake = FakePlatform::new();
    fake.serve(|_| status(401, "secret"));
    let calls = Calls::new(&fake, &Acme);
    for answer in calls.all::<u8>(&[get("/a"), get("/b")], None) {
        assert_eq!(answer.unwrap_err().reason, Reason::CredentialsRefused);
    }
    calls.one::<u8>(&get("/a")).unwrap_err();
    assert_eq!(fake.paths(), ["/token"]);
    calls.ask_for_token().unwrap_err();
    assert_eq!(fake.paths(), ["/token", "/token"], "a person who checks may ask");
}

#[test]
fn an_answer_that_is_too_large_or_cannot_be_read_fails_alone() {
    let fake = vendor(|path, _| match path {
        "/large" => ok(format!("\"{}\"", "x".repeat(100))),
        "/odd" => ok("{}"),
        _ => ok("\"x\""),
    });
    let calls = Calls::new(&fake, &Acme);
    let answers = calls.all::<String>(&[get("/large"), get("/odd"), get("/a")], Some(50));
    let failures: Vec<_> = answers.iter().map(|answer| answer.as_ref().err().map(|failure| failure.cause)).collect();
    assert_eq!(failures, [Some(Cause::AnswerTooLarge), Some(Cause::Passing), None]);
    assert_eq!(answers[1].as_ref().unwrap_err().reason, Reason::UnexpectedAnswer);
}

#[test]
fn one_question_is_asked_again_where_that_may_help() {
    for (name, answer, asked) in [
        ("sound", ok("1"), 1),
        ("another shape", ok("\"x\""), 4),
        ("busy", status(503, ""), 4),
        ("no such address", status(404, ""), 1),
        ("refused", status(403, ""), 1),
    ] {
        let fake = vendor(move |_, _| answer.clone());
        let calls = Calls::new(&fake, &Acme);
        let call = get("/a");
        let found = calls.with_retries(&call, |text| calls.read::<u8>(&call, text));
        assert_eq!(found.is_ok(), name == "sound", "{name}");
        assert_eq!((calls.usage().calls["get"], calls.usage().retries), (asked, asked - 1), "{name}");
    }
}

#[test]
fn a_login_code_is_sent_again_only_where_nobody_looked_at_it() {
    fn new(_: &Acme, code: &str) -> Call {
        get(&format!("/new?code={code}"))
    }
    fn old(_: &Acme, code: &str) -> Call {
        get(&format!("/old?code={code}"))
    }
    for (name, at_new, paths) in [
        ("sound", ok("1"), &["/token", "/new"][..]),
        ("busy", status(503, ""), &["/token", "/new"]),
        ("lost", Err(HttpError { message: "C0DE".to_owned(), ..lost(Http::Timeout) }), &["/token", "/new"]),
        ("refused", status(403, ""), &["/token", "/new"]),
        ("a bad token", status(401, "token"), &["/token", "/new", "/token", "/new"]),
        ("no such address", status(404, ""), &["/token", "/new", "/old"]),
    ] {
        let fake = vendor(move |path, _| if path == "/new" { at_new.clone() } else { ok("2") });
        let answer = Calls::new(&fake, &Acme).present(LoginCode::new("C0DE"), &[new, old]);
        assert_eq!(fake.paths(), paths, "{name}");
        assert!(!format!("{answer:?}").contains("C0DE"), "{name}: {answer:?}");
        assert_eq!(
            answer.ok().map(|(_, text)| text).as_deref(),
            match name {
                "sound" => Some("1"),
                "no such address" => Some("2"),
                _ => None,
            }
        );
    }
    let fake = vendor(|_, _| status(503, ""));
    Calls::new(&fake, &Acme)
        .present_bare::<u8>(LoginCode::new("C0DE"), |_, code| {
            let mut call = get(&format!("/bare?code={code}"));
            add_bearer(&mut call.request, "none");
            call
        })
        .unwrap_err();
    assert_eq!(fake.paths(), ["/bare"], "no token of the app, and once");
}

#[test]
fn what_a_call_hides_is_told_by_nobody() {
    let call = get("/a?code=C0DE").about("?id=7".to_owned()).hiding("C0DE").hiding("");
    assert_eq!(format!("{call} {call:?}"), "get?id=7 Call(get?id=7)");
    let fake = vendor(|_, _| Err(HttpError { message: "no way to C0DE with t1".to_owned(), ..lost(Http::Connect) }));
    let failure = Calls::new(&fake, &Acme).text(&call).unwrap_err();
    assert_eq!(failure.message.en, "get?id=7: no connection to the server: no way to *** with ***");
}

#[test]
fn a_whole_answer_is_given_with_a_token_that_is_renewed_once() {
    let file = |name: &str, body: Body| {
        let header = Header { name: name.to_owned(), value: "attachment".to_owned() };
        Ok(Response { status: 206, headers: vec![header], body })
    };
    let fake = vendor(move |path, token| match (path, token) {
        ("/renewed", "t1") => status(401, "token"),
        ("/bytes", _) => file("x", Body::Bytes(vec![0xff])),
        ("/text", _) => file("x", Body::Bytes(b"text".to_vec())),
        ("/base64", _) => file("x", Body::Base64("/w==".to_owned())),
        ("/refusing-file", _) => file("Content-Disposition", Body::Text("{\"no\"".to_owned())),
        ("/refusing", _) => file("x", Body::Text(" {\"no\"".to_owned())),
        ("/refused", _) => status(401, "token"),
        ("/elsewhere", _) => status(302, ""),
        _ => ok("x"),
    });
    let calls = Calls::new(&fake, &Acme);
    let mut renewed = get("/renewed");
    renewed.request.headers.push(Header { name: "accept".to_owned(), value: "a".to_owned() });
    assert_eq!(calls.response(renewed).unwrap().body, Body::Text("x".to_owned()));
    assert_eq!(fake.paths(), ["/token", "/renewed", "/token", "/renewed"]);
    let headers = fake.requests.borrow().last().unwrap().headers.clone();
    assert_eq!(headers.iter().map(|header| &*header.value).collect::<Vec<_>>(), ["a", "Bearer t2"]);
    for (path, expected) in [
        ("/bytes", Body::Bytes(vec![0xff])),
        ("/text", Body::Text("text".to_owned())),
        ("/base64", Body::Bytes(vec![0xff])),
        ("/refusing-file", Body::Text("{\"no\"".to_owned())),
    ] {
        let response = calls.response(get(path)).unwrap();
        assert_eq!((response.status, response.body), (206, expected), "{path}");
    }
    let cause = |path: &str| calls.response(get(path)).unwrap_err().cause;
    assert_eq!((cause("/refused"), cause("/elsewhere")), (Cause::TokenRefused, Cause::Other));
    let refused = calls.response(get("/refusing")).unwrap_err();
    assert_eq!(refused.reason, Reason::NotPermitted);
    assert_eq!((calls.usage().calls["get"], calls.usage().calls["token"]), (10, 3));
}

#[test]
fn a_call_without_a_token_was_not_made() {
    let fake = FakePlatform::new();
    fake.serve(|_| Err(lost(Http::Timeout)));
    let failure = Calls::new(&fake, &Acme).text(&get("/a")).unwrap_err();
    assert_eq!((failure.cause, failure.may_be_done), (Cause::NoToken, false));
    let fake = vendor(|_, _| Err(lost(Http::Timeout)));
    assert!(Calls::new(&fake, &Acme).text(&get("/a")).unwrap_err().may_be_done);
}
