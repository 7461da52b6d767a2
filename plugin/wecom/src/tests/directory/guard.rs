//! Who may go without a question, on whole runs.

use super::{
    APPROVING, Caller, Company, EVERYBODY, PLAIN, PLANNING, begin, common, complete, members, plan, platform, step,
    sync, sync_on,
};
use crate::fake::FakePlatform;
use organisation_kit::{
    contract::{
        call::Budget,
        directory::{MemberStatus, Pause, SyncStep},
        types::{Reason, RemovalCounts},
    },
    platform::Platform,
};

/// A company of so many in department 2, below a root.
fn company(members: usize) -> Company {
    let mut company = Company::default();
    company.department(1, 0, "总公司");
    company.department(2, 1, "研发中心");
    for index in 0..members {
        company.person(&format!("m{index:02}"), "成员", &[2]);
    }
    company
}

/// What of a company goes.
type Change = fn(&mut Company);

const NOBODY: Change = |company| company.members.clear();
const ONE_LESS: Change = |company| drop(company.members.remove("m00"));
const ALL_RESIGNED: Change = |company| company.members.values_mut().for_each(|person| person.status = 5);
const NO_DEPARTMENT: Change = |company| {
    company.departments.clear();
    company.granted = company.members.keys().cloned().collect();
};
const NOTHING: Change = |company| {
    company.departments.clear();
    company.members.clear();
};

