//! Who administers the app.

use super::{
    super::{PLANNING, sync_on},
    *,
};
use organisation_kit::contract::directory::{MemberStatus, SyncStep};

#[test]
fn administrators_are_members_of_the_copy_in_the_order_given() {
    let (fake, company) = synced();
    assert!(admin::administrators(&fake, &common()).unwrap().is_empty());
    admin::set_administrators(&fake, &common(), &texts(&["WANGWU", "zhangsan", "wangwu"]), ACTOR).unwrap();
    assert_eq!(admin::administrators(&fake, &common()).unwrap(), ["wangwu", "ZhangSan"]);
    let many: Vec<String> = (0..101).map(|id| format!("m{id}")).collect();
    let refused = admin::set_administrators(&fake, &common(), &many, ACTOR).unwrap_err();
    assert!(matches!(&refused.reason, Reason::InvalidArgument(problem) if problem.path == "ids"));
    for id in &many {
        company.borrow_mut().person(id, "成员", &[2]);
    }
    complete(&fake, PLAIN);
    admin::set_administrators(&fake, &common(), &many[..100], ACTOR).unwrap();
    admin::set_administrators(&fake, &common(), &[], ACTOR).unwrap();
    assert_eq!(admin::administrators(&fake, &common()).unwrap(), Vec::<String>::new());
    assert_eq!(fake.audit.borrow().len(), 3);
}

/// A large copy, far from any percentage, with these administrators.
fn large(administrators: &[&str]) -> (FakePlatform, super::super::company::Shared) {
    let (fake, company) = synced();
    for index in 0..50 {
        company.borrow_mut().person(&format!("m{index:02}"), "成员", &[2]);
    }
    complete(&fake, PLAIN);
    admin::set_administrators(&fake, &common(), &texts(administrators), ACTOR).unwrap();
    (fake, company)
}

/// How somebody goes.
type Going = (&'static str, fn(&mut super::super::Company));

const GOING: [Going; 2] = [
    ("unseen", |company| drop(company.members.remove("lisi"))),
    ("resigned", |company| company.members.get_mut("lisi").unwrap().status = 5),
];

#[test]
fn an_administrator_goes_only_when_somebody_allows_it_however_few_go() {
    for (name, go) in GOING {
        let (fake, company) = large(&["wangwu", "LISI"]);
        go(&mut company.borrow_mut());
        for caller in [PLAIN, PLANNING] {
            let SyncStep::Blocked(blocked) = sync_on(&fake, caller).unwrap() else { panic!("{name}") };
            let Reason::MassRemovalBlocked(counts) = &blocked.error.reason else { panic!("{name}: {blocked:?}") };
            assert_eq!((counts.members, counts.departments), (1, 0), "{name}");
            assert!(blocked.error.message.contains("1 administrators among them: lisi"), "{name}: {:?}", blocked.error);
        }
        assert!(is_present(&fake), "{name}");
        let refused = sync_member(&fake, "lisi").unwrap_err();
        assert!(matches!(refused.reason, Reason::MassRemovalBlocked(_)), "{name}: {refused:?}");
        assert!(is_present(&fake), "{name}: nor does a refresh take them");
        complete(&fake, APPROVING);
        assert!(!is_present(&fake), "{name}");
        assert_replays(&fake);

        // Whoever is no administrator goes as before.
        let (fake, company) = large(&["wangwu"]);
        go(&mut company.borrow_mut());
        complete(&fake, PLAIN);
        assert!(!is_present(&fake), "{name}");
    }
}

fn is_present(fake: &FakePlatform) -> bool {
    read::find_member(fake, &common(), "lisi").unwrap().status == MemberStatus::Active
}

#[test]
fn an_approval_is_for_the_administrators_that_were_named() {
    let (fake, company) = large(&["wangwu"]);
    company.borrow_mut().granted.clear();
    company.borrow_mut().members.remove("lisi");
    let SyncStep::Blocked(blocked) = sync_on(&fake, PLANNING).unwrap() else { panic!() };
    super::super::approve(&fake, &blocked).unwrap();
    admin::set_administrators(&fake, &common(), &texts(&["lisi", "wangwu"]), ACTOR).unwrap();
    let SyncStep::Blocked(blocked) = sync_on(&fake, PLAIN).unwrap() else { panic!() };
    assert!(blocked.error.message.contains("lisi") && blocked.error.message.contains("wangwu"), "{blocked:?}");
    assert!(is_present(&fake));
    super::super::approve(&fake, &blocked).unwrap();
    complete(&fake, PLAIN);
    assert!(!is_present(&fake));
}

#[test]
fn who_becomes_an_administrator_while_a_run_writes_stays_until_the_next_one() {
    for (name, go) in GOING {
        let (fake, company) = large(&[]);
        go(&mut company.borrow_mut());
        company.borrow_mut().department(77, 2, "新组");
        // Named between the guard and the write of whoever goes.
        let named = std::cell::Cell::new(false);
        fake.before_storage(move |fake, touch| {
            if touch.puts("directory/d/77") && !named.replace(true) {
                admin::set_administrators(fake, &common(), &texts(&["lisi"]), ACTOR).unwrap();
            }
            Ok(())
        });
        let report = complete(&fake, PLAIN);
        fake.clear_hooks();
        assert!(is_present(&fake), "{name}");
        assert!(report.notes.iter().any(|note| note.contains("the administrator lisi")), "{name}: {:?}", report.notes);
        assert!(matches!(sync_on(&fake, PLAIN).unwrap(), SyncStep::Blocked(_)), "{name}");
        assert_replays(&fake);
    }
}
