//! The first step of a run: what is visible at all, written to scratch so that no later call asks again.
//!
//! The forest comes from the granted ids, never from department 1: many apps may not see the root (fact sheet §4.1).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    export,
    run::{Export, Phase, Place, Way},
    walk,
    worker::{Stop, Worker},
};
use crate::{
    directory::{key, record::DepartmentRecord, refresh::hides_department},
    failure::Failure,
    platform::Platform,
    store,
    vendor::{
        answer,
        api::Api,
        client::Call,
        wire::{
            agent::Agent,
            department::{self, Department},
            member,
            tag::Tag,
        },
    },
};

/// Rows of a page of departments: about 30 KB.
pub const DEPARTMENTS_PER_PAGE: usize = 200;
/// Bytes of a page of departments, about: with leaders a department may be large, and a page is one value of storage.
const PAGE_BYTES: usize = 100 << 10;
/// Rows of a page of member ids: 65 KB at most.
pub const INDIVIDUALS_PER_PAGE: usize = 1_000;

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
        Err(Stop::Vendor(failure)) if walk::is_too_large(&failure) && may_export => {
            worker.note("the list of departments is larger than one answer may be: exported".to_owned());
            worker.run.phase = Phase::Export(Export::Order { departments: true });
            return worker.checkpoint();
        }
        departments => departments?,
    };
    let is_large = departments.len() > EXPORT_FROM;
    write_departments(worker, departments)?;
    worker.run.phase = if is_large && may_export {
        Phase::Export(Export::Order { departments: false })
    } else {
        Phase::Fetch(Place::default())
    };
    worker.checkpoint()
}

/// Whether this run may ask for the bulk export. What an earlier run was refused is not asked for again, unless
/// somebody wants it.
pub fn may_export<P: Platform>(worker: &mut Worker<'_, P>) -> Result<bool, Failure> {
    if worker.run.export.is_given_up {
        return Ok(false);
    }
    match worker.run.way {
        Way::Walk => Ok(false),
        Way::Export => Ok(true),
        Way::Automatic => Ok(export::refused_before(worker.platform)?.is_none()),
    }
}

fn write_individuals<P: Platform>(worker: &mut Worker<'_, P>, agent: &Agent, tags: &[Tag]) -> Result<(), Stop> {
    let individuals: BTreeMap<String, &String> =
        agent.members.iter().chain(tags.iter().flat_map(|tag| &tag.members)).map(|id| (key::fold(id), id)).collect();
    let (ids, odd): (Vec<_>, Vec<_>) = individuals.into_values().cloned().partition(|id| member::is_id(id));
    if !odd.is_empty() {
        worker.note(format!("{} granted ids can name no member: left out", odd.len()));
    }
    (worker.run.individual_pages, worker.run.individuals) = (0, 0);
    add_individuals(worker, &ids)
}

/// Adds members that are to be asked about one by one. Only known to the run with its next checkpoint.
pub fn add_individuals<P: Platform>(worker: &mut Worker<'_, P>, ids: &[String]) -> Result<(), Stop> {
    for rows in ids.chunks(INDIVIDUALS_PER_PAGE) {
        let page = key::scratch_page(&worker.run.id, 'u', worker.run.individual_pages);
        worker.buffer(store::put(page, &rows));
        worker.run.individual_pages += 1;
        worker.run.individuals += rows.len() as u64;
        worker.relieve()?;
    }
    Ok(())
}

/// Writes the departments that were met, parents first. Only known to the run with its next checkpoint.
pub fn write_departments<P: Platform>(worker: &mut Worker<'_, P>, found: Vec<Department>) -> Result<(), Stop> {
    let departments = parents_first(found);
    let mut pages = 0;
    let mut rest = departments.as_slice();
    while !rest.is_empty() {
        let (rows, after) = rest.split_at(page_len(rest));
        worker.buffer(store::put(key::scratch_page(&worker.run.id, 'd', pages), &rows));
        worker.relieve()?;
        pages += 1;
        rest = after;
    }
    worker.run.department_pages = pages;
    worker.run.departments_met = departments.len() as u64;
    Ok(())
}