/// A name, the company's size, what becomes of it, and how many members and departments the guard holds back.
type Case = (&'static str, usize, Change, Option<(u64, u64)>);

#[test]
fn a_company_of_any_size_is_emptied_only_when_somebody_allows_it() {
    let some = |members, departments| Some((members, departments));
    let cases: [Case; 12] = [
        ("one of one", 1, NOBODY, some(1, 0)),
        ("one of two", 2, ONE_LESS, None),
        ("two of two", 2, NOBODY, some(2, 0)),
        ("one of four", 4, ONE_LESS, None),
        ("four of four", 4, NOBODY, some(4, 0)),
        ("five of five", 5, NOBODY, some(5, 0)),
        ("six of six", 6, NOBODY, some(6, 0)),
        ("four resigned", 4, ALL_RESIGNED, some(4, 0)),
        ("six resigned", 6, ALL_RESIGNED, some(6, 0)),
        ("thirty resigned", 30, ALL_RESIGNED, some(30, 0)),
        ("departments alone", 4, NO_DEPARTMENT, some(0, 2)),
        ("everything", 4, NOTHING, some(4, 2)),
    ];
    for (name, size, change, blocked) in cases {
        let (fake, shared) = platform(company(size));
        complete(&fake, PLAIN);
        let before = members(&fake, &EVERYBODY);
        change(&mut shared.borrow_mut());
        let step = sync_on(&fake, PLAIN).unwrap();
        let Some((gone, departments)) = blocked else {
            assert!(matches!(step, SyncStep::Complete(_)), "{name}: {step:?}");
            continue;
        };
        let SyncStep::Blocked(pause) = step else { panic!("{name}: {step:?}") };
        let Reason::MassRemovalBlocked(counts) = pause.error.reason else { panic!("{name}: {:?}", pause.error) };
        assert_eq!((counts.members, counts.departments), (gone, departments), "{name}");
        assert_eq!(members(&fake, &EVERYBODY), before, "{name}: nothing is written before somebody allows it");
        assert!(
            !plan::plan(&fake, &common(), None, 200).unwrap().changes.is_empty(),
            "{name}: the plan shows who goes"
        );

        let report = complete(&fake, APPROVING);
        assert_eq!(report.members.left_range + report.members.resigned, gone, "{name}");
        assert_eq!(report.departments.removed, departments, "{name}");
    }
}

#[test]
fn only_the_vendors_word_removes_anybody() {
    // Asked about one that is missing, WeCom answers something else than that it is not to be seen.
    for (path, id, code) in [("user/get", "m00", 60020), ("user/get", "m00", -1), ("department/get", "3", 45009)] {
        let (fake, shared) = platform(company(9));
        shared.borrow_mut().department(3, 1, "市场部");
        complete(&fake, PLAIN);
        shared.borrow_mut().members.remove("m00");
        shared.borrow_mut().departments.remove(&3);
        shared.borrow_mut().refused.insert((path, id.to_owned()), code);
        let stopped = step(&fake, PLAIN).unwrap();
        assert!(matches!(stopped, SyncStep::Paused(_) | SyncStep::Wait(_)), "{path} {code}: {stopped:?}");
        assert_eq!(members(&fake, &EVERYBODY).len(), 9, "{path} {code}");
        assert!(super::departments(&fake).contains_key(&3), "{path} {code}");

        shared.borrow_mut().refused.clear();
        let report = complete(&fake, PLAIN);
        assert_eq!((report.members.left_range, report.departments.removed), (1, 1), "{path} {code}");
    }
}

/// What stops one call, if the guard does.
fn stopped(fake: &FakePlatform, caller: Caller) -> Option<Pause> {
    fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
    match step(fake, caller).unwrap() {
        SyncStep::Blocked(blocked) => Some(blocked),
        _ => None,
    }
}

/// How many are left of a company of nine.
fn present(fake: &FakePlatform) -> usize {
    members(fake, &EVERYBODY).iter().filter(|member| member.status == MemberStatus::Active).count()
}

const HOUR_MS: u64 = 60 * 60 * 1_000;

/// A company of nine that was synchronised, and of which everybody is gone since.
fn emptied() -> FakePlatform {
    let (fake, shared) = platform(company(9));
    complete(&fake, PLAIN);
    shared.borrow_mut().members.clear();
    fake
}

#[test]
fn an_approval_counts_for_its_run_and_its_counts_alone() {
    let (fake, shared) = platform(company(9));
    complete(&fake, PLAIN);
    let first = begin(&fake).unwrap().progress.run;
    let counts = |members, departments| RemovalCounts { members, members_total: 9, departments, departments_total: 2 };
    let approve = |run: &str, counts| {
        sync::approve::approve(&fake, &common(), run, counts).map_err(|error| error.into_details().reason)
    };
    assert_eq!(approve(&first, counts(9, 2)), Err(Reason::Conflict), "nobody has seen what it would remove");
    shared.borrow_mut().members.retain(|id, _| id.as_str() < "m03");
    let blocked = stopped(&fake, PLAIN).unwrap();
    assert_eq!((&*blocked.progress.run, &blocked.error.reason), (&*first, &Reason::MassRemovalBlocked(counts(6, 0))));
    for (name, run, allowed, expected) in [
        ("another run", "no-run", counts(9, 2), Err(Reason::NotFound)),
        ("too few", &*first, counts(5, 2), Err(Reason::MassRemovalBlocked(counts(6, 0)))),
        ("more than are seen", &*first, counts(9, 2), Ok(())),
        ("again", &*first, counts(6, 0), Ok(())),
        ("again, of more than were seen", &*first, counts(9, 2), Ok(())),
        ("again, of fewer", &*first, counts(5, 0), Err(Reason::Conflict)),
    ] {
        assert_eq!(approve(run, allowed), expected, "{name}");
    }
    // By the time it is written more are gone, as this run is told: who approved has not seen them.
    assert!(matches!(step(&fake, PLANNING).unwrap(), SyncStep::Planned(_)), "it goes on to its plan");
    assert_eq!(present(&fake), 9);
    assert!(matches!(step(&fake, PLAIN).unwrap(), SyncStep::Complete(_)), "who approved it approved its writing");
    assert_eq!(present(&fake), 3);

    shared.borrow_mut().members.clear();
    let blocked = stopped(&fake, PLAIN).unwrap();
    fake.advance_ms(HOUR_MS);
    let late = super::approve(&fake, &blocked).unwrap_err();
    assert_eq!(late.reason, Reason::NotFound, "what it would remove was found an hour ago");
    assert_ne!(stopped(&fake, PLAIN).unwrap().progress.run, blocked.progress.run, "another run, which asks anew");
    assert_eq!(present(&fake), 3);
}

#[test]
fn a_blocked_run_rests() {
    let fake = emptied();
    let blocked = stopped(&fake, PLAIN).unwrap();
    let asked = fake.paths().len();
    for _ in 0..5 {
        fake.advance_ms(HOUR_MS / 6);
        for caller in [PLAIN, PLANNING] {
            assert_eq!(stopped(&fake, caller).unwrap(), blocked);
        }
    }
    assert_eq!(fake.paths().len(), asked, "the vendor is not asked again");
    fake.advance_ms(HOUR_MS / 6);
    assert!(stopped(&fake, PLAIN).is_some());
    assert!(fake.paths().len() > asked, "a plan of an hour ago is made anew");
}
