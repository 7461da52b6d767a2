//! What a run has seen and not yet dealt with, page by page in scratch: departments, and members that are asked about one
//! by one.

use std::collections::BTreeMap;

use super::{
    context::{RunContext, Stepped},
    run::{DEPARTMENTS_PER_PAGE, INDIVIDUALS_PER_PAGE},
};
use crate::{
    directory::{
        department::{DepartmentRow, FetchedDepartment},
        key,
        member::{Absent, is_id},
    },
    failure::Failure,
    order, store,
    vendor::Client,
};

/// Bytes of a page of departments, about: with leaders a department may be large, and a page is one value of storage.
const PAGE_BYTES: usize = 100 << 10;

/// Adds members that are to be asked about one by one. Only known to the run with its next checkpoint.
pub(super) fn add_individuals<C: Client>(context: &mut RunContext<'_, C>, ids: &[String]) -> Stepped {
    for rows in ids.chunks(INDIVIDUALS_PER_PAGE) {
        let page = key::scratch_page(&context.run.id, 'u', context.run.individual_pages);
        context.buffer(store::put_for(page, &rows, super::SCRATCH_TTL_MS));
        context.run.individual_pages += 1;
        context.run.individuals += rows.len() as u64;
        context.flush_if_full()?;
    }
    Ok(())
}

/// Writes the departments that were seen, parents first. Only known to the run with its next checkpoint.
pub(super) fn write_departments<C: Client>(context: &mut RunContext<'_, C>, rows: Vec<DepartmentRow>) -> Stepped {
    let departments = parents_first(sound(context, rows));
    let mut pages = 0;
    let mut rest = departments.as_slice();
    while !rest.is_empty() {
        let (rows, after) = rest.split_at(page_len(rest));
        let page = key::scratch_page(&context.run.id, 'd', pages);
        context.buffer(store::put_for(page, &rows, super::SCRATCH_TTL_MS));
        context.flush_if_full()?;
        pages += 1;
        rest = after;
    }
    context.run.department_pages = pages;
    context.run.departments_seen = departments.len() as u64;
    context.departments_seen = None;
    Ok(())
}

/// The departments that can be read; the administrator is told of the others, and of what is missing in these.
fn sound<C: Client>(context: &mut RunContext<'_, C>, rows: Vec<DepartmentRow>) -> Vec<FetchedDepartment> {
    context.run.departments_unreadable = 0;
    let mut departments = Vec::with_capacity(rows.len());
    let mut nameless: Vec<String> = Vec::new();
    for row in rows {
        match row {
            DepartmentRow::Fetched(fetched) if is_id(&fetched.department.id) => {
                let id = &fetched.department.id;
                if !fetched.unreadable.is_empty() {
                    let fields = fetched.unreadable.join(", ");
                    context.note(text! {
                    "部门 {id} 的字段 {fields} 无法识别：已忽略该字段",
                    "the fields {fields} of department {id} cannot be read: left out" });
                }
                if fetched.absent.has(Absent::NAME) {
                    nameless.push(id.clone());
                }
                departments.push(fetched);
            }
            DepartmentRow::Fetched(_) | DepartmentRow::Unreadable => context.run.departments_unreadable += 1,
        }
    }
    let unreadable = context.run.departments_unreadable;
    if unreadable > 0 {
        context.note(text! {
        "{unreadable} 行部门数据没有可识别的 ID：已跳过，本次不删除任何部门",
        "{unreadable} rows of departments have no id that can be read: left out, and no department is removed" });
    }
    if let Some(first) = nameless.first() {
        let count = nameless.len();
        context.note(text! {
        "{count} 个部门未返回名称（如 {first}）：保留已知名称，请检查应用的通讯录权限",
        "{count} departments came without a name (such as {first}): known names are kept; check the app's permission \
         to read contacts" });
    }
    departments
}

/// How many of these departments make one page: as many as fit, at least one.
fn page_len(departments: &[FetchedDepartment]) -> usize {
    let mut bytes = 0;
    let fits = |row: &&FetchedDepartment| {
        let department = &row.department;
        let leaders: usize = department.leaders.iter().map(|leader| leader.len() + 4).sum();
        bytes += 100 + department.name.len() + department.name_en.as_ref().map_or(0, String::len) + leaders;
        bytes <= PAGE_BYTES
    };
    departments.iter().take(DEPARTMENTS_PER_PAGE).take_while(fits).count().max(1)
}

/// A page of departments as it was written.
pub(super) fn departments<C: Client>(
    context: &RunContext<'_, C>,
    page: usize,
) -> Result<Vec<FetchedDepartment>, Failure> {
    read_page(context, &key::scratch_page(&context.run.id, 'd', page))
}

/// A page of members that are asked about one by one, as it was written.
pub(super) fn individuals<C: Client>(context: &RunContext<'_, C>, page: usize) -> Result<Vec<String>, Failure> {
    read_page(context, &key::scratch_page(&context.run.id, 'u', page))
}

fn read_page<C: Client, T: serde::de::DeserializeOwned>(context: &RunContext<'_, C>, key: &str) -> Result<T, Failure> {
    match store::get(context.platform, key)? {
        Some(stored) => Ok(stored.value),
        None => Err(context.scratch_is_gone(key)),
    }
}

/// Sorts departments so that every parent stands before its children, without duplicates. A parent that is not there
/// makes its child a root; so does a circle, which only a broken vendor can send.
fn parents_first(departments: Vec<FetchedDepartment>) -> Vec<FetchedDepartment> {
    let mut parents = BTreeMap::new();
    parents.extend(departments.iter().map(|row| (row.department.id.clone(), row.department.parent_id.clone())));
    let mut ranked: Vec<(usize, FetchedDepartment)> =
        departments.into_iter().map(|row| (depth(&parents, &row.department.id), row)).collect();
    // Numbers among ids come in the order of their value.
    fn rank((depth, row): &(usize, FetchedDepartment)) -> (usize, usize, &str) {
        (*depth, row.department.id.len(), &row.department.id)
    }
    order::sort_by(&mut ranked, &|one, other| rank(one).cmp(&rank(other)));
    ranked.dedup_by(|(_, a), (_, b)| a.department.id == b.department.id);
    ranked.into_iter().map(|(_, row)| row).collect()
}

/// How many of these departments stand above one.
pub(super) fn depth(parents: &BTreeMap<String, Option<String>>, id: &str) -> usize {
    // No vendor allows that many levels; a longer chain is a circle.
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
    use crate::directory::department::Department;

    fn department(id: &str, parent: Option<&str>) -> FetchedDepartment {
        let parent_id = parent.map(str::to_owned);
        Department { id: id.to_owned(), parent_id, ..Department::default() }.into()
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
            let ids: Vec<String> = parents_first(rows).into_iter().map(|row| row.department.id).collect();
            assert_eq!(ids, expected, "{name}");
        }
    }
}
