//! Members of whom nothing is to be known any more.

use super::*;
use crate::fake::Touch;
use organisation_kit::{
    contract::{
        call::Budget,
        directory::{ChangeKind, Changed},
        storage::StorageError,
    },
    directory::feed,
    platform::Platform,
};
use serde_json::json;
use std::{cell::Cell, rc::Rc};

/// What nobody else has.
const PLANTED: [&str; 5] = ["欧阳测试", "13800001111", "secret-role", "c2lnbmF0dXJl", "planted-alias"];

fn erase(fake: &FakePlatform, id: &str) -> Result<(), Failure> {
    fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
    admin::erase_member(fake, &common(), id, ACTOR)
}

/// Everything that is stored, as one text.
fn everything(fake: &FakePlatform) -> String {
    format!("{:?}", stored(fake))
}

/// A copy with a feed of several pages, in which somebody with planted data joined, changed, got roles and a signature, and
/// left.
fn left(entries: usize) -> (FakePlatform, super::super::company::Shared) {
    let (fake, company) = synced();
    let planted = json!({"mobile": PLANTED[1], "alias": PLANTED[4]});
    company.borrow_mut().odd_members.insert("planted".into(), planted);
    company.borrow_mut().person("Planted", PLANTED[0], &[2]);
    complete(&fake, PLAIN);
    for index in 0..entries {
        company.borrow_mut().person(&format!("m{index:04}"), "成员", &[31]);
    }
    company.borrow_mut().person("Planted", PLANTED[0], &[2, 31]);
    complete(&fake, PLAIN);
    set_roles(&fake, "planted", &[PLANTED[2]]);
    let signature = format!("data:image/png;base64,{}", PLANTED[3]);
    admin::set_signature(&fake, &common(), "planted", Some(&signature), ACTOR).unwrap();
    retire(&fake, &["planted"]);
    company.borrow_mut().members.remove("planted");
    let all = everything(&fake);
    assert!(PLANTED.iter().all(|text| all.contains(text)), "the test plants what it looks for");
    (fake, company)
}

fn assert_erased(fake: &FakePlatform, last: u64) {
    let all = everything(fake);
    for text in PLANTED {
        assert!(!all.contains(text), "{text}");
    }
    assert_eq!(fake.keys("directory/p/"), Vec::<String>::new());
    assert_eq!(read::find_member(fake, &common(), "planted").unwrap_err().reason, Reason::NotFound);
    let feed = changes(fake);
    assert_eq!(feed.len() as u64, last, "the feed is as long as before, and one entry more");
    let theirs: Vec<_> = feed.iter().filter(|change| change.id == "Planted").collect();
    assert!(theirs.len() >= 4, "{theirs:?}");
    for change in theirs {
        assert_eq!((change.kind, &change.record), (ChangeKind::MemberErased, &Changed::Nothing));
    }
    assert_replays(fake);
    let counts = read::overview(fake, &common()).unwrap().members;
    assert_eq!(counts.resigned + counts.left_range, 0);
}