/// How many of these departments make one page: as many as fit, at least one.
fn page_len(departments: &[Department]) -> usize {
    let mut bytes = 0;
    let fits = |department: &&Department| {
        let leaders: usize = department.leaders.iter().map(|leader| leader.len() + 4).sum();
        bytes += 100 + department.name.len() + department.name_en.as_ref().map_or(0, String::len) + leaders;
        bytes <= PAGE_BYTES
    };
    departments.iter().take(DEPARTMENTS_PER_PAGE).take_while(fits).count().max(1)
}

/// Asks who leads departments of which somebody else told the rest.
pub fn add_leaders<P: Platform>(worker: &mut Worker<'_, P>, found: &mut [Department]) -> Result<(), Stop> {
    let call = Call { api: Api::DepartmentList, query: Vec::new(), body: None };
    let listed = match worker.ask(call) {
        Ok(text) => read(Api::DepartmentList, department::parse_list(&text))?,
        Err(Stop::Vendor(failure)) if hides_department(&failure) || walk::is_too_large(&failure) => Vec::new(),
        Err(stop) => return Err(stop),
    };
    let mut leaders: HashMap<String, Vec<String>> = listed.into_iter().map(|one| (one.id, one.leaders)).collect();
    let mut unknown = 0;
    for rows in found.chunks_mut(DEPARTMENTS_PER_PAGE) {
        let keys: Vec<String> = rows.iter().map(|row| key::department(&row.id)).collect();
        for (row, stored) in rows.iter_mut().zip(store::get_many(worker.platform, &keys)?) {
            row.leaders = match leaders.remove(&row.id) {
                Some(leaders) => leaders,
                None => {
                    unknown += 1;
                    let stored = stored.map(|entry| store::parse::<DepartmentRecord>(&entry)).transpose()?;
                    stored.map(|stored| stored.value.department.leaders).unwrap_or_default()
                }
            };
        }
    }
    if unknown > 0 {
        worker.note(format!("nobody told who leads {unknown} departments: left as they were"));
    }
    Ok(())
}

/// A page of departments as it was written.
pub fn page<P: Platform>(worker: &Worker<'_, P>, page: usize) -> Result<Vec<Department>, Failure> {
    read_page(worker, &key::scratch_page(&worker.run.id, 'd', page))
}

/// A page of individually granted members as it was written.
pub fn individuals<P: Platform>(worker: &Worker<'_, P>, page: usize) -> Result<Vec<String>, Failure> {
    read_page(worker, &key::scratch_page(&worker.run.id, 'u', page))
}

fn read_page<P: Platform, T: serde::de::DeserializeOwned>(worker: &Worker<'_, P>, key: &str) -> Result<T, Failure> {
    match store::get(worker.platform, key)? {
        Some(stored) => Ok(stored.value),
        None => Err(worker.scratch_is_gone(key)),
    }
}

fn agent<P: Platform>(worker: &mut Worker<'_, P>) -> Result<Agent, Stop> {
    let query = vec![("agentid", worker.config.agent_id.to_string())];
    let call = Call { api: Api::AgentGet, query, body: None };
    let text = worker.ask(call)?;
    read(Api::AgentGet, serde_json::from_str(&text))
}

