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
    for (path, expected) in [
        (
            "/console",
            &["ww21c67da6767865c2", "1000073", "研发中心", "viewport", "/console/phone", "/console/workbench"][..],
        ),
        ("/console/department/21", &["示例科技", "平台组", "李四", "/sim/add-member", "/sim/move-department"]),
        (
            "/console/department/21",
            &[
                "data-department=\"22\" data-move=\"move-department\"",
                "data-move=\"move-member\" data-id=\"lisi\"",
                "src=\"/console/drag.js\"",
            ],
        ),
        ("/console/search?search=%E5%BC%A0", &["张三", "ZhangSan"]),
        ("/console/member/ZhangSan", &["张三", "研发总监", "/sim/change-member", "/console/phone/ZhangSan"]),
        ("/console/app/1000073", &["127.0.0.1", "app.example.com", "/sim/set-range", "/sim/save-callback", "值班"]),
        ("/console/workbench/state", &["2025-10-09", "/sim/advance-clock", "/sim/reset"]),
        ("/console/workbench/faults", &["45009", "edge-page=STATUS", "/sim/inject-fault"]),
        ("/console/workbench/calls", &["500"]),
        ("/console/workbench/deliveries", &["/sim/release-callbacks"]),
    ] {
        let page = bed.browser.get(&bed.url(path)).await.unwrap();
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        let text = page.text();
        for expected in expected {
            assert!(text.contains(expected), "{path}: {expected}");
        }
        assert!(!text.contains(" style=") && !text.contains("<style") && !text.contains("onclick"), "{path}");
        for secret in [wecom_simulator::DEMO_SECRET, wecom_simulator::DEMO_SYNC_SECRET] {
            assert!(!text.contains(secret), "{path}");
        }
    }
    let script = bed.browser.get(&bed.url("/console/drag.js")).await.unwrap();
    assert_eq!(script.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(script.text().contains("requestSubmit"));
    for path in [
        "/console/department/99",
        "/console/department/x",
        "/console/member/nobody",
        "/console/app/1",
        "/console/phone/nobody",
        "/console/phone/lisi/nothing",
        "/console/workbench/nothing",
    ] {
        assert_eq!(bed.browser.get(&bed.url(path)).await.unwrap().status, 404, "{path}");
    }
    let state = report(&bed, "state").await;
    assert_eq!(
        (&state["apps"][0]["visible_departments"], &state["members"][0]["id"]),
        (&json!([2]), &json!("chen_er"))
    );
    for secret in [wecom_simulator::DEMO_SECRET, wecom_simulator::DEMO_SYNC_SECRET] {
        assert!(!state.to_string().contains(secret));
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
        ("id=lisi&department=4&then=%2Fconsole%2Fmember%2Flisi", "", "303", "location: /console/member/lisi\r\n"),
        (
            "id=lisi&department=77&then=%2Fconsole%2Fapp%2F1%3Fat%3D2",
            "",
            "303",
            "location: /console/app/1?at=2&problem=department",
        ),
        ("id=lisi&department=4&then=%2F%2Fevil.example%2Fconsole", "", "303", "location: /console\r\n"),
        ("id=lisi&department=4&then=https%3A%2F%2Fevil.example", "", "303", "location: /console\r\n"),
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
    for (path, expected) in [
        ("/console/phone/lisi/messages", &["template-card", "/sim/press", "同意"][..]),
        ("/console/phone/lisi/approvals", &["采购申请", "/sim/apply", "通过后撤销", "好"]),
        ("/console/phone/lisi/workspace", &["/sim/write", "/sim/choose-menu", "/sim/enter-app"]),
        ("/console/workbench/deliveries", &["sys_approval_change", "HTTP 200"]),
        ("/console/app/1000073", &["/sim/remove-callback"]),
    ] {
        let page = bed.browser.get(&bed.url(path)).await.unwrap().text();
        for expected in expected {
            assert!(page.contains(expected), "{path}: {expected}");
        }
        assert!(!page.contains(crate::bed::KEY) && !page.contains(crate::receiver::TOKEN), "{path} shows a secret");
    }
}

/// Departments, tags and members of a visible range.
type Range = (&'static [u64], &'static [u64], &'static [&'static str]);

