//! `call` and `js-sdk-signature`, and commands whose interface an element does not have.

use serde_json::{Value, json};
use wecom_simulator::{DEMO_AGENT_ID, DEMO_CORP_ID, PURCHASE_TEMPLATE};

use crate::{bed::Bed, guests::Guest, messages::file};

#[tokio::test(flavor = "multi_thread")]
async fn the_vendor_is_called() {
    let bed = Bed::new().await;
    let agent = format!("agentid={DEMO_AGENT_ID}");
    let shown = bed.run(&["call", "GET", "/cgi-bin/agent/get", "--query", &agent]).exits(0);
    assert_eq!(shown["name"], "低代码应用");
    let message = |text: &str| {
        json!({ "touser": "lisi", "msgtype": "text", "agentid": DEMO_AGENT_ID, "text": { "content": text } })
            .to_string()
    };
    let post = ["call", "POST", "/cgi-bin/message/send", "--body"];
    bed.run(&[&post[..], &[message("a").as_str()]].concat()).exits(0);
    let file = file(&bed, "body.json", message("b"));
    for _ in 0..2 {
        bed.run(&[&post[..], &[&format!("@{file}"), "--idempotency-key", "b"]].concat()).exits(0);
    }
    let texts = bed.control().inbox("lisi").into_iter().map(|received| received.content["content"].clone());
    assert_eq!(texts.collect::<Vec<_>>(), ["a", "b"]);

    let error = bed.run(&["call", "GET", "/cgi-bin/user/get", "--query", "userid=zhangliu"]);
    assert_eq!(error.fails(1, "not-found")["vendor_code"], 60111);
    for path in ["/cgi-bin/gettoken", "/cgi-bin/ticket/get", "https://example.com/", "agent/get"] {
        bed.run(&["call", "GET", path]).fails(1, "invalid-argument");
    }
    bed.run(&["call", "GET", "/cgi-bin/agent/get", "--query", "access_token=x"]).fails(1, "invalid-argument");
    bed.run(&["call", "GET", "/cgi-bin/agent/get", "--query", "agentid"]).fails(2, "usage");
    bed.run(&["call", "POST", "/cgi-bin/message/send", "--body", "@/nowhere.json"]).fails(2, "file");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_signed() {
    let bed = Bed::new().await;
    let url = "https://app.example.com/h5?a=1&b=%E4%BD%A0#top";
    for (kind, app, name) in [("corp", None, "wx.config"), ("app", Some(DEMO_AGENT_ID), "wx.agentConfig")] {
        let arguments = ["js-sdk-signature", "--url", url, "--kind", kind, "--function", "chooseImage"];
        let signed = bed.run(&arguments).exits(0);
        let (nonce, timestamp) = (signed["nonce"].as_str().unwrap(), signed["timestamp"].as_u64().unwrap());
        let expected = bed.control().js_signature(app, nonce, timestamp, url);
        assert_eq!((signed["signature"].as_str(), &signed["app_id"]), (expected.as_deref(), &json!(DEMO_CORP_ID)));
        let calls = signed["calls"].as_array().unwrap();
        let call = calls.iter().find(|call| call["name"] == name).unwrap_or_else(|| panic!("{signed}"));
        assert_eq!(call["arguments"]["jsApiList"], json!(["chooseImage"]), "arguments are shown as JSON");
    }
    bed.run(&["js-sdk-signature", "--url", "https://example.com/"]).fails(1, "invalid-argument");
}

/// An element of the base world, which has neither messages nor approvals.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_element_does_not_have_is_unsupported() {
    let bed = Bed::new().await;
    let component = file(&bed, "base.wasm", Guest::default().build());
    let json = |name: &str, content: &Value| file(&bed, name, content.to_string());
    let to = json!({ "members": ["lisi"] });
    let message = json("message.json", &json!({ "to": to, "content": { "text": "a" } }));
    let update = json("update.json", &json!({ "to": to, "response_code": "a", "change": { "done": "a" } }));
    let request = json("request.json", &json!({ "template": "a", "applicant": "a" }));
    for arguments in [
        &["message", "send", &message][..],
        &["message", "recall", "id"],
        &["message", "update-card", &update],
        &["message", "upload", &message],
        &["approval", "template", PURCHASE_TEMPLATE],
        &["approval", "submit", &request],
        &["approval", "detail", "1"],
        &["approval", "list", "--from", "2026-01-01"],
        &["call", "GET", "/cgi-bin/agent/get"],
        &["js-sdk-signature", "--url", "https://app.example.com/"],
    ] {
        let all = [&["--component", component.as_str()][..], arguments].concat();
        bed.run(&all).fails(1, "unsupported");
    }
    assert_eq!(bed.control().requests().len(), 0);
}
