//! A copy that is forgotten: gone at once for readers, deleted in portions, whatever is killed or raced between two of them.

use std::{cell::Cell, collections::BTreeSet, rc::Rc};

use super::{
    Company, EVERYBODY, PLAIN, PLANNING, abandon, common, complete, feed, history, list, members, platform, read,
    small, step, sync, sync_member, sync_on,
};
use crate::fake::{FakePlatform, Touch};
use organisation_kit::{
    config::Common,
    contract::{
        call::Budget,
        directory::{DepartmentFilter, SyncStep},
        storage::{Op, StorageError},
        types::Reason,
    },
    directory::{lookup, roles::Roles},
    failure::Failure,
    platform::Platform,
    store,
};

/// Rows of one kind: what it takes three portions to delete.
const ROWS: usize = 2_500;

fn reset(fake: &FakePlatform) -> Result<(), Failure> {
    sync::reset::reset(fake, &common())
}

/// A copy of a small company among rows that nobody could read.
fn large() -> (FakePlatform, super::company::Shared) {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    for prefix in ["directory/m/zz", "directory/x/31/zz", "directory/d/zz"] {
        for part in (0..ROWS).collect::<Vec<_>>().chunks(500) {
            let rows: Vec<Op> =
                part.iter().map(|row| store::put_text(format!("{prefix}{row:04}"), "?".into())).collect();
            store::apply(&fake, &rows).unwrap().unwrap();
        }
    }
    (fake, company)
}

/// What somebody does next.
type Act = fn(&FakePlatform);

/// A call with so little time that it deletes one portion.
fn in_a_hurry(fake: &FakePlatform) {
    fake.set_budget(Budget { wall_ms: 4_000, ..fake.remaining() });
}

fn at_leisure(fake: &FakePlatform) {
    fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
}

/// Every use of the storage fails from one on, before it is carried out or, unknown to the call, after.
fn kill_at(fake: &FakePlatform, touch: u32, after: bool) -> Rc<Cell<u32>> {
    let count = Rc::new(Cell::new(0));
    let seen = count.clone();
    let hook = move |_: &FakePlatform, _: Touch<'_>| {
        seen.set(seen.get() + 1);
        if seen.get() > touch { Err(StorageError::Unavailable(after)) } else { Ok(()) }
    };
    if after {
        fake.after_storage(hook);
    } else {
        fake.before_storage(hook);
    }
    count
}

/// The copy holds whom the vendor shows, and nobody else.
fn assert_copied(fake: &FakePlatform, company: &Company) {
    let ids: BTreeSet<String> = members(fake, &EVERYBODY).iter().map(|member| member.id.to_lowercase()).collect();
    assert_eq!(ids, company.visible().into_keys().collect());
    let overview = read::overview(fake, &common()).unwrap();
    assert_eq!(overview.members.active, ids.len() as u64);
}

/// Nothing of the copy is seen, though it is there.
fn assert_unseen(fake: &FakePlatform, cursor: &str) {
    let common = common();
    let overview = read::overview(fake, &common).unwrap();
    assert_eq!((overview.departments, overview.members.active, overview.acknowledged), (0, 0, 0));
    assert_eq!((overview.last_run, overview.current_run), (None, None));
    assert_eq!(members(fake, &EVERYBODY), []);
    let departments = DepartmentFilter { level: None, search: None };
    assert_eq!(list::departments(fake, &common, &departments, None, 9).unwrap().departments, []);
    assert_eq!(read::find_member(fake, &common, "lisi").unwrap_err().reason, Reason::NotFound);
    assert_eq!(read::find_department(fake, &common, "31").unwrap_err().reason, Reason::NotFound);
    assert_eq!(read::find_members(fake, &common, &["lisi".into()]).unwrap(), [None]);
    assert_eq!(lookup::find(fake, &common, "lisi").unwrap(), None);
    assert_eq!(history::history(fake, &common).unwrap(), []);
    for cursor in [None, Some(cursor)] {
        assert_eq!(feed::changes(fake, &common, cursor, 9).unwrap_err().reason, Reason::CursorExpired, "{cursor:?}");
    }
    assert_eq!(feed::changes(fake, &common, Some(&overview.cursor), 9).unwrap().changes, []);
}

