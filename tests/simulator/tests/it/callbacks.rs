//! Callbacks over real HTTP: the check of an address, deliveries with their attempts, replies, and every event
//! (fact sheet section 7).

use std::time::Duration;

use serde_json::json;
use wecom_simulator::corp::{Callback, Member};
use wecom_simulator::{
    Attempt, CallbackError, DEMO_AGENT_ID, DEMO_CORP_ID, Event, Exports, Order, Press, PressError, Receiver, Reply,
};

use crate::bed::{Bed, KEY, START};
use crate::receiver::{Act, Listener};

const APP: Receiver = Receiver::App(DEMO_AGENT_ID);

/// A bed whose app has an address that listens.
async fn bed() -> (Bed, Listener) {
    let (bed, listener) = (Bed::start().await, Listener::start().await);
    bed.control.save_callback(APP, listener.callback()).await.unwrap();
    (bed, listener)
}

fn reply(inner: &str) -> String {
    format!(
        "<xml><ToUserName>lisi</ToUserName><FromUserName>{DEMO_CORP_ID}</FromUserName><CreateTime>1</CreateTime>{inner}</xml>"
    )
}

#[tokio::test]
async fn an_address_is_saved_when_it_answers_the_check() {
    let (bed, listener) = (Bed::start().await, Listener::start().await);
    for (act, expected) in [
        (Act::Say("\"1\"".to_owned()), "the answer is not the decrypted text alone"),
        (Act::Say("success".to_owned()), "the answer is not the decrypted text alone"),
        (Act::Status(204), "it answered HTTP 204"),
        (Act::Silence, "no answer within 10ms"),
    ] {
        // Whoever is silent is so for ever, and whoever answers has the time that the platform gives.
        if matches!(act, Act::Silence) {
            bed.control.configure(|behaviour| behaviour.callbacks.check_timeout = Duration::from_millis(10));
        }
        listener.will([act.clone()]);
        let refused = bed.control.save_callback(APP, listener.callback()).await;
        assert!(matches!(&refused, Err(CallbackError::Check(why)) if why.contains(expected)), "{act:?}: {refused:?}");
    }
    bed.control.configure(|behaviour| behaviour.callbacks.check_timeout = Duration::from_secs(60));
    let foreign = Callback::new("http://app.example.com/", "token", KEY);
    assert!(matches!(bed.control.save_callback(APP, foreign).await, Err(CallbackError::NotLoopback(_))));
    let nobody = bed.control.emit(APP, &Event::enter_agent("lisi"));
    assert_eq!(nobody, Err(CallbackError::NoAddress), "nothing was saved so far");
    for receiver in [APP, Receiver::Contacts] {
        bed.control.save_callback(receiver, listener.callback()).await.unwrap();
    }
    assert!(bed.control.save_callback(Receiver::App(5), listener.callback()).await.is_err(), "no such app");
}

#[tokio::test]
async fn a_delivery_is_signed_encrypted_and_answered() {
    let (bed, listener) = bed().await;
    let delivery = bed.control.deliver(APP, &Event::text_message("lisi", "你好")).await.unwrap();
    assert_eq!(
        (delivery.status(), delivery.body(), &delivery.reply),
        (Some(200), Some("success"), &Reply::Acknowledged)
    );
    let came = listener.came();
    assert_eq!(came.len(), 1);
    assert_eq!(came[0].message, delivery.message);
    let head = format!(
        "<xml><ToUserName><![CDATA[{DEMO_CORP_ID}]]></ToUserName><FromUserName><![CDATA[lisi]]></FromUserName>\
         <CreateTime>{}</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[你好]]></Content><MsgId>",
        START / 1000
    );
    assert!(came[0].message.starts_with(&head) && came[0].message.ends_with("<AgentID>1000073</AgentID></xml>"));
    assert!(came[0].body.contains("<AgentID><![CDATA[1000073]]></AgentID>"));

    let again = bed.control.deliver_again(delivery.id).await.unwrap();
    assert!(again.id != delivery.id && listener.came() == came, "the same request, byte for byte");

    bed.control.configure(|behaviour| behaviour.callbacks.encrypt_first = true);
    bed.control.deliver(APP, &Event::click("lisi", "k")).await.unwrap();
    assert!(listener.came()[0].body.contains("</ToUserName><Encrypt>"));
    bed.control.configure(|behaviour| behaviour.callbacks.json = true);
    bed.control.deliver(APP, &Event::click("lisi", "k")).await.unwrap();
    let came = listener.came();
    let inner: serde_json::Value = serde_json::from_str(&came[0].message).unwrap();
    assert_eq!(
        (&inner["Event"], &inner["EventKey"], &inner["AgentID"]),
        (&json!("click"), &json!("k"), &json!(1000073))
    );
    assert!(came[0].body.starts_with("{\"AgentID\":\"1000073\",\"Encrypt\":"));
}

