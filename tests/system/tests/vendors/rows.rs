//! What the vendor sends is not always what it should be: one odd row stops nobody else, and a field that is left out
//! erases nothing.

use std::time::Duration;

use organisation_host::contract::directory::{Member, MemberStatus};
use serde_json::json;
use system_tests::{Copy, Stage, TestVendor, sync::PLAIN};

for_each_vendor! {
    one_odd_row_stops_nobody_else,
    a_field_that_is_left_out_erases_nothing,
}

async fn one_odd_row_stops_nobody_else<V: TestVendor>() {
    let rows = V::ROWS;
    for (name, key, value) in [
        ("units that are none", rows.units, json!("everywhere")),
        ("an id that is an object", rows.person_id, json!({ "id": "zhouba" })),
        ("an id that is empty", rows.person_id, json!("")),
    ] {
        for is_known in [false, true] {
            let name = format!("{name}, {}", if is_known { "of a known member" } else { "of a new member" });
            let stage = Stage::<V>::sample().await;
            if is_known {
                stage.complete(&PLAIN).await;
            }
            stage.control.promote("lisi", "总监");
            let value = value.clone();
            stage.switchboard().rewrite(move |row| {
                if row.contains_key(rows.person_mark) && row.get(rows.person_id) == Some(&json!("zhouba")) {
                    row.insert(key.to_owned(), value.clone());
                }
            });
            let report = stage.complete(&PLAIN).await;
            assert!(!report.notes.is_empty(), "{name}: the administrator is told");
            let copy = stage.copy().await;
            let total = stage.control.truth().members.len();
            assert_eq!(copy.present().len(), if is_known { total } else { total - 1 }, "{name}");
            assert_eq!(copy.members["lisi"].position.as_deref(), Some("总监"), "{name}");
            assert_eq!(
                copy.members.get("zhouba").map(|member| member.status),
                is_known.then_some(MemberStatus::Active)
            );
            assert_eq!(Copy::replayed(&stage.changes().await), copy, "{name}");
            // Mended at the vendor, it is an ordinary row again.
            stage.switchboard().stop_rewriting();
            stage.complete(&PLAIN).await;
            stage.assert_exact().await;
        }
    }
}

async fn a_field_that_is_left_out_erases_nothing<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    let before = stage.copy().await;
    let rows = V::ROWS;
    // As after a permission was taken away: names and titles are missing from every row.
    stage.switchboard().rewrite(move |row| {
        if row.contains_key(rows.person_mark) || row.contains_key(rows.unit_mark) {
            row.remove(rows.name);
            row.remove(rows.title);
        }
    });
    stage.control.move_person("wangwu", 3);
    stage.advance(Duration::from_secs(60));
    let report = stage.complete(&PLAIN).await;
    assert_eq!((report.departments.updated, report.members.updated), (0, 1), "nothing but the move is a change");
    let found = stage.heard(stage.element.sync_member("lisi")).await.unwrap();
    assert_eq!(found, before.members["lisi"], "a refresh alone erases nothing either");
    let after = stage.copy().await;
    let told = |member: &Member| (member.name.clone(), member.position.clone());
    for (id, member) in &before.members {
        assert_eq!(told(&after.members[id]), told(member), "{id}");
    }
    assert_eq!(after.departments, before.departments);
    // A title that is there and empty is another thing.
    stage.switchboard().stop_rewriting();
    stage.control.promote("lisi", "");
    stage.complete(&PLAIN).await;
    assert_eq!(stage.copy().await.members["lisi"].position, None);
}
