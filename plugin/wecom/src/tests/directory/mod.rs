//! The directory on a fake platform: what must hold whatever is killed, raced or refused between two steps.

mod absent;
mod administration;
mod clock;
mod company;
mod empty;
mod follow_up;
mod forgotten;
mod guard;
mod interrupted;
mod odd;
mod planned;
mod stored;
mod waits;

use std::collections::BTreeMap;

use self::company::{Company, Person, platform};
use crate::{
    api::client::WeComClient,
    config::Config,
    fake::{self, FakePlatform},
};
use organisation_kit::{
    config::Common,
    contract::{
        call::Budget,
        directory::{
            Begun, Change, ChangeKind, Changed, Department, DepartmentFilter, Goal, Member, MemberFilter, MemberStatus,
            Pause, Report, RunOutcome, Strategy, SyncStep,
        },
        types::{Error, Reason, RemovalCounts},
    },
    directory::{
        feed, list, read, refresh,
        roles::Roles,
        sync::{self, history, plan},
    },
    failure::Failure,
    platform::Platform,
    store,
};

/// How far a caller wants a run to go, and whether it approves what the guard stops.
#[derive(Clone, Copy)]
struct Caller {
    until: Goal,
    approves: bool,
}

const PLAIN: Caller = Caller { until: Goal::Complete, approves: false };
const APPROVING: Caller = Caller { approves: true, ..PLAIN };
const PLANNING: Caller = Caller { until: Goal::Plan, ..PLAIN };

/// Two departments, a hidden parent above them, one member in both, one granted alone.
fn small() -> Company {
    let mut company = Company::default();
    company.department(2, 1, "研发中心");
    company.department(31, 2, "平台组");
    company.person("ZhangSan", "张三", &[2, 31]);
    company.person("lisi", "李四", &[31]);
    company.person("wangwu", "王五", &[]);
    company.granted.push("wangwu".into());
    company
}

fn common() -> Common {
    fake::config().common
}

/// The run that is joined or begun.
fn begin(fake: &FakePlatform) -> Result<Begun, Failure> {
    sync::begin::begin(fake, &common(), &Strategy::Automatic)
}

/// One call of `advance`, of the run that is joined or begun.
fn step(fake: &FakePlatform, caller: Caller) -> Result<SyncStep, Failure> {
    step_of(fake, &fake::config(), caller)
}

/// The same under another configuration.
fn step_of(fake: &FakePlatform, config: &Config, caller: Caller) -> Result<SyncStep, Failure> {
    let run = sync::begin::begin(fake, &config.common, &Strategy::Automatic)?.progress.run;
    sync::advance::advance(fake, &config.common, &WeComClient::new(fake, config), &run, caller.until)
}

/// Gives the current run up.
fn abandon(fake: &FakePlatform) {
    let run = begin(fake).unwrap().progress.run;
    sync::abandon::abandon(fake, &common(), &run).unwrap();
}

/// Approves what a run was blocked for.
fn approve(fake: &FakePlatform, blocked: &Pause) -> Result<(), Failure> {
    let Reason::MassRemovalBlocked(counts) = blocked.error.reason else { panic!("{blocked:?}") };
    sync::approve::approve(fake, &common(), &blocked.progress.run, counts)
}

fn sync_member(fake: &FakePlatform, id: &str) -> Result<Member, Failure> {
    let config = fake::config();
    refresh::sync_member(fake, &config.common, &WeComClient::new(fake, &config), id)
}

fn sync_department(fake: &FakePlatform, id: &str) -> Result<Department, Failure> {
    let config = fake::config();
    refresh::sync_department(fake, &config.common, &WeComClient::new(fake, &config), id)
}

/// The form in which ids compare.
fn folded(id: &str) -> String {
    common().ids.key(id)
}

/// Calls `advance` until it asks for a person or is done, as a host does: waiting moves the clock.
fn sync_on(fake: &FakePlatform, caller: Caller) -> Result<SyncStep, Failure> {
    for _ in 0..10_000 {
        match step(fake, caller)? {
            SyncStep::More(_) => {}
            SyncStep::Wait(waiting) => {
                let now = fake.now_ms();
                fake.advance_ms(waiting.not_before.saturating_sub(now));
            }
            SyncStep::Blocked(blocked) if caller.approves => approve(fake, &blocked)?,
            done => return Ok(done),
        }
        fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
    }
    panic!("the sync does not end");
}