#[tokio::test]
async fn a_failed_delivery_is_attempted_three_times() {
    for (acts, fresh, statuses) in [
        (vec![Act::Status(500), Act::Status(404)], false, vec![Some(500), Some(404), Some(200)]),
        (vec![Act::Status(302)], true, vec![Some(302), Some(200)]),
        (vec![Act::Silence; 4], false, vec![None; 3]),
        (vec![Act::Status(500); 4], false, vec![Some(500); 3]),
        (vec![Act::Status(204)], false, vec![Some(204)]),
    ] {
        let (bed, listener) = bed().await;
        bed.control.configure(|behaviour| {
            let silent = matches!(acts[0], Act::Silence);
            behaviour.callbacks.timeout = if silent { Duration::from_millis(50) } else { Duration::from_secs(60) };
            behaviour.callbacks.fresh_signatures = fresh;
        });
        listener.will(acts.clone());
        let delivery = bed.control.deliver(APP, &Event::enter_agent("lisi")).await.unwrap();
        let got: Vec<Option<u16>> = delivery
            .attempts
            .iter()
            .map(|attempt| match attempt {
                Attempt::Answered { status, .. } => Some(*status),
                Attempt::TimedOut => None,
                Attempt::Failed(why) => panic!("{why}"),
            })
            .collect();
        assert_eq!(got, statuses, "{acts:?}");
        let came = listener.came();
        assert!(
            came.windows(2).all(|two| (two[0].uri == two[1].uri) != fresh && two[0].body == two[1].body),
            "{acts:?}"
        );
    }
    let bed = Bed::start().await;
    bed.give_callback();
    let delivery = bed.control.deliver(APP, &Event::enter_agent("lisi")).await.unwrap();
    assert!(delivery.attempts.len() == 3 && delivery.attempts.iter().all(|one| matches!(one, Attempt::Failed(_))));
    assert_eq!((delivery.status(), delivery.done), (None, true));
}

#[tokio::test]
async fn duplicates_and_another_order_on_request() {
    let (bed, listener) = bed().await;
    bed.control.configure(|behaviour| behaviour.callbacks.duplicates = 1);
    bed.control.hold_callbacks();
    for key in ["a", "b"] {
        bed.control.emit(APP, &Event::click("lisi", key)).unwrap();
    }
    bed.control.settled().await;
    assert!(listener.came().is_empty(), "held");
    bed.control.release_callbacks(Order::Reversed);
    bed.control.settled().await;
    let keys: Vec<bool> = listener.came().iter().map(|came| came.message.contains("[CDATA[a]]")).collect();
    assert_eq!(keys, [false, false, true, true], "b twice, then a twice");
    assert!(bed.control.deliveries().iter().all(|delivery| delivery.done));
}

#[tokio::test]
async fn a_reply_takes_effect_only_where_it_may() {
    let text = reply("<MsgType>text</MsgType><Content><![CDATA[收到]]></Content>");
    let button = reply("<MsgType>update_button</MsgType><Button><ReplaceName>已处理</ReplaceName></Button>");
    for (event, act, expected, received) in [
        (Event::text_message("lisi", "x"), Act::Reply(text.clone()), "Honoured", 1),
        (Event::click("lisi", "x"), Act::Reply(text.clone()), "Honoured", 1),
        (Event::click("lisi", "x"), Act::Reply(button), "Refused", 0),
        (Event::new("sys_approval_change", "sys"), Act::Reply(text.clone()), "Ignored", 0),
        (Event::text_message("lisi", "x"), Act::ForeignReply(text.clone()), "Refused", 0),
        (Event::text_message("lisi", "x"), Act::Say(text.clone()), "Refused", 0),
        (Event::text_message("lisi", "x"), Act::Say("ok".to_owned()), "Refused", 0),
        (Event::text_message("lisi", "x"), Act::Reply(text.replace(DEMO_CORP_ID, "other")), "Refused", 0),
        (Event::text_message("lisi", "x"), Act::Say(String::new()), "Acknowledged", 0),
    ] {
        let (bed, listener) = bed().await;
        listener.will([act.clone()]);
        let delivery = bed.control.deliver(APP, &event).await.unwrap();
        assert!(format!("{:?}", delivery.reply).starts_with(expected), "{act:?}: {:?}", delivery.reply);
        let inbox = bed.control.inbox("lisi");
        assert_eq!(inbox.len(), received, "{act:?}");
        assert!(inbox.iter().all(|one| one.content == json!({"content": "收到"}) && one.app == DEMO_AGENT_ID));
    }
}