#[tokio::test]
async fn a_range_is_granted_as_a_form_shows_it_wholly_or_not_at_all() {
    let bed = Bed::start().await;
    let granted = || {
        bed.control.read(|corp| {
            let range = &corp.app(DEMO_AGENT_ID).unwrap().visible;
            let members = range.members().map(str::to_owned).collect::<Vec<_>>();
            (range.departments().collect::<Vec<_>>(), range.tags().collect::<Vec<_>>(), members)
        })
    };
    let rows: [(&str, u16, Range); 4] = [
        // Two boxes of one name come as two pairs.
        ("shown_departments=2+3+4&departments=3&departments=4", 200, (&[3, 4], &[7], &["shiwu"])),
        ("shown_departments=3&departments=99", 200, (&[4], &[7], &["shiwu"])),
        ("shown_members=shiwu,lisi&members=lisi&shown_tags=7", 200, (&[4], &[], &["lisi"])),
        ("shown_departments=4&shown_members=nobody&members=nobody", 400, (&[4], &[], &["lisi"])),
    ];
    for (body, status, (departments, tags, members)) in rows {
        let body = format!("app={DEMO_AGENT_ID}&{body}");
        let page = bed.browser.post(&bed.url("/sim/set-range"), &body).await.unwrap();
        assert_eq!(page.status, status, "{body}: {}", page.text());
        let expected = (departments.to_vec(), tags.to_vec(), members.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(granted(), expected, "{body}");
    }
}

#[tokio::test]
async fn snapshots_come_back_and_a_reset_leads_to_the_start() {
    let bed = Bed::start().await;
    let has = |id: &str| bed.control.read(|corp| corp.member(id).is_some());
    act(&bed, "add-member", json!({"id": "new", "name": "新人", "department": 2})).await;
    assert_eq!(act(&bed, "take-snapshot", json!({"name": "with new"})).await.0, 200);
    act(&bed, "resign-member", json!({"id": "new"})).await;
    act(&bed, "resign-member", json!({"id": "lisi"})).await;
    act(&bed, "inject-fault", json!({"effect": "code", "value": -1, "api": "user/get"})).await;
    bed.app("user/get?userid=wangwu").await;
    assert_eq!(act(&bed, "restore-snapshot", json!({"name": "with new"})).await.0, 200);
    assert!(has("new") && has("lisi"));
    assert_eq!(report(&bed, "snapshots").await, json!([{"name": "with new", "members": 26}]));

    let now = bed.control.now();
    assert_eq!(act(&bed, "reset", json!({})).await.0, 200);
    assert!(!has("new") && has("lisi"));
    assert_eq!((bed.control.faults().len(), bed.control.requests().len(), bed.control.calls().len()), (0, 0, 0));
    assert_eq!((bed.control.now(), bed.control.snapshots().len()), (now, 1), "clock and snapshots stay");
    bed.app("user/get?userid=wangwu").await;
    for (action, fields, expected) in [
        ("restore-snapshot", json!({"name": "x"}), "there is no snapshot"),
        ("remove-snapshot", json!({"name": "x"}), "there is no snapshot"),
        ("take-snapshot", json!({"name": "x".repeat(65)}), "is not 1 to 64 characters"),
        ("remove-fault", json!({"fault": "x"}), "a whole number"),
    ] {
        let (status, answer) = act(&bed, action, fields).await;
        assert!(status == 400 && answer["error"].as_str().unwrap().contains(expected), "{action}: {answer}");
    }
}

#[tokio::test]
async fn calls_are_kept_with_what_was_asked_and_answered_but_no_secret() {
    let bed = Bed::start().await;
    let token = bed.token().await;
    bed.send(
        "message/send",
        &json!({"touser": "lisi", "msgtype": "text", "agentid": DEMO_AGENT_ID, "text": {"content": "你好"}}),
    )
    .await;
    let calls = report(&bed, "calls").await;
    assert_eq!((&calls[0]["path"], &calls[0]["number"]), (&json!("/cgi-bin/message/send"), &json!(3)));
    assert!(calls[0]["asked"].as_str().unwrap().contains("你好"), "{calls}");
    assert!(calls[0]["answered"].as_str().unwrap().starts_with("{\"errcode\":0,"), "{calls}");
    let text = calls.to_string();
    for secret in [token.as_str(), wecom_simulator::DEMO_SECRET] {
        assert!(!text.contains(secret) && text.contains(&format!("{}…", &secret[..4])), "{text}");
    }
}

#[tokio::test]
async fn a_secret_is_shown_to_our_own_pages_alone() {
    let bed = Bed::start().await;
    let path = format!("/console/app/{DEMO_AGENT_ID}/secret");
    let shown = bed.browser.post(&bed.url(&path), "").await.unwrap();
    assert!(shown.status == 200 && shown.text().contains(wecom_simulator::DEMO_SECRET));
    assert_eq!(bed.browser.get(&bed.url(&path)).await.unwrap().status, 405);
    assert_eq!(bed.browser.post(&bed.url("/console/app/5/secret"), "").await.unwrap().status, 404);
    let address = bed.simulator.address();
    for (header, expected) in [
        ("Origin: http://evil.example", "403"),
        ("Origin: null", "403"),
        ("Sec-Fetch-Site: cross-site", "403"),
        ("Sec-Fetch-Site: same-origin", "200"),
    ] {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\n{header}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        );
        let exchange = move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        let answer = tokio::task::spawn_blocking(exchange).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{header}: {answer}");
    }
}

