//! Lists against a model that filters the whole copy, on pages of every size; and what a page may cost.

use std::collections::BTreeSet;

use super::*;
use crate::{
    contract::{
        administration::RuleScope,
        directory::{ChangeKind, DepartmentFilter, MemberFilter, MemberStatus, Strategy},
        types::Reason,
    },
    directory::{
        batch::Batch,
        department::Department,
        id::IdRule,
        member::{Member, Membership},
        read, spreading,
    },
    fake::{FakePlatform, Touch},
    locale::Locale,
};

const EVERYWHERE: DepartmentFilter = DepartmentFilter { level: None, search: None };
const EVERYBODY: MemberFilter = MemberFilter { department: None, below: false, status: None, search: None, role: None };

fn common() -> Common {
    Common {
        organisation: "acme".into(),
        application: String::new(),
        basis: String::new(),
        ids: IdRule::IgnoreCase,
        locale: Locale::Both,
        redirect_uri: None,
        trusted_domain: None,
        homepage: Default::default(),
        strategy: Strategy::Automatic,
        guard: Default::default(),
        departed_days: None,
        fields: None,
    }
}

fn apply(fake: &FakePlatform, batch: Batch) {
    store::apply(fake, &batch.into_ops()).unwrap().unwrap();
}

fn department(id: &str, parent: Option<&str>) -> Department {
    Department {
        id: id.into(),
        name: format!("部门{id}"),
        parent_id: parent.map(str::to_owned),
        ..Department::default()
    }
}

fn store_departments(fake: &FakePlatform, departments: impl IntoIterator<Item = Department>) {
    let mut batch = Batch::begin(fake, &common()).unwrap();
    for department in departments {
        if batch.is_full() {
            apply(fake, batch);
            batch = Batch::begin(fake, &common()).unwrap();
        }
        let record = DepartmentRecord { read_at: 1, department };
        batch.department(fake, None, &record, ChangeKind::DepartmentAdded).unwrap();
    }
    apply(fake, batch);
}

fn member(id: &str, presence: MemberStatus, departments: &[&str]) -> MemberRecord {
    let place = |id: &&str| Membership { id: (*id).to_owned(), leader: false, order: 0 };
    let departments = departments.iter().map(place).collect();
    let member = Member { departments, name: format!("成员{id}"), ..Member::new(id.into(), MemberStatus::Active) };
    MemberRecord { read_at: 1, ordinal: 0, presence, left_at: 0, member }
}

fn store_members(fake: &FakePlatform, members: &[MemberRecord]) {
    for members in members.chunks(100) {
        let mut batch = Batch::begin(fake, &common()).unwrap();
        members.iter().for_each(|member| batch.member(fake, None, member, ChangeKind::MemberAdded).unwrap());
        apply(fake, batch);
    }
}

fn give_role(fake: &FakePlatform, id: &str, role: &str, suspended: bool) {
    let roles = Roles { roles: vec!["other".into(), role.into()], suspended, ..Roles::default() };
    store::apply(fake, &roles.ops(IdRule::IgnoreCase, id, &Roles::default())).unwrap().unwrap();
}

/// All pages. No cursor may come twice, and none but the last page may lack one.
fn pages<T>(mut page: impl FnMut(Option<&str>) -> (Vec<T>, Option<String>)) -> Vec<T> {
    let (mut all, mut cursors) = (Vec::new(), BTreeSet::new());
    let mut cursor: Option<String> = None;
    loop {
        let (found, next) = page(cursor.as_deref());
        all.extend(found);
        let Some(next) = next else { return all };
        assert!(cursors.last().is_none_or(|last| *last < next), "{next:?} is behind {cursors:?}");
        cursors.insert(next.clone());
        cursor = Some(next);
    }
}

fn listed_departments(fake: &FakePlatform, filter: &DepartmentFilter, limit: u32) -> Vec<String> {
    let found = pages(|cursor| {
        let page = departments(fake, &common(), filter, cursor, limit).unwrap();
        assert!(page.departments.len() <= limit.clamp(1, 200) as usize);
        (page.departments, page.cursor)
    });
    found.into_iter().map(|department| department.id).collect()
}

fn listed_members(fake: &FakePlatform, filter: &MemberFilter, limit: u32) -> Vec<String> {
    let found = pages(|cursor| {
        let page = members(fake, &common(), filter, cursor, limit).unwrap();
        assert!(page.members.len() <= limit.clamp(1, 200) as usize);
        (page.members, page.cursor)
    });
    found.into_iter().map(|member| member.id).collect()
}

