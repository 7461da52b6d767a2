//! What the platform decides about members: it outlives syncs, counts at sign-in, stands in the feed, and is erased whole.

use std::time::Duration;

use organisation_host::{
    AuditEntry,
    contract::{
        administration::{IdOutcome, MemberRoles, RoleRule, RuleScope, RuledRole, RulesState},
        directory::{Change, ChangeKind, Changed, MemberFilter, MemberStatus},
        login::{Entry, Identity},
        types::Reason,
    },
};
use serde_json::json;
use system_tests::{
    Copy, Setting, Stage, TestVendor,
    company::{Company, Person, Unit},
    copy::EVERYBODY,
    sign_in::entering,
    stage::LEASES_OVER,
    sync::{APPROVING, PLAIN},
};
use wecom_simulator::{
    Control, DEMO_AGENT_ID,
    corp::{App, Grant, Member, Resignation},
};

use crate::sign_in::member;

for_each_vendor! {
    assigned_roles_count_at_sign_in_and_are_told_by_the_feed,
    rules_follow_members_and_departments,
    who_is_retired_stays_so_until_reinstated,
    an_administrator_goes_only_when_that_is_approved,
    nothing_is_left_of_whom_an_administrator_erases,
    who_left_long_ago_is_erased_where_that_is_configured,
    every_decision_stands_in_a_trail_that_the_component_does_not_reach,
}

/// Who decides. Found nowhere else.
const ACTOR: &str = "王经理 of personnel";

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

fn rule(role: &str, scope: RuleScope) -> RoleRule {
    RoleRule { role: role.to_owned(), scope }
}

async fn set<V: TestVendor>(stage: &Stage<V>, id: &str, roles: &[&str]) -> MemberRoles {
    stage.heard(stage.element.set_member_roles(id, &texts(roles), ACTOR)).await.unwrap()
}

async fn roles_of<V: TestVendor>(stage: &Stage<V>, id: &str) -> MemberRoles {
    stage.heard(stage.element.member_roles_of(id)).await.unwrap()
}

/// Roles that count, wherever somebody asks for them.
async fn assert_roles<V: TestVendor>(stage: &Stage<V>, id: &str, expected: &[&str]) {
    let expected = texts(expected);
    assert_eq!(roles_of(stage, id).await.roles, expected, "{id}");
    assert_eq!(stage.heard(stage.element.find_member(id)).await.unwrap().roles, expected, "{id} in the copy");
    assert_eq!(signed_in(stage, id).await.roles, expected, "{id} at sign-in");
}

async fn signed_in<V: TestVendor>(stage: &Stage<V>, id: &str) -> Identity {
    let arrival = stage.arrive_from(&entering(Entry::Browser), id).await;
    member(stage.exchange(&arrival).await.unwrap())
}

/// The feed after its first entries, and that all of it gives the copy.
async fn since<V: TestVendor>(stage: &Stage<V>, known: usize) -> Vec<(ChangeKind, String)> {
    let mut changes = stage.changes().await;
    assert_eq!(Copy::replayed(&changes), stage.copy().await, "the feed gives the copy");
    changes.split_off(known).into_iter().map(|Change { kind, id, .. }| (kind, id)).collect()
}

async fn trail<V: TestVendor>(stage: &Stage<V>) -> Vec<AuditEntry> {
    let (mut trail, mut after): (Vec<AuditEntry>, Option<String>) = (Vec::new(), None);
    loop {
        let page = stage.element.audit(after.as_deref(), 3).await.unwrap();
        trail.extend(page.entries);
        after = trail.last().map(|entry| entry.cursor.clone());
        if !page.more {
            return trail;
        }
    }
}

