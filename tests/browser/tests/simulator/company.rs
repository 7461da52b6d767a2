//! The company: its organisation and its app are changed by hand.

use browser_tests::{Browser, View};
use wecom_simulator::{DEMO_AGENT_ID, Generator, Setup, Simulator};

use crate::stage::Stage;

/// As WebDriver names the key.
const ENTER: &str = "\u{e007}";

#[tokio::test]
async fn departments_and_members_are_changed_by_form() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let stage = Stage::start().await;
    browser.open(&stage.url("/console")).await;
    browser.press("研发中心").await;
    browser.press("平台组").await;
    browser.press("李四").await;
    browser.fill("职务", "首席架构师").await;
    browser.press("保存").await;
    browser.fill("调动到", "31").await;
    browser.press("调动").await;
    browser.see("品牌组").await;
    let lisi = stage.control.read(|corp| corp.member("lisi").cloned()).unwrap();
    assert_eq!((lisi.position.as_str(), lisi.main()), ("首席架构师", Some(31)));

    browser.press("所在部门").await;
    browser.press("添加子部门").await;
    browser.fill("编号", "77").await;
    browser.fill("部门名称", "品牌组:x").await;
    browser.press("添加部门").await;
    browser.see("没有生效").await;
    browser.press("添加子部门").await;
    browser.fill("编号", "77").await;
    browser.fill("部门名称", "新媒体").await;
    browser.press("添加部门").await;
    browser.press("新媒体").await;
    browser.press("修改部门").await;
    browser.press("删除（须为空）").await;
    browser.see("品牌组").await;
    assert!(stage.control.read(|corp| corp.department(77).is_none()), "it was there, and is gone");
    browser.end().await;
}

#[tokio::test]
async fn names_are_text_whatever_they_hold() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let stage = Stage::start().await;
    let name = "<img src=x onerror=alert(1)>";
    stage.control.change(|corp| {
        corp.update_member("lisi", |member| {
            name.clone_into(&mut member.name);
            "'\"><script>alert(1)</script>".clone_into(&mut member.position);
        })
        .unwrap();
    });
    for path in [
        "/console/department/21",
        "/console/member/lisi",
        "/console/search?search=onerror",
        "/console/phone/lisi/messages",
    ] {
        browser.open(&stage.url(path)).await;
        browser.see(name).await;
    }
    browser.open(&stage.login()).await;
    browser.see(name).await;
    browser.end().await;
}

#[tokio::test]
async fn the_visible_range_is_ticked() {
    let Some(browser) = Browser::start(&View::default().in_english()).await else { return };
    let stage = Stage::start().await;
    let in_range = || stage.control.truth(DEMO_AGENT_ID).unwrap().members.contains_key("zhangliu");
    assert!(!in_range());
    browser.open(&stage.url(&format!("/console/app/{DEMO_AGENT_ID}?at=4"))).await;
    browser.press_beginning("总裁办 with all below").await;
    // The second form is the one below the tree.
    browser.press_last("Save the range").await;
    assert!(in_range(), "department 4 is granted");
    browser.end().await;
}

#[tokio::test]
async fn a_secret_is_shown_and_rotated_by_a_button_alone() {
    let Some(browser) = Browser::start(&View::default().in_english()).await else { return };
    let stage = Stage::start().await;
    browser.open(&stage.url(&format!("/console/app/{DEMO_AGENT_ID}"))).await;
    assert!(!browser.shows(wecom_simulator::DEMO_SECRET).await);
    browser.press("Show the secret").await;
    browser.see(wecom_simulator::DEMO_SECRET).await;
    browser.press("Back to the app").await;
    browser.press("Reset the secret").await;
    browser.see("The old secret and its tokens stopped working at once.").await;
    let secret = stage.control.read(|corp| corp.app(DEMO_AGENT_ID).map(|app| app.secret.clone())).unwrap();
    browser.see(secret.reveal()).await;
    assert_ne!(secret.reveal(), wecom_simulator::DEMO_SECRET);
    browser.end().await;
}

#[tokio::test]
async fn the_keyboard_is_enough_and_the_language_is_chosen() {
    let Some(browser) = Browser::start(&View::default()).await else { return };
    let stage = Stage::start().await;
    browser.open(&stage.url("/console")).await;
    browser.tab_to("English").await;
    browser.keys(ENTER).await;
    browser.see("Contacts").await;
    for text in ["研发中心", "平台组", "李四"] {
        browser.tab_to(text).await;
        browser.keys(ENTER).await;
    }
    browser.see("Reports to").await;
    browser.check().await;
    browser.end().await;
}

#[tokio::test]
async fn a_hundred_thousand_members_are_shown_page_by_page() {
    let Some(browser) = Browser::start(&View::phone()).await else { return };
    let corp = Generator::sized(7, 100_000, 2_000).generate().unwrap();
    let simulator = Simulator::start(Setup::new(corp)).await.unwrap();
    let base = simulator.base_url();
    browser.open(&format!("{base}/console")).await;
    browser.see("100000").await;
    browser.open(&format!("{base}/console/search")).await;
    browser.press("下一页").await;
    browser.see("第 2").await;
    assert!(!browser.is_too_wide().await);
    browser.end().await;
}
