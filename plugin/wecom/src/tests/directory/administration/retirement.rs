//! Members who are declared as resigned, whatever the vendor says.

use super::*;
use organisation_kit::{
    contract::directory::{ChangeKind, MemberFilter, MemberStatus},
    directory::lookup,
};

fn status(fake: &FakePlatform, id: &str) -> MemberStatus {
    read::find_member(fake, &common(), id).unwrap().status
}

#[test]
fn a_retired_member_stays_resigned_whatever_the_vendor_shows() {
    let (fake, company) = synced();
    set_roles(&fake, "lisi", &["a"]);
    let known = changes(&fake).len();
    assert_eq!(retire(&fake, &["LISI", "lisi", "nobody"]), [None, None, Some(Reason::NotFound)]);
    assert_eq!(super::super::kinds(&changes(&fake)[known..]), [(ChangeKind::MemberResigned, "lisi")]);
    let below = MemberFilter { department: Some("31".into()), ..EVERYBODY };
    assert_eq!(members(&fake, &below).len(), 1, "their department does not list them");

    // The vendor shows them, changed, as resigned, not at all, and again.
    company.borrow_mut().members.get_mut("lisi").unwrap().name = "李四四".into();
    let after = changes(&fake).len();
    for (name, status_of, refreshed) in [("shown", Some(1), true), ("resigned", Some(5), true), ("gone", None, true)] {
        let was = company.borrow().members["lisi"].clone();
        match status_of {
            Some(status) => company.borrow_mut().members.get_mut("lisi").unwrap().status = status,
            None => drop(company.borrow_mut().members.remove("lisi")),
        }
        complete(&fake, PLAIN);
        if refreshed {
            assert_eq!(sync_member(&fake, "lisi").unwrap().status, MemberStatus::Resigned, "{name}");
        }
        assert_eq!(status(&fake, "lisi"), MemberStatus::Resigned, "{name}");
        company.borrow_mut().members.insert("lisi".into(), was);
    }
    assert_eq!(changes(&fake).len(), after, "the feed says it once");
    let overview = read::overview(&fake, &common()).unwrap().members;
    assert_eq!((overview.active, overview.resigned), (2, 1));
    assert_replays(&fake);

    assert_eq!(reinstate(&fake, &["lisi", "LiSi", "wangwu"]), [None, None, None]);
    assert_eq!(status(&fake, "lisi"), MemberStatus::Resigned, "the vendor was not asked yet");
    company.borrow_mut().members.get_mut("lisi").unwrap().status = 1;
    assert_eq!(complete(&fake, PLAIN).members.rejoined, 1);
    let member = read::find_member(&fake, &common(), "lisi").unwrap();
    assert_eq!((member.status, member.suspended_roles), (MemberStatus::Active, texts(&["a"])));
    assert_replays(&fake);
}

#[test]
fn a_run_that_saw_the_member_before_does_not_bring_them_back() {
    let (fake, company) = synced();
    company.borrow_mut().members.get_mut("lisi").unwrap().name = "李四四".into();
    assert!(super::super::sync_on(&fake, super::super::PLANNING).is_ok());
    fake.advance_ms(1_000);
    retire(&fake, &["lisi"]);
    let report = complete(&fake, PLAIN);
    assert_eq!((report.members.updated, status(&fake, "lisi")), (0, MemberStatus::Resigned));
    assert_replays(&fake);
}

#[test]
fn a_clock_that_is_ahead_does_not_bring_them_back() {
    let (fake, company) = synced();
    company.borrow_mut().members.remove("lisi");
    complete(&fake, APPROVING);
    // Planned by a host whose clock is a minute ahead, as one who comes back into the range.
    company.borrow_mut().person("lisi", "李四", &[31]);
    fake.advance_ms(60_000);
    assert!(super::super::sync_on(&fake, super::super::PLANNING).is_ok());
    fake.set_back_ms(60_000);
    retire(&fake, &["lisi"]);
    let report = complete(&fake, PLAIN);
    assert_eq!((report.members.rejoined, status(&fake, "lisi")), (0, MemberStatus::Resigned));
}

#[test]
fn an_administrator_is_taken_off_the_list_first() {
    let (fake, _) = synced();
    admin::set_administrators(&fake, &common(), &texts(&["lisi"]), ACTOR).unwrap();
    assert_eq!(retire(&fake, &["zhangsan", "LISI", "lisi"]), [None, Some(Reason::Conflict), Some(Reason::Conflict)]);
    admin::set_administrators(&fake, &common(), &[], ACTOR).unwrap();
    assert_eq!(retire(&fake, &["lisi"]), [None]);
}

#[test]
fn many_are_retired_in_several_writes() {
    let (fake, company) = synced();
    let ids: Vec<String> = (0..1_000).map(|index| format!("m{index:04}")).collect();
    for id in &ids {
        company.borrow_mut().person(id, "成员", &[2, 31]);
    }
    complete(&fake, PLAIN);
    let outcomes = admin::retire_members(&fake, &common(), &ids, ACTOR).unwrap();
    assert!(outcomes.iter().zip(&ids).all(|(outcome, id)| outcome.id == *id && outcome.problem.is_none()));
    assert_eq!(read::overview(&fake, &common()).unwrap().members.resigned, 1_000);
    assert_eq!(fake.audit.borrow().len(), 1_000);
    assert_replays(&fake);
    // A mark alone is so small that more fit into one write than into one piece of the trail.
    let outcomes = admin::reinstate_members(&fake, &common(), &ids, ACTOR).unwrap();
    assert!(outcomes.iter().all(|outcome| outcome.problem.is_none()), "{:?}", outcomes[0]);
    assert_eq!(fake.audit.borrow().len(), 2_000);
    let more: Vec<String> = ids.iter().cloned().chain(["lisi".to_owned()]).collect();
    let refused = admin::retire_members(&fake, &common(), &more, ACTOR).unwrap_err();
    assert!(matches!(&refused.reason, Reason::InvalidArgument(problem) if problem.path == "ids"));
}

#[test]
fn who_is_retired_does_not_count_at_sign_in_with_or_without_a_copy() {
    let (fake, _) = synced();
    set_roles(&fake, "lisi", &["a"]);
    retire(&fake, &["lisi"]);
    let found = lookup::find(&fake, &common(), "LISI").unwrap().unwrap();
    assert_eq!((found.retired, found.present), (true, false));
    super::super::sync::reset::reset(&fake, &common()).unwrap();
    let found = lookup::find(&fake, &common(), "LISI").unwrap().unwrap();
    assert_eq!((found.retired, found.present, found.roles), (true, false, vec![]));
}