/// The vendor hides 1 and 9: 2 and 3 hang below 1, 91 below 9. 7 and 8 go in a circle, 5 is a root of its own.
fn forest() -> FakePlatform {
    let fake = FakePlatform::new();
    let places = [
        ("2", Some("1")),
        ("21", Some("2")),
        ("211", Some("21")),
        ("3", Some("1")),
        ("5", None),
        ("51", Some("5")),
        ("7", Some("8")),
        ("8", Some("7")),
        ("91", Some("9")),
    ];
    store_departments(&fake, places.map(|(id, parent)| department(id, parent)));
    fake
}

#[test]
fn a_tree_is_read_level_by_level() {
    let fake = forest();
    for (level, expected) in [
        (None, &["2", "21", "211", "3", "5", "51", "7", "8", "91"][..]),
        (Some(TreeLevel::Roots), &["2", "3", "5", "91"]),
        (Some(TreeLevel::ChildrenOf("1".into())), &["2", "3"]),
        (Some(TreeLevel::ChildrenOf("2".into())), &["21"]),
        (Some(TreeLevel::ChildrenOf("9".into())), &["91"]),
        (Some(TreeLevel::ChildrenOf("211".into())), &[]),
        (Some(TreeLevel::ChildrenOf("nowhere".into())), &[]),
        (Some(TreeLevel::ChildrenOf("\u{0}".into())), &[]),
    ] {
        let filter = DepartmentFilter { level, ..EVERYWHERE };
        for limit in [0, 1, 2, 3, 200, u32::MAX] {
            assert_eq!(listed_departments(&fake, &filter, limit), expected, "{filter:?}, {limit}");
        }
    }
    let search = |level, text: &str| DepartmentFilter { level, search: Some(text.into()) };
    for (filter, expected) in [
        (search(None, "部门2"), &["2", "21", "211"][..]),
        (search(Some(TreeLevel::Roots), "部门２"), &["2"]),
        (search(Some(TreeLevel::ChildrenOf("2".into())), "部门5"), &[]),
        (search(None, "51"), &["51"]),
    ] {
        assert_eq!(listed_departments(&fake, &filter, 2), expected, "{filter:?}");
    }
}

#[test]
fn members_of_every_filter_are_those_of_a_model() {
    let fake = forest();
    let ids = ["2", "21", "211", "3", "5", "51", "7", "8", "91"];
    let statuses = [MemberStatus::Active, MemberStatus::Disabled, MemberStatus::Active, MemberStatus::LeftRange];
    let records: Vec<MemberRecord> = (0..150)
        .map(|n: usize| {
            let id = format!("{}{n:03}", if n.is_multiple_of(2) { "M" } else { "m" });
            let places: BTreeSet<&str> = (0..n % 4).map(|place| ids[(n * 7 + place * 5) % ids.len()]).collect();
            member(&id, statuses[n % 4], &places.into_iter().collect::<Vec<_>>())
        })
        .collect();
    store_members(&fake, &records);
    for (n, record) in records.iter().enumerate().filter(|(n, _)| n % 3 == 0) {
        give_role(&fake, &record.member.id, "admin", n % 9 == 0);
    }
    give_role(&fake, "somebody else", "admin", false);
    // What stands below what, written down by hand.
    let below = |top: &str| -> &[&str] {
        match top {
            "1" => &["2", "21", "211", "3"],
            "2" => &["2", "21", "211"],
            "21" => &["21", "211"],
            "5" => &["5", "51"],
            "7" => &["7", "8"],
            "9" => &["91"],
            _ => &[],
        }
    };
    let mut found_some = 0;
    for place in [None, Some("1"), Some("2"), Some("21"), Some("5"), Some("7"), Some("9"), Some("none"), Some("")] {
        for (is_below, status, text, role) in [
            (false, None, None, None),
            (true, None, None, None),
            (true, Some(MemberStatus::Disabled), None, None),
            (true, None, Some("M０1"), None),
            (false, None, Some("成员m1"), None),
            (true, None, None, Some("admin")),
            (false, None, None, Some("admin")),
            (true, Some(MemberStatus::Active), Some("0"), Some("admin")),
            (false, Some(MemberStatus::LeftRange), None, None),
            (false, None, None, Some("adm")),
            (false, None, None, Some("adm\u{0}")),
        ] {
            let filter = MemberFilter {
                department: place.map(str::to_owned),
                below: is_below,
                status,
                search: text.map(str::to_owned),
                role: role.map(str::to_owned),
            };
            let meant = |(n, record): &(usize, &MemberRecord)| {
                let is_at = |top: &str| {
                    record
                        .member
                        .departments
                        .iter()
                        .any(|one| if is_below { below(top).contains(&&*one.id) } else { one.id == top })
                };
                place.is_none_or(|top| is_at(top) && is_present(record.presence))
                    && status.is_none_or(|status| record.presence == status)
                    && text.is_none_or(|text| Search::new(text).finds_member(&record.member))
                    && role.is_none_or(|role| role == "admin" && n % 3 == 0 && n % 9 != 0)
            };
            let expected: Vec<&str> =
                records.iter().enumerate().filter(meant).map(|(_, record)| &*record.member.id).collect();
            found_some += usize::from(!expected.is_empty());
            for limit in [1, 7, 200] {
                assert_eq!(listed_members(&fake, &filter, limit), expected, "{filter:?}, {limit}");
            }
        }
    }
    assert!(found_some > 30, "{found_some}");
}

