//! The JSON API of a host that serves: whose key opens what, every address, and what a failure says.

use std::{collections::BTreeSet, fs, io::Write as _, net::TcpStream, time::Duration};

use serde_json::{Value, json};
use wecom_simulator::{DEMO_AGENT_ID, PURCHASE_TEMPLATE, Receiver, corp::Callback};

use crate::{
    bed::Bed,
    web::{Answer, Serving, declare, serve, tenant, until},
};

mod described;

const SCOPES: [&str; 11] = [
    "messages",
    "approvals",
    "events",
    "roles",
    "pages",
    "directory",
    "changes",
    "sync",
    "administration",
    "audit",
    "vendor",
];

/// A key as an operator makes it, and the entry of the declaration.
pub fn new_key(bed: &Bed, name: &str, scopes: &[&str]) -> (String, Value) {
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
    let document = host.get("/openapi.json", &[]).json();
    for (method, path, described) in described::operations(&document) {
        let words = described["description"].as_str().unwrap();
        let scope = SCOPES.into_iter().find(|scope| words.contains(&format!("`{scope}`"))).unwrap();
        let key = if scope == "events" { &writer } else { &reader };
        let path = path.replace("{tenant}", "acme").replace("{number}", "1").replace("{id}", "1").replace("{run}", "1");
        let answer = ask(&host, key, (&method, &path), "{}");
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
        ("PUT", "members/lisi/roles", "", 400, "invalid-request", "roles"),
        ("PUT", "administrators", "{}", 400, "invalid-request", "ids"),
        ("PUT", "administrators", r#"{"ids": null}"#, 400, "invalid-request", "ids"),
        (
            "PUT",
            "role-rules",
            r#"{"rules": [{"role": "a", "scope": "all"}]}"#,
            400,
            "invalid-request",
            "rules[0].scope",
        ),
        ("POST", "retire-members", r#"["lisi"]"#, 400, "invalid-request", "object"),
        ("GET", "members?status=gone", "", 400, "invalid-request", "left-range"),
        ("GET", "members?below=perhaps", "", 400, "invalid-request", "below"),
        ("GET", "members?limit=5&limit=6", "", 400, "invalid-request", "twice"),
        ("POST", "runs", r#"{"strategy": "fast"}"#, 400, "invalid-request", "strategy"),
        ("POST", "runs/1/advance", r#"{"until": "dawn"}"#, 400, "invalid-request", "until"),
        ("POST", "runs/1/advance", "", 404, "not-found", ""),
        ("POST", "runs/1/approve", "{}", 400, "invalid-request", "members"),
        ("GET", "plan", "", 404, "not-found", ""),
        ("GET", "departments?parent=2&roots=true", "", 400, "invalid-request", "parent"),
        ("PUT", "members/lisi/roles", r#"{"roles": ["a"], "roles": []}"#, 400, "invalid-request", "twice"),
        (
            "PUT",
            "role-rules",
            r#"{"rules": [{"role": "a", "role": "b", "scope": "everybody"}]}"#,
            400,
            "invalid-request",
            "twice",
        ),
        ("POST", "messages", r#"{"to": {"members": [], "members": ["lisi"]}}"#, 400, "invalid-request", "twice"),
        ("POST", "members/lisi/refresh", r#"{"id": "wangwu"}"#, 400, "invalid-request", "id"),
        ("POST", "runs/1/abandon", "[]", 400, "invalid-request", "object"),
        ("POST", "runs/1/abandon", "now", 400, "invalid-request", "JSON"),
        ("POST", "runs/1/abandon", "{}", 404, "not-found", ""),
        ("GET", "changes?after=nowhere", "", 422, "invalid-argument", ""),
        ("GET", "members/nobody", "", 404, "not-found", ""),
        ("POST", "members/nobody/erase", "", 404, "not-found", ""),
        ("POST", "members/lisi/erase", "", 409, "conflict", ""),
        ("PUT", "members/lisi/signature", r#"{"address": "http://a.example"}"#, 422, "invalid-argument", "https"),
        ("POST", "approvals/1/notify", "", 404, "not-found", ""),
        ("POST", "approvals/1/notify", r#"{"link": "https://evil.example/"}"#, 422, "invalid-argument", ""),
        ("POST", "vendor-calls", r#"{"method": "GET", "path": "/cgi-bin/gettoken"}"#, 422, "invalid-argument", ""),
        ("POST", "vendor-calls", r#"{"method": "GET", "path": "https://evil.example"}"#, 422, "invalid-argument", ""),
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
