//! Synchronising organisations of every shape, and what must hold of each sync.

use std::time::Duration;

use organisation_host::{
    Limits,
    contract::{
        directory::{ChangeKind, MemberStatus, Strategy, SyncStep},
        types::Reason,
    },
};
use system_tests::{
    Setting, Stage,
    sync::{Caller, PLAIN},
};
use wecom_simulator::{
    Behaviour, DEMO_AGENT_ID, Generator, HiddenRoot, Quirks, RestrictedFields, Shape,
    corp::{App, Attribute as Field, Corp, CorpError, Grant, Member as Person, Membership, Resignation, Status},
    demo,
};

use crate::notes_of_emptiness;

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
            assert_eq!(report.notes, notes_of_emptiness(&report), "{name}");
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
    let found = stage.heard(stage.element.find_member("MIXED.case-000007")).await.unwrap();
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
                let mobile = stage.heard(stage.element.find_member("lisi")).await.unwrap().mobile;
                assert_eq!(mobile.as_deref(), is_old.then_some("13800000001"));
            }
        }
    }
}

#[tokio::test]
async fn what_only_wecom_does_to_members_is_told_once() {
    use ChangeKind::{MemberLeftRange, MemberRejoined, MemberResigned, MemberUpdated};
    type Edit = fn(&mut Corp) -> Result<(), CorpError>;
    type Entries = &'static [(ChangeKind, &'static str)];
    let steps: [(&str, Edit, Entries); 7] = [
        ("another spelling of an id", |corp| corp.rename_member("lisi", "LISI"), &[]),
        (
            "disabled",
            |corp| corp.update_member("sunqi", |person| person.status = Status::Disabled),
            &[(MemberUpdated, "sunqi")],
        ),
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
    ];
    let stage = Stage::demo().await;
    stage.complete(&PLAIN).await;
    for (name, edit, expected) in steps {
        let known = stage.changes().await.len();
        stage.control.change(edit).unwrap();
        stage.advance(Duration::from_secs(60));
        stage.complete(&PLAIN).await;
        let found = stage.changes().await.split_off(known);
        let found: Vec<_> = found.iter().map(|change| (change.kind, change.id.as_str())).collect();
        assert_eq!(found, expected, "{name}");
        stage.assert_exact().await;
    }
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
async fn strategies_that_do_not_exist_are_refused() {
    let stage = Stage::demo().await;
    for (strategy, expected) in [
        (Strategy::Export, ""),
        (Strategy::Other("guess".to_owned()), "invalid-argument"),
        (Strategy::Walk, ""),
        (Strategy::Automatic, ""),
    ] {
        let answer = stage.sync(&Caller { strategy: strategy.clone(), ..PLAIN }).await;
        let reason =
            answer.as_ref().err().map(|error| organisation_host::reason_name(&error.reason)).unwrap_or_default();
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
    let limits = Limits::default().largest_response(1 << 20);
    let narrow = stage.element.with_limits(limits);
    stage.control.reset_log();
    let again = Caller { strategy: Strategy::Walk, ..PLAIN };
    let Ok(SyncStep::Complete(report)) = stage.sync_of(&narrow, &again).await else { panic!() };
    assert_eq!((report.members_total, report.members.unchanged), (3_000, 3_000));
    assert_eq!(stage.control.count("user/get").calls, 3_000);
    assert!(report.notes.iter().any(|note| note.contains("fetched one by one")), "{:?}", report.notes);
    // Where not even the ids fit, a person has to know.
    let limits = Limits::default().largest_response(100 << 10);
    match stage.sync_of(&stage.element.with_limits(limits), &again).await {
        Ok(SyncStep::Paused(pause)) => {
            assert_eq!(pause.error.reason, Reason::Other("answer-too-large".to_owned()));
            assert!(pause.error.hint.is_some());
        }
        other => panic!("{other:?}"),
    }
}
