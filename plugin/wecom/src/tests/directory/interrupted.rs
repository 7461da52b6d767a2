//! Runs that are killed, raced or refused anywhere, over organisations that change at random.

use std::{cell::Cell, collections::BTreeMap, rc::Rc};

use proptest::{prelude::*, strategy::Strategy};

use super::{
    APPROVING, Caller, Company, EVERYBODY, PLAIN, PLANNING, abandon, assert_exact, changes, common, complete, feed,
    folded, history, members, planned, platform, read, replayed, small, step, sync_member, sync_on,
};
use crate::{
    api::client::WeComClient,
    fake::{self, FakePlatform},
};
use organisation_kit::{
    administration,
    contract::{
        administration::{RoleRule, RuleScope},
        call::Budget,
        directory::{ChangeKind, Changed, Member, RunOutcome, SyncStep},
        storage::{Op, StorageError},
        types::Reason,
    },
    platform::Platform,
    vendor::Client as _,
};

#[derive(Clone, Debug)]
enum Event {
    Join(u8, Vec<u64>),
    Move(u8, Vec<u64>),
    Rename(u8),
    Respell(u8),
    Remove(u8),
    Status(u8, u8),
    Grant(u8),
    Ungrant(u8),
    Found(u64, u64),
    Close(u64),
    /// A sync that dies before (or just after, unknown to it) its nth `apply`, then one that runs to the end.
    Killed {
        apply: u32,
        after: bool,
    },
    /// A refresh of one member in the middle of a sync.
    Raced {
        apply: u32,
        member: u8,
    },
    /// A fault of the vendor in the middle of a sync.
    Fault(usize),
    /// A dry run whose plan is read in pages of this size and then carried out.
    Planned(u32),
    Sync,
}

const FAULTS: [(&str, i64); 6] = [
    ("user/list", 45009),
    ("user/list", -1),
    ("user/get", 45033),
    ("department/list", 42001),
    ("agent/get", 40014),
    ("user/list", 40001),
];

fn event() -> impl Strategy<Value = Event> {
    let places = || proptest::collection::vec(2_u64..8, 0..3);
    prop_oneof![
        3 => (0_u8..30, places()).prop_map(|(member, places)| Event::Join(member, places)),
        2 => (0_u8..30, places()).prop_map(|(member, places)| Event::Move(member, places)),
        1 => (0_u8..30).prop_map(Event::Rename),
        1 => (0_u8..30).prop_map(Event::Respell),
        1 => (0_u8..30).prop_map(Event::Remove),
        1 => (0_u8..30, prop_oneof![Just(1_u8), Just(2), Just(4), Just(5)]).prop_map(|(m, s)| Event::Status(m, s)),
        1 => (0_u8..30).prop_map(Event::Grant),
        1 => (0_u8..30).prop_map(Event::Ungrant),
        2 => (2_u64..8, 1_u64..8).prop_map(|(id, parent)| Event::Found(id, parent)),
        1 => (2_u64..8).prop_map(Event::Close),
        3 => (0_u32..14, any::<bool>()).prop_map(|(apply, after)| Event::Killed { apply, after }),
        2 => (0_u32..14, 0_u8..30).prop_map(|(apply, member)| Event::Raced { apply, member }),
        2 => (0..FAULTS.len()).prop_map(Event::Fault),
        2 => (1_u32..9).prop_map(Event::Planned),
        2 => Just(Event::Sync),
    ]
}

fn id(member: u8) -> String {
    format!("member-{member}")
}

fn change(company: &mut Company, event: &Event) {
    match event {
        Event::Join(member, places) if !company.members.contains_key(&id(*member)) => {
            company.person(&id(*member), "新人", places);
        }
        Event::Move(member, places) => {
            if let Some(person) = company.members.get_mut(&id(*member)) {
                person.departments.clone_from(places);
            }
        }
        Event::Rename(member) => {
            if let Some(person) = company.members.get_mut(&id(*member)) {
                person.name.push('改');
            }
        }
        Event::Respell(member) => {
            if let Some(person) = company.members.get_mut(&id(*member)) {
                person.id = person.id.to_uppercase();
            }
        }
        Event::Remove(member) => drop(company.members.remove(&id(*member))),
        Event::Status(member, status) => {
            if let Some(person) = company.members.get_mut(&id(*member)) {
                person.status = *status;
            }
        }
        Event::Grant(member) => company.granted.push(id(*member)),
        Event::Ungrant(member) => company.granted.retain(|granted| *granted != id(*member)),
        Event::Found(department, parent) => company.department(*department, *parent, &format!("部门{parent}")),
        Event::Close(department) => drop(company.departments.remove(department)),
        _ => {}
    }
    company.members.values_mut().for_each(|person| {
        person.departments.sort_unstable();
        person.departments.dedup();
    });
}

/// Whether an `apply` belongs to the run, so that the hook does not fire in a refresh that a hook itself makes.
fn is_run(ops: &[Op]) -> bool {
    ops.iter().any(|op| matches!(op, Op::Put(put) if put.key == "directory/run-lease"))
}