fn complete(fake: &FakePlatform, request: Caller) -> Report {
    match sync_on(fake, request).unwrap() {
        SyncStep::Complete(report) => report,
        other => panic!("{other:?}"),
    }
}

fn paused(fake: &FakePlatform) -> Error {
    match sync_on(fake, PLAIN).unwrap() {
        SyncStep::Paused(pause) | SyncStep::Blocked(pause) => pause.error,
        other => panic!("{other:?}"),
    }
}

const EVERYBODY: MemberFilter = MemberFilter { department: None, below: false, status: None, search: None, role: None };
const EVERYWHERE: DepartmentFilter = DepartmentFilter { level: None, search: None };

fn members(fake: &FakePlatform, filter: &MemberFilter) -> Vec<Member> {
    let mut members = Vec::new();
    let mut cursor = None;
    loop {
        let page = list::members(fake, &common(), filter, cursor.as_deref(), 3).unwrap();
        members.extend(page.members);
        cursor = page.cursor;
        if cursor.is_none() {
            return members;
        }
    }
}

fn departments(fake: &FakePlatform) -> BTreeMap<u64, (u64, String)> {
    let page = list::departments(fake, &common(), &EVERYWHERE, None, 1_000).unwrap();
    page.departments
        .into_iter()
        .map(|row| (row.id.parse().unwrap(), (row.parent_id.map_or(0, |id| id.parse().unwrap()), row.name)))
        .collect()
}

fn changes(fake: &FakePlatform) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut cursor = Some("c0".to_owned());
    loop {
        let page = feed::changes(fake, &common(), cursor.as_deref(), 7).unwrap();
        changes.extend(page.changes);
        if !page.more {
            return changes;
        }
        cursor = Some(page.cursor);
    }
}

/// The plan, in pages of this size.
fn planned(fake: &FakePlatform, limit: u32) -> Vec<(ChangeKind, String)> {
    let (mut changes, mut cursor) = (Vec::new(), None);
    loop {
        let page = plan::plan(fake, &common(), cursor.as_deref(), limit).unwrap();
        assert!(page.changes.len() <= limit as usize);
        changes.extend(page.changes.into_iter().map(|change| (change.kind, change.id)));
        cursor = page.cursor;
        if cursor.is_none() {
            return changes;
        }
    }
}

fn kinds(changes: &[Change]) -> Vec<(ChangeKind, &str)> {
    changes.iter().map(|change| (change.kind, change.id.as_str())).collect()
}

/// The copy that somebody has who only ever read the feed.
fn replayed(changes: &[Change]) -> (BTreeMap<String, Member>, BTreeMap<String, Department>) {
    let (mut members, mut departments) = (BTreeMap::new(), BTreeMap::new());
    for (index, change) in changes.iter().enumerate() {
        assert_eq!(change.seq, index as u64 + 1, "the feed is dense");
        match (&change.record, change.kind) {
            (Changed::Member(member), _) => drop(members.insert(folded(&member.id), member.clone())),
            (Changed::Department(row), ChangeKind::DepartmentRemoved) => {
                assert!(departments.remove(&row.id).is_some(), "{} was there", row.id);
            }
            (Changed::Department(row), _) => drop(departments.insert(row.id.clone(), row.clone())),
            (Changed::Nothing, _) => drop(members.remove(&folded(&change.id))),
        }
    }
    (members, departments)
}

