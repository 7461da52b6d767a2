//! Members whom the platform declares gone: retired, reinstated, and erased without a trace.

use super::{
    administration::{DECIDER, NOBODY, ROLE, TestMembers},
    copy::{Copy, read_all},
    promise::{
        CONFIRMED, ERASED, ERASED_FEED, ERASED_PRESENT, REINSTATED, RETIRED, RETIRED_NO_ADMINISTRATOR, RETIRED_OUTCOME,
        RETIRED_SIGN_IN,
    },
    sign_in,
    sync::complete,
    trial::{Trial, shown},
};
use organisation_host::{
    Element,
    contract::{
        directory::{Change, ChangeKind, Changed, Member, MemberStatus},
        types::Reason,
    },
};

/// Erasing goes on for so many calls.
const MOST_CALLS: u32 = 100;
/// What nobody else was given.
const TRACE_ROLE: &str = "conform-trace-9Fb6";
const TRACE_IMAGE: &str = "https://app.example.com/conform-trace-2Gm5.png";
/// Shorter texts may stand anywhere by chance.
const SHORTEST_TRACE: usize = 4;

/// Looks at both, with `other` the only administrator.
pub(super) async fn examine(trial: &Trial, element: &Element, members: &TestMembers) {
    administrator(trial, element, members).await;
    if retired(trial, element, &members.one).await.is_some() {
        reinstated(trial, element, &members.one).await;
    }
    erased(trial, element, &members.other).await;
}

async fn administrator(trial: &Trial, element: &Element, TestMembers { other, .. }: &TestMembers) {
    let ids = [other.id.clone()];
    let Some(outcomes) = trial.demand(&RETIRED_NO_ADMINISTRATOR, element.retire_members(&ids, DECIDER)).await else {
        return;
    };
    let Some(found) = trial.demand(&RETIRED_NO_ADMINISTRATOR, element.find_member(&other.id)).await else { return };
    let is_refused = outcomes.iter().all(|outcome| outcome.problem.is_some()) && found.status == other.status;
    trial.expect(&RETIRED_NO_ADMINISTRATOR, is_refused, || format!("found {outcomes:?}, and {:?}", found.status));
    let _ = trial.demand(&RETIRED_NO_ADMINISTRATOR, element.set_administrators(&[], DECIDER)).await;
}

async fn retired(trial: &Trial, element: &Element, Member { id, .. }: &Member) -> Option<()> {
    trial.demand(&REINSTATED, element.set_member_roles(id, &[ROLE.to_owned()], DECIDER)).await?;
    let ids = [id.clone(), NOBODY.to_owned()];
    for _ in 0..2 {
        let outcomes = trial.demand(&RETIRED_OUTCOME, element.retire_members(&ids, DECIDER)).await?;
        let said: Vec<_> = outcomes.iter().map(|outcome| (&outcome.id, outcome.problem.is_none())).collect();
        trial.expect(&RETIRED_OUTCOME, said == [(&ids[0], true), (&ids[1], false)], || {
            format!("retiring {ids:?} says {outcomes:?}")
        });
    }
    let Copy { feed, .. } = read_all(trial, element).await?;
    let told = feed.iter().rev().find(|change| change.id == *id);
    trial.expect(&RETIRED, told.is_some_and(|change| change.kind == ChangeKind::MemberResigned), || {
        format!("the feed says last of {id}: {told:?}")
    });
    for what in ["at once", "after a refresh", "after a sync"] {
        let found = trial.demand(&RETIRED, element.find_member(id)).await?;
        trial.expect(&RETIRED, found.status == MemberStatus::Resigned, || format!("{what}: {:?}", found.status));
        if what == "at once" {
            let _ = trial.ask(element.sync_member(id)).await;
        } else if what == "after a refresh" {
            complete(trial, element).await?;
        }
    }
    read_all(trial, element).await?;
    match sign_in::somebody(trial, element).await.filter(|identity| identity.id == *id) {
        Some(identity) => {
            let is_out = !identity.in_directory && !identity.in_visible_range && identity.roles.is_empty();
            trial.expect(&RETIRED_SIGN_IN, is_out, || format!("found {identity:?}"));
        }
        None => trial.findings.skip(&[&RETIRED_SIGN_IN], "nobody signs in who was retired"),
    }
    Some(())
}

