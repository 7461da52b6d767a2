//! What the platform says of members: roles, rules, administrators and signatures, and that they outlive what comes.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    audit,
    copy::{Copy, is_present, read_all},
    promise::{
        ACTOR, ADMINISTRATORS, ADMINISTRATORS_KNOWN, ASSIGNED, AUDIT_FIRST, AUDITED, CONFIRMED, ERASED, ERASED_FEED,
        ERASED_PRESENT, OUTLIVES, OUTLIVES_RESET, Promise, REINSTATED, RETIRED, RETIRED_NO_ADMINISTRATOR,
        RETIRED_OUTCOME, RETIRED_SIGN_IN, ROLES, ROLES_FEED, ROLES_SORTED, RULE_TAGS, RULES, RULES_FEED, SIGNATURE,
        SIGNATURE_ADDRESS, UNKNOWN_MEMBER,
    },
    retirement, sign_in,
    sync::complete,
    trial::Trial,
};
use organisation_host::{
    Element, ElementError,
    contract::{
        administration::{RoleRule, RuleScope},
        directory::{ChangeKind, Member},
    },
};

/// All of it.
const OF_ADMINISTRATION: [&Promise; 26] = [
    &ROLES,
    &ROLES_SORTED,
    &ASSIGNED,
    &ROLES_FEED,
    &UNKNOWN_MEMBER,
    &OUTLIVES,
    &OUTLIVES_RESET,
    &ADMINISTRATORS,
    &ADMINISTRATORS_KNOWN,
    &SIGNATURE,
    &SIGNATURE_ADDRESS,
    &RULES,
    &RULES_FEED,
    &RULE_TAGS,
    &RETIRED,
    &RETIRED_SIGN_IN,
    &RETIRED_OUTCOME,
    &RETIRED_NO_ADMINISTRATOR,
    &REINSTATED,
    &CONFIRMED,
    &ERASED,
    &ERASED_FEED,
    &ERASED_PRESENT,
    &AUDITED,
    &AUDIT_FIRST,
    &ACTOR,
];

/// Who decides, by the platform's own name.
pub(super) const DECIDER: &str = "conform 审查者";
/// Nobody of any organisation.
pub(super) const NOBODY: &str = "conform-nobody";
/// A signature that stands nowhere else.
pub(super) const IMAGE: &str = "https://app.example.com/conform-signature-4Kd9.png";
/// A role that stands nowhere else.
pub(super) const ROLE: &str = "conform-role-7Tq2";
/// It sorts before the other.
const EARLIER_ROLE: &str = "conform-a-role-3Wp8";
const RULED_ROLE: &str = "conform-ruled-role-5Hn1";
const RULED_BELOW: &str = "conform-ruled-below-6Jm4";
/// A change of the rules that wants more calls than this does not end.
const MOST_SPREADING: u32 = 1_000;

/// Two members to decide about.
pub(super) struct TestMembers {
    /// Signs in, where anybody does.
    pub(super) one: Member,
    pub(super) other: Member,
}

/// Looks at `administration`.
pub(super) async fn examine(trial: &Trial) -> Result<(), ElementError> {
    if !trial.offers("administration") {
        trial.findings.skip(&OF_ADMINISTRATION, "the element does not offer administration");
        return Ok(());
    }
    let element = trial.element("administration")?;
    if complete(trial, &element).await.is_none() {
        return Ok(());
    }
    let Some(copy) = read_all(trial, &element).await else { return Ok(()) };
    let Some(members) = test_members(trial, &element, &copy).await else {
        trial.findings.skip(&OF_ADMINISTRATION, "the organisation has fewer than two present members");
        return Ok(());
    };
    roles(trial, &element, &members).await;
    // What kept it from its end is a finding.
    let _ = assigned(trial, &element, &members).await;
    administrators(trial, &element, &members).await;
    signature(trial, &element, &members).await;
    outlives(trial, &element, &members).await;
    rules(trial, &element, &copy).await;
    tags(trial, &element).await;
    let _ = audit::examine(trial, &element, &members).await;
    retirement::examine(trial, &element, &members).await;
    outlives_reset(trial, &element, &members).await;
    Ok(())
}

/// Whoever signs in, and somebody else whose id tells nothing of others.
async fn test_members(trial: &Trial, element: &Element, copy: &Copy) -> Option<TestMembers> {
    let signed_in = sign_in::somebody(trial, element).await.map(|identity| identity.id);
    let mut present = copy.members.values().filter(|member| is_present(member));
    let one = signed_in.and_then(|id| copy.members.get(&id)).or_else(|| present.next())?;
    let others = copy.members.values().filter(|member| is_present(member) && member.id != one.id);
    let other = others.max_by_key(|member| member.id.len())?;
    Some(TestMembers { one: one.clone(), other: other.clone() })
}