fn play(fake: &FakePlatform, event: &Event) {
    let count = Rc::new(Cell::new(0));
    match *event {
        Event::Killed { apply, after } => {
            let hook = move |_: &FakePlatform, touch: fake::Touch<'_>| {
                if let fake::Touch::Apply(ops) = touch
                    && is_run(ops)
                {
                    count.set(count.get() + 1);
                    if count.get() > apply {
                        return Err(StorageError::Unavailable(after));
                    }
                }
                Ok(())
            };
            if after {
                fake.after_storage(hook);
            } else {
                fake.before_storage(hook);
            }
            let killed = sync_on(fake, APPROVING);
            fake.clear_hooks();
            if let Err(failure) = killed {
                assert_eq!(failure.reason, Reason::Unavailable);
            }
        }
        Event::Raced { apply, member } => {
            fake.before_storage(move |fake, touch| {
                if let fake::Touch::Apply(ops) = touch
                    && is_run(ops)
                {
                    count.set(count.get() + 1);
                    if count.get() == apply {
                        // Somebody else refreshes a member; whether it exists makes no difference.
                        drop(sync_member(fake, &id(member)));
                    }
                }
                Ok(())
            });
            sync_on(fake, APPROVING).unwrap();
            fake.clear_hooks();
        }
        Event::Planned(limit) => {
            let planned_run = match sync_on(fake, Caller { approves: true, ..PLANNING }) {
                Ok(SyncStep::Planned(report)) => Some(report),
                // It had begun to write: there is no plan of it.
                Err(failure) if failure.reason == Reason::Conflict => None,
                other => panic!("{other:?}"),
            };
            if let Some(report) = planned_run {
                let (mut plan, known) = (planned(fake, limit), changes(fake).len());
                assert_eq!(complete(fake, APPROVING).run, report.run);
                let done = changes(fake).split_off(known);
                let mut done: Vec<_> = done.into_iter().map(|change| (change.kind, change.id)).collect();
                let order = |(kind, id): &(ChangeKind, String)| (*kind as u8, id.clone());
                plan.sort_by_key(order);
                done.sort_by_key(order);
                assert_eq!(plan, done);
            }
        }
        _ => {}
    }
}

#[test]
fn callers_with_other_wishes_join_one_run() {
    let (fake, company) = platform(small());
    for id in 100..160 {
        company.borrow_mut().department(id, 2, "部门");
    }
    // One step a call: each finds the run where the other left it.
    let little = || fake.set_budget(Budget { wall_ms: 60_000, requests: 10, ..fake.remaining() });
    let mut ended = (false, false);
    for _ in 0..200 {
        if !ended.0 {
            little();
            ended.0 = match step(&fake, PLANNING) {
                Ok(step) => matches!(step, SyncStep::Planned(_)),
                // The other was ahead: once it writes there is no plan.
                Err(failure) => failure.reason == Reason::Conflict,
            };
        }
        little();
        ended.1 |= matches!(step(&fake, PLAIN).unwrap(), SyncStep::Complete(_));
        if ended.1 {
            break;
        }
    }
    assert_eq!(ended, (true, true), "both came to an end");
    assert_exact(&fake, &company.borrow());
    let outcomes: Vec<_> = history::history(&fake, &common()).unwrap().iter().map(|report| report.outcome).collect();
    assert_eq!(outcomes, [RunOutcome::Complete], "nobody gave up the run of the other");
}

#[test]
fn a_lease_that_ends_while_nobody_else_works_is_taken_back() {
    let (fake, company) = platform(small());
    // Each reading takes longer than the lease holds.
    fake.after_storage(|fake, touch| {
        if !matches!(touch, fake::Touch::Apply(_)) {
            fake.advance_ms(11_000);
            fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
        }
        Ok(())
    });
    complete(&fake, PLAIN);
    fake.clear_hooks();
    assert_exact(&fake, &company.borrow());
}

#[test]
fn a_wait_that_the_vendor_asked_for_outlives_the_run() {
    let (fake, company) = platform(small());
    company.borrow_mut().fault = Some(("user/list", 45009));
    let SyncStep::Wait(waiting) = step(&fake, PLAIN).unwrap() else { panic!("no wait") };
    let asked = fake.paths().len();
    abandon(&fake);
    let SyncStep::Wait(again) = step(&fake, PLAIN).unwrap() else { panic!("no wait") };
    assert_eq!((again.not_before, &*again.reason), (waiting.not_before, "rate-limit"));
    assert_ne!(again.progress.run, waiting.progress.run);
    assert_eq!(fake.paths().len(), asked, "the vendor is not asked before the time");
}

