//! Sign-in from the command line.

use serde_json::Value;
use url::Url;
use wecom_simulator::{Browser, Choice};

use crate::bed::Bed;

/// Goes through the sign-in pages; answers code and state.
async fn spent(browser: &Browser, url: &str, member: &str) -> (String, String) {
    let target = browser.sign_in(url, &Choice::Member(member.to_owned())).await.unwrap();
    let target = Url::parse(&target).unwrap();
    let value = |key: &str| target.query_pairs().find(|(name, _)| name == key).unwrap().1.into_owned();
    (value("code"), value("state"))
}

#[tokio::test(flavor = "multi_thread")]
async fn members_sign_in_through_every_entry() {
    let bed = Bed::new().await;
    for (entry, browser, consents) in [
        ("browser", Browser::desktop(), false),
        ("workspace", Browser::client(), false),
        ("workspace-consent", Browser::client(), true),
    ] {
        let made = bed.run(&["login-url", "--entry", entry, "--return-to", "/a?b=c", "--lang", "en"]).exits(0);
        let expires: jiff::Timestamp = made["expires_at"].as_str().unwrap().parse().unwrap();
        assert!(expires > jiff::Timestamp::now(), "{entry}");
        let (code, state) = spent(&browser, made["url"].as_str().unwrap(), "wangwu").await;
        assert_eq!(made["state"], state.as_str());

        let ended = bed.run(&["exchange", "--code", &code, "--state", &state]);
        assert!(!ended.stdout.contains(&code) && !ended.stderr.contains(&code), "{entry}: a code was printed");
        let seen = ended.exits(0);
        assert_eq!((&seen["outcome"], &seen["member"]["id"]), (&"member".into(), &"wangwu".into()), "{entry}");
        assert_eq!((&seen["state_verified"], &seen["return_to"]), (&true.into(), &"/a?b=c".into()), "{entry}");
        assert_eq!(seen["member"]["in_visible_range"], true, "{entry}");
        assert_eq!(seen["member"]["roles"], Value::Array(Vec::new()), "{entry}");
        assert!(seen["warnings"].as_array().unwrap().iter().any(|warning| warning["code"] == "no-role"), "{entry}");
        assert_eq!(!seen["member"]["sensitive"].is_null(), consents, "{entry}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_ours_is_rejected() {
    let bed = Bed::new().await;
    let error = bed.run(&["exchange", "--code", "Unheard-of-code", "--state", "Unheard0f"]).fails(1, "login-rejected");
    assert!(!error.to_string().contains("Unheard"), "{error}");
    assert!(error["hint"].is_string());
    for (arguments, reason) in [
        (&["login-url", "--entry", "browser", "--return-to", "https://evil.example/"][..], "invalid-argument"),
        (&["login-url", "--entry", "browser", "--redirect-uri", "https://evil.example/"], "invalid-argument"),
        (&["homepage-url", "no url"], "invalid-argument"),
    ] {
        bed.run(arguments).fails(1, reason);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_home_page_url_has_the_documented_form() {
    let bed = Bed::new().await;
    let mut configuration = bed.configuration();
    for key in ["apiBaseUrl", "loginBaseUrl", "oauthBaseUrl"] {
        configuration.as_object_mut().unwrap().remove(key);
    }
    let element = bed.write("real", &configuration);
    let seen = bed
        .run_plain(&[
            "homepage-url",
            "https://app.example.com/desk?a=1",
            "--format",
            "json",
            "--element",
            element.to_str().unwrap(),
        ])
        .exits(0);
    assert_eq!(
        seen["url"],
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww21c67da6767865c2&redirect_uri=https%3A%2F%2Fapp.example.com%2F\
         desk%3Fa%3D1&response_type=code&scope=snsapi_base&state=ww21c67da6767865c2&agentid=1000073#wechat_redirect"
    );
}
