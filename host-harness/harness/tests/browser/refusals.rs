//! Each page that refuses, as the person sees it: it says why, what to do, and fits a phone.

use browser_tests::{Browser, View};
use serde_json::json;
use wecom_simulator::{Effect, Fault, When};

use crate::platform::Platform;

#[tokio::test(flavor = "multi_thread")]
async fn each_says_why_and_what_to_do() {
    let Some(browser) = Browser::start(&View::phone()).await else { return };
    let strict = json!({"sign_in": {"role_required": true}});
    let wrong = json!({"configuration": {"secret": "b2xkIHNlY3JldCBvZiB0aGUgYXBwLCBsb25nIGdvbmUu"}});
    let platform = Platform::start(&[("acme", json!({})), ("strict", strict), ("wrong", wrong)]).await;
    let refused = async |expected: &str| {
        browser.see(expected).await;
        assert!(!browser.is_too_wide().await, "{expected}");
    };
    let login = |tenant: &str| platform.url(&format!("/t/{tenant}/login?entry=browser"));
    for (tenant, choice, expected) in [
        ("acme", "非企业成员", "您不是本企业的成员"),
        ("acme", "外部客户", "您不是本企业的成员"),
        ("acme", "拒绝", "您没有同意登录"),
        ("strict", "李四 · lisi", "您还没有此应用的角色"),
        ("wrong", "李四 · lisi", "请联系应用管理员"),
    ] {
        browser.open(&login(tenant)).await;
        browser.press(choice).await;
        refused(expected).await;
    }
    browser.open(&login("acme")).await;
    browser.fill("互联企业 ID", "ww0000000000000000").await;
    browser.fill("成员账号", "other").await;
    browser.press("互联企业成员").await;
    refused("您是互联企业的成员").await;

    // Inside the client whoever is outside of the range comes as far as the app.
    browser.open(&platform.simulator("/console/phone/zhangliu")).await;
    browser.open(&platform.url("/t/acme/login?entry=workspace")).await;
    refused("您不在此应用的可见范围内").await;

    for (path, expected) in [
        ("/t/acme/callback?code=made-up&state=made-up", "重新登录"),
        ("/t/acme/callback?code=made-up", "地址不完整"),
        ("/t/nobody/login", "此处没有该应用"),
        ("/nothing", "这里没有内容"),
        ("/t/acme/admin/bootstrap?token=guess", "令牌"),
    ] {
        browser.open(&platform.url(path)).await;
        refused(expected).await;
    }
    browser.press("打开控制台").await;
    refused("令牌不正确").await;

    platform.sign_in(&browser, "acme", "李四 · lisi").await;
    browser.open(&platform.url("/t/acme/admin")).await;
    refused("您不是此应用的管理员").await;

    platform.bed.control().inject(Fault::any(When::Always, Effect::Disconnect { processed: false }));
    browser.open(&login("acme")).await;
    browser.press("李四 · lisi").await;
    refused("暂时无法登录").await;
    // The way on is right where the person is, and works as soon as the vendor does.
    platform.bed.control().clear_faults();
    browser.press("继续 Continue").await;
    browser.press("李四 · lisi").await;
    browser.see("登录成功").await;
    browser.end().await;
}