fn texts(list: &[&str]) -> Vec<String> {
    list.iter().map(|&text| text.to_owned()).collect()
}

async fn roles(trial: &Trial, element: &Element, TestMembers { one, .. }: &TestMembers) {
    let id = &*one.id;
    for (given, expected) in [
        (&[ROLE, EARLIER_ROLE, ROLE][..], &[EARLIER_ROLE, ROLE][..]),
        (&[EARLIER_ROLE], &[EARLIER_ROLE]),
        (&[], &[]),
        (&[ROLE, EARLIER_ROLE], &[EARLIER_ROLE, ROLE]),
    ] {
        let expected = texts(expected);
        let Some(set) = trial.demand(&ROLES, element.set_member_roles(id, &texts(given), DECIDER)).await else {
            return;
        };
        let Some(shown) = trial.demand(&ROLES, element.member_roles_of(id)).await else { return };
        let Some(member) = trial.demand(&ROLES, element.find_member(id)).await else { return };
        let found = [&set.roles, &shown.roles, &member.roles].map(|roles| BTreeSet::from_iter(roles.iter().cloned()));
        let wanted = BTreeSet::from_iter(expected.iter().cloned());
        trial.expect(&ROLES, found.iter().all(|roles| *roles == wanted), || {
            format!("given {given:?}, answered, shown and in the copy are {found:?}")
        });
        trial.expect(&ROLES_SORTED, found.iter().any(|roles| *roles != wanted) || shown.roles == expected, || {
            format!("given {given:?}, shown are {:?}", shown.roles)
        });
        let Some(Copy { feed, .. }) = read_all(trial, element).await else { return };
        let told = feed.last().filter(|last| last.kind == ChangeKind::MemberRolesUpdated && last.id == id);
        trial.expect(&ROLES_FEED, told.is_some(), || {
            format!("the roles of {id} changed, the feed ends with {:?}", feed.last())
        });
    }
    if let Some(identity) = sign_in::somebody(trial, element).await {
        trial.expect(&ROLES_SORTED, identity.roles == [EARLIER_ROLE, ROLE], || {
            format!("at sign-in {} has {:?}", identity.id, identity.roles)
        });
    }
    let many: Vec<String> = (0..65).map(|number| format!("conform-{number}")).collect();
    trial.refused(&ROLES, "65 roles", &["invalid-argument"], element.set_member_roles(id, &many, DECIDER)).await;
    let absent = ["not-found"];
    let set = element.set_member_roles(NOBODY, &many[..1], DECIDER);
    trial.refused(&UNKNOWN_MEMBER, "set-member-roles", &absent, set).await;
    trial.refused(&UNKNOWN_MEMBER, "member-roles-of", &absent, element.member_roles_of(NOBODY)).await;
    trial.refused(&UNKNOWN_MEMBER, "confirm-roles", &absent, element.confirm_roles(NOBODY, DECIDER)).await;
    trial.refused(&UNKNOWN_MEMBER, "erase-member", &absent, element.erase_member(NOBODY, DECIDER)).await;
    trial.refused(&UNKNOWN_MEMBER, "signature", &absent, element.signature(NOBODY)).await;
    let set = element.set_signature(NOBODY, Some(IMAGE), DECIDER);
    trial.refused(&UNKNOWN_MEMBER, "set-signature", &absent, set).await;
}

/// One has a role that a rule gives as well, the other has it by the rule alone.
async fn assigned(trial: &Trial, element: &Element, TestMembers { one, other }: &TestMembers) -> Option<()> {
    let rules = [RoleRule { role: ROLE.to_owned(), scope: RuleScope::Everybody }];
    set_rules(trial, element, &rules).await?;
    for (member, expected) in [(one, &[EARLIER_ROLE, ROLE][..]), (other, &[])] {
        let shown = trial.demand(&ASSIGNED, element.member_roles_of(&member.id)).await?;
        let is_ruled = shown.by_rule.iter().any(|ruled| ruled.role == ROLE);
        trial.expect(&ASSIGNED, is_ruled && shown.assigned == expected, || {
            format!("{} is assigned {expected:?} and has {ROLE} by a rule: found {shown:?}", member.id)
        });
    }
    set_rules(trial, element, &[]).await
}

