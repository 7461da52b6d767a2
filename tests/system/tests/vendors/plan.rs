//! The plan of a dry run or of a blocked run, page by page, and that it comes true.

use std::{collections::BTreeMap, time::Duration};

use organisation_host::{
    contract::{
        directory::{Change, ChangeKind, PlannedChange, SyncStep},
        types::Reason,
    },
    reason_name,
};
use serde_json::json;
use system_tests::{
    Company, Copy, Setting, Stage, TestVendor,
    company::{Person, Unit},
    copy::EVERYBODY,
    sync::{APPROVING, PLAIN, PLANNING},
};

for_each_vendor! {
    a_dry_run_counts_and_writes_nothing,
    every_kind_of_change_is_shown_with_its_fields,
    pages_of_any_size_are_the_same_plan_and_it_comes_true_without_fetching_again,
    a_first_plan_of_many_pages_holds_everybody_once,
    what_a_blocked_sync_would_remove_can_be_seen_before_it_is_allowed,
    without_a_dry_run_there_is_no_plan,
    a_cursor_is_good_for_its_own_plan_only,
}

/// The plan, in pages of this size.
async fn plan<V: TestVendor>(stage: &Stage<V>, limit: u32) -> Vec<PlannedChange> {
    let (mut changes, mut cursor) = (Vec::new(), None);
    loop {
        let page = stage.heard(stage.element.plan(cursor.as_deref(), limit)).await.unwrap();
        assert!(page.changes.len() <= limit as usize, "{} in a page of {limit}", page.changes.len());
        changes.extend(page.changes);
        cursor = page.cursor;
        if cursor.is_none() {
            return changes;
        }
    }
}

/// A dry run; answers its run.
async fn planned<V: TestVendor>(stage: &Stage<V>) -> String {
    match stage.sync(&PLANNING).await {
        Ok(SyncStep::Planned(report)) => report.run,
        other => panic!("{other:?}"),
    }
}

/// Kinds and ids, in an order that does not depend on when each was written.
fn sorted(changes: impl IntoIterator<Item = (ChangeKind, String)>) -> Vec<(String, String)> {
    let mut changes: Vec<_> = changes.into_iter().map(|(kind, id)| (format!("{kind:?}"), id)).collect();
    changes.sort();
    changes
}

fn of_plan(changes: Vec<PlannedChange>) -> Vec<(String, String)> {
    sorted(changes.into_iter().map(|change| (change.kind, change.id)))
}

fn of_feed(changes: Vec<Change>) -> Vec<(String, String)> {
    sorted(changes.into_iter().map(|change| (change.kind, change.id)))
}

/// A stage on which each kind of change is due: the sample company, synced, reorganised and not synced yet.
async fn about_to_change<V: TestVendor>() -> Stage<V> {
    let stage = Stage::<V>::sample().await;
    let vendor = &stage.control;
    vendor.add_unit(&Unit::new(25, "旧组", 22));
    stage.complete(&PLAIN).await;
    vendor.take_away("wujiu");
    stage.advance(Duration::from_secs(60));
    stage.complete(&PLAIN).await;
    vendor.add_person(&Person::new("Neu", "新人", 21));
    vendor.promote("lisi", "总监");
    vendor.take_away("zhouba");
    vendor.resign("sunqi");
    vendor.add_person(&Person::new("wujiu", "吴九", 21));
    vendor.add_unit(&Unit::new(24, "算法组", 2));
    vendor.rename_unit(22, "移动部");
    vendor.move_unit(3, 2);
    vendor.remove_unit(25);
    stage.advance(Duration::from_secs(60));
    stage
}

async fn a_dry_run_counts_and_writes_nothing<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let Ok(SyncStep::Planned(plan)) = stage.sync(&PLANNING).await else { panic!() };
    assert_eq!((plan.departments.added, plan.members.added), (5, 12));
    assert_eq!(stage.copy().await, Copy::default());
    assert_eq!(stage.overview().await.last_change, 0);
    let fetched = stage.control.list_calls();
    let report = stage.complete(&PLAIN).await;
    assert_eq!((report.departments.added, report.members.added), (5, 12), "a plan comes true");
    assert_eq!(stage.control.list_calls(), fetched, "a fresh plan is not fetched again");
    stage.assert_exact().await;
    let before = stage.copy().await;
    stage.control.rename_unit(22, "新名");
    let Ok(SyncStep::Planned(plan)) = stage.sync(&PLANNING).await else { panic!() };
    assert_eq!((plan.departments.updated, plan.members.updated, plan.members.unchanged), (1, 0, 12));
    assert_eq!(stage.copy().await, before);
}

