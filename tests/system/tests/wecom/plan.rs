//! The plan of a dry run or of a blocked run, page by page, and that it comes true.

use std::{collections::BTreeMap, time::Duration};

use host_harness::{
    contract::{
        directory::{Change, ChangeKind, PlannedChange, SyncStep},
        types::Reason,
    },
    reason_name,
};
use system_tests::{
    Stage,
    copy::EVERYBODY,
    sync::{ALLOWED, DRY, PLAIN},
};
use wecom_simulator::{
    DEMO_AGENT_ID, Effect, Fault, Generator, When,
    corp::{Corp, Department, Grant, Member as Person, Resignation},
};

/// The plan, in pages of this size.
async fn plan(stage: &Stage, limit: u32) -> Vec<PlannedChange> {
    let (mut changes, mut cursor) = (Vec::new(), None);
    loop {
        let page = stage.heard(stage.element.plan(cursor.as_deref(), limit).await).unwrap();
        assert!(page.changes.len() <= limit as usize, "{} in a page of {limit}", page.changes.len());
        changes.extend(page.changes);
        cursor = page.cursor;
        if cursor.is_none() {
            return changes;
        }
    }
}

/// A dry run; answers its run.
async fn planned(stage: &Stage) -> String {
    match stage.sync(&DRY).await {
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

/// A stage on which each kind of change is due: the demonstration organisation, synced, reorganised and not synced yet.
async fn about_to_change() -> Stage {
    let stage = Stage::demo().await;
    stage.control.change(|corp| corp.add_department(Department::new(25, "旧组", 23))).unwrap();
    stage.complete(&PLAIN).await;
    stage.control.change(|corp| corp.move_member("wujiu", 4)).unwrap();
    stage.advance(Duration::from_secs(60));
    stage.complete(&PLAIN).await;
    let reorganise = |corp: &mut Corp| {
        corp.add_member(Person::new("Neu", "新人", 21))?;
        corp.update_member("lisi", |person| person.position = "总监".to_owned())?;
        corp.move_member("zhouba", 4)?;
        corp.resign_member("sunqi", Resignation::Listed)?;
        corp.move_member("wujiu", 21)?;
        corp.add_department(Department::new(24, "算法组", 2))?;
        corp.rename_department(22, "移动部")?;
        corp.move_department(4_294_967_295, 21)?;
        corp.remove_department(25)
    };
    stage.control.change(reorganise).unwrap();
    stage.advance(Duration::from_secs(60));
    stage
}

#[tokio::test]
async fn every_kind_of_change_is_shown_with_its_fields() {
    use ChangeKind::{
        DepartmentAdded, DepartmentRemoved, DepartmentUpdated, MemberAdded, MemberLeftRange, MemberRejoined,
        MemberResigned, MemberUpdated,
    };
    /// A field before and after.
    type Field = (&'static str, Option<&'static str>, Option<&'static str>);
    let expected: [(ChangeKind, &str, &str, &[Field]); 9] = [
        (DepartmentUpdated, "22", "移动部", &[("name", Some("移动组"), Some("移动部"))]),
        (DepartmentAdded, "24", "算法组", &[("name", None, Some("算法组")), ("parent-id", None, Some("2"))]),
        (DepartmentUpdated, "4294967295", "实验室", &[("parent-id", Some("22"), Some("21"))]),
        (DepartmentRemoved, "25", "旧组", &[("name", Some("旧组"), None), ("parent-id", Some("23"), None)]),
        (MemberUpdated, "lisi", "李四", &[("position", Some("平台负责人"), Some("总监"))]),
        (
            MemberAdded,
            "Neu",
            "新人",
            &[
                ("name", None, Some("新人")),
                ("status", None, Some("active")),
                ("main-department", None, Some("21")),
                ("departments", None, Some(r#"[{"id":"21"}]"#)),
            ],
        ),
        (MemberResigned, "sunqi", "孙七", &[("status", Some("active"), Some("resigned"))]),
        (MemberRejoined, "wujiu", "吴九", &[("status", Some("left-range"), Some("active"))]),
        (MemberLeftRange, "zhouba", "周八", &[("status", Some("active"), Some("left-range"))]),
    ];
    let stage = about_to_change().await;
    planned(&stage).await;
    let found = plan(&stage, 200).await;
    let heads: Vec<_> = found.iter().map(|change| (change.kind, &*change.id, &*change.name)).collect();
    assert_eq!(heads, expected.map(|(kind, id, name, _)| (kind, id, name)));
    for (change, (kind, id, _, fields)) in found.iter().zip(expected) {
        let of: BTreeMap<&str, _> = change
            .fields
            .iter()
            .map(|field| (&*field.field, (field.before.as_deref(), field.after.as_deref())))
            .collect();
        assert_eq!(of.len(), change.fields.len(), "each field once: {change:?}");
        for &(field, before, after) in fields {
            assert_eq!(of.get(field), Some(&(before, after)), "{id}: {field}");
        }
        match kind {
            DepartmentAdded | MemberAdded => assert!(of.values().all(|(before, _)| before.is_none()), "{change:?}"),
            DepartmentRemoved => assert!(of.values().all(|(_, after)| after.is_none()), "{change:?}"),
            DepartmentUpdated | MemberUpdated | MemberLeftRange => assert_eq!(of.len(), fields.len(), "{change:?}"),
            MemberResigned | MemberRejoined => {}
        }
    }
}

#[tokio::test]
async fn pages_of_any_size_are_the_same_plan_and_it_comes_true_without_fetching_again() {
    let stage = about_to_change().await;
    let run = planned(&stage).await;
    let whole = plan(&stage, 200).await;
    let copy = stage.copy().await;
    for limit in 1..=10 {
        assert_eq!(plan(&stage, limit).await, whole, "pages of {limit}");
    }
    // More than a page may have, and fewer than one.
    for (limit, length) in [(u32::MAX, whole.len()), (0, 1)] {
        assert_eq!(stage.heard(stage.element.plan(None, limit).await).unwrap().changes.len(), length, "{limit}");
    }
    // Neither readers nor reading the plan make a difference to it or to the copy.
    stage.overview().await;
    stage.members(&EVERYBODY).await;
    let known = stage.changes().await.len();
    assert_eq!((plan(&stage, 4).await, stage.copy().await), (whole.clone(), copy));

    let asked = stage.vendor_calls();
    let report = stage.complete(&PLAIN).await;
    assert_eq!((report.run, stage.vendor_calls()), (run, asked), "the plan is carried out as it is");
    let done = stage.changes().await.split_off(known);
    assert_eq!(
        sorted(done.into_iter().map(|Change { kind, id, .. }| (kind, id))),
        sorted(whole.into_iter().map(|change| (change.kind, change.id)))
    );
    stage.assert_exact().await;
}

#[tokio::test]
async fn a_first_plan_of_many_pages_holds_everybody_once() {
    let stage = Stage::of(Generator { unusual: false, ..Generator::sized(21, 700, 450) }.generate().unwrap()).await;
    let Ok(SyncStep::Planned(report)) = stage.sync(&DRY).await else { panic!() };
    let first = stage.heard(stage.element.plan(None, 200).await).unwrap();
    assert_eq!((first.run, first.changes.len()), (report.run, 200));
    let whole = plan(&stage, 200).await;
    let counted = |kind| whole.iter().filter(|change| change.kind == kind).count() as u64;
    assert_eq!(counted(ChangeKind::DepartmentAdded), report.departments.added);
    assert_eq!(counted(ChangeKind::MemberAdded), report.members.added);
    assert_eq!(plan(&stage, 97).await, whole);
    stage.complete(&PLAIN).await;
    let done = stage.changes().await.into_iter().map(|change| (change.kind, change.id));
    assert_eq!(sorted(whole.into_iter().map(|change| (change.kind, change.id))), sorted(done));
    // Nothing is due any more: many departments are looked at, none is shown.
    planned(&stage).await;
    assert_eq!(plan(&stage, 200).await, []);
}

#[tokio::test]
async fn what_a_blocked_sync_would_remove_can_be_seen_before_it_is_allowed() {
    let stage = Stage::of(Generator { unusual: false, ..Generator::sized(4, 100, 10) }.generate().unwrap()).await;
    stage.complete(&PLAIN).await;
    stage.control.change(|corp| {
        corp.ungrant(DEMO_AGENT_ID, &Grant::Department(1)).unwrap();
        corp.grant(DEMO_AGENT_ID, Grant::Department(2)).unwrap();
    });
    stage.advance(Duration::from_secs(60));
    let Reason::MassRemovalBlocked(counts) = stage.paused(&PLAIN).await.reason else { panic!() };
    let asked = stage.vendor_calls();
    let candidates = plan(&stage, 7).await;
    assert_eq!(stage.vendor_calls(), asked, "nobody is asked for a plan");
    let counted = |kind| candidates.iter().filter(|change| change.kind == kind).count() as u64;
    assert_eq!(counted(ChangeKind::MemberLeftRange), counts.members);
    assert_eq!(counted(ChangeKind::DepartmentRemoved), counts.departments);
    let known = stage.changes().await.len();
    stage.complete(&ALLOWED).await;
    let done = stage.changes().await.split_off(known).into_iter().map(|change| (change.kind, change.id));
    assert_eq!(sorted(candidates.into_iter().map(|change| (change.kind, change.id))), sorted(done));
    stage.assert_exact().await;
}

#[tokio::test]
async fn without_a_dry_run_there_is_no_plan() {
    let stage = Stage::demo().await;
    let none = async |when: &str| {
        let error = stage.heard(stage.element.plan(None, 10).await).unwrap_err();
        assert_eq!(error.reason, Reason::NotFound, "{when}");
        assert!(error.hint.is_some_and(|hint| hint.contains("dry run")), "{when}");
    };
    none("before the first sync").await;
    stage.control.inject(Fault::of("user/list", When::Nth(2), Effect::Code(45009)));
    assert!(matches!(stage.step(&DRY).await, Ok(SyncStep::Wait(_))));
    none("while members are fetched").await;
    planned(&stage).await;
    assert_eq!(plan(&stage, 200).await.len(), 28);
    stage.complete(&PLAIN).await;
    none("when it was carried out").await;
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_plan_only() {
    let stage = about_to_change().await;
    let first = planned(&stage).await;
    let old = stage.heard(stage.element.plan(None, 3).await).unwrap().cursor.unwrap();
    stage.advance(Duration::from_secs(60));
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
        let error = stage.heard(stage.element.plan(Some(&cursor), 10).await).unwrap_err();
        assert_eq!(reason_name(&error.reason), expected, "{cursor}: {error:?}");
    }
    // Beyond the end there is nothing, and nothing to fear.
    for beyond in ["d/999999.999999", "g/~", "g/zzzz"] {
        let page = stage.heard(stage.element.plan(Some(&format!("{run}/{beyond}")), 10).await).unwrap();
        assert!(page.changes.iter().all(|change| change.kind != ChangeKind::DepartmentAdded), "{beyond}: {page:?}");
    }
}