#[test]
fn a_reset_in_portions_is_over_at_once_for_whoever_reads() {
    let (fake, company) = large();
    let cursor = read::overview(&fake, &common()).unwrap().cursor;
    in_a_hurry(&fake);
    reset(&fake).unwrap();
    let left = fake.keys("directory/").len();
    assert!(left > 2 * ROWS, "one portion is deleted: {left}");
    assert_unseen(&fake, &cursor);

    // Whoever writes makes way, in portions of its own, and says so.
    let mut refused = 0;
    for round in 0.. {
        in_a_hurry(&fake);
        let failure = match round % 2 {
            0 => step(&fake, PLAIN).err(),
            _ => sync_member(&fake, "lisi").err(),
        };
        let Some(failure) = failure else { break };
        assert_eq!((failure.reason.clone(), failure.retry_after_ms), (Reason::Conflict, Some(1_000)));
        refused += 1;
        assert!(fake.keys("directory/").len() < left, "every call gets on");
        assert_unseen(&fake, &cursor);
    }
    assert!(refused >= 5, "{refused}");
    at_leisure(&fake);
    complete(&fake, PLAIN);
    assert_copied(&fake, &company.borrow());
    assert_eq!(fake.keys("directory/m/").len(), company.borrow().members.len());
}

/// What is stored after a reset and a sync, apart from what is named by chance.
fn stored(fake: &FakePlatform) -> Vec<String> {
    fake.keys("directory/").into_iter().filter(|key| !key.starts_with("directory/h/")).collect()
}

#[test]
fn a_reset_that_is_killed_anywhere_is_carried_through_by_whoever_comes_next() {
    let next: [(&str, Act); 3] = [
        ("a reset", |fake| reset(fake).unwrap()),
        ("a sync", |fake| drop(complete(fake, PLAIN))),
        ("a refresh", |fake| drop(sync_member(fake, "lisi").unwrap())),
    ];
    for (name, next) in next {
        for after in [false, true] {
            for touch in 0.. {
                let (fake, company) = large();
                // A run is under way, with scratch and a plan.
                company.borrow_mut().person("zhaoliu", "赵六", &[31]);
                sync_on(&fake, PLANNING).unwrap();
                let cursor = read::overview(&fake, &common()).unwrap().cursor;
                let touches = kill_at(&fake, touch, after);
                let answer = reset(&fake);
                fake.clear_hooks();
                if touches.get() <= touch {
                    answer.unwrap();
                    assert_eq!(fake.keys("directory/"), ["directory/head"]);
                    break;
                }
                fake.advance_ms(11_000);
                at_leisure(&fake);
                let at = format!("{name} after touch {touch}, {after}");
                let head = fake.value("directory/head").unwrap();
                if !head.contains("\"members\":{\"active\":0") {
                    // It was killed before it had said a word: nothing has happened.
                    assert_eq!(read::overview(&fake, &common()).unwrap().members.active, 3, "{at}");
                    reset(&fake).unwrap();
                }
                if fake.value("directory/head").unwrap().contains("forgetting") {
                    assert_unseen(&fake, &cursor);
                }
                next(&fake);
                assert!(!fake.value("directory/head").unwrap().contains("forgetting"), "{at}");
                let last = read::overview(&fake, &common()).unwrap().last_change;
                complete(&fake, PLAIN);
                assert_copied(&fake, &company.borrow());
                assert_eq!(
                    feed::changes(&fake, &common(), Some(&cursor), 9).unwrap_err().reason,
                    Reason::CursorExpired
                );
                feed::changes(&fake, &common(), Some(&format!("c{last}")), 9).unwrap();
                let fresh = {
                    let (fake, _) = platform(company.borrow().clone());
                    reset(&fake).unwrap();
                    complete(&fake, PLAIN);
                    stored(&fake).len()
                };
                assert_eq!(stored(&fake).len(), fresh, "{at}: {:?}", stored(&fake));
            }
        }
    }
}

/// A call that was stopped for a while deletes nothing of what came after it.
#[test]
fn a_reset_that_comes_back_late_deletes_nothing_new() {
    let (fake, company) = large();
    let late = Rc::new(Cell::new(false));
    let seen = late.clone();
    fake.before_storage(move |fake, touch| {
        if matches!(touch, Touch::DeleteRange("directory/m/")) && !seen.replace(true) {
            fake.advance_ms(20_000);
            complete(fake, PLAIN);
        }
        Ok(())
    });
    reset(&fake).unwrap();
    fake.clear_hooks();
    assert!(late.get());
    assert_copied(&fake, &company.borrow());
}

#[test]
fn a_reset_wins_against_a_refresh_in_the_end() {
    let (fake, _) = platform(small());
    complete(&fake, PLAIN);
    let lost = Rc::new(Cell::new(0));
    let count = lost.clone();
    fake.before_storage(move |fake, touch| {
        let resets = matches!(touch, Touch::Apply(ops)
            if ops.iter().any(|op| matches!(op, Op::Put(put) if put.key == "directory/head" && put.value.contains("forgetting"))));
        if resets && count.get() < 3 {
            count.set(count.get() + 1);
            let head = fake.value("directory/head").unwrap();
            store::apply(fake, &[store::put_text("directory/head", head)]).unwrap().unwrap();
        }
        Ok(())
    });
    reset(&fake).unwrap();
    fake.clear_hooks();
    assert_eq!((lost.get(), fake.keys("directory/")), (3, vec!["directory/head".to_owned()]));
}

