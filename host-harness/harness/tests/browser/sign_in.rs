//! Members sign in, or read why they cannot.

use browser_tests::{Browser, View};
use serde_json::json;

use crate::platform::{Platform, client};

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_is_a_page_that_says_why() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let strict = json!({"sign_in": {"role_required": true}});
    let platform = Platform::start(&[("acme", json!({})), ("strict", strict)]).await;
    let login = |tenant: &str| platform.url(&format!("/t/{tenant}/login?entry=browser"));
    for (tenant, choice, expected) in [
        ("acme", "非企业成员", "您不是本企业的成员"),
        ("acme", "外部客户", "您不是本企业的成员"),
        ("strict", "李四 · lisi", "您还没有此应用的角色"),
    ] {
        browser.open(&login(tenant)).await;
        browser.press(choice).await;
        browser.see(expected).await;
    }
    browser.open(&login("acme")).await;
    browser.fill("互联企业 ID", "ww0000000000000000").await;
    browser.fill("成员账号", "other").await;
    browser.press("互联企业成员").await;
    browser.see("您是互联企业的成员").await;
    browser.open(&platform.url("/t/acme/callback?code=made-up&state=made-up")).await;
    browser.see("重新登录").await;
    browser.open(&platform.url("/t/nobody/login")).await;
    browser.see("此处没有该应用").await;
    browser.open(&platform.url("/nothing")).await;
    browser.see("这里没有内容").await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_workspace_of_a_phone_leads_in_without_a_question() {
    let Some(browser) = Browser::start(&client()).await else { return };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    browser.open(&platform.simulator("/console/phone/lisi")).await;
    browser.open(&platform.url("/t/acme/login")).await;
    browser.see("登录成功").await;
    browser.see("李四").await;
    assert!(!browser.is_too_wide().await);
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_do_not_see_each_other() {
    let (Some(one), Some(other)) = (Browser::start(&View::default()).await, Browser::start(&View::default()).await)
    else {
        return;
    };
    let platform = Platform::start(&[("acme", json!({})), ("globex", json!({}))]).await;
    one.open(&platform.url("/t/acme/login?entry=browser")).await;
    one.press("李四 · lisi").await;
    one.see("登录成功").await;
    for (browser, tenant) in [(&one, "globex"), (&other, "acme")] {
        browser.open(&platform.url(&format!("/t/{tenant}/"))).await;
        assert!(!browser.shows("登录成功").await, "{tenant}: a session is of one tenant and one browser");
    }
    one.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough_to_sign_in() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    browser.open(&platform.url("/t/acme/login?entry=browser")).await;
    browser.tab_to("张三 · ZhangSan").await;
    browser.keys("\u{e007}").await;
    browser.see("登录成功").await;
    browser.check().await;
    browser.end().await;
}
