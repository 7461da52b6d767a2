//! The rules of the organisation, one row each.

use super::*;

fn corp() -> Corp {
    let mut corp = Corp::new("ww1", "甲");
    for (id, name, parent) in [(2, "a", 1), (3, "b", 1), (4, "c", 2)] {
        corp.add_department(Department::new(id, name, parent)).unwrap();
    }
    for (id, department) in [("Ann", 4), ("bob", 4), ("cid", 3)] {
        corp.add_member(Member::new(id, id, department)).unwrap();
    }
    corp.add_tag(1, "t", None).unwrap();
    corp.add_app(App::new(10, "app", crate::Secret::new("s10"))).unwrap();
    corp
}

type Change = fn(&mut Corp) -> Result<(), CorpError>;

#[test]
fn changes_that_break_a_rule_are_refused_and_change_nothing() {
    let rows: &[(&str, Change, CorpError)] = &[
        ("id taken", |c| c.add_department(Department::new(2, "x", 1)), CorpError::DepartmentExists(2)),
        ("id zero", |c| c.add_department(Department::new(0, "x", 1)), CorpError::DepartmentIdInvalid(0)),
        (
            "id above 32 bits",
            |c| c.add_department(Department::new(MAX_DEPARTMENT_ID + 1, "x", 1)),
            CorpError::DepartmentIdInvalid(MAX_DEPARTMENT_ID + 1),
        ),
        ("order above 32 bits", |c| c.describe_department(2, None, 1 << 32), CorpError::OrderInvalid(1 << 32)),
        (
            "rank above 32 bits",
            |c| c.update_member("ann", |m| m.departments[0].order = 1 << 32),
            CorpError::OrderInvalid(1 << 32),
        ),
        ("no parent", |c| c.add_department(Department::new(9, "x", 8)), CorpError::DepartmentUnknown(8)),
        (
            "sibling name",
            |c| c.add_department(Department::new(9, "a", 1)),
            CorpError::DepartmentNameTaken { parent: 1, name: "a".into() },
        ),
        ("bad name", |c| c.rename_department(2, "a:b"), CorpError::DepartmentNameInvalid("a:b".into())),
        (
            "rename to sibling",
            |c| c.rename_department(2, "b"),
            CorpError::DepartmentNameTaken { parent: 1, name: "b".into() },
        ),
        ("loop", |c| c.move_department(2, 4), CorpError::DepartmentLoop(2)),
        ("move root", |c| c.move_department(1, 4), CorpError::RootIsFixed),
        ("remove root", |c| c.remove_department(1).map(drop), CorpError::RootIsFixed),
        ("has children", |c| c.remove_department(2).map(drop), CorpError::DepartmentHasChildren(2)),
        ("has members", |c| c.remove_department(3).map(drop), CorpError::DepartmentHasMembers(3)),
        ("same id, other case", |c| c.add_member(Member::new("ANN", "x", 3)), CorpError::MemberExists("ANN".into())),
        ("bad id", |c| c.add_member(Member::new("-x", "x", 3)), CorpError::MemberIdInvalid("-x".into())),
        ("Chinese id", |c| c.add_member(Member::new("张", "x", 3)), CorpError::MemberIdInvalid("张".into())),
        (
            "no department",
            |c| c.update_member("ann", |m| m.departments.clear()),
            CorpError::MembershipInvalid("Ann".into()),
        ),
        ("unknown department", |c| c.move_member("ann", 77), CorpError::DepartmentUnknown(77)),
        (
            "foreign main department",
            |c| c.update_member("ann", |m| m.main_department = Some(3)),
            CorpError::MainDepartmentInvalid { id: "Ann".into(), main: 3 },
        ),
        ("id in an update", |c| c.update_member("ann", |m| m.id = "x".into()), CorpError::MemberIdFixed("Ann".into())),
        ("rename to taken", |c| c.rename_member("ann", "BOB"), CorpError::MemberExists("BOB".into())),
        ("unknown leader", |c| c.lead_department(2, &["zoe"]), CorpError::MemberUnknown("zoe".into())),
        ("resign nobody", |c| c.resign_member("zoe", Resignation::Listed), CorpError::MemberUnknown("zoe".into())),
        ("tag name", |c| c.add_tag(2, "t", None), CorpError::TagNameInvalid("t".into())),
        ("grant nothing", |c| c.grant(10, Grant::Tag(9)), CorpError::TagUnknown(9)),
        ("app taken", |c| c.add_app(App::new(11, "x", crate::Secret::new("s10"))), CorpError::AppExists(11)),
        ("bad address", |c| c.trust_only(10, &["10.0.0.0/8"]), CorpError::AddressInvalid("10.0.0.0/8".into())),
    ];
    for (name, change, expected) in rows {
        let mut changed = corp();
        assert_eq!(change(&mut changed).as_ref(), Err(expected), "{name}");
        assert_eq!(changed, corp(), "{name} left a trace");
    }
}

#[test]
fn departments_stop_at_fifteen_levels() {
    let mut corp = Corp::new("ww1", "甲");
    for id in 2..=15 {
        corp.add_department(Department::new(id, format!("d{id}"), id - 1)).unwrap();
    }
    assert_eq!(corp.add_department(Department::new(16, "x", 15)), Err(CorpError::DepartmentTooDeep(16)));
    corp.add_department(Department::new(20, "x", 1)).unwrap();
    corp.add_department(Department::new(21, "y", 20)).unwrap();
    assert_eq!(corp.move_department(20, 14), Err(CorpError::DepartmentTooDeep(20)), "the subtree counts");
    corp.move_department(20, 13).unwrap();
    assert_eq!(corp.subtree(13), [13, 14, 20, 15, 21]);
}