#[test]
fn a_page_looks_at_so_many_records_and_no_more() {
    let fake = FakePlatform::new();
    let number = 2 * LOOKED_AT + 1_500;
    store_departments(&fake, (0..number).map(|number| department(&format!("{number:06}"), Some("000000"))));
    let last = format!("{:06}", number - 1);
    for filter in [
        DepartmentFilter { search: Some(last.clone()), ..EVERYWHERE },
        DepartmentFilter { level: Some(TreeLevel::ChildrenOf("nowhere".into())), ..EVERYWHERE },
    ] {
        let mut sizes = Vec::new();
        let found = pages(|cursor| {
            let page = departments(&fake, &common(), &filter, cursor, 1).unwrap();
            sizes.push(page.departments.len());
            (page.departments, page.cursor)
        });
        assert_eq!(found.len(), usize::from(filter.level.is_none()));
        assert_eq!(sizes.len(), 3, "two pages that look at enough, and the rest: {sizes:?}");
    }
}

/// Brings to all what rules give, or puts roles into their index.
fn spread(fake: &FakePlatform) {
    while !spreading::portion(fake, &common()).unwrap() {}
}

fn set_rules(fake: &FakePlatform, roles: &[&str]) {
    let rule = |role: &&str| RoleRule { role: (*role).to_owned(), scope: RuleScope::Everybody };
    let mut batch = Batch::begin(fake, &common()).unwrap();
    batch.push(store::put(key::RULES, &roles.iter().map(rule).collect::<Vec<_>>()));
    batch.spread();
    apply(fake, batch);
}

/// Who has a role, and how many rows were read for it.
fn holders(fake: &FakePlatform, role: &str) -> (usize, usize) {
    fake.rows_read.set(0);
    let holders = listed_members(fake, &MemberFilter { role: Some(role.into()), ..EVERYBODY }, 200);
    (holders.len(), fake.rows_read.get())
}

#[test]
fn a_role_that_no_rule_gives_is_found_without_a_look_at_others() {
    let fake = FakePlatform::new();
    let records: Vec<_> = (0..3_000).map(|n| member(&format!("m{n:04}"), MemberStatus::Active, &["2"])).collect();
    set_rules(&fake, &["all", "both"]);
    spread(&fake);
    store_members(&fake, &records);
    for record in records.iter().step_by(250) {
        let stored = roles::read(&fake, IdRule::IgnoreCase, &record.member.id).unwrap().unwrap();
        let given = Roles { roles: vec!["a/b".into(), "both".into()], ..stored.clone() };
        let mut batch = Batch::begin(&fake, &common()).unwrap();
        batch.roles(record, &stored, &given);
        apply(&fake, batch);
    }
    let few = (12, 3 * 12 + 3);
    let all = (3_000, 3 * 3_000);
    let is_about =
        |found: (usize, usize), (count, rows): (usize, usize)| found.0 == count && found.1.abs_diff(rows) < 100;
    assert_eq!(holders(&fake, "a/b"), few, "head, rules and what is left of them; the index, members and roles");
    assert_eq!(holders(&fake, "a").0, 0);
    for role in ["all", "both"] {
        assert!(is_about(holders(&fake, role), all), "{role}: {:?}", holders(&fake, role));
    }

    // While it goes from one member after another, whoever has it still is found.
    set_rules(&fake, &["all"]);
    assert_eq!(holders(&fake, "both").0, 3_000);
    spread(&fake);
    assert_eq!((holders(&fake, "both"), holders(&fake, "a/b")), (few, few));

    // As a version without the index left it.
    let index: Vec<_> = fake.keys(key::ALL_ASSIGNED).into_iter().map(store::delete).collect();
    let old = Head { roles_indexed: false, ..head::read(&fake).unwrap().unwrap().value };
    store::apply(&fake, &[&index[..], &[store::put(key::HEAD, &old)]].concat()).unwrap().unwrap();
    assert!(is_about(holders(&fake, "a/b"), (12, 3_000)), "{:?}", holders(&fake, "a/b"));
    spread(&fake);
    assert_eq!((holders(&fake, "both"), holders(&fake, "a/b")), (few, few));
    assert_eq!(fake.keys(key::SPREADING), Vec::<String>::new());
}

