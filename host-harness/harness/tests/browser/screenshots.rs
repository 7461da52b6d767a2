//! Pictures of the platform for the documentation, in both languages. They are made anew by
//!
//! ```sh
//! cargo test --workspace --test browser -- --ignored screenshots
//! ```
//!
//! on a machine with Chinese letters (Debian: `apt-get install fonts-noto-cjk`).

use std::path::Path;

use browser_tests::{Browser, View};
use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, corp::Grant};

use crate::platform::{Demo, Platform};

/// In bytes. Larger ones make the repository heavy.
const LARGEST: usize = 150_000;

const DESKTOP: (u32, u32) = (1200, 1020);
const PHONE: (u32, u32) = (430, 760);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes into docs/images"]
async fn screenshots() {
    for is_english in [false, true] {
        if !take(is_english).await {
            return;
        }
    }
}

/// `false` where there is no browser.
async fn take(is_english: bool) -> bool {
    let view = |size| {
        let view = View { size, ..View::default() };
        if is_english { view.in_english() } else { view }
    };
    let (Some(desktop), Some(phone)) = (Browser::start(&view(DESKTOP)).await, Browser::start(&view(PHONE)).await)
    else {
        return false;
    };
    let say = |chinese, english| if is_english { english } else { chinese };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images");
    let keep = async |browser: &Browser, name: &str| {
        let picture = browser.picture().await;
        let name = format!("platform-{name}-{}.png", say("zh", "en"));
        assert!(picture.len() < LARGEST, "{name}: {} bytes", picture.len());
        std::fs::write(folder.join(name), picture).unwrap();
    };

    let demo = Demo::start();
    desktop.open(demo.address()).await;
    keep(&desktop, "first").await;

    let platform = Platform::start(&[("acme", json!({"configuration": {"locale": say("zh", "en")}}))]).await;
    let control = platform.bed.control();
    platform.command(&["sync"]);
    platform.command(&["roles", "set", "lisi", "staff"]);
    platform.command(&["admins", "set", "ZhangSan"]);
    platform.sign_in(&phone, "acme", "李四 · lisi").await;
    keep(&phone, "member").await;
    platform.sign_in(&desktop, "acme", "张三 · ZhangSan").await;
    desktop.press(say("管理控制台", "Administrator's console")).await;
    desktop.see(say("再次检查", "Check again")).await;
    keep(&desktop, "console").await;
    desktop.press(say("设置向导", "Set-up")).await;
    keep(&desktop, "setup").await;
    desktop.press(say("通讯录", "Members")).await;
    desktop.see("研发中心").await;
    keep(&desktop, "members").await;
    assert!(control.change(|corp| corp.ungrant(DEMO_AGENT_ID, &Grant::Department(2))).unwrap());
    desktop.press(say("同步", "Sync")).await;
    desktop.press(say("立即同步", "Synchronise now")).await;
    desktop.see(say("同步在等待您的决定。", "The sync waits for your decision.")).await;
    desktop.press(say("同步", "Sync")).await;
    desktop.see(say("此次同步将移除过多成员", "This sync would remove too many")).await;
    keep(&desktop, "removal").await;
    desktop.end().await;
    phone.end().await;
    true
}
