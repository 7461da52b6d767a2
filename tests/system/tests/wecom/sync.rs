//! Synchronising organisations of every shape, and what must hold of each sync.

use std::time::Duration;

use host_harness::{
    Limits,
    contract::{
        directory::{Change, ChangeKind, MemberFilter, MemberStatus, Strategy, SyncRequest, SyncStep},
        types::Reason,
    },
};
use serde_json::json;
use system_tests::{
    Copy, Setting, Stage,
    stage::Store,
    sync::{ALLOWED, DRY, PLAIN},
};
use wecom_simulator::{
    Behaviour, DEMO_AGENT_ID, Generator, HiddenRoot, Quirks, RestrictedFields, Shape,
    corp::{
        App, Attribute as Field, Corp, CorpError, Department, Grant, Member as Person, Membership, Resignation, Status,
    },
    demo,
};

fn small(seed: u64) -> Generator {
    Generator { members: 60, departments: 12, seed, ..Generator::default() }
}

#[tokio::test]
async fn organisations_of_every_shape_are_copied_exactly() {
    let hidden = |generator: Generator| Generator { root_visible: false, loners: 5, tags: 2, ..generator };
    for (name, generator) in [
        ("balanced", small(1)),
        ("deep", Generator { shape: Shape::Deep, departments: 30, ..small(2) }),
        ("wide", Generator { shape: Shape::Wide, ..small(3) }),
        ("root hidden, loners and tags", hidden(small(4))),
        ("forest", hidden(Generator { shape: Shape::Forest(4), ..small(5) })),
        ("many departments a member", Generator { most_departments: 8, ..small(6) }),
        ("nobody", Generator { members: 0, ..small(7) }),
        ("nothing but the root", Generator { members: 3, departments: 0, ..small(8) }),
        ("members alone", Generator { departments: 0, members: 4, root_visible: false, loners: 4, ..small(9) }),
        ("plain", Generator { unusual: false, leaders: false, ..small(10) }),
    ] {
        for quirks in [Quirks::default(), Quirks::wild()] {
            let behaviour = Behaviour { quirks, ..Behaviour::default() };
            let stage = Setting::new(generator.generate().unwrap()).behaviour(behaviour).start().await;
            let report = stage.complete(&PLAIN).await;
            stage.assert_exact().await;
            let is_partly_empty = report.members_total == 0 || report.departments_total == 0;
            assert_eq!(report.notes.len(), usize::from(is_partly_empty), "{name}: {:?}", report.notes);
            let again = stage.complete(&PLAIN).await;
            assert_eq!(again.members.unchanged, report.members_total, "{name}");
            stage.assert_exact().await;
        }
    }
}

#[tokio::test]
async fn the_unusual_arrives_as_it_is() {
    let stage = Stage::of(Generator { unusual: true, ..Generator::sized(3, 120, 15) }.generate().unwrap()).await;
    stage.complete(&PLAIN).await;
    stage.assert_exact().await;
    let copy = stage.copy().await;
    assert!(copy.departments.contains_key("4294967295"));
    assert!(copy.members.values().any(|member| member.id.starts_with("Mixed.Case-")), "spelling is kept");
    assert!(copy.members.keys().any(|id| id.len() == 64));
    assert!(copy.members.values().any(|member| member.name.contains("👩‍💻")));
    assert!(copy.members.values().any(|member| member.departments.len() > 1));
    for status in [MemberStatus::Active, MemberStatus::Disabled, MemberStatus::NotActivated] {
        assert!(copy.members.values().any(|member| member.status == status), "{status:?}");
    }
    let found = stage.heard(stage.element.find_member("MIXED.case-000007").await).unwrap();
    assert_eq!(found.id, "Mixed.Case-000007");
}

#[tokio::test]
async fn both_answers_to_a_hidden_root_and_both_forms_of_withheld_fields_are_understood() {
    for root in [HiddenRoot::Refused, HiddenRoot::EmptyList] {
        for restricted in [RestrictedFields::Missing, RestrictedFields::Empty] {
            for is_old in [false, true] {
                let mut corp = demo();
                corp.update_app(DEMO_AGENT_ID, |app| app.created_before_2022 = is_old).unwrap();
                let mut behaviour = Behaviour::default();
                (behaviour.switches.hidden_root, behaviour.quirks.restricted) = (root, restricted);
                let stage = Setting::new(corp).behaviour(behaviour).start().await;
                stage.complete(&PLAIN).await;
                stage.assert_exact().await;
                let mobile = stage.heard(stage.element.find_member("lisi").await).unwrap().mobile;
                assert_eq!(mobile.as_deref(), is_old.then_some("13800000001"));
            }
        }
    }
}