async fn administrators(trial: &Trial, element: &Element, TestMembers { one, other }: &TestMembers) {
    let given = [other.id.clone(), one.id.clone()];
    if trial.demand(&ADMINISTRATORS, element.set_administrators(&given, DECIDER)).await.is_none() {
        return;
    }
    let unknown = [one.id.clone(), NOBODY.to_owned()];
    let refusal = ["not-found", "invalid-argument"];
    let set = element.set_administrators(&unknown, DECIDER);
    trial.refused(&ADMINISTRATORS_KNOWN, "one whom the copy does not know", &refusal, set).await;
    let many: Vec<String> = (0..101).map(|number| format!("{NOBODY}-{number}")).collect();
    let set = element.set_administrators(&many, DECIDER);
    trial.refused(&ADMINISTRATORS_KNOWN, "101 administrators", &refusal, set).await;
    let Some(found) = trial.demand(&ADMINISTRATORS, element.administrators()).await else { return };
    trial.expect(&ADMINISTRATORS, found == given, || format!("given {given:?}, found {found:?}"));
}

async fn signature(trial: &Trial, element: &Element, TestMembers { one, other }: &TestMembers) {
    let id = &*one.id;
    for address in [Some(IMAGE), None, Some("data:image/png;base64,iVBORw0KGgo="), Some(IMAGE)] {
        if trial.demand(&SIGNATURE, element.set_signature(id, address, DECIDER)).await.is_none() {
            return;
        }
        let Some(found) = trial.demand(&SIGNATURE, element.signature(id)).await else { return };
        trial.expect(&SIGNATURE, found.as_deref() == address, || format!("set {address:?}, found {found:?}"));
    }
    let Some(found) = trial.demand(&SIGNATURE, element.signature(&other.id)).await else { return };
    trial.expect(&SIGNATURE, found.is_none(), || format!("{} was given none and has {found:?}", other.id));
    let long = format!("https://app.example.com/{}", "x".repeat(64 << 10));
    for address in [
        "http://app.example.com/plain.png",
        "https://user:password@app.example.com/",
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "https://app.example.com/a b",
        "https://app.example.com/\"><script>",
        "",
        &long,
    ] {
        let set = element.set_signature(id, Some(address), DECIDER);
        trial.refused(&SIGNATURE_ADDRESS, &format!("{address:.60}"), &["invalid-argument"], set).await;
    }
}

/// What was said so far is there after a sync and a refresh.
async fn outlives(trial: &Trial, element: &Element, members: &TestMembers) {
    let Some(before) = administered(trial, element, members).await else { return };
    if complete(trial, element).await.is_none() {
        return;
    }
    let _ = trial.ask(element.sync_member(&members.one.id)).await;
    let Some(after) = administered(trial, element, members).await else { return };
    trial.expect(&OUTLIVES, after == before, || format!("before a sync {before}, after it {after}"));
}

/// What the platform says is there after a reset. Last of all: the feed begins anew there.
async fn outlives_reset(trial: &Trial, element: &Element, members: &TestMembers) -> Option<()> {
    let (id, promise) = (&*members.one.id, &OUTLIVES_RESET);
    trial.demand(promise, element.set_member_roles(id, &[ROLE.to_owned()], DECIDER)).await?;
    trial.demand(promise, element.set_administrators(&[id.to_owned()], DECIDER)).await?;
    trial.demand(promise, element.set_signature(id, Some(IMAGE), DECIDER)).await?;
    let before = administered(trial, element, members).await?;
    trial.demand(promise, element.reset()).await?;
    complete(trial, element).await?;
    let after = administered(trial, element, members).await?;
    trial.expect(promise, after == before, || format!("before a reset {before}, after it {after}"));
    Some(())
}

/// What the element says that the platform said.
pub(super) async fn administered(
    trial: &Trial,
    element: &Element,
    TestMembers { one, other }: &TestMembers,
) -> Option<String> {
    let roles =
        [trial.ask(element.member_roles_of(&one.id)).await?, trial.ask(element.member_roles_of(&other.id)).await?];
    let statuses = trial.ask(element.find_members(&[one.id.clone(), other.id.clone()])).await?.ok()?;
    let statuses = statuses.into_iter().map(|member| member.map(|member| (member.status, member.roles)));
    let statuses: Vec<_> = statuses.collect();
    let administrators = trial.ask(element.administrators()).await?;
    let signatures = [trial.ask(element.signature(&one.id)).await?, trial.ask(element.signature(&other.id)).await?];
    let rules = trial.ask(element.role_rules()).await?;
    Some(format!("{roles:?} {statuses:?} {administrators:?} {signatures:?} {rules:?}"))
}

