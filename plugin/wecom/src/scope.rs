//! What the app may see: its granted departments, members and tags.
//!
//! The forest comes from the granted ids, never from department 1: many apps may not see the root (docs 90208, 90227).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    api::{
        answer,
        client::WeComClient,
        codes::{HIDDEN_DEPARTMENT, UNKNOWN_TAG},
    },
    wire::{agent::Agent, department, tag::Tag},
};
use organisation_kit::{
    calls::Call,
    directory::{
        department::DepartmentRow,
        sync::{RunContext, StepError},
    },
    failure::{Cause, Failure},
    order, text,
    vendor::Scoped,
};

/// What was granted, and how far its tags were looked into.
#[derive(Default, Serialize, Deserialize)]
pub struct ScopeState {
    is_known: bool,
    departments: BTreeSet<String>,
    /// Those that were not asked about yet, the next one last.
    tags: Vec<String>,
}

/// A run of this vendor.
pub(crate) type WeComRun<'r, 'a> = RunContext<'r, WeComClient<'a>>;

/// Asks for the next part: the app, then its tags, as many as the call allows, then the departments.
pub(crate) fn next(
    run: &mut WeComRun<'_, '_>,
    scope: &mut ScopeState,
    with_departments: bool,
) -> Result<Scoped, StepError> {
    let mut members = Vec::new();
    if !scope.is_known {
        run.before_request()?;
        let client = run.client();
        let agent: Agent = client.calls.one(&client.config().agent_get()).map_err(StepError::Vendor)?;
        note_unreadable(run, "agent/get", agent.unreadable);
        members = agent.members;
        scope.departments = order::set(agent.departments);
        scope.tags = agent.tags;
        scope.is_known = true;
    }
    while !scope.tags.is_empty() {
        tags(run, scope, &mut members)?;
        if !run.has_budget() {
            return Ok(Scoped::More { members });
        }
    }
    let departments = match with_departments {
        false => None,
        true => match departments(run, &scope.departments) {
            Err(StepError::Vendor(failure)) if failure.cause == Cause::AnswerTooLarge => Some(Err(failure)),
            departments => Some(Ok(departments?)),
        },
    };
    Ok(Scoped::Done { members, departments })
}

/// Whoever an id stands for that cannot be read is not in the scope; somebody has to know.
pub(crate) fn note_unreadable(run: &mut WeComRun<'_, '_>, call: &str, count: usize) {
    if count > 0 {
        run.note(text! { "{call} 返回的可见范围中有 {count} 个 ID 无法识别：已忽略",
        "{count} ids of the visible range that {call} answered cannot be read: left out" });
    }
}

/// Asks about the next tags side by side.
fn tags(run: &mut WeComRun<'_, '_>, scope: &mut ScopeState, members: &mut Vec<String>) -> Result<(), StepError> {
    let ids = scope.tags.split_off(scope.tags.len().saturating_sub(run.parallelism()));
    run.before_request()?;
    let client = run.client();
    let calls: Vec<Call> = ids.iter().map(|id| client.config().tag_get(id)).collect();
    for (id, answer) in ids.iter().zip(client.calls.all::<Tag>(&calls, None)) {
        match answer {
            Ok(tag) => {
                note_unreadable(run, &format!("tag/get {id}"), tag.unreadable);
                members.extend(tag.members);
                scope.departments.extend(tag.departments);
            }
            Err(failure) if UNKNOWN_TAG.include(&failure) => run.note(text! { "标签 {id} 已授权给应用，但已不存在",
            "tag {id} is granted to the app but does not exist" }),
            Err(failure) => return Err(StepError::Vendor(failure)),
        }
    }
    Ok(())
}

/// The visible departments: the list without an id, and each granted one that it left out with what is below it.
fn departments(run: &mut WeComRun<'_, '_>, granted: &BTreeSet<String>) -> Result<Vec<DepartmentRow>, StepError> {
    let (mut rows, mut known) = (Vec::new(), BTreeSet::new());
    for asked in std::iter::once(None).chain(granted.iter().map(Some)) {
        if asked.is_some_and(|id| known.contains(id)) {
            continue;
        }
        match list(run, asked.map(String::as_str))? {
            Ok(found) => {
                known.extend(found.iter().filter_map(id));
                rows.extend(found);
            }
            Err(failure) if HIDDEN_DEPARTMENT.include(&failure) => {
                // An app that was granted members or tags alone may be refused the list of all.
                let Some(id) = asked else { continue };
                let code = failure.vendor_code.unwrap_or_default();
                run.note(text! { "部门 {id} 已授权给应用，但无法读取（{code}）",
                "department {id} is granted to the app but cannot be read ({code})" });
            }
            Err(failure) => return Err(StepError::Vendor(failure)),
        }
    }
    Ok(rows)
}

fn id(row: &DepartmentRow) -> Option<String> {
    match row {
        DepartmentRow::Fetched(fetched) => Some(fetched.department.id.clone()),
        DepartmentRow::Unreadable => None,
    }
}

/// Asks for all visible departments, or for one and those below it; a refusal is for whoever asked to judge.
pub(crate) fn list(
    run: &mut WeComRun<'_, '_>,
    id: Option<&str>,
) -> Result<Result<Vec<DepartmentRow>, Failure>, StepError> {
    run.before_request()?;
    let call = run.client().config().department_list(id);
    let text = run.client().calls.text(&call);
    Ok(text.and_then(|text| answer::read(&call, &text, department::parse_list)))
}