#[test]
fn a_damaged_head_is_reset_with_the_roles_of_nobody_knows_whom() {
    for head in ["", "{", "{\"organisation\":7}"] {
        let (fake, company) = platform(small());
        complete(&fake, PLAIN);
        let roles = Roles { roles: vec!["admin".into()], suspended: false, ..Roles::default() };
        fake.apply(&[store::put("directory/o/lisi", &roles), store::put_text("directory/head", head.into())]).unwrap();
        assert!(read::overview(&fake, &common()).is_err());
        reset(&fake).unwrap();
        assert_eq!(fake.keys("directory/"), ["directory/head"]);
        assert!(fake.logs.borrow().iter().any(|line| line.contains("the head of the directory cannot be read")));
        for cursor in ["c0", "c3"] {
            let failure = feed::changes(&fake, &common(), Some(cursor), 9).unwrap_err();
            assert_eq!(failure.reason, Reason::CursorExpired, "{cursor}");
        }
        let newest = read::overview(&fake, &common()).unwrap().cursor;
        complete(&fake, PLAIN);
        assert_copied(&fake, &company.borrow());
        assert_eq!(feed::changes(&fake, &common(), Some(&newest), 9).unwrap().changes.len(), 5);
    }
}

/// Roles that one organisation's reset had begun to delete do not come back by a reset of the next.
#[test]
fn a_second_reset_forgets_what_the_first_had_begun_to() {
    let (fake, _) = platform(small());
    complete(&fake, PLAIN);
    let roles = Roles { roles: vec!["admin".into()], suspended: false, ..Roles::default() };
    fake.apply(&[store::put("directory/o/lisi", &roles)]).unwrap();
    let other = Common { organisation: "ww0000000000000001".into(), ..common() };
    fake.before_storage(|_, touch| match touch {
        Touch::DeleteRange(_) => Err(StorageError::Unavailable(false)),
        _ => Ok(()),
    });
    sync::reset::reset(&fake, &other).unwrap_err();
    fake.clear_hooks();
    sync::reset::reset(&fake, &other).unwrap();
    assert_eq!(fake.keys("directory/o/"), Vec::<String>::new());
}

/// Scratch that a killed call left behind is deleted by whoever begins next, and nobody deletes that of the current run.
#[test]
fn scratch_of_runs_that_are_over_is_swept() {
    let ends: [(&str, Act); 2] = [("complete", |fake| drop(complete(fake, PLAIN))), ("abandoned", abandon)];
    for (name, end) in ends {
        let (fake, company) = platform(small());
        sync_on(&fake, PLANNING).unwrap();
        fake.before_storage(|_, touch| match touch {
            Touch::DeleteRange(_) => Err(StorageError::Unavailable(false)),
            _ => Ok(()),
        });
        end(&fake);
        fake.clear_hooks();
        let left = fake.keys("directory/r/");
        assert!(!left.is_empty(), "{name}: the call was killed while it cleared up");
        assert!(fake.logs.borrow().iter().any(|line| line.contains("the scratch of runs that are over")));

        company.borrow_mut().person("zhaoliu", "赵六", &[31]);
        let SyncStep::Planned(_) = step(&fake, PLANNING).unwrap() else { panic!("no plan") };
        let current = fake.keys("directory/r/");
        assert!(!current.is_empty() && left.iter().all(|key| !current.contains(key)), "{name}: {current:?}");
        // A call of before that comes back late leaves it alone as well.
        sync::abandon::abandon(&fake, &common(), "0123456789ab-0123456789abcdef").unwrap_err();
        complete(&fake, PLAIN);
        assert_copied(&fake, &company.borrow());
        assert_eq!(fake.keys("directory/r/"), Vec::<String>::new(), "{name}");
    }
}

/// The rows of scratch may be as many as the members: no step takes them all.
#[test]
fn much_scratch_is_swept_in_portions() {
    let (fake, _): (FakePlatform, _) = platform(Company::default());
    for part in (0..ROWS).collect::<Vec<_>>().chunks(500) {
        let key = |row| format!("directory/r/0123456789ab-0123456789abcdef/m/{row:04}");
        let rows: Vec<Op> = part.iter().map(|row| store::put_text(key(row), String::new())).collect();
        store::apply(&fake, &rows).unwrap().unwrap();
    }
    for left in [1_500, 500, 0] {
        in_a_hurry(&fake);
        abandon(&fake);
        // Both the beginning and the end of a run deleted a portion.
        let swept = fake.keys("directory/r/").len();
        assert!(swept <= left, "{swept} of {left}");
    }
}
