//! Success that did nothing says so.

use super::{Company, PLAIN, PLANNING, complete, platform, small, sync_on};
use organisation_kit::contract::directory::SyncStep;

#[test]
fn an_empty_range_is_told_in_plan_and_report() {
    let no_department = || {
        let mut company = Company::default();
        company.person("lisi", "李四", &[]);
        company.granted.push("lisi".into());
        company
    };
    let no_member = || Company { members: Default::default(), granted: vec![], ..small() };
    for (name, company, expected) in [
        ("nothing", Company::default(), Some("the visible range is empty")),
        ("no department", no_department(), Some("no department")),
        ("no member", no_member(), Some("no member")),
        ("both", small(), None),
    ] {
        let (fake, _) = platform(company);
        let Ok(SyncStep::Planned(plan)) = sync_on(&fake, PLANNING) else { panic!("{name}") };
        let report = complete(&fake, PLAIN);
        for notes in [plan.notes, report.notes] {
            match expected {
                Some(expected) => {
                    assert_eq!(notes.len(), 1, "{name}: {notes:?}");
                    assert!(notes[0].contains(expected) && notes[0].contains("visible range"), "{name}: {notes:?}");
                }
                None => assert_eq!(notes, Vec::<String>::new(), "{name}"),
            }
        }
    }
}
