//! The trail of what administrators decide, and that nothing is decided without it.

use serde_json::Value;

use super::{
    administration::{Cast, DECIDER, IMAGE, ROLE, said},
    promise::{ACTOR, AUDIT_FIRST, AUDITED},
    trial::Trial,
};
use organisation_host::{
    AuditEntry, Decision, Element,
    contract::administration::{RoleRule, RuleScope},
};

/// Looks at the trail, with roles, administrators and a signature set before.
pub(super) async fn examine(trial: &Trial, element: &Element, cast: &Cast) {
    entries(trial, element, cast).await;
    actor(trial, element, cast).await;
    unwritable(trial, element, cast).await;
}

async fn last(trial: &Trial, element: &Element) -> Option<AuditEntry> {
    let mut last: Option<AuditEntry> = None;
    loop {
        let after = last.as_ref().map(|entry| entry.cursor.clone());
        let page = match element.audit(after.as_deref(), u32::MAX).await {
            Ok(page) => page,
            Err(error) => {
                trial.findings.broken(&AUDITED, error.to_string());
                return None;
            }
        };
        last = page.entries.into_iter().last().or(last);
        if !page.more {
            return last;
        }
    }
}

/// The last decision is this one, and tells of its effect what `tells` looks for.
async fn is_written(
    trial: &Trial,
    element: &Element,
    (action, subject): (&str, &str),
    tells: impl Fn(&Decision) -> bool,
) {
    let found = last(trial, element).await.map(|entry| entry.decision);
    let is_kept = found.as_ref().is_some_and(|decision| {
        let Decision { actor, action: by, subject: of, before, after } = decision;
        let are_json = [before, after].into_iter().flatten().all(|text| serde_json::from_str::<Value>(text).is_ok());
        actor == DECIDER && by == action && of == subject && are_json && tells(decision)
    });
    trial.expect(&AUDITED, is_kept, || format!("after {action} of {subject:?} the trail ends with {found:?}"));
}

fn says(side: Option<&String>, text: &str) -> bool {
    side.is_some_and(|side| side.contains(text))
}

async fn entries(trial: &Trial, element: &Element, Cast { one, other }: &Cast) {
    let (id, roles) = (&*one.id, [ROLE.to_owned()]);
    for (given, is_gone) in [(&roles[..], false), (&[], true), (&roles, false)] {
        if trial.demand(&AUDITED, element.set_member_roles(id, given, DECIDER)).await.is_some() {
            let tells = |decision: &Decision| says(decision.after.as_ref(), ROLE) != is_gone;
            is_written(trial, element, ("administration.set-member-roles", id), tells).await;
        }
    }
    for (given, is_gone) in [(None, true), (Some(IMAGE), false)] {
        if trial.demand(&AUDITED, element.set_signature(id, given, DECIDER)).await.is_some() {
            // It need not be told what it is: it may be an image of 64 KiB.
            let tells =
                |decision: &Decision| decision.after.is_none() == is_gone && decision.before.is_some() == is_gone;
            is_written(trial, element, ("administration.set-signature", id), tells).await;
        }
    }
    let administrators = [other.id.clone()];
    if trial.demand(&AUDITED, element.set_administrators(&administrators, DECIDER)).await.is_some() {
        let json = Value::from(other.id.as_str()).to_string();
        let tells = |decision: &Decision| says(decision.after.as_ref(), &json);
        is_written(trial, element, ("administration.set-administrators", ""), tells).await;
    }
}

async fn actor(trial: &Trial, element: &Element, cast: &Cast) {
    let Cast { one, .. } = cast;
    let Some(before) = said(trial, element, cast).await else { return };
    let (refusal, ids, long) = (["invalid-argument"], [one.id.clone()], "x".repeat(129));
    for actor in ["", &long] {
        let what = |function: &str| format!("{function} by an actor of {} bytes", actor.len());
        let call = element.set_member_roles(&one.id, &[], actor);
        trial.refused(&ACTOR, &what("set-member-roles"), &refusal, call).await;
        trial.refused(&ACTOR, &what("set-role-rules"), &refusal, element.set_role_rules(&[everybody()], actor)).await;
        trial.refused(&ACTOR, &what("set-administrators"), &refusal, element.set_administrators(&ids, actor)).await;
        trial.refused(&ACTOR, &what("retire-members"), &refusal, element.retire_members(&ids, actor)).await;
        trial.refused(&ACTOR, &what("set-signature"), &refusal, element.set_signature(&one.id, None, actor)).await;
    }
    let Some(after) = said(trial, element, cast).await else { return };
    trial.expect(&ACTOR, before == after, || format!("without an actor something changed: {before}, then {after}"));
}

/// While the trail takes nothing, nothing is carried out.
async fn unwritable(trial: &Trial, element: &Element, cast: &Cast) {
    let Cast { one, .. } = cast;
    let Some(before) = said(trial, element, cast).await else { return };
    let (refusal, ids, rules) = (["unavailable"], [one.id.clone()], [everybody()]);
    let Ok(trail) = element.scope().audit() else { return };
    trial.platform.let_writes_fail(Some(trail));
    let what = |function: &str| format!("{function} without a trail");
    let call = element.set_member_roles(&one.id, &[], DECIDER);
    trial.refused(&AUDIT_FIRST, &what("set-member-roles"), &refusal, call).await;
    trial.refused(&AUDIT_FIRST, &what("set-role-rules"), &refusal, element.set_role_rules(&rules, DECIDER)).await;
    trial.refused(&AUDIT_FIRST, &what("set-administrators"), &refusal, element.set_administrators(&ids, DECIDER)).await;
    let call = element.set_signature(&one.id, None, DECIDER);
    trial.refused(&AUDIT_FIRST, &what("set-signature"), &refusal, call).await;
    // Each id has an outcome of its own there.
    if let Some(Ok(outcomes)) = trial.ask(element.retire_members(&ids, DECIDER)).await {
        let are_refused = outcomes.iter().all(|outcome| outcome.problem.is_some());
        trial.expect(&AUDIT_FIRST, are_refused, || format!("retire-members without a trail: {outcomes:?}"));
    }
    trial.platform.let_writes_fail(None);
    let Some(after) = said(trial, element, cast).await else { return };
    trial
        .expect(&AUDIT_FIRST, before == after, || format!("without a trail something changed: {before}, then {after}"));
}

fn everybody() -> RoleRule {
    RoleRule { role: ROLE.to_owned(), scope: RuleScope::Everybody }
}