/// A rule for everybody and one for a department and what lies below it, and neither.
async fn rules(trial: &Trial, element: &Element, copy: &Copy) {
    let has_below = |id: &&String| copy.departments.values().any(|below| below.parent_id.as_ref() == Some(*id));
    let is_root =
        |id: &String| copy.departments[id].parent_id.as_ref().is_none_or(|id| !copy.departments.contains_key(id));
    let inner = copy.departments.keys().filter(|id| !is_root(id)).find(has_below);
    let Some(department) = inner.or_else(|| copy.departments.keys().next()) else { return };
    let rule = |role: &str, scope| RoleRule { role: role.to_owned(), scope };
    let both = [rule(RULED_ROLE, RuleScope::Everybody), rule(RULED_BELOW, RuleScope::Department(department.clone()))];
    let Some(Copy { members: mut before, .. }) = read_all(trial, element).await else { return };
    for rules in [&both[..], &both[1..], &[]] {
        let known = match trial.demand(&RULES_FEED, element.overview()).await {
            Some(summary) => summary.last_change,
            None => return,
        };
        if set_rules(trial, element, rules).await.is_none() {
            return;
        }
        let Some(Copy { members, feed, .. }) = read_all(trial, element).await else { return };
        let given = |member: &Member| {
            let given = rules.iter().filter(|rule| match &rule.scope {
                RuleScope::Department(id) => member.departments.iter().any(|place| is_below(copy, &place.id, id)),
                _ => true,
            });
            BTreeSet::from_iter(given.map(|rule| rule.role.clone()))
        };
        let differs = |member: &&Member| {
            let found = member.roles.iter().filter(|role| [RULED_ROLE, RULED_BELOW].contains(&role.as_str()));
            let expected = if is_present(member) { given(member) } else { BTreeSet::new() };
            BTreeSet::from_iter(found.cloned()) != expected
        };
        let odd: Vec<_> = members.values().filter(differs).map(|member| (&member.id, &member.roles)).collect();
        trial.expect(&RULES, odd.is_empty(), || format!("by {rules:?} these have {odd:?}"));
        let changed = changed_roles(&before, &members);
        let told = feed.iter().filter(|change| change.seq > known && change.kind == ChangeKind::MemberRolesUpdated);
        let told: BTreeSet<_> = told.map(|change| change.id.clone()).collect();
        trial.expect(&RULES_FEED, changed.is_subset(&told), || format!("of {changed:?} the feed tells {told:?}"));
        before = members;
    }
}

/// A rule of a tag that nobody has: of a vendor without tags it is `unsupported`.
async fn tags(trial: &Trial, element: &Element) {
    let rules = [RoleRule { role: RULED_ROLE.to_owned(), scope: RuleScope::Tag("987654321".to_owned()) }];
    let set = element.set_role_rules(&rules, DECIDER);
    trial.refused(&RULE_TAGS, "a tag of nobody", &["not-found", "unsupported"], set).await;
    let Some(found) = trial.demand(&RULE_TAGS, element.role_rules()).await else { return };
    trial.expect(&RULE_TAGS, found.rules.is_empty(), || format!("after a tag of nobody: {found:?}"));
}

/// Sets rules until all members have what they give.
pub(super) async fn set_rules(trial: &Trial, element: &Element, rules: &[RoleRule]) -> Option<()> {
    for _ in 0..MOST_SPREADING {
        let state = trial.demand(&RULES, element.set_role_rules(rules, DECIDER)).await?;
        if !state.spreading {
            let found = trial.demand(&RULES, element.role_rules()).await?;
            trial.expect(&RULES, found.rules == rules, || format!("given {rules:?}, found {found:?}"));
            return Some(());
        }
    }
    trial.findings.broken(&RULES, format!("rules still spread after {MOST_SPREADING} calls"));
    None
}

fn is_below(copy: &Copy, id: &str, of: &str) -> bool {
    let mut at = Some(id);
    // No way up is longer than there are departments.
    for _ in 0..=copy.departments.len() {
        match at {
            Some(id) if id == of => return true,
            Some(id) => at = copy.departments.get(id).and_then(|department| department.parent_id.as_deref()),
            None => return false,
        }
    }
    false
}

fn changed_roles(before: &BTreeMap<String, Member>, after: &BTreeMap<String, Member>) -> BTreeSet<String> {
    let has_changed = |member: &&Member| before.get(&member.id).is_none_or(|before| before.roles != member.roles);
    after.values().filter(has_changed).map(|member| member.id.clone()).collect()
}
