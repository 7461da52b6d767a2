//! Roles that rules give: in the copy, in the feed and at sign-in, whatever moves.

use super::{
    super::{Company, PLANNING, step, sync_department, sync_on},
    *,
};
use crate::{api::client::WeComClient, fake};
use organisation_kit::{
    contract::{
        administration::{MemberRoles, RoleRule, RuleScope, RulesState},
        call::Budget,
        directory::{ChangeKind, MemberFilter, SyncStep},
    },
    directory::lookup,
    platform::Platform,
    vendor::Client as _,
};
use std::collections::BTreeMap;

fn everybody(role: &str) -> RoleRule {
    RoleRule { role: role.to_owned(), scope: RuleScope::Everybody }
}

fn department(role: &str, id: &str) -> RoleRule {
    RoleRule { role: role.to_owned(), scope: RuleScope::Department(id.to_owned()) }
}

fn tag(role: &str, id: &str) -> RoleRule {
    RoleRule { role: role.to_owned(), scope: RuleScope::Tag(id.to_owned()) }
}

fn try_set(fake: &FakePlatform, rules: &[RoleRule]) -> Result<RulesState, Failure> {
    let config = fake::config();
    let client = WeComClient::new(fake, &config);
    admin::set_role_rules(fake, &config.common, &|tag| client.tag_members(tag), rules, ACTOR)
}

fn set(fake: &FakePlatform, rules: &[RoleRule]) {
    let state = try_set(fake, rules).unwrap();
    assert_eq!((state.rules.as_slice(), state.spreading), (rules, false));
}

fn roles_of(fake: &FakePlatform, id: &str) -> MemberRoles {
    admin::member_roles_of(fake, &common(), id).unwrap()
}

/// What the copy says of everybody's roles, by id. Copy, feed, filter, sign-in and `member-roles-of` agree.
fn given(fake: &FakePlatform) -> BTreeMap<String, String> {
    assert_replays(fake);
    let copy = members(fake, &EVERYBODY);
    for member in &copy {
        let roles = roles_of(fake, &member.id);
        let mut shown = member.roles.clone();
        shown.sort();
        assert_eq!((roles.roles, roles.suspended), (shown, member.suspended_roles.clone()), "{}", member.id);
        let found = lookup::find(fake, &common(), &member.id).unwrap().unwrap();
        assert_eq!(found.roles, member.roles, "{}", member.id);
        for role in &member.roles {
            let filter = MemberFilter { role: Some(role.clone()), ..EVERYBODY };
            let holders = copy.iter().filter(|one| one.roles.contains(role)).cloned().collect::<Vec<_>>();
            assert_eq!(members(fake, &filter), holders, "{role}");
        }
    }
    let row = |member: organisation_kit::contract::directory::Member| {
        let mut roles = member.roles;
        roles.sort();
        (member.id, roles.join(","))
    };
    copy.into_iter().map(row).filter(|(_, roles)| !roles.is_empty()).collect()
}

fn expect(fake: &FakePlatform, expected: &[(&str, &str)], name: &str) {
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(id, roles)| ((*id).to_owned(), (*roles).to_owned())).collect();
    assert_eq!(given(fake), expected, "{name}");
}

#[test]
fn rules_give_roles_to_everybody_a_department_with_all_below_or_a_tag() {
    let (fake, company) = synced();
    company.borrow_mut().tags.insert("7".into(), (vec!["WANGWU".into(), "nobody".into()], vec![]));
    company.borrow_mut().tags.insert("8".into(), (vec![], vec![2]));
    let known = changes(&fake).len();
    set(&fake, &[everybody("all"), department("dev", "2"), department("team", "31"), tag("tagged", "7")]);
    expect(&fake, &[("ZhangSan", "all,dev,team"), ("lisi", "all,dev,team"), ("wangwu", "all,tagged")], "set");
    let said = changes(&fake);
    assert_eq!(said.len(), known + 3, "each member is one entry");
    assert!(said[known..].iter().all(|change| change.kind == ChangeKind::MemberRolesUpdated));
    let by_rule = roles_of(&fake, "lisi").by_rule;
    assert_eq!(by_rule.len(), 3);
    assert_eq!((by_rule[1].role.as_str(), &by_rule[1].scope), ("dev", &RuleScope::Department("2".into())));

    set(&fake, &[tag("dev", "8"), department("dev", "31"), department("none", "99")]);
    expect(&fake, &[("ZhangSan", "dev"), ("lisi", "dev")], "a tag of a department");
    assert_eq!(fake.keys("directory/p/tag/7/"), Vec::<String>::new(), "what no rule names is forgotten");
    set_roles(&fake, "lisi", &["own", "dev"]);
    expect(&fake, &[("ZhangSan", "dev"), ("lisi", "dev,own")], "assigned as well");
    set(&fake, &[]);
    expect(&fake, &[("lisi", "dev,own")], "assigned alone");
    assert_eq!(fake.keys("directory/p/"), Vec::<String>::new());
    assert_eq!(fake.keys("directory/o/").len(), 1);
    let actions: Vec<String> = trail(&fake).into_iter().map(|(action, ..)| action).collect();
    assert_eq!(actions, ["set-role-rules", "set-role-rules", "set-member-roles", "set-role-rules"]);
    let before = stored(&fake);
    set(&fake, &[]);
    assert_eq!((stored(&fake), fake.audit.borrow().len()), (before, 4), "what is so already is no change");
}

