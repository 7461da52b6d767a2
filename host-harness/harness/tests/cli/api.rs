//! The JSON API of a host that serves: whose key opens what, every address, and what a failure says.

use std::{collections::BTreeSet, fs, io::Write as _, net::TcpStream, time::Duration};

use serde_json::{Value, json};
use wecom_simulator::{DEMO_AGENT_ID, PURCHASE_TEMPLATE, Receiver, corp::Callback};

use crate::{
    bed::Bed,
    web::{Answer, Serving, declare, serve, tenant, until},
};

const SCOPES: [&str; 5] = ["messages", "approvals", "events", "roles", "pages"];

/// A key as an operator makes it, and the entry of the declaration.
fn new_key(bed: &Bed, name: &str, scopes: &[&str]) -> (String, Value) {
    let mut arguments = vec!["--format", "json", "tenants", "api-key", name];
    arguments.extend(scopes.iter().flat_map(|scope| ["--scope", scope]));
    let made = bed.run_plain(&arguments).exits(0);
    (made["key"].as_str().unwrap().to_owned(), made["declare"].clone())
}

fn ask(host: &Serving, key: &str, (method, path): (&str, &str), body: &str) -> Answer {
    host.send(method, path, &[("authorization", &format!("Bearer {key}"))], body)
}

/// A host with this tenant, whose key is for everything.
fn host(bed: &Bed) -> (Serving, String) {
    let (key, entry) = new_key(bed, "crm", &SCOPES);
    let file = declare(bed, &[tenant(bed, "acme", &json!({"api_keys": [entry]}))]);
    (serve(bed, &["--tenants", file.to_str().unwrap()]), key)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_its_own_tenant_for_its_scopes_alone() {
    let bed = Bed::new().await;
    let (reader, entry) = new_key(&bed, "reader", &["events"]);
    let (writer, further) = new_key(&bed, "writer", &["messages", "roles"]);
    let (foreign, foreign_entry) = new_key(&bed, "foreign", &SCOPES);
    let digest = entry["sha256"].as_str().unwrap().to_owned();
    let file = declare(
        &bed,
        &[
            tenant(&bed, "acme", &json!({"api_keys": [entry, further]})),
            tenant(&bed, "globex", &json!({"api_keys": [foreign_entry]})),
            tenant(&bed, "keyless", &json!({})),
        ],
    );
    let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "--reload", "1s"]);
    let events = |tenant: &str| format!("/t/{tenant}/api/events");
    let bearer = |key: &str| format!("Bearer {key}");
    let refused = host.get(&events("nobody"), &[]);
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")), "{refused:#?}");
    for (name, tenant, authorization) in [
        ("no key", "acme", String::new()),
        ("a tenant that is not there", "nobody", bearer(&reader)),
        ("a tenant without keys", "keyless", bearer(&reader)),
        ("another tenant's key", "acme", bearer(&foreign)),
        ("the other way round", "globex", bearer(&reader)),
        ("what the declaration holds", "acme", bearer(&digest)),
        ("another scheme", "acme", format!("Basic {reader}")),
        ("no scheme", "acme", reader.clone()),
        ("a part of a key", "acme", bearer(&reader[..reader.len() - 1])),
    ] {
        let answer = host.get(&events(tenant), &[("authorization", &authorization)]);
        assert_eq!((answer.status, &answer.body), (401, &refused.body), "{name}");
    }
    assert_eq!(host.get(&events("acme"), &[("authorization", &format!("bearer {reader}"))]).status, 200);
    for (key, method, path, scope) in [
        (&reader, "POST", "messages", "messages"),
        (&reader, "POST", "messages/recall", "messages"),
        (&reader, "POST", "cards/update", "messages"),
        (&reader, "POST", "media?kind=file&file_name=a.txt", "messages"),
        (&reader, "GET", "members/lisi/roles", "roles"),
        (&reader, "PUT", "members/lisi/roles", "roles"),
        (&writer, "GET", "events", "events"),
        (&writer, "POST", "approvals", "approvals"),
        (&writer, "GET", "approvals?from=2026-01-01", "approvals"),
        (&writer, "GET", "approvals/1", "approvals"),
        (&writer, "GET", "templates/1", "approvals"),
        (&writer, "POST", "page-signatures", "pages"),
    ] {
        let answer = ask(&host, key, (method, &format!("/t/acme/api/{path}")), "{}");
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["reason"]), (403, &json!("not-in-scope")), "{method} {path}: {answer:#?}");
        assert!(error["message"].as_str().unwrap().contains(scope), "{method} {path}: {error}");
    }
    assert!(bed.control().inboxes().is_empty(), "nothing was sent");

    declare(&bed, &[tenant(&bed, "acme", &json!({"api_keys": [further]}))]);
    until("a key that is taken away is void", || ask(&host, &reader, ("GET", &events("acme")), "").status == 401);
    let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
    for key in [reader, writer, foreign] {
        assert!(!log.contains(&key), "a key was logged: {log}");
    }
}

