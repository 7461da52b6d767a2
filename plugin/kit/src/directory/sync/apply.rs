//! Writing the plan: departments (parents first), members, members who left, departments that are gone (deepest
//! first). Each part moves its records, indexes, feed entries and the checkpoint in one atomic step.

use std::collections::BTreeSet;

use super::{
    lease,
    compare::Row,
    pages,
    run::Phase,
    context::{Stop, Worker},
};
use crate::{
    contract::{directory::{ChangeKind, MemberStatus}, types::Reason},
    directory::{
        batch::Batch,
        decision::{self, Decision},
        key,
        record::{DepartmentRecord, MemberRecord, is_present},
    },
    failure::Failure,
    platform::Platform,
    store,
};

/// Rows that are read together; a batch takes as many of them as fit.
const ROWS: u32 = 200;
/// Attempts to write a part, each lost against another writer that succeeded.
const ATTEMPTS: u32 = 50;

/// Counts what writing the departments would do.
pub fn plan_departments<P: Platform>(worker: &mut Worker<'_, P>) -> Result<(), Stop> {
    (worker.run.planned.departments_added, worker.run.planned.departments_updated) = (0, 0);
    for page in 0..worker.run.department_pages {
        let fetched = pages::departments(worker, page)?;
        let keys: Vec<String> = fetched.iter().map(|department| key::department(&department.id)).collect();
        for (entry, mut department) in store::get_many(worker.platform, &keys)?.into_iter().zip(fetched) {
            let stored =
                entry.map(|entry| store::parse::<DepartmentRecord>(&entry)).transpose()?.map(|entry| entry.value);
            match decision::on_department(stored.as_ref().map(|stored| &stored.department), &mut department) {
                Decision::Change(ChangeKind::DepartmentAdded) => worker.run.planned.departments_added += 1,
                Decision::Change(_) => worker.run.planned.departments_updated += 1,
                Decision::Unchanged | Decision::Ignore => {}
            }
        }
    }
    Ok(())
}

/// Writes a page of departments.
pub fn departments<P: Platform>(worker: &mut Worker<'_, P>, page: usize) -> Result<(), Stop> {
    if page >= worker.run.department_pages {
        worker.run.phase = Phase::ApplyMembers(None);
        return worker.checkpoint();
    }
    let fetched = pages::departments(worker, page)?;
    let keys: Vec<String> = fetched.iter().map(|department| key::department(&department.id)).collect();
    write(worker, |worker, batch| {
        let stored = store::get_many(worker.platform, &keys)?;
        for (entry, mut department) in stored.into_iter().zip(fetched.clone()) {
            let stored =
                entry.map(|entry| store::parse::<DepartmentRecord>(&entry)).transpose()?.map(|entry| entry.value);
            if stored.as_ref().is_some_and(|stored| stored.read_at > worker.run.departments_read_at) {
                continue;
            }
            let decision = decision::on_department(stored.as_ref().map(|stored| &stored.department), &mut department);
            let applied = &mut worker.run.applied;
            if let Decision::Change(kind) = decision {
                match kind {
                    ChangeKind::DepartmentAdded => applied.departments_added += 1,
                    _ => applied.departments_updated += 1,
                }
                batch.department(&DepartmentRecord { read_at: worker.run.departments_read_at, department }, kind);
            }
        }
        worker.run.phase = Phase::ApplyDepartments(page + 1);
        Ok(())
    })
}

/// Writes the next rows of members. Rows go with what they became, so that the end of a large run has little to clear.
pub fn members<P: Platform>(worker: &mut Worker<'_, P>, after: Option<String>) -> Result<(), Stop> {
    let prefix = key::scratch_of(&worker.run.id, 'm');
    let page = worker.platform.scan(&prefix, after.as_deref(), ROWS).map_err(Failure::from)?;
    if page.entries.is_empty() {
        worker.run.phase = Phase::ApplyRemovals(None);
        return worker.checkpoint();
    }
    let keys: Vec<String> = page.entries.iter().map(|entry| key::member(&entry.key[prefix.len()..])).collect();
    write(worker, |worker, batch| {
        let stored = store::get_many(worker.platform, &keys)?;
        for (row, entry) in page.entries.iter().zip(stored) {
            if batch.is_full() {
                break;
            }
            worker.run.phase = Phase::ApplyMembers(Some(row.key.clone()));
            batch.push(store::delete(row.key.clone()));
            let Row { read_at, member } = store::parse::<Row<'_>>(row)?.value;
            let mut member = member.into_owned();
            let stored = entry.map(|entry| store::parse::<MemberRecord>(&entry)).transpose()?.map(|entry| entry.value);
            if stored.as_ref().is_some_and(|stored| stored.read_at > read_at) {
                continue;
            }
            let decision = decision::on_member(stored.as_ref(), &mut member);
            let applied = &mut worker.run.applied;
            match decision {
                Decision::Change(ChangeKind::MemberAdded) => applied.members_added += 1,
                Decision::Change(ChangeKind::MemberRejoined) => applied.members_rejoined += 1,
                Decision::Change(ChangeKind::MemberResigned) => applied.members_resigned += 1,
                Decision::Change(_) => applied.members_updated += 1,
                Decision::Unchanged | Decision::Ignore => continue,
            }
            batch.decided_member(worker.platform, stored.as_ref(), member, read_at, decision)?;
        }
        Ok(())
    })
}