/// A name, what happens, and the roles of those who have any afterwards, but for wangwu.
type Step = (&'static str, fn(&mut Company), &'static [(&'static str, &'static str)]);

#[test]
fn whoever_moves_joins_leaves_or_returns_has_what_the_rules_give_at_once() {
    let (fake, company) = synced();
    set(&fake, &[everybody("all"), department("team", "31")]);
    set_roles(&fake, "lisi", &["own"]);
    let steps: [Step; 5] = [
        ("moves", |c| c.person("ZhangSan", "张三", &[2]).status = 1, &[("ZhangSan", "all"), ("lisi", "all,own,team")]),
        (
            "joins",
            |c| c.person("neu", "新人", &[31]).status = 1,
            &[("ZhangSan", "all"), ("lisi", "all,own,team"), ("neu", "all,team")],
        ),
        (
            "resigns",
            |c| c.members.get_mut("lisi").unwrap().status = 5,
            &[("ZhangSan", "all"), ("lisi", "own"), ("neu", "all,team")],
        ),
        (
            "returns",
            |c| c.members.get_mut("lisi").unwrap().status = 1,
            &[("ZhangSan", "all"), ("lisi", "all,team"), ("neu", "all,team")],
        ),
        ("leaves the range", |c| drop(c.members.remove("neu")), &[("ZhangSan", "all"), ("lisi", "all,team")]),
    ];
    for by_refresh in [false, true] {
        if by_refresh {
            company.replace(small());
            complete(&fake, APPROVING);
            set_roles(&fake, "lisi", &["own"]);
        }
        for (name, change, expected) in steps {
            change(&mut company.borrow_mut());
            match by_refresh {
                true => {
                    for id in ["zhangsan", "lisi", "neu"] {
                        let _ = sync_member(&fake, id);
                    }
                }
                false => drop(complete(&fake, PLAIN)),
            }
            let mut expected = expected.to_vec();
            expected.push(("wangwu", "all"));
            expect(&fake, &expected, name);
        }
        assert_eq!(roles_of(&fake, "lisi").suspended, ["own"], "a rule speaks of whoever is there");
    }
    retire(&fake, &["zhangsan"]);
    expect(&fake, &[("lisi", "all,team"), ("wangwu", "all")], "retired");
}

#[test]
fn who_is_below_a_department_that_moves_comes_and_goes_is_followed() {
    for by_refresh in [false, true] {
        let (fake, company) = synced();
        company.borrow_mut().department(40, 31, "小组");
        company.borrow_mut().department(50, 1, "市场");
        company.borrow_mut().person("tief", "深", &[40]);
        complete(&fake, PLAIN);
        // The department above all is hidden, and counts all the same.
        set(&fake, &[department("market", "50"), department("dev", "2"), department("top", "1")]);
        expect(&fake, &[("ZhangSan", "dev,top"), ("lisi", "dev,top"), ("tief", "dev,top")], "before");
        company.borrow_mut().department(31, 50, "平台组");
        if by_refresh {
            sync_department(&fake, "31").unwrap();
            // The roles come with the next sync; at sign-in they are those of the new place already.
            assert_replays(&fake);
            assert_eq!(lookup::find(&fake, &common(), "tief").unwrap().unwrap().roles, ["market", "top"]);
            assert!(admin::role_rules(&fake, &common()).unwrap().spreading);
        }
        complete(&fake, PLAIN);
        expect(&fake, &[("ZhangSan", "dev,market,top"), ("lisi", "market,top"), ("tief", "market,top")], "moved");
        company.borrow_mut().departments.remove(&50);
        complete(&fake, APPROVING);
        expect(
            &fake,
            &[("ZhangSan", "dev,market,top"), ("lisi", "market"), ("tief", "market")],
            "what is above is unknown",
        );
        company.borrow_mut().department(50, 2, "市场");
        complete(&fake, PLAIN);
        let all = "dev,market,top";
        expect(&fake, &[("ZhangSan", all), ("lisi", all), ("tief", all)], "back, elsewhere");
    }
}

