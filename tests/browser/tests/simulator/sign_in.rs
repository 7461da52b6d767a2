//! Sign-in: a browser and a phone beside it, the client, and what each refuses.

use browser_tests::{Browser, View};
use wecom_simulator::DEMO_AGENT_ID;

use crate::stage::Stage;

#[tokio::test]
async fn a_phone_scans_what_a_browser_shows() {
    let (Some(desktop), Some(phone)) = (Browser::start(&View::default()).await, Browser::start(&View::phone()).await)
    else {
        return;
    };
    let stage = Stage::start().await;
    for (answer, expected) in
        [("确认登录", format!("{}?code=", stage.target())), ("拒绝", format!("{}?state=s1", stage.target()))]
    {
        desktop.open(&stage.login()).await;
        desktop.see("等待扫码…").await;
        phone.open(&stage.url("/console/phone/lisi/scan")).await;
        phone.press("扫描").await;
        desktop.see("已扫描，请在手机上确认。").await;
        phone.press(answer).await;
        desktop.come_to(&expected).await;
    }
    phone.see("没有浏览器在等待扫码").await;
    desktop.end().await;
    phone.end().await;
}

#[tokio::test]
async fn the_link_of_the_code_leads_to_the_scanner_of_a_phone() {
    let Some(browser) = Browser::start(&View::default().in_english()).await else { return };
    let stage = Stage::start().await;
    browser.open(&stage.login()).await;
    let ticket = stage.control.waiting_sign_ins()[0].ticket.clone();
    browser.open(&stage.url(&format!("/console/phone?ticket={ticket}"))).await;
    browser.press_beginning("李四").await;
    browser.come_to(&stage.url("/console/phone/lisi/scan?ticket=")).await;
    browser.see(&ticket[..6]).await;
    browser.end().await;
}

#[tokio::test]
async fn inside_the_client_of_a_phone_nobody_is_asked_who_they_are() {
    let Some(browser) = Browser::start(&View::phone()).await else { return };
    let stage = Stage::start().await;
    browser.open(&stage.oauth("snsapi_base")).await;
    browser.see("此页只能在企业微信客户端内打开。").await;
    browser.open(&stage.url("/console/phone/lisi")).await;
    browser.open(&stage.oauth("snsapi_base")).await;
    browser.come_to(&format!("{}?code=", stage.target())).await;
    browser.open(&stage.oauth("snsapi_privateinfo")).await;
    browser.see("应用申请以下信息").await;
    assert!(!browser.shows("王五").await, "one member only");
    browser.press("同意").await;
    browser.come_to(&format!("{}?code=", stage.target())).await;
    browser.end().await;
}

#[tokio::test]
async fn each_refusal_says_what_is_wrong_with_its_number() {
    let Some(browser) = Browser::start(&View::phone().in_english()).await else { return };
    let stage = Stage::start().await;
    let foreign = stage.login().replace("redirect_uri=http%3A%2F%2F127", "redirect_uri=http%3A%2F%2F128");
    let out_of_range = format!("{}&as=zhangliu", stage.login());
    let disabled = format!("{}&as=lvsi", stage.login());
    for (address, expected) in [
        (stage.login().replace("agentid=1000073", "agentid=1"), "-31028"),
        (foreign, "-31039"),
        (out_of_range, "50002"),
        (disabled, "60111"),
        (format!("{}&as=lvsi", stage.oauth("snsapi_base")), "60111"),
        (format!("{}&sim_client=1", stage.oauth("nonsense")), "40058"),
    ] {
        browser.open(&address).await;
        browser.see("Sign-in failed").await;
        browser.see(expected).await;
    }
    stage.control.change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.enabled = false)).unwrap();
    browser.open(&stage.login()).await;
    browser.see("-31028").await;
    browser.end().await;
}
