//! What a run has met and not yet dealt with, page by page in scratch: departments, and members that are asked about one
//! by one.

use std::collections::HashMap;

use super::{
    run::{DEPARTMENTS_PER_PAGE, INDIVIDUALS_PER_PAGE},
    context::{Stop, Worker},
};
use crate::{directory::key, failure::Failure, platform::Platform, store, directory::department::Department};

/// Bytes of a page of departments, about: with leaders a department may be large, and a page is one value of storage.
const PAGE_BYTES: usize = 100 << 10;

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

/// A page of departments as it was written.
pub fn departments<P: Platform>(worker: &Worker<'_, P>, page: usize) -> Result<Vec<Department>, Failure> {
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
