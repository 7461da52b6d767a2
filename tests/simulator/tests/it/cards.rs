//! Template cards: what each type must hold, and how an app changes one later (fact sheet sections 5.3 and 5.4).

use std::time::Duration;

use serde_json::{Value, json};
use wecom_simulator::{DEMO_AGENT_ID, Secret, corp};

use crate::bed::Bed;

const SEND: &str = "message/send";
const UPDATE: &str = "message/update_template_card";

/// A right card of each type.
fn card(kind: &str) -> Value {
    let action = json!({"type": 1, "url": "https://a.example"});
    let options = json!([{"id": "a", "text": "A", "is_checked": false}, {"id": "b", "text": "B", "is_checked": true}]);
    let submit = json!({"key": "submit", "text": "提交"});
    let own = match kind {
        "text_notice" => json!({"card_action": action}),
        "news_notice" => json!({"card_action": action, "card_image": {"url": "https://a.example/1.png"}}),
        "button_interaction" => json!({"task_id": "t1", "button_list": [
            {"text": "同意", "key": "approve"}, {"text": "驳回", "key": "reject"},
            {"text": "查看", "type": 1, "url": "https://a.example"},
        ]}),
        "vote_interaction" => json!({"task_id": "t1", "submit_button": submit,
            "checkbox": {"question_key": "q", "mode": 1, "option_list": options}}),
        "multiple_interaction" => json!({"task_id": "t1", "submit_button": submit,
            "select_list": [{"question_key": "q", "option_list": options}]}),
        _ => json!({}),
    };
    let mut card = json!({"card_type": kind, "main_title": {"title": "标题"}});
    card.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    card
}

fn message(card: &Value) -> Value {
    json!({"touser": "lisi", "msgtype": "template_card", "agentid": DEMO_AGENT_ID, "template_card": card})
}

async fn bed() -> Bed {
    let bed = Bed::start().await;
    bed.give_callback();
    bed
}

/// Each row changes one place of a right card (null takes it out).
#[tokio::test]
async fn a_card_holds_what_its_type_needs() {
    let menu = json!({"desc": "更多", "action_list": [{"text": "收起", "key": "k"}]});
    let same = json!({"action_list": [{"text": "a", "key": "k"}, {"text": "b", "key": "k"}]});
    let options = |count: usize| {
        (0..count).map(|n| json!({"id": n.to_string(), "text": "x", "is_checked": false})).collect::<Vec<_>>()
    };
    let rows: Vec<(&str, &str, Value, i64)> = vec![
        ("text_notice", "/card_type", json!("x"), 42031),
        ("text_notice", "/main_title", json!({}), 42033),
        ("text_notice", "/card_action", Value::Null, 42045),
        ("text_notice", "/card_action", json!({"type": 0}), 42045),
        ("text_notice", "/card_action", json!({"type": 1}), 42028),
        ("text_notice", "/card_action", json!({"type": 2}), 42030),
        ("text_notice", "/action_menu", menu.clone(), 42014),
        ("text_notice", "/horizontal_content_list", json!([{"value": "v"}]), 42027),
        ("text_notice", "/horizontal_content_list", json!([{"keyname": "k", "type": 1}]), 42028),
        ("text_notice", "/horizontal_content_list", json!([{"keyname": "k", "type": 2}]), 42029),
        ("text_notice", "/horizontal_content_list", json!([{"keyname": "k", "type": 3}]), 42050),
        ("text_notice", "/horizontal_content_list", json!(vec![json!({"keyname": "k"}); 7]), 42035),
        ("text_notice", "/jump_list", json!(vec![json!({"title": "t"}); 4]), 42042),
        ("news_notice", "/main_title", Value::Null, 42033),
        ("news_notice", "/card_image", Value::Null, 42044),
        ("news_notice", "/card_image", json!({}), 42044),
        ("news_notice", "/vertical_content_list", json!(vec![json!({"title": "t"}); 5]), 42036),
        ("button_interaction", "/task_id", Value::Null, 42014),
        ("button_interaction", "/task_id", json!("a b"), 42014),
        ("button_interaction", "/task_id", json!("x".repeat(129)), 42014),
        ("button_interaction", "/button_list", json!([]), 42038),
        ("button_interaction", "/button_list/0/text", Value::Null, 42038),
        ("button_interaction", "/button_list/0/key", Value::Null, 42039),
        ("button_interaction", "/button_list/0/key", json!("k".repeat(1025)), 42039),
        ("button_interaction", "/button_list/2/url", Value::Null, 42028),
        ("button_interaction", "/button_list", json!(vec![json!({"text": "t", "key": "k"}); 7]), 40058),
        ("button_interaction", "/action_menu", same, 42051),
        ("button_interaction", "/button_selection", json!({"option_list": options(1)}), 42043),
        ("button_interaction", "/button_selection", json!({"question_key": "q", "option_list": options(11)}), 42037),
        ("vote_interaction", "/checkbox", Value::Null, 42043),
        ("vote_interaction", "/checkbox/option_list", json!(options(21)), 42037),
        ("vote_interaction", "/checkbox/option_list", json!(options(20)), 0),
        ("vote_interaction", "/checkbox/option_list/0/is_checked", Value::Null, 40058),
        ("vote_interaction", "/checkbox/option_list/0/id", json!("b"), 42040),
        ("vote_interaction", "/checkbox/option_list/0/text", Value::Null, 42041),
        ("vote_interaction", "/submit_button", json!({"text": "t"}), 42046),
        ("multiple_interaction", "/submit_button", json!({"key": "k"}), 42049),
        ("multiple_interaction", "/select_list", json!([]), 42047),
        ("multiple_interaction", "/select_list/0/question_key", Value::Null, 42043),
    ];
    for (kind, pointer, value, expected) in rows {
        let bed = bed().await;
        let mut card = card(kind);
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        card.pointer_mut(parent).unwrap()[name] = value.clone();
        assert_eq!(bed.send_code(SEND, &message(&card)).await, expected, "{kind} {pointer} {value}");
    }
}