async fn assigned_roles_count_at_sign_in_and_are_told_by_the_feed<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    let unknown = stage.heard(stage.element.set_member_roles("lisi", &texts(&["a"]), ACTOR)).await.unwrap_err();
    assert_eq!(unknown.reason, Reason::NotFound, "before the first sync");
    stage.complete(&PLAIN).await;
    let known = stage.changes().await.len();

    assert_eq!(set(&stage, "lisi", &["lead", "采购", "lead"]).await.roles, texts(&["lead", "采购"]));
    assert_roles(&stage, "lisi", &["lead", "采购"]).await;
    assert_roles(&stage, "wangwu", &[]).await;
    let holders = stage.members(&MemberFilter { role: Some("采购".to_owned()), ..EVERYBODY }).await;
    assert_eq!(holders.iter().map(|member| &*member.id).collect::<Vec<_>>(), ["lisi"]);
    set(&stage, "lisi", &["采购", "lead"]).await;
    set(&stage, "lisi", &["lead"]).await;
    let updated = || (ChangeKind::MemberRolesUpdated, "lisi".to_owned());
    assert_eq!(since(&stage, known).await, [updated(), updated()], "the same roles once more are no change");

    // They are the platform's: neither syncs nor the vendor change them.
    stage.control.promote("lisi", "总监");
    stage.advance(Duration::from_secs(60));
    stage.complete(&PLAIN).await;
    stage.heard(stage.element.sync_member("lisi")).await.unwrap();
    assert_roles(&stage, "lisi", &["lead"]).await;
    // Who comes back within a month has them as before.
    stage.control.take_away("lisi");
    stage.complete(&PLAIN).await;
    stage.advance(Duration::from_secs(86_400));
    stage.control.add_person(&Person::new("lisi", "李四", 21));
    stage.complete(&PLAIN).await;
    assert_roles(&stage, "lisi", &["lead"]).await;
    set(&stage, "lisi", &[]).await;
    assert_roles(&stage, "lisi", &[]).await;
    since(&stage, known).await;

    for (roles, actor, name) in [
        (texts(&["a"]), "", "nobody decides"),
        (texts(&[""]), ACTOR, "an empty name"),
        (texts(&["a\nb"]), ACTOR, "a control character"),
        ((0..65).map(|number| format!("r{number}")).collect(), ACTOR, "too many"),
    ] {
        let refused = stage.heard(stage.element.set_member_roles("lisi", &roles, actor)).await.unwrap_err();
        assert!(matches!(refused.reason, Reason::InvalidArgument(_)), "{name}: {refused:?}");
    }
}

async fn rules_follow_members_and_departments<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    let (research, everybody) = (RuleScope::Department(V::unit_id(2)), RuleScope::Everybody);
    let rules = vec![rule("staff", everybody), rule("rd", research.clone())];
    let mut state = stage.heard(stage.element.set_role_rules(&rules, ACTOR)).await.unwrap();
    while state.spreading {
        state = stage.heard(stage.element.set_role_rules(&rules, ACTOR)).await.unwrap();
    }
    assert_eq!(stage.heard(stage.element.role_rules()).await.unwrap(), RulesState { rules, spreading: false });
    set(&stage, "lisi", &["lead"]).await;
    for (id, expected) in [
        ("zhangsan", &["rd", "staff"][..]),
        ("lisi", &["lead", "rd", "staff"]),
        ("feng.yi", &["staff"]),
        ("weisi", &["staff"]),
    ] {
        assert_roles(&stage, id, expected).await;
    }
    let by_rule = roles_of(&stage, "lisi").await.by_rule;
    assert!(by_rule.contains(&RuledRole { role: "rd".to_owned(), scope: research }), "{by_rule:?}");

    // What is assigned is told apart, also where a rule gives the same.
    set(&stage, "lisi", &["staff", "lead"]).await;
    for (id, assigned) in [("lisi", &["lead", "staff"][..]), ("weisi", &[])] {
        let roles = roles_of(&stage, id).await;
        assert_eq!(roles.assigned, texts(assigned), "{id}: {roles:?}");
        assert!(roles.by_rule.iter().any(|ruled| ruled.role == "staff"), "{id}: {roles:?}");
    }
    set(&stage, "lisi", &["lead"]).await;

    // They follow whoever comes and moves, and whatever is moved below another.
    stage.control.add_person(&Person::new("Neu", "新人", 22));
    stage.control.move_person("feng.yi", 21);
    stage.control.move_person("sunqi", 3);
    stage.control.add_unit(&Unit::new(31, "品牌组", 3));
    stage.control.add_person(&Person::new("pinpai", "品牌", 31));
    stage.complete(&PLAIN).await;
    for (id, expected) in
        [("Neu", &["rd", "staff"][..]), ("feng.yi", &["rd", "staff"]), ("sunqi", &["staff"]), ("pinpai", &["staff"])]
    {
        assert_roles(&stage, id, expected).await;
    }
    stage.control.move_unit(31, 2);
    stage.complete(&PLAIN).await;
    assert_roles(&stage, "pinpai", &["rd", "staff"]).await;
    since(&stage, 0).await;

    let known = stage.changes().await.len();
    let mut state = stage.heard(stage.element.set_role_rules(&[], ACTOR)).await.unwrap();
    while state.spreading {
        state = stage.heard(stage.element.set_role_rules(&[], ACTOR)).await.unwrap();
    }
    assert_roles(&stage, "lisi", &["lead"]).await;
    assert_roles(&stage, "pinpai", &[]).await;
    let told = since(&stage, known).await;
    assert_eq!(told.len(), 14, "each member once: {told:?}");
    assert!(told.iter().all(|(kind, _)| *kind == ChangeKind::MemberRolesUpdated), "{told:?}");
}

