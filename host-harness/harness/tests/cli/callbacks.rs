//! What the vendor sends by itself to a host that serves: the directory follows it, the platform reads it, and strangers get
//! nothing in.

use std::fs;

use organisation_host::Digest;
use serde_json::{Value, json};
use wecom_simulator::{
    DEMO_AGENT_ID, Decision, Delivery, Event, Order, PURCHASE_TEMPLATE, Press, Receiver,
    corp::{Callback, Department},
};

use crate::{
    bed::Bed,
    web::{Serving, declare, serve, tenant, until},
};

const APP: Receiver = Receiver::App(DEMO_AGENT_ID);
const TOKEN: &str = "AppToken2026";
const AES_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const CONTACTS_TOKEN: &str = "ContactsToken2026";
const CONTACTS_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";
/// The platform's key. The declaration holds its digest.
const API_KEY: &str = "orgkey_of-the-platform";

/// A tenant whose configuration has these keys beyond the sound ones.
fn configured(bed: &Bed, name: &str, further: &Value) -> Value {
    let mut configuration = bed.configuration();
    configuration.as_object_mut().unwrap().extend(further.as_object().unwrap().clone());
    let key = json!({"name": "platform", "sha256": Digest::of(API_KEY.as_bytes()), "scopes": ["events", "messages"]});
    tenant(bed, name, &json!({"element": {"name": "org", "configuration": configuration}, "api_keys": [key]}))
}

/// A host with a tenant for which both routes are configured.
fn host(bed: &Bed) -> Serving {
    let routes = json!({
        "callback": {"token": TOKEN, "encodingAESKey": AES_KEY},
        "contactCallback": {"token": CONTACTS_TOKEN, "encodingAESKey": CONTACTS_KEY},
    });
    let file = declare(bed, &[configured(bed, "acme", &routes), configured(bed, "silent", &json!({}))]);
    serve(bed, &["--tenants", file.to_str().unwrap(), "-v"])
}

fn at(host: &Serving, route: &str) -> String {
    format!("http://{}/t/acme/callback/{route}", host.address)
}

fn app(host: &Serving) -> Callback {
    Callback::new(at(host, "wecom"), TOKEN, AES_KEY)
}

fn contacts(host: &Serving) -> Callback {
    Callback::new(at(host, "contacts"), CONTACTS_TOKEN, CONTACTS_KEY)
}

/// All that was kept, read in pages of two.
fn events(host: &Serving) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), String::new());
    loop {
        let path = format!("/t/acme/api/events?limit=2{after}");
        let page = host.get(&path, &[("authorization", &format!("Bearer {API_KEY}"))]);
        assert_eq!(page.status, 200, "{page:#?}");
        let page = page.json();
        events.extend(page["events"].as_array().unwrap().clone());
        if page["more"] == false {
            return events;
        }
        after = format!("&after={}", page["cursor"].as_str().unwrap());
    }
}

fn of_kind(host: &Serving, kind: &str) -> Vec<Value> {
    events(host).into_iter().filter(|event| event["kind"] == kind).collect()
}

fn of_acme(bed: &Bed, arguments: &[&str]) -> Value {
    bed.run(&[&["--tenant", "acme"], arguments].concat()).exits(0)
}

