//! The trail of what administrators decide, and that nothing is decided without it.

use serde_json::Value;

use super::{
    administration::{DECIDER, IMAGE, ROLE, TestMembers, administered, set_rules},
    promise::{ACTOR, AUDIT_FIRST, AUDITED},
    sync::complete,
    trial::Trial,
};
use organisation_host::{
    Answered, AuditEntry, Decision, Element,
    contract::administration::{IdOutcome, RoleRule, RuleScope},
};

/// What an administrator decides, once for each effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Roles { given: bool },
    Signature { set: bool },
    Administrators,
    Rules { given: bool },
    Retire,
    Reinstate,
    Confirm,
    Erase,
}

/// Every function that decides, in an order in which each has an effect. Begins with roles, a signature, and both members as
/// administrators.
const STEPS: [Step; 12] = [
    Step::Roles { given: false },
    Step::Roles { given: true },
    Step::Signature { set: false },
    Step::Signature { set: true },
    Step::Administrators,
    Step::Rules { given: true },
    Step::Rules { given: false },
    Step::Retire,
    Step::Reinstate,
    Step::Confirm,
    Step::Retire,
    Step::Erase,
];

impl Step {
    fn action(self) -> &'static str {
        match self {
            Self::Roles { .. } => "administration.set-member-roles",
            Self::Signature { .. } => "administration.set-signature",
            Self::Administrators => "administration.set-administrators",
            Self::Rules { .. } => "administration.set-role-rules",
            Self::Retire => "administration.retire-members",
            Self::Reinstate => "administration.reinstate-members",
            Self::Confirm => "administration.confirm-roles",
            Self::Erase => "administration.erase-member",
        }
    }

    /// Whom the entry is about.
    fn subject(self, members: &TestMembers) -> Option<&str> {
        match self {
            Self::Administrators | Self::Rules { .. } => None,
            _ => Some(&members.one.id),
        }
    }

    /// Asks for it. What is said of the one id of a list counts as said of the call.
    async fn take(
        self,
        trial: &Trial,
        element: &Element,
        TestMembers { one, other }: &TestMembers,
        actor: &str,
    ) -> Option<Answered<()>> {
        let (id, ids, role) = (&*one.id, [one.id.clone()], [ROLE.to_owned()]);
        let rules = [RoleRule { role: ROLE.to_owned(), scope: RuleScope::Everybody }];
        Some(match self {
            Self::Roles { given } => {
                let roles = if given { &role[..] } else { &[] };
                trial.ask(element.set_member_roles(id, roles, actor)).await?.map(drop)
            }
            Self::Signature { set } => trial.ask(element.set_signature(id, set.then_some(IMAGE), actor)).await?,
            Self::Administrators => {
                trial.ask(element.set_administrators(std::slice::from_ref(&other.id), actor)).await?
            }
            Self::Rules { given } => {
                let rules = if given { &rules[..] } else { &[] };
                trial.ask(element.set_role_rules(rules, actor)).await?.map(drop)
            }
            Self::Retire => trial.ask(element.retire_members(&ids, actor)).await?.and_then(first_problem),
            Self::Reinstate => trial.ask(element.reinstate_members(&ids, actor)).await?.and_then(first_problem),
            Self::Confirm => trial.ask(element.confirm_roles(id, actor)).await?.map(drop),
            Self::Erase => trial.ask(element.erase_member(id, actor)).await?,
        })
    }

    /// Whether an entry tells of the effect.
    fn is_told(self, Decision { before, after, .. }: &Decision, members: &TestMembers) -> bool {
        let says = |side: &Option<String>, text: &str| side.as_ref().is_some_and(|side| side.contains(text));
        match self {
            Self::Roles { given } | Self::Rules { given } => says(after, ROLE) == given,
            // It need not be told what it is: it may be an image of 64 KiB.
            Self::Signature { set } => after.is_some() == set && before.is_some() != set,
            Self::Administrators => says(after, &Value::from(&*members.other.id).to_string()),
            Self::Retire | Self::Reinstate | Self::Confirm => before != after,
            Self::Erase => after.is_none(),
        }
    }
}

fn first_problem(outcomes: Vec<IdOutcome>) -> Answered<()> {
    outcomes.into_iter().find_map(|outcome| outcome.problem).map_or(Ok(()), Err)
}

/// Looks at the trail, with roles, administrators and a signature set before: each step without an actor, without a trail, and as
/// it should be.
pub(super) async fn examine(trial: &Trial, element: &Element, members: &TestMembers) -> Option<()> {
    let trail = element.scope().audit().ok()?;
    let long = "x".repeat(129);
    for step in STEPS {
        let action = step.action();
        if step == Step::Confirm {
            // Only then there is something to confirm.
            let _ = trial.ask(element.sync_member(&members.one.id)).await;
        }
        let before = administered(trial, element, members).await?;
        for actor in ["", &long] {
            let what = format!("{action} by an actor of {} bytes", actor.len());
            let answer = step.take(trial, element, members, actor).await;
            trial.is_refusal(&ACTOR, &what, &["invalid-argument"], answer);
        }
        let after = administered(trial, element, members).await?;
        trial.expect(&ACTOR, before == after, || format!("{action} without an actor: {before}, then {after}"));

        trial.platform.let_writes_fail(Some(trail.clone()));
        let what = format!("{action} without a trail");
        let answer = step.take(trial, element, members, DECIDER).await;
        trial.is_refusal(&AUDIT_FIRST, &what, &["unavailable"], answer);
        trial.platform.let_writes_fail(None);
        let after = administered(trial, element, members).await?;
        trial.expect(&AUDIT_FIRST, before == after, || format!("{what}: {before}, then {after}"));

        trial.demanded(&AUDITED, step.take(trial, element, members, DECIDER).await)?;
        is_written(trial, element, members, step).await;
        if let Step::Rules { given } = step {
            let rules = [RoleRule { role: ROLE.to_owned(), scope: RuleScope::Everybody }];
            set_rules(trial, element, if given { &rules[..] } else { &[] }).await?;
        }
    }
    // The vendor still shows the member.
    complete(trial, element).await.map(drop)
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

/// The last decision is this one, and tells of its effect.
async fn is_written(trial: &Trial, element: &Element, members: &TestMembers, step: Step) {
    let found = last(trial, element).await.map(|entry| entry.decision);
    let is_kept = found.as_ref().is_some_and(|decision| {
        let Decision { actor, action, subject, before, after } = decision;
        let are_json = [before, after].into_iter().flatten().all(|text| serde_json::from_str::<Value>(text).is_ok());
        let is_this = actor == DECIDER && action == step.action() && subject.as_deref() == step.subject(members);
        is_this && are_json && step.is_told(decision, members)
    });
    trial.expect(&AUDITED, is_kept, || format!("after {step:?} the trail ends with {found:?}"));
}
