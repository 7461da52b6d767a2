//! Going from the console of one app to that of another.

use serde_json::json;

use crate::{
    bed::Bed,
    visitor::{Visitor, proof_in},
    web::{declare, serve, tenant},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_the_apps_that_the_sessions_of_this_browser_open_and_no_others() {
    let bed = Bed::new().await;
    let names = ["acme", "globex", "initech", "umbrella", "hooli"];
    let tenants: Vec<_> = names.iter().map(|name| tenant(&bed, name, &json!({}))).collect();
    let file = declare(&bed, &tenants);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    for name in names {
        bed.run(&["--tenant", name, "sync"]).exits(0);
    }
    for (name, id) in
        [("acme", "lisi"), ("globex", "lisi"), ("initech", "wangwu"), ("umbrella", "lisi"), ("hooli", "lisi")]
    {
        bed.run(&["--tenant", name, "admins", "set", id]).exits(0);
    }
    let mut lisi = Visitor::new(&host);
    // Signed in to four of them; in one without being an administrator.
    for name in ["acme", "globex", "initech", "umbrella"] {
        assert_eq!(lisi.sign_in(&format!("/t/{name}/login"), "lisi").await.status, 303);
    }
    let link = |name: &str| format!("href=\"/t/{name}/admin\"");
    let page = lisi.page("/t/acme/admin/tenants");
    for (name, is_listed) in [("globex", true), ("umbrella", true), ("initech", false), ("hooli", false)] {
        assert_eq!(page.contains(&link(name)), is_listed, "{name}: {page}");
    }
    assert!(!page.contains("hooli") && !page.contains("initech"), "{page}");
    assert_eq!(lisi.get("/t/globex/admin").status, 200);

    // Who signs out of one, or administers it no more, does not see it.
    let home = lisi.page("/t/globex/");
    lisi.ask("POST", "/t/globex/sign-out", &[], &format!("proof={}", proof_in(&home)));
    bed.run(&["--tenant", "umbrella", "admins", "set", "wangwu"]).exits(0);
    let page = lisi.page("/t/acme/admin/tenants");
    assert!(!page.contains("globex") && !page.contains("umbrella"), "{page}");

    // The name of a cookie opens nothing.
    let (other, _) = Visitor::signed_in(&host, "hooli", "lisi").await;
    let cookies = other.cookies();
    let (name, _) = cookies.split("; ").find(|held| held.starts_with("org_session_")).unwrap().split_once('=').unwrap();
    let held = format!("{}; {name}={}", lisi.cookies(), "0".repeat(64));
    lisi.hold(&held);
    assert!(!lisi.page("/t/acme/admin/tenants").contains("hooli"));
    // And neither does a session of one tenant under the name of another.
    let own =
        held.split("; ").find_map(|held| held.strip_prefix("org_session_")?.split_once('=')).unwrap().1.to_owned();
    lisi.hold(&format!("{}; {name}={own}", lisi.cookies()));
    assert!(!lisi.page("/t/acme/admin/tenants").contains("hooli"));
}
