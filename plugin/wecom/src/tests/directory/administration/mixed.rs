//! Decisions at random among syncs, refreshes and deaths of calls.

use super::{
    super::{Company, interrupted::Follower, step, sync_on},
    *,
};
use crate::{
    api::client::WeComClient,
    fake::{self, Touch},
};
use organisation_kit::{
    contract::{
        administration::{RoleRule, RuleScope},
        call::Budget,
        directory::MemberStatus,
        storage::StorageError,
    },
    platform::Platform,
    vendor::Client as _,
};
use proptest::prelude::*;
use std::{cell::Cell, collections::BTreeSet};

const IDS: [&str; 4] = ["a", "b", "c", "lisi"];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    /// Somebody is in one of two departments, with this status, under one of two names.
    Place(usize, u64, u8, bool),
    Vanish(usize),
    MoveTeam(u64),
    Roles(usize, bool),
    Confirm(usize),
    Administrator(usize),
    Retire(usize),
    Reinstate(usize),
    Erase(usize),
    Rules(u8),
    Refresh(usize),
    Sync,
    /// A sync whose call dies at its nth write, which may be done all the same.
    Killed(u32, bool),
    Days(u64),
}

fn event() -> impl Strategy<Value = Event> {
    let who = || 0..IDS.len();
    prop_oneof![
        3 => (who(), prop_oneof![Just(2_u64), Just(31)], prop_oneof![3 => Just(1_u8), 1 => Just(5)], any::<bool>())
            .prop_map(|(who, place, status, name)| Event::Place(who, place, status, name)),
        2 => who().prop_map(Event::Vanish),
        1 => prop_oneof![Just(1_u64), Just(2)].prop_map(Event::MoveTeam),
        2 => (who(), any::<bool>()).prop_map(|(who, some)| Event::Roles(who, some)),
        1 => who().prop_map(Event::Confirm),
        1 => who().prop_map(Event::Administrator),
        2 => who().prop_map(Event::Retire),
        1 => who().prop_map(Event::Reinstate),
        1 => who().prop_map(Event::Erase),
        2 => (0..4_u8).prop_map(Event::Rules),
        2 => who().prop_map(Event::Refresh),
        4 => Just(Event::Sync),
        3 => (0..12_u32, any::<bool>()).prop_map(|(write, after)| Event::Killed(write, after)),
        1 => (1..40_u64).prop_map(Event::Days),
    ]
}

fn rules(kind: u8) -> Vec<RoleRule> {
    let below = |role: &str, id: &str| RoleRule { role: role.into(), scope: RuleScope::Department(id.into()) };
    let all = RoleRule { role: "all".into(), scope: RuleScope::Everybody };
    match kind {
        0 => Vec::new(),
        1 => vec![all],
        2 => vec![below("two", "2"), below("team", "31")],
        _ => vec![all, below("two", "2")],
    }
}

/// What an administrator decides, as far as that is not refused.
fn decide(fake: &FakePlatform, event: &Event) {
    let common = common();
    let one = |who: &usize| texts(&[IDS[*who]]);
    match event {
        Event::Roles(who, some) => {
            let roles = if *some { texts(&["own"]) } else { Vec::new() };
            let _ = admin::set_member_roles(fake, &common, IDS[*who], &roles, ACTOR);
        }
        Event::Confirm(who) => drop(admin::confirm_roles(fake, &common, IDS[*who], ACTOR)),
        Event::Administrator(who) => drop(admin::set_administrators(fake, &common, &one(who), ACTOR)),
        Event::Retire(who) => drop(admin::retire_members(fake, &common, &one(who), ACTOR).unwrap()),
        Event::Reinstate(who) => drop(admin::reinstate_members(fake, &common, &one(who), ACTOR).unwrap()),
        Event::Erase(who) => drop(admin::erase_member(fake, &common, IDS[*who], ACTOR)),
        Event::Rules(kind) => {
            let config = fake::config();
            let client = WeComClient::new(fake, &config);
            admin::set_role_rules(fake, &common, &|tag| client.tag_members(tag), &rules(*kind), ACTOR).unwrap();
        }
        _ => {}
    }
}

/// What becomes of the company.
fn change(company: &mut Company, event: &Event) {
    match event {
        Event::Place(who, place, status, name) => {
            company.person(IDS[*who], if *name { "甲" } else { "乙" }, &[*place]).status = *status;
        }
        Event::Vanish(who) => drop(company.members.remove(IDS[*who])),
        Event::MoveTeam(parent) => company.department(31, *parent, "平台组"),
        _ => {}
    }
}

/// Ids that carry the mark.
fn retired(fake: &FakePlatform) -> BTreeSet<String> {
    fake.keys("directory/p/retired/").into_iter().map(|key| key["directory/p/retired/".len()..].to_owned()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn copy_feed_roles_and_marks_agree_whatever_was_decided(events in proptest::collection::vec(event(), 1..40)) {
        let (fake, company) = synced();
        let mut follower = Follower::default();
        // Entries go after thirty days, read or not.
        follower.follow(&fake);
        for event in events {
            fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
            match &event {
                Event::Days(days) => fake.advance_ms(days * 24 * 60 * 60 * 1_000),
                Event::Refresh(who) => drop(sync_member(&fake, IDS[*who])),
                Event::Sync => {
                    // The first ends what was begun, maybe on older answers.
                    sync_on(&fake, APPROVING).unwrap();
                    sync_on(&fake, APPROVING).unwrap();
                }
                Event::Killed(write, after) => {
                    let (left, after) = (Cell::new(i64::from(*write)), *after);
                    let hook = move |_: &FakePlatform, touch: Touch<'_>| {
                        if matches!(touch, Touch::Apply(_)) {
                            left.set(left.get() - 1);
                            if left.get() < 0 {
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
                    drop(step(&fake, PLAIN));
                    fake.clear_hooks();
                    fake.advance_ms(11_000);
                }
                event => {
                    change(&mut company.borrow_mut(), event);
                    decide(&fake, event);
                }
            }
            assert_indexed(&fake);
            let copy = members(&fake, &EVERYBODY);
            follower.follow(&fake);
            prop_assert_eq!(follower.members.values().cloned().collect::<Vec<_>>(), copy.clone());
            let marked = retired(&fake);
            for member in &copy {
                prop_assert!(!marked.contains(&member.id) || member.status == MemberStatus::Resigned, "{:?}", member);
            }
            if event == Event::Sync {
                for mut member in copy {
                    member.roles.sort();
                    let roles = admin::member_roles_of(&fake, &common(), &member.id).unwrap().roles;
                    prop_assert_eq!(member.roles, roles);
                }
            }
        }
    }
}
