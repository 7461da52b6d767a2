//! Cards for whoever decides, through the functions that the component serves, with WeCom on the other side.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
};

use organisation_kit::{
    capability::{Approvals as _, Callbacks as _},
    contract::{
        call::Budget,
        callbacks::FollowUpTask,
        http::{self, HttpError, Request, Response},
        storage::StorageError,
        types::{Body, Reason},
    },
    directory::follow_up::task,
    failure::Failure,
    platform::Platform as _,
    vendor::Vendor as _,
};
use serde_json::{Value, json};

use super::UPDATE_TO_DO;
use crate::{
    config::Config,
    fake::{self, FakePlatform, errcode, lost, ok, path},
    wecom::WeCom,
};

mod failure;

const NUMBER: &str = "202601080001";
const LINK: &str = "https://app.example.com/a/1?x=1#top";
const HOUR_MS: u64 = 3_600_000;

type Answer = Result<Response, HttpError>;

/// Who decides, with what.
type Members<'a> = &'a [(&'a str, u64)];
/// A node: status, consent and its members.
type Step<'a> = (u64, u64, Members<'a>);

fn request(status: u64, steps: &[Step<'_>]) -> Value {
    let node = |(status, consent, members): &Step<'_>| {
        let member = |(id, decided): &(&str, u64)| json!({ "userid": id, "sp_yj": decided, "speech": "", "sptime": 0 });
        let members: Vec<Value> = members.iter().map(member).collect();
        // Whoever is only told has no consent, and no status.
        match consent {
            0 => json!({ "node_type": 2, "sub_node_list": members }),
            _ => json!({ "node_type": 1, "sp_status": status, "apv_rel": consent, "sub_node_list": members }),
        }
    };
    json!({ "errcode": 0, "errmsg": "ok", "info": {
        "sp_no": NUMBER, "sp_name": "采购申请", "sp_status": status, "template_id": "T", "apply_time": 1_767_862_800,
        "applyer": { "userid": "zhangsan", "partyid": "31" },
        "apply_data": { "contents": [
            { "control": "Money", "id": "Money-1", "title": [{ "text": "金额", "lang": "zh_CN" }],
              "value": { "new_money": "700.50" } },
            { "control": "Text", "id": "Text-1", "title": [{ "text": "事由", "lang": "zh_CN" }],
              "value": { "text": format!("$userName=boss$\n{}", "长".repeat(60)) } },
        ] },
        "process_list": { "node_list": steps.iter().map(node).collect::<Vec<Value>>() },
    } })
}

/// WeCom, whose one request a test changes, and which answers messages and updates as told.
struct Side {
    fake: FakePlatform,
    request: Rc<RefCell<Value>>,
    config: Config,
    /// Of each call.
    wall_ms: Cell<u64>,
}

fn body(request: &Request) -> Value {
    let Some(Body::Text(text)) = &request.body else { panic!("{request:?}") };
    serde_json::from_str(text).unwrap()
}

fn taken(card: &Value) -> Answer {
    let code = card["template_card"]["task_id"].as_str().map(|id| format!("rc-{id}"));
    ok(json!({ "errcode": 0, "errmsg": "ok", "msgid": "m", "response_code": code }).to_string())
}

fn updated() -> Answer {
    ok(r#"{"errcode":0,"errmsg":"ok"}"#)
}

impl Side {
    fn new(status: u64, steps: &[Step<'_>]) -> Self {
        Self::answering(status, steps, taken, updated)
    }

    fn answering(
        status: u64,
        steps: &[Step<'_>],
        send: impl Fn(&Value) -> Answer + 'static,
        update: impl Fn() -> Answer + 'static,
    ) -> Self {
        let fake = FakePlatform::new();
        let stands = Rc::new(RefCell::new(request(status, steps)));
        let shown = stands.clone();
        fake.serve(move |asked| match path(asked).as_str() {
            "/cgi-bin/gettoken" => ok(r#"{"errcode":0,"access_token":"t0ken-1","expires_in":7200}"#),
            "/cgi-bin/oa/getapprovaldetail" => ok(shown.borrow().to_string()),
            "/cgi-bin/message/send" => send(&body(asked)),
            "/cgi-bin/message/update_template_card" => update(),
            path => panic!("{path}"),
        });
        let callback =
            r#","callback":{"token":"simTok3n2026","encodingAESKey":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}}"#;
        let document = fake::document();
        let config = Config::parse(&format!("{}{callback}", document.strip_suffix('}').unwrap())).unwrap();
        Self { fake, request: stands, config, wall_ms: Cell::new(60_000) }
    }

    fn without_callback(mut self) -> Self {
        self.config = fake::config();
        self
    }

    fn stands(&self, status: u64, steps: &[Step<'_>]) {
        *self.request.borrow_mut() = request(status, steps);
    }

    /// Begins another call of the component.
    fn call(&self) {
        self.fake.set_budget(Budget { wall_ms: self.wall_ms.get(), ..self.fake.remaining() });
    }

    fn notify(&self, link: Option<&str>) -> Result<Vec<String>, Failure> {
        self.call();
        WeCom::notify(&WeCom::client(&self.fake, &self.config), NUMBER, link)
    }

    fn follow_up(&self) -> Result<Vec<FollowUpTask>, Failure> {
        self.call();
        let client = WeCom::client(&self.fake, &self.config);
        WeCom::follow_up(&self.fake, &self.config, &client, &task(UPDATE_TO_DO, NUMBER))
    }

    fn sent(&self, api: &str) -> Vec<Value> {
        let requests = self.fake.requests.borrow();
        requests.iter().filter(|request| path(request).ends_with(api)).map(body).collect()
    }

    /// Who was sent a card, in order.
    fn told(&self) -> Vec<String> {
        self.sent("message/send").iter().map(|body| body["touser"].as_str().unwrap().to_owned()).collect()
    }

    /// Whose card was updated, and to what.
    fn updates(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let read = |body: &Value| (text(&body["userids"][0]), text(&body["button"]["replace_name"]));
        self.sent("update_template_card").iter().map(read).collect()
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, words)| ((*id).to_owned(), (*words).to_owned())).collect()
}

const ALL: u64 = 1;
const ANY: u64 = 2;
const IN_TURN: u64 = 3;
/// Whoever is only told.
const COPY: u64 = 0;

#[test]
fn whoever_decides_now_is_told_and_nobody_else() {
    for (name, status, steps, told) in [
        ("all of a node", 1, &[(1, ALL, &[("a", 1), ("b", 1)][..]), (1, ALL, &[("c", 1)][..])][..], &["a", "b"][..]),
        ("all, of whom one agreed", 1, &[(1, ALL, &[("a", 2), ("b", 1)])], &["b"]),
        ("any of a node", 1, &[(1, ANY, &[("a", 1), ("b", 1)])], &["a", "b"]),
        ("one after the other", 1, &[(1, IN_TURN, &[("a", 2), ("b", 1), ("c", 1)])], &["b"]),
        ("the next node", 1, &[(2, ALL, &[("a", 2)]), (0, COPY, &[("x", 0)]), (1, ALL, &[("c", 1)])], &["c"]),
        ("a node that any of them ended", 1, &[(2, ANY, &[("a", 2), ("b", 1)]), (1, ALL, &[("c", 1)])], &["c"]),
        ("whoever it was transferred to", 1, &[(1, ANY, &[("a", 4), ("b", 1)])], &["b"]),
        ("a request that is over", 3, &[(1, ALL, &[("a", 1)])], &[]),
        ("a request without a process", 1, &[], &[]),
    ] {
        let side = Side::new(status, steps);
        assert_eq!(side.notify(Some(LINK)).unwrap(), told, "{name}");
        assert_eq!(side.told(), told, "{name}");
    }
}

#[test]
fn a_card_says_what_is_asked_for_and_leads_to_the_page() {
    let side = Side::new(1, &[(1, ALL, &[("a", 1)])]);
    side.notify(Some(LINK)).unwrap();
    let sent = side.sent("message/send").remove(0);
    assert_eq!((&sent["touser"], &sent["enable_id_trans"]), (&json!("a"), &json!(1)));
    let card = &sent["template_card"];
    assert_eq!(card["card_type"], "button_interaction");
    assert_eq!(card["main_title"]["title"], "采购申请");
    // A press opens the page and tells the app nothing.
    let button = &card["button_list"][0];
    assert_eq!((&button["type"], &button["url"], &button["key"]), (&json!(1), &json!(LINK), &Value::Null));
    assert_eq!(card["card_action"], json!({ "type": 1, "url": LINK }));
    let rows: Vec<_> = card["horizontal_content_list"].as_array().unwrap().iter().map(|row| &row["value"]).collect();
    let reason = rows[2].as_str().unwrap();
    assert_eq!(rows[..2], [&json!("$userName=zhangsan$"), &json!("700.50")]);
    // What the applicant wrote is cut, and no id in it is replaced.
    assert!(reason.chars().count() == 30 && reason.ends_with('…') && !reason.contains(['$', '\n']), "{reason}");
    // The code is a secret of a kind, and stays as long as it is good.
    let key = side.fake.keys("to-do/").remove(0);
    assert_eq!((side.fake.is_sealed(&key), side.fake.ttl_ms(&key)), (Some(true), Some(72 * HOUR_MS)));
    assert!(!key.contains(NUMBER));
}

#[test]
fn without_a_route_the_card_is_a_notice_and_is_told_once() {
    let side = Side::new(1, &[(1, ALL, &[("a", 1)])]).without_callback();
    for _ in 0..2 {
        assert_eq!(side.notify(Some(LINK)).unwrap(), ["a"]);
    }
    let sent = side.sent("message/send");
    assert_eq!((sent.len(), &sent[0]["template_card"]["card_type"]), (1, &json!("text_notice")));
    assert_eq!(sent[0]["template_card"]["task_id"], Value::Null);
    side.stands(1, &[(2, ALL, &[("a", 2)]), (1, ALL, &[("b", 1)])]);
    assert_eq!(side.notify(None).unwrap(), ["b"]);
    assert_eq!((side.told(), side.updates()), (vec!["a".to_owned(), "b".to_owned()], vec![]));
    assert_eq!(side.sent("message/send")[1]["template_card"]["card_action"]["url"], LINK, "the one of the time before");
}

#[test]
fn a_link_leads_to_the_app() {
    for link in [
        "https://evil.example.org/a",
        "https://app.example.com.evil.org/",
        "https://u:p@app.example.com/",
        "javascript:alert(1)",
        "https://app.example.com/a b",
        "https://app.example.com/#\u{1F600}",
        &format!("https://app.example.com/{}", "a".repeat(2_048)),
        "",
    ] {
        let side = Side::new(1, &[(1, ALL, &[("a", 1)])]);
        let Reason::InvalidArgument(problem) = side.notify(Some(link)).unwrap_err().into_details().reason else {
            panic!("{link}")
        };
        assert_eq!((problem.path.as_str(), side.fake.requests.borrow().len()), ("link", 0), "{link}");
    }
    let side = Side::new(1, &[(1, ALL, &[("a", 1)])]);
    side.notify(None).unwrap();
    let url = side.sent("message/send")[0]["template_card"]["card_action"]["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://open.weixin.qq.com/") && url.contains("app.example.com"), "{url}");
}

#[test]
fn cards_are_updated_to_what_happened_and_the_next_are_told() {
    let (one, two): (Members<'_>, Members<'_>) = (&[("a", 1), ("b", 1)], &[("c", 1)]);
    for (name, consent, status, after, updates, told) in [
        (
            "one of all agrees",
            ALL,
            1,
            &[(1, ALL, &[("a", 2), ("b", 1)][..]), (1, ALL, two)][..],
            &[("a", "已同意 / Approved")][..],
            &[][..],
        ),
        (
            "all agreed",
            ALL,
            1,
            &[(2, ALL, &[("a", 2), ("b", 2)]), (1, ALL, two)],
            &[("a", "已同意 / Approved"), ("b", "已同意 / Approved")],
            &["c"],
        ),
        (
            "one of any agrees",
            ANY,
            1,
            &[(2, ANY, &[("a", 1), ("b", 2)]), (1, ALL, two)],
            &[("a", "已同意 / Approved"), ("b", "已同意 / Approved")],
            &["c"],
        ),
        (
            "rejected",
            ALL,
            3,
            &[(3, ALL, &[("a", 3), ("b", 1)]), (1, ALL, two)],
            &[("a", "已驳回 / Rejected"), ("b", "已驳回 / Rejected")],
            &[],
        ),
        (
            "transferred",
            ALL,
            1,
            &[(1, ALL, &[("a", 4), ("d", 1), ("b", 1)]), (1, ALL, two)],
            &[("a", "已转交 / Transferred")],
            &["d"],
        ),
        (
            "withdrawn",
            ALL,
            4,
            &[(1, ALL, one), (1, ALL, two)],
            &[("a", "已撤回 / Withdrawn"), ("b", "已撤回 / Withdrawn")],
            &[],
        ),
        (
            "something nobody heard of",
            ALL,
            99,
            &[(99, ALL, &[("a", 98), ("b", 99)])],
            &[("a", "已处理 / Done"), ("b", "已处理 / Done")],
            &[],
        ),
    ] {
        let side = Side::new(1, &[(1, consent, one), (1, ALL, two)]);
        side.notify(Some(LINK)).unwrap();
        side.stands(status, after);
        // Events come several times.
        for _ in 0..3 {
            assert_eq!(side.follow_up(), Ok(vec![]), "{name}");
        }
        assert_eq!(side.updates(), pairs(updates), "{name}");
        assert_eq!(side.told(), [&["a", "b"], told].concat(), "{name}");
        let codes: Vec<Value> =
            side.sent("update_template_card").iter().map(|body| body["response_code"].clone()).collect();
        let sent = side.sent("message/send");
        for (code, (member, _)) in codes.iter().zip(updates) {
            let card = sent.iter().find(|card| card["touser"] == *member).unwrap();
            assert_eq!(*code, format!("rc-{}", card["template_card"]["task_id"].as_str().unwrap()), "{name}");
        }
        // Of a request that is over nothing is left.
        assert_eq!(side.fake.keys("to-do/").len(), usize::from(status == 1), "{name}");
    }
}

#[test]
fn whoever_gets_it_back_is_told_again() {
    let (first, second): (Step<'_>, Step<'_>) = ((1, ALL, &[("a", 1)]), (1, ALL, &[("b", 1)]));
    let side = Side::new(1, &[first, second]);
    side.notify(Some(LINK)).unwrap();
    side.stands(1, &[(2, ALL, &[("a", 2)]), second]);
    side.follow_up().unwrap();
    side.stands(1, &[first, (11, ALL, &[("b", 11)])]);
    side.follow_up().unwrap();
    assert_eq!(side.told(), ["a", "b", "a"]);
    assert_eq!(side.updates(), pairs(&[("a", "已同意 / Approved"), ("b", "已退回 / Returned")]));
    let sent = side.sent("message/send");
    assert_ne!(sent[0]["template_card"]["task_id"], sent[2]["template_card"]["task_id"], "WeCom takes one only once");
}

#[test]
fn nobody_is_told_by_a_follow_up_where_nobody_asked() {
    let side = Side::new(1, &[(1, ALL, &[("a", 1)])]);
    assert_eq!(side.follow_up(), Ok(vec![]));
    assert_eq!(side.fake.requests.borrow().len(), 0);
    side.notify(Some(LINK)).unwrap();
    side.fake.advance_ms(72 * HOUR_MS);
    side.stands(2, &[(2, ALL, &[("a", 2)])]);
    assert_eq!(side.follow_up(), Ok(vec![]));
    assert_eq!(side.updates(), [], "a code that is too old");
}

#[test]
fn whoever_does_not_get_messages_is_left_out() {
    let send = |card: &Value| match card["touser"].as_str() {
        Some("a") => errcode(81_013, "all invalid"),
        Some("b") => ok(r#"{"errcode":0,"msgid":"m","unlicenseduser":"b"}"#),
        _ => taken(card),
    };
    let side = Side::answering(1, &[(1, ALL, &[("a", 1), ("b", 1), ("c", 1)])], send, updated);
    assert_eq!(side.notify(Some(LINK)).unwrap(), ["c"]);
    assert_eq!(side.told(), ["a", "b", "c"]);
}

#[test]
fn an_app_that_the_console_has_no_address_for_learns_it() {
    let side = Side::answering(1, &[(1, ALL, &[("a", 1)])], |_| errcode(43_012, "no callback"), updated);
    let failure = side.notify(Some(LINK)).unwrap_err();
    assert_eq!((failure.reason.clone(), failure.vendor_code), (Reason::NotPermitted, Some(43_012)));
}

#[test]
fn of_many_deciders_so_many_are_told_as_the_record_holds() {
    let ids: Vec<String> = (0..130).map(|id| format!("m{id}")).collect();
    let members: Vec<(&str, u64)> = ids.iter().map(|id| (id.as_str(), 1)).collect();
    let side = Side::new(1, &[(1, ALL, &members)]);
    assert_eq!(side.notify(Some(LINK)).unwrap().len(), 100);
    side.notify(Some(LINK)).unwrap();
    assert_eq!(side.told().len(), 100);
}

#[test]
fn whoever_dies_at_any_write_leaves_nobody_untold_and_nobody_told_twice() {
    for dies_at in 0.. {
        let side = Side::new(1, &[(1, ALL, &[("a", 1), ("b", 1)])]);
        let (touched, hit) = (Cell::new(0), Rc::new(Cell::new(false)));
        let seen = hit.clone();
        side.fake.before_storage(move |_, _| {
            touched.set(touched.get() + 1);
            seen.set(seen.get() || touched.get() > dies_at);
            if touched.get() > dies_at { Err(StorageError::Unavailable(false)) } else { Ok(()) }
        });
        let first = side.notify(Some(LINK));
        side.fake.clear_hooks();
        // As long as the lease of the dead lasts.
        side.fake.advance_ms(200_000);
        assert_eq!(side.notify(Some(LINK)).unwrap(), ["a", "b"], "{dies_at}");
        let mut sent = side.sent("message/send");
        sent.dedup();
        let to: Vec<_> = sent.iter().map(|card| card["touser"].as_str().unwrap().to_owned()).collect();
        assert_eq!(to, ["a", "b"], "{dies_at}: a repetition is the very same request, which WeCom drops");
        if !hit.get() {
            assert_eq!(first.unwrap(), ["a", "b"]);
            break;
        }
    }
}

#[test]
fn the_next_are_told_also_where_both_nodes_are_as_large_as_the_record() {
    let ids: Vec<String> = (0..200).map(|id| format!("m{id}")).collect();
    let members =
        |range: Range<usize>, decided| ids[range].iter().map(|id| (id.as_str(), decided)).collect::<Vec<(&str, u64)>>();
    let (one, two) = (members(0..100, 1), members(100..200, 1));
    let side = Side::new(1, &[(1, ALL, &one), (1, ALL, &two)]);
    side.notify(Some(LINK)).unwrap();
    let agreed = members(0..100, 2);
    side.stands(1, &[(2, ALL, &agreed), (1, ALL, &two)]);
    assert_eq!(side.follow_up(), Ok(vec![]));
    assert_eq!((side.updates().len(), side.told().len()), (100, 200));
    assert_eq!(side.told()[100..], ids[100..]);
}

#[test]
fn of_a_request_that_is_gone_nothing_is_kept() {
    let side = Side::new(1, &[(1, ALL, &[("a", 1)])]);
    side.notify(Some(LINK)).unwrap();
    side.request.borrow_mut()["errcode"] = json!(301_025);
    assert_eq!(side.follow_up(), Ok(vec![]));
    assert_eq!((side.updates().len(), side.fake.keys("to-do/").len()), (0, 0));
}

#[test]
fn a_number_that_is_none_is_refused() {
    let side = Side::new(1, &[]);
    for number in ["", &"1".repeat(129)] {
        let failure = WeCom::notify(&WeCom::client(&side.fake, &side.config), number, None).unwrap_err();
        assert!(matches!(&failure.reason, Reason::InvalidArgument(problem) if problem.path == "number"));
    }
    side.request.borrow_mut()["errcode"] = json!(301_025);
    assert_eq!(side.notify(Some(LINK)).unwrap_err().reason, Reason::NotFound);
}
