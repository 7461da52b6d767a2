//! Every page of the administrator's console: axe-core and the browser's console have nothing against it, it fits a phone, and it
//! is small.

use browser_tests::{Browser, View};
use serde_json::json;

use crate::platform::Platform;

/// Bytes of a page with all that it loads.
const LARGEST: u64 = 200_000;

/// Pages that the navigation does not name.
const BEHIND: [&str; 8] = [
    "/check",
    "/members?search=nobody",
    "/members?department=21&below=true",
    "/departments?parent=2",
    "/members/lisi",
    "/members/nobody",
    "/members?cursor=x",
    "/sync/plan",
];

#[tokio::test(flavor = "multi_thread")]
async fn each_fits_a_phone_weighs_little_and_has_no_serious_finding() {
    let phone = View::phone().dark().in_english();
    let (Some(phone), Some(desktop)) = (Browser::start(&phone).await, Browser::start(&View::default()).await) else {
        return;
    };
    let platform = Platform::start(&[("acme", json!({}))]).await;
    let control = platform.bed.control();
    // What a vendor says is text, in whatever place it stands.
    let name = "<img src=x onerror=alert(1)>";
    control.change(|corp| corp.update_member("lisi", |member| member.name = name.to_owned())).unwrap();
    platform.command(&["sync"]);
    platform.command(&["admins", "set", "ZhangSan"]);
    platform.command(&["roles", "set", "lisi", "clerk"]);
    control.change(|corp| corp.update_member("wangwu", |member| member.position = name.to_owned())).unwrap();
    control.change(|corp| corp.move_member("sunqi", 23)).unwrap();
    platform.command(&["sync", "--dry-run"]);
    for (browser, is_phone) in [(&phone, true), (&desktop, false)] {
        platform.sign_in(browser, "acme", "张三 · ZhangSan").await;
        browser.open(&platform.url("/t/acme/admin")).await;
        let mut pages = browser.navigation().await;
        assert!(pages.len() >= 9, "{pages:?}");
        pages.extend(BEHIND.map(|path| platform.url(&format!("/t/acme/admin{path}"))));
        for page in pages {
            browser.open(&page).await;
            assert!(!is_phone || !browser.is_too_wide().await, "{page} is wider than a phone");
            let weight = browser.weight().await;
            assert!((1_000..LARGEST).contains(&weight), "{page} weighs {weight} bytes");
        }
        for path in ["/members?search=lisi", "/members/lisi", "/sync/plan"] {
            browser.open(&platform.url(&format!("/t/acme/admin{path}"))).await;
            browser.see(name).await;
        }
        // The tree comes after the page, and each level when it is opened.
        browser.open(&platform.url("/t/acme/admin/members")).await;
        browser.press_beginning(if is_phone { "below" } else { "下级" }).await;
        browser.see("平台组").await;
        browser.check().await;
        browser.press("平台组").await;
        browser.see("王五").await;
        assert!(!browser.shows("赵六").await, "of the department and below it");
    }
    phone.end().await;
    desktop.end().await;
}
