//! The administrator's console: who may open it, what it shows, and what it refuses.

use serde_json::{Value, json};
use wecom_simulator::{DEMO_AGENT_ID, corp::Grant};

use crate::{
    bed::{Bed, program},
    visitor::{Visitor, hidden_in, proof_in},
    web::{self, Serving, declare, serve, tenant, until},
};

mod approvals;
mod calls;
mod configuration;
mod live;
mod messages;
mod tenants;

/// The token of the first start.
fn token(host: &Serving) -> &str {
    let bootstrap = host.hello["bootstrap"].as_str().unwrap_or_else(|| panic!("{}", host.hello));
    bootstrap.split_once("?token=").unwrap().1
}

/// Somebody with a session of the first start.
fn first<'a>(host: &'a Serving, tenant: &str) -> Visitor<'a> {
    let mut visitor = Visitor::new(host);
    let form = format!("token={}", token(host));
    let answer = visitor.ask("POST", &format!("/t/{tenant}/admin/bootstrap"), &[], &form);
    assert_eq!((answer.status, answer.header("location")), (303, Some("../admin")), "{answer:#?}");
    visitor
}

fn synchronise(visitor: &mut Visitor<'_>, ends_with: &str) {
    let answer = visitor.post("/t/acme/admin/sync", "/t/acme/admin/sync/start", &[("until", "complete")]);
    assert_eq!((answer.status, answer.header("location")), (303, Some("/t/acme/admin/sync")), "{answer:#?}");
    until(ends_with, || visitor.page("/t/acme/admin/sync/progress").contains(ends_with));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_the_first_start_names_the_first_administrator_and_is_void_then() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "globex", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut stranger = Visitor::new(&host);
    let answer = stranger.get("/t/acme/admin");
    assert_eq!(answer.header("location"), Some("/t/acme/sign-in?return_to=%2Ft%2Facme%2Fadmin"), "{answer:#?}");
    assert!(stranger.page(&format!("/t/acme/admin/bootstrap?token={}", token(&host))).contains("name=\"token\""));
    for (form, status) in [("", 403), ("token=guess", 403)] {
        assert_eq!(stranger.ask("POST", "/t/acme/admin/bootstrap", &[], form).status, status, "{form}");
    }
    let mut someone = first(&host, "acme");
    assert_eq!(someone.get("/t/acme/admin").status, 200);
    assert_eq!(someone.get("/t/globex/admin").status, 303, "it opens one tenant alone");
    let again = format!("token={}", token(&host));
    for tenant in ["acme", "globex"] {
        let answer = stranger.ask("POST", &format!("/t/{tenant}/admin/bootstrap"), &[], &again);
        assert!(answer.status == 403 && answer.body.contains("used before"), "{tenant}: {answer:#?}");
    }
    let huge = format!("token={}", "0".repeat(65 << 10));
    for path in ["/t/acme/admin/bootstrap", "/t/acme/callback"] {
        assert_eq!(stranger.ask("POST", path, &[], &huge).status, 400, "{path} reads no more than a form");
    }
    // Another host of the storage makes none.
    let other = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    assert_eq!(other.hello["bootstrap"], Value::Null);

    synchronise(&mut someone, "同步已完成");
    let ids = [("ids", "lisi\r\nwangwu")];
    let answer = someone.post("/t/acme/admin/roles", "/t/acme/admin/roles/administrators", &ids);
    assert_eq!(answer.status, 303, "{answer:#?}");

    let (mut lisi, _) = Visitor::signed_in(&host, "acme", "lisi").await;
    assert!(lisi.page("/t/acme/").contains("href=\"admin\""));
    let page = lisi.page("/t/acme/admin");
    assert!(page.contains("接下来") && page.contains("李四"), "{page}");
    // Of two who have the page open, the second does not undo what the first has done.
    let page = lisi.page("/t/acme/admin/roles");
    let fewer = [("ids", "lisi")];
    assert_eq!(lisi.post("/t/acme/admin/roles", "/t/acme/admin/roles/administrators", &fewer).status, 303);
    let shown = hidden_in(&page, "/t/acme/admin/roles/administrators")[0];
    let late = [("ids", "lisi\r\nwangwu\r\nzhouba"), shown];
    let answer = lisi.post("/t/acme/admin/roles", "/t/acme/admin/roles/administrators", &late);
    assert!(answer.status == 409 && !lisi.page("/t/acme/admin/roles").contains("wangwu"), "{answer:#?}");

    let (mut zhouba, _) = Visitor::signed_in(&host, "acme", "zhouba").await;
    assert!(!zhouba.page("/t/acme/").contains("href=\"admin\""));
    for path in ["admin", "admin/members", "admin/audit"] {
        let answer = zhouba.get(&format!("/t/acme/{path}"));
        assert!(answer.status == 403 && answer.body.contains("no administrator"), "{path}: {answer:#?}");
        assert!(!answer.body.contains("admins set"), "the command would replace the others: {answer:#?}");
    }

    // Whoever is no administrator any more has a page open, and can do nothing with it.
    let page = lisi.page("/t/acme/admin/roles");
    bed.run(&["--tenant", "acme", "admins", "set", "wangwu"]).exits(0);
    let form = format!("proof={}&ids=lisi", proof_in(&page));
    assert_eq!(lisi.ask("POST", "/t/acme/admin/roles/administrators", &[], &form).status, 403);
    assert_eq!(lisi.get("/t/acme/admin").status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_from_the_consoles_own_pages_and_are_audited() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    // Only to apps of those days WeCom shows numbers.
    let old = bed.control().change(|corp| corp.update_app(DEMO_AGENT_ID, |app| app.created_before_2022 = true));
    old.unwrap();
    let mut someone = first(&host, "acme");
    synchronise(&mut someone, "同步已完成");
    let page = someone.page("/t/acme/admin/roles");
    let proof = proof_in(&page);
    let rule = |proof: &str| format!("proof={proof}&role=staff&scope=everybody");
    let (good, padding) = (rule(proof), "x".repeat(65 << 10));
    for (headers, form, status) in [
        (&[][..], "role=staff&scope=everybody".to_owned(), 403),
        (&[], rule("guess"), 403),
        (&[("sec-fetch-site", "cross-site")], good.clone(), 403),
        (&[("sec-fetch-site", "same-site")], good.clone(), 403),
        (&[], format!("{good}&padding={padding}"), 400),
        (&[], format!("proof={proof}&role=staff&scope=tag"), 400),
        (&[("sec-fetch-site", "same-origin")], good.clone(), 303),
    ] {
        let answer = someone.ask("POST", "/t/acme/admin/roles/rules", headers, &form);
        assert_eq!(answer.status, status, "{headers:?} {}: {answer:#?}", &form[..form.len().min(80)]);
    }
    assert_eq!(someone.get("/t/acme/admin/roles/rules").status, 405, "an address changes nothing");
    for (number, rule) in [("999", ""), ("999", "staff everybody"), ("0", "other everybody"), ("0", "")] {
        let fields = [("number", number), ("rule", rule)];
        let answer = someone.post("/t/acme/admin/roles", "/t/acme/admin/roles/rules/remove", &fields);
        assert_eq!(answer.status, 409, "{fields:?}: {answer:#?}");
    }
    assert!(someone.page("/t/acme/admin/members?search=lisi").contains("staff"));

    // Numbers are covered until somebody asks, and that stands in the trail.
    let known = bed.run(&["--tenant", "acme", "member", "lisi"]).exits(0);
    let mobile = known["mobile"].as_str().unwrap_or_else(|| panic!("{known}"));
    let page = someone.page("/t/acme/admin/members/lisi");
    assert!(!page.contains(mobile) && page.contains("****"), "{page}");
    assert!(!someone.page("/t/acme/admin/members").contains(mobile));
    let answer = someone.post("/t/acme/admin/members/lisi", "/t/acme/admin/members/lisi/reveal", &[]);
    assert!(answer.status == 200 && answer.body.contains(mobile), "{answer:#?}");
    let trail = someone.page("/t/acme/admin/audit");
    for action in ["console.bootstrap", "administration.set-role-rules", "console.reveal-member"] {
        assert!(trail.contains(action), "{action}: {trail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_shows_what_it_is_about_and_what_people_wrote_stays_text() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let evil = "<script>alert(1)</script>\"'>";
    let renamed = bed.control().change(|corp| corp.update_member("lisi", |member| member.name = evil.to_owned()));
    renamed.unwrap();
    let mut someone = first(&host, "acme");
    for (until, status) in [("", 400), ("everything", 400), ("plan", 303)] {
        let answer = someone.post("/t/acme/admin/sync", "/t/acme/admin/sync/start", &[("until", until)]);
        assert_eq!(answer.status, status, "{until}");
    }
    until("the plan", || someone.page("/t/acme/admin/sync").contains("计划已完成"));
    assert!(someone.page("/t/acme/admin/sync/plan").contains("lisi"));
    synchronise(&mut someone, "同步已完成");
    for (path, words) in [
        ("", "接下来"),
        ("/check", "credentials"),
        ("/setup", "connect/oauth2/authorize"),
        ("/members", "王五"),
        ("/members?search=wangwu", "王五"),
        ("/members?department=21&below=true", "王五"),
        ("/departments?parent=2", "平台组"),
        ("/members/lisi", "平台负责人"),
        ("/sync", "完成"),
        ("/sync/plan", "目前没有计划"),
        ("/roles", "还没有管理员"),
        ("/changes", "成员加入"),
        ("/messages", "预览"),
        ("/events", "还没有收到回调"),
        ("/approvals", "没有符合条件的审批"),
        ("/calls", "最近的调用"),
        ("/tenants", "当前"),
        ("/audit", "console.bootstrap"),
    ] {
        let answer = someone.get(&format!("/t/acme/admin{path}"));
        assert!(answer.status == 200 && answer.body.contains(words), "{path}: {answer:#?}");
        for raw in ["<script>alert", "\"'>", " style=", "onclick"] {
            assert!(!answer.body.contains(raw), "{path} holds {raw}: {answer:#?}");
        }
        assert!(answer.body.len() < 120 << 10, "{path} has {} bytes", answer.body.len());
    }
    assert_eq!(someone.get("/t/acme/admin/members?status=everybody").status, 400, "not a list of all of them");
    let english = someone.ask("GET", "/t/acme/admin", &[("accept-language", "en")], "");
    assert!(english.body.contains("What to do next"), "{english:#?}");
    for path in ["/members/nobody", "/members/..%2f..", "/elsewhere"] {
        let answer = someone.get(&format!("/t/acme/admin{path}"));
        assert_eq!(answer.status, 404, "{path}: {answer:#?}");
    }
    assert_eq!(someone.get("/t/acme/admin/members?cursor=x").status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_of_a_member_are_replaced_as_they_were_shown() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    synchronise(&mut someone, "同步已完成");
    let (page, roles) = ("/t/acme/admin/members/lisi", "/t/acme/admin/members/lisi/roles");
    assert_eq!(someone.post(page, roles, &[("roles", "clerk, auditor")]).status, 303);
    let shown = someone.page(page);
    assert_eq!(someone.post(page, roles, &[("roles", "clerk")]).status, 303);
    let late = [("roles", "clerk, auditor, other"), hidden_in(&shown, roles)[0]];
    assert_eq!(someone.post(page, roles, &late).status, 409);

    // A rule gives it as well: the form has what is assigned, whatever rules give.
    let held = || bed.run(&["--tenant", "acme", "roles", "show", "lisi"]).exits(0);
    let rule = [("role", "clerk"), ("scope", "everybody")];
    assert_eq!(someone.post("/t/acme/admin/roles", "/t/acme/admin/roles/rules", &rule).status, 303);
    for assigned in [&[][..], &["clerk"]] {
        assert_eq!(someone.post(page, roles, &[("roles", &assigned.join(", "))]).status, 303);
        let now = held();
        assert_eq!((&now["roles"], &now["assigned"]), (&json!(["clerk"]), &json!(assigned)), "{now}");
        assert!(someone.page(page).contains(&format!("name=\"roles\" value=\"{}\"", assigned.join(", "))));
    }
    let answer = someone.post("/t/acme/admin/roles", "/t/acme/admin/roles/rules/remove", &[]);
    assert_eq!(answer.status, 303, "{answer:#?}");
    assert_eq!(held()["roles"], json!(["clerk"]), "{}", held());

    // Suspended ones come back or go by a button of their own, and by no other form.
    for command in [&["retire", "lisi"][..], &["sync"], &["reinstate", "lisi"], &["sync"]] {
        bed.run(&[&["--tenant", "acme"], command].concat()).exits(0);
    }
    assert_eq!(held()["suspended"], json!(["clerk"]), "{}", held());
    let suspended = someone.page(page);
    assert!(suspended.contains("暂停中的角色") && !suspended.contains("id=\"roles\""), "{suspended}");
    let kept: Vec<_> = hidden_in(&suspended, roles).into_iter().filter(|(name, _)| *name == "shown").collect();
    let slip = format!("proof={}&roles=other&shown={}", proof_in(&suspended), kept[0].1);
    assert_eq!(someone.ask("POST", roles, &[], &slip).status, 409);
    assert_eq!(held()["suspended"], json!(["clerk"]), "{}", held());
    assert_eq!(someone.post(page, roles, &[]).status, 303);
    assert_eq!((&held()["roles"], &held()["suspended"]), (&json!([]), &json!([])), "{}", held());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_comes_after_the_administrators_is_void() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({})), tenant(&bed, "globex", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    bed.run(&["--tenant", "acme", "sync"]).exits(0);
    bed.run(&["--tenant", "acme", "admins", "set", "lisi"]).exits(0);
    let mut stranger = Visitor::new(&host);
    let form = format!("token={}", token(&host));
    for (tenant, words) in [("acme", "void now"), ("globex", "used before")] {
        let answer = stranger.ask("POST", &format!("/t/{tenant}/admin/bootstrap"), &[], &form);
        assert!(answer.status == 403 && answer.body.contains(words), "{tenant}: {answer:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_sent_as_it_was_shown_and_once() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    for (fields, words, kept) in [
        (&[("text", "你好")][..], "请填写接收者", "你好</textarea>"),
        (&[("members", "lisi")], "请填写内容", "value=\"lisi\""),
    ] {
        let answer = someone.post("/t/acme/admin/messages", "/t/acme/admin/messages/preview", fields);
        assert!(answer.status == 422 && answer.body.contains(words) && answer.body.contains(kept), "{answer:#?}");
    }
    let written = [("members", "lisi，nobody"), ("text", "<b>你好</b>")];
    let preview = someone.post("/t/acme/admin/messages", "/t/acme/admin/messages/preview", &written);
    assert!(preview.body.contains("&lt;b&gt;你好") && preview.body.contains("lisi, nobody"), "{preview:#?}");
    assert!(bed.control().inbox("lisi").is_empty(), "a preview sends nothing");
    let (_, key) = preview.body.split_once("name=\"key\" value=\"").unwrap();
    let form = [written[0], written[1], ("key", key.split_once('"').unwrap().0)];
    for _ in 0..2 {
        let answer = someone.post("/t/acme/admin/messages", "/t/acme/admin/messages", &form);
        assert!(answer.status == 200 && answer.body.contains("nobody</code> · 不在应用的可见范围内"), "{answer:#?}");
    }
    assert_eq!(bed.control().inbox("lisi").len(), 1, "who presses twice sends it once");
    let trail = someone.page("/t/acme/admin/audit");
    assert!(trail.contains("messaging.send") && trail.contains("text_sha256") && trail.contains("nobody"), "{trail}");
    assert!(!trail.contains("你好"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_is_too_large_waits_for_an_administrator_who_sees_who_would_go() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    synchronise(&mut someone, "同步已完成");
    let removed = bed.control().change(|corp| corp.ungrant(DEMO_AGENT_ID, &Grant::Department(2)));
    assert!(removed.unwrap());
    synchronise(&mut someone, "同步在等待您的决定");
    let page = someone.page("/t/acme/admin/sync");
    assert!(page.contains("李四") && page.contains("此次同步将移除过多成员"), "{page}");
    let field = |name: &str| {
        let (_, rest) =
            page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {page}"));
        rest.split_once('"').unwrap().0.to_owned()
    };
    let names = ["run", "members", "members_total", "departments", "departments_total"];
    let fields: Vec<(&str, String)> = names.map(|name| (name, field(name))).to_vec();
    let mut fewer: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fewer[1].1 = "0";
    let answer = someone.post("/t/acme/admin/sync", "/t/acme/admin/sync/approve", &fewer);
    assert_eq!(answer.status, 409, "more would go than was agreed to: {answer:#?}");
    let all: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = someone.post("/t/acme/admin/sync", "/t/acme/admin/sync/approve", &all);
    assert_eq!(answer.status, 303, "{answer:#?}");
    until("the removal", || someone.page("/t/acme/admin/sync").contains("同步已完成"));
    let trail = someone.page("/t/acme/admin/audit");
    assert!(trail.contains("directory.approve") && trail.contains("directory.begin"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_asks_for_no_decision_about_a_run_that_was_given_up() {
    let bed = Bed::new().await;
    let file = declare(&bed, &[tenant(&bed, "acme", &json!({}))]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    synchronise(&mut someone, "同步已完成");
    bed.control().change(|corp| corp.ungrant(DEMO_AGENT_ID, &Grant::Department(2))).unwrap();
    synchronise(&mut someone, "同步在等待您的决定");
    let page = someone.page("/t/acme/admin/sync");
    assert!(page.contains("/t/acme/admin/sync#blocked") && page.contains("id=\"blocked\""), "{page}");
    let (_, run) = page.split_once("name=\"run\" value=\"").unwrap();
    let run = run.split_once('"').unwrap().0;
    let answer = someone.post("/t/acme/admin/sync", "/t/acme/admin/sync/abandon", &[("run", run)]);
    assert_eq!(answer.status, 303, "{answer:#?}");
    let page = someone.page("/t/acme/admin/sync");
    assert!(!page.contains("同步在等待您的决定") && !page.contains("#blocked"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demonstration_leads_from_nothing_to_a_member_who_is_signed_in() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["--format", "json", "demo", "--serve", "--listen", "127.0.0.1:0", "--simulator", "127.0.0.1:0"];
    let host = Serving::start(program(home.path(), &arguments), &home.path().join("demo.log"));
    let simulator = host.hello["simulator"].as_str().unwrap().to_owned();
    // One name for all: what a browser is given under one it does not send to another.
    let named = format!("http://{}", host.address);
    assert!(named.starts_with("http://localhost:") && host.hello["public_url"] == json!(named), "{}", host.hello);
    assert!(host.hello["bootstrap"].as_str().unwrap().starts_with(&named), "{}", host.hello);
    let typed = host.address.replace("localhost", "127.0.0.1");
    for (path, accepted, status, location) in [
        ("/", "text/html,*/*", 307, Some(format!("{named}/"))),
        ("/t/demo/login?a=b", "text/html", 307, Some(format!("{named}/t/demo/login?a=b"))),
        ("/nothing", "text/html", 307, Some(format!("{named}/nothing"))),
        ("/health", "*/*", 200, None),
    ] {
        let answer = web::send(&typed, "GET", path, &[("accept", accepted)], "");
        assert_eq!((answer.status, answer.header("location")), (status, location.as_deref()), "{path}: {answer:#?}");
    }

    let mut visitor = Visitor::new(&host);
    let page = visitor.page("/");
    assert!(page.contains(&simulator) && page.contains("/t/demo/admin/bootstrap?token="), "{page}");
    let order = ["打开管理控制台", "同步通讯录", "指定管理员", "以成员身份登录"].map(|step| page.find(step).unwrap());
    assert!(order.is_sorted(), "nobody can be named before there are members: {page}");
    let mut someone = first(&host, "demo");
    assert!(!visitor.page("/").contains("token="), "it is spent");
    let answer = someone.get("/t/demo/");
    assert_eq!(
        answer.header("location"),
        Some("admin"),
        "whoever signs in before there is an administrator locks all out: {answer:#?}"
    );
    someone.post("/t/demo/admin/sync", "/t/demo/admin/sync/start", &[("until", "complete")]);
    until("the sync", || someone.page("/t/demo/admin/sync/progress").contains("同步已完成"));
    let ids = [("ids", "lisi")];
    assert_eq!(someone.post("/t/demo/admin/roles", "/t/demo/admin/roles/administrators", &ids).status, 303);
    let answer = someone.get("/t/demo/");
    assert_eq!(answer.header("location"), Some("sign-in"), "the first start is no member: {answer:#?}");
    let (mut lisi, _) = Visitor::signed_in(&host, "demo", "lisi").await;
    assert!(lisi.page("/t/demo/").contains("李四"));
    assert!(lisi.page("/t/demo/admin/check").contains("trusted-domain"));
    assert!(visitor.page("/").contains("一切就绪"));
}

#[test]
fn a_demonstration_is_for_this_machine_alone() {
    let home = tempfile::tempdir().unwrap();
    for option in ["--listen", "--simulator"] {
        let output = program(home.path(), &["demo", "--serve", option, "0.0.0.0:0"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{option}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("not on loopback"), "{option}");
    }
}
