//! Lists of the copy as a platform shows them: level by level, a part of the tree, a search, a role, many at once.

use std::collections::BTreeSet;

use organisation_host::{
    contract::directory::{Department, DepartmentFilter, Member, MemberFilter, MemberStatus, TreeLevel},
    reason_name,
    storage::{ApplyOutcome, Op},
};
use system_tests::{
    Company, Setting, Stage, TestVendor,
    company::{Person, ROOT, Unit},
    copy::{EVERYBODY, EVERYWHERE, is_present},
    sync::PLAIN,
};

for_each_vendor! {
    many_members_are_looked_up_in_the_order_asked,
    a_tree_is_shown_level_by_level,
    members_below_a_department_are_listed_once,
    members_and_departments_are_searched_as_people_type,
    members_are_listed_by_role,
    a_list_is_read_to_its_end_while_the_copy_changes,
}

fn ids<V: TestVendor>(members: Vec<Member>) -> Vec<String> {
    members.into_iter().map(|member| V::id_key(&member.id)).collect()
}

async fn many_members_are_looked_up_in_the_order_asked<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(230, 5)).start().await;
    stage.complete(&PLAIN).await;
    stage.control.resign("member00003");
    stage.complete(&PLAIN).await;
    let find = async |ids: Vec<String>| stage.heard(stage.element.find_members(&ids)).await;
    let asked = ["member00017", "nobody", "", "member00003", "a\u{7}b", "member00017", "member00000"];
    let found = find(asked.map(str::to_owned).to_vec()).await.unwrap();
    let shown: Vec<Option<&str>> = found.iter().map(|member| member.as_ref().map(|member| &*member.id)).collect();
    let known = [0, 3, 5, 6].map(|place| (place, Some(asked[place])));
    assert_eq!(shown.iter().copied().enumerate().filter(|(_, id)| id.is_some()).collect::<Vec<_>>(), known);
    assert_eq!((shown.len(), found[3].as_ref().unwrap().status), (7, MemberStatus::Resigned));
    assert_eq!(found[6], Some(stage.heard(stage.element.find_member("member00000")).await.unwrap()));
    // Another spelling is the same member only where the vendor says so.
    let other = find(vec!["MEMBER00017".to_owned()]).await.unwrap();
    assert_eq!(other[0].is_some(), V::id_key("MEMBER00017") == V::id_key("member00017"));

    assert_eq!(find(Vec::new()).await.unwrap(), []);
    let all: Vec<String> = (0..200).map(|number| format!("member{number:05}")).collect();
    let found = find(all.clone()).await.unwrap();
    assert_eq!(found.into_iter().map(|member| member.unwrap().id).collect::<Vec<_>>(), all);
    let refused = find(vec!["x".to_owned(); 201]).await.unwrap_err();
    assert_eq!(reason_name(&refused.reason), "invalid-argument");
    assert!(refused.message.contains("at most 200 ids"), "{refused:?}");
}

async fn a_tree_is_shown_level_by_level<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(60, 60)).start().await;
    stage.complete(&PLAIN).await;
    let all = stage.departments(&EVERYWHERE).await;
    assert_eq!(all.len(), stage.control.truth().departments.len());
    let known: BTreeSet<&str> = all.iter().map(|department| &*department.id).collect();
    let is_root = |one: &Department| !one.parent_id.as_deref().is_some_and(|parent| known.contains(parent));
    let at = async |level| stage.departments(&DepartmentFilter { level: Some(level), ..EVERYWHERE }).await;
    let roots = at(TreeLevel::Roots).await;
    assert!(!roots.is_empty());
    assert_eq!(roots, all.iter().filter(|one| is_root(one)).cloned().collect::<Vec<_>>());

    // Whoever opens one level after the other sees each department once.
    let (mut seen, mut open) = (BTreeSet::new(), roots);
    while let Some(department) = open.pop() {
        let children = at(TreeLevel::ChildrenOf(department.id.clone())).await;
        assert!(children.iter().all(|child| child.parent_id.as_ref() == Some(&department.id)), "{department:?}");
        open.extend(children);
        assert!(seen.insert(department.id.clone()), "{} comes twice", department.id);
    }
    assert_eq!(seen.len(), all.len());
    assert_eq!(at(TreeLevel::ChildrenOf(V::unit_id(99))).await, []);

    for limit in [0, 1, 7, u32::MAX] {
        let page = stage.heard(stage.element.departments(&EVERYWHERE, None, limit)).await.unwrap();
        let expected = usize::try_from(limit).unwrap().clamp(1, all.len());
        assert_eq!((&page.departments[..], page.cursor.is_some()), (&all[..expected], expected < all.len()), "{limit}");
    }
}