#[tokio::test]
async fn an_organisation_comes_from_a_file_wholly_or_not_at_all() {
    let bed = Bed::start().await;
    let written = report(&bed, "organisation").await;
    assert_eq!(
        (&written["corp_id"], &written["members"].as_array().unwrap().len()),
        (&json!("ww21c67da6767865c2"), &25)
    );
    for secret in [wecom_simulator::DEMO_SECRET, wecom_simulator::DEMO_SYNC_SECRET] {
        assert!(!written.to_string().contains(secret));
    }
    let small = json!({
        "corp_id": "ww21c67da6767865c2", "name": "甲",
        "departments": [{"id": 2, "name": "a"}],
        "members": [{"id": "ann", "name": "安", "departments": [2]}],
        "apps": [{"agentid": DEMO_AGENT_ID, "name": "app", "visible": {"departments": [2]}}],
        "latency": 1,
        "faults": [{"effect": "code", "value": 45009, "api": "tag/list"}],
    });
    let mut broken = small.clone();
    broken["faults"][0]["effect"] = json!("rain");
    for (body, expected) in [
        (broken.to_string(), "one of the effects"),
        ("{".to_owned(), "the file cannot be read"),
        (
            json!({"corp_id": "ww1", "name": "x", "members": [{"id": "a", "name": "a", "departments": [7]}]})
                .to_string(),
            "member a: department 7",
        ),
        ("file=".to_owned(), "field \"file\" is missing"),
    ] {
        let page = bed.browser.post(&bed.url("/sim/load-organisation"), &body).await.unwrap();
        let text = page.text().replace("\\\"", "\"");
        assert!(page.status == 400 && text.contains(expected), "{body}: {text}");
        assert_eq!(bed.control.read(wecom_simulator::Corp::member_count), 25);
    }
    let (status, answer) = act(&bed, "load-organisation", small).await;
    assert_eq!((status, &answer["members"]), (200, &json!(1)), "{answer}");
    assert_eq!(bed.app("user/get?userid=ann").await["name"], "安", "the app's secret stayed");
    assert_eq!(bed.app_code("tag/list?").await, 45009);
    let form = form_urlencoded::Serializer::new(String::new()).append_pair("file", &written.to_string()).finish();
    let page = bed.browser.post(&bed.url("/sim/load-organisation"), &form).await.unwrap();
    assert_eq!((page.status, bed.control.read(wecom_simulator::Corp::member_count)), (200, 25), "{}", page.text());
}