async fn who_is_retired_stays_so_until_reinstated<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    set(&stage, "lisi", &["lead"]).await;
    let rules = [rule("staff", RuleScope::Everybody)];
    stage.heard(stage.element.set_role_rules(&rules, ACTOR)).await.unwrap();
    let outcomes = stage.heard(stage.element.retire_members(&texts(&["lisi", "nobody"]), ACTOR)).await.unwrap();
    let [IdOutcome { problem: None, .. }, IdOutcome { problem: Some(problem), .. }] = &outcomes[..] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(problem.reason, Reason::NotFound);
    // The vendor shows the member all the while.
    for _ in 0..2 {
        let found = stage.heard(stage.element.find_member("lisi")).await.unwrap();
        assert_eq!((found.status, found.suspended_roles), (MemberStatus::Resigned, Vec::<String>::new()));
        let identity = signed_in(&stage, "lisi").await;
        assert!(!identity.in_directory && !identity.in_visible_range && identity.roles.is_empty(), "{identity:?}");
        stage.control.promote("lisi", "总监");
        stage.advance(Duration::from_secs(60));
        stage.complete(&PLAIN).await;
        stage.heard(stage.element.sync_member("lisi")).await.unwrap();
    }
    since(&stage, 0).await;

    let outcomes = stage.heard(stage.element.reinstate_members(&texts(&["lisi"]), ACTOR)).await.unwrap();
    assert_eq!(outcomes, [IdOutcome { id: "lisi".to_owned(), problem: None }]);
    stage.advance(Duration::from_secs(60));
    stage.complete(&PLAIN).await;
    let found = stage.heard(stage.element.find_member("lisi")).await.unwrap();
    assert_eq!((found.status, &found.position), (MemberStatus::Active, &Some("总监".to_owned())));
    let roles = roles_of(&stage, "lisi").await;
    assert_eq!(
        (roles.roles, roles.suspended),
        (texts(&["staff"]), texts(&["lead"])),
        "rules speak of whoever is there"
    );
    stage.heard(stage.element.confirm_roles("lisi", ACTOR)).await.unwrap();
    assert_roles(&stage, "lisi", &["lead", "staff"]).await;
    since(&stage, 0).await;
}

