//! Which calls are made, how they look, and what becomes of their answers.

use organisation_kit::{
    capability::VendorCall,
    contract::{
        http::{self, HttpError, Response},
        types::{Body, Header, Reason},
        vendor::{ApiRequest, ApiResponse, FormPart, Parameter, Payload, RawPayload},
    },
    failure::Failure,
};

use crate::{
    api::client::WeComClient,
    fake::{self, FakePlatform, errcode, lost, ok, path, query, status, unreached},
    wecom::WeCom,
};

type Answer = Result<Response, HttpError>;

fn get(path: &str) -> ApiRequest {
    ApiRequest { method: "GET".into(), path: path.into(), query: vec![], payload: None, idempotency_key: None }
}

fn post(path: &str, payload: Payload) -> ApiRequest {
    ApiRequest { method: "POST".into(), payload: Some(payload), ..get(path) }
}

fn with(name: &str, value: &str) -> ApiRequest {
    ApiRequest { query: vec![Parameter { name: name.into(), value: value.into() }], ..get("/cgi-bin/agent/get") }
}

/// WeCom, which grants a token and answers everything else as told.
fn answering(answer: impl Fn(&http::Request) -> Answer + 'static) -> FakePlatform {
    let fake = FakePlatform::new();
    fake.serve(move |request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(r#"{"access_token":"t0ken-1","expires_in":7200}"#),
        _ => answer(request),
    });
    fake
}

/// Makes a call as the shell does. Nothing secret shows.
fn call(fake: &FakePlatform, request: &ApiRequest) -> Result<ApiResponse, Failure> {
    let config = fake::config();
    let outcome = WeCom::call(&WeComClient::new(fake, &config), request);
    let shown = format!("{outcome:?} {:?}", fake.logs.borrow());
    assert!(!shown.contains("t0ken-1") && !shown.contains(fake::SECRET), "{shown}");
    if let Err(failure) = &outcome {
        assert!(!failure.message.zh.is_ascii() && failure.message.en.is_ascii(), "{failure:?}");
    }
    outcome
}

fn refuses(request: &ApiRequest, path: &str) {
    let fake = answering(|_| ok("{}"));
    let failure = call(&fake, request).unwrap_err();
    let Reason::InvalidArgument(problem) = failure.reason.clone() else { panic!("{failure:?}") };
    assert_eq!(problem.path, path, "{request:?}");
    assert_eq!(fake.requests.borrow().len(), 0, "{request:?}");
}

#[test]
fn only_a_plain_path_of_the_api_is_called() {
    for odd in [
        "",
        "/",
        "/cgi-bin",
        "/cgi-bin/",
        "cgi-bin/agent/get",
        "agent/get",
        "/cgi-bin/../secret",
        "/cgi-bin/agent/../gettoken",
        "/cgi-bin/./gettoken",
        "/cgi-bin//gettoken",
        "//cgi-bin/agent/get",
        "/cgi-bin/gettoken/",
        "/cgi-bin/agent/get?access_token=x",
        "/cgi-bin/agent/get#x",
        "/cgi-bin/%67ettoken",
        "/cgi-bin/agent%2Fget",
        "/cgi-bin/agent\\get",
        "/cgi-bin/agent/get\n",
        "/cgi-bin/agent /get",
        "/cgi-bin/agent;x/get",
        "/CGI-BIN/agent/get",
        "/wwopen/x",
        "https://evil.example/cgi-bin/agent/get",
        "//evil.example/cgi-bin/agent/get",
        "/cgi-bin/@evil.example",
        "/cgi-bin/\u{ff47}ettoken",
        &format!("/cgi-bin/{}", "a".repeat(200)),
        "/cgi-bin/gettoken",
        "/cgi-bin/GETTOKEN",
        "/cgi-bin/Get_JSAPI_Ticket",
        "/cgi-bin/ticket/get",
        "/cgi-bin/service/get_provider_token",
    ] {
        refuses(&get(odd), "path");
    }
    for name in ["access_token", "ACCESS_TOKEN", "corpsecret", "suite_access_token", "corpid", ""] {
        refuses(&with(name, "x"), "query");
    }
    refuses(&with("a", &"值".repeat(700)), "query");
    for method in ["", "get", "PUT", "DELETE", "GET\r\n", "CONNECT"] {
        refuses(&ApiRequest { method: method.into(), ..get("/cgi-bin/agent/get") }, "method");
    }
}

