//! Each page that refuses a person: why, and what to do, in Chinese and English.

use super::*;
use wecom_simulator::{Effect, Fault, When};

use crate::visitor::Visitor;

/// What a person brings to the app's address, and in which browser.
struct Brought<'a> {
    visitor: Visitor<'a>,
    path: String,
}

/// Begins a sign-in, does this at the vendor's page, and stands before the way back.
async fn bring<'a>(host: &'a Serving, login: &str, browser: Browser, choice: Choice) -> Brought<'a> {
    let mut visitor = Visitor::new(host);
    let begun = visitor.get(login);
    assert_eq!(begun.status, 302, "{begun:#?}");
    let target = browser.sign_in(begun.header("location").unwrap(), &choice).await.unwrap();
    let (tenant, query) = (login.split('/').nth(2).unwrap(), target.split_once('?').unwrap().1);
    Brought { visitor, path: format!("/t/{tenant}/callback?{query}") }
}

fn member(id: &str) -> Choice {
    Choice::Member(id.to_owned())
}

#[track_caller]
fn refuses(name: &str, page: &Answer, status: u16, words: [&str; 4]) {
    assert_eq!(page.status, status, "{name}: {page:#?}");
    for words in words {
        assert!(page.body.contains(words), "{name}: {words} is not in {page:#?}");
    }
    for inside in [DEMO_SECRET, "gettoken", "access_token", "127.0.0.1"] {
        assert!(!page.body.contains(inside), "{name}: {inside} is nobody's business: {page:#?}");
    }
}

/// Why and what to do in Chinese, and the same in English.
const REJECTED: [&str; 4] =
    ["登录未成功", "请重新登录", "The sign-in did not succeed: please sign in again", "href=\"login\""];
const NOT_NOW: [&str; 4] =
    ["暂时无法登录", "请稍后再试", "Sign-in is not possible just now: please try again later", "href=\"login\""];

#[tokio::test(flavor = "multi_thread")]
async fn each_says_why_and_what_to_do_in_both_languages() {
    let bed = Bed::new().await;
    let mut wrong = bed.configuration();
    wrong["secret"] = json!("b2xkIHNlY3JldCBvZiB0aGUgYXBwLCBsb25nIGdvbmUu");
    let wrong = json!({"element": {"name": "org", "configuration": wrong}});
    let tenants = [
        tenant(&bed, "acme", &json!({})),
        tenant(&bed, "strict", &json!({"sign_in": {"role_required": true}})),
        tenant(&bed, "same", &json!({"sign_in": {"same_browser": true}})),
        tenant(&bed, "wrong", &wrong),
    ];
    let file = declare(&bed, &tenants);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let linked = Choice::LinkedMember { corp: "ww0000000000000000".to_owned(), id: "other".to_owned() };
    let outsider =
        ["您不是本企业的成员", "请联系管理员", "You are not a member of this organisation", "Ask its administrator"];
    for (name, login, browser, choice, status, words) in [
        ("outsider", "/t/acme/login", Browser::desktop(), Choice::Outsider, 403, outsider),
        ("customer", "/t/acme/login", Browser::desktop(), Choice::Customer, 403, outsider),
        (
            "linked",
            "/t/acme/login",
            Browser::desktop(),
            linked,
            403,
            [
                "您是互联企业的成员",
                "请以本企业的账号登录",
                "a member of a linked organisation",
                "Sign in with an account of that one",
            ],
        ),
        (
            "no role",
            "/t/strict/login",
            Browser::desktop(),
            member("lisi"),
            403,
            [
                "您还没有此应用的角色",
                "请联系管理员为您分配角色",
                "You have no role in this app yet",
                "Ask an administrator for a role",
            ],
        ),
        (
            "outside the range",
            "/t/acme/login?entry=workspace",
            Browser::client(),
            member("zhangliu"),
            403,
            ["您不在此应用的可见范围内", "请联系管理员", "This app is not visible to you", "Ask its administrator"],
        ),
        (
            "denied",
            "/t/acme/login",
            Browser::desktop(),
            Choice::Deny,
            403,
            ["您没有同意登录", "请重新登录并同意", "you did not agree to sign in", "sign in again and agree"],
        ),
        (
            "not set up",
            "/t/wrong/login",
            Browser::desktop(),
            member("lisi"),
            502,
            ["应用的配置有误", "请联系应用管理员", "is not set up as it should be", "tell the app's administrator"],
        ),
    ] {
        let Brought { mut visitor, path } = bring(&host, login, browser, choice).await;
        let page = visitor.get(&path);
        refuses(name, &page, status, words);
        let leads_on = page.body.contains("href=\"login\"");
        assert_eq!(leads_on, status != 502, "{name}: where only an administrator can help, nothing leads in a circle");
    }

    let Brought { mut visitor, path } = bring(&host, "/t/acme/login", Browser::desktop(), member("lisi")).await;
    bed.control().advance(Duration::from_secs(301));
    refuses("a code that has expired", &visitor.get(&path), 403, REJECTED);

    let Brought { mut visitor, path } = bring(&host, "/t/acme/login", Browser::desktop(), member("lisi")).await;
    assert_eq!(visitor.get(&path).status, 303);
    refuses("a way back that somebody else replays", &Visitor::new(&host).get(&path), 403, REJECTED);
    refuses("a state that nobody made", &visitor.get("/t/acme/callback?code=a&state=b"), 403, REJECTED);

    let Brought { path, .. } = bring(&host, "/t/same/login?entry=workspace", Browser::client(), member("lisi")).await;
    let elsewhere =
        ["在另一个浏览器或设备中开始的", "请从这里重新登录", "began in another browser or device", "sign in from here"];
    refuses("another browser", &Visitor::new(&host).get(&path), 403, elsewhere);

    let Brought { mut visitor, path } = bring(&host, "/t/acme/login", Browser::desktop(), member("lisi")).await;
    let fault = bed.control().inject(Fault::any(When::Always, Effect::Disconnect { processed: false }));
    refuses("a vendor that cannot be reached", &visitor.get(&path), 503, NOT_NOW);
    bed.control().remove_fault(fault);

    let mut lisi = Visitor::new(&host);
    assert_eq!(lisi.sign_in("/t/acme/login", "lisi").await.status, 303);
    for (name, page, status, words) in [
        (
            "no administrator",
            lisi.get("/t/acme/admin"),
            403,
            ["您不是此应用的管理员", "还没有管理员", "You are no administrator of this app", "the operator can run"],
        ),
        (
            "no such app",
            lisi.get("/t/nobody/login"),
            404,
            ["此处没有该应用", "请检查地址", "there is no such app here", "check the address"],
        ),
        (
            "no page",
            lisi.get("/nothing"),
            404,
            ["这里没有内容", "请核对地址", "There is nothing here", "check the address"],
        ),
        (
            "an address that is not complete",
            lisi.get("/t/acme/callback?code=a"),
            400,
            ["地址不完整", "请重新登录", "This address is not complete", "begin the sign-in again"],
        ),
        (
            "a token that nobody made",
            lisi.ask("POST", "/t/acme/admin/bootstrap", &[], "token=guess"),
            403,
            ["令牌不正确", "运营者可执行", "There is no such token", "the operator can run"],
        ),
    ] {
        refuses(name, &page, status, words);
    }
}