fn tags<P: Platform>(worker: &mut Worker<'_, P>, agent: &Agent) -> Result<Vec<Tag>, Stop> {
    let mut tags = Vec::with_capacity(agent.tags.len());
    for ids in agent.tags.chunks(worker.parallelism()) {
        let calls: Vec<Call> =
            ids.iter().map(|id| Call { api: Api::TagGet, query: vec![("tagid", id.clone())], body: None }).collect();
        for (id, answer) in ids.iter().zip(worker.ask_all(&calls, None)?) {
            match answer {
                Ok(text) => tags.push(read(Api::TagGet, serde_json::from_str(&text))?),
                // 40068: the tag was deleted between the two calls.
                Err(failure) if failure.vendor_code == Some(40068) => {
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
    let call = Call { api: Api::DepartmentList, query: Vec::new(), body: None };
    let mut departments = match worker.ask(call) {
        Ok(text) => read(Api::DepartmentList, department::parse_list(&text))?,
        // An app that was granted members or tags alone may be refused the list.
        Err(Stop::Vendor(failure)) if hides_department(&failure) => Vec::new(),
        Err(stop) => return Err(stop),
    };
    let mut known: BTreeSet<String> = departments.iter().map(|department| department.id.clone()).collect();
    for id in granted {
        if known.contains(*id) {
            continue;
        }
        let call = Call { api: Api::DepartmentList, query: vec![("id", (*id).clone())], body: None };
        match worker.ask(call) {
            Ok(text) => {
                let below = read(Api::DepartmentList, department::parse_list(&text))?;
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

/// Sorts departments so that every parent stands before its children, without duplicates. A parent that is not there
/// makes its child a root; so does a circle, which only a broken vendor can send.
fn parents_first(departments: Vec<Department>) -> Vec<Department> {
    let parents: HashMap<String, Option<String>> =
        departments.iter().map(|department| (department.id.clone(), department.parent_id.clone())).collect();
    let mut ranked: Vec<(usize, String, Department)> = departments
        .into_iter()
        .map(|department| (depth(&parents, &department.id), format!("{:0>10}", department.id), department))
        .collect();
    ranked.sort_by(|(depth_a, id_a, _), (depth_b, id_b, _)| depth_a.cmp(depth_b).then_with(|| id_a.cmp(id_b)));
    ranked.dedup_by(|(_, a, _), (_, b, _)| a == b);
    ranked.into_iter().map(|(_, _, department)| department).collect()
}

fn depth(parents: &HashMap<String, Option<String>>, id: &str) -> usize {
    // WeCom allows 15 levels (81002); a longer chain is a circle.
    const LEVELS: usize = 64;
    let mut depth = 0;
    let mut current = id;
    while let Some(Some(parent)) = parents.get(current)
        && parents.contains_key(parent)
        && depth < LEVELS
    {
        current = parent;
        depth += 1;
    }
    depth
}

fn read<T>(api: Api, parsed: Result<T, serde_json::Error>) -> Result<T, Stop> {
    parsed.map_err(|error| Stop::Vendor(answer::unreadable(api, &error).failure))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn department(id: &str, parent: Option<&str>) -> Department {
        Department {
            id: id.to_owned(),
            name: String::new(),
            name_en: None,
            parent_id: parent.map(str::to_owned),
            order: 0,
            leaders: Vec::new(),
        }
    }

    #[test]
    fn parents_come_first_whatever_the_forest() {
        for (name, rows, expected) in [
            ("a tree, listed bottom up", vec![("3", Some("2")), ("2", Some("1")), ("1", None)], vec!["1", "2", "3"]),
            ("hidden parents are no obstacle", vec![("31", Some("7")), ("2", Some("1"))], vec!["2", "31"]),
            (
                "ids sort as numbers",
                vec![("10", None), ("9", None), ("4294967295", Some("9"))],
                vec!["9", "10", "4294967295"],
            ),
            ("a department listed twice is one", vec![("2", None), ("3", Some("2")), ("2", None)], vec!["2", "3"]),
            ("a circle ends", vec![("5", Some("6")), ("6", Some("5"))], vec!["5", "6"]),
            ("nothing", vec![], vec![]),
        ] {
            let rows = rows.into_iter().map(|(id, parent)| department(id, parent)).collect();
            let ids: Vec<String> = parents_first(rows).into_iter().map(|department| department.id).collect();
            assert_eq!(ids, expected, "{name}");
        }
    }
}