#[test]
fn a_payload_is_judged_before_anything_is_sent() {
    let part = |name: &str, file_name: Option<&str>, media_type: Option<&str>, content: Body| {
        let [file_name, media_type] = [file_name, media_type].map(|text| text.map(str::to_owned));
        post(
            "/cgi-bin/media/upload",
            Payload::Form(vec![FormPart { name: name.into(), file_name, media_type, content }]),
        )
    };
    let text = || Body::Text("x".into());
    let raw = |media_type: &str, content: Body| {
        post("/cgi-bin/menu/create", Payload::Raw(RawPayload { media_type: media_type.into(), content }))
    };
    let json = |json: &str| post("/cgi-bin/menu/create", Payload::Json(json.into()));
    for (request, path) in [
        (json("{"), "payload.json"),
        (json(""), "payload.json"),
        (json("{} {}"), "payload.json"),
        (raw("", text()), "payload.raw.media-type"),
        (raw("a/b\r\nx: y", text()), "payload.raw.media-type"),
        (raw("a/b", Body::Base64("?".into())), "payload.raw.content"),
        (post("/cgi-bin/menu/create", Payload::Form(vec![])), "payload.form"),
        (part("", None, None, text()), "payload.form.name"),
        (part("a\"\r\n", None, None, text()), "payload.form.name"),
        (part("a", Some("b\r\nContent-Type: c"), None, text()), "payload.form.file-name"),
        (part("a", Some("b\""), None, text()), "payload.form.file-name"),
        (part("a", None, Some("c"), text()), "payload.form.media-type"),
        (part("a", None, None, Body::Base64("?".into())), "payload.form.content"),
        (ApiRequest { method: "GET".into(), ..json("{}") }, "payload"),
    ] {
        refuses(&request, path);
    }
    let other = post("/cgi-bin/menu/create", Payload::Other("protobuf".into()));
    assert_eq!(call(&answering(|_| ok("{}")), &other).unwrap_err().reason, Reason::Unsupported);
}

