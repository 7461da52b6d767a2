//! `vendor.call`: any call of WeCom's API but those that answer power, with a token that the caller never sees.

use organisation_host::contract::{
    messaging::MediaKind,
    types::{Body, Error, Reason},
    vendor::{ApiRequest, ApiResponse, Parameter, Payload},
};
use serde_json::{Value, json};
use system_tests::Stage;
use wecom_simulator::{DEMO_AGENT_ID, Effect, Fault, When};

fn get(path: &str, query: &[(&str, &str)]) -> ApiRequest {
    let query = query.iter().map(|&(name, value)| Parameter { name: name.to_owned(), value: value.to_owned() });
    ApiRequest {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: query.collect(),
        payload: None,
        idempotency_key: None,
    }
}

fn post(path: &str, body: &Value) -> ApiRequest {
    ApiRequest { method: "POST".to_owned(), payload: Some(Payload::Json(body.to_string())), ..get(path, &[]) }
}

async fn call(stage: &Stage, request: &ApiRequest) -> Result<ApiResponse, Error> {
    let answer = stage.heard(stage.element.call_vendor(request)).await;
    stage.note(&answer);
    answer
}

#[track_caller]
fn document(response: &ApiResponse) -> Value {
    match &response.body {
        Body::Text(text) => serde_json::from_str(text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A medium as WeCom hands it out: its headers, as they show themselves, and its bytes.
pub(crate) async fn media(stage: &Stage, id: &str) -> (String, Vec<u8>) {
    let response = call(stage, &get("/cgi-bin/media/get", &[("media_id", id)])).await.unwrap();
    let content = match response.body {
        Body::Text(text) => text.into_bytes(),
        Body::Bytes(bytes) => bytes,
        Body::Base64(text) => base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).unwrap(),
    };
    let lines = response.headers.iter().map(|header| format!("{}: {}\n", header.name, header.value));
    (lines.collect(), content)
}

#[tokio::test]
async fn what_wecom_answers_comes_back_and_the_token_does_not() {
    let stage = Stage::demo().await;
    let agent = DEMO_AGENT_ID.to_string();
    let response = call(&stage, &get("/cgi-bin/agent/get", &[("agentid", &agent)])).await.unwrap();
    let found = document(&response);
    assert_eq!((response.status, &found["name"], &found["errcode"]), (200, &json!("低代码应用"), &json!(0)));
    let sent = post(
        "/cgi-bin/message/send",
        &json!({ "touser": "lisi", "msgtype": "text", "agentid": DEMO_AGENT_ID, "text": { "content": "你好" } }),
    );
    call(&stage, &sent).await.unwrap();
    assert_eq!(stage.control.inbox("lisi")[0].content["content"], "你好");
    // A value is written as it is meant, and cannot become another parameter.
    let error = call(&stage, &get("/cgi-bin/user/get", &[("userid", "lisi&userid=wangwu#?")])).await.unwrap_err();
    assert_eq!(error.vendor_code, Some(60111), "{error:?}");
    let error = call(&stage, &get("/cgi-bin/user/get", &[("userid", "zhangliu")])).await.unwrap_err();
    assert_eq!(error.vendor_code, Some(60111));
    stage.assert_discreet(&[]);
}

#[tokio::test]
async fn calls_that_answer_power_are_made_by_nobody() {
    let stage = Stage::demo().await;
    for (path, query, named) in [
        ("/cgi-bin/gettoken", None, "path"),
        ("/cgi-bin/GetToken", None, "path"),
        ("/cgi-bin/get_jsapi_ticket", None, "path"),
        ("/cgi-bin/ticket/get", Some(("type", "agent_config")), "path"),
        ("/cgi-bin/auth/getuserinfo", Some(("code", "c0de")), "path"),
        ("/cgi-bin/user/getuserinfo", Some(("code", "c0de")), "path"),
        ("/cgi-bin/miniprogram/jscode2session", None, "path"),
        ("/cgi-bin/service/get_corp_token", None, "path"),
        ("/cgi-bin//gettoken", None, "path"),
        ("/cgi-bin/agent/../gettoken", None, "path"),
        ("/cgi-bin/%67ettoken", None, "path"),
        ("/cgi-bin/agent/get?access_token=x", None, "path"),
        ("https://example.com/cgi-bin/agent/get", None, "path"),
        ("//example.com/cgi-bin/agent/get", None, "path"),
        ("/elsewhere/agent/get", None, "path"),
        ("/cgi-bin/agent/get", Some(("access_token", "stolen")), "query"),
        ("/cgi-bin/agent/get", Some(("corpsecret", "stolen")), "query"),
    ] {
        let error = call(&stage, &get(path, query.as_slice())).await.unwrap_err();
        let Reason::InvalidArgument(problem) = &error.reason else { panic!("{path}: {error:?}") };
        assert_eq!(problem.path, named, "{path}");
    }
    let odd = ApiRequest { method: "DELETE".to_owned(), ..get("/cgi-bin/agent/get", &[]) };
    assert!(matches!(call(&stage, &odd).await.unwrap_err().reason, Reason::InvalidArgument(_)));
    assert_eq!(stage.vendor_calls(), 0);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let stage = Stage::demo().await;
    stage.control.configure(|behaviour| behaviour.switches.same_token = false);
    let agent = DEMO_AGENT_ID.to_string();
    let request = get("/cgi-bin/agent/get", &[("agentid", &agent)]);
    call(&stage, &request).await.unwrap();
    stage.control.revoke_tokens();
    call(&stage, &request).await.unwrap();
    assert_eq!((stage.control.count("gettoken").calls, stage.control.count("agent/get").calls), (2, 3));
    stage.control.inject(Fault::of("agent/get", When::Always, Effect::Code(42001)));
    let error = call(&stage, &request).await.unwrap_err();
    assert_eq!(error.vendor_code, Some(42001));
    assert_eq!(stage.control.count("agent/get").calls, 5, "nobody is asked a third time");
    assert_eq!(stage.switchboard().overheard().len(), 3);
    stage.assert_discreet(&[]);
}

#[tokio::test]
async fn bytes_come_back_as_they_were() {
    let stage = Stage::demo().await;
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let media = crate::messages::upload(&stage, MediaKind::File, "a.bin", Body::Bytes(bytes.clone())).await;
    let id = media.media_id.unwrap();
    let (headers, content) = self::media(&stage, &id).await;
    assert!(content == bytes, "{} bytes\n{headers}", content.len());
    // What WeCom says in JSON instead is its refusal.
    let error = call(&stage, &get("/cgi-bin/media/get", &[("media_id", "made-up")])).await.unwrap_err();
    assert_eq!(error.vendor_code, Some(40007));
    stage.assert_discreet(&[]);
}

#[tokio::test]
async fn under_a_key_a_call_is_made_once() {
    let stage = Stage::demo().await;
    let hello = |text: &str| {
        let body =
            json!({ "touser": "lisi", "msgtype": "text", "agentid": DEMO_AGENT_ID, "text": { "content": text } });
        ApiRequest { idempotency_key: Some("hello".to_owned()), ..post("/cgi-bin/message/send", &body) }
    };
    // Refused calls may be repeated; what may have been done is not done again.
    stage.control.inject(Fault::of("message/send", When::Nth(1), Effect::Code(45009)));
    let error = call(&stage, &hello("a")).await.unwrap_err();
    assert_eq!((error.reason, error.vendor_code), (Reason::RateLimited, Some(45009)));
    let first = call(&stage, &hello("a")).await.unwrap();
    assert_eq!(document(&call(&stage, &hello("a")).await.unwrap()), document(&first));
    let Reason::InvalidArgument(problem) = call(&stage, &hello("b")).await.unwrap_err().reason else { panic!() };
    assert_eq!((&*problem.path, stage.control.inbox("lisi").len()), ("idempotency-key", 1));

    stage.control.clear_faults();
    stage.control.inject(Fault::of("message/send", When::Nth(1), Effect::Disconnect { processed: true }));
    let lost = ApiRequest { idempotency_key: Some("lost".to_owned()), ..hello("c") };
    call(&stage, &lost).await.unwrap_err();
    assert_eq!(call(&stage, &lost).await.unwrap_err().reason, Reason::Conflict);
    assert_eq!(stage.control.inbox("lisi").len(), 2);
}