/// The copy says what the company says, the indexes say what the copy says, and the feed replays to it.
fn assert_exact(fake: &FakePlatform, company: &Company) {
    let copy = members(fake, &EVERYBODY);
    let present: BTreeMap<String, Person> = copy
        .iter()
        .filter(|member| !matches!(member.status, MemberStatus::LeftRange | MemberStatus::Resigned))
        .map(|member| {
            let person = Person {
                id: member.id.clone(),
                name: member.name.clone(),
                departments: member.departments.iter().map(|place| place.id.parse().unwrap()).collect(),
                status: match member.status {
                    MemberStatus::Active => 1,
                    MemberStatus::Disabled => 2,
                    _ => 4,
                },
            };
            (folded(&member.id), person)
        })
        .collect();
    let visible: BTreeMap<String, Person> = company
        .visible()
        .into_iter()
        .filter(|(_, person)| person.status != 5)
        .map(|(key, mut person)| {
            person.departments.retain(|id| company.departments.contains_key(id));
            person.departments.sort_unstable();
            // The copy keeps the spelling that it had first; a returning member may be spelled anew.
            person.id = present.get(&key).map_or(person.id, |known| known.id.clone());
            (key, person)
        })
        .collect();
    assert_eq!(present, visible);
    assert_eq!(departments(fake), company.departments);

    for id in company.departments.keys() {
        let filter = MemberFilter { department: Some(id.to_string()), ..EVERYBODY };
        let listed: Vec<String> = members(fake, &filter).into_iter().map(|member| folded(&member.id)).collect();
        let expected: Vec<String> =
            visible.iter().filter(|(_, person)| person.departments.contains(id)).map(|(key, _)| key.clone()).collect();
        assert_eq!(listed, expected, "index of department {id}");
    }
    let (from_feed, departments_from_feed) = replayed(&changes(fake));
    assert_eq!(from_feed.into_values().collect::<Vec<_>>(), copy);
    assert_eq!(departments_from_feed.len(), company.departments.len());

    let overview = read::overview(fake, &common()).unwrap();
    assert_eq!(overview.departments, company.departments.len() as u64);
    let counts = overview.members;
    assert_eq!(counts.active + counts.disabled + counts.not_activated, present.len() as u64);
    assert_eq!((counts.left_range + counts.resigned) as usize, copy.len() - present.len());
    assert_eq!(fake.keys("directory/r/"), Vec::<String>::new(), "no scratch is left");
}

#[test]
fn a_first_sync_copies_everything_and_a_second_changes_nothing() {
    let (fake, company) = platform(small());
    let report = complete(&fake, PLAIN);
    assert_eq!((report.departments.added, report.members.added, report.members.unchanged), (2, 3, 0));
    assert_eq!((report.departments_total, report.members_total), (2, 3));
    // gettoken is counted like every other call.
    assert_eq!(report.vendor_calls, 1 + 2 + 2 + 1, "token, agent, list, two departments, one granted member");
    assert_exact(&fake, &company.borrow());

    let kept = || -> Vec<_> {
        let keys = fake.keys("directory/").into_iter().filter(|key| !key.starts_with("directory/h/"));
        keys.map(|key| fake.value(&key)).collect()
    };
    let before = kept();
    let report = complete(&fake, PLAIN);
    assert_eq!((report.members.unchanged, report.members.added, report.members.updated), (3, 0, 0));
    assert_eq!(before, kept(), "an unchanged organisation writes no record, index or feed entry");
}

#[test]
fn each_change_of_the_organisation_is_one_entry_of_the_feed() {
    let (fake, company) = platform(small());
    for index in 0..40 {
        company.borrow_mut().person(&format!("m{index:02}"), "成员", &[2]);
    }
    complete(&fake, PLAIN);
    let known = changes(&fake).len();
    {
        let mut company = company.borrow_mut();
        company.person("zhaoliu", "赵六 🙂", &[31]);
        company.person("ZHANGSAN", "张三", &[2]);
        company.members.remove("m00");
        company.members.get_mut("m01").unwrap().status = 5;
        company.department(31, 2, "平台部");
        company.department(4_294_967_295, 31, "新组");
    }
    let report = complete(&fake, PLAIN);
    let changes = changes(&fake);
    assert_eq!(
        kinds(&changes[known..]),
        [
            (ChangeKind::DepartmentUpdated, "31"),
            (ChangeKind::DepartmentAdded, "4294967295"),
            (ChangeKind::MemberResigned, "m01"),
            (ChangeKind::MemberUpdated, "ZhangSan"),
            (ChangeKind::MemberAdded, "zhaoliu"),
            (ChangeKind::MemberLeftRange, "m00"),
        ]
    );
    assert_eq!(
        (report.members.added, report.members.updated, report.members.resigned, report.members.left_range),
        (1, 1, 1, 1)
    );
    assert_exact(&fake, &company.borrow());

    company.borrow_mut().person("m00", "回来", &[2]);
    company.borrow_mut().members.get_mut("m01").unwrap().status = 1;
    let report = complete(&fake, PLAIN);
    assert_eq!(report.members.rejoined, 2);
    assert_exact(&fake, &company.borrow());
}

