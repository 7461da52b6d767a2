//! The console and the control endpoints.

use std::io::{Read as _, Write as _};

use serde_json::{Value, json};
use wecom_simulator::DEMO_AGENT_ID;

use crate::bed::Bed;

async fn act(bed: &Bed, action: &str, fields: Value) -> (u16, Value) {
    let page = bed.browser.post(&bed.url(&format!("/sim/{action}")), &fields.to_string()).await.unwrap();
    (page.status, serde_json::from_slice(&page.body).unwrap())
}

async fn report(bed: &Bed, path: &str) -> Value {
    let page = bed.browser.get(&bed.url(&format!("/sim/{path}"))).await.unwrap();
    serde_json::from_slice(&page.body).unwrap()
}

#[tokio::test]
async fn actions_change_the_organisation() {
    let bed = Bed::start().await;
    let rows = [
        ("add-department", json!({"id": 50, "name": "新部门", "parent": 2})),
        ("add-member", json!({"id": "new", "name": "新人", "department": 50})),
        ("change-member", json!({"id": "new", "position": "工程师", "status": 1, "gender": "2"})),
        ("rename-member", json!({"id": "new", "new_id": "New2"})),
        ("move-member", json!({"id": "new2", "department": 4})),
        ("rename-department", json!({"id": 50, "name": "改名"})),
        ("move-department", json!({"id": 50, "parent": 3})),
        ("remove-department", json!({"id": 50})),
        ("grant", json!({"app": DEMO_AGENT_ID, "member": "new2"})),
        ("ungrant", json!({"app": DEMO_AGENT_ID, "tag": 7})),
        ("resign-member", json!({"id": "lisi", "listed": true})),
        ("resign-member", json!({"id": "wangwu"})),
        ("change-app", json!({"app": DEMO_AGENT_ID, "home_url": "https://app.example.com/x", "old": true})),
        ("latency", json!({"milliseconds": 1})),
    ];
    for (action, fields) in rows {
        let (status, answer) = act(&bed, action, fields).await;
        assert_eq!((status, &answer["ok"]), (200, &json!(true)), "{action}: {answer}");
    }
    let member = bed.app("user/get?userid=new2").await;
    assert_eq!(
        (&member["userid"], &member["position"], &member["department"], &member["mobile"]),
        (&json!("New2"), &json!("工程师"), &json!([]), &json!("")),
        "granted alone, and read by an old app"
    );
    assert_eq!(bed.app("user/get?userid=lisi").await["status"], 5);
    assert_eq!(bed.app_code("user/get?userid=wangwu").await, 60111);
    assert_eq!(bed.app("agent/get?agentid=1000073").await["home_url"], "https://app.example.com/x");
    assert!(report(&bed, "truth?agentid=1000073").await["members"]["new2"].is_object());
}

#[tokio::test]
async fn the_administrators_buttons_work() {
    let bed = Bed::start().await;
    let api = "department/simplelist?";
    let rows: &[(&str, Value, i64)] = &[
        ("trust-addresses", json!({"app": DEMO_AGENT_ID, "addresses": "203.0.113.7, 203.0.113.8"}), 60020),
        ("see-address", json!({"address": "203.0.113.8"}), 0),
        ("see-address", json!({}), 60020),
        ("trust-addresses", json!({"app": DEMO_AGENT_ID, "addresses": "any"}), 0),
        ("inject-fault", json!({"effect": "code", "value": -1, "api": "department/simplelist"}), -1),
        ("clear-faults", json!({}), 0),
    ];
    for (action, fields, expected) in rows {
        assert_eq!(act(&bed, action, fields.clone()).await.0, 200, "{action}");
        assert_eq!(bed.app_code(api).await, *expected, "{action}");
    }
    let token = bed.token().await;
    for (action, fields, expected) in
        [("advance-clock", json!({"seconds": 7200}), 42001), ("revoke-tokens", json!({}), 40014)]
    {
        act(&bed, action, fields).await;
        assert_eq!(bed.get(&format!("{api}access_token={token}")).await["errcode"], expected, "{action}");
    }
    let secret = act(&bed, "reset-secret", json!({"app": DEMO_AGENT_ID})).await.1["secret"].clone();
    bed.token_of(secret.as_str().unwrap()).await;
}

