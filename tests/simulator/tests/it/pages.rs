//! The sign-in pages: what they refuse, whom they admit, what comes back.

use serde_json::json;
use wecom_simulator::corp::{App, SensitiveField};
use wecom_simulator::{Browser, Choice, DEMO_AGENT_ID, Secret, SignInError};

use crate::bed::{Bed, param};

fn member(id: &str) -> Choice {
    Choice::Member(id.to_owned())
}

/// The number a sign-in is refused with; `None` when it succeeds.
async fn refusal(browser: &Browser, url: &str, choice: &Choice) -> Option<i64> {
    match browser.sign_in(url, choice).await {
        Ok(_) => None,
        Err(SignInError::Refused { code, page }) => {
            assert!(code == 0 || page.contains(&code.to_string()), "the page shows its number");
            Some(code)
        }
        Err(other) => panic!("{url}: {other}"),
    }
}

#[tokio::test]
async fn browser_sign_in_refuses_with_the_platforms_numbers() {
    let bed = Bed::start().await;
    let rows = [
        ("", "", None),
        ("login_type=CorpApp&", "", None),
        ("CorpApp", "ServiceApp", Some(-31034)),
        ("CorpApp", "Nonsense", Some(-31040)),
        ("ww21c67da6767865c2", "ww0", Some(-31027)),
        ("agentid=1000073", "agentid=1", Some(-31028)),
        ("agentid=1000073&", "", Some(-31028)),
        ("https%3A%2F%2Fapp.example.com%2Fcb%3Fx%3D1", "", Some(-31035)),
        ("app.example.com", "evil.example.com", Some(-31039)),
        ("app.example.com", "sub.app.example.com", Some(-31039)),
        ("app.example.com", "app.example.com%3A443", Some(-31039)),
        ("app.example.com", "APP.example.com", None),
        ("%3Fx%3D1", "%3Fnext%3Djms%253A%252F%252Fx", Some(-31039)),
        ("https%3A", "https%253A", Some(-31039)),
    ];
    for (from, to, expected) in rows {
        let url = bed.login().replacen(from, to, 1);
        assert_eq!(refusal(&Browser::desktop(), &url, &member("lisi")).await, expected, "{from} -> {to}");
        if !from.contains("CorpApp") {
            let url = url.replace("/wwlogin/sso/login?login_type=CorpApp&", "/wwopen/sso/qrConnect?");
            assert_eq!(
                refusal(&Browser::desktop(), &url, &member("lisi")).await,
                expected,
                "older page, {from} -> {to}"
            );
        }
    }
    bed.control.configure(|behaviour| behaviour.switches.login_type_required = true);
    let url = bed.login().replace("login_type=CorpApp&", "");
    assert_eq!(refusal(&Browser::desktop(), &url, &member("lisi")).await, Some(-31040));
}

#[tokio::test]
async fn the_callback_domain_serves_browsers_only() {
    let bed = Bed::start().await;
    bed.control.change(|corp| {
        corp.update_app(DEMO_AGENT_ID, |app| app.login_callback_domain = Some("login.example.com:8443".into()))
            .unwrap();
    });
    for (host, browser, client) in [
        ("login.example.com%3A8443", None, Some(50001)),
        ("login.example.com", Some(-31020), Some(50001)),
        ("app.example.com", None, None),
    ] {
        let url = bed.login().replace("app.example.com", host);
        assert_eq!(refusal(&bed.browser, &url, &member("lisi")).await, browser, "browser at {host}");
        let url = bed.oauth("").replace("app.example.com", host);
        assert_eq!(refusal(&bed.browser, &url, &member("lisi")).await, client, "client at {host}");
    }
}