#[test]
fn a_tag_is_followed_by_the_sync_and_no_reason_to_stop_it() {
    let (fake, company) = synced();
    company.borrow_mut().tags.insert("7".into(), (vec!["lisi".into()], vec![]));
    set(&fake, &[tag("tagged", "7")]);
    expect(&fake, &[("lisi", "tagged")], "set");
    company.borrow_mut().tags.insert("7".into(), (vec!["zhangsan".into()], vec![31]));
    complete(&fake, PLAIN);
    expect(&fake, &[("ZhangSan", "tagged"), ("lisi", "tagged")], "others");
    company.borrow_mut().tags.insert("7".into(), (vec!["wangwu".into()], vec![]));
    company.borrow_mut().refused.insert(("tag/get", "7".into()), 60020);
    let report = complete(&fake, PLAIN);
    assert!(report.notes.iter().any(|note| note.contains("tag 7")), "{:?}", report.notes);
    expect(&fake, &[("ZhangSan", "tagged"), ("lisi", "tagged")], "refused: as known");
    company.borrow_mut().refused.clear();
    company.borrow_mut().fault = Some(("tag/get", 45009));
    let SyncStep::Wait(_) = step(&fake, PLAIN).unwrap() else { panic!("no wait") };
    complete(&fake, PLAIN);
    expect(&fake, &[("wangwu", "tagged")], "asked again after a wait");
    company.borrow_mut().tags.clear();
    let report = complete(&fake, PLAIN);
    assert!(report.notes.iter().any(|note| note.contains("does not exist")), "{:?}", report.notes);
    expect(&fake, &[], "deleted");
    let refused = try_set(&fake, &[tag("x", "9")]).unwrap_err();
    assert_eq!(refused.reason, Reason::NotFound);
}

#[test]
fn an_unchanged_sync_under_rules_writes_nothing() {
    let (fake, company) = synced();
    company.borrow_mut().tags.insert("7".into(), (vec!["lisi".into()], vec![2]));
    set(&fake, &[everybody("all"), department("dev", "2"), tag("tagged", "7")]);
    complete(&fake, PLAIN);
    let copy = || -> Vec<_> { stored(&fake).into_iter().filter(|(key, _)| !key.starts_with("directory/h/")).collect() };
    let (before, said) = (copy(), changes(&fake).len());
    let synced_at = |rows: Vec<(String, Option<String>)>| -> Vec<_> {
        rows.into_iter().filter(|(key, _)| key != "directory/synced-at").collect()
    };
    complete(&fake, PLAIN);
    assert_eq!((synced_at(copy()), changes(&fake).len()), (synced_at(before), said));
    assert!(matches!(sync_on(&fake, PLANNING), Ok(SyncStep::Planned(plan)) if plan.members.updated == 0));
}

/// A copy of so many in two departments.
fn large(members: usize) -> (FakePlatform, super::super::company::Shared) {
    let mut company = small();
    for index in 0..members {
        company.person(&format!("m{index:04}"), "成员", &[if index % 2 == 0 { 2 } else { 31 }]);
    }
    let (fake, company) = platform(company);
    complete(&fake, PLAIN);
    (fake, company)
}

fn in_a_hurry(fake: &FakePlatform) {
    fake.set_budget(Budget { wall_ms: 4_000, ..fake.remaining() });
}

fn at_leisure(fake: &FakePlatform) {
    fake.set_budget(Budget { wall_ms: 60_000, ..fake.remaining() });
}

