//! Who may be another person by now, and so waits for a word about roles.

use super::*;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

#[test]
fn roles_wait_where_somebody_may_be_another_person() {
    let days = |days: u64| days * DAY_MS;
    for (name, away_ms, comes_back_as, waits) in [
        ("at once", 0, "李四", false),
        ("a month later", days(30), "李四", false),
        ("more than a month later", days(30) + 1, "李四", true),
        ("under another name", 0, "李斯", true),
    ] {
        let (fake, company) = synced();
        set_roles(&fake, "lisi", &["a"]);
        company.borrow_mut().members.remove("lisi");
        complete(&fake, APPROVING);
        // Neither a sync nor a refresh in between makes the absence shorter.
        fake.advance_ms(away_ms / 2);
        complete(&fake, PLAIN);
        sync_member(&fake, "lisi").unwrap();
        fake.advance_ms(away_ms - away_ms / 2);
        company.borrow_mut().person("lisi", comes_back_as, &[31]);
        complete(&fake, PLAIN);
        let roles = admin::member_roles_of(&fake, &common(), "lisi").unwrap();
        let (given, suspended) = if waits { (vec![], texts(&["a"])) } else { (texts(&["a"]), vec![]) };
        assert_eq!((roles.roles, roles.suspended), (given, suspended), "{name}");
    }
}

#[test]
fn a_new_name_alone_is_no_doubt() {
    let (fake, company) = synced();
    set_roles(&fake, "lisi", &["a"]);
    company.borrow_mut().person("lisi", "李斯", &[31]);
    complete(&fake, PLAIN);
    assert_eq!(admin::member_roles_of(&fake, &common(), "lisi").unwrap().roles, ["a"]);
}

#[test]
fn the_time_of_leaving_is_that_of_the_older_version_where_it_told_one() {
    let (fake, company) = synced();
    set_roles(&fake, "lisi", &["a"]);
    company.borrow_mut().members.remove("lisi");
    complete(&fake, APPROVING);
    let mut record: serde_json::Value = serde_json::from_str(&fake.value("directory/m/lisi").unwrap()).unwrap();
    assert!(record.as_object_mut().unwrap().remove("left_at").is_some());
    use organisation_kit::{platform::Platform, store};
    fake.apply(&[store::put("directory/m/lisi", &record)]).unwrap();
    fake.advance_ms(31 * DAY_MS);
    company.borrow_mut().person("lisi", "李四", &[31]);
    complete(&fake, PLAIN);
    assert_eq!(admin::member_roles_of(&fake, &common(), "lisi").unwrap().suspended, ["a"]);
}

#[test]
fn signature_and_administration_are_not_for_whoever_has_the_id_next() {
    for (comes_back_as, is_theirs) in [("李四", true), ("李斯", false)] {
        let (fake, company) = synced();
        admin::set_administrators(&fake, &common(), &texts(&["wangwu", "lisi"]), ACTOR).unwrap();
        admin::set_signature(&fake, &common(), "lisi", Some("https://e.com/a.png"), ACTOR).unwrap();
        company.borrow_mut().members.remove("lisi");
        complete(&fake, APPROVING);
        company.borrow_mut().person("lisi", comes_back_as, &[31]);
        complete(&fake, PLAIN);
        let signature = admin::signature(&fake, &common(), "lisi").unwrap();
        let administrators = admin::administrators(&fake, &common()).unwrap();
        let expected = if is_theirs { texts(&["wangwu", "lisi"]) } else { texts(&["wangwu"]) };
        assert_eq!((signature.is_some(), administrators), (is_theirs, expected), "{comes_back_as}");
    }
}
