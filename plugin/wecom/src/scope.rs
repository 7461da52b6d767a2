//! What the app may see: its granted departments, members and tags.
//!
//! The forest comes from the granted ids, never from department 1: many apps may not see the root (docs 90208, 90227).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    api::{
        answer,
        call::Call,
        client::Client,
        codes::{hides_department, is_unknown_tag},
        endpoint::Endpoint,
    },
    wire::{agent::Agent, department, tag::Tag},
};
use organisation_kit::{
    directory::{
        department::DepartmentRow,
        sync::{RunContext, StepError},
    },
    failure::{Cause, Failure},
    platform::Platform,
    vendor::Scoped,
};

/// What was granted, and how far its tags were looked into.
#[derive(Default, Serialize, Deserialize)]
pub struct Scope {
    is_known: bool,
    departments: BTreeSet<String>,
    /// Those that were not asked about yet, the next one last.
    tags: Vec<String>,
}

/// A run of this vendor.
pub(crate) type Run<'r, 'a, P> = RunContext<'r, P, Client<'a, P>>;

/// Asks for the next part: the app, then its tags, as many as the call allows, then the departments.
pub(crate) fn next<P: Platform>(
    run: &mut Run<'_, '_, P>,
    scope: &mut Scope,
    with_departments: bool,
) -> Result<Scoped, StepError> {
    let mut members = Vec::new();
    if !scope.is_known {
        let agent = agent(run)?;
        members = agent.members;
        scope.departments = agent.departments.into_iter().collect();
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

fn agent<P: Platform>(run: &mut Run<'_, '_, P>) -> Result<Agent, StepError> {
    let agent_id = run.client().config().agent_id;
    let call = Call::get(Endpoint::AgentGet, vec![("agentid", agent_id.to_string())]);
    let text = ask(run, &call)?.map_err(StepError::Vendor)?;
    read(&call, serde_json::from_str(&text))
}

/// Asks about the next tags side by side.
fn tags<P: Platform>(run: &mut Run<'_, '_, P>, scope: &mut Scope, members: &mut Vec<String>) -> Result<(), StepError> {
    let ids = scope.tags.split_off(scope.tags.len().saturating_sub(run.parallelism()));
    let calls: Vec<Call> = ids.iter().map(|id| Call::get(Endpoint::TagGet, vec![("tagid", id.clone())])).collect();
    run.before_request()?;
    for (call, (id, answer)) in calls.iter().zip(ids.iter().zip(run.client().attempt_all(&calls, None))) {
        match answer {
            Ok(text) => {
                let tag: Tag = read(call, serde_json::from_str(&text))?;
                members.extend(tag.members);
                scope.departments.extend(tag.departments);
            }
            Err(failure) if is_unknown_tag(&failure) => run.note((
                format!("标签 {id} 已授权给应用，但已不存在"),
                format!("tag {id} is granted to the app but does not exist"),
            )),
            Err(failure) => return Err(StepError::Vendor(failure)),
        }
    }
    Ok(())
}

/// The visible departments: the list without an id, and each granted one that it left out with what is below it.
fn departments<P: Platform>(
    run: &mut Run<'_, '_, P>,
    granted: &BTreeSet<String>,
) -> Result<Vec<DepartmentRow>, StepError> {
    let call = Call::get(Endpoint::DepartmentList, Vec::new());
    let mut rows = match ask(run, &call)? {
        Ok(text) => read(&call, department::parse_list(&text))?,
        // An app that was granted members or tags alone may be refused the list.
        Err(failure) if hides_department(&failure) => Vec::new(),
        Err(failure) => return Err(StepError::Vendor(failure)),
    };
    let mut known: BTreeSet<String> = rows.iter().filter_map(id).collect();
    for id in granted {
        if known.contains(id) {
            continue;
        }
        let call = Call::get(Endpoint::DepartmentList, vec![("id", id.clone())]);
        match ask(run, &call)? {
            Ok(text) => {
                let below = read(&call, department::parse_list(&text))?;
                known.extend(below.iter().filter_map(self::id));
                rows.extend(below);
            }
            Err(failure) if hides_department(&failure) => {
                let code = failure.vendor_code.unwrap_or_default();
                run.note((
                    format!("部门 {id} 已授权给应用，但无法读取（{code}）"),
                    format!("department {id} is granted to the app but cannot be read ({code})"),
                ));
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

/// Asks one question; a refusal is for whoever asked to judge.
pub(crate) fn ask<P: Platform>(run: &mut Run<'_, '_, P>, call: &Call) -> Result<Result<String, Failure>, StepError> {
    run.before_request()?;
    let answer = run.client().attempt_all(std::slice::from_ref(call), None).pop();
    Ok(answer.unwrap_or_else(|| Err(answer::without(call, "answer of the host").failure)))
}

fn read<T>(call: &Call, parsed: Result<T, serde_json::Error>) -> Result<T, StepError> {
    parsed.map_err(|error| StepError::Vendor(answer::unreadable(call, &error).failure))
}
