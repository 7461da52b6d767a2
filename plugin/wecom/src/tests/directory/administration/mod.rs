//! What the platform says of members, beside every sync: written down first, seen in copy and feed at once, and kept.

mod administrators;
mod erasure;
mod mixed;
mod retention;
mod retirement;
mod roles;
mod rules;
mod signature;
mod suspension;

use super::{
    APPROVING, EVERYBODY, PLAIN, changes, common, complete, members, platform, read, replayed, small, sync_member,
};
use crate::fake::FakePlatform;
use organisation_kit::{
    administration as admin,
    contract::{administration::IdOutcome, audit, types::Reason},
    directory::roles::Roles,
    failure::Failure,
    vendor::Client as _,
};

/// Who decides.
const ACTOR: &str = "boss";

/// A copy of the small company.
fn synced() -> (FakePlatform, super::company::Shared) {
    let (fake, company) = platform(small());
    complete(&fake, PLAIN);
    (fake, company)
}

/// The feed, replayed, gives the copy.
fn assert_replays(fake: &FakePlatform) {
    let (from_feed, _) = replayed(&changes(fake));
    assert_eq!(from_feed.into_values().collect::<Vec<_>>(), members(fake, &EVERYBODY));
}

/// The index of assigned roles names whoever has one, and nobody else.
fn assert_indexed(fake: &FakePlatform) {
    let mut expected = Vec::new();
    for key in fake.keys("directory/o/") {
        let roles: Roles = serde_json::from_str(&fake.value(&key).unwrap()).unwrap();
        let id = &key["directory/o/".len()..];
        expected.extend(roles.roles.iter().map(|role| format!("directory/a/{role}/{id}")));
    }
    expected.sort();
    assert_eq!(fake.keys("directory/a/"), expected);
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|text| (*text).to_owned()).collect()
}

/// The entries of the trail: action, subject, before and after.
fn trail(fake: &FakePlatform) -> Vec<(String, String, Option<String>, Option<String>)> {
    let entries = fake.audit.borrow();
    assert!(entries.iter().all(|entry| entry.actor == ACTOR), "{entries:?}");
    let row = |entry: &audit::Entry| {
        let action = entry.action.strip_prefix("administration.").unwrap().to_owned();
        (action, entry.subject.clone().unwrap_or_default(), entry.before.clone(), entry.after.clone())
    };
    entries.iter().map(row).collect()
}

/// What stands in the store, but for versions.
fn stored(fake: &FakePlatform) -> Vec<(String, Option<String>)> {
    fake.keys("").into_iter().map(|key| (key.clone(), fake.value(&key))).collect()
}

fn set_roles(fake: &FakePlatform, id: &str, roles: &[&str]) -> Vec<String> {
    admin::set_member_roles(fake, &common(), id, &texts(roles), ACTOR).unwrap().roles
}

fn retire(fake: &FakePlatform, ids: &[&str]) -> Vec<Option<Reason>> {
    problems(admin::retire_members(fake, &common(), &texts(ids), ACTOR))
}

fn reinstate(fake: &FakePlatform, ids: &[&str]) -> Vec<Option<Reason>> {
    problems(admin::reinstate_members(fake, &common(), &texts(ids), ACTOR))
}

fn problems(outcomes: Result<Vec<IdOutcome>, Failure>) -> Vec<Option<Reason>> {
    outcomes.unwrap().into_iter().map(|outcome| outcome.problem.map(|problem| problem.reason)).collect()
}

