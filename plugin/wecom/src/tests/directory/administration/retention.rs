//! Members who left long ago, where they are to be erased.

use super::{super::step_of, *};
use crate::{config::Config, fake};
use organisation_kit::{
    contract::{
        call::Budget,
        directory::{ChangeKind, MemberStatus, Report, SyncStep},
    },
    platform::Platform,
};

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

fn keeping(days: u64) -> Config {
    let mut config = fake::config();
    config.common.departed_days = Some(days);
    config
}

/// A sync under a configuration, to its end.
fn complete_under(fake: &FakePlatform, config: &Config) -> Report {
    for _ in 0..1_000 {
        fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
        match step_of(fake, config, PLAIN).unwrap() {
            SyncStep::Complete(report) => return report,
            SyncStep::More(_) => {}
            SyncStep::Blocked(blocked) => super::super::approve(fake, &blocked).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    panic!("the sync does not end");
}

fn known(fake: &FakePlatform, id: &str) -> Option<MemberStatus> {
    read::find_member(fake, &common(), id).ok().map(|member| member.status)
}

#[test]
fn who_left_longer_ago_is_erased_and_nobody_else() {
    let (fake, company) = synced();
    set_roles(&fake, "lisi", &["a"]);
    company.borrow_mut().person("neu", "新人", &[2]);
    complete(&fake, PLAIN);
    company.borrow_mut().members.remove("lisi");
    company.borrow_mut().members.get_mut("wangwu").unwrap().status = 5;
    complete(&fake, APPROVING);
    fake.advance_ms(DAY_MS);
    company.borrow_mut().members.remove("neu");
    complete(&fake, APPROVING);

    let config = keeping(10);
    fake.advance_ms(9 * DAY_MS - 1);
    let report = complete_under(&fake, &config);
    assert_eq!(known(&fake, "lisi"), Some(MemberStatus::LeftRange), "not yet");
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    fake.advance_ms(2);
    let before = changes(&fake).len();
    assert_eq!(complete(&fake, PLAIN).notes, Vec::<String>::new());
    assert_eq!(known(&fake, "lisi"), Some(MemberStatus::LeftRange), "nobody said that they are to go");
    let report = complete_under(&fake, &config);
    assert_eq!((known(&fake, "lisi"), known(&fake, "wangwu")), (None, None));
    assert_eq!(known(&fake, "neu"), Some(MemberStatus::LeftRange));
    assert!(report.notes.iter().any(|note| note.starts_with("2 members who left long ago were erased")));
    let said = changes(&fake);
    assert_eq!(
        super::super::kinds(&said[before..]),
        [(ChangeKind::MemberErased, "lisi"), (ChangeKind::MemberErased, "wangwu")]
    );
    for text in ["李四", "王五", "\"a\""] {
        assert!(!format!("{:?}", stored(&fake)).contains(text), "{text}");
    }
    assert_replays(&fake);
    let said = changes(&fake).len();
    let report = complete_under(&fake, &config);
    assert_eq!((report.notes.len(), changes(&fake).len()), (0, said), "and nothing more");
    // The vendor says of one that they resigned: they are not taken in for it.
    assert_eq!(report.members.resigned, 0);
}

#[test]
fn who_was_retired_does_not_come_back_by_it() {
    let (fake, _) = synced();
    retire(&fake, &["lisi"]);
    fake.advance_ms(31 * DAY_MS);
    complete_under(&fake, &keeping(30));
    assert_eq!(known(&fake, "lisi"), None);
    assert!(!format!("{:?}", stored(&fake)).contains("李四"));
    complete(&fake, PLAIN);
    assert_eq!(known(&fake, "lisi"), None, "the vendor shows them still");
    reinstate(&fake, &["lisi"]);
    complete(&fake, PLAIN);
    assert_eq!(known(&fake, "lisi"), Some(MemberStatus::Active));
}

#[test]
fn many_are_erased_in_portions_whatever_is_killed() {
    let mut company = small();
    for index in 0..700 {
        company.person(&format!("m{index:04}"), "离职者", &[2]);
    }
    let (fake, company) = platform(company);
    complete(&fake, PLAIN);
    company.borrow_mut().members.retain(|id, _| !id.starts_with('m'));
    complete(&fake, APPROVING);
    fake.advance_ms(2 * DAY_MS);
    let config = keeping(1);
    // Every call dies at a later write than the one before.
    for writes in 1.. {
        let left = std::cell::Cell::new(writes);
        fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
        fake.before_storage(move |_, touch| {
            if matches!(touch, fake::Touch::Apply(_)) {
                left.set(left.get() - 1);
                if left.get() < 0 {
                    return Err(organisation_kit::contract::storage::StorageError::Unavailable(false));
                }
            }
            Ok(())
        });
        let step = step_of(&fake, &config, PLAIN);
        fake.clear_hooks();
        fake.advance_ms(11_000);
        if let Ok(SyncStep::Complete(report)) = step {
            assert!(writes > 5, "{writes}");
            assert!(report.notes.iter().any(|note| note.starts_with("700 members")), "{:?}", report.notes);
            break;
        }
    }
    assert_eq!(read::overview(&fake, &common()).unwrap().members.left_range, 0);
    assert!(!format!("{:?}", stored(&fake)).contains("离职者"));
    assert_eq!(fake.keys("directory/p/"), Vec::<String>::new());
    assert_replays(&fake);
}

#[test]
fn administrators_who_are_erased_together_are_all_off_the_list() {
    let (fake, company) = synced();
    admin::set_administrators(&fake, &common(), &texts(&["ZhangSan", "lisi", "wangwu"]), ACTOR).unwrap();
    company.borrow_mut().members.retain(|id, _| id == "wangwu");
    complete(&fake, APPROVING);
    fake.advance_ms(2 * DAY_MS);
    complete_under(&fake, &keeping(1));
    assert_eq!((known(&fake, "ZhangSan"), known(&fake, "lisi")), (None, None));
    assert_eq!(admin::administrators(&fake, &common()).unwrap(), ["wangwu"]);
}

#[test]
fn a_clock_that_is_far_ahead_erases_nobody() {
    let (fake, company) = synced();
    company.borrow_mut().members.remove("lisi");
    complete(&fake, APPROVING);
    fake.advance_ms(61 * DAY_MS);
    let report = complete_under(&fake, &keeping(30));
    assert_eq!(known(&fake, "lisi"), Some(MemberStatus::LeftRange));
    assert!(report.notes.iter().any(|note| note.contains("or the clock is wrong")), "{:?}", report.notes);
    complete_under(&fake, &keeping(30));
    assert_eq!(known(&fake, "lisi"), None, "the next one knows that the time has passed");
}