#[test]
fn rules_reach_a_large_copy_in_portions_by_whoever_calls() {
    let (fake, company) = large(500);
    in_a_hurry(&fake);
    let state = try_set(&fake, &[department("dev", "31")]).unwrap();
    assert!(state.spreading);
    assert_replays(&fake);
    // As the store has it: reading page by page of a few would take long.
    let count = |fake: &FakePlatform| {
        let roles = fake.keys("directory/o/").into_iter().map(|key| fake.value(&key).unwrap_or_default());
        roles.filter(|roles| roles.contains("\"dev\"")).count()
    };
    let first = count(&fake);
    assert!(first < 252, "{first}");
    assert_eq!(lookup::find(&fake, &common(), "m0499").unwrap().unwrap().roles, ["dev"], "sign-ins do not wait");
    assert_eq!(roles_of(&fake, "m0499").roles, ["dev"]);

    // The same call again goes on.
    in_a_hurry(&fake);
    assert!(try_set(&fake, &[department("dev", "31")]).unwrap().spreading);
    assert_eq!(fake.audit.borrow().len(), 1);
    assert!(count(&fake) > first);

    // Others in between: a move begins it anew, other rules replace it.
    company.borrow_mut().department(31, 1, "平台组");
    at_leisure(&fake);
    sync_department(&fake, "31").unwrap();
    in_a_hurry(&fake);
    try_set(&fake, &[department("dev", "31"), department("lab", "2")]).unwrap();
    assert_replays(&fake);

    at_leisure(&fake);
    complete(&fake, PLAIN);
    assert!(!admin::role_rules(&fake, &common()).unwrap().spreading, "a sync carries it on");
    assert_eq!(count(&fake), 252);
    assert_eq!(roles_of(&fake, "m0000").roles, ["lab"]);
    assert_replays(&fake);
    try_set(&fake, &[]).unwrap();
    assert_eq!(count(&fake), 0);
    assert_replays(&fake);
}

#[test]
fn a_call_that_is_killed_anywhere_leaves_copy_and_feed_alike() {
    use crate::fake::Touch;
    use organisation_kit::contract::storage::StorageError;
    use std::{cell::Cell, rc::Rc};
    for after in [false, true] {
        for touch in 0.. {
            let (fake, company) = synced();
            company.borrow_mut().tags.insert("7".into(), (vec!["wangwu".into()], vec![]));
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
            let rules = [everybody("all"), department("team", "31"), tag("tagged", "7")];
            let killed = try_set(&fake, &rules);
            fake.clear_hooks();
            assert_replays(&fake);
            set(&fake, &rules);
            expect(
                &fake,
                &[("ZhangSan", "all,team"), ("lisi", "all,team"), ("wangwu", "all,tagged")],
                &format!("killed at {touch}"),
            );
            if killed.is_ok() {
                assert!(touch > 8, "{touch}");
                break;
            }
        }
    }
}

#[test]
fn what_a_rule_gave_does_not_come_back_after_a_reset() {
    for (stays, expected) in [(false, 0), (true, 3)] {
        let (fake, _) = synced();
        set(&fake, &[everybody("all")]);
        super::super::sync::reset::reset(&fake, &common()).unwrap();
        if !stays {
            set(&fake, &[]);
        }
        complete(&fake, PLAIN);
        let copy = members(&fake, &EVERYBODY);
        assert_eq!(copy.iter().filter(|member| member.roles == ["all"]).count(), expected);
        assert_eq!(fake.keys("directory/o/").len(), expected);
    }
}

#[test]
fn rules_are_few_and_sound() {
    let (fake, _) = synced();
    let many = vec![everybody("a"); 201];
    for rules in [&many[..], &[everybody("")], &[department("a", "")], &[tag("a", "x\n")], &[everybody("a\u{7}")]] {
        let refused = try_set(&fake, rules).unwrap_err();
        assert!(matches!(refused.reason, Reason::InvalidArgument(_)), "{refused:?}");
    }
    assert!(fake.audit.borrow().is_empty());
    assert_eq!(fake.count("tag/get"), 0);
}

#[test]
fn an_erased_member_is_no_longer_named_by_a_tag() {
    let (fake, company) = synced();
    company.borrow_mut().tags.insert("7/x".into(), (vec!["lisi".into(), "wangwu".into()], vec![]));
    set(&fake, &[tag("tagged", "7/x")]);
    retire(&fake, &["lisi"]);
    admin::erase_member(&fake, &common(), "lisi", ACTOR).unwrap();
    assert_eq!(fake.keys("directory/p/tag/"), ["directory/p/tag/7%2Fx/m/wangwu"]);
}