async fn members_below_a_department_are_listed_once<V: TestVendor>() {
    let mut company = Company::sized(150, 30);
    for (number, person) in company.people.iter_mut().enumerate() {
        let further = [2, 7, 25].into_iter().filter(|unit| number % 3 == 0 && !person.units.contains(unit));
        person.units.extend(further.collect::<Vec<_>>());
    }
    let stage = Setting::<V>::of(&company).start().await;
    stage.complete(&PLAIN).await;
    let parent = |unit: u64| company.units.iter().find(|one| one.number == unit).and_then(|one| one.parent);
    let is_below =
        |unit: u64, top: u64| std::iter::successors(Some(unit), |unit| parent(*unit)).any(|unit| unit == top);
    let listed = async |top: u64| {
        let filter = MemberFilter { department: Some(V::unit_id(top)), below: true, ..EVERYBODY };
        ids::<V>(stage.members(&filter).await)
    };
    for top in [ROOT, 2, 3, 7, 30, 99] {
        let meant = |person: &&Person| person.units.iter().any(|unit| is_below(*unit, top));
        let mut expected: Vec<String> = company.people.iter().filter(meant).map(|one| V::id_key(&one.id)).collect();
        expected.sort();
        assert_eq!(listed(top).await, expected, "{top}");
    }
    // What moves in the tree takes its members along, and who is out of sight is below nothing.
    stage.control.move_unit(3, 2);
    let gone = company.people.iter().find(|person| person.units == [3]).unwrap();
    stage.control.take_away(&gone.id);
    stage.complete(&PLAIN).await;
    let meant = |person: &&Person| person.units.iter().any(|unit| is_below(*unit, 2) || is_below(*unit, 3));
    let people = company.people.iter().filter(meant).filter(|person| person.id != gone.id);
    let mut expected: Vec<String> = people.map(|one| V::id_key(&one.id)).collect();
    expected.sort();
    assert_eq!(listed(2).await, expected);
}