async fn every_kind_of_change_is_shown_with_its_fields<V: TestVendor>() {
    use ChangeKind::{
        DepartmentAdded, DepartmentRemoved, DepartmentUpdated, MemberAdded, MemberErased, MemberLeftRange,
        MemberRejoined, MemberResigned, MemberRolesUpdated, MemberUpdated,
    };
    let unit = |number| V::unit_id(number);
    let place = json!([{ "id": unit(21) }]).to_string();
    let given = |text: &str| Some(text.to_owned());
    /// A field before and after.
    type Field = (&'static str, Option<String>, Option<String>);
    let expected: [(ChangeKind, String, &str, Vec<Field>); 9] = [
        (DepartmentUpdated, unit(22), "移动部", vec![("name", given("移动组"), given("移动部"))]),
        (
            DepartmentAdded,
            unit(24),
            "算法组",
            vec![("name", None, given("算法组")), ("parent-id", None, Some(unit(2)))],
        ),
        (DepartmentUpdated, unit(3), "市场部", vec![("parent-id", Some(unit(1)), Some(unit(2)))]),
        (DepartmentRemoved, unit(25), "旧组", vec![("name", given("旧组"), None), ("parent-id", Some(unit(22)), None)]),
        (MemberUpdated, "lisi".to_owned(), "李四", vec![("position", given("工程师"), given("总监"))]),
        (
            MemberAdded,
            "Neu".to_owned(),
            "新人",
            vec![
                ("name", None, given("新人")),
                ("status", None, given("active")),
                ("main-department", None, Some(unit(21))),
                ("departments", None, Some(place)),
            ],
        ),
        (MemberResigned, "sunqi".to_owned(), "孙七", vec![("status", given("active"), given("resigned"))]),
        (MemberRejoined, "wujiu".to_owned(), "吴九", vec![("status", given("left-range"), given("active"))]),
        (MemberLeftRange, "zhouba".to_owned(), "周八", vec![("status", given("active"), given("left-range"))]),
    ];
    let stage = about_to_change::<V>().await;
    planned(&stage).await;
    let found = plan(&stage, 200).await;
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (kind, id, name, fields) in expected {
        let change = found.iter().find(|change| change.id == id).unwrap_or_else(|| panic!("{id}: {found:#?}"));
        assert_eq!((change.kind, &*change.name), (kind, name), "{id}");
        let shown: BTreeMap<&str, _> =
            change.fields.iter().map(|field| (&*field.field, (field.before.clone(), field.after.clone()))).collect();
        assert_eq!(shown.len(), change.fields.len(), "each field once: {change:?}");
        for (field, before, after) in &fields {
            assert_eq!(shown.get(field), Some(&(before.clone(), after.clone())), "{id}: {field}");
        }
        match kind {
            DepartmentAdded | MemberAdded => assert!(shown.values().all(|(before, _)| before.is_none()), "{change:?}"),
            DepartmentRemoved => assert!(shown.values().all(|(_, after)| after.is_none()), "{change:?}"),
            DepartmentUpdated | MemberUpdated | MemberLeftRange => assert_eq!(shown.len(), fields.len(), "{change:?}"),
            MemberResigned | MemberRejoined => {}
            MemberRolesUpdated | MemberErased => panic!("no sync writes roles or erases anybody: {change:?}"),
        }
    }
}

async fn pages_of_any_size_are_the_same_plan_and_it_comes_true_without_fetching_again<V: TestVendor>() {
    let stage = about_to_change::<V>().await;
    let run = planned(&stage).await;
    let whole = plan(&stage, 200).await;
    let copy = stage.copy().await;
    for limit in 1..=10 {
        assert_eq!(plan(&stage, limit).await, whole, "pages of {limit}");
    }
    // More than a page may have, and fewer than one.
    for (limit, length) in [(u32::MAX, whole.len()), (0, 1)] {
        assert_eq!(stage.heard(stage.element.plan(None, limit)).await.unwrap().changes.len(), length, "{limit}");
    }
    // Neither readers nor reading the plan make a difference to it or to the copy.
    stage.overview().await;
    stage.members(&EVERYBODY).await;
    let known = stage.changes().await.len();
    assert_eq!((plan(&stage, 4).await, stage.copy().await), (whole.clone(), copy));

    let asked = stage.vendor_calls();
    let report = stage.complete(&PLAIN).await;
    assert_eq!((report.run, stage.vendor_calls()), (run, asked), "the plan is carried out as it is");
    assert_eq!(of_feed(stage.changes().await.split_off(known)), of_plan(whole));
    stage.assert_exact().await;
}

async fn a_first_plan_of_many_pages_holds_everybody_once<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(300, 250)).start().await;
    let Ok(SyncStep::Planned(report)) = stage.sync(&PLANNING).await else { panic!() };
    let first = stage.heard(stage.element.plan(None, 200)).await.unwrap();
    assert_eq!((first.run, first.changes.len()), (report.run, 200));
    let whole = plan(&stage, 200).await;
    let counted = |kind| whole.iter().filter(|change| change.kind == kind).count() as u64;
    assert_eq!(counted(ChangeKind::DepartmentAdded), report.departments.added);
    assert_eq!(counted(ChangeKind::MemberAdded), report.members.added);
    assert_eq!(plan(&stage, 97).await, whole);
    stage.complete(&PLAIN).await;
    assert_eq!(of_plan(whole), of_feed(stage.changes().await));
    // Nothing is due any more: many departments are looked at, none is shown.
    planned(&stage).await;
    assert_eq!(plan(&stage, 200).await, []);
}

