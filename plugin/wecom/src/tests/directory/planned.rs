//! Runs that stop at their plan: what would go, who lets it, and what becomes of it.

use super::*;

#[test]
fn a_mass_removal_is_stopped_and_the_same_plan_applied_when_allowed() {
    let (fake, company) = platform(small());
    for index in 0..30 {
        company.borrow_mut().person(&format!("m{index:02}"), "成员", &[2]);
    }
    complete(&fake, PLAIN);
    let whole = company.borrow().members.clone();
    company.borrow_mut().members.retain(|key, _| !key.starts_with("m1"));
    let error = paused(&fake);
    let Reason::MassRemovalBlocked(counts) = &error.reason else { panic!("{error:?}") };
    assert_eq!((counts.members, counts.members_total), (10, 33));
    assert!(error.hint.unwrap().contains("10/33"));
    assert_eq!(members(&fake, &EVERYBODY).len(), 33);

    let lists = fake.count("user/list");
    let report = complete(&fake, APPROVING);
    assert_eq!((report.members.left_range, fake.count("user/list")), (10, lists), "nothing was fetched again");
    assert_exact(&fake, &company.borrow());

    // A range that was mended before anybody allowed anything: the next run sees it, and need not be waited for.
    company.borrow_mut().members = whole.clone();
    complete(&fake, PLAIN);
    company.borrow_mut().members.clear();
    paused(&fake);
    company.borrow_mut().members = whole;
    paused(&fake);
    abandon(&fake);
    assert_eq!(complete(&fake, PLAIN).members.left_range, 0);
}

#[test]
fn a_dry_run_writes_nothing_and_its_plan_can_be_applied() {
    let (fake, company) = platform(small());
    let Ok(SyncStep::Planned(plan)) = sync_on(&fake, PLANNING) else { panic!() };
    assert_eq!((plan.departments.added, plan.members.added), (2, 3));
    assert_eq!((members(&fake, &EVERYBODY).len(), read::overview(&fake, &common()).unwrap().departments), (0, 0));
    let lists = fake.count("user/list");
    let report = complete(&fake, PLAIN);
    assert_eq!((report.members.added, fake.count("user/list")), (3, lists));
    assert_exact(&fake, &company.borrow());
}

#[test]
fn a_run_that_is_given_up_is_remembered_and_its_plan_is_gone() {
    let (fake, _) = platform(small());
    let Ok(SyncStep::Planned(first)) = sync_on(&fake, PLANNING) else { panic!() };
    let page = plan::plan(&fake, &common(), None, 2).unwrap();
    assert_eq!((&page.run, page.changes.len(), page.cursor.is_some()), (&first.run, 2, true));
    fake.advance_ms(1_000);
    abandon(&fake);
    let Ok(SyncStep::Planned(second)) = sync_on(&fake, PLANNING) else { panic!() };
    let outcomes = |fake: &FakePlatform| -> Vec<_> {
        history::history(fake, &common()).unwrap().into_iter().map(|report| (report.run, report.outcome)).collect()
    };
    let (first, second) = (first.run, second.run);
    assert_eq!(outcomes(&fake), [(second.clone(), RunOutcome::Planned), (first.clone(), RunOutcome::Abandoned)]);
    let expired = plan::plan(&fake, &common(), page.cursor.as_deref(), 2).unwrap_err();
    assert_eq!(expired.reason, Reason::CursorExpired);
    complete(&fake, PLAIN);
    assert_eq!(outcomes(&fake), [(second, RunOutcome::Complete), (first, RunOutcome::Abandoned)]);
    assert_eq!(plan::plan(&fake, &common(), None, 2).unwrap_err().reason, Reason::NotFound);
}

#[test]
fn a_plan_that_ends_while_it_is_read_is_no_short_plan() {
    let (fake, _) = platform(small());
    assert!(matches!(sync_on(&fake, PLANNING), Ok(SyncStep::Planned(_))));
    fake.before_storage(|fake, touch| {
        if matches!(touch, fake::Touch::Scan(prefix) if prefix.contains("/e/")) {
            complete(fake, PLAIN);
        }
        Ok(())
    });
    assert_eq!(plan::plan(&fake, &common(), None, 200).unwrap_err().reason, Reason::NotFound);
}
