//! The phone: messages, a card that is pressed and updated, approvals.

use browser_tests::{Browser, View};
use serde_json::json;
use wecom_simulator::DEMO_AGENT_ID;

use crate::stage::Stage;

#[tokio::test]
async fn a_card_is_pressed_and_changes() {
    let Some(browser) = Browser::start(&View::phone()).await else { return };
    let stage = Stage::start().await;
    stage.give_callback();
    stage.send_card("lisi").await;
    browser.open(&stage.url("/console/phone/lisi/messages")).await;
    browser.see("请假申请").await;
    browser.press("同意").await;
    let message = stage.control.deliveries().pop().unwrap().message;
    let (_, rest) = message.split_once("<ResponseCode><![CDATA[").unwrap();
    let code = rest.split(']').next().unwrap();
    let update = json!({"userids": ["lisi"], "agentid": DEMO_AGENT_ID, "response_code": code, "button": {"replace_name": "已同意"}});
    assert_eq!(stage.call("message/update_template_card", &update).await["errcode"], 0);
    browser.press("消息").await;
    browser.see("已同意").await;
    assert!(!browser.shows("驳回").await, "the buttons gave way");
    browser.end().await;
}

#[tokio::test]
async fn a_vote_is_cast_with_what_was_chosen() {
    let Some(browser) = Browser::start(&View::phone().in_english()).await else { return };
    let stage = Stage::start().await;
    stage.give_callback();
    let option = |id: &str, text: &str| json!({"id": id, "text": text, "is_checked": false});
    let vote = json!({"touser": "lisi", "msgtype": "template_card", "agentid": DEMO_AGENT_ID, "template_card": {
        "card_type": "vote_interaction", "task_id": "lunch", "main_title": {"title": "Lunch?"},
        "checkbox": {"question_key": "lunch", "mode": 1, "option_list": [option("noodles", "Noodles"), option("rice", "Rice"), option("soup", "Soup")]},
        "submit_button": {"text": "Send", "key": "send"},
    }});
    assert_eq!(stage.call("message/send", &vote).await["errcode"], 0);
    browser.open(&stage.url("/console/phone/lisi/messages")).await;
    browser.press_beginning("Noodles").await;
    browser.press_beginning("Soup").await;
    browser.press("Send").await;
    let message = stage.control.deliveries().pop().unwrap().message;
    for (option, is_chosen) in [("noodles", true), ("rice", false), ("soup", true)] {
        assert_eq!(message.contains(option), is_chosen, "{option}: {message}");
    }
    browser.end().await;
}

#[tokio::test]
async fn an_approval_is_asked_for_and_decided() {
    let Some(browser) = Browser::start(&View::phone()).await else { return };
    let stage = Stage::start().await;
    browser.open(&stage.url("/console/phone/lisi/approvals")).await;
    browser.fill("模板", wecom_simulator::PURCHASE_TEMPLATE).await;
    browser.press("提交").await;
    browser.see("审批中").await;
    browser.open(&stage.url("/console/phone/ZhangSan/approvals")).await;
    browser.fill("意见", "可以").await;
    browser.press("同意").await;
    browser.see("没有待审批的申请。").await;
    browser.open(&stage.url("/console/phone/lisi/approvals")).await;
    browser.see("已同意").await;
    browser.see("可以").await;
    browser.end().await;
}
