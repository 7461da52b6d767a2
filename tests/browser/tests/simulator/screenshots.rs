//! Pictures for the documentation, in both languages. They are made anew by
//!
//! ```sh
//! cargo test --workspace --test simulator -- --ignored screenshots
//! ```
//!
//! on a machine with Chinese letters (Debian: `apt-get install fonts-noto-cjk`).

use std::path::Path;

use browser_tests::{Browser, View};
use serde_json::json;
use wecom_simulator::{DEMO_AGENT_ID, PURCHASE_TEMPLATE};

use crate::stage::Stage;

/// In bytes. Larger ones make the repository heavy.
const LARGEST: usize = 150_000;

/// Name, path, and whether it is the window of a phone.
const PICTURES: [(&str, &str, bool); 6] = [
    ("company", "/console/department/21", false),
    ("range", "/console/app/1000073?at=2", false),
    ("calls", "/console/workbench/calls", false),
    ("faults", "/console/workbench/faults", false),
    ("card", "/console/phone/lisi/messages", true),
    ("approvals", "/console/phone/ZhangSan/approvals", true),
];

#[tokio::test]
#[ignore = "writes into docs/images"]
async fn screenshots() {
    let stage = Stage::start().await;
    stage.give_callback();
    stage.send_card("lisi").await;
    stage.control.submit_approval("lisi", PURCHASE_TEMPLATE, Vec::new()).unwrap();
    let unknown = json!({"touser": "nobody", "msgtype": "text", "agentid": DEMO_AGENT_ID, "text": {"content": "你好"}});
    assert_eq!(stage.call("message/send", &unknown).await["errcode"], 81013);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/images");
    std::fs::create_dir_all(&folder).unwrap();
    for (language, is_english) in [("zh", false), ("en", true)] {
        for (name, path, is_phone) in PICTURES {
            let view = View { size: if is_phone { (430, 760) } else { (1200, 780) }, ..View::default() };
            let Some(browser) = Browser::start(&if is_english { view.in_english() } else { view }).await else {
                return;
            };
            browser.open(&stage.url(path)).await;
            if name == "calls" {
                browser.press_beginning("#2 POST /cgi-bin/message/send").await;
            }
            let picture = browser.picture().await;
            assert!(picture.len() < LARGEST, "{name}-{language}: {} bytes", picture.len());
            std::fs::write(folder.join(format!("simulator-{name}-{language}.png")), picture).unwrap();
            browser.end().await;
        }
    }
}