#[tokio::test]
async fn cards_that_report_presses_need_an_address_and_have_a_code() {
    let mut menu = card("text_notice");
    menu["task_id"] = json!("menu");
    menu["action_menu"] = json!({"action_list": [{"text": "收起", "key": "k"}]});
    for (card, code) in [
        (card("text_notice"), false),
        (card("news_notice"), false),
        (menu, true),
        (card("button_interaction"), true),
        (card("vote_interaction"), true),
        (card("multiple_interaction"), true),
    ] {
        let bed = Bed::start().await;
        let without = bed.send_code(SEND, &message(&card)).await;
        assert_eq!(without, if code { 43012 } else { 0 }, "without an address: {card}");
        bed.give_callback();
        let answer = bed.send(SEND, &message(&card)).await;
        assert_eq!((&answer["errcode"], answer["response_code"].is_string()), (&json!(0), code), "{card}");
        assert_eq!(bed.send_code(SEND, &message(&card)).await, if code { 42014 } else { 0 }, "a task id is used once");
    }
}

#[tokio::test]
async fn a_card_is_changed_once_for_each_code() {
    let bed = bed().await;
    bed.control.change(|corp| corp.add_app(corp::App::new(5, "other", Secret::new("s5")))).unwrap();
    let mut sent = message(&card("button_interaction"));
    sent["touser"] = json!("lisi|wangwu");
    let code = bed.send(SEND, &sent).await["response_code"].clone();
    let update = json!({
        "agentid": DEMO_AGENT_ID, "userids": ["LiSi", "Nobody", "zhouba"], "response_code": code,
        "button": {"replace_name": "已处理"},
    });
    let change = |name: &str, value: Value| {
        let mut changed = update.clone();
        changed[name] = value;
        changed
    };
    for (body, expected) in [
        (change("response_code", json!("x")), 60140),
        (change("response_code", Value::Null), 60140),
        (change("userids", json!([])), 82101),
        (change("userids", json!(["zhouba"])), 82102),
        (change("userids", json!("lisi")), 40058),
        (change("button", json!({})), 42020),
        (change("button", Value::Null), 40058),
        (change("agentid", json!(5)), 301002),
    ] {
        assert_eq!(bed.send_code(UPDATE, &body).await, expected, "{body}");
    }
    let token = bed.token_of("s5").await;
    let foreign = bed.post(&format!("{UPDATE}?access_token={token}"), &change("agentid", json!(5)).to_string()).await;
    assert_eq!(foreign["errcode"], 42015);

    let answer = bed.send(UPDATE, &update).await;
    assert_eq!((&answer["errcode"], &answer["invaliduser"]), (&json!(0), &json!(["nobody", "zhouba"])), "a list here");
    let state = |member: &str| bed.control.inbox(member)[0].card.clone().unwrap();
    assert_eq!((state("lisi").replaced.as_deref(), state("lisi").updates), (Some("已处理"), 1));
    assert_eq!(state("wangwu").updates, 0);
    assert_eq!(bed.send_code(UPDATE, &update).await, 60140, "a code works once");
}

#[tokio::test]
async fn a_whole_card_takes_the_place_of_another() {
    let bed = bed().await;
    let code = bed.send(SEND, &message(&card("vote_interaction"))).await["response_code"].clone();
    let new = |card: Value| json!({"agentid": "1000073", "atall": 1, "response_code": code, "template_card": card});
    let mut without = card("vote_interaction");
    without["submit_button"] = Value::Null;
    without["replace_text"] = json!("已投票");
    for (card, expected) in
        [(json!({}), 42031), (json!({"card_type": "text_notice", "main_title": {"title": "x"}}), 42045), (without, 0)]
    {
        assert_eq!(bed.send_code(UPDATE, &new(card.clone())).await, expected, "{card}");
    }
    let received = &bed.control.inbox("lisi")[0];
    assert_eq!(received.card.as_ref().unwrap().replaced.as_deref(), Some("已投票"));
    assert_eq!(received.content["replace_text"], "已投票");
}

#[tokio::test]
async fn a_code_lives_three_days_and_notices_have_no_buttons() {
    let bed = bed().await;
    let mut menu = card("text_notice");
    menu["task_id"] = json!("menu");
    menu["action_menu"] = json!({"action_list": [{"text": "收起", "key": "k"}]});
    let code = bed.send(SEND, &message(&menu)).await["response_code"].clone();
    let button = json!({"agentid": DEMO_AGENT_ID, "atall": 1, "response_code": code, "button": {"replace_name": "x"}});
    assert_eq!(bed.send_code(UPDATE, &button).await, 40058);
    bed.control.advance(Duration::from_secs(72 * 3600));
    let late =
        json!({"agentid": DEMO_AGENT_ID, "atall": 1, "response_code": code, "template_card": card("text_notice")});
    assert_eq!(bed.send_code(UPDATE, &late).await, 60140);
}