#[tokio::test]
async fn client_sign_in_refuses_what_the_documentation_names() {
    let bed = Bed::start().await;
    let long = "s".repeat(129);
    let rows = [
        ("appid=ww21c67da6767865c2", "appid=ww0", Some(40013)),
        ("agentid=1000073", "agentid=1", Some(40056)),
        ("&agentid=1000073", "", None),
        ("app.example.com", "evil.example.com", Some(50001)),
        ("response_type=code", "response_type=token", Some(40058)),
        ("snsapi_base", "snsapi_login", Some(40058)),
        ("state=abc", "state=a-b", Some(84025)),
        ("state=abc", &format!("state={long}"), Some(84025)),
        ("&state=abc", "", None),
    ];
    for (from, to, expected) in rows {
        let url = bed.oauth("").replacen(from, to, 1);
        assert_eq!(refusal(&bed.browser, &url, &member("lisi")).await, expected, "{from} -> {to}");
    }
}

#[tokio::test]
async fn the_client_page_wants_the_client() {
    let bed = Bed::start().await;
    assert_eq!(refusal(&Browser::desktop(), &bed.oauth(""), &member("lisi")).await, Some(0));
    assert_eq!(refusal(&Browser::desktop(), &bed.oauth("&sim_client=1"), &member("lisi")).await, None);
    bed.control.configure(|behaviour| behaviour.switches.client_required = false);
    assert_eq!(refusal(&Browser::desktop(), &bed.oauth(""), &member("lisi")).await, None);
}

#[tokio::test]
async fn a_choice_comes_back_as_code_and_state() {
    let bed = Bed::start().await;
    let rows = [
        (member("LISI"), json!({"userid": "lisi"})),
        (Choice::LinkedMember { corp: "wwother".into(), id: "bob".into() }, json!({"userid": "wwother/bob"})),
    ];
    for (choice, expected) in rows {
        let target = Browser::desktop().sign_in(&bed.login(), &choice).await.unwrap();
        assert!(target.starts_with("https://app.example.com/cb?x=1&code="), "{target}");
        assert_eq!(param(&target, "state").as_deref(), Some("a-b"));
        let answer = bed.app(&format!("auth/getuserinfo?code={}", param(&target, "code").unwrap())).await;
        assert_eq!(answer["userid"], expected["userid"]);
        assert!(answer.get("user_ticket").is_none());
    }
    let target = bed.browser.sign_in(&bed.oauth(""), &Choice::Outsider).await.unwrap();
    let answer = bed.app(&format!("auth/getuserinfo?code={}", param(&target, "code").unwrap())).await;
    assert!(answer["openid"].is_string() && answer.get("userid").is_none() && answer.get("external_userid").is_none());
    let target = bed.browser.sign_in(&bed.oauth(""), &Choice::Customer).await.unwrap();
    let answer = bed.app(&format!("auth/getuserinfo?code={}", param(&target, "code").unwrap())).await;
    assert!(answer["openid"].is_string() && answer["external_userid"].is_string());
    let denied = Browser::desktop().sign_in(&bed.login(), &Choice::Deny).await.unwrap();
    assert_eq!(denied, "https://app.example.com/cb?x=1&state=a-b", "a refusal carries the state alone");
}

#[tokio::test]
async fn the_legacy_exchange_spells_its_keys_differently() {
    let bed = Bed::start().await;
    let target = bed.browser.sign_in(&bed.private(), &member("lisi")).await.unwrap();
    let answer = bed.app(&format!("user/getuserinfo?code={}", param(&target, "code").unwrap())).await;
    assert_eq!(
        (&answer["UserId"], &answer["DeviceId"], &answer["expires_in"]),
        (&json!("lisi"), &json!(""), &json!(1800))
    );
    assert!(answer["user_ticket"].is_string() && answer.get("userid").is_none());
    let target = bed.browser.sign_in(&bed.oauth(""), &Choice::Outsider).await.unwrap();
    let answer = bed.app(&format!("user/getuserinfo?code={}", param(&target, "code").unwrap())).await;
    assert!(answer["OpenId"].is_string() && answer.get("openid").is_none());
}

