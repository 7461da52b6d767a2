//! One odd row stops nobody else.

use serde_json::json;

use super::{
    EVERYBODY, PLAIN, changes, common, complete, departments, members, paused, platform, read, small, sync, sync_member,
};
use organisation_kit::contract::{
    directory::{MemberStatus, Strategy},
    types::Reason,
};

#[test]
fn what_decides_neither_identity_nor_place_is_left_out_and_named() {
    for (field, patch) in [
        ("extattr", json!({"extattr": {"attrs": [{"name": "a", "type": 0, "text": ""}]}})),
        ("extattr", json!({"extattr": {"attrs": [{"name": "a", "type": 1, "web": []}]}})),
        ("extattr", json!({"extattr": {"attrs": {}}})),
        ("extattr", json!({"extattr": {"attrs": [{"name": "a", "type": 0, "value": true}]}})),
        ("extattr", json!({"extattr": 7})),
        ("order", json!({"order": [-1]})),
        ("order", json!({"order": {"2": 1}})),
        ("order", json!({"order": [1.0]})),
        ("is_leader_in_dept", json!({"is_leader_in_dept": "yes"})),
        ("is_leader_in_dept", json!({"is_leader_in_dept": [true]})),
        ("direct_leader", json!({"direct_leader": {"a": 1}})),
        ("direct_leader", json!({"direct_leader": "zhangsan"})),
        ("position", json!({"position": ["x"]})),
        ("name", json!({"name": {"zh": "x"}})),
        ("external_profile", json!({"external_profile": [1]})),
    ] {
        let (fake, company) = platform(small());
        company.borrow_mut().odd_members.insert("lisi".to_owned(), patch.clone());
        let report = complete(&fake, PLAIN);
        assert_eq!((report.members.added, report.notes.len()), (3, 1), "{patch}: {:?}", report.notes);
        assert!(report.notes[0].contains("lisi") && report.notes[0].contains(field), "{patch}: {:?}", report.notes);
        assert_eq!(members(&fake, &EVERYBODY).len(), 3, "{patch}");
    }
}

#[test]
fn numbers_and_texts_stand_for_each_other() {
    for patch in [json!({"order": ["7"]}), json!({"status": "1"}), json!({"name": 7}), json!({"department": ["31"]})] {
        let (fake, company) = platform(small());
        company.borrow_mut().odd_members.insert("lisi".to_owned(), patch.clone());
        let report = complete(&fake, PLAIN);
        assert_eq!((report.members.added, report.notes), (3, vec![]), "{patch}");
        let member = read::find_member(&fake, &common(), "lisi").unwrap();
        assert_eq!(member.departments[0].id, "31", "{patch}");
    }
}

#[test]
fn a_member_whose_place_cannot_be_read_stays_as_it_is_and_is_never_removed_for_it() {
    for patch in [
        json!({"department": 31}),
        json!({"department": {"a": 1}}),
        json!({"department": ["research"]}),
        json!({"userid": ["lisi"]}),
    ] {
        let (fake, company) = platform(small());
        complete(&fake, PLAIN);
        let before = members(&fake, &EVERYBODY);
        company.borrow_mut().odd_members.insert("lisi".to_owned(), patch.clone());
        let report = complete(&fake, PLAIN);
        assert_eq!((report.members.left_range, report.members.unchanged), (0, 3), "{patch}: {:?}", report.notes);
        assert!(!report.notes.is_empty(), "{patch}: somebody is told");
        assert_eq!(members(&fake, &EVERYBODY), before, "{patch}");

        let failure = sync_member(&fake, "lisi").unwrap_err();
        assert_eq!(failure.reason, Reason::UnexpectedAnswer, "{patch}");
        assert_eq!(read::find_member(&fake, &common(), "lisi").unwrap().status, MemberStatus::Active, "{patch}");
    }
}

#[test]
fn a_department_whose_id_cannot_be_read_costs_no_department() {
    for (patch, noted) in [
        (json!({"id": {"a": 1}}), "id"),
        (json!({"order": [1]}), "order"),
        (json!({"name_en": {"a": 1}}), "name_en"),
        (json!({"department_leader": {"a": 1}}), "department_leader"),
    ] {
        let (fake, company) = platform(small());
        complete(&fake, PLAIN);
        let (before, known) = (departments(&fake), changes(&fake).len());
        company.borrow_mut().odd_departments.insert(31, patch.clone());
        let report = complete(&fake, PLAIN);
        assert_eq!((report.departments.removed, report.members.left_range), (0, 0), "{patch}: {:?}", report.notes);
        assert!(report.notes.iter().any(|note| note.contains(noted)), "{patch}: {:?}", report.notes);
        assert_eq!((departments(&fake), changes(&fake).len()), (before, known), "{patch}");
    }
}

#[test]
fn a_whole_answer_that_cannot_be_read_says_which() {
    let (fake, company) = platform(small());
    company.borrow_mut().instead.insert("user/list", r#"{"errcode":0,"errmsg":"ok","userlist":{"a":[]}}"#);
    let failure = paused(&fake);
    assert_eq!(failure.reason, Reason::UnexpectedAnswer);
    assert!(failure.message.contains("user/list?department_id="), "{failure:?}");
    assert!(!failure.hint.unwrap_or_default().contains("apiBaseUrl"), "no gateway is to blame for sound JSON");
}

#[test]
fn granted_ids_that_cannot_be_read_are_counted_in_the_notes() {
    let (fake, company) = platform(small());
    let agent = r#"{"errcode":0,"agentid":1000073,"close":0,"allow_partys":{"partyid":[2,"x"]},
        "allow_userinfos":{"user":[{"userid":"wangwu"},{"userid":[]}]},"allow_tags":{"tagid":[7]}}"#;
    let tag = r#"{"errcode":0,"userlist":[{"userid":"lisi"},7],"partylist":[]}"#;
    company.borrow_mut().instead.extend([("agent/get", agent), ("tag/get", tag)]);
    let report = complete(&fake, PLAIN);
    let note = |count, call| format!("{count} ids of the visible range that {call} answered cannot be read: left out");
    assert_eq!(report.notes.len(), 2, "{:?}", report.notes);
    for (found, expected) in report.notes.iter().zip([note(2, "agent/get"), note(1, "tag/get 7")]) {
        assert!(found.contains(&expected), "{found}");
    }
    assert_eq!(report.members.added, 3, "everybody else is there");
}

#[test]
fn ids_of_a_list_too_large_that_cannot_be_read_are_counted_in_the_notes() {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    let ids = r#"{"errcode":0,"userlist":[{"userid":"zhangsan"},{"userid":["lisi"]},7,{"userid":"wangwu"}]}"#;
    company
        .borrow_mut()
        .instead
        .extend([("user/list", r#"{"errcode":45029,"errmsg":"too large"}"#), ("user/simplelist", ids)]);
    sync::begin::begin(&fake, &common(), &Strategy::Walk).unwrap();
    let report = complete(&fake, PLAIN);
    let expected = "2 ids of the visible range that user/simplelist?department_id=2 answered cannot be read: left out";
    assert!(report.notes.iter().any(|note| note.contains(expected)), "{:?}", report.notes);
    assert_eq!((report.members.left_range, report.members_total), (0, 3), "whom nobody named is asked about");
}