/// A card with two buttons and a menu, sent to lisi; its message id and its code.
async fn send_card(bed: &Bed) -> (String, String) {
    let body = json!({
        "touser": "lisi", "msgtype": "template_card", "agentid": DEMO_AGENT_ID,
        "template_card": {
            "card_type": "button_interaction", "main_title": {"title": "请假"}, "task_id": "t1",
            "button_list": [{"text": "同意", "key": "yes"}, {"text": "查看", "type": 1, "url": "https://a.example", "key": "see"}],
            "button_selection": {"question_key": "q", "option_list": [{"id": "1", "text": "a"}, {"id": "2", "text": "b"}]},
            "action_menu": {"action_list": [{"text": "收起", "key": "fold"}]},
        },
    });
    let answer = bed.send("message/send", &body).await;
    (answer["msgid"].as_str().unwrap().to_owned(), answer["response_code"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_press_is_told_and_its_code_changes_the_card() {
    let (bed, listener) = bed().await;
    let (message, _) = send_card(&bed).await;
    let press = |key: &str| bed.control.press("LISI", &message, &Press::key(key));
    for (key, expected) in [("no", "no"), ("see", "see")] {
        assert_eq!(press(key), Err(PressError::NoKey(expected.to_owned())));
    }
    for options in [&["3"][..], &["1", "2"]] {
        let chosen = bed.control.press("lisi", &message, &Press::key("yes").choosing("q", options));
        assert_eq!(chosen, Err(PressError::NoOption("q".to_owned())), "one of those that are offered");
    }
    assert!(matches!(bed.control.press("wangwu", &message, &Press::key("yes")), Err(PressError::NotReceived { .. })));

    let pressed = bed.control.press("lisi", &message, &Press::key("yes").choosing("q", &["2"])).unwrap();
    let delivery = bed.control.delivered(pressed.delivery.unwrap()).await;
    let expected = format!(
        "<Event><![CDATA[template_card_event]]></Event><EventKey><![CDATA[yes]]></EventKey><TaskId><![CDATA[t1]]></TaskId>\
         <CardType><![CDATA[button_interaction]]></CardType><ResponseCode><![CDATA[{}]]></ResponseCode>\
         <SelectedItems><SelectedItem><QuestionKey><![CDATA[q]]></QuestionKey><OptionIds><OptionId><![CDATA[2]]></OptionId>\
         </OptionIds></SelectedItem></SelectedItems><AgentID>1000073</AgentID></xml>",
        pressed.response_code
    );
    assert!(
        delivery.message.ends_with(&expected) && listener.came()[0].message == delivery.message,
        "{}",
        delivery.message
    );

    let menu = press("fold").unwrap();
    let delivery = bed.control.delivered(menu.delivery.unwrap()).await;
    assert!(delivery.event == "template_card_menu_event" && !delivery.message.contains("SelectedItems"));

    let update = json!({
        "agentid": DEMO_AGENT_ID, "userids": ["lisi"], "response_code": pressed.response_code,
        "button": {"replace_name": "已同意"},
    });
    assert_eq!(bed.send_code("message/update_template_card", &update).await, 0);
    assert_eq!(press("yes"), Err(PressError::NoKey("yes".to_owned())), "the buttons are gone");
    assert!(press("fold").is_ok(), "the menu stays");
    let state = bed.control.inbox("lisi")[0].card.clone().unwrap();
    assert_eq!(
        (state.replaced.as_deref(), state.presses),
        (Some("已同意"), ["yes", "fold", "fold"].map(String::from).to_vec())
    );
    bed.send("message/recall", &json!({"msgid": message})).await;
    assert_eq!(press("fold"), Err(PressError::NoCard(message.clone())));
}

#[tokio::test]
async fn a_reply_to_a_card_event_counts_only_when_switched_on() {
    let button = reply("<MsgType>update_button</MsgType><Button><ReplaceName>已处理</ReplaceName></Button>");
    let card = reply(
        "<MsgType>update_template_card</MsgType><TemplateCard><CardType>text_notice</CardType>\
         <MainTitle><Title>新</Title></MainTitle></TemplateCard>",
    );
    let empty = reply("<MsgType>update_template_card</MsgType>");
    for (key, switched, inner, updates, kind) in [
        ("fold", false, &empty, 0, "button_interaction"),
        ("yes", false, &button, 0, "button_interaction"),
        ("yes", true, &button, 1, "button_interaction"),
        ("fold", false, &button, 1, "button_interaction"),
        ("fold", false, &card, 1, "text_notice"),
    ] {
        let (bed, listener) = bed().await;
        bed.control.configure(|behaviour| behaviour.callbacks.card_event_replies = switched);
        let (message, _) = send_card(&bed).await;
        listener.will([Act::Reply(inner.clone())]);
        let pressed = bed.control.press("lisi", &message, &Press::key(key)).unwrap();
        bed.control.delivered(pressed.delivery.unwrap()).await;
        let received = &bed.control.inbox("lisi")[0];
        assert_eq!(received.card.as_ref().unwrap().updates, updates, "{key}, switched: {switched}");
        assert_eq!(received.content["card_type"], kind, "{key}");
    }
}

#[tokio::test]
async fn contacts_go_to_the_contacts_address_and_the_range_to_the_app() {
    let (bed, app) = bed().await;
    let contacts = Listener::start().await;
    bed.control.save_callback(Receiver::Contacts, contacts.callback()).await.unwrap();
    bed.control.change(|corp| corp.add_member(Member::new("Neu", "新人", 21))).unwrap();
    bed.control.settled().await;
    let told = |listener: &Listener| listener.came().into_iter().map(|came| came.message).collect::<String>();
    let (to_app, to_contacts) = (told(&app), told(&contacts));
    assert!(
        to_app.contains("<Event><![CDATA[subscribe]]></Event>") && to_app.contains("<FromUserName><![CDATA[Neu]]>")
    );
    assert!(!to_app.contains("change_contact"), "never to an app");
    assert!(to_contacts.contains("<ChangeType><![CDATA[create_user]]></ChangeType><UserID><![CDATA[Neu]]></UserID>"));
    assert!(to_contacts.contains("<FromUserName><![CDATA[sys]]>") && !to_contacts.contains("AgentID"));
    bed.control.change(|corp| corp.update_member("neu", |member| member.name = "x".to_owned())).unwrap();
    bed.control.settled().await;
    assert_eq!((told(&app), told(&contacts)), (String::new(), String::new()), "a name is not told");
}

#[tokio::test]
async fn entering_is_told_when_the_app_reports_it() {
    let (bed, listener) = bed().await;
    assert_eq!(bed.control.enter_app("lisi", DEMO_AGENT_ID), Ok(None));
    bed.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.reports_entering = true)).unwrap();
    let id = bed.control.enter_app("LISI", DEMO_AGENT_ID).unwrap().unwrap();
    assert!(bed.control.delivered(id).await.message.contains("<FromUserName><![CDATA[lisi]]>"));
    assert_eq!(listener.came().len(), 1);
}

#[tokio::test]
async fn the_end_of_an_export_is_told() {
    for (exports, wait, code) in [
        (Exports::default(), 0, 0),
        (Exports { duration: Duration::from_secs(60), ..Exports::default() }, 60, 0),
        (Exports { fail: true, ..Exports::default() }, 0, -1),
    ] {
        let (bed, listener) = bed().await;
        bed.control.configure(|behaviour| behaviour.exports = exports.clone());
        let job = bed.send("export/user", &json!({"encoding_aeskey": KEY})).await["jobid"].clone();
        if wait > 0 {
            bed.control.settled().await;
            assert!(listener.came().is_empty(), "not before its time");
            bed.control.advance(Duration::from_secs(wait));
        }
        bed.app(&format!("export/get_result?jobid={}", job.as_str().unwrap())).await;
        bed.control.settled().await;
        let came = listener.came();
        assert_eq!(came.len(), 1, "told once: {exports:?}");
        let expected = format!(
            "<BatchJob><JobId><![CDATA[{}]]></JobId><JobType><![CDATA[export_user]]></JobType><ErrCode>{code}</ErrCode>",
            job.as_str().unwrap()
        );
        assert!(came[0].message.contains(&expected), "{}", came[0].message);
    }
}
