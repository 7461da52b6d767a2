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

/// Each row is an action and a place in a report that shows what it did; `MESSAGE` and `NUMBER` stand for ids.
#[tokio::test]
async fn members_and_apps_are_played_by_actions() {
    let (bed, listener) = (Bed::start().await, crate::receiver::Listener::start().await);
    let settings = |url: &str| json!({"receiver": DEMO_AGENT_ID, "url": url, "token": crate::receiver::TOKEN, "aes_key": crate::bed::KEY});
    let (status, answer) = act(&bed, "save-callback", settings("http://127.0.0.1:9/")).await;
    assert!(status == 400 && answer["error"].as_str().unwrap().contains("failed the check"), "{answer}");
    assert_eq!(act(&bed, "save-callback", settings(&listener.url)).await.0, 200);
    let card = json!({"touser": "lisi", "msgtype": "template_card", "agentid": DEMO_AGENT_ID, "template_card": {
        "card_type": "button_interaction", "main_title": {"title": "x"}, "task_id": "t",
        "button_list": [{"text": "同意", "key": "yes"}],
    }});
    let message = bed.send("message/send", &card).await["msgid"].clone();
    let number = act(&bed, "apply", json!({"member": "lisi", "template": wecom_simulator::PURCHASE_TEMPLATE})).await.1
        ["number"]
        .clone();
    let app = DEMO_AGENT_ID;
    let rows: Vec<(&str, Value, &str, &str, Value)> = vec![
        (
            "press",
            json!({"member": "lisi", "message": message, "key": "yes"}),
            "inbox?member=lisi",
            "/0/card/presses",
            json!(["yes"]),
        ),
        ("write", json!({"member": "lisi", "app": app, "text": "hi"}), "deliveries", "/2/event", json!("text")),
        ("choose-menu", json!({"member": "lisi", "app": app, "key": "k"}), "deliveries", "/3/event", json!("click")),
        (
            "choose-menu",
            json!({"member": "lisi", "app": app, "url": "http://a/"}),
            "deliveries",
            "/4/event",
            json!("view"),
        ),
        ("change-app", json!({"app": app, "reports_entering": true}), "counts", "/message~1send/succeeded", json!(1)),
        ("enter-app", json!({"member": "lisi", "app": app}), "deliveries", "/5/event", json!("enter_agent")),
        (
            "emit",
            json!({"receiver": app, "event": "LOCATION", "from": "lisi"}),
            "deliveries",
            "/6/event",
            json!("LOCATION"),
        ),
        ("hold-callbacks", json!({}), "messages", "/counts/reached", json!(1)),
        ("release-callbacks", json!({"reversed": true}), "messages", "/inboxes/lisi/0/kind", json!("template_card")),
        ("change-callbacks", json!({"json": true, "duplicates": 1}), "templates", "/0/name", json!("旧模板")),
        ("urge", json!({"member": "lisi", "number": number}), "deliveries", "/8/event", json!("sys_approval_change")),
        (
            "comment",
            json!({"member": "wangwu", "number": number, "text": "?"}),
            "approvals",
            "/0/comments/0/text",
            json!("?"),
        ),
        (
            "decide",
            json!({"member": "ZhangSan", "number": number, "decision": "transfer", "to": "wangwu"}),
            "approvals",
            "/0/nodes/0/members/1/id",
            json!("wangwu"),
        ),
        (
            "decide",
            json!({"member": "wangwu", "number": number, "decision": "agree", "speech": "好"}),
            "approvals",
            "/0/status",
            json!("Approved"),
        ),
        (
            "withdraw",
            json!({"member": "lisi", "number": number}),
            "approvals",
            "/0/status",
            json!("WithdrawnAfterApproval"),
        ),
        ("change-approvals", json!({"disabled": true, "densest_window": 5}), "routes", "/0/path", json!("gettoken")),
        ("remove-callback", json!({"receiver": app}), "approvals", "/0/applicant", json!("lisi")),
        ("set-callback", settings(&listener.url), "approvals", "/0/number", number.clone()),
    ];
    for (action, fields, shown, pointer, expected) in rows {
        let (status, answer) = act(&bed, action, fields).await;
        assert_eq!((status, &answer["ok"]), (200, &json!(true)), "{action}: {answer}");
        assert_eq!(report(&bed, shown).await.pointer(pointer), Some(&expected), "{action}, {shown} {pointer}");
    }
    bed.control.settled().await;
    assert!(listener.came().iter().any(|came| came.message.starts_with('{')), "the later ones came as JSON");
    for (action, fields, expected) in [
        ("press", json!({"member": "lisi", "message": "x", "key": "k"}), "has no message"),
        ("press", json!({"member": "lisi", "message": "x", "key": "k", "selections": "q"}), "question=option,option"),
        ("write", json!({"member": "lisi", "app": 5, "text": "x"}), "no callback address"),
        (
            "set-callback",
            json!({"receiver": "x", "url": "u", "token": "t", "aes_key": "k"}),
            "an app's id, or contacts",
        ),
        ("decide", json!({"member": "lisi", "number": number, "decision": "agree"}), "does not allow this"),
        ("decide", json!({"member": "lisi", "number": number, "decision": "maybe"}), "agree, reject"),
        ("apply", json!({"member": "lisi", "template": "x"}), "there is no template"),
        ("apply", json!({"member": "lisi", "template": "x", "contents": "{"}), "a JSON list"),
    ] {
        let (status, answer) = act(&bed, action, fields).await;
        assert!(status == 400 && answer["error"].as_str().unwrap().contains(expected), "{action}: {answer}");
    }
    let page = bed.browser.get(&bed.url("/console")).await.unwrap().text();
    for expected in
        ["template_card", "sys_approval_change", "/sim/press", "/sim/apply", "/sim/withdraw", "202", "采购申请"]
    {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!page.contains(crate::bed::KEY) && !page.contains(crate::receiver::TOKEN), "no secret is shown");
}
