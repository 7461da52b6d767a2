//! The cards of those who have to decide, from the platform's request to a host that serves until the last of them is closed: what
//! people decide in the vendor's client comes back as events, and what these leave for later is done by the host.

use serde_json::{Value, json};
use wecom_simulator::{DEMO_AGENT_ID, Decision, Delivery, PURCHASE_TEMPLATE, Press, Receiver, corp::Callback};

use crate::{
    api::new_key,
    bed::Bed,
    web::{Answer, Serving, declare, serve, tenant, until},
};

const APP: Receiver = Receiver::App(DEMO_AGENT_ID);
const TOKEN: &str = "AppToken2026";
const AES_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A host with a tenant whose app hears of events, and the key of its platform.
struct Platform {
    bed: Bed,
    host: Serving,
    key: String,
}

impl Platform {
    async fn new() -> Self {
        let bed = Bed::new().await;
        let (key, entry) = new_key(&bed, "platform", &["approvals", "events"]);
        let mut configuration = bed.configuration();
        configuration["callback"] = json!({"token": TOKEN, "encodingAESKey": AES_KEY});
        let element = json!({"name": "org", "configuration": configuration});
        let file = declare(&bed, &[tenant(&bed, "acme", &json!({"element": element, "api_keys": [entry]}))]);
        let host = serve(&bed, &["--tenants", file.to_str().unwrap(), "-v"]);
        let address = format!("http://{}/t/acme/callback/wecom", host.address);
        bed.control().save_callback(APP, Callback::new(address, TOKEN, AES_KEY)).await.unwrap();
        Self { bed, host, key }
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let authorization = format!("Bearer {}", self.key);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.host.send(method, &format!("/t/acme/api/{path}"), &[("authorization", &authorization)], &body)
    }

    /// lisi asks for something, and these decide: nodes one after the other, each with its consent and members.
    fn submit(&self, nodes: &[(&str, &[&str])]) -> String {
        let node =
            |(consent, members): &(&str, &[&str])| json!({"kind": "approve", "consent": consent, "members": members});
        let money = json!({"plain": {"money": "700.50"}});
        let request = json!({
            "template": PURCHASE_TEMPLATE, "applicant": "lisi",
            "process": nodes.iter().map(node).collect::<Vec<_>>(),
            "fields": [{"id": "Money-1700000000001", "kind": "money", "titles": [], "value": money}],
            "summary": [[{"language": "zh-CN", "text": "显示器"}]],
        });
        let submitted = self.ask("POST", "approvals", &request);
        assert_eq!(submitted.status, 200, "{submitted:#?}");
        submitted.json()["number"].as_str().unwrap().to_owned()
    }

    /// Who knows and has to decide.
    fn notify(&self, number: &str) -> Value {
        let link = json!({"link": "https://app.example.com/orders/17"});
        let told = self.ask("POST", &format!("approvals/{number}/notify"), &link);
        assert_eq!(told.status, 200, "{told:#?}");
        told.json()["told"].clone()
    }

    /// What the button of each card of a member says: that of an open one is `Open`.
    fn cards(&self, member: &str) -> Vec<String> {
        let cards = self.bed.control().inbox(member).into_iter().filter_map(|received| received.card);
        cards.map(|card| card.replaced.unwrap_or_else(|| "Open".to_owned())).collect()
    }

    /// Waits until the members have these cards.
    #[track_caller]
    fn until_cards(&self, expected: &[(&str, &[&str])]) {
        for (member, cards) in expected {
            until(&format!("{member} has {cards:?}"), || self.cards(member) == *cards);
        }
    }

    /// All events were taken, and nothing went wrong on the way.
    async fn settled(&self) {
        self.bed.control().settled().await;
        let deliveries = self.bed.control().deliveries();
        assert!(deliveries.iter().all(|delivery| Delivery::status(delivery) == Some(200)), "{deliveries:#?}");
        let log = std::fs::read_to_string(self.bed.home().join("serve.log")).unwrap();
        for words in ["left to the next sync", "broke off", "not handled", "could not be kept"] {
            assert!(!log.contains(words), "{words}: {log}");
        }
    }

