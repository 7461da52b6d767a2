//! The copy and the feed from the command line.

use std::collections::BTreeMap;

use serde_json::Value;
use wecom_simulator::{DEMO_AGENT_ID, Generator};

use crate::bed::Bed;

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_copy_is_printed() {
    let bed = Bed::new().await;
    for (arguments, empty) in [(&["departments"][..], "[]"), (&["members"], "[]")] {
        assert_eq!(bed.run(arguments).exits(0).to_string(), empty, "before the first sync");
    }
    bed.run(&["overview"]).exits(0);
    bed.run(&["sync"]).exits(0);

    let departments = bed.run(&["departments"]).exits(0);
    assert_eq!(ids(&departments), ["2", "21", "22", "23", "31", "4294967295"]);
    let keys: Vec<&str> = departments[0].as_object().unwrap().keys().map(String::as_str).collect();
    for key in ["id", "name", "parent_id", "order", "leaders"] {
        assert!(keys.contains(&key), "{key}");
    }
    assert_eq!(bed.run(&["department", "21"]).exits(0)["name"], "平台组");

    let truth = bed.control().truth(DEMO_AGENT_ID).unwrap();
    let members = bed.run(&["members"]).exits(0);
    assert_eq!(ids(&members).len(), truth.members.len());
    let wangwu = bed.run(&["member", "WANGWU"]).exits(0);
    assert_eq!((&wangwu["id"], &wangwu["status"]), (&"wangwu".into(), &"active".into()));
    assert_eq!(wangwu["departments"][1]["id"], "22");
    assert_eq!(wangwu["departments"][0]["leader"], false);
    for key in ["main_department", "position", "mobile", "email", "roles"] {
        assert!(wangwu.get(key).is_some(), "{key}");
    }
    assert_eq!(ids(&bed.run(&["members", "--status", "disabled"]).exits(0)), ["lvsi"]);
    assert_eq!(ids(&bed.run(&["members", "--status", "not-activated"]).exits(0)), ["hanqi"]);
    assert_eq!(ids(&bed.run(&["members", "--department", "31"]).exits(0)), ["kongqi", "qinshi", "zhujiu"]);
    for (arguments, expected) in [
        (&["members", "--below", "2", "--search", "ＷＡＮＧ"][..], &["wangwu"][..]),
        (&["members", "--below", "2", "--status", "disabled"], &["lvsi"]),
        (&["members", "--role", "admin"], &[]),
        (&["departments", "--roots"], &["2", "31"]),
        (&["departments", "--parent", "2"], &["21", "22", "23"]),
        (&["departments", "--parent", "22"], &["4294967295"]),
        (&["departments", "--search", "平台"], &["21"]),
        (&["departments", "--roots", "--search", "平台"], &[]),
    ] {
        assert_eq!(ids(&bed.run(arguments).exits(0)), expected, "{arguments:?}");
    }
    let below: Vec<Value> = bed.run(&["members", "--below", "2"]).exits(0).as_array().unwrap().clone();
    let exactly: Vec<Value> = bed.run(&["members", "--department", "2"]).exits(0).as_array().unwrap().clone();
    assert!(below.len() > exactly.len() && exactly.iter().all(|member| below.contains(member)));
    let element = bed.home().join("org");
    for (arguments, expected) in [
        (["departments", "--search", "nothing"], "没有符合条件的部门 no such departments\n"),
        (["members", "--search", "nobody"], "没有符合条件的成员 no such members\n"),
    ] {
        let text = bed.run_plain(&[&["--element", element.to_str().unwrap()], &arguments[..]].concat());
        assert_eq!(text.stdout, expected, "{arguments:?}");
    }
    bed.run(&["member", "nobody"]).fails(1, "not-found");
    bed.run(&["department", "999"]).fails(1, "not-found");

    let overview = bed.run(&["overview"]).exits(0);
    assert_eq!((&overview["departments"], &overview["members"]["disabled"]), (&6.into(), &1.into()));
    assert_eq!(overview["partly_applied"], false);
    assert_eq!(overview["last_run"]["totals"]["members"], truth.members.len());

    bed.control().change(|corp| corp.update_member("wangwu", |member| member.position = "首席".to_owned())).unwrap();
    assert_eq!(bed.run(&["member", "wangwu", "--refresh"]).exits(0)["position"], "首席");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_read_and_acknowledged() {
    let bed = Bed::new().await;
    bed.run(&["sync"]).exits(0);
    let first = bed.run(&["changes", "--limit", "3"]).exits(0);
    assert_eq!(first["changes"].as_array().unwrap().len(), 3);
    assert_eq!((&first["changes"][0]["seq"], &first["changes"][0]["kind"]), (&1.into(), &"department-added".into()));
    assert_eq!(first["more"], true);
    let cursor = first["cursor"].as_str().unwrap();

    let rest = bed.run(&["changes", "--after", cursor, "--limit", "99999999999"]).exits(0);
    assert_eq!(rest["changes"][0]["seq"], 4);
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for change in rest["changes"].as_array().unwrap() {
        *kinds.entry(change["kind"].as_str().unwrap()).or_default() += 1;
    }
    assert_eq!(kinds, BTreeMap::from([("department-added", 3), ("member-added", 22)]));

    bed.run(&["acknowledge", rest["cursor"].as_str().unwrap()]).exits(0);
    assert_eq!(bed.run(&["changes"]).exits(0)["changes"], Value::Array(Vec::new()));
    bed.run(&["changes", "--after", cursor]).fails(1, "cursor-expired");
    bed.run(&["acknowledge", "nonsense"]).fails(1, "invalid-argument");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_go_over_all_pages() {
    let corp = Generator::sized(7, 450, 30).generate().unwrap();
    let bed = Bed::of(corp).await;
    bed.run(&["sync"]).exits(0);
    let truth = bed.control().truth(DEMO_AGENT_ID).unwrap();
    // Who had resigned before the first sync never gets into the copy.
    let present = truth.members.values().filter(|member| member.status != 5).count();
    let members = bed.run(&["members"]);
    assert_eq!(members.stdout.lines().count(), members.json().as_array().unwrap().len() + 2, "one member a line");
    assert_eq!(members.exits(0).as_array().unwrap().len(), present);
    let element = bed.home().join("org");
    let text = bed.run_plain(&["members", "--element", element.to_str().unwrap()]);
    assert_eq!(text.stdout.lines().count(), present + 1, "a heading and one line a member");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_see_each_other() {
    let bed = Bed::new().await;
    bed.run(&["sync"]).exits(0);
    assert_eq!(bed.run(&["--tenant", "other", "members"]).exits(0), Value::Array(Vec::new()));
    assert_eq!(bed.run(&["members", "--storage", "memory:"]).exits(0), Value::Array(Vec::new()));
}