#[tokio::test]
async fn bad_actions_say_what_is_wrong() {
    let bed = Bed::start().await;
    for (action, body, expected) in [
        ("nonsense", "{}", "there is no action \"nonsense\""),
        ("move-member", "{}", "field \"id\" is missing"),
        (
            "move-member",
            r#"{"id":"lisi","department":"x"}"#,
            "field \"department\" holds \"x\", expected a whole number",
        ),
        ("move-member", r#"{"id":"lisi","department":[]}"#, "the body must be"),
        ("move-member", "{", "the body must be"),
        ("move-member", "id=lisi&department=77", "department 77 does not exist"),
        ("inject-fault", "effect=rain", "one of the effects"),
    ] {
        let page = bed.browser.post(&bed.url(&format!("/sim/{action}")), body).await.unwrap();
        assert_eq!(page.status, 400, "{action} {body}");
        assert!(page.text().replace("\\\"", "\"").contains(expected), "{action} {body}: {}", page.text());
    }
}

#[tokio::test]
async fn every_effect_that_is_listed_can_be_injected() {
    let bed = Bed::start().await;
    for effect in report(&bed, "actions").await["effects"].as_array().unwrap() {
        let (name, value) = effect.as_str().unwrap().split_once('=').unwrap_or((effect.as_str().unwrap(), ""));
        let value = if value == "URL" { "http://127.0.0.1:9/" } else { "500" };
        let (status, answer) = act(&bed, "inject-fault", json!({"effect": name, "value": value, "calls": 1})).await;
        assert_eq!(status, 200, "{name}: {answer}");
    }
}

#[tokio::test]
async fn the_page_shows_the_organisation_but_no_secret() {
    let bed = Bed::start().await;
    let text = bed.browser.get(&bed.url("/console")).await.unwrap().text();
    for expected in ["ww21c67da6767865c2", "1000073", "研发中心", "张三", "127.0.0.1", "app.example.com", "viewport"]
    {
        assert!(text.contains(expected), "{expected}");
    }
    let state = report(&bed, "state").await;
    assert_eq!(
        (&state["apps"][0]["visible_departments"], &state["members"][0]["id"]),
        (&json!([2]), &json!("chen_er"))
    );
    for secret in [wecom_simulator::DEMO_SECRET, wecom_simulator::DEMO_SYNC_SECRET] {
        assert!(!text.contains(secret) && !state.to_string().contains(secret));
    }
    let home = bed.browser.get(&bed.url("/")).await.unwrap();
    assert_eq!((home.status, home.header("location")), (303, Some("/console")));
}

#[tokio::test]
async fn reports_count_and_list() {
    let bed = Bed::start().await;
    bed.app("tag/list?").await;
    assert_eq!(report(&bed, "counts").await["tag/list"]["succeeded"], 1);
    assert_eq!(report(&bed, "log").await[1]["path"], "/cgi-bin/tag/list");
    assert!(report(&bed, "actions").await["actions"]["resign-member"].is_string());
    for (path, expected) in [("truth?agentid=5", "app 5 does not exist"), ("nonsense", "there is no report")] {
        assert!(report(&bed, path).await["error"].as_str().unwrap().contains(expected), "{path}");
    }
}

/// A form as a browser sends it; the head of the answer.
async fn browser_form(bed: &Bed, action: &str, body: &str, origin: &str) -> String {
    let address = bed.simulator.address();
    let origin = if origin.is_empty() { format!("http://{address}") } else { origin.to_owned() };
    let request = format!(
        "POST /sim/{action} HTTP/1.1\r\nHost: {address}\r\nOrigin: {origin}\r\nAccept: text/html\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let exchange = move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    tokio::task::spawn_blocking(exchange).await.unwrap()
}

#[tokio::test]
async fn a_form_leads_back_to_the_page_and_foreign_pages_are_refused() {
    let bed = Bed::start().await;
    for (body, origin, status, location) in [
        ("id=lisi&department=4", "", "303", "location: /console\r\n"),
        ("id=lisi&department=77", "", "303", "location: /console?problem=department%2077"),
        ("id=lisi&department=2", "http://evil.example", "403", "actions are taken from"),
        ("id=lisi&department=2", "null", "403", "actions are taken from"),
    ] {
        let answer = browser_form(&bed, "move-member", body, origin).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")) && answer.contains(location),
            "{body} {origin}: {answer}"
        );
    }
    let main = bed.control.read(|corp| corp.member("lisi").and_then(wecom_simulator::corp::Member::main));
    assert_eq!(main, Some(4), "only the first form took effect");
}