#[test]
fn who_joined_is_written_before_the_missing_are_asked_about() {
    let (fake, company) = platform(small());
    for index in 0..40 {
        company.borrow_mut().person(&format!("m{index:02}"), "成员", &[2]);
    }
    complete(&fake, PLAIN);
    company.borrow_mut().members.remove("m00");
    company.borrow_mut().person("neu", "新人", &[2]);
    // WeCom has no time for the question about the one that is missing.
    company.borrow_mut().refused.insert(("user/get", "m00".to_owned()), 45009);
    let SyncStep::Wait(waiting) = step(&fake, PLAIN).unwrap() else { panic!("no wait") };
    assert_eq!(waiting.progress.phase, "confirm");
    let ids: Vec<String> = members(&fake, &EVERYBODY).into_iter().map(|member| member.id).collect();
    assert!(ids.contains(&"neu".to_owned()) && ids.contains(&"m00".to_owned()), "{ids:?}");
    assert!(read::overview(&fake, &common()).unwrap().partly_applied);
    company.borrow_mut().refused.clear();
    let report = complete(&fake, PLAIN);
    assert_eq!((report.members.added, report.members.left_range), (1, 1));
    assert_exact(&fake, &company.borrow());
}

#[test]
fn a_run_that_is_written_for_too_long_ends_as_it_stands() {
    let (fake, company) = platform(small());
    for index in 0..40 {
        company.borrow_mut().person(&format!("m{index:02}"), "成员", &[2]);
    }
    complete(&fake, PLAIN);
    company.borrow_mut().members.remove("m00");
    company.borrow_mut().person("neu", "新人", &[2]);
    company.borrow_mut().refused.insert(("user/get", "m00".to_owned()), 45009);
    let SyncStep::Wait(waiting) = step(&fake, PLAIN).unwrap() else { panic!("no wait") };
    company.borrow_mut().refused.clear();
    fake.advance_ms(30 * 24 * 60 * 60 * 1_000);
    let report = complete(&fake, PLAIN);
    assert_ne!(report.run, waiting.progress.run);
    assert_eq!(
        (report.members.added, report.members.left_range),
        (0, 1),
        "what was written stays, the rest is found again"
    );
    let ended = history::history(&fake, &common()).unwrap();
    let ended = ended.iter().find(|ended| ended.run == waiting.progress.run).unwrap();
    assert_eq!((ended.outcome, ended.members.added), (RunOutcome::Repaired, 1), "nothing says that it was not written");
}

/// Somebody who reads the feed as it comes, and each entry once.
#[derive(Default)]
pub(super) struct Follower {
    seen: u64,
    pub(super) members: BTreeMap<String, Member>,
}

impl Follower {
    pub(super) fn follow(&mut self, fake: &FakePlatform) {
        loop {
            let page = feed::changes(fake, &common(), Some(&format!("c{}", self.seen)), 50).unwrap();
            for change in page.changes {
                assert_eq!(change.seq, self.seen + 1);
                self.seen = change.seq;
                match change.record {
                    Changed::Member(member) => drop(self.members.insert(folded(&member.id), member)),
                    Changed::Nothing => drop(self.members.remove(&folded(&change.id))),
                    Changed::Department(_) => {}
                }
            }
            if !page.more {
                return;
            }
        }
    }
}

/// Rules that give roles by where somebody is.
fn give_by_rules(fake: &FakePlatform) {
    let below = |id: &str| RuleScope::Department(id.to_owned());
    let rules = [("all", RuleScope::Everybody), ("two", below("2")), ("deep", below("31"))];
    let rules = rules.map(|(role, scope)| RoleRule { role: role.to_owned(), scope });
    let config = fake::config();
    let client = WeComClient::new(fake, &config);
    administration::set_role_rules(fake, &config.common, &|tag| client.tag_members(tag), &rules, "boss").unwrap();
}

/// Whatever was interrupted: once a sync is complete everybody has what the rules give.
fn assert_given(fake: &FakePlatform) {
    for mut member in members(fake, &EVERYBODY) {
        member.roles.sort();
        let roles = administration::member_roles_of(fake, &common(), &member.id).unwrap().roles;
        assert_eq!(member.roles, roles, "{}", member.id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_copy_equals_the_company_whatever_happened(
        events in proptest::collection::vec(event(), 1..40),
        has_rules: bool,
    ) {
        let (fake, company) = platform(small());
        if has_rules {
            give_by_rules(&fake);
        }
        let mut followed = Follower::default();
        for event in &events {
            change(&mut company.borrow_mut(), event);
            if let Event::Fault(index) = event {
                company.borrow_mut().fault = Some(FAULTS[*index]);
            }
            play(&fake, event);
            // Whatever was interrupted: at every instant the feed replays to the copy.
            let copy = members(&fake, &EVERYBODY);
            let (from_feed, _) = replayed(&changes(&fake));
            prop_assert_eq!(from_feed.into_values().collect::<Vec<_>>(), copy.clone());
            // So has whoever followed it all along: nothing changes without a word.
            followed.follow(&fake);
            prop_assert_eq!(followed.members.values().cloned().collect::<Vec<_>>(), copy);
            if matches!(event, Event::Sync | Event::Fault(_)) {
                // The first ends what was begun, maybe on older answers; the second sees today's company.
                complete(&fake, APPROVING);
                complete(&fake, APPROVING);
                assert_exact(&fake, &company.borrow());
                assert_given(&fake);
            }
        }
        complete(&fake, APPROVING);
        complete(&fake, APPROVING);
        assert_exact(&fake, &company.borrow());
        assert_given(&fake);
    }
}
