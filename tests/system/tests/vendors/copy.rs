//! The copy: how it is read, and single records brought up to date.

use organisation_host::{
    contract::{
        directory::{Member, MemberFilter, MemberStatus},
        types::Reason,
    },
    reason_name,
};
use system_tests::{
    Company, Setting, Stage, TestVendor,
    company::Person,
    copy::{EVERYBODY, EVERYWHERE},
    sync::PLAIN,
};

for_each_vendor! {
    one_member_or_department_is_refreshed_alone,
    pages_end_where_they_should_and_filters_hold,
    unknown_members_and_cursors_have_their_reasons,
}

async fn one_member_or_department_is_refreshed_alone<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    let calls = stage.vendor_calls();
    stage.control.promote("lisi", "总监");
    stage.control.rename_unit(22, "移动部");
    stage.control.take_away("wujiu");
    stage.control.add_person(&Person::new("neu", "新人", 21));
    let element = &stage.element;
    let member = async |id: &str| stage.heard(element.sync_member(id)).await.unwrap();
    assert_eq!(member("lisi").await.position.as_deref(), Some("总监"));
    assert_eq!(member("neu").await.status, MemberStatus::Active);
    assert_eq!(member("wujiu").await.status, MemberStatus::LeftRange);
    assert_eq!(stage.heard(element.sync_department(&V::unit_id(22))).await.unwrap().name, "移动部");
    assert_eq!(stage.vendor_calls(), calls + 4);
    stage.assert_exact().await;
    let known = stage.changes().await.len();
    stage.complete(&PLAIN).await;
    assert_eq!(stage.changes().await.len(), known, "a sync finds nothing more to say");
}

async fn pages_end_where_they_should_and_filters_hold<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(230, 9)).start().await;
    stage.complete(&PLAIN).await;
    let all = stage.members(&EVERYBODY).await;
    for limit in [0, 1, 7, 200, u32::MAX] {
        let page = stage.heard(stage.element.members(&EVERYBODY, None, limit)).await.unwrap();
        let expected = usize::try_from(limit.clamp(1, 200)).unwrap();
        assert_eq!((page.members.len(), page.cursor.is_some()), (expected, true), "{limit}");
        assert_eq!(page.members, all[..expected]);
    }
    assert!(all.windows(2).all(|pair| V::id_key(&pair[0].id) < V::id_key(&pair[1].id)), "in order of ids");
    let filter = MemberFilter { department: Some(V::unit_id(2)), status: Some(MemberStatus::Active), ..EVERYBODY };
    let is_meant = |member: &&Member| member.departments.iter().any(|one| one.id == V::unit_id(2));
    let expected: Vec<&Member> = all.iter().filter(is_meant).collect();
    assert!(!expected.is_empty());
    assert_eq!(stage.members(&filter).await.iter().collect::<Vec<_>>(), expected);
    let nobody = MemberFilter { department: Some(V::unit_id(77)), ..EVERYBODY };
    assert!(stage.members(&nobody).await.is_empty());
}

async fn unknown_members_and_cursors_have_their_reasons<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    let element = &stage.element;
    let (unknown, cursor) = (V::unit_id(99), Some("x"));
    for (name, refused, expected) in [
        ("a member nobody knows", stage.heard(element.find_member("nobody")).await.map(drop), "not-found"),
        ("a department nobody knows", stage.heard(element.find_department(&unknown)).await.map(drop), "not-found"),
        ("a member whom the vendor hides", stage.heard(element.sync_member("nobody")).await.map(drop), "not-found"),
        (
            "a department that the vendor hides",
            stage.heard(element.sync_department(&unknown)).await.map(drop),
            "not-found",
        ),
        ("no id", stage.heard(element.sync_member("")).await.map(drop), "invalid-argument"),
        ("a foreign cursor", stage.heard(element.changes(cursor, 5)).await.map(drop), "invalid-argument"),
        ("a cursor ahead", stage.heard(element.changes(Some("c999"), 5)).await.map(drop), "invalid-argument"),
        (
            "another foreign cursor",
            stage.heard(element.departments(&EVERYWHERE, cursor, 5)).await.map(drop),
            "invalid-argument",
        ),
        (
            "a third foreign cursor",
            stage.heard(element.members(&EVERYBODY, cursor, 5)).await.map(drop),
            "invalid-argument",
        ),
        ("an acknowledgement ahead", stage.heard(element.acknowledge("c999")).await, "invalid-argument"),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(reason_name(&error.reason), expected, "{name}: {error:?}");
        assert!(!error.message.is_empty() && error.message.starts_with(|c: char| !c.is_uppercase()), "{error:?}");
    }
    // The feed's beginning is gone once it was acknowledged.
    let page = stage.heard(element.changes(None, 5)).await.unwrap();
    stage.heard(element.acknowledge(&page.cursor)).await.unwrap();
    let expired = stage.heard(element.changes(Some("c0"), 5)).await.unwrap_err();
    assert_eq!(expired.reason, Reason::CursorExpired);
}