/// The changes after a number.
async fn changes_after(stage: &Stage, known: usize) -> Vec<(ChangeKind, String)> {
    stage.changes().await.split_off(known).into_iter().map(|Change { kind, id, .. }| (kind, id)).collect()
}

#[tokio::test]
async fn each_change_of_the_organisation_is_one_entry_of_the_feed() {
    use ChangeKind::{
        DepartmentAdded, DepartmentRemoved, DepartmentUpdated, MemberAdded, MemberLeftRange, MemberRejoined,
        MemberResigned, MemberUpdated,
    };
    type Edit = fn(&mut Corp) -> Result<(), CorpError>;
    type Entries = &'static [(ChangeKind, &'static str)];
    let steps: [(&str, Edit, Entries); 14] = [
        ("nothing", |_| Ok(()), &[]),
        ("hired", |corp| corp.add_member(Person::new("Neu", "新人 🙂", 21)), &[(MemberAdded, "Neu")]),
        (
            "promoted",
            |corp| corp.update_member("lisi", |person| person.position = "总监".to_owned()),
            &[(MemberUpdated, "lisi")],
        ),
        ("another spelling of an id", |corp| corp.rename_member("lisi", "LISI"), &[]),
        (
            "disabled",
            |corp| corp.update_member("sunqi", |person| person.status = Status::Disabled),
            &[(MemberUpdated, "sunqi")],
        ),
        ("moved within the range", |corp| corp.move_member("wangwu", 23), &[(MemberUpdated, "wangwu")]),
        ("moved out of the range", |corp| corp.move_member("wujiu", 4), &[(MemberLeftRange, "wujiu")]),
        ("moved back", |corp| corp.move_member("wujiu", 21), &[(MemberRejoined, "wujiu")]),
        (
            "resigned and listed",
            |corp| corp.resign_member("zhouba", Resignation::Listed),
            &[(MemberResigned, "zhouba")],
        ),
        (
            "resigned and gone",
            |corp| corp.resign_member("chen_er", Resignation::Vanished),
            &[(MemberLeftRange, "chen_er")],
        ),
        (
            "the id was given to somebody else",
            |corp| {
                corp.remove_member("zhouba")?;
                corp.add_member(Person::new("ZhouBa", "周九", 22))
            },
            &[(MemberRejoined, "zhouba")],
        ),
        ("a new department", |corp| corp.add_department(Department::new(24, "算法组", 2)), &[(DepartmentAdded, "24")]),
        ("renamed", |corp| corp.rename_department(24, "智能组"), &[(DepartmentUpdated, "24")]),
        ("and closed", |corp| corp.remove_department(24).map(drop), &[(DepartmentRemoved, "24")]),
    ];
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    for (name, edit, expected) in steps {
        let known = stage.changes().await.len();
        stage.control.change(edit).unwrap();
        stage.advance(Duration::from_secs(60));
        let report = stage.complete(&PLAIN).await;
        let found = changes_after(&stage, known).await;
        let expected: Vec<_> = expected.iter().map(|(kind, id)| (*kind, (*id).to_owned())).collect();
        assert_eq!(found, expected, "{name}");
        let counted = report.departments.added
            + report.departments.updated
            + report.departments.removed
            + report.members.added
            + report.members.updated
            + report.members.left_range
            + report.members.resigned
            + report.members.rejoined;
        assert_eq!(counted, expected.len() as u64, "{name}: {report:?}");
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn left_the_range_is_not_resigned_without_evidence() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    stage.control.change(|corp| corp.move_member("wujiu", 4)).unwrap();
    stage.control.change(|corp| corp.resign_member("zhouba", Resignation::Vanished)).unwrap();
    stage.control.change(|corp| corp.resign_member("sunqi", Resignation::Listed)).unwrap();
    stage.complete(&PLAIN).await;
    let status = async |id: &str| stage.heard(stage.element.find_member(id).await).unwrap().status;
    for (id, expected) in [
        ("wujiu", MemberStatus::LeftRange),
        ("zhouba", MemberStatus::LeftRange),
        ("sunqi", MemberStatus::Resigned),
        ("lisi", MemberStatus::Active),
    ] {
        assert_eq!(status(id).await, expected, "{id}");
        let filter = MemberFilter { department: None, status: Some(expected) };
        assert!(stage.members(&filter).await.iter().any(|member| member.id == id), "the filter finds {id}");
    }
    stage.assert_exact().await;
}