#[tokio::test]
async fn range_and_status_decide_who_may_sign_in() {
    let bed = Bed::start().await;
    // (member, browser, silent in-app, in-app with consent)
    for (id, browser, silent, private) in [
        ("lisi", None, None, None),
        ("shiwu", None, None, None),
        ("zhangliu", Some(50002), None, Some(50002)),
        ("lvsi", Some(60111), Some(60111), Some(60111)),
        ("hanqi", Some(60111), Some(60111), Some(60111)),
        ("nobody", Some(60111), Some(60111), Some(60111)),
    ] {
        for (url, expected) in [(bed.login(), browser), (bed.oauth(""), silent), (bed.private(), private)] {
            assert_eq!(refusal(&bed.browser, &url, &member(id)).await, expected, "{id} at {url}");
        }
    }
}

#[tokio::test]
async fn a_ticket_comes_only_with_consent_an_app_and_range() {
    let bed = Bed::start().await;
    let without_app = bed.private().replace("&agentid=1000073", "");
    for (url, expected) in [(bed.private(), true), (bed.oauth(""), false), (without_app, false), (bed.login(), false)] {
        let target = bed.browser.sign_in(&url, &member("lisi")).await.unwrap();
        let answer = bed.app(&format!("auth/getuserinfo?code={}", param(&target, "code").unwrap())).await;
        assert_eq!(answer["user_ticket"].is_string(), expected, "{url}");
    }
    let shy = Browser::client().consenting_to(&[SensitiveField::Mobile]);
    let target = shy.sign_in(&bed.private(), &member("lisi")).await.unwrap();
    let answer = bed.app(&format!("auth/getuserinfo?code={}", param(&target, "code").unwrap())).await;
    let body = json!({"user_ticket": answer["user_ticket"]}).to_string();
    let detail = bed.post(&format!("auth/getuserdetail?access_token={}", bed.token().await), &body).await;
    assert_eq!((&detail["mobile"], detail.get("email"), &detail["gender"]), (&json!("13800000001"), None, &json!("0")));
}

#[tokio::test]
async fn a_code_belongs_to_the_domain_it_was_sent_to() {
    let bed = Bed::start().await;
    bed.control.change(|corp| {
        let other =
            App { trusted_domains: vec!["other.example.com".into()], ..App::new(5, "other", Secret::new("s5")) };
        corp.add_app(other).unwrap();
    });
    let target = bed.browser.sign_in(&bed.oauth(""), &member("lisi")).await.unwrap();
    let code = param(&target, "code").unwrap();
    let other = bed.token_of("s5").await;
    assert_eq!(bed.get(&format!("auth/getuserinfo?code={code}&access_token={other}")).await["errcode"], 50001);
    assert_eq!(bed.app(&format!("auth/getuserinfo?code={code}")).await["userid"], "lisi", "not spent by the refusal");
}

#[tokio::test]
async fn the_page_lists_members_and_escapes_what_it_shows() {
    let bed = Bed::start().await;
    bed.control.change(|corp| {
        corp.update_member("lisi", |member| member.name = "<script>alert(1)</script>".to_owned()).unwrap();
    });
    let page = Browser::desktop().get(&bed.login()).await.unwrap();
    let text = page.text();
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(text.contains("ZhangSan") && text.contains("张三") && text.contains("viewport"));
    assert!(text.contains("&lt;script&gt;") && !text.contains("<script>"));
    assert!(text.contains("不在可见范围"), "members out of range are offered, and marked");
    let narrowed = Browser::desktop().get(&format!("{}&sim_search=%E6%9D%A8", bed.login())).await.unwrap().text();
    assert!(narrowed.contains("yangba") && !narrowed.contains("ZhangSan"));
}

#[tokio::test]
async fn the_redirect_may_carry_the_appid() {
    let bed = Bed::start().await;
    bed.control.configure(|behaviour| behaviour.quirks.redirect_with_appid = true);
    let target = Browser::desktop().sign_in(&bed.login(), &member("lisi")).await.unwrap();
    assert_eq!(param(&target, "appid").as_deref(), Some("ww21c67da6767865c2"));
}

