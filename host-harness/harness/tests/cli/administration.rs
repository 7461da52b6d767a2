//! What the platform itself decides about members, and what the vendor sends, by commands.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use wecom_simulator::{
    DEMO_AGENT_ID, Event, Receiver,
    corp::{Callback, Resignation},
};

use crate::bed::Bed;
#[cfg(unix)]
use crate::web::{declare, serve, tenant};

const TOKEN: &str = "AppToken2026";
const AES_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn names(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_given_by_hand_and_by_rules() {
    let bed = Bed::new().await;
    bed.run(&["roles", "set", "lisi", "buyer"]).fails(1, "not-found");
    bed.run(&["sync"]).exits(0);
    let nobody = bed.run(&["roles", "show", "lisi"]).exits(0);
    assert_eq!(nobody, json!({"roles": [], "assigned": [], "suspended": [], "by_rule": []}));
    let set = bed.run(&["roles", "set", "LISI", "lead", "buyer", "--actor", "王经理"]).exits(0);
    assert_eq!(names(&set["roles"]), ["buyer", "lead"]);

    let file = bed.home().join("rules.json");
    let rules = json!([{"role": "staff", "scope": "everybody"}, {"role": "rd", "scope": {"department": "2"}},
        {"role": "duty", "scope": {"tag": "7"}}]);
    fs::write(&file, rules.to_string()).unwrap();
    let state = bed.run(&["roles", "rules", file.to_str().unwrap()]).exits(0);
    assert_eq!((&state["rules"], &state["spreading"]), (&rules, &json!(false)));
    assert_eq!(bed.run(&["roles", "rules"]).exits(0), state);
    for (member, expected) in [
        ("lisi", &["buyer", "lead", "rd", "staff"][..]),
        ("weisi", &["rd", "staff"]),
        ("youyi", &["duty", "staff"]),
        ("zhujiu", &["duty", "staff"]),
        ("shiwu", &["staff"]),
    ] {
        assert_eq!(names(&bed.run(&["roles", "show", member]).exits(0)["roles"]), expected, "{member}");
        assert_eq!(names(&bed.run(&["member", member]).exits(0)["roles"]), expected, "{member}");
    }
    let shown = bed.run(&["roles", "show", "lisi"]).exits(0);
    assert_eq!(
        (names(&shown["assigned"]), &shown["by_rule"]),
        (vec!["buyer", "lead"], &json!(rules.as_array().unwrap()[..2]))
    );
    let holders = bed.run(&["members", "--role", "buyer"]).exits(0);
    assert_eq!(holders.as_array().unwrap().len(), 1);

    let unknown = json!([{"role": "duty", "scope": {"tag": "99"}}]);
    fs::write(&file, unknown.to_string()).unwrap();
    bed.run(&["roles", "rules", file.to_str().unwrap()]).fails(1, "not-found");
    fs::write(&file, "[]").unwrap();
    bed.run(&["roles", "rules", file.to_str().unwrap()]).exits(0);
    assert_eq!(names(&bed.run(&["roles", "set", "lisi", "--none"]).exits(0)["roles"]), [""; 0]);

    let trail = bed.run(&["audit"]).exits(0);
    let trail = trail.as_array().unwrap();
    let actors: Vec<&str> = trail.iter().map(|decision| decision["actor"].as_str().unwrap()).collect();
    assert_eq!(actors[..2], ["王经理", "org-harness"], "{trail:#?}");
    assert!(trail[0]["after"].to_string().contains("buyer") && trail[0]["subject"] == "lisi", "{trail:#?}");
    let rest = bed.run(&["audit", "--after", trail[0]["cursor"].as_str().unwrap()]).exits(0);
    assert_eq!(rest.as_array().unwrap()[..], trail[1..]);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_are_retired_reinstated_and_erased() {
    let bed = Bed::new().await;
    bed.run(&["sync"]).exits(0);
    bed.run(&["roles", "set", "lisi", "buyer"]).exits(0);
    bed.run(&["signature", "set", "lisi", "https://app.example.com/signatures/lisi.png"]).exits(0);
    let shown = bed.run(&["signature", "show", "lisi"]).exits(0);
    assert_eq!(shown["signature"], "https://app.example.com/signatures/lisi.png");
    bed.run(&["signature", "set", "lisi", "ftp://x"]).fails(1, "invalid-argument");

    let administrators = bed.run(&["admins", "set", "ZhangSan", "wangwu"]).exits(0);
    assert_eq!(names(&administrators["administrators"]), ["ZhangSan", "wangwu"]);
    assert_eq!(bed.run(&["admins", "show"]).exits(0), administrators);
    let outcomes = bed.run(&["retire", "lisi", "wangwu"]).exits(1);
    let done: Vec<(&str, bool)> = outcomes["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| (member["id"].as_str().unwrap(), member["done"].as_bool().unwrap()))
        .collect();
    assert_eq!(done, [("lisi", true), ("wangwu", false)], "administrators are refused");
    bed.run(&["sync"]).exits(0);
    assert_eq!(bed.run(&["member", "lisi"]).exits(0)["status"], "resigned", "whatever the vendor shows");
    bed.run(&["reinstate", "lisi"]).exits(0);
    bed.run(&["sync"]).exits(0);
    assert_eq!(bed.run(&["member", "lisi"]).exits(0)["status"], "active");
    let roles = bed.run(&["roles", "show", "lisi"]).exits(0);
    assert_eq!(roles, json!({"roles": [], "assigned": [], "suspended": ["buyer"], "by_rule": []}));
    assert_eq!(names(&bed.run(&["roles", "confirm", "lisi"]).exits(0)["roles"]), ["buyer"]);

    bed.run(&["erase", "lisi"]).fails(2, "usage");
    bed.run(&["erase", "lisi", "--yes"]).fails(1, "conflict");
    bed.control().change(|corp| corp.resign_member("lisi", Resignation::Vanished)).unwrap();
    bed.run(&["sync"]).exits(0);
    assert_eq!(bed.run(&["erase", "lisi", "--yes"]).exits(0), json!({"erased": "lisi"}));
    for command in ["roles", "signature"] {
        bed.run(&[command, "show", "lisi"]).fails(1, "not-found");
    }
    bed.run(&["member", "lisi"]).fails(1, "not-found");
    let feed = bed.run(&["changes"]).exits(0).to_string();
    assert!(feed.contains("member-erased") && !feed.contains("李四") && !feed.contains("lisi.png"), "{feed}");
}

/// A delivery as it would arrive: what follows `?`, and a file with the body.
async fn delivery(bed: &Bed, receiver: Receiver, event: &Event) -> (String, PathBuf) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let control = bed.control();
    control.set_callback(receiver, Some(Callback::new(url, TOKEN, AES_KEY))).unwrap();
    let receive = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = String::new();
        let mut buffer = [0; 4_096];
        while !request.ends_with("</xml>") {
            let length = stream.read(&mut buffer).await.unwrap();
            request.push_str(str::from_utf8(&buffer[..length]).unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        request
    };
    let (request, delivered) = tokio::join!(receive, control.deliver(receiver, event));
    delivered.unwrap();
    let query = request.split(['?', ' ']).nth(2).unwrap().to_owned();
    let file = bed.home().join("body.xml");
    fs::write(&file, request.split_once("\r\n\r\n").unwrap().1).unwrap();
    (query, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_vendor_sent_is_handed_in() {
    let bed = Bed::new().await;
    bed.run(&["callback", "--query", "a=b"]).fails(2, "usage");
    let mut configuration = bed.configuration();
    for route in ["callback", "contactCallback"] {
        configuration[route] = json!({"token": TOKEN, "encodingAESKey": AES_KEY});
    }
    bed.write("org", &configuration);
    bed.run(&["sync"]).exits(0);

    bed.control().change(|corp| corp.move_member("zhangliu", 2)).unwrap();
    let (query, body) = delivery(&bed, Receiver::App(DEMO_AGENT_ID), &Event::subscribe("zhangliu")).await;
    let hand_in =
        |more: &[&str]| bed.run(&[&["callback", "--query", &query, "--body", body.to_str().unwrap()], more].concat());
    let handled = hand_in(&[]).exits(0);
    assert_eq!((&handled["status"], &handled["body"]), (&json!(200), &json!("")));
    let event = &handled["events"][0];
    assert_eq!((&event["kind"], &event["member"]), (&json!("entered-range"), &json!("zhangliu")));
    assert_eq!(handled["follow_ups"], json!([{"kind": "refresh-member", "subject": "zhangliu", "not_before": null}]));
    bed.run(&["member", "zhangliu"]).fails(1, "not-found");
    let again = hand_in(&["--follow-up"]).exits(0);
    assert_eq!(
        (&again["events"], &again["follow_ups"]),
        (&json!([]), &handled["follow_ups"]),
        "it was handed in before"
    );
    assert_eq!(bed.run(&["member", "zhangliu"]).exits(0)["status"], "active");
    // At another route it is another delivery, and in a changed body none.
    assert_eq!(hand_in(&["--contacts"]).exits(0)["events"][0]["kind"], "entered-range");
    bed.run(&["callback", "--query", &query, "--body", body.to_str().unwrap(), "--route", "x"]).fails(1, "not-found");
    let refused = bed.run(&["callback", "--query", &query.replace("msg_signature=", "msg_signature=0")]).exits(1);
    assert_eq!((&refused["status"], &refused["events"]), (&json!(403), &json!([])));

    bed.control().change(|corp| corp.move_member("sunqi", 23)).unwrap();
    let moved = Event::change_contact("update_user").with("UserID", "sunqi").with("Department", "23");
    let (query, body) = delivery(&bed, Receiver::Contacts, &moved).await;
    let arguments = ["callback", "--query", &query, "--body", body.to_str().unwrap(), "--contacts", "--follow-up"];
    let handled = bed.run(&arguments).exits(0);
    assert_eq!(handled["events"][0]["directory"], json!({"kind": "member-updated", "id": "sunqi", "new_id": null}));
    assert_eq!(bed.run(&["member", "sunqi"]).exits(0)["departments"][0]["id"], "23");
}

/// Where a role is needed, `roles set` is what lets somebody in.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_role_is_let_in_once_one_is_given() {
    use wecom_simulator::{Browser, Choice};

    let bed = Bed::new().await;
    let strict = tenant(&bed, "strict", &json!({"sign_in": {"role_required": true}}));
    let file = declare(&bed, &[strict]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    bed.run(&["--tenant", "strict", "sync"]).exits(0);
    let sign_in = async || {
        let begun = host.get("/t/strict/login?entry=browser", &[]);
        let cookie = begun.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let location = begun.header("location").unwrap();
        let target = Browser::desktop().sign_in(location, &Choice::Member("lisi".into())).await.unwrap();
        let query = target.split_once('?').unwrap().1.to_owned();
        host.get(&format!("/t/strict/callback?{query}"), &[("cookie", &cookie), ("accept", "application/json")])
    };
    let refused = sign_in().await;
    let view = refused.json();
    assert_eq!((refused.status, &view["entry"]), (403, &json!("role-missing")), "{view}");
    bed.run(&["--tenant", "strict", "roles", "set", "lisi", "buyer"]).exits(0);
    let admitted = sign_in().await;
    let view = admitted.json();
    assert_eq!((admitted.status, &view["entry"]), (200, &json!("admitted")), "{view}");
    assert_eq!(view["member"]["roles"], json!(["buyer"]), "{view}");
    bed.run(&["--tenant", "strict", "retire", "lisi"]).exits(0);
    assert_eq!(sign_in().await.status, 403, "who was retired has no role");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_without_a_role_says_how_to_give_one() {
    use wecom_simulator::{Browser, Choice};

    let bed = Bed::new().await;
    bed.run(&["sync"]).exits(0);
    let exchange = async || {
        let url = bed.run(&["login-url", "--entry", "browser"]).exits(0)["url"].as_str().unwrap().to_owned();
        let target = Browser::desktop().sign_in(&url, &Choice::Member("lisi".into())).await.unwrap();
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(target.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
        let value = |name: &str| query.iter().find(|(key, _)| key == name).unwrap().1.clone();
        bed.run(&["exchange", "--code", &value("code"), "--state", &value("state")]).exits(0)
    };
    let without = exchange().await;
    let warning = without["warnings"].to_string();
    assert!(warning.contains("no-role") && warning.contains("roles set"), "{without}");
    bed.run(&["roles", "set", "lisi", "buyer"]).exits(0);
    let with = exchange().await;
    assert!(!with["warnings"].to_string().contains("no-role"), "{with}");
    assert_eq!(with["member"]["roles"], json!(["buyer"]), "{with}");
}