async fn members_and_departments_are_searched_as_people_type<V: TestVendor>() {
    let mut company = Company::sample();
    company.people.push(Person::new("tom.smith-7", "Tom Smith（ＴＳ）", 22));
    company.units.push(Unit::new(23, "ＩＴ Support", 2));
    let stage = Setting::<V>::of(&company).start().await;
    stage.complete(&PLAIN).await;
    for (typed, expected) in [
        ("张", &["zhangsan"][..]),
        ("三", &["chu-san", "zhangsan"]),
        ("ZHANG", &["zhangsan"]),
        ("ｚｈａｎｇ", &["zhangsan"]),
        (" tom smith\u{3000}", &["tom.smith-7"]),
        ("(ts)", &["tom.smith-7"]),
        ("🙂", &["chu-san"]),
        ("nobody at all", &[]),
    ] {
        let filter = MemberFilter { search: Some(typed.to_owned()), ..EVERYBODY };
        assert_eq!(ids::<V>(stage.members(&filter).await), expected, "{typed:?}");
    }
    let everybody = MemberFilter { search: Some("  ".to_owned()), ..EVERYBODY };
    assert_eq!(stage.members(&everybody).await.len(), company.people.len());
    // All conditions hold together.
    for (below, unit, expected) in [(false, 2, &["zhangsan"][..]), (true, 2, &["chu-san", "zhangsan"]), (true, 21, &[])]
    {
        let (department, search) = (Some(V::unit_id(unit)), Some("三".to_owned()));
        let filter = MemberFilter { department, below, search, status: Some(MemberStatus::Active), ..EVERYBODY };
        assert_eq!(ids::<V>(stage.members(&filter).await), expected, "{filter:?}");
    }

    let found = async |level, typed: &str| {
        let filter = DepartmentFilter { level, search: Some(typed.to_owned()) };
        stage.departments(&filter).await.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    let units = |numbers: &[u64]| numbers.iter().map(|number| V::unit_id(*number)).collect::<Vec<_>>();
    assert_eq!(found(None, "组").await, units(&[21, 22]));
    assert_eq!(found(None, "it s").await, units(&[23]));
    assert_eq!(found(None, &V::unit_id(21).to_uppercase()).await, units(&[21]), "the whole id");
    assert_eq!(found(Some(TreeLevel::ChildrenOf(V::unit_id(2))), "移动").await, units(&[22]));
    assert_eq!(found(Some(TreeLevel::Roots), "移动").await, units(&[]));
}

async fn members_are_listed_by_role<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    for (id, roles) in [
        ("zhangsan", r#"{"roles":["admin","auditor"]}"#),
        ("lisi", r#"{"roles":["admin"]}"#),
        ("wangwu", r#"{"roles":["admin"],"suspended":true}"#),
        ("zhaoliu", r#"{"roles":["admins"]}"#),
        ("nobody", r#"{"roles":["admin"]}"#),
    ] {
        let mut puts = vec![Op::put(format!("directory/o/{}", V::id_key(id)), roles.to_owned())];
        for role in ["admin", "auditor", "admins"].into_iter().filter(|role| roles.contains(&format!("{role:?}"))) {
            puts.push(Op::put(format!("directory/a/{role}/{}", V::id_key(id)), String::new()));
        }
        let outcome = stage.storage.apply(stage.element.scope(), puts).await.unwrap();
        assert!(matches!(outcome, ApplyOutcome::Applied(_)));
    }
    let admins = || MemberFilter { role: Some("admin".to_owned()), ..EVERYBODY };
    let unit = |number, below| MemberFilter { department: Some(V::unit_id(number)), below, ..admins() };
    for (filter, expected) in [
        (admins(), &["lisi", "zhangsan"][..]),
        (MemberFilter { search: Some("四".to_owned()), ..admins() }, &["lisi"]),
        (unit(2, false), &["zhangsan"]),
        (unit(2, true), &["lisi", "zhangsan"]),
        (unit(21, false), &["lisi"]),
        (unit(3, true), &[]),
        (MemberFilter { role: Some("auditor".to_owned()), ..EVERYBODY }, &["zhangsan"]),
        (MemberFilter { role: Some("Admin".to_owned()), ..EVERYBODY }, &[]),
    ] {
        let found = stage.members(&filter).await;
        assert!(found.iter().all(|member| !member.roles.is_empty()));
        assert_eq!(ids::<V>(found), expected, "{filter:?}");
    }
}

async fn a_list_is_read_to_its_end_while_the_copy_changes<V: TestVendor>() {
    let stage = Setting::<V>::of(&Company::sized(90, 9)).start().await;
    stage.complete(&PLAIN).await;
    let filter = MemberFilter { department: Some(V::unit_id(ROOT)), below: true, ..EVERYBODY };
    let before: Vec<String> = ids::<V>(stage.members(&filter).await);
    let (mut found, mut cursors) = (Vec::new(), BTreeSet::new());
    let mut cursor: Option<String> = None;
    let mut changed = BTreeSet::new();
    loop {
        let page = stage.heard(stage.element.members(&filter, cursor.as_deref(), 20)).await.unwrap();
        assert!(page.members.iter().all(|member| is_present(member.status)));
        found.extend(ids::<V>(page.members));
        cursor = page.cursor;
        let Some(next) = &cursor else { break };
        assert!(cursors.insert(next.clone()), "a cursor comes twice");
        // The last that was read goes, one who is still to come changes, and one comes in front of all.
        let (last, later) = (found.last().unwrap().clone(), before[before.len() - cursors.len()].clone());
        stage.control.take_away(&last);
        stage.control.promote(&later, &format!("组长{}", cursors.len()));
        stage.control.add_person(&Person::new(&format!("aaa{}", cursors.len()), "新人", 2));
        changed.extend([last, later]);
        stage.complete(&PLAIN).await;
    }
    assert_eq!(found, before, "each once, in order");
    assert!(cursors.len() > 3 && changed.len() > 6);
    stage.assert_exact().await;
}