/// Marks the next members who left the visible range.
pub fn removals<P: Platform>(worker: &mut Worker<'_, P>, after: Option<String>) -> Result<(), Stop> {
    let prefix = key::scratch_of(&worker.run.id, 'g');
    let page = worker.platform.scan(&prefix, after.as_deref(), ROWS).map_err(Failure::from)?;
    if page.entries.is_empty() {
        worker.run.phase = Phase::ApplyDepartmentRemovals;
        return worker.checkpoint();
    }
    let keys: Vec<String> = page.entries.iter().map(|entry| key::member(&entry.key[prefix.len()..])).collect();
    write(worker, |worker, batch| {
        let stored = store::get_many(worker.platform, &keys)?;
        for (row, entry) in page.entries.iter().zip(stored) {
            if batch.is_full() {
                break;
            }
            worker.run.phase = Phase::ApplyRemovals(Some(row.key.clone()));
            batch.push(store::delete(row.key.clone()));
            let read_at: u64 = store::parse(row)?.value;
            let Some(entry) = entry else { continue };
            let old: MemberRecord = store::parse(&entry)?.value;
            if is_present(old.presence) && old.read_at <= read_at {
                let new = MemberRecord { read_at, presence: MemberStatus::LeftRange, ..old.clone() };
                batch.member(Some(&old), &new, ChangeKind::MemberLeftRange);
                worker.run.applied.members_left_range += 1;
            }
        }
        Ok(())
    })
}

/// Deletes departments that are gone. Children go before their parents.
pub fn department_removals<P: Platform>(worker: &mut Worker<'_, P>) -> Result<(), Stop> {
    let prefix = key::scratch_of(&worker.run.id, 'e');
    let mut keys = Vec::new();
    let mut after = None;
    loop {
        let page = worker.platform.scan(&prefix, after.as_deref(), 1_000).map_err(Failure::from)?;
        keys.extend(page.entries.iter().map(|entry| key::department(&entry.key[prefix.len()..])));
        match page.entries.last().filter(|_| page.more) {
            Some(last) => after = Some(last.key.clone()),
            None => break,
        }
    }
    let mut is_done = false;
    while !is_done {
        write(worker, |worker, batch| {
            let mut gone = Vec::new();
            for entry in store::get_many(worker.platform, &keys)?.into_iter().flatten() {
                let record: DepartmentRecord = store::parse(&entry)?.value;
                if record.read_at <= worker.run.departments_read_at {
                    gone.push(record);
                }
            }
            is_done = true;
            for record in children_first(gone) {
                if batch.is_full() {
                    is_done = false;
                    break;
                }
                worker.run.applied.departments_removed += 1;
                batch.remove_department(record);
            }
            if is_done {
                worker.run.phase = Phase::Finish;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Sorts departments so that every child stands before its parent.
fn children_first(mut departments: Vec<DepartmentRecord>) -> Vec<DepartmentRecord> {
    let mut sorted = Vec::with_capacity(departments.len());
    while !departments.is_empty() {
        let parents: BTreeSet<String> =
            departments.iter().filter_map(|record| record.department.parent_id.clone()).collect();
        let (inner, leaves): (Vec<_>, Vec<_>) =
            departments.into_iter().partition(|record| parents.contains(&record.department.id));
        // Only a circle, which a broken vendor sent once, has no leaf.
        if leaves.is_empty() {
            sorted.extend(inner);
            break;
        }
        sorted.extend(leaves);
        departments = inner;
    }
    sorted
}

/// Fills a batch and writes it with the run, anew when another writer came between.
fn write<P: Platform>(
    worker: &mut Worker<'_, P>,
    mut fill: impl FnMut(&mut Worker<'_, P>, &mut Batch) -> Result<(), Stop>,
) -> Result<(), Stop> {
    let before = worker.run.clone();
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(worker.platform, &worker.config.common.organisation)?;
        fill(worker, &mut batch)?;
        let ops = if batch.is_empty() { Vec::new() } else { batch.into_ops() };
        if worker.try_commit(ops)? {
            return Ok(());
        }
        worker.run = before.clone();
    }
    let failure =
        Failure::new(Reason::Conflict, format!("other writers changed the directory {ATTEMPTS} times in a row"));
    Err(Stop::Lost(failure.with_retry_after_ms(lease::TTL_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::department::Department;

    fn record(id: &str, parent: Option<&str>) -> DepartmentRecord {
        DepartmentRecord {
            read_at: 0,
            department: Department {
                id: id.to_owned(),
                name: String::new(),
                name_en: None,
                parent_id: parent.map(str::to_owned),
                order: 0,
                leaders: Vec::new(),
            },
        }
    }

    #[test]
    fn departments_go_deepest_first() {
        for (name, rows, expected) in [
            ("a chain", vec![record("1", None), record("2", Some("1")), record("3", Some("2"))], vec!["3", "2", "1"]),
            ("a parent that stays", vec![record("2", Some("1")), record("3", Some("1"))], vec!["2", "3"]),
            ("a circle", vec![record("5", Some("6")), record("6", Some("5"))], vec!["5", "6"]),
        ] {
            let ids: Vec<String> = children_first(rows).into_iter().map(|record| record.department.id).collect();
            assert_eq!(ids, expected, "{name}");
        }
    }
}
