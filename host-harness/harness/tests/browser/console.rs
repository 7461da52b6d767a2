//! What administrators decide, and what stops them.

use browser_tests::{Browser, View};
use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, corp::Grant};

use crate::platform::Platform;

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_is_too_large_is_looked_at_and_approved() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    platform.open_console(&browser, "acme").await;
    browser.press("同步").await;
    browser.press("立即同步").await;
    browser.see("同步已完成。").await;
    let removed = platform.bed.control().change(|corp| corp.ungrant(DEMO_AGENT_ID, &Grant::Department(2)));
    assert!(removed.unwrap());
    browser.press("立即同步").await;
    browser.see("同步在等待您的决定。").await;
    browser.press("概览").await;
    browser.press("查看并决定").await;
    browser.see("此次同步将移除过多成员").await;
    browser.see("李四").await;
    browser.press("确认移除以上内容").await;
    browser.see("同步已完成。").await;
    browser.open(&platform.url("/t/acme/admin/members?status=left-range")).await;
    browser.see("李四").await;
    browser.press("审计记录").await;
    browser.see("directory.approve").await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_who_is_one_no_more_changes_nothing_with_an_open_page() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    platform.command(&["sync"]);
    platform.command(&["admins", "set", "lisi", "wangwu"]);
    platform.sign_in(&browser, "acme", "李四 · lisi").await;
    browser.press("管理控制台").await;
    browser.press("角色与管理员").await;
    platform.command(&["admins", "set", "wangwu"]);
    browser.fill("管理员账号", "lisi").await;
    browser.press("保存管理员").await;
    browser.see("您不是此应用的管理员").await;
    assert_eq!(platform.command(&["admins", "show"])["administrators"], json!(["wangwu"]));
    browser.press("继续 Continue").await;
    browser.see("登录成功").await;
    assert!(!browser.shows("管理控制台").await);
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_language_is_chosen_on_any_page_and_stays() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    platform.open_console(&browser, "acme").await;
    let members = platform.url("/t/acme/admin/members?search=wangwu");
    browser.open(&members).await;
    browser.press("English").await;
    browser.come_to(&members).await;
    browser.see("No member fits.").await;
    browser.press("Overview").await;
    browser.see("What to do next").await;
    browser.press("Sign out").await;
    browser.see("You are signed out.").await;
    browser.press("中文").await;
    browser.see("您已退出登录。").await;
    browser.end().await;
}