async fn an_administrator_goes_only_when_that_is_approved<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    let refused = stage.heard(stage.element.set_administrators(&texts(&["lisi", "nobody"]), ACTOR)).await;
    assert!(matches!(refused.unwrap_err().reason, Reason::InvalidArgument(_) | Reason::NotFound));
    assert_eq!(stage.heard(stage.element.administrators()).await.unwrap(), [""; 0], "all or none");
    stage.heard(stage.element.set_administrators(&texts(&["lisi", "wangwu"]), ACTOR)).await.unwrap();
    assert_eq!(stage.heard(stage.element.administrators()).await.unwrap(), ["lisi", "wangwu"]);
    let outcomes = stage.heard(stage.element.retire_members(&texts(&["lisi"]), ACTOR)).await.unwrap();
    assert!(outcomes[0].problem.is_some(), "{outcomes:?}");

    stage.control.take_away("zhouba");
    stage.complete(&PLAIN).await;
    stage.control.take_away("lisi");
    let before = stage.copy().await;
    let blocked = stage.paused(&PLAIN).await;
    assert!(matches!(blocked.reason, Reason::MassRemovalBlocked(_)), "{blocked:?}");
    assert!(format!("{blocked:?}").contains("lisi"), "it says who: {blocked:?}");
    assert_eq!(stage.copy().await, before);
    stage.complete(&APPROVING).await;
    assert_eq!(stage.heard(stage.element.find_member("lisi")).await.unwrap().status, MemberStatus::LeftRange);
    since(&stage, 0).await;
}

/// What the element stores, all of it, and what its outside tells: keys, values, the feed, the trail.
async fn everything<V: TestVendor>(stage: &Stage<V>) -> String {
    let mut all: String =
        stage.stored("").await.into_iter().map(|entry| entry.key + " " + &entry.value + "\n").collect();
    all += &format!("{:?} {:?} {:?}", stage.changes().await, stage.copy().await, trail(stage).await);
    all
}

/// What is known of the person, so that it is found wherever it is left.
const NAME: &str = "欧阳不可寻";
const TITLE: &str = "首席寻踪官";
const SIGNATURE: &str = "https://app.example.com/signatures/ouyang-trace.png";

async fn nothing_is_left_of_whom_an_administrator_erases<V: TestVendor>() {
    let mut company = Company::sample();
    company.people.push(Person { title: TITLE.to_owned(), ..Person::new("ouyang", NAME, 21) });
    let stage = Setting::<V>::of(&company).start().await;
    stage.complete(&PLAIN).await;
    set(&stage, "ouyang", &["寻踪"]).await;
    stage.heard(stage.element.set_signature("ouyang", Some(SIGNATURE), ACTOR)).await.unwrap();
    assert_eq!(stage.heard(stage.element.signature("ouyang")).await.unwrap().as_deref(), Some(SIGNATURE));
    signed_in(&stage, "ouyang").await;
    let conflict = stage.heard(stage.element.erase_member("ouyang", ACTOR)).await.unwrap_err();
    assert_eq!(conflict.reason, Reason::Conflict, "the next sync would bring them back");

    // Who signed in just now is remembered for a repetition of the request.
    stage.control.take_away("ouyang");
    stage.complete(&PLAIN).await;
    let before = everything(&stage).await;
    for planted in [NAME, TITLE, SIGNATURE] {
        assert!(before.contains(planted), "{planted} was never there, so nothing was looked for");
    }
    stage.heard(stage.element.erase_member("ouyang", ACTOR)).await.unwrap();
    for when in ["at once", "later"] {
        let after = everything(&stage).await;
        for planted in [NAME, TITLE, SIGNATURE] {
            assert!(!after.contains(planted), "{planted} is left {when}: {after}");
        }
        stage.advance(Duration::from_secs(3_600).max(LEASES_OVER));
        stage.complete(&PLAIN).await;
    }
    for answer in [
        stage.heard(stage.element.find_member("ouyang")).await.map(drop),
        stage.heard(stage.element.signature("ouyang")).await.map(drop),
        stage.heard(stage.element.member_roles_of("ouyang")).await.map(drop),
        stage.heard(stage.element.erase_member("ouyang", ACTOR)).await,
    ] {
        assert_eq!(answer.unwrap_err().reason, Reason::NotFound);
    }
    let changes = stage.changes().await;
    let of_them: Vec<_> = changes.iter().filter(|change| change.id == "ouyang").collect();
    assert!(!of_them.is_empty(), "whoever keeps a copy is told");
    assert!(of_them.iter().all(|change| change.kind == ChangeKind::MemberErased && change.record == Changed::Nothing));
    since(&stage, 0).await;
}