#[test]
fn as_many_rules_as_there_may_be_are_written_down_whole() {
    let (fake, _) = synced();
    let rules = |letter: &str| -> Vec<RoleRule> {
        (0..200).map(|n| department(&format!("{n:03}{}", letter.repeat(125)), &letter.repeat(128))).collect()
    };
    let (quotes, others) = (rules("\""), rules("\\"));
    set(&fake, &quotes);
    set(&fake, &others);
    let trail = trail(&fake);
    let read =
        |text: &Option<String>| -> Vec<serde_json::Value> { serde_json::from_str(text.as_deref().unwrap()).unwrap() };
    let [first, second] = [&trail[..4], &trail[4..]].map(|entries| {
        let before: usize = entries.iter().map(|(_, _, before, _)| read(before).len()).sum();
        let after: Vec<serde_json::Value> = entries.iter().flat_map(|(_, _, _, after)| read(after)).collect();
        (before, after)
    });
    let json = |rules: &[RoleRule]| -> Vec<serde_json::Value> {
        let scope = |rule: &RoleRule| match &rule.scope {
            RuleScope::Department(id) => serde_json::json!({ "department": id }),
            other => panic!("{other:?}"),
        };
        rules.iter().map(|rule| serde_json::json!({ "role": rule.role, "scope": scope(rule) })).collect()
    };
    assert!((first, second) == ((0, json(&quotes)), (200, json(&others))), "{} entries", trail.len());
}

#[test]
fn a_tag_that_cannot_be_asked_about_stops_no_sync_that_is_written() {
    let (fake, company) = synced();
    company.borrow_mut().tags.insert("7".into(), (vec!["zhangsan".into()], vec![]));
    company.borrow_mut().tags.insert("8".into(), (vec!["lisi".into()], vec![]));
    set(&fake, &[tag("seven", "7"), tag("eight", "8")]);
    company.borrow_mut().tags.insert("8".into(), (vec!["wangwu".into()], vec![]));
    for code in [-1, 45009] {
        company.borrow_mut().refused.insert(("tag/get", "7".into()), code);
        let report = complete(&fake, PLAIN);
        assert!(report.notes.iter().any(|note| note.contains("tag 7")), "{code}: {:?}", report.notes);
        expect(&fake, &[("ZhangSan", "seven"), ("wangwu", "eight")], "as known, and the other one is asked");
    }
}

#[test]
fn tags_of_rules_that_were_not_written_are_forgotten() {
    let (fake, company) = synced();
    for tag in ["7", "8"] {
        company.borrow_mut().tags.insert(tag.into(), (vec!["lisi".into()], vec![31]));
    }
    // One of two does not exist: nothing is kept of the other one.
    assert_eq!(try_set(&fake, &[tag("a", "7"), tag("b", "9")]).unwrap_err().reason, Reason::NotFound);
    assert_eq!(fake.keys("directory/p/"), Vec::<String>::new());
    // The call dies between the tag and the rules.
    fake.before_storage(|_, touch| match touch.puts("directory/p/rules") {
        true => Err(organisation_kit::contract::storage::StorageError::Unavailable(false)),
        false => Ok(()),
    });
    try_set(&fake, &[tag("a", "7")]).unwrap_err();
    fake.clear_hooks();
    assert_ne!(fake.keys("directory/p/tag/7/"), Vec::<String>::new());
    set(&fake, &[tag("b", "8")]);
    assert_eq!(fake.keys("directory/p/tag/7/"), Vec::<String>::new());
    expect(&fake, &[("ZhangSan", "b"), ("lisi", "b")], "the other tag is as it was");
    complete(&fake, PLAIN);
    expect(&fake, &[("ZhangSan", "b"), ("lisi", "b")], "after a sync as well");
}

#[test]
fn a_call_without_time_for_the_tags_changes_nothing() {
    let (fake, company) = synced();
    company.borrow_mut().tags.insert("7".into(), (vec!["lisi".into()], vec![]));
    let before = stored(&fake);
    in_a_hurry(&fake);
    assert_eq!(try_set(&fake, &[tag("a", "7")]).unwrap_err().reason, Reason::BudgetExhausted);
    assert_eq!((stored(&fake), fake.audit.borrow().len()), (before, 0));
}