#[test]
fn changes_between_pages_tear_nothing_that_stays() {
    let fake = forest();
    let ids: Vec<String> = (0..60).map(|n| format!("m{n:02}")).collect();
    let records: Vec<MemberRecord> = ids.iter().map(|id| member(id, MemberStatus::Active, &["211", "3"])).collect();
    store_members(&fake, &records);
    let filter = MemberFilter { department: Some("2".into()), below: true, ..EVERYBODY };
    let mut number = 0;
    let found = pages(|cursor| {
        let page = members(&fake, &common(), &filter, cursor, 7).unwrap();
        // The member at which the page ends leaves, one in front of it comes.
        if let Some(last) = page.members.last() {
            let record = records.iter().find(|record| record.member.id == last.id).unwrap();
            let gone = MemberRecord { presence: MemberStatus::LeftRange, ..record.clone() };
            let mut batch = Batch::begin(&fake, &common()).unwrap();
            batch.member(&fake, Some(record), &gone, ChangeKind::MemberLeftRange).unwrap();
            apply(&fake, batch);
            store_members(&fake, &[member(&format!("a{number}"), MemberStatus::Active, &["21"])]);
            number += 1;
        }
        (page.members, page.cursor)
    });
    assert_eq!(found.into_iter().map(|member| member.id).collect::<Vec<_>>(), ids);
}

#[test]
fn a_member_who_moves_while_a_department_is_read_is_not_listed_in_it() {
    for (name, presence, departments, is_listed) in [
        ("gets another title", MemberStatus::Active, &["3", "2"][..], true),
        ("moves", MemberStatus::Active, &["211"], false),
        ("leaves the range", MemberStatus::LeftRange, &["2"], false),
    ] {
        let fake = forest();
        let old = member("anna", MemberStatus::Active, &["2"]);
        store_members(&fake, std::slice::from_ref(&old));
        let new = member("anna", presence, departments);
        // Another call writes between the reading of the index and that of the records.
        fake.after_storage(move |fake, touch| {
            if matches!(touch, Touch::Scan(_)) {
                let mut batch = Batch::begin(fake, &common()).unwrap();
                batch.member(fake, Some(&old), &new, ChangeKind::MemberUpdated).unwrap();
                apply(fake, batch);
            }
            Ok(())
        });
        let filter = MemberFilter { department: Some("2".into()), ..EVERYBODY };
        let page = members(&fake, &common(), &filter, None, 10).unwrap();
        assert_eq!(page.members.len(), usize::from(is_listed), "{name}");
    }
}

#[test]
fn many_members_are_looked_up_in_the_order_asked() {
    let fake = forest();
    let records = [member("Anna", MemberStatus::Active, &["2"]), member("ben", MemberStatus::LeftRange, &["2"])];
    store_members(&fake, &records);
    give_role(&fake, "anna", "admin", false);
    let find = |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        read::find_members(&fake, &common(), &ids)
    };
    let found = find(&["nobody", "ben", "", "ANNA", "a\u{0}", "anna", &"x".repeat(200)]).unwrap();
    let shown: Vec<Option<(&str, MemberStatus, usize)>> = found
        .iter()
        .map(|member| member.as_ref().map(|member| (&*member.id, member.status, member.roles.len())))
        .collect();
    let (anna, ben) = (Some(("Anna", MemberStatus::Active, 2)), Some(("ben", MemberStatus::LeftRange, 0)));
    assert_eq!(shown, [None, ben, None, anna, None, anna, None]);
    assert_eq!(find(&[]).unwrap(), []);
    assert_eq!(find(&["ben"; 200]).unwrap().len(), 200);
    let refused = find(&["ben"; 201]).unwrap_err();
    assert!(matches!(&refused.reason, Reason::InvalidArgument(problem) if problem.path == "ids"), "{refused:?}");
    assert!(refused.message.en.contains("at most 200 ids") && refused.message.zh.contains("200"), "{refused:?}");
}

#[test]
fn a_cursor_that_no_page_answered_is_refused() {
    let fake = forest();
    for cursor in ["", "x", "2"] {
        let refused = [
            departments(&fake, &common(), &EVERYWHERE, Some(cursor), 1).unwrap_err(),
            members(&fake, &common(), &EVERYBODY, Some(cursor), 1).unwrap_err(),
        ];
        for refused in refused {
            assert!(
                matches!(&refused.reason, Reason::InvalidArgument(problem) if problem.path == "cursor"),
                "{refused:?}"
            );
        }
    }
}