#[test]
fn roles_outlive_everything_but_wait_for_a_word_after_a_resignation() {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    for id in ["lisi", "zhangsan"] {
        let roles = Roles { roles: vec!["admin".into()], suspended: false, ..Roles::default() };
        fake.apply(&[store::put(format!("directory/o/{id}"), &roles)]).unwrap();
    }
    let away = company.borrow_mut().members.remove("zhangsan").unwrap();
    company.borrow_mut().members.get_mut("lisi").unwrap().status = 5;
    complete(&fake, APPROVING);
    company.borrow_mut().members.insert("zhangsan".into(), away);
    company.borrow_mut().members.get_mut("lisi").unwrap().status = 1;
    complete(&fake, PLAIN);
    let roles = |id: &str| {
        let member = read::find_member(&fake, &common(), id).unwrap();
        (member.roles, member.suspended_roles)
    };
    assert_eq!(roles("ZhangSan"), (vec!["admin".to_owned()], vec![]), "left the range and came back");
    assert_eq!(roles("LISI"), (vec![], vec!["admin".to_owned()]), "had resigned");
}

#[test]
fn what_wecom_refuses_waits_or_pauses_and_then_goes_on() {
    for (api, code, expected) in [
        ("gettoken", 40001, Err(Reason::CredentialsRefused)),
        ("agent/get", 60020, Err(Reason::NotPermitted)),
        ("department/list", -1, Ok("busy")),
        ("user/list", 45009, Ok("rate-limit")),
        ("user/list", 45033, Ok("rate-limit")),
        ("user/get", 6000, Ok("busy")),
    ] {
        let (fake, company) = platform(small());
        company.borrow_mut().fault = Some((api, code));
        let mut answer = step(&fake, PLAIN).unwrap();
        match (&answer, expected) {
            (SyncStep::Wait(waiting), Ok(reason)) => {
                assert_eq!((waiting.reason.as_str(), waiting.vendor_code), (reason, Some(code)), "{api}");
                let asked = fake.paths().len();
                answer = step(&fake, PLAIN).unwrap();
                assert!(matches!(answer, SyncStep::Wait(_)), "an early call waits");
                assert_eq!(fake.paths().len(), asked, "and asks nothing");
            }
            (SyncStep::Paused(pause), Err(reason)) => assert_eq!(pause.error.reason, reason, "{api}"),
            (answer, _) => panic!("{api} {code}: {answer:?}"),
        }
        if code == 40001 {
            // The refusal is remembered until the credential changes; see vendor::token.
            continue;
        }
        complete(&fake, PLAIN);
        assert_exact(&fake, &company.borrow());
    }
}

#[test]
fn the_copy_of_another_organisation_is_shown_to_nobody() {
    let (fake, _) = platform(small());
    complete(&fake, PLAIN);
    let Ok(SyncStep::Planned(Report { run, .. })) = sync_on(&fake, PLANNING) else { panic!() };
    let nobody = RemovalCounts { members: 0, members_total: 0, departments: 0, departments_total: 0 };
    let mut config = fake::config();
    config.common.organisation = "ww0000000000000001".to_owned();
    let (common, client) = (&config.common, WeComClient::new(&fake, &config));
    let refused = [
        ("begin", sync::begin::begin(&fake, common, &Strategy::Automatic).err()),
        ("advance", sync::advance::advance(&fake, common, &client, &run, Goal::Complete).err()),
        ("approve", sync::approve::approve(&fake, common, &run, nobody).err()),
        ("abandon", sync::abandon::abandon(&fake, common, &run).err()),
        ("repair", sync::abandon::repair(&fake, common, &run).err()),
        ("members", list::members(&fake, common, &EVERYBODY, None, 9).err()),
        ("departments", list::departments(&fake, common, &EVERYWHERE, None, 9).err()),
        ("find-members", read::find_members(&fake, common, &["lisi".to_owned()]).err()),
        ("find-member", read::find_member(&fake, common, "lisi").err()),
        ("find-department", read::find_department(&fake, common, "2").err()),
        ("overview", read::overview(&fake, common).err()),
        ("changes", feed::changes(&fake, common, None, 9).err()),
        ("acknowledge", feed::acknowledge(&fake, common, "c1").err()),
        ("plan", plan::plan(&fake, common, None, 9).err()),
        ("history", history::history(&fake, common).err()),
        ("sync-member", refresh::sync_member(&fake, common, &client, "lisi").err()),
        ("sync-department", refresh::sync_department(&fake, common, &client, "2").err()),
    ];
    for (name, failure) in refused {
        let failure = failure.unwrap_or_else(|| panic!("{name} shows the copy of another organisation"));
        assert_eq!(failure.reason, Reason::Conflict, "{name}");
        assert!(failure.message.en.contains("ww21c67da6767865c2"), "{name}: {failure:?}");
    }
    assert_eq!(members(&fake, &EVERYBODY).len(), 3, "its own organisation has it still");
}