#[tokio::test]
async fn a_mass_removal_stops_until_it_is_allowed() {
    let stage = Stage::of(Generator { unusual: false, ..Generator::sized(4, 100, 10) }.generate().unwrap()).await;
    stage.complete(&PLAIN).await;
    let before = (stage.copy().await, stage.changes().await.len());
    // The visible range shrinks from the root to one department.
    let grants = |stage: &Stage, to: u64, from: u64| {
        stage.control.change(|corp| {
            corp.ungrant(DEMO_AGENT_ID, &Grant::Department(from)).unwrap();
            corp.grant(DEMO_AGENT_ID, Grant::Department(to)).unwrap();
        });
    };
    grants(&stage, 2, 1);
    let error = stage.paused(&PLAIN).await;
    let Reason::MassRemovalBlocked(counts) = &error.reason else { panic!("{error:?}") };
    assert_eq!((counts.members_total, counts.departments_total), (100, 11));
    assert!(counts.members > 20 && counts.departments > 5, "{counts:?}");
    assert!(error.hint.as_ref().is_some_and(|hint| hint.contains(&counts.members.to_string())), "{error:?}");
    assert_eq!((stage.copy().await, stage.changes().await.len()), before, "nothing was changed");
    // Mended before anybody allowed anything: the next sync removes nothing.
    grants(&stage, 1, 2);
    let report = stage.complete(&PLAIN).await;
    assert_eq!((report.members.left_range, report.departments.removed), (0, 0));
    // Allowed: what was blocked is carried out.
    grants(&stage, 2, 1);
    assert!(matches!(stage.paused(&PLAIN).await.reason, Reason::MassRemovalBlocked(_)));
    let report = stage.complete(&ALLOWED).await;
    assert_eq!((report.members.left_range, report.departments.removed), (counts.members, counts.departments));
    stage.assert_exact().await;
}

#[tokio::test]
async fn a_dry_run_counts_and_writes_nothing() {
    let stage = Stage::demo().await;
    let Ok(SyncStep::Planned(plan)) = stage.sync(&DRY).await else { panic!() };
    assert_eq!((plan.departments.added, plan.members.added), (6, 22));
    assert_eq!(stage.copy().await, Copy::default());
    assert_eq!(stage.overview().await.last_change, 0);
    let fetched = stage.control.count("user/list").calls;
    let report = stage.complete(&PLAIN).await;
    assert_eq!((report.departments.added, report.members.added), (6, 22), "a plan comes true");
    assert_eq!(stage.control.count("user/list").calls, fetched, "a fresh plan is not fetched again");
    stage.assert_exact().await;
    let before = stage.copy().await;
    stage.control.change(|corp| corp.rename_department(22, "新名")).unwrap();
    let Ok(SyncStep::Planned(plan)) = stage.sync(&DRY).await else { panic!() };
    assert_eq!((plan.departments.updated, plan.members.updated, plan.members.unchanged), (1, 0, 22));
    assert_eq!(stage.copy().await, before);
}

#[tokio::test]
async fn a_walk_asks_no_more_than_it_has_to_and_five_at_a_time() {
    for (name, generator) in [
        ("root", Generator::sized(1, 150, 40)),
        ("hidden root", Generator { root_visible: false, loners: 12, tags: 3, ..Generator::sized(2, 150, 40) }),
    ] {
        let stage = Stage::of(generator.generate().unwrap()).await;
        stage.control.configure(|behaviour| behaviour.latency = Duration::from_millis(4));
        for round in ["first", "second", "after removals"] {
            stage.control.reset_log();
            if round == "after removals" {
                let leavers: Vec<String> = stage.copy().await.present().into_keys().take(8).collect();
                stage.control.change(|corp| leavers.iter().for_each(|id| drop(corp.remove_member(id).unwrap())));
            }
            let report = stage.complete(&PLAIN).await;
            let confirmations = report.members.left_range + report.departments.removed;
            let allowed =
                report.departments_total + generator.loners as u64 + generator.tags as u64 + confirmations + 10;
            assert!(report.vendor_calls <= allowed, "{name}, {round}: {} > {allowed}", report.vendor_calls);
            assert_eq!(stage.vendor_calls(), report.vendor_calls, "{name}, {round}: the report counts what was sent");
            let by_api: u64 = report.calls_by_api.iter().map(|count| count.calls).sum();
            assert_eq!(by_api, report.vendor_calls);
            for (api, count) in stage.control.counts() {
                assert!(count.most_at_once <= 5, "{name}, {round}: {} of {api} at once", count.most_at_once);
            }
            assert!(stage.control.count("user/list").most_at_once > 1, "they do go side by side");
        }
        stage.assert_exact().await;
    }
}

