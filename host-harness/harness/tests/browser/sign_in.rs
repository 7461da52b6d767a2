//! Members sign in, out, and keep apart what is apart.

use browser_tests::{Browser, View};
use serde_json::json;

use crate::platform::{Platform, client};

const ENTER: &str = "\u{e007}";

#[tokio::test(flavor = "multi_thread")]
async fn the_workspace_of_a_phone_leads_in_without_a_question() {
    let Some(browser) = Browser::start(&client()).await else { return };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    browser.open(&platform.simulator("/console/phone/lisi")).await;
    browser.open(&platform.url("/t/acme/login")).await;
    browser.see("登录成功").await;
    browser.see("李四").await;
    assert!(!browser.is_too_wide().await);
    // Inside the client nobody need press anything, but after a sign-out nobody is signed in again by that.
    browser.press("退出").await;
    browser.see("您已退出登录").await;
    browser.press("登录").await;
    browser.see("登录成功").await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_do_not_see_each_other() {
    let (Some(one), Some(other)) = (Browser::start(&View::default()).await, Browser::start(&View::default()).await)
    else {
        return;
    };
    let platform = Platform::start(&[("acme", json!({})), ("globex", json!({}))]).await;
    platform.command(&["sync"]);
    platform.command(&["admins", "set", "lisi"]);
    platform.sign_in(&one, "acme", "李四 · lisi").await;
    for (browser, path) in [
        (&one, "/t/globex/"),
        (&one, "/t/globex/admin"),
        (&one, "/t/globex/admin/members/lisi"),
        (&other, "/t/acme/"),
        (&other, "/t/acme/admin"),
    ] {
        browser.open(&platform.url(path)).await;
        browser.see("扫码登录").await;
        assert!(!browser.shows("李四").await, "{path}: a session is of one tenant and one browser");
    }
    // One browser may be signed in to both, as two people, and out of one.
    platform.sign_in(&one, "globex", "王五 · wangwu").await;
    one.see("王五").await;
    one.open(&platform.url("/t/globex/admin")).await;
    one.see("您不是此应用的管理员").await;
    one.open(&platform.url("/t/acme/admin/members")).await;
    one.see("通讯录").await;
    one.open(&platform.url("/t/globex/")).await;
    one.press("退出").await;
    one.see("您已退出登录").await;
    one.open(&platform.url("/t/acme/")).await;
    one.see("李四").await;
    one.end().await;
    other.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_gone_with_the_session() {
    let (Some(browser), Some(window)) = (Browser::start(&View::default()).await, Browser::start(&View::phone()).await)
    else {
        return;
    };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    platform.command(&["sync"]);
    platform.command(&["admins", "set", "lisi"]);
    platform.sign_in(&browser, "acme", "李四 · lisi").await;
    browser.open(&platform.url("/t/acme/admin/members")).await;
    browser.see("王五").await;
    browser.press("退出").await;
    browser.see("您已退出登录").await;
    browser.back().await;
    browser.see("扫码登录").await;
    assert!(!browser.shows("王五").await, "a browser keeps no page of a session that has ended");

    // Who is gone sees it at the next page that is opened.
    platform.sign_in(&window, "acme", "王五 · wangwu").await;
    platform.command(&["retire", "wangwu"]);
    window.reload().await;
    window.see("您的登录已结束").await;
    browser.end().await;
    window.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_is_enough() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    let go = async |text: &str| {
        browser.tab_to(text).await;
        browser.keys(ENTER).await;
    };
    browser.open(&platform.bootstrap("acme")).await;
    go("打开控制台").await;
    browser.see("接下来").await;
    // Past the navigation to the content.
    go("跳到内容").await;
    go("首次同步通讯录").await;
    go("立即同步").await;
    browser.see("同步已完成。").await;
    go("角色与管理员").await;
    browser.tab_to("ids").await;
    browser.keys("lisi").await;
    go("保存管理员").await;
    browser.check().await;

    browser.open(&platform.url("/t/acme/")).await;
    go("扫码登录").await;
    go("李四 · lisi").await;
    browser.see("登录成功").await;
    go("管理控制台").await;
    browser.see("接下来").await;
    go("退出").await;
    browser.see("您已退出登录").await;
    browser.check().await;
    browser.end().await;
}
