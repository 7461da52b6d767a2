//! The first step of a run: what is visible at all, written to scratch so that no later call asks again.
//!
//! The forest comes from the granted ids, never from department 1: many apps may not see the root (fact sheet §4.1).

use std::collections::{BTreeMap, BTreeSet};

use super::{
    context::{Stop, Worker},
    export::may_export,
    pages,
    run::{Export, Phase, Place, Way},
};
use crate::{
    directory::{department::Department, key},
    platform::Platform,
    vendor::{
        answer,
        api::Api,
        client::Call,
        codes,
        refusal::{hides_department, is_too_large},
        rows::departments as departments_of,
        wire::{agent::Agent, department, member, tag::Tag},
    },
};

/// Departments from which on the bulk export is quicker than a walk: a walk of so many takes some 25 seconds at the 20
/// calls a second that WeCom bears (fact sheet §10.7), an export as long to be made.
const EXPORT_FROM: usize = 500;

/// Asks for the scope and writes it to scratch.
pub fn step<P: Platform>(worker: &mut Worker<'_, P>) -> Result<(), Stop> {
    let agent = agent(worker)?;
    let tags = tags(worker, &agent)?;
    write_individuals(worker, &agent, &tags)?;
    let may_export = may_export(worker)?;
    if worker.run.way == Way::Export && may_export {
        worker.run.phase = Phase::Export(Export::Order { departments: true });
        return worker.checkpoint();
    }
    let granted: BTreeSet<&String> =
        agent.departments.iter().chain(tags.iter().flat_map(|tag| &tag.departments)).collect();
    worker.run.departments_read_at = worker.platform.now_ms();
    let departments = match departments(worker, &granted) {
        // More than an answer may hold: the export has no such bound.
        Err(Stop::Vendor(failure)) if is_too_large(&failure) && may_export => {
            worker.note("the list of departments is larger than one answer may be: exported".to_owned());
            worker.run.phase = Phase::Export(Export::Order { departments: true });
            return worker.checkpoint();
        }
        departments => departments?,
    };
    let is_large = departments.len() > EXPORT_FROM;
    pages::write_departments(worker, departments)?;
    worker.run.phase = if is_large && may_export {
        Phase::Export(Export::Order { departments: false })
    } else {
        Phase::Fetch(Place::default())
    };
    worker.checkpoint()
}

fn write_individuals<P: Platform>(worker: &mut Worker<'_, P>, agent: &Agent, tags: &[Tag]) -> Result<(), Stop> {
    let individuals: BTreeMap<String, &String> =
        agent.members.iter().chain(tags.iter().flat_map(|tag| &tag.members)).map(|id| (key::fold(id), id)).collect();
    let (ids, odd): (Vec<_>, Vec<_>) = individuals.into_values().cloned().partition(|id| member::is_id(id));
    if !odd.is_empty() {
        worker.note(format!("{} granted ids can name no member: left out", odd.len()));
    }
    (worker.run.individual_pages, worker.run.individuals) = (0, 0);
    pages::add_individuals(worker, &ids)
}

fn agent<P: Platform>(worker: &mut Worker<'_, P>) -> Result<Agent, Stop> {
    let query = vec![("agentid", worker.config.agent_id.to_string())];
    let call = Call::get(Api::AgentGet, query);
    let text = worker.ask(call)?;
    read(Api::AgentGet, serde_json::from_str(&text))
}

fn tags<P: Platform>(worker: &mut Worker<'_, P>, agent: &Agent) -> Result<Vec<Tag>, Stop> {
    let mut tags = Vec::with_capacity(agent.tags.len());
    for ids in agent.tags.chunks(worker.parallelism()) {
        let calls: Vec<Call> = ids.iter().map(|id| Call::get(Api::TagGet, vec![("tagid", id.clone())])).collect();
        for (id, answer) in ids.iter().zip(worker.ask_all(&calls, None)?) {
            match answer {
                Ok(text) => tags.push(read(Api::TagGet, serde_json::from_str(&text))?),
                // The tag was deleted between the two calls.
                Err(failure) if codes::is_unknown_tag(&failure) => {
                    worker.note(format!("tag {id} is granted to the app but does not exist (40068)"));
                }
                Err(failure) => return Err(Stop::Vendor(failure)),
            }
        }
    }
    Ok(tags)
}

/// The visible departments: the list without an id, and each granted one that it left out with what is below it.
fn departments<P: Platform>(worker: &mut Worker<'_, P>, granted: &BTreeSet<&String>) -> Result<Vec<Department>, Stop> {
    let call = Call::get(Api::DepartmentList, Vec::new());
    let mut departments = match worker.ask(call) {
        Ok(text) => departments_of(read(Api::DepartmentList, department::parse_list(&text))?),
        // An app that was granted members or tags alone may be refused the list.
        Err(Stop::Vendor(failure)) if hides_department(&failure) => Vec::new(),
        Err(stop) => return Err(stop),
    };
    let mut known: BTreeSet<String> = departments.iter().map(|department| department.id.clone()).collect();
    for id in granted {
        if known.contains(*id) {
            continue;
        }
        let call = Call::get(Api::DepartmentList, vec![("id", (*id).clone())]);
        match worker.ask(call) {
            Ok(text) => {
                let below = departments_of(read(Api::DepartmentList, department::parse_list(&text))?);
                known.extend(below.iter().map(|department| department.id.clone()));
                departments.extend(below);
            }
            Err(Stop::Vendor(failure)) if hides_department(&failure) => {
                let code = failure.vendor_code.unwrap_or_default();
                worker.note(format!("department {id} is granted to the app but cannot be read ({code})"));
            }
            Err(stop) => return Err(stop),
        }
    }
    Ok(departments)
}

fn read<T>(api: Api, parsed: Result<T, serde_json::Error>) -> Result<T, Stop> {
    parsed.map_err(|error| Stop::Vendor(answer::unreadable(&api, &error).failure))
}