#[tokio::test]
async fn a_script_signs_in_without_a_click() {
    let bed = Bed::start().await;
    let desktop = Browser::desktop();
    let rows = [
        (format!("{}&as=lisi", bed.login()), "https://app.example.com/cb?x=1&code=", None),
        (bed.oauth("&as=lisi"), "https://app.example.com/cb?code=", None),
        (bed.private().replace("#", "&as=lisi#"), "https://app.example.com/cb?code=", None),
        (format!("{}&as=zhangliu", bed.login()), "", Some("50002")),
        (format!("{}&as=nobody", bed.login()), "", Some("60111")),
        (bed.login().replace("agentid=1000073", "agentid=1&as=lisi"), "", Some("-31028")),
    ];
    for (url, target, refusal) in rows {
        let page = desktop.get(&url).await.unwrap();
        assert_eq!(page.header("sim-refusal"), refusal, "{url}");
        assert!(
            page.header("location").unwrap_or_default().starts_with(target),
            "{url}: {:?}",
            page.header("location")
        );
    }
    let target =
        desktop.get(&bed.private().replace("#", "&as=lisi#")).await.unwrap().header("location").unwrap().to_owned();
    let ticket =
        bed.app(&format!("auth/getuserinfo?code={}", param(&target, "code").unwrap())).await["user_ticket"].clone();
    let detail = bed.send("auth/getuserdetail", &json!({"user_ticket": ticket})).await;
    assert!(detail["mobile"].is_string(), "consents to what is asked: {detail}");
}

#[tokio::test]
async fn a_phone_answers_what_a_browser_shows() {
    let bed = Bed::start().await;
    let act = async |action: &str, body: String| {
        let page = bed.browser.post(&bed.url(&format!("/sim/{action}")), &body).await.unwrap();
        (page.status, page.text())
    };
    let wait = async |ticket: &str| bed.browser.get(&bed.url(&format!("/wwlogin/sso/scan/{ticket}"))).await.unwrap();
    for (answer, expected) in [
        ("confirm-scan", "https://app.example.com/cb?x=1&code="),
        ("deny-scan", "https://app.example.com/cb?x=1&state=a-b"),
    ] {
        Browser::desktop().get(&bed.login()).await.unwrap();
        let ticket = bed.control.waiting_sign_ins()[0].ticket.clone();
        let body = format!("member=LISI&ticket={ticket}");
        assert!(wait(&ticket).await.text().contains("等待扫码"));
        let (status, text) = act(answer, body.clone()).await;
        assert!(status == 400 && text.contains("has to scan the code first"), "{text}");
        assert_eq!(act("scan", body.clone()).await.0, 200);
        assert!(wait(&ticket).await.text().contains("已扫描"));
        let (status, text) = act(answer, format!("member=wangwu&ticket={ticket}")).await;
        assert!(status == 400 && text.contains("has to scan"), "{text}");
        assert_eq!(act(answer, body.clone()).await.0, 200);
        let told = wait(&ticket).await;
        assert!(told.header("hx-redirect").unwrap().starts_with(expected), "{:?}", told.header("hx-redirect"));
        let (status, text) = act(answer, body).await;
        assert!(status == 400 && text.contains("no browser waits"), "{text}");
    }
    Browser::desktop().get(&bed.login()).await.unwrap();
    let ticket = bed.control.waiting_sign_ins()[0].ticket.clone();
    let body = format!("member=zhangliu&ticket={ticket}");
    assert_eq!(act("scan", body.clone()).await.0, 200);
    let (status, text) = act("confirm-scan", body).await;
    assert!(status == 400 && text.contains("50002"), "out of range: {text}");
    let told = wait(&ticket).await;
    assert!(told.status == 286 && told.text().contains("50002"), "the browser stops asking: {}", told.text());
    assert_eq!(wait("nonsense").await.status, 286);
    bed.control.advance(std::time::Duration::from_secs(301));
    assert_eq!(
        bed.control.requests().iter().filter(|one| one.path.contains("/scan/")).count(),
        0,
        "asking is not logged"
    );
}