async fn what_a_blocked_sync_would_remove_can_be_seen_before_it_is_allowed<V: TestVendor>() {
    let company = Company::sized(60, 30);
    let stage = Setting::<V>::of(&company).start().await;
    stage.complete(&PLAIN).await;
    company.people.iter().filter(|person| person.units[0] > 20).for_each(|one| stage.control.take_away(&one.id));
    (21..=30).rev().for_each(|unit| stage.control.remove_unit(unit));
    stage.advance(Duration::from_secs(60));
    let Reason::MassRemovalBlocked(counts) = stage.paused(&PLAIN).await.reason else { panic!() };
    assert_eq!((counts.members, counts.departments), (20, 10));
    let asked = stage.vendor_calls();
    let candidates = plan(&stage, 7).await;
    assert_eq!(stage.vendor_calls(), asked, "nobody is asked for a plan");
    let counted = |kind| candidates.iter().filter(|change| change.kind == kind).count() as u64;
    assert_eq!(counted(ChangeKind::MemberLeftRange), counts.members);
    assert_eq!(counted(ChangeKind::DepartmentRemoved), counts.departments);
    let known = stage.changes().await.len();
    stage.complete(&APPROVING).await;
    assert_eq!(of_plan(candidates), of_feed(stage.changes().await.split_off(known)));
    stage.assert_exact().await;
}

async fn without_a_dry_run_there_is_no_plan<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let none = async |when: &str| {
        let error = stage.heard(stage.element.plan(None, 10)).await.unwrap_err();
        assert_eq!(error.reason, Reason::NotFound, "{when}");
        assert!(error.hint.is_some_and(|hint| hint.contains("dry run")), "{when}");
    };
    none("before the first sync").await;
    stage.control.slow_down(2);
    assert!(matches!(stage.step(&PLANNING).await, Ok(SyncStep::Wait(_))));
    none("while members are fetched").await;
    planned(&stage).await;
    assert_eq!(plan(&stage, 200).await.len(), 17);
    stage.complete(&PLAIN).await;
    none("when it was carried out").await;
}

async fn a_cursor_is_good_for_its_own_plan_only<V: TestVendor>() {
    let stage = about_to_change::<V>().await;
    let first = planned(&stage).await;
    let old = stage.heard(stage.element.plan(None, 3)).await.unwrap().cursor.unwrap();
    stage.advance(Duration::from_secs(60));
    stage.abandon().await;
    let run = planned(&stage).await;
    assert_ne!(run, first);
    for (cursor, expected) in [
        (String::new(), "invalid-argument"),
        ("c3".to_owned(), "invalid-argument"),
        ("k:lisi".to_owned(), "invalid-argument"),
        (run.clone(), "invalid-argument"),
        (format!("{run}/x/1"), "invalid-argument"),
        (format!("{run}/d/one.two"), "invalid-argument"),
        (format!("{run}/m/\u{0}"), "invalid-argument"),
        (format!("../{run}/m/"), "invalid-argument"),
        (old, "cursor-expired"),
        (format!("{first}/g/zhouba"), "cursor-expired"),
    ] {
        let error = stage.heard(stage.element.plan(Some(&cursor), 10)).await.unwrap_err();
        assert_eq!(reason_name(&error.reason), expected, "{cursor}: {error:?}");
    }
    // Beyond the end there is nothing, and nothing to fear.
    for beyond in ["d/999999.999999", "g/~", "g/zzzz"] {
        let page = stage.heard(stage.element.plan(Some(&format!("{run}/{beyond}")), 10)).await.unwrap();
        assert!(page.changes.iter().all(|change| change.kind != ChangeKind::DepartmentAdded), "{beyond}: {page:?}");
    }
}