#[test]
fn nothing_is_left_of_an_erased_member_but_the_id() {
    let (fake, company) = left(1_000);
    let last = read::overview(&fake, &common()).unwrap().last_change + 1;
    let ttl = |seq: u64| fake.ttl_ms(&format!("directory/f/{seq:020}"));
    fake.advance_ms(1_000);
    let ttls: Vec<_> = (1..last).map(ttl).collect();
    erase(&fake, "PLANTED").unwrap();
    assert_eq!((1..last).map(ttl).collect::<Vec<_>>(), ttls, "no entry is kept longer");
    assert_erased(&fake, last);
    let written = trail(&fake).pop().unwrap();
    assert_eq!(written, ("erase-member".into(), "Planted".into(), Some(r#""resigned""#.into()), None));
    assert_eq!(erase(&fake, "planted").unwrap_err().reason, Reason::NotFound);

    // Whoever has the id next is new, and stays.
    company.borrow_mut().odd_members.clear();
    company.borrow_mut().person("planted", "新人", &[2]);
    assert_eq!(complete(&fake, PLAIN).members.added, 1);
    assert_eq!(read::find_member(&fake, &common(), "planted").unwrap().suspended_roles, Vec::<String>::new());
    assert_replays(&fake);
}

#[test]
fn an_erasure_in_portions_goes_on_where_it_stopped() {
    let (fake, company) = left(1_000);
    let last = read::overview(&fake, &common()).unwrap().last_change + 1;
    let mut calls = 0;
    loop {
        fake.set_budget(Budget { wall_ms: 4_000, ..fake.remaining() });
        calls += 1;
        match admin::erase_member(&fake, &common(), "planted", ACTOR) {
            Ok(()) => break,
            Err(failure) => assert_eq!(failure.reason, Reason::BudgetExhausted),
        }
        assert!(calls < 20, "every call gets on");
        assert_replays(&fake);
        if calls == 1 {
            let gone = read::find_member(&fake, &common(), "planted").unwrap_err();
            assert_eq!(gone.reason, Reason::NotFound, "the copy knows nothing from the first call on");
            // Whoever comes with the id before the end is somebody else.
            company.borrow_mut().odd_members.clear();
            company.borrow_mut().person("planted", "新人", &[2]);
            sync_member(&fake, "planted").unwrap();
        }
    }
    assert_eq!(calls, 3);
    let all = everything(&fake);
    assert!(PLANTED.iter().all(|text| !all.contains(text)));
    assert_eq!(changes(&fake).len() as u64, last + 1);
    assert_eq!(read::find_member(&fake, &common(), "planted").unwrap().name, "新人");
    assert_eq!(fake.keys("directory/p/"), Vec::<String>::new());
    assert_replays(&fake);
}

#[test]
fn a_call_that_is_killed_anywhere_costs_nothing() {
    for after in [false, true] {
        for touch in 0.. {
            let (fake, _) = left(0);
            let last = read::overview(&fake, &common()).unwrap().last_change + 1;
            let seen = Rc::new(Cell::new(0));
            let count = seen.clone();
            let hook = move |_: &FakePlatform, _: Touch<'_>| {
                count.set(count.get() + 1);
                if count.get() > touch { Err(StorageError::Unavailable(after)) } else { Ok(()) }
            };
            if after {
                fake.after_storage(hook);
            } else {
                fake.before_storage(hook);
            }
            let killed = erase(&fake, "planted");
            fake.clear_hooks();
            match (erase(&fake, "planted"), &killed) {
                (Ok(()), Err(_)) => {}
                // Of an answer that was lost, or after one that came, nothing is left to erase.
                (Err(failure), _) => assert_eq!(failure.reason, Reason::NotFound),
                (Ok(()), Ok(())) => panic!("erased twice"),
            }
            assert_erased(&fake, last);
            if killed.is_ok() {
                assert!(touch > 5, "{touch}");
                break;
            }
        }
    }
}

#[test]
fn an_erasure_that_nobody_repeats_is_ended_by_the_next_sync() {
    let (fake, _) = left(1_000);
    let last = read::overview(&fake, &common()).unwrap().last_change + 1;
    fake.set_budget(Budget { wall_ms: 4_000, ..fake.remaining() });
    assert!(admin::erase_member(&fake, &common(), "planted", ACTOR).is_err());
    fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
    complete(&fake, PLAIN);
    assert_erased(&fake, last);
}

#[test]
fn what_is_acknowledged_meanwhile_does_not_come_back() {
    let (fake, _) = left(1_000);
    let last = read::overview(&fake, &common()).unwrap().last_change;
    let named = Cell::new(false);
    // Between reading a page of the feed and rewriting entries of it.
    fake.before_storage(move |fake, touch| {
        let is_rewriting = touch.puts("directory/f/") && !touch.puts("directory/head");
        if is_rewriting && !named.replace(true) {
            feed::acknowledge(fake, &common(), &format!("c{last}")).unwrap();
        }
        Ok(())
    });
    erase(&fake, "planted").unwrap();
    fake.clear_hooks();
    assert_eq!(fake.keys("directory/f/").len(), 1);
    let all = everything(&fake);
    assert!(PLANTED.iter().all(|text| !all.contains(text)));
}

#[test]
fn who_is_here_is_not_erased() {
    let (fake, company) = synced();
    let before = stored(&fake);
    assert_eq!(erase(&fake, "lisi").unwrap_err().reason, Reason::Conflict);
    for id in ["nobody", "", "a\u{0}b"] {
        assert_eq!(erase(&fake, id).unwrap_err().reason, Reason::NotFound, "{id:?}");
    }
    assert_eq!(stored(&fake), before);
    assert!(fake.audit.borrow().is_empty());
    company.borrow_mut().members.remove("lisi");
    complete(&fake, APPROVING);
    fake.audit_failure.replace(Some(audit::Failure::Unavailable));
    let before = stored(&fake);
    assert_eq!(erase(&fake, "lisi").unwrap_err().reason, Reason::Unavailable);
    assert_eq!(stored(&fake), before, "what is not written down is not carried out");
    fake.audit_failure.take();
    erase(&fake, "lisi").unwrap();
}

#[test]
fn what_the_platform_says_of_somebody_is_erased_after_a_reset_as_well() {
    let (fake, _) = left(0);
    super::super::sync::reset::reset(&fake, &common()).unwrap();
    assert!(fake.keys("directory/p/").len() == 2 && fake.keys("directory/o/").len() == 1);
    erase(&fake, "planted").unwrap();
    assert!(fake.keys("directory/p/").is_empty() && fake.keys("directory/o/").is_empty());
}

#[test]
fn an_administrator_who_left_is_taken_off_the_list() {
    let (fake, company) = synced();
    admin::set_administrators(&fake, &common(), &texts(&["lisi", "wangwu"]), ACTOR).unwrap();
    company.borrow_mut().members.remove("lisi");
    complete(&fake, APPROVING);
    erase(&fake, "lisi").unwrap();
    assert_eq!(admin::administrators(&fake, &common()).unwrap(), ["wangwu"]);
}

#[test]
fn a_plan_that_shows_the_member_forgets_them() {
    let (fake, company) = left(0);
    reinstate(&fake, &["planted"]);
    company.borrow_mut().person("planted", PLANTED[0], &[2]);
    assert!(super::super::sync_on(&fake, super::super::PLANNING).is_ok());
    assert!(everything(&fake).contains("/m/planted"));
    erase(&fake, "planted").unwrap();
    let all = everything(&fake);
    assert!(PLANTED.iter().all(|text| !all.contains(text)));
    complete(&fake, PLAIN);
    assert_replays(&fake);
}
