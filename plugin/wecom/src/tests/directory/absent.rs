//! What an answer does not speak of is not empty: it never erases what is known.

use serde_json::json;

use super::{PLAIN, changes, common, complete, departments, platform, read, small, step_of};
use crate::fake;
use organisation_kit::contract::directory::{Member, SyncStep};

/// All that a member can be told of.
fn everything() -> serde_json::Value {
    json!({
        "position": "工程师", "alias": "老李", "telephone": "010-1", "mobile": "13900000001", "email": "l@example.com",
        "biz_mail": "l@corp.example", "gender": "1", "avatar": "https://a.example/1", "qr_code": "https://q.example/1",
        "address": "北京", "external_position": "顾问", "direct_leader": ["zhangsan"], "main_department": 31,
        "order": [7], "is_leader_in_dept": [1],
        "extattr": {"attrs": [{"name": "工号", "value": "1"}]}, "external_profile": {"external_corp_name": "x"},
    })
}

#[test]
fn a_field_that_is_left_out_stays_and_one_that_is_empty_goes() {
    let keys: Vec<String> = everything().as_object().unwrap().keys().cloned().chain(["name".to_owned()]).collect();
    for key in keys {
        let (fake, company) = platform(small());
        company.borrow_mut().odd_members.insert("lisi".to_owned(), everything());
        complete(&fake, PLAIN);
        let find = || -> Member { read::find_member(&fake, &common(), "lisi").unwrap() };
        let (before, known) = (find(), changes(&fake).len());

        let mut without = everything();
        without[&key] = json!(null);
        company.borrow_mut().odd_members.insert("lisi".to_owned(), without.clone());
        assert_eq!(complete(&fake, PLAIN).members.unchanged, 3, "{key} is left out");
        assert_eq!((find(), changes(&fake).len()), (before.clone(), known), "{key} is left out");

        without[&key] = match &everything()[&key] {
            value if value.is_array() => json!([]),
            value if value.is_object() => json!({"attrs": []}),
            _ => json!(""),
        };
        if matches!(key.as_str(), "gender" | "main_department" | "external_profile") {
            // "0" means unknown and not permitted alike; a profile of another shape is none.
            continue;
        }
        company.borrow_mut().odd_members.insert("lisi".to_owned(), without);
        assert_eq!(complete(&fake, PLAIN).members.updated, 1, "{key} is empty");
        assert_ne!(find(), before, "{key} is empty");
    }
}

#[test]
fn departments_without_names_keep_theirs_and_somebody_is_told() {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    let (before, known) = (departments(&fake), changes(&fake).len());
    for id in [2, 31] {
        company.borrow_mut().odd_departments.insert(id, json!({"name": null, "department_leader": null}));
    }
    let report = complete(&fake, PLAIN);
    assert_eq!((departments(&fake), changes(&fake).len()), (before, known));
    assert!(report.notes.iter().any(|note| note.contains("without a name")), "{:?}", report.notes);
}

#[test]
fn a_field_that_is_not_to_be_stored_does_not_come_back_from_the_copy() {
    let (fake, company) = platform(small());
    company.borrow_mut().odd_members.insert("lisi".to_owned(), everything());
    complete(&fake, PLAIN);
    let mut config = fake::config();
    config.common.fields = Some(["name".to_owned()].into());
    company.borrow_mut().odd_members.insert("lisi".to_owned(), json!({"position": null}));
    loop {
        match step_of(&fake, &config, PLAIN).unwrap() {
            SyncStep::Complete(report) => break assert_eq!(report.members.updated, 1),
            SyncStep::More(_) => {}
            other => panic!("{other:?}"),
        }
    }
    let member = read::find_member(&fake, &common(), "lisi").unwrap();
    assert_eq!((member.name.as_str(), member.mobile, member.position), ("李四", None, None));
}

#[test]
fn the_order_of_leaders_and_attributes_is_no_change() {
    let (fake, company) = platform(small());
    let patch = |leaders: [&str; 2], attributes: [&str; 2]| {
        let attributes = attributes.map(|name| json!({"name": name, "value": "1"}));
        json!({"direct_leader": leaders, "extattr": {"attrs": attributes}})
    };
    company.borrow_mut().odd_members.insert("lisi".to_owned(), patch(["zhangsan", "wangwu"], ["a", "b"]));
    company.borrow_mut().odd_departments.insert(2, json!({"department_leader": ["lisi", "zhangsan"]}));
    complete(&fake, PLAIN);
    company.borrow_mut().odd_members.insert("lisi".to_owned(), patch(["wangwu", "zhangsan"], ["b", "a"]));
    company.borrow_mut().odd_departments.insert(2, json!({"department_leader": ["zhangsan", "lisi"]}));
    let report = complete(&fake, PLAIN);
    assert_eq!((report.members.updated, report.departments.updated), (0, 0));
    company.borrow_mut().odd_departments.insert(2, json!({"department_leader": ["zhangsan"]}));
    assert_eq!(complete(&fake, PLAIN).departments.updated, 1, "another set of leaders is one");
}