/// A decision that is to be refused, by name.
type Refused = (&'static str, fn(&FakePlatform) -> Option<Failure>);

/// Every function that decides something, with what it would do here.
const DECISIONS: [Refused; 6] = [
    ("set-member-roles", |fake| admin::set_member_roles(fake, &common(), "lisi", &texts(&["a"]), ACTOR).err()),
    ("confirm-roles", |fake| admin::confirm_roles(fake, &common(), "wangwu", ACTOR).err()),
    ("set-administrators", |fake| admin::set_administrators(fake, &common(), &texts(&["lisi"]), ACTOR).err()),
    ("retire-members", |fake| admin::retire_members(fake, &common(), &texts(&["lisi"]), ACTOR).err()),
    ("reinstate-members", |fake| admin::reinstate_members(fake, &common(), &texts(&["zhangsan"]), ACTOR).err()),
    ("set-signature", |fake| admin::set_signature(fake, &common(), "lisi", Some("https://e.com/"), ACTOR).err()),
];

/// A copy in which every decision would change something.
fn ready() -> FakePlatform {
    let (fake, company) = synced();
    set_roles(&fake, "wangwu", &["b"]);
    company.borrow_mut().members.get_mut("wangwu").unwrap().status = 5;
    sync_member(&fake, "wangwu").unwrap();
    company.borrow_mut().members.get_mut("wangwu").unwrap().status = 1;
    sync_member(&fake, "wangwu").unwrap();
    retire(&fake, &["zhangsan"]);
    fake
}

#[test]
fn a_decision_that_is_not_written_down_is_not_carried_out() {
    for (name, decide) in DECISIONS {
        for failure in [audit::Failure::Unavailable, audit::Failure::Other("full".into())] {
            let fake = ready();
            let before = stored(&fake);
            fake.audit_failure.replace(Some(failure.clone()));
            let refused = decide(&fake).unwrap_or_else(|| panic!("{name}: {failure:?}"));
            assert_ne!(refused.reason, Reason::Conflict, "{name}");
            assert_eq!(stored(&fake), before, "{name}: {failure:?}");

            fake.audit_failure.take();
            let written = fake.audit.borrow().len();
            assert_eq!(decide(&fake), None, "{name}");
            assert_ne!(stored(&fake), before, "{name}");
            assert_eq!(fake.audit.borrow().len(), written + 1, "{name}");
            let (done, said) = (stored(&fake), changes(&fake).len());
            assert_eq!(decide(&fake), None, "{name}: again");
            assert_eq!((stored(&fake), changes(&fake).len()), (done, said), "{name}: what is so already is no change");
            assert_eq!(fake.audit.borrow().len(), written + 1, "{name}: nor a decision");
            assert_replays(&fake);
        }
    }
}

#[test]
fn the_entry_stands_before_the_effect() {
    use crate::fake::Touch;
    use organisation_kit::contract::storage::StorageError;
    for (name, decide) in DECISIONS {
        let fake = ready();
        let written = fake.audit.borrow().len();
        fake.before_storage(|_, touch| match touch {
            Touch::Apply(_) => Err(StorageError::Unavailable(false)),
            _ => Ok(()),
        });
        assert_eq!(decide(&fake).unwrap().reason, Reason::Unavailable, "{name}");
        assert_eq!(fake.audit.borrow().len(), written + 1, "{name}");
    }
}

#[test]
fn another_writer_in_between_costs_one_more_look_and_no_second_entry() {
    use crate::fake::Touch;
    for (name, decide) in DECISIONS {
        let fake = ready();
        let written = fake.audit.borrow().len();
        let left = std::cell::Cell::new(3);
        fake.before_storage(move |fake, touch| {
            if matches!(touch, Touch::Apply(_)) && left.get() > 0 {
                left.set(left.get() - 1);
                sync_member(fake, if left.get() % 2 == 0 { "wangwu" } else { "ZhangSan" }).unwrap();
            }
            Ok(())
        });
        assert_eq!(decide(&fake), None, "{name}");
        assert_eq!(fake.audit.borrow().len(), written + 1, "{name}");
        fake.clear_hooks();
        assert_replays(&fake);
    }
}

#[test]
fn nobody_decides_without_a_name() {
    let (fake, _) = synced();
    for actor in [String::new(), "a".repeat(129)] {
        let refused = admin::set_member_roles(&fake, &common(), "lisi", &texts(&["a"]), &actor).unwrap_err();
        assert!(matches!(&refused.reason, Reason::InvalidArgument(problem) if problem.path == "actor"), "{actor}");
    }
    assert!(fake.audit.borrow().is_empty());
}

#[test]
fn nothing_is_decided_about_another_organisation() {
    let fake = ready();
    let before = stored(&fake);
    let mut other = common();
    other.organisation = "ww0000000000000001".to_owned();
    let ids = texts(&["lisi"]);
    for (name, failure) in [
        ("set-member-roles", admin::set_member_roles(&fake, &other, "lisi", &ids, ACTOR).err()),
        ("member-roles-of", admin::member_roles_of(&fake, &other, "lisi").err()),
        ("confirm-roles", admin::confirm_roles(&fake, &other, "lisi", ACTOR).err()),
        ("set-administrators", admin::set_administrators(&fake, &other, &ids, ACTOR).err()),
        ("administrators", admin::administrators(&fake, &other).err()),
        ("retire-members", admin::retire_members(&fake, &other, &ids, ACTOR).err()),
        ("reinstate-members", admin::reinstate_members(&fake, &other, &ids, ACTOR).err()),
        ("signature", admin::signature(&fake, &other, "lisi").err()),
        ("set-signature", admin::set_signature(&fake, &other, "lisi", Some("https://e.com/"), ACTOR).err()),
    ] {
        assert_eq!(failure.unwrap_or_else(|| panic!("{name}")).reason, Reason::Conflict, "{name}");
    }
    assert_eq!(stored(&fake), before);
}

#[test]
fn whoever_is_unknown_is_not_found() {
    let (fake, _) = synced();
    for id in ["nobody", "", "a\u{0}b"] {
        for (name, failure) in [
            ("set-member-roles", admin::set_member_roles(&fake, &common(), id, &texts(&["a"]), ACTOR).err()),
            ("member-roles-of", admin::member_roles_of(&fake, &common(), id).err()),
            ("confirm-roles", admin::confirm_roles(&fake, &common(), id, ACTOR).err()),
            ("set-administrators", admin::set_administrators(&fake, &common(), &texts(&[id]), ACTOR).err()),
            ("signature", admin::signature(&fake, &common(), id).err()),
            ("set-signature", admin::set_signature(&fake, &common(), id, None, ACTOR).err()),
        ] {
            assert_eq!(failure.unwrap_or_else(|| panic!("{name}")).reason, Reason::NotFound, "{name} {id:?}");
        }
        assert_eq!(retire(&fake, &[id, "lisi"]), [Some(Reason::NotFound), None], "{id:?}");
        assert_eq!(reinstate(&fake, &[id, "lisi"]), [Some(Reason::NotFound), None], "{id:?}");
    }
}

#[test]
fn what_the_platform_says_stays_through_a_reset_of_its_own_organisation_alone() {
    for (organisation, kept) in [("ww21c67da6767865c2", true), ("ww0000000000000001", false)] {
        let fake = ready();
        admin::set_administrators(&fake, &common(), &texts(&["lisi"]), ACTOR).unwrap();
        admin::set_signature(&fake, &common(), "lisi", Some("https://e.com/"), ACTOR).unwrap();
        let mut other = common();
        other.organisation = organisation.to_owned();
        super::sync::reset::reset(&fake, &other).unwrap();
        assert_eq!(fake.keys("directory/p/").len(), if kept { 3 } else { 0 }, "{organisation}");
        if kept {
            complete(&fake, APPROVING);
            let ids: Vec<String> = members(&fake, &EVERYBODY).into_iter().map(|member| member.id).collect();
            assert_eq!(ids, ["lisi", "wangwu"], "who is retired does not come back by a reset");
            assert_eq!(reinstate(&fake, &["zhangsan"]), [None], "though only the mark knows them");
            assert_eq!(complete(&fake, PLAIN).members.added, 1);
        }
    }
}

#[test]
fn a_sync_after_all_this_changes_nothing() {
    let fake = ready();
    complete(&fake, PLAIN);
    let said = changes(&fake).len();
    let copy = || -> Vec<_> { stored(&fake).into_iter().filter(|(key, _)| !key.starts_with("directory/h/")).collect() };
    let before = copy();
    assert_eq!(complete(&fake, PLAIN).members.unchanged, 3);
    assert_eq!((copy(), changes(&fake).len()), (before, said));
    assert!(matches!(read::overview(&fake, &common()), Ok(overview) if overview.members.resigned == 1));
}

#[test]
fn what_another_organisation_said_is_not_shown_while_it_is_being_deleted() {
    use crate::fake::Touch;
    use organisation_kit::contract::{
        administration::{RoleRule, RuleScope},
        storage::StorageError,
    };
    for organisation in ["ww21c67da6767865c2", "ww0000000000000001"] {
        let (fake, _) = synced();
        admin::set_administrators(&fake, &common(), &texts(&["lisi"]), ACTOR).unwrap();
        let config = crate::fake::config();
        let client = crate::api::client::WeComClient::new(&fake, &config);
        let rules = [RoleRule { role: "all".into(), scope: RuleScope::Everybody }];
        admin::set_role_rules(&fake, &common(), &|tag| client.tag_members(tag), &rules, ACTOR).unwrap();
        let mut other = common();
        let is_own = other.organisation == organisation;
        other.organisation = organisation.to_owned();
        fake.before_storage(|_, touch| match touch {
            Touch::DeleteRange(_) => Err(StorageError::Unavailable(false)),
            _ => Ok(()),
        });
        super::sync::reset::reset(&fake, &other).unwrap_err();
        assert!(fake.value("directory/p/rules").is_some(), "{organisation}: it is still there");
        let administrators = admin::administrators(&fake, &other).unwrap();
        let rules = admin::role_rules(&fake, &other).unwrap();
        assert_eq!((administrators.is_empty(), rules.rules.is_empty()), (!is_own, !is_own), "{organisation}");
        assert!(is_own || !rules.spreading);
    }
}