/// Every key of an answer that its description does not have.
fn undescribed(schema: &Value, answer: &Value) -> Vec<String> {
    let described = schema["properties"].as_object();
    let keys = answer.as_object().into_iter().flat_map(|answer| answer.keys());
    keys.filter(|key| described.is_none_or(|described| !described.contains_key(*key))).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_answers_as_it_is_described() {
    let bed = Bed::new().await;
    bed.run(&["--tenant", "acme", "sync"]).exits(0);
    let (host, key) = host(&bed);
    // Cards with buttons need an address; nothing is to arrive at this one.
    let callback = Callback::new("http://127.0.0.1:1/", "Token", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    bed.control().set_callback(Receiver::App(DEMO_AGENT_ID), Some(callback)).unwrap();
    let document = host.get("/openapi.json", &[]).json();
    let mut left: BTreeSet<(String, String)> = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let methods: Vec<String> = methods.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
        let path_of_one = path.replace("{tenant}", "acme").replace("{number}", "1").replace("{id}", "1");
        for method in ["GET", "PUT", "POST", "DELETE", "PATCH"] {
            let expected = if methods.iter().any(|known| known == method) { 401 } else { 405 };
            assert_eq!(host.send(method, &path_of_one, &[], "").status, expected, "{method} {path_of_one}");
        }
        left.extend(methods.into_iter().map(|method| (method, path.clone())));
    }
    let mut ask = |method: &str, described: &str, path: &str, body: &Value| {
        let described = format!("/t/{{tenant}}/api/{described}");
        let body = match body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        let answer = ask(&host, &key, (method, &format!("/t/acme/api/{path}")), &body);
        assert_eq!(answer.status, 200, "{method} {path}: {answer:#?}");
        assert!(left.remove(&(method.to_owned(), described.clone())), "{method} {described} is not described");
        let described = &document["paths"][described][method.to_lowercase()];
        let schema = &described["responses"]["200"]["content"]["application/json"]["schema"];
        let answer = answer.json();
        assert_eq!(undescribed(schema, &answer), [""; 0], "{method} {path}: {answer}");
        answer
    };

    let card = json!({
        "to": {"members": ["lisi"]},
        "content": {"card": {
            "heading": {"title": "请假申请"},
            "body": {"button-interaction": {"buttons": [{"text": "同意", "action": {"key": "approve"}}]}},
        }},
    });
    let sent = ask("POST", "messages", "messages", &card);
    let received = bed.control().inbox("lisi").pop().unwrap();
    assert_eq!((&received.kind, &sent["message_id"]), (&"template_card".to_owned(), &json!(received.id)));
    let update = json!({
        "to": {"members": ["lisi"]}, "response_code": sent["response_code"], "change": {"done": "已同意"},
    });
    assert_eq!(ask("POST", "cards/update", "cards/update", &update)["updated"], true);
    let card = bed.control().inbox("lisi").pop().unwrap().card.unwrap();
    assert_eq!(card.replaced.as_deref(), Some("已同意"));
    ask("POST", "messages/recall", "messages/recall", &json!({"message_id": sent["message_id"]}));
    assert!(bed.control().inbox("lisi").pop().unwrap().recalled);
    let media = ask("POST", "media", "media?kind=file&file_name=%E8%AE%A2%E5%8D%95.txt", &json!("order 17"));
    assert!(media["media_id"].is_string(), "{media}");

    let template = ask("GET", "templates/{id}", &format!("templates/{PURCHASE_TEMPLATE}"), &Value::Null);
    assert!(template["controls"].as_array().is_some_and(|controls| !controls.is_empty()), "{template}");
    let request = json!({
        "template": PURCHASE_TEMPLATE, "applicant": "lisi",
        "process": {"nodes": [{"kind": "approve", "consent": "all", "members": ["ZhangSan"]}]},
        "fields": [{"id": "Money-1700000000001", "kind": "money", "titles": [], "value": {"plain": {"money": "700.50"}}}],
        "summary": [[{"language": "zh-CN", "text": "显示器"}]],
    });
    let number = ask("POST", "approvals", "approvals", &request)["number"].as_str().unwrap().to_owned();
    assert!(bed.control().approval(&number).is_some());
    let approval = ask("GET", "approvals/{number}", &format!("approvals/{number}"), &Value::Null);
    assert_eq!((&approval["applicant"], &approval["status"]), (&json!("lisi"), &json!("pending")));
    let day =
        |days: i64| (jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days)).to_string()[..10].to_owned();
    let found = ask("GET", "approvals", &format!("approvals?from={}&until={}", day(-2), day(2)), &Value::Null);
    assert_eq!(found["numbers"], json!([number]), "{found}");

    let page = ask("GET", "events", "events?limit=1", &Value::Null);
    assert_eq!(page, json!({"events": [], "cursor": null, "more": false}));
    let set = ask("PUT", "members/{id}/roles", "members/lisi/roles", &json!({"roles": ["buyer", "lead"]}));
    assert_eq!(set["roles"], json!(["buyer", "lead"]));
    assert_eq!(ask("GET", "members/{id}/roles", "members/LISI/roles", &Value::Null), set);
    let page = "https://app.example.com/orders?id=17";
    let request = json!({"url": page, "identity": "organisation", "functions": ["scanQRCode"]});
    let signed = ask("POST", "page-signatures", "page-signatures", &request);
    let (nonce, timestamp) = (signed["nonce"].as_str().unwrap(), signed["timestamp"].as_u64().unwrap());
    let expected = bed.control().js_signature(None, nonce, timestamp, page);
    assert_eq!(signed["signature"].as_str(), expected.as_deref());
    assert_eq!(left, BTreeSet::new(), "nobody asked these");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_fails_says_why() {
    let bed = Bed::new().await;
    bed.run(&["--tenant", "acme", "sync"]).exits(0);
    let (host, key) = host(&bed);
    let text = |text: &str| json!({"to": {"members": ["lisi"]}, "content": {"text": text}}).to_string();
    let asked = |(method, path): (&str, &str), body: &str| {
        let answer = ask(&host, &key, (method, &format!("/t/acme/api/{path}")), body);
        let error = answer.json()["error"].clone();
        let keys: BTreeSet<&str> = error.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = ["reason", "message", "hint", "vendor_code", "retry_after_ms"];
        assert!(expected.iter().all(|key| keys.contains(key)), "{method} {path}: {error}");
        (answer.status, error)
    };
    for (method, path, body, status, reason, words) in [
        ("POST", "messages", "{", 400, "invalid-request", "JSON"),
        ("POST", "messages", r#"{"too": []}"#, 400, "invalid-request", "too"),
        ("POST", "messages", r#"{"to": {"members": ["lisi"]}}"#, 400, "invalid-request", "content"),
        ("POST", "media?kind=file", "", 400, "invalid-request", "file_name"),
        ("GET", "approvals", "", 400, "invalid-request", "from"),
        ("GET", "approvals?from=yesterday", "", 400, "invalid-request", "yesterday"),
        ("GET", "events?limit=many", "", 400, "invalid-request", "limit"),
        ("GET", "events?before=1", "", 400, "invalid-request", "before"),
        ("PUT", "members/lisi/roles", r#"{"role": ["a"]}"#, 400, "invalid-request", "role"),
        ("PUT", "members/lisi/roles", r#"{"roles": [""]}"#, 422, "invalid-argument", "role"),
        ("POST", "messages", &text(&"长".repeat(700)), 422, "invalid-argument", "2048"),
        ("GET", "members/nobody/roles", "", 404, "not-found", "nobody"),
        ("PUT", "members/nobody/roles", r#"{"roles": ["a"]}"#, 404, "not-found", "nobody"),
    ] {
        let (found, error) = asked((method, path), body);
        assert_eq!((found, error["reason"].as_str()), (status, Some(reason)), "{method} {path} {body:.40}: {error}");
        assert!(error["message"].as_str().unwrap().contains(words), "{words} in {error}");
    }
    bed.control().reset_secret(DEMO_AGENT_ID).unwrap();
    bed.control().revoke_tokens();
    let (status, error) = asked(("POST", "messages"), &text("迟到"));
    assert_eq!((status, &error["vendor_code"]), (502, &json!(40001)), "the configuration is at fault: {error}");
    assert!(bed.control().inboxes().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_names_its_key_in_the_trail() {
    let bed = Bed::new().await;
    bed.run(&["--tenant", "acme", "sync"]).exits(0);
    let (host, key) = host(&bed);
    let roles = ("PUT", "/t/acme/api/members/lisi/roles");
    assert_eq!(ask(&host, &key, roles, r#"{"roles": ["buyer"]}"#).status, 200);
    assert_eq!(ask(&host, &key, roles, r#"{"roles": []}"#).status, 200);
    let trail = bed.run(&["--tenant", "acme", "audit"]).exits(0);
    let decisions: Vec<(&str, &str)> = trail
        .as_array()
        .unwrap()
        .iter()
        .map(|decision| (decision["actor"].as_str().unwrap(), decision["subject"].as_str().unwrap()))
        .collect();
    assert_eq!(decisions, [("api-key crm", "lisi"), ("api-key crm", "lisi")], "{trail}");
    assert!(
        trail[0]["after"].to_string().contains("buyer") && trail[1]["before"].to_string().contains("buyer"),
        "{trail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_of_one_tenant_keep_nobody_from_another() {
    let bed = Bed::new().await;
    let (key, entry) = new_key(&bed, "crm", &["messages", "events"]);
    let keys = json!({"api_keys": [entry]});
    let file = declare(&bed, &[tenant(&bed, "acme", &keys), tenant(&bed, "globex", &keys)]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    bed.control().configure(|behaviour| behaviour.latency = Duration::from_secs(60));
    let body = json!({"to": {"members": ["lisi"]}, "content": {"text": "慢"}}).to_string();
    let events = |tenant: &str| ask(&host, &key, ("GET", &format!("/t/{tenant}/api/events")), "");
    let mut many: Vec<TcpStream> = Vec::new();
    until("all are under way and the next is refused", || {
        many = (0..64)
            .map(|_| {
                let mut stream = TcpStream::connect(&host.address).unwrap();
                let head = format!("authorization: Bearer {key}\r\ncontent-length: {}", body.len());
                write!(stream, "POST /t/acme/api/messages HTTP/1.1\r\nhost: x\r\n{head}\r\n\r\n{body}").unwrap();
                stream
            })
            .collect();
        let answer = events("acme");
        answer.status == 503 && answer.json()["error"]["reason"] == "busy"
    });
    assert_eq!(events("globex").status, 200);
    drop(many);
    until("who goes away makes room", || events("acme").status == 200);
}
