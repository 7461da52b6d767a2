//! Sessions of members: how one begins and ends, and what a stranger cannot do with one.

use serde_json::json;

use crate::{
    bed::Bed,
    visitor::{Visitor, proof_in},
    web::{declare, serve, tenant},
};

const SESSION: &str = "org_session_";

#[tokio::test(flavor = "multi_thread")]
async fn a_member_signs_in_stays_and_signs_out() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "globex", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut lisi = Visitor::new(&host);

    // To a page that leads to the vendor, and back to where the person wanted to go.
    let answer = lisi.get("/t/acme/");
    assert_eq!((answer.status, answer.header("location")), (303, Some("sign-in")));
    let door = lisi.page("/t/acme/sign-in?return_to=%2Ft%2Facme%2F%3Fa%3Db");
    assert!(door.contains("href=\"login?return_to=%2Ft%2Facme%2F%3Fa%3Db\""), "{door}");
    let answer = lisi.sign_in("/t/acme/login?return_to=%2Ft%2Facme%2F%3Fa%3Db", "lisi").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/t/acme/?a=b")));
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains(SESSION) && cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    assert!(cookie.contains("Path=/t/;") && cookie.contains("Max-Age=43200"), "{cookie}");
    let home = lisi.page("/t/acme/?a=b");
    assert!(home.contains("李四") && home.contains("登录成功"), "{home}");

    // Of another tenant it is none, and neither is one that somebody made up.
    assert_eq!(lisi.get("/t/globex/").status, 303);
    let held = lisi.cookies();
    let mut forger = Visitor::new(&host);
    let session = held.split("; ").find(|cookie| cookie.starts_with(SESSION)).unwrap();
    let (name, value) = session.split_once('=').unwrap();
    let other = if value.ends_with('0') { "1" } else { "0" };
    let guess = format!("{name}={}{other}", &value[..value.len() - 1]);
    for forged in [guess, format!("{SESSION}0={value}"), format!("{name}="), format!("{name}={}", "0".repeat(64))] {
        forger.hold(&forged);
        assert_eq!(forger.get("/t/acme/").status, 303, "{forged}");
    }

    // One that a browser held before is not taken on: who planted it is not signed in with the person.
    let planted = lisi.cookies();
    assert_eq!(lisi.sign_in("/t/acme/login", "wangwu").await.status, 303);
    assert!(lisi.page("/t/acme/").contains("王五"));
    forger.hold(&planted);
    assert_eq!(forger.get("/t/acme/").status, 303, "the former session ends where another begins");

    // No other site ends it, and the person does.
    let home = lisi.page("/t/acme/");
    assert_eq!(lisi.ask("POST", "/t/acme/sign-out", &[], "").status, 400);
    assert_eq!(lisi.ask("POST", "/t/acme/sign-out", &[], "proof=guess").status, 400);
    let kept = lisi.cookies();
    let answer = lisi.ask("POST", "/t/acme/sign-out", &[], &format!("proof={}", proof_in(&home)));
    assert_eq!((answer.status, answer.header("location")), (303, Some("sign-in?notice=signed-out")));
    assert!(lisi.page("/t/acme/sign-in?notice=signed-out").contains("您已退出登录"));
    forger.hold(&kept);
    assert_eq!(forger.get("/t/acme/").status, 303, "it is over for whoever kept the cookie, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_its_member_leaves_or_loses_the_last_role() {
    let bed = Bed::new().await;
    let strict = json!({"sign_in": {"role_required": true}});
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "strict", &strict)]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    for name in ["acme", "strict"] {
        bed.run(&["--tenant", name, "sync"]).exits(0);
    }
    bed.run(&["--tenant", "strict", "roles", "set", "wangwu", "clerk"]).exits(0);

    let (mut lisi, _) = Visitor::signed_in(&host, "acme", "lisi").await;
    let (mut wangwu, _) = Visitor::signed_in(&host, "strict", "wangwu").await;
    assert!(wangwu.page("/t/strict/").contains("clerk"));
    bed.run(&["--tenant", "strict", "roles", "set", "wangwu", "--none"]).exits(0);
    bed.run(&["--tenant", "acme", "retire", "lisi"]).exits(0);
    for (visitor, tenant) in [(&mut lisi, "acme"), (&mut wangwu, "strict")] {
        let answer = visitor.get(&format!("/t/{tenant}/"));
        assert_eq!((answer.status, answer.header("location")), (303, Some("sign-in?notice=ended")), "{tenant}");
        let page = visitor.page(&format!("/t/{tenant}/sign-in?notice=ended"));
        assert!(page.contains("您的登录已结束") && page.contains("href=\"login\""), "{page}");
    }
    // It does not come back with the role.
    bed.run(&["--tenant", "strict", "roles", "set", "wangwu", "clerk"]).exits(0);
    assert_eq!(wangwu.get("/t/strict/").header("location"), Some("sign-in"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_of_one_storage_share_sessions() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let one = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let other = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let (lisi, _) = Visitor::signed_in(&one, "acme", "lisi").await;
    let mut there = Visitor::new(&other);
    there.hold(&lisi.cookies());
    let home = there.page("/t/acme/");
    assert!(home.contains("李四"), "{home}");
    assert_eq!(there.ask("POST", "/t/acme/sign-out", &[], &format!("proof={}", proof_in(&home))).status, 303);
    let mut back = Visitor::new(&one);
    back.hold(&lisi.cookies());
    assert_eq!(back.get("/t/acme/").status, 303);
}

/// The address of the guide brings a code to the app's own address, with a state that says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_home_page_of_the_guide_leads_in_where_it_is_declared_and_is_never_trusted_elsewhere() {
    let bed = Bed::new().await;
    let open = json!({"sign_in": {"homepage": true}});
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "open", &open)]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let home_page = bed.run(&["homepage-url", "https://app.example.com/"]).exits(0)["url"].as_str().unwrap().to_owned();
    for (tenant, location) in [("open", "./"), ("acme", "login")] {
        let choice = wecom_simulator::Choice::Member("lisi".into());
        let target = wecom_simulator::Browser::client().sign_in(&home_page, &choice).await.unwrap();
        let query = target.split_once('?').unwrap().1;
        let mut visitor = Visitor::new(&host);
        let answer = visitor.get(&format!("/t/{tenant}/?{query}"));
        assert_eq!((answer.status, answer.header("location")), (303, Some(location)), "{tenant}: {answer:#?}");
        let is_in = visitor.get(&format!("/t/{tenant}/")).status == 200;
        assert_eq!(is_in, tenant == "open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_before_a_sign_in_leads_nowhere_else() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut visitor = Visitor::new(&host);
    for evil in ["//evil.example", "https://evil.example", "/%5Cevil.example", "javascript:alert(1)"] {
        let page = visitor.page(&format!("/t/acme/sign-in?return_to={evil}"));
        assert!(page.contains("href=\"login\""), "{evil}: {page}");
        let answer = visitor.get(&format!("/language?to=en&back={evil}"));
        assert_eq!((answer.status, answer.header("location")), (303, Some("/")), "{evil}");
    }
    // What the vendor's page leads back with when somebody says no.
    let page = visitor.get("/t/acme/callback?state=x");
    assert_eq!(page.status, 403);
    for words in ["您没有同意登录", "you did not agree to sign in", "href=\"login\""] {
        assert!(page.body.contains(words), "{words}: {page:#?}");
    }
    // Inside the client nothing need be pressed, but after a sign-out.
    let client = [("user-agent", "Mobile wxwork/4.1 MicroMessenger")];
    let answer = host.get("/t/acme/sign-in?return_to=%2Fa", &client);
    assert_eq!((answer.status, answer.header("location")), (303, Some("login?return_to=%2Fa")));
    assert_eq!(host.get("/t/acme/sign-in?notice=signed-out", &client).status, 200);
    // In the language that the browser asks for, until the person chooses.
    for (accepted, cookie, words) in [("en", "", "Scan a QR code"), ("en", "org_language=zh", "扫描二维码")] {
        let page = host.get("/t/acme/sign-in", &[("accept-language", accepted), ("cookie", cookie)]);
        assert!(page.body.contains(words), "{accepted} {cookie}: {page:#?}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
}