#[test]
fn references_follow_a_rename_and_end_with_a_departure() {
    let mut corp = corp();
    corp.update_member("bob", |member| member.direct_leaders = vec!["Ann".into()]).unwrap();
    corp.lead_department(4, &["ann"]).unwrap();
    corp.tag_add(1, &["ANN"], &[3]).unwrap();
    corp.grant(10, Grant::Member("Ann".into())).unwrap();

    corp.rename_member("ann", "Eve").unwrap();
    assert_eq!(corp.member("bob").unwrap().direct_leaders, ["Eve"]);
    assert_eq!(corp.department(4).unwrap().leaders, ["Eve"]);
    assert_eq!(corp.tag(1).unwrap().members().collect::<Vec<_>>(), ["eve"]);
    assert_eq!(corp.app(10).unwrap().visible.members().collect::<Vec<_>>(), ["eve"]);
    assert_eq!(corp.staff(4).map(|member| member.id.as_str()).collect::<Vec<_>>(), ["bob", "Eve"]);

    corp.resign_member("eve", Resignation::Listed).unwrap();
    assert_eq!(corp.member("eve").unwrap().status, Status::Resigned);
    corp.resign_member("eve", Resignation::Vanished).unwrap();
    assert!(corp.member("eve").is_none());
    assert!(corp.member("bob").unwrap().direct_leaders.is_empty());
    assert!(corp.department(4).unwrap().leaders.is_empty());
    assert_eq!(corp.tag(1).unwrap().members().count() + corp.app(10).unwrap().visible.members().count(), 0);
}

#[test]
fn a_rename_may_change_only_the_case() {
    let mut corp = corp();
    corp.rename_member("Ann", "ANN").unwrap();
    assert_eq!(corp.member("ann").unwrap().id, "ANN");
    assert_eq!(corp.member_count(), 3);
}

#[test]
fn an_empty_department_goes_with_its_grants_and_tags() {
    let mut corp = corp();
    corp.move_member("cid", 2).unwrap();
    corp.tag_add(1, &[], &[3]).unwrap();
    corp.grant(10, Grant::Department(3)).unwrap();
    corp.remove_department(3).unwrap();
    assert_eq!(corp.tag(1).unwrap().departments().count() + corp.app(10).unwrap().visible.departments().count(), 0);
    corp.add_department(Department::new(3, "b", 1)).unwrap();
}

/// Grants, expected departments, expected members (lower case).
type RangeRow = (&'static [Grant], &'static [u64], &'static [&'static str]);

#[test]
fn the_visible_range_is_the_union_of_its_parts() {
    let rows: &[RangeRow] = &[
        (&[], &[], &[]),
        (&[Grant::Department(1)], &[1, 2, 3, 4], &["ann", "bob", "cid"]),
        (&[Grant::Department(2)], &[2, 4], &["ann", "bob"]),
        (&[Grant::Department(4), Grant::Department(3)], &[3, 4], &["ann", "bob", "cid"]),
        (&[Grant::Tag(1)], &[3], &["ann", "cid"]),
    ];
    for (grants, departments, members) in rows {
        let mut corp = corp();
        corp.tag_add(1, &["Ann"], &[3]).unwrap();
        for grant in *grants {
            corp.grant(10, grant.clone()).unwrap();
        }
        let range = Visible::of(&corp, corp.app(10).unwrap());
        let seen: Vec<u64> = corp.departments().map(|one| one.id).filter(|id| range.department(*id)).collect();
        assert_eq!(seen, *departments, "{grants:?}");
        let seen: Vec<String> =
            corp.members().filter(|one| range.member(one)).map(|one| key(&one.id).to_string()).collect();
        assert_eq!(seen, *members, "{grants:?}");
    }
}

#[test]
fn many_at_once_are_what_one_by_one_are() {
    let member = |id: &str, departments: &[u64], leaders: &[&str]| Member {
        departments: departments.iter().map(|id| Membership::of(*id)).collect(),
        direct_leaders: leaders.iter().map(|id| (*id).to_owned()).collect(),
        ..Member::new(id, id, 1)
    };
    let members =
        [member("zoe", &[4, 2], &[]), member("Dan", &[4], &["ZOE", "ann"]), member("eva", &[1], &["dan"])].to_vec();
    let (mut one_by_one, mut at_once) = (corp(), corp());
    for member in members.clone() {
        one_by_one.add_member(member).unwrap();
    }
    at_once.add_members(members.clone()).unwrap();
    assert_eq!(one_by_one, at_once);
    at_once.rename_member("zoe", "zac").unwrap();
    assert_eq!(at_once.member("dan").unwrap().direct_leaders, ["zac", "ann"], "references follow");

    let mut refused = corp();
    let twice = [members[0].clone(), members[0].clone(), members[1].clone()];
    assert_eq!(refused.add_members(twice), Err(CorpError::MemberExists("zoe".into())));
    assert_eq!((refused.member_count(), refused.staff(4).count()), (4, 3), "the first was added, nothing after it");
}

#[test]
fn a_copy_is_not_touched_by_a_change() {
    let mut changed = corp();
    let copy = changed.clone();
    changed.move_member("bob", 2).unwrap();
    changed.remove_member("ann").unwrap();
    assert_eq!(copy, corp());
    assert_eq!((changed.staff(4).count(), copy.staff(4).count()), (0, 2));
}