#[test]
fn a_call_is_sent_with_the_token_and_its_answer_given_back() {
    let fake = answering(|_| {
        let headers = [("content-type", "application/json"), ("set-cookie", "a=b")];
        let headers = headers.map(|(name, value)| Header { name: name.into(), value: value.into() });
        Ok(Response { headers: headers.to_vec(), ..ok(r#"{"errcode":0,"errmsg":"ok","x":1}"#)? })
    });
    let response = call(&fake, &with("name", "张 三&=%2F")).unwrap();
    assert_eq!((response.status, response.body), (200, Body::Text(r#"{"errcode":0,"errmsg":"ok","x":1}"#.into())));
    assert_eq!(response.headers.iter().map(|header| &*header.name).collect::<Vec<_>>(), ["content-type"]);
    let sent = fake.requests.borrow().last().unwrap().clone();
    assert_eq!(
        sent.url,
        "https://qyapi.weixin.qq.com/cgi-bin/agent/get?access_token=t0ken-1&name=%E5%BC%A0+%E4%B8%89%26%3D%252F"
    );
    assert_eq!((sent.body, sent.headers), (None, vec![]));

    call(&fake, &post("/cgi-bin/menu/create", Payload::Json(r#"{"名":"值"}"#.into()))).unwrap();
    let sent = fake.requests.borrow().last().unwrap().clone();
    assert_eq!(sent.body, Some(Body::Text(r#"{"名":"值"}"#.into())), "raw UTF-8, as it was written");
    assert_eq!(sent.headers[0].value, "application/json; charset=utf-8");

    let part = FormPart {
        name: "media".into(),
        file_name: Some("报价.png".into()),
        media_type: Some("image/png".into()),
        content: Body::Base64("/wAB".into()),
    };
    call(&fake, &post("/cgi-bin/media/upload", Payload::Form(vec![part]))).unwrap();
    let sent = fake.requests.borrow().last().unwrap().clone();
    let Some(Body::Bytes(body)) = sent.body else { panic!("{sent:?}") };
    let boundary = sent.headers[0].value.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(body.starts_with(format!("--{boundary}\r\n").as_bytes()));
    assert!(body.windows(5).any(|window| window == b"\xff\x00\x01\r\n"));
    assert!(
        body.windows(10)
            .any(|window| window == "报价.".as_bytes()[..].iter().copied().chain(*b"png").collect::<Vec<_>>())
    );
}

#[test]
fn a_refusal_is_an_error_with_its_number_and_the_path() {
    let fake = answering(|_| errcode(60011, "no privilege, token t0ken-1"));
    let failure = call(&fake, &with("agentid", "hidden-value")).unwrap_err();
    assert_eq!((failure.reason.clone(), failure.vendor_code), (Reason::NotPermitted, Some(60011)));
    assert!(failure.message.en.starts_with("vendor.call /cgi-bin/agent/get was refused with 60011"), "{failure:?}");
    assert!(!format!("{failure:?}").contains("hidden-value"));
    for (answer, reason) in [
        (ok(r#"{"errcode":0,"errmsg":"ok. Warning: wrong json format. "}"#), Reason::UnexpectedAnswer),
        (ok(r#"{"errcode":0"#), Reason::UnexpectedAnswer),
        (status(404, ""), Reason::UnexpectedAnswer),
        (status(503, ""), Reason::Unavailable),
        (Err(unreached(http::Failure::Connect)), Reason::Unavailable),
    ] {
        let fake = answering(move |_| answer.clone());
        assert_eq!(call(&fake, &get("/cgi-bin/agent/get")).unwrap_err().reason, reason);
        assert_eq!(fake.count("agent/get"), 1, "nothing is repeated by itself");
    }
}

#[test]
fn an_expired_token_is_renewed_once() {
    let fake = FakePlatform::new();
    fake.serve_with(|fake, request| match path(request).as_str() {
        "/cgi-bin/gettoken" => ok(format!(r#"{{"access_token":"new-{}","expires_in":7200}}"#, fake.count("gettoken"))),
        _ if query(request, "access_token").as_deref() == Some("new-1") => errcode(42001, "access_token expired"),
        _ => ok("{}"),
    });
    assert_eq!(call(&fake, &post("/cgi-bin/menu/create", Payload::Json("{}".into()))).unwrap().status, 200);
    let sent: Vec<_> = fake.requests.borrow().iter().filter_map(|request| query(request, "access_token")).collect();
    assert_eq!(sent, ["new-1", "new-2"]);
}

#[test]
fn what_is_no_json_comes_back_as_it_is() {
    let file = Ok(Response { status: 200, headers: vec![], body: Body::Bytes(vec![0xff, 0xd8]) });
    let fake = answering(move |_| file.clone());
    assert_eq!(call(&fake, &get("/cgi-bin/media/get")).unwrap().body, Body::Bytes(vec![0xff, 0xd8]));
    let fake = answering(|_| {
        let header = Header { name: "content-disposition".into(), value: "attachment; filename=\"a.json\"".into() };
        Ok(Response { headers: vec![header], ..status(206, r#"{"errcode":40007}"#)? })
    });
    let response = call(&fake, &get("/cgi-bin/media/get")).unwrap();
    assert_eq!(
        (response.status, response.body),
        (206, Body::Text(r#"{"errcode":40007}"#.into())),
        "a member's own file"
    );
}

#[test]
fn a_key_makes_a_call_once() {
    let keyed = |key: &str, json: &str| ApiRequest {
        idempotency_key: Some(key.into()),
        ..post("/cgi-bin/tag/create", Payload::Json(json.into()))
    };
    let fake = answering(|_| ok(r#"{"errcode":0,"errmsg":"created","tagid":7}"#));
    let first = call(&fake, &keyed("k", "{}")).unwrap();
    assert_eq!((call(&fake, &keyed("k", "{}")).unwrap(), fake.count("tag/create")), (first, 1));
    let failure = call(&fake, &keyed("k", "[]")).unwrap_err();
    assert!(matches!(failure.reason, Reason::InvalidArgument(_)), "{failure:?}");

    for (answer, is_kept) in [
        (Err(lost(http::Failure::Timeout)), true),
        (errcode(-1, "system busy"), true),
        (Err(unreached(http::Failure::Dns)), false),
        (errcode(40071, "tag exists"), false),
    ] {
        let fake = answering(move |_| answer.clone());
        let first = call(&fake, &keyed("k", "{}")).unwrap_err();
        let second = call(&fake, &keyed("k", "{}")).unwrap_err();
        assert_eq!(second.reason == Reason::Conflict, is_kept, "{first:?} {second:?}");
        assert_eq!(fake.count("tag/create"), if is_kept { 1 } else { 2 });
    }
}

#[test]
fn an_answer_that_is_too_large_to_be_kept_is_given_once() {
    let file = Body::Bytes(vec![0xff; 2 << 20]);
    let answer = Ok(Response { status: 200, headers: vec![], body: file.clone() });
    let fake = answering(move |_| answer.clone());
    let request = ApiRequest { idempotency_key: Some("k".into()), ..get("/cgi-bin/media/get") };
    assert_eq!(call(&fake, &request).unwrap().body, file);
    let again = call(&fake, &request).unwrap_err();
    assert_eq!(fake.count("media/get"), 1, "{again:?}");
}