/// A member as the copy has it; nothing for one whom it does not know.
fn member(bed: &Bed, id: &str) -> Value {
    let members = of_acme(bed, &["members"]);
    members.as_array().unwrap().iter().find(|member| member["id"] == id).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_directory_follows_what_the_vendor_tells() {
    let bed = Bed::new().await;
    of_acme(&bed, &["sync"]);
    let host = host(&bed);
    let control = bed.control();
    control.save_callback(APP, app(&host)).await.unwrap();

    control.change(|corp| corp.move_member("zhangliu", 2)).unwrap();
    control.change(|corp| corp.move_member("wujiu", 4)).unwrap();
    control.settled().await;
    until("who came into the range is there", || member(&bed, "zhangliu")["status"] == "active");
    until("who left the range is gone", || member(&bed, "wujiu")["status"] == "left-range");
    let told: Vec<(Value, Value)> =
        events(&host).iter().map(|event| (event["kind"].clone(), event["member"].clone())).collect();
    assert_eq!(told, [("entered-range", "zhangliu"), ("left-range", "wujiu")].map(|(a, b)| (a.into(), b.into())));

    control.save_callback(Receiver::Contacts, contacts(&host)).await.unwrap();
    control.change(|corp| corp.move_member("sunqi", 23)).unwrap();
    control.change(|corp| corp.add_department(Department::new(24, "安全组", 2))).unwrap();
    control.settled().await;
    until("who moved is in the other department", || member(&bed, "sunqi")["departments"][0]["id"] == "23");
    until("the new department is there", || {
        of_acme(&bed, &["departments"]).as_array().unwrap().iter().any(|department| department["name"] == "安全组")
    });
    let told: Vec<(Value, Value)> = of_kind(&host, "directory")
        .iter()
        .map(|event| (event["directory"]["kind"].clone(), event["directory"]["id"].clone()))
        .collect();
    assert_eq!(told, [("member-updated", "sunqi"), ("department-created", "24")].map(|(a, b)| (a.into(), b.into())));

    let before = of_acme(&bed, &["overview"])["last_change"].clone();
    let run = of_acme(&bed, &["sync"]);
    assert_eq!(run["state"], "complete");
    for (of, change) in [("departments", "added"), ("departments", "updated"), ("departments", "removed")]
        .into_iter()
        .chain(["added", "updated", "left_range", "resigned"].map(|change| ("members", change)))
    {
        assert_eq!(run[of][change], 0, "{of} {change}: {run}");
    }
    assert_eq!(of_acme(&bed, &["overview"])["last_change"], before, "the sync found nothing to do");
    let statuses: Vec<Option<u16>> = control.deliveries().iter().map(Delivery::status).collect();
    assert_eq!(statuses, [Some(200); 4], "{:#?}", control.deliveries());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_reads_what_members_did() {
    let bed = Bed::new().await;
    let host = host(&bed);
    let control = bed.control();
    control.save_callback(APP, app(&host)).await.unwrap();

    let card = json!({
        "to": {"members": ["lisi"]},
        "content": {"card": {
            "heading": {"title": "请假申请"}, "task_id": "leave-1",
            "body": {"button-interaction": {"buttons": [{"text": "同意", "action": {"key": "approve"}}]}},
        }},
    });
    let sent = host.post("/t/acme/api/messages", &[("authorization", &format!("Bearer {API_KEY}"))], &card.to_string());
    assert_eq!(sent.status, 200, "{sent:#?}");
    let received = control.inbox("lisi").pop().unwrap();
    assert_eq!((received.kind.as_str(), &sent.json()["message_id"]), ("template_card", &received.id.as_str().into()));
    let pressed = control.press("lisi", &received.id, &Press::key("approve")).unwrap();
    let number = control.submit_approval("wangwu", PURCHASE_TEMPLATE, vec![]).unwrap();
    control.decide("lisi", &number, &Decision::Agree("同意".to_owned())).unwrap();
    control.emit(APP, &Event::click("sunqi", "menu-1")).unwrap();
    control.settled().await;

    let cards = of_kind(&host, "card");
    let [card] = &cards[..] else { panic!("{cards:#?}") };
    let press = &card["card"];
    assert_eq!(
        (&card["member"], &press["key"], &press["task_id"]),
        (&json!("lisi"), &json!("approve"), &json!("leave-1"))
    );
    assert_eq!(press["response_code"], pressed.response_code.as_str());
    let approvals: Vec<(Value, Value, Value)> = of_kind(&host, "approval")
        .into_iter()
        .map(|event| {
            let change = &event["approval"];
            (change["number"].clone(), change["change"].clone(), change["status"].clone())
        })
        .collect();
    let of_request = |change: &str, status: &str| (json!(number), json!(change), json!(status));
    assert_eq!(approvals, [of_request("submitted", "pending"), of_request("approved", "approved")]);
    let menu = of_kind(&host, "menu");
    assert_eq!((menu.len(), &menu[0]["menu"]["key"], &menu[0]["member"]), (1, &json!("menu-1"), &json!("sunqi")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_read_once_however_often_and_in_whatever_order_it_comes() {
    let bed = Bed::new().await;
    let host = host(&bed);
    let control = bed.control();
    control.save_callback(APP, app(&host)).await.unwrap();
    control.configure(|behaviour| behaviour.callbacks.duplicates = 2);
    control.hold_callbacks();
    // The first two differ in nothing but the id that the vendor gave them.
    let texts = ["好", "好", "一", "二", "三"];
    for text in texts {
        control.emit(APP, &Event::text_message("lisi", text)).unwrap();
    }
    control.release_callbacks(Order::Reversed);
    control.settled().await;
    let again = control.deliveries()[0].id;
    assert_eq!(control.deliver_again(again).await.unwrap().status(), Some(200), "a repetition is acknowledged");
    let delivered = control.deliveries();
    assert_eq!(delivered.len(), 3 * texts.len() + 1);
    assert!(delivered.iter().all(|delivery| delivery.status() == Some(200)), "{delivered:#?}");

    let events = events(&host);
    let mut read: Vec<&str> = events.iter().map(|event| event["message"]["text"].as_str().unwrap()).collect();
    read.reverse();
    assert_eq!(read, texts, "in the order in which they came");
    let mut ids: Vec<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), texts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_nothing_in_and_are_not_told_why() {
    let bed = Bed::new().await;
    let host = host(&bed);
    let control = bed.control();
    for (name, token, key) in [
        ("another token", "OtherToken", AES_KEY),
        ("another key", TOKEN, CONTACTS_KEY),
        ("contacts'", CONTACTS_TOKEN, CONTACTS_KEY),
    ] {
        let callback = Callback::new(at(&host, "wecom"), token, key);
        let refused = control.save_callback(APP, callback.clone()).await.unwrap_err().to_string();
        assert!(refused.contains("HTTP 403"), "{name}: {refused}");
        control.set_callback(APP, Some(callback)).unwrap();
        let delivery = control.deliver(APP, &Event::subscribe("zhangliu")).await.unwrap();
        assert_eq!(delivery.status(), Some(403), "{name}: {delivery:#?}");
        let body = delivery.body().unwrap();
        assert!(["token", "signature", "AES"].iter().all(|word| !body.contains(word)), "{name}: {body}");
    }
    let largest = "a".repeat(1 << 20);
    let too_large = format!("{largest}a");
    let query = "?msg_signature=0&timestamp=0&nonce=0";
    for (method, path, body, status) in [
        ("GET", "/t/acme/callback/wecom", "", 403),
        ("GET", &*format!("/t/acme/callback/wecom{query}&echostr=a"), "", 403),
        ("POST", &format!("/t/acme/callback/wecom{query}"), "<xml/>", 403),
        ("POST", &format!("/t/acme/callback/wecom{query}"), &largest, 403),
        ("POST", &format!("/t/acme/callback/wecom{query}"), &too_large, 413),
        ("POST", &format!("/t/acme/callback/elsewhere{query}"), "<xml/>", 404),
        ("POST", &format!("/t/silent/callback/wecom{query}"), "<xml/>", 404),
        ("POST", &format!("/t/nobody/callback/wecom{query}"), "<xml/>", 404),
        ("PUT", &format!("/t/acme/callback/wecom{query}"), "<xml/>", 405),
    ] {
        let answer = host.send(method, path, &[], body);
        assert_eq!(answer.status, status, "{method} {path} of {} bytes: {answer:#?}", body.len());
    }
    assert!(events(&host).is_empty(), "nothing of them is kept");
    assert_eq!(member(&bed, "zhangliu"), Value::Null, "and nothing follows");
    let log = fs::read_to_string(bed.home().join("serve.log")).unwrap();
    for words in ["a request to a route is not WeCom", "the signature differs"] {
        assert!(log.contains(words), "the operator is told why: {words}: {log}");
    }
    for secret in [TOKEN, AES_KEY, CONTACTS_TOKEN, CONTACTS_KEY, API_KEY] {
        assert!(!log.contains(secret), "a secret was logged: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_proves_whose_a_host_is_stands_at_its_root_and_there_alone() {
    let bed = Bed::new().await;
    let control = bed.control();
    let (plain, with_content) = (control.ownership_file(), control.ownership_file());
    let spelled = format!("{}:other-content", with_content.name);
    let file = declare(
        &bed,
        &[
            configured(&bed, "acme", &json!({"domainProof": plain.name})),
            configured(&bed, "other", &json!({"domainProof": spelled})),
        ],
    );
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let root = format!("http://{}", host.address);
    // The host asks the elements beside everything else, so a file is there a moment after the start.
    let files = [&plain, &with_content].map(|file| format!("/{}", file.name));
    until("both files are there", || files.iter().all(|file| host.get(file, &[]).status == 200));
    control.check_ownership(&root, &plain).await.unwrap();
    let refused = control.check_ownership(&root, &with_content).await.unwrap_err().to_string();
    assert!(refused.contains("another one"), "its content is the configured one: {refused}");
    let answer = host.get(&format!("/{}", with_content.name), &[]);
    assert_eq!((answer.status, &*answer.body), (200, "other-content"), "{answer:#?}");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    for path in [
        format!("/t/acme/{}", plain.name),
        format!("/a/{}", plain.name),
        format!("/{}", control.ownership_file().name),
        "/WW_verify_.txt".to_owned(),
    ] {
        assert_eq!(host.get(&path, &[]).status, 404, "{path}");
    }
    assert_eq!(host.post(&format!("/{}", plain.name), &[], "").status, 404);
}