    fn changes(&self) -> Vec<(String, String)> {
        let events = self.ask("GET", "events?limit=200", &Value::Null).json()["events"].clone();
        let of_one = |event: &Value| {
            let change = &event["approval"];
            Some((change["number"].as_str()?.to_owned(), change["change"].as_str()?.to_owned()))
        };
        events.as_array().unwrap().iter().filter_map(of_one).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_decides_next_is_told_and_the_cards_of_the_others_are_closed() {
    let platform = Platform::new().await;
    let control = platform.bed.control();
    let number =
        platform.submit(&[("all", &["ZhangSan"]), ("any", &["wangwu", "zhaoliu"]), ("in-turn", &["sunqi", "zhouba"])]);
    assert_eq!(platform.notify(&number), json!(["ZhangSan"]));
    assert_eq!(platform.notify(&number), json!(["ZhangSan"]), "a repetition tells nobody twice");
    let card = control.inbox("ZhangSan").pop().unwrap();
    assert_eq!(card.content["card_type"], "button_interaction", "{}", card.content);
    let text = card.content.to_string();
    for words in ["700.50", "李四", "https://app.example.com/orders/17"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // A card has no key to be pressed: nobody decides but in the vendor's own client.
    assert!(control.press("ZhangSan", &card.id, &Press::key("approve")).is_err());
    platform.until_cards(&[("ZhangSan", &["Open"]), ("wangwu", &[]), ("zhaoliu", &[]), ("sunqi", &[])]);

    control.decide("ZhangSan", &number, &Decision::Agree("同意".to_owned())).unwrap();
    platform.until_cards(&[("ZhangSan", &["Approved"]), ("wangwu", &["Open"]), ("zhaoliu", &["Open"]), ("sunqi", &[])]);
    assert_eq!(platform.notify(&number), json!(["wangwu", "zhaoliu"]), "who was told by the event is known");

    control.decide("zhaoliu", &number, &Decision::Agree(String::new())).unwrap();
    let all = [("zhaoliu", &["Approved"][..]), ("wangwu", &["Approved"]), ("sunqi", &["Open"]), ("zhouba", &[])];
    platform.until_cards(&all);
    control.decide("sunqi", &number, &Decision::Agree(String::new())).unwrap();
    platform.until_cards(&[("sunqi", &["Approved"]), ("zhouba", &["Open"])]);
    control.decide("zhouba", &number, &Decision::Agree(String::new())).unwrap();
    platform.until_cards(&[("zhouba", &["Approved"]), ("ZhangSan", &["Approved"])]);
    platform.settled().await;
    let told = ["ZhangSan", "wangwu", "zhaoliu", "sunqi", "zhouba"].map(|member| platform.cards(member).len());
    assert_eq!(told, [1; 5], "each has one card");
    assert_eq!(platform.notify(&number), json!([]), "nobody has to decide any more");
    let changes = platform.changes();
    assert_eq!(changes.first(), Some(&(number.clone(), "submitted".to_owned())));
    assert_eq!(changes.iter().filter(|(of, change)| *of == number && change == "approved").count(), 4, "{changes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_ends_otherwise_closes_the_cards_with_what_happened() {
    let platform = Platform::new().await;
    let control = platform.bed.control();
    let submit = || {
        let number = platform.submit(&[("all", &["ZhangSan", "wangwu"]), ("all", &["zhaoliu"])]);
        assert_eq!(platform.notify(&number), json!(["ZhangSan", "wangwu"]));
        number
    };
    let rejected = submit();
    control.decide("wangwu", &rejected, &Decision::Reject("太贵".to_owned())).unwrap();
    platform.until_cards(&[("wangwu", &["Rejected"]), ("ZhangSan", &["Rejected"])]);
    let withdrawn = submit();
    control.withdraw("lisi", &withdrawn).unwrap();
    platform.until_cards(&[("wangwu", &["Rejected", "Withdrawn"]), ("ZhangSan", &["Rejected", "Withdrawn"])]);
    let transferred = submit();
    control.decide("ZhangSan", &transferred, &Decision::Transfer("sunqi".to_owned())).unwrap();
    platform.until_cards(&[
        ("ZhangSan", &["Rejected", "Withdrawn", "Transferred"]),
        ("wangwu", &["Rejected", "Withdrawn", "Open"]),
        ("sunqi", &["Open"]),
    ]);
    // Of one that nobody was told of nobody hears.
    let silent = platform.submit(&[("all", &["zhouba"]), ("all", &["zhaoliu"])]);
    control.decide("zhouba", &silent, &Decision::Agree(String::new())).unwrap();
    platform.settled().await;
    until("what was decided is known", || platform.changes().contains(&(silent.clone(), "approved".to_owned())));
    platform.until_cards(&[("zhouba", &[]), ("zhaoliu", &[])]);
}
