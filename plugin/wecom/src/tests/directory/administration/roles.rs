//! Roles that an administrator assigns.

use super::*;
use organisation_kit::contract::directory::{ChangeKind, MemberFilter};

#[test]
fn assigned_roles_show_everywhere_at_once() {
    let (fake, _) = synced();
    let known = changes(&fake).len();
    assert_eq!(set_roles(&fake, "LISI", &["clerk", "boss", "clerk"]), ["boss", "clerk"]);
    assert_eq!(read::find_member(&fake, &common(), "lisi").unwrap().roles, ["boss", "clerk"]);
    assert_eq!(admin::member_roles_of(&fake, &common(), "Lisi").unwrap().roles, ["boss", "clerk"]);
    let filter = MemberFilter { role: Some("boss".into()), ..EVERYBODY };
    assert_eq!(members(&fake, &filter).len(), 1);
    let said = changes(&fake);
    assert_eq!(super::super::kinds(&said[known..]), [(ChangeKind::MemberRolesUpdated, "lisi")]);
    assert_replays(&fake);

    assert!(set_roles(&fake, "lisi", &[]).is_empty());
    assert_eq!(members(&fake, &filter).len(), 0);
    assert_eq!((fake.keys("directory/o/").len(), fake.keys("directory/a/").len()), (0, 0));
    assert_replays(&fake);
    let json = r#"{"roles":["boss","clerk"],"suspended":false}"#.to_owned();
    let action = || ("set-member-roles".to_owned(), "lisi".to_owned());
    assert_eq!(
        trail(&fake),
        [
            (action().0, action().1, None, Some(json.clone())),
            (action().0, action().1, Some(json), Some(r#"{"roles":[],"suspended":false}"#.to_owned())),
        ]
    );
}

#[test]
fn suspended_roles_wait_for_a_word_or_are_replaced() {
    for confirms in [true, false] {
        let fake = ready();
        let roles = admin::member_roles_of(&fake, &common(), "wangwu").unwrap();
        assert_eq!((roles.roles, roles.suspended), (vec![], texts(&["b"])));
        let given = match confirms {
            true => admin::confirm_roles(&fake, &common(), "WangWu", ACTOR).unwrap(),
            false => admin::set_member_roles(&fake, &common(), "WangWu", &texts(&["c"]), ACTOR).unwrap(),
        };
        let expected = texts(&[if confirms { "b" } else { "c" }]);
        assert_eq!((&given.roles, given.suspended), (&expected, vec![]));
        assert_eq!(read::find_member(&fake, &common(), "wangwu").unwrap().roles, expected);
        assert_replays(&fake);
    }
}

#[test]
fn roles_are_few_and_have_sound_names() {
    let (fake, _) = synced();
    let many: Vec<String> = (0..65).map(|role| format!("r{role}")).collect();
    let set = |roles: &[String]| admin::set_member_roles(&fake, &common(), "lisi", roles, ACTOR);
    for roles in [&many[..], &["".to_owned()], &["a\nb".to_owned()], &["x".repeat(129)]] {
        let refused = set(roles).unwrap_err();
        assert!(matches!(&refused.reason, Reason::InvalidArgument(problem) if problem.path == "roles"), "{roles:?}");
    }
    assert_eq!(set(&many[..64]).unwrap().roles.len(), 64);
    for role in ["x".repeat(128), "/".repeat(128), "签".repeat(42), "a/b c".to_owned()] {
        assert_eq!(set(std::slice::from_ref(&role)).unwrap().roles.len(), 1);
        let filter = MemberFilter { role: Some(role.clone()), ..EVERYBODY };
        assert_eq!(members(&fake, &filter).len(), 1, "{role}");
    }
}

#[test]
fn who_left_keeps_and_gets_roles() {
    let (fake, company) = synced();
    company.borrow_mut().members.remove("lisi");
    complete(&fake, APPROVING);
    assert_eq!(set_roles(&fake, "lisi", &["a"]), ["a"]);
    assert_replays(&fake);
}
