//! Messages and approvals, from the platform to a phone and back.

use browser_tests::{Browser, View};
use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, PURCHASE_TEMPLATE, Receiver, corp::Callback};

use crate::{platform::Platform, web::until};

const APP: Receiver = Receiver::App(DEMO_AGENT_ID);
const TOKEN: &str = "AppToken2026";
const AES_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A platform that hears of what members do.
async fn platform() -> Platform {
    let callback = json!({"configuration": {"callback": {"token": TOKEN, "encodingAESKey": AES_KEY}}});
    let platform = Platform::start(&[("acme", callback)]).await;
    let callback = Callback::new(platform.url("/t/acme/callback/wecom"), TOKEN, AES_KEY);
    platform.bed.control().save_callback(APP, callback).await.unwrap();
    platform.command(&["sync"]);
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_pressed_heard_of_and_changed() {
    let (Some(phone), Some(desk)) = (Browser::start(&View::phone()).await, Browser::start(&View::default()).await)
    else {
        return;
    };
    let platform = platform().await;
    let control = platform.bed.control();
    let button = |text: &str, key: &str| json!({"text": text, "action": {"key": key}});
    let buttons = [button("同意", "approve"), button("驳回", "reject")];
    let card = json!({"heading": {"title": "请假申请"}, "task_id": "leave-1", "body": {"button-interaction": {"buttons": buttons}}});
    platform.command_with(&["message", "send"], &json!({"to": {"members": ["lisi"]}, "content": {"card": card}}));
    phone.open(&platform.simulator("/console/phone/lisi/messages")).await;
    phone.see("请假申请").await;
    phone.press("同意").await;
    control.settled().await;

    platform.open_console(&desk, "acme").await;
    desk.press("回调记录").await;
    desk.see("card").await;
    assert!(!desk.shows("leave-1").await, "what somebody did is covered until it is asked for");
    desk.press("显示内容（将记入审计记录）").await;
    desk.see("leave-1").await;

    let message = control.deliveries().pop().unwrap().message;
    let (_, rest) = message.split_once("<ResponseCode><![CDATA[").unwrap_or_else(|| panic!("{message}"));
    let code = rest.split(']').next().unwrap();
    let update = json!({"to": {"members": ["lisi"]}, "response_code": code, "change": {"done": "已同意"}});
    assert_eq!(platform.command_with(&["message", "update-card"], &update)["updated"], true);
    phone.press("消息").await;
    phone.see("已同意").await;
    assert!(!phone.shows("驳回").await, "the buttons gave way");
    phone.end().await;
    desk.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_is_asked_for_decided_and_heard_of() {
    let (Some(phone), Some(desk)) = (Browser::start(&View::phone()).await, Browser::start(&View::default()).await)
    else {
        return;
    };
    let platform = platform().await;
    let control = platform.bed.control();
    phone.open(&platform.simulator("/console/phone/lisi/approvals")).await;
    phone.fill("模板", PURCHASE_TEMPLATE).await;
    phone.press("提交").await;
    phone.see("审批中").await;
    let number = control.approvals().pop().unwrap().number;
    assert_eq!(platform.command(&["approval", "detail", &number])["status"], "pending");
    phone.open(&platform.simulator("/console/phone/ZhangSan/approvals")).await;
    phone.fill("意见", "可以").await;
    phone.press("同意").await;
    phone.see("没有待审批的申请。").await;
    control.settled().await;
    until("the decision", || platform.command(&["approval", "detail", &number])["status"] == "approved");

    platform.open_console(&desk, "acme").await;
    desk.press("回调记录").await;
    desk.press("显示内容（将记入审计记录）").await;
    desk.see(&number).await;
    desk.see("approved").await;
    phone.end().await;
    desk.end().await;
}