/// The same where the vendor tells what only some apps may see.
#[tokio::test]
async fn nothing_is_left_of_what_wecom_told_of_the_member() {
    const MOBILE: &str = "+8613912345678";
    let stage = Stage::<Control>::demo().await;
    let plant = |member: &mut Member| {
        NAME.clone_into(&mut member.name);
        MOBILE.clone_into(&mut member.mobile);
    };
    let tells_all = |app: &mut App| app.created_before_2022 = true;
    stage.control.change(|corp| corp.update_app(DEMO_AGENT_ID, tells_all)).unwrap();
    stage.control.change(|corp| corp.update_member("lisi", plant)).unwrap();
    stage.complete(&PLAIN).await;
    signed_in(&stage, "lisi").await;
    stage.control.change(|corp| corp.resign_member("lisi", Resignation::Vanished)).unwrap();
    stage.complete(&PLAIN).await;
    let before = everything(&stage).await;
    assert!(before.contains(NAME) && before.contains("13912345678"), "there is nothing to look for");
    stage.heard(stage.element.erase_member("lisi", ACTOR)).await.unwrap();
    stage.advance(Duration::from_secs(3_600));
    stage.complete(&PLAIN).await;
    let after = everything(&stage).await;
    assert!(!after.contains(NAME) && !after.contains("13912345678"), "{after}");
}

async fn who_left_long_ago_is_erased_where_that_is_configured<V: TestVendor>() {
    const DAY: Duration = Duration::from_secs(86_400);
    for (days, is_erased) in [(None, false), (Some(30), true)] {
        let setting = Setting::<V>::of(&Company::sample());
        let stage = setting.config(json!({"retention": {"departedDays": days}})).start().await;
        stage.complete(&PLAIN).await;
        stage.control.take_away("lisi");
        stage.complete(&PLAIN).await;
        stage.advance(29 * DAY);
        stage.complete(&PLAIN).await;
        assert!(stage.heard(stage.element.find_member("lisi")).await.is_ok(), "{days:?}: not yet");
        stage.advance(2 * DAY);
        // The feed keeps what is younger.
        let newest = stage.overview().await.cursor;
        stage.complete(&PLAIN).await;
        let found = stage.heard(stage.element.find_member("lisi")).await;
        assert_eq!(found.is_err(), is_erased, "{days:?}: {found:?}");
        let told = stage.heard(stage.element.changes(Some(&newest), 10)).await.unwrap().changes;
        let told: Vec<_> = told.iter().map(|change| (change.kind, &*change.id)).collect();
        let expected: &[(ChangeKind, &str)] = if is_erased { &[(ChangeKind::MemberErased, "lisi")] } else { &[] };
        assert_eq!(told, expected, "{days:?}");
        assert!(stage.heard(stage.element.find_member("wangwu")).await.is_ok(), "{days:?}");
    }
}