#[test]
fn one_member_or_department_is_refreshed_alone() {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    company.borrow_mut().members.get_mut("lisi").unwrap().name = "李四四".into();
    company.borrow_mut().department(31, 2, "新名");
    company.borrow_mut().person("neu", "新人", &[2]);
    assert_eq!(sync_member(&fake, "LISI").unwrap().name, "李四四");
    assert_eq!(sync_member(&fake, "neu").unwrap().status, MemberStatus::Active);
    assert_eq!(sync_department(&fake, "31").unwrap().name, "新名");
    assert_exact(&fake, &company.borrow());
    company.borrow_mut().members.remove("neu");
    assert_eq!(sync_member(&fake, "neu").unwrap().status, MemberStatus::LeftRange);
    assert_eq!(sync_member(&fake, "nobody").unwrap_err().reason, Reason::NotFound);
    for (id, expected) in [("", "id"), ("a\u{0}b", "id")] {
        let failure = sync_member(&fake, id).unwrap_err();
        assert!(matches!(&failure.reason, Reason::InvalidArgument(problem) if problem.path == expected), "{id:?}");
    }
    let before = changes(&fake).len();
    assert_eq!(complete(&fake, PLAIN).members.unchanged, 3);
    assert_eq!(changes(&fake).len(), before, "the sync found nothing more to say");
}

#[test]
fn what_was_acknowledged_is_gone_and_a_gap_is_told() {
    let (fake, _) = platform(small());
    complete(&fake, PLAIN);
    let first = feed::changes(&fake, &common(), None, 2).unwrap();
    assert_eq!((first.changes.len(), first.more, first.cursor.as_str()), (2, true, "c2"));
    feed::acknowledge(&fake, &common(), &first.cursor).unwrap();
    feed::acknowledge(&fake, &common(), &first.cursor).unwrap();
    assert_eq!(feed::changes(&fake, &common(), None, 200).unwrap().changes[0].seq, 3);
    assert_eq!(feed::changes(&fake, &common(), Some("c0"), 5).unwrap_err().reason, Reason::CursorExpired);
    for cursor in ["", "0", "c", "c-1", "c99", "cursor"] {
        let failure = feed::changes(&fake, &common(), Some(cursor), 5).unwrap_err();
        assert!(matches!(failure.reason, Reason::InvalidArgument(_)), "{cursor:?}: {failure:?}");
    }
    fake.advance_ms(feed::FEED_RETENTION_MS + 1);
    assert_eq!(feed::changes(&fake, &common(), None, 5).unwrap_err().reason, Reason::CursorExpired);
}

#[test]
fn a_reset_keeps_the_roles_of_its_own_organisation_alone() {
    let (own, other) = ("ww21c67da6767865c2", "ww0000000000000001");
    // Of those who reset it one after the other, the last one is configured in the end.
    for (organisations, kept) in [(&[own][..], 1), (&[other, own], 0), (&[own, other, own], 0)] {
        let (fake, company) = platform(small());
        complete(&fake, PLAIN);
        let roles = Roles { roles: vec!["admin".into()], suspended: false, ..Roles::default() };
        fake.apply(&[store::put("directory/o/lisi", &roles)]).unwrap();
        for organisation in organisations {
            let config = Common { organisation: (*organisation).to_owned(), ..common() };
            sync::reset::reset(&fake, &config).unwrap();
        }
        assert_eq!(fake.keys("directory/o/").len(), kept, "{organisations:?}");
        assert_eq!(fake.keys("directory/").len(), 1 + kept, "the head, so that readers of the feed notice");
        complete(&fake, PLAIN);
        assert_eq!(members(&fake, &EVERYBODY).len(), company.borrow().members.len());
    }
}

#[test]
fn a_wait_that_the_vendor_asked_for_outlives_a_reset() {
    let (fake, company) = platform(small());
    company.borrow_mut().fault = Some(("user/list", 45009));
    let SyncStep::Wait(waiting) = step(&fake, PLAIN).unwrap() else { panic!("no wait") };
    sync::reset::reset(&fake, &common()).unwrap();
    let SyncStep::Wait(again) = step(&fake, PLAIN).unwrap() else { panic!("no wait") };
    assert_eq!(again.not_before, waiting.not_before);
}
