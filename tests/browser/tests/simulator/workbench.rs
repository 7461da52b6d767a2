//! The workbench: clock, faults, logs, snapshots; and every page on a phone, in the dark.

use browser_tests::{Browser, View};
use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, DEMO_SECRET};

use crate::stage::Stage;

#[tokio::test]
async fn time_leaps_and_a_snapshot_brings_back_what_was() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let stage = Stage::start().await;
    let before = stage.control.now();
    browser.open(&stage.url("/console/workbench/state")).await;
    browser.press("2 小时").await;
    assert!(stage.control.now() >= before + 7_200_000);
    browser.fill("名称", "之前").await;
    browser.press("保存快照").await;
    stage.control.change(|corp| corp.remove_member("lisi")).unwrap();
    browser.press("恢复 · 之前").await;
    assert!(stage.control.read(|corp| corp.member("lisi").is_some()));
    browser.end().await;
}

#[tokio::test]
async fn a_fault_is_armed_and_what_it_did_stands_in_the_log() {
    let Some(browser) = Browser::start(&View::default().in_english()).await else { return };
    let stage = Stage::start().await;
    browser.open(&stage.url("/console/workbench/faults")).await;
    browser.fill("Effect", "code").await;
    browser.fill("Value", "45009").await;
    browser.fill("API", "message/send").await;
    browser.press("Arm").await;
    browser.see("message/send → Code(45009)").await;
    stage
        .call(
            "message/send",
            &json!({"touser": "lisi", "msgtype": "text", "agentid": DEMO_AGENT_ID, "text": {"content": "x"}}),
        )
        .await;
    browser.press("Calls").await;
    browser.press_beginning("#2 POST /cgi-bin/message/send").await;
    browser.see("45009").await;
    browser.press_beginning("#1 GET /cgi-bin/gettoken").await;
    assert!(browser.shows("Demo…").await && !browser.shows(DEMO_SECRET).await, "shortened");
    browser.press("Faults").await;
    browser.press("Remove 1").await;
    browser.see("none").await;
    browser.end().await;
}

#[tokio::test]
async fn every_page_fits_a_phone_and_can_be_read_in_the_dark() {
    let Some(browser) = Browser::start(&View::phone().dark()).await else { return };
    let stage = Stage::start().await;
    stage.give_callback();
    stage.send_card("lisi").await;
    stage.control.submit_approval("lisi", wecom_simulator::PURCHASE_TEMPLATE, Vec::new()).unwrap();
    stage.control.enter_app("lisi", DEMO_AGENT_ID).unwrap();
    let paths = [
        "/console",
        "/console/department/22",
        "/console/search?search=%E5%9B%9B",
        "/console/member/lisi",
        "/console/app/1000073",
        "/console/phone",
        "/console/phone/lisi/scan",
        "/console/phone/lisi/workspace",
        "/console/phone/lisi/messages",
        "/console/phone/ZhangSan/approvals",
        "/console/workbench/state",
        "/console/workbench/faults",
        "/console/workbench/calls",
        "/console/workbench/deliveries",
        "/console/member/nobody",
    ];
    for path in paths {
        browser.open(&stage.url(path)).await;
        assert!(!browser.is_too_wide().await, "{path}");
    }
    browser.open(&stage.login()).await;
    assert!(!browser.is_too_wide().await, "sign-in");
    browser.end().await;
}