async fn every_decision_stands_in_a_trail_that_the_component_does_not_reach<V: TestVendor>() {
    let stage = Stage::<V>::sample().await;
    stage.complete(&PLAIN).await;
    assert_eq!(trail(&stage).await, []);
    let element = &stage.element;
    set(&stage, "lisi", &["lead"]).await;
    set(&stage, "lisi", &["buyer"]).await;
    stage.heard(element.set_role_rules(&[rule("staff", RuleScope::Everybody)], ACTOR)).await.unwrap();
    stage.heard(element.set_administrators(&texts(&["wangwu"]), ACTOR)).await.unwrap();
    stage.heard(element.set_signature("lisi", Some(SIGNATURE), ACTOR)).await.unwrap();
    stage.heard(element.retire_members(&texts(&["lisi"]), ACTOR)).await.unwrap();
    stage.heard(element.reinstate_members(&texts(&["lisi"]), ACTOR)).await.unwrap();
    stage.complete(&PLAIN).await;
    stage.heard(element.confirm_roles("lisi", ACTOR)).await.unwrap();
    stage.control.take_away("lisi");
    stage.complete(&PLAIN).await;
    stage.heard(element.erase_member("lisi", ACTOR)).await.unwrap();

    let trail = trail(&stage).await;
    /// What was done, to whom, and words of how it stood before and afterwards.
    type Row = (&'static str, Option<&'static str>, &'static [&'static str], &'static [&'static str]);
    let expected: [Row; 9] = [
        ("set-member-roles", Some("lisi"), &[], &["lead"]),
        ("set-member-roles", Some("lisi"), &["lead"], &["buyer"]),
        ("set-role-rules", None, &[], &["staff", "everybody"]),
        ("set-administrators", None, &[], &["wangwu"]),
        ("set-signature", Some("lisi"), &[], &[]),
        ("retire-members", Some("lisi"), &[], &[]),
        ("reinstate-members", Some("lisi"), &[], &[]),
        ("confirm-roles", Some("lisi"), &[], &["buyer"]),
        ("erase-member", Some("lisi"), &[], &[]),
    ];
    let found: Vec<_> =
        trail.iter().map(|entry| (&*entry.decision.action, entry.decision.subject.as_deref())).collect();
    let actions: Vec<_> =
        expected.iter().map(|(name, subject, ..)| (format!("administration.{name}"), *subject)).collect();
    assert_eq!(found, actions.iter().map(|(name, subject)| (&**name, *subject)).collect::<Vec<_>>(), "{trail:#?}");
    for (entry, (name, _, before, after)) in trail.iter().zip(expected) {
        assert_eq!(entry.decision.actor, ACTOR, "{name}");
        for (said, words) in [(&entry.decision.before, before), (&entry.decision.after, after)] {
            let said = said.as_deref().unwrap_or_default();
            assert!(words.iter().all(|word| said.contains(word)), "{name}: {words:?} in {said}");
        }
    }
    assert!(trail.is_sorted_by_key(|entry| entry.at) && trail[8].at <= stage.control.now(), "{trail:#?}");
    // Whoever decided stands there and nowhere in what the component can read, and it can no more than add to it.
    let stored = format!("{:?}", stage.stored("").await);
    assert!(!stored.contains(ACTOR), "{stored}");
    let audit = element.audit(None, 1_000).await.unwrap();
    assert_eq!(audit.entries, trail);
}

/// Tags are WeCom's; a vendor without any says so.
#[tokio::test]
async fn a_rule_of_a_tag_gives_its_role_to_whom_the_tag_names() {
    let stage = Stage::<Control>::demo().await;
    stage.complete(&PLAIN).await;
    let rules = [rule("duty", RuleScope::Tag("7".to_owned()))];
    stage.heard(stage.element.set_role_rules(&rules, ACTOR)).await.unwrap();
    for (id, expected) in [("youyi", &["duty"][..]), ("zhujiu", &["duty"]), ("lisi", &[])] {
        assert_roles(&stage, id, expected).await;
    }
    stage.control.change(|corp| corp.tag_add(7, &["lisi"], &[])).unwrap();
    stage.control.change(|corp| corp.tag_remove(7, &[], &[31])).unwrap();
    stage.control.change(|corp| corp.grant(DEMO_AGENT_ID, Grant::Department(31))).unwrap();
    stage.complete(&PLAIN).await;
    for (id, expected) in [("youyi", &["duty"][..]), ("zhujiu", &[]), ("lisi", &["duty"])] {
        assert_roles(&stage, id, expected).await;
    }
    since(&stage, 0).await;
    let unknown = [rule("duty", RuleScope::Tag("99".to_owned()))];
    let unknown = stage.heard(stage.element.set_role_rules(&unknown, ACTOR)).await.unwrap_err();
    assert_eq!(unknown.reason, Reason::NotFound);

    let without = Stage::<second_vendor::Control>::sample().await;
    without.complete(&PLAIN).await;
    let refused = without.heard(without.element.set_role_rules(&rules, ACTOR)).await.unwrap_err();
    assert_eq!(refused.reason, Reason::Unsupported);
}
