//! Whatever happens to the organisation is one entry of the feed, and the feed replayed gives the copy.

use std::time::Duration;

use organisation_host::contract::directory::{Change, ChangeKind, MemberFilter, MemberStatus};
use system_tests::{
    Copy, Stage, TestVendor,
    company::{Person, Unit},
    copy::EVERYBODY,
    sync::PLAIN,
};

for_each_vendor! {
    each_change_of_the_organisation_is_one_entry_of_the_feed,
    left_the_range_is_not_resigned_without_evidence,
    a_refresh_of_somebody_who_resigned_changes_nothing_that_the_feed_does_not_tell,
}

async fn each_change_of_the_organisation_is_one_entry_of_the_feed<V: TestVendor>() {
    use ChangeKind::{
        DepartmentAdded, DepartmentRemoved, DepartmentUpdated, MemberAdded, MemberLeftRange, MemberRejoined,
        MemberResigned, MemberUpdated,
    };
    /// A name, what becomes of the organisation, and what the feed says of it.
    type Step<'a, V> = (&'a str, fn(&V), &'a [(ChangeKind, &'a str)]);
    let unit = V::unit_id(24);
    let steps: [Step<'_, V>; 13] = [
        ("nothing", |_| {}, &[]),
        ("hired", |vendor| vendor.add_person(&Person::new("Neu", "新人 🙂", 21)), &[(MemberAdded, "Neu")]),
        ("promoted", |vendor| vendor.promote("lisi", "总监"), &[(MemberUpdated, "lisi")]),
        ("moved", |vendor| vendor.move_person("wangwu", 3), &[(MemberUpdated, "wangwu")]),
        ("out of sight", |vendor| vendor.take_away("wujiu"), &[(MemberLeftRange, "wujiu")]),
        ("back again", |vendor| vendor.add_person(&Person::new("wujiu", "吴九", 22)), &[(MemberRejoined, "wujiu")]),
        ("resigned", |vendor| vendor.resign("zhouba"), &[(MemberResigned, "zhouba")]),
        ("resigned and out of sight", |vendor| vendor.take_away("zhouba"), &[]),
        ("hired again", |vendor| vendor.add_person(&Person::new("zhouba", "周八", 22)), &[(MemberRejoined, "zhouba")]),
        ("a new unit", |vendor| vendor.add_unit(&Unit::new(24, "算法组", 2)), &[(DepartmentAdded, &unit)]),
        ("renamed", |vendor| vendor.rename_unit(24, "智能组"), &[(DepartmentUpdated, &unit)]),
        ("moved below another", |vendor| vendor.move_unit(24, 3), &[(DepartmentUpdated, &unit)]),
        ("and closed", |vendor| vendor.remove_unit(24), &[(DepartmentRemoved, &unit)]),
    ];
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    for (name, edit, expected) in steps {
        let known = stage.changes().await.len();
        edit(&stage.control);
        stage.advance(Duration::from_secs(60));
        let report = stage.complete(&PLAIN).await;
        let found = stage.changes().await.split_off(known);
        let found: Vec<_> = found.iter().map(|Change { kind, id, .. }| (*kind, id.as_str())).collect();
        assert_eq!(found, expected, "{name}");
        let (members, departments) = (report.members, report.departments);
        let counted = departments.added
            + departments.updated
            + departments.removed
            + members.added
            + members.updated
            + members.left_range
            + members.resigned
            + members.rejoined;
        assert_eq!(counted, expected.len() as u64, "{name}");
        stage.assert_exact().await;
    }
}

async fn left_the_range_is_not_resigned_without_evidence<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    stage.control.take_away("wujiu");
    stage.control.resign("sunqi");
    stage.complete(&PLAIN).await;
    for (id, expected) in
        [("wujiu", MemberStatus::LeftRange), ("sunqi", MemberStatus::Resigned), ("lisi", MemberStatus::Active)]
    {
        let found = stage.heard(stage.element.find_member(id)).await.unwrap();
        assert_eq!(found.status, expected, "{id}");
        let filter = MemberFilter { status: Some(expected), ..EVERYBODY };
        assert!(stage.members(&filter).await.iter().any(|member| member.id == id), "the filter finds {id}");
    }
    // Somebody who had resigned works here again: that is seen as well.
    stage.control.reinstate("sunqi");
    assert_eq!(stage.complete(&PLAIN).await.members.rejoined, 1);
    stage.assert_exact().await;
}

async fn a_refresh_of_somebody_who_resigned_changes_nothing_that_the_feed_does_not_tell<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    stage.control.resign("lisi");
    stage.advance(Duration::from_secs(60));
    stage.complete(&PLAIN).await;
    stage.control.promote("lisi", "前总监");
    stage.advance(Duration::from_secs(60));
    drop(stage.heard(stage.element.sync_member("lisi")).await.unwrap());
    assert_eq!(Copy::replayed(&stage.changes().await), stage.copy().await);
    stage.assert_exact().await;
}
