//! The guide from nothing to a member who is signed in, as somebody follows it who has read nothing else.

use browser_tests::{Browser, View};

use crate::platform::{Demo, client};

#[tokio::test(flavor = "multi_thread")]
async fn it_leads_to_a_sign_in_by_qr_code_on_a_desktop() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let demo = Demo::start();
    let first = format!("{}/", demo.address());
    assert!(first.starts_with("http://localhost:"), "{first}");
    // As somebody types it: links, redirects and cookies have one name all the same.
    browser.open(&first.replace("localhost", "127.0.0.1")).await;
    browser.come_to(&first).await;
    browser.see(demo.simulator()).await;
    browser.press("使用首次令牌打开").await;
    browser.press("打开控制台").await;
    browser.see("接下来").await;

    browser.open(&first).await;
    assert!(!browser.shows("使用首次令牌打开").await, "it is spent");
    browser.press("前往同步").await;
    browser.press("立即同步").await;
    browser.see("同步已完成。").await;
    browser.open(&first).await;
    browser.press("前往角色与管理员").await;
    browser.fill("管理员账号", "lisi").await;
    browser.press("保存管理员").await;
    browser.open(&first).await;
    assert!(!browser.shows("一切就绪").await, "nobody has signed in");

    // The first start is no member, so the app asks who it is.
    browser.press("打开应用").await;
    browser.press_beginning("扫码登录").await;
    browser.press("李四 · lisi").await;
    browser.come_to(&format!("{first}t/demo/")).await;
    browser.see("登录成功").await;
    browser.press("管理控制台").await;
    browser.see("接下来").await;
    browser.open(&first).await;
    browser.see("一切就绪").await;

    // The other console that it names.
    browser.open(demo.simulator()).await;
    browser.press("研发中心").await;
    browser.press("平台组").await;
    browser.see("李四").await;
    browser.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_leads_into_the_app_from_the_workspace_of_a_phone() {
    let Some(browser) = Browser::start(&client().in_english()).await else { return };
    let demo = Demo::start();
    let fits = async || assert!(!browser.is_too_wide().await, "{}", browser.address().await);
    browser.open(demo.address()).await;
    fits().await;
    browser.press("Open it with the token of the first start").await;
    fits().await;
    browser.press("Open the console").await;
    browser.see("What to do next").await;
    fits().await;
    browser.press("Sync").await;
    browser.press("Synchronise now").await;
    browser.see("The sync is complete.").await;
    fits().await;
    browser.press("Roles").await;
    browser.fill("Ids of the administrators", "lisi").await;
    fits().await;
    browser.press("Save the administrators").await;
    browser.open(&format!("{}/phone", demo.simulator())).await;
    browser.press_beginning("李四").await;
    browser.press("Workspace").await;
    fits().await;
    browser.press("Open the app").await;
    browser.come_to(&format!("{}/t/demo/", demo.address())).await;
    browser.see("You are signed in").await;
    browser.see("李四").await;
    fits().await;
    browser.open(demo.address()).await;
    browser.see("All is done").await;
    browser.end().await;
}
