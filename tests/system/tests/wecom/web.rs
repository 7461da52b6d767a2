//! Signatures of pages, held against those that WeCom expects.

use std::time::Duration;

use organisation_host::{
    Element,
    contract::{
        types::{Error, Reason},
        web::{Identity, PageSignature, SignatureRequest},
    },
};
use serde_json::Value;
use system_tests::{Stage, stage::at_domain};
use wecom_simulator::{DEMO_AGENT_ID, DEMO_CORP_ID};

fn request(url: &str, identity: Identity) -> SignatureRequest {
    SignatureRequest { url: url.to_owned(), identity, functions: vec!["chooseImage".to_owned()] }
}

async fn sign(stage: &Stage, element: &Element, request: &SignatureRequest) -> Result<PageSignature, Error> {
    let signature = stage.heard(element.js_sdk_signature(request)).await;
    stage.note(&signature);
    signature
}

#[tokio::test]
async fn both_identities_sign_as_wecom_expects() {
    let stage = Stage::demo().await;
    for (identity, app, call) in
        [(Identity::Organisation, None, "wx.config"), (Identity::App, Some(DEMO_AGENT_ID), "wx.agentConfig")]
    {
        for path in ["", "/", "/h5/index.html?a=1&b=%E4%BD%A0#top", "/?q=a%20b#/route?x=1"] {
            let url = at_domain(path);
            let signed = sign(&stage, &stage.element, &request(&url, identity.clone())).await.unwrap();
            let expected = stage.control.js_signature(app, &signed.nonce, signed.timestamp, &url);
            assert_eq!(Some(&signed.signature), expected.as_ref(), "{url} as {identity:?}");
            assert_eq!((&*signed.app_id, signed.timestamp), (DEMO_CORP_ID, stage.control.now() / 1_000));
            assert_eq!(signed.agent_id, app.map(|id| id.to_string()));
            let made = signed.calls.iter().find(|made| made.name == call).unwrap_or_else(|| panic!("{signed:?}"));
            let arguments: Value = serde_json::from_str(&made.arguments).unwrap();
            assert_eq!(arguments["signature"], *signed.signature);
            assert_eq!(arguments["jsApiList"], serde_json::json!(["chooseImage"]));
        }
    }
    let tickets = ["get_jsapi_ticket", "ticket/get"].map(|api| stage.control.count(api).calls);
    assert_eq!(tickets, [1, 1], "each is fetched once");
    assert!(stage.switchboard().overheard().len() > 2, "the tickets are among what nobody may see");
    stage.assert_discreet(&[]);
}

#[tokio::test]
async fn a_page_elsewhere_is_not_signed() {
    let stage = Stage::demo().await;
    for url in [
        "https://example.com/",
        "https://app.example.com.evil.example/",
        "https://notapp.example.com/",
        "https://app.example.com@evil.example/",
        "https://evil.example/?https://app.example.com/",
        "https://evil.example\\@app.example.com/",
        "javascript:alert(1)//app.example.com",
        "/h5/index.html",
        "",
    ] {
        let error = sign(&stage, &stage.element, &request(url, Identity::App)).await.unwrap_err();
        assert!(matches!(&error.reason, Reason::InvalidArgument(problem) if problem.path == "url"), "{url}: {error:?}");
    }
    let odd = Identity::Other("guest".to_owned());
    let error = sign(&stage, &stage.element, &request(&at_domain("/"), odd)).await.unwrap_err();
    assert_eq!((error.reason, stage.vendor_calls()), (Reason::Unsupported, 0));
}

#[tokio::test]
async fn hosts_share_a_ticket_until_it_ends() {
    let stage = Stage::demo().await;
    let elsewhere = stage.elsewhere().await;
    let url = at_domain("/");
    let fetched = |stage: &Stage| ["get_jsapi_ticket", "ticket/get"].map(|api| stage.control.count(api).calls);
    for (hours, expected) in [(0, [1, 1]), (1, [1, 1]), (2, [2, 2])] {
        for element in [&stage.element, &elsewhere] {
            for identity in [Identity::Organisation, Identity::App] {
                let app = (identity == Identity::App).then_some(DEMO_AGENT_ID);
                let signed = sign(&stage, element, &request(&url, identity)).await.unwrap();
                let right = stage.control.js_signature(app, &signed.nonce, signed.timestamp, &url);
                assert_eq!(Some(signed.signature), right, "{hours} hours later");
                assert!(signed.expires_at > stage.control.now());
            }
        }
        assert_eq!(fetched(&stage), expected, "{hours} hours later");
        stage.advance(Duration::from_secs(3_600));
    }
    stage.assert_discreet(&[]);
}