#[tokio::test]
async fn an_unchanged_organisation_writes_no_record_index_or_feed_entry() {
    for store in [Store::Memory, Store::Sqlite] {
        let corp = Generator { root_visible: false, loners: 3, tags: 1, ..small(11) }.generate().unwrap();
        let stage = Setting::new(corp).store(store).start().await;
        stage.complete(&PLAIN).await;
        let kept = async || {
            let mut entries = Vec::new();
            for prefix in
                ["directory/d/", "directory/m/", "directory/x/", "directory/o/", "directory/f/", "directory/head"]
            {
                entries.extend(stage.stored(prefix).await);
            }
            entries
        };
        let (before, usage) = (kept().await, stage.usage().await);
        stage.advance(Duration::from_secs(60));
        stage.complete(&PLAIN).await;
        assert_eq!(kept().await, before, "the versions show that nothing was even written again");
        assert_eq!(stage.usage().await.items, usage.items + 1, "and nothing of the run is left but its report");
    }
}

#[tokio::test]
async fn another_corp_is_refused_and_the_copy_kept() {
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    let before = stage.copy().await;
    let other = stage.reconfigured(&json!({ "corpId": "ww0000000000000001" }));
    for refused in [
        stage.heard(other.sync(&PLAIN).await).map(drop),
        stage.heard(other.sync(&SyncRequest { restart: true, ..ALLOWED }).await).map(drop),
        stage.heard(other.sync(&DRY).await).map(drop),
    ] {
        let error = refused.unwrap_err();
        assert_eq!(error.reason, Reason::Conflict, "{error:?}");
    }
    assert_eq!(stage.copy().await, before);
    stage.complete(&PLAIN).await;
}

#[tokio::test]
async fn strategies_that_do_not_exist_are_refused() {
    let stage = Stage::demo().await;
    for (strategy, expected) in [
        (Strategy::Export, ""),
        (Strategy::Other("guess".to_owned()), "invalid-argument"),
        (Strategy::Walk, ""),
        (Strategy::Automatic, ""),
    ] {
        let answer = stage.sync(&SyncRequest { strategy: strategy.clone(), ..PLAIN }).await;
        let reason = answer.as_ref().err().map(|error| host_harness::reason_name(&error.reason)).unwrap_or_default();
        assert_eq!(reason, expected, "{strategy:?}");
    }
}

#[tokio::test]
async fn a_large_department_is_fetched_alone_within_the_hosts_limit() {
    // 5 MiB of cards in one department: more than a batch takes, less than one answer may have.
    let mut corp = Corp::new(demo().id(), "大公司");
    corp.add_app(App::new(DEMO_AGENT_ID, "app", demo().app(DEMO_AGENT_ID).unwrap().secret.clone())).unwrap();
    corp.grant(DEMO_AGENT_ID, Grant::Department(1)).unwrap();
    let value = "值".repeat(64);
    for index in 0..3_000 {
        let mut person = Person::new(format!("m{index:05}"), "成员", 1);
        person.departments = vec![Membership { department: 1, order: index, leader: false }];
        person.attributes = (0..7).map(|field| Field::text(format!("字段{field}"), &*value)).collect();
        corp.add_member(person).unwrap();
    }
    let stage = Setting::new(corp).start().await;
    let report = stage.complete(&PLAIN).await;
    assert_eq!(report.members_total, 3_000);
    assert_eq!(stage.control.count("user/list").calls, 2, "once in a batch, once alone");
    // Where the host's own limit is smaller its members are fetched one by one, and the report says so.
    let limits = Limits { largest_response: 1 << 20, ..Limits::default() };
    let narrow = stage.element.with_limits(limits);
    stage.control.reset_log();
    let again = SyncRequest { restart: true, strategy: Strategy::Walk, ..PLAIN };
    let Ok(SyncStep::Complete(report)) = stage.sync_of(&narrow, &again).await else { panic!() };
    assert_eq!((report.members_total, report.members.unchanged), (3_000, 3_000));
    assert_eq!(stage.control.count("user/get").calls, 3_000);
    assert!(report.notes.iter().any(|note| note.contains("fetched one by one")), "{:?}", report.notes);
    // Where not even the ids fit, a person has to know.
    let limits = Limits { largest_response: 100 << 10, ..Limits::default() };
    match stage.sync_of(&stage.element.with_limits(limits), &again).await {
        Ok(SyncStep::Paused(pause)) => {
            assert_eq!(pause.error.reason, Reason::Other("answer-too-large".to_owned()));
            assert!(pause.error.hint.is_some());
        }
        other => panic!("{other:?}"),
    }
}