async fn reinstated(trial: &Trial, element: &Element, member: &Member) -> Option<()> {
    let ids = [member.id.clone()];
    let outcomes = trial.demand(&REINSTATED, element.reinstate_members(&ids, DECIDER)).await?;
    trial.expect(&REINSTATED, outcomes.iter().all(|outcome| outcome.problem.is_none()), || {
        format!("found {outcomes:?}")
    });
    let found = trial.demand(&REINSTATED, element.sync_member(&member.id)).await?;
    let roles = trial.demand(&REINSTATED, element.member_roles_of(&member.id)).await?;
    let is_back = found.status == member.status && roles.roles.is_empty() && roles.suspended == [ROLE];
    trial
        .expect(&REINSTATED, is_back, || format!("the vendor says {:?}: {:?}, {roles:?}", member.status, found.status));
    let roles = trial.demand(&CONFIRMED, element.confirm_roles(&member.id, DECIDER)).await?;
    trial.expect(&CONFIRMED, roles.roles == [ROLE] && roles.suspended.is_empty(), || format!("found {roles:?}"));
    Some(())
}

async fn erased(trial: &Trial, element: &Element, member: &Member) -> Option<()> {
    let id = &*member.id;
    trial.refused(&ERASED_PRESENT, "a present member", &["conflict"], element.erase_member(id, DECIDER)).await;
    trial.demand(&ERASED, element.set_member_roles(id, &[TRACE_ROLE.to_owned()], DECIDER)).await?;
    trial.demand(&ERASED, element.set_signature(id, Some(TRACE_IMAGE), DECIDER)).await?;
    trial.demand(&ERASED, element.retire_members(std::slice::from_ref(&member.id), DECIDER)).await?;
    let traces = traces(member, &read_all(trial, element).await?);
    erase(trial, element, id).await?;
    let Copy { feed, .. } = read_all(trial, element).await?;
    let of_them: Vec<&Change> = feed.iter().filter(|change| change.id == id).collect();
    let is_bare = |change: &&Change| change.kind == ChangeKind::MemberErased && change.record == Changed::Nothing;
    trial.expect(&ERASED_FEED, !of_them.is_empty() && of_them.iter().all(is_bare), || {
        format!("the feed says {of_them:?}")
    });
    for trace in &traces {
        match trial.platform.holding(element.scope(), trace).await {
            // The entries of the feed have the id alone.
            Ok(keys) => trial.expect(&ERASED, keys.len() <= if trace == id { of_them.len() } else { 0 }, || {
                format!("{trace:?} is left under {keys:?}")
            }),
            Err(_) => return None,
        };
    }
    let absent = ["not-found"];
    trial.refused(&ERASED, "find-member of an erased one", &absent, element.find_member(id)).await;
    trial.refused(&ERASED, "signature of an erased one", &absent, element.signature(id)).await;
    trial.refused(&ERASED, "member-roles-of an erased one", &absent, element.member_roles_of(id)).await;
    trial.refused(&ERASED, "erase-member of an erased one", &absent, element.erase_member(id, DECIDER)).await;
    // The vendor still shows the member, who comes back as somebody new.
    complete(trial, element).await?;
    let roles = trial.demand(&ERASED, element.member_roles_of(id)).await?;
    let found = trial.demand(&ERASED, element.find_member(id)).await?;
    let is_new = roles.roles.is_empty() && roles.suspended.is_empty() && found.status == member.status;
    trial.expect(&ERASED, is_new, || {
        format!("whom the vendor still shows comes back with {roles:?}, {:?}", found.status)
    });
    read_all(trial, element).await?;
    Some(())
}

async fn erase(trial: &Trial, element: &Element, id: &str) -> Option<()> {
    for _ in 0..MOST_CALLS {
        match trial.ask(element.erase_member(id, DECIDER)).await? {
            Ok(()) => return Some(()),
            Err(error) if error.reason == Reason::BudgetExhausted => {}
            Err(error) => {
                trial.findings.broken(&ERASED, format!("expected an answer, found {}", shown(&error)));
                return None;
            }
        }
    }
    trial.findings.broken(&ERASED, format!("nobody is erased after {MOST_CALLS} calls"));
    None
}

/// Texts by which a member would be found in the storage, and nobody else.
fn traces(member: &Member, copy: &Copy) -> Vec<String> {
    let of_others = copy.members.values().filter(|other| other.id != member.id);
    let others: String = of_others.map(|other| format!("{other:?}")).collect();
    let others = format!("{others}{:?}", copy.departments);
    let own = [
        &member.alias,
        &member.telephone,
        &member.mobile,
        &member.email,
        &member.business_email,
        &member.avatar,
        &member.qr_code,
        &member.address,
    ];
    let own = own.into_iter().flatten().chain([&member.id, &member.name]).cloned();
    let own = own.chain(member.alternate_ids.iter().map(|other| other.id.clone()));
    let is_trace = |text: &String| text.len() >= SHORTEST_TRACE && !others.contains(text.as_str());
    own.filter(is_trace).chain([TRACE_ROLE, TRACE_IMAGE].map(str::to_owned)).collect()
}
