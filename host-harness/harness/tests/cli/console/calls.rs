//! What the console shows of calls.

use serde_json::json;

use super::first;
use crate::{
    bed::Bed,
    web::{declare, serve, tenant},
};

#[tokio::test(flavor = "multi_thread")]
async fn the_last_calls_are_those_of_the_tenant_with_what_they_cost() {
    let bed = Bed::new().await;
    let wrong = json!({"element": {"name": "org", "configuration": {"corpId": "ww1"}}});
    let small = json!({"limits": {"requests": 321}});
    let file = declare(&bed, &[tenant(&bed, "acme", &small), tenant(&bed, "globex", &wrong)]);
    let host = serve(&bed, &["--tenants", file.to_str().unwrap()]);
    let mut someone = first(&host, "acme");
    someone.page("/t/acme/admin/check");
    assert_eq!(someone.get("/t/acme/admin/members?cursor=x").status, 422);
    // Of another tenant, whatever it calls, nothing is shown.
    assert_ne!(crate::visitor::Visitor::new(&host).get("/t/globex/login").status, 302);
    let page = someone.page("/t/acme/admin/calls");
    let (limits, calls) = page.split_once("最近的调用").unwrap();
    assert!(limits.contains("<code>requests</code>") && limits.contains(">321<"), "{limits}");
    assert!(calls.contains("element.check-connection") && calls.contains("已应答"), "{calls}");
    let (_, troubled) = limits.split_once("未成功的调用").unwrap();
    assert!(troubled.contains("directory.members") && troubled.contains("invalid-argument"), "{troubled}");
    assert!(!page.contains("login.") && !page.contains("invalid-config"), "{page}");
}
