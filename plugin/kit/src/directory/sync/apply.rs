//! Writing the plan: departments (parents first), members, members who left, departments that are gone (deepest
//! first). Each part moves its records, indexes, feed entries and the checkpoint in one atomic step.

use std::collections::BTreeMap;

use super::{
    compare::PlannedMember,
    context::{RunContext, StepError, Stepped},
    lease, pages,
    phase::Phase,
};
use crate::{
    contract::{
        directory::{ChangeKind, MemberStatus},
        storage::Entry,
    },
    directory::{
        administrators,
        batch::Batch,
        department, key,
        member_status::{self, Decision, is_present},
        record::{DepartmentRecord, MemberRecord, outlives},
        refresh::contended,
    },
    failure::Failure,
    order, store,
    vendor::Client,
};

/// Rows that are read together; a batch takes as many of them as fit.
const ROWS: u32 = 200;
/// Attempts to write a part, each lost against another writer that succeeded.
const ATTEMPTS: u32 = 50;

/// Counts what writing the departments would do.
pub(super) fn plan_departments<C: Client>(context: &mut RunContext<'_, C>) -> Stepped {
    (context.run.planned.departments_added, context.run.planned.departments_updated) = (0, 0);
    for page in 0..context.run.department_pages {
        let fetched = pages::departments(context, page)?;
        let ids: Vec<&str> = fetched.iter().map(|row| row.department.id.as_str()).collect();
        let known = context.known_departments(&ids)?;
        for (stored, mut row) in known.into_iter().zip(fetched) {
            let known = stored.as_ref().map(|stored| &stored.department);
            if let Decision::Change(kind) = department::on_department(context.common.ids, known, &mut row) {
                context.run.planned.count(kind);
            }
        }
    }
    Ok(())
}

/// Writes a page of departments.
pub(super) fn departments<C: Client>(context: &mut RunContext<'_, C>, page: usize) -> Stepped {
    if page >= context.run.department_pages {
        return context.next_phase();
    }
    let fetched = pages::departments(context, page)?;
    let ids: Vec<&str> = fetched.iter().map(|row| row.department.id.as_str()).collect();
    write(context, &mut |context, batch| {
        let read_at = context.run.departments_read_at;
        for (stored, mut row) in context.known_departments(&ids)?.into_iter().zip(fetched.clone()) {
            if stored.as_ref().is_some_and(|stored| outlives(stored.read_at, read_at, context.platform.now_ms())) {
                continue;
            }
            let known = stored.as_ref().map(|stored| &stored.department);
            if let Decision::Change(kind) = department::on_department(context.common.ids, known, &mut row) {
                context.run.applied.count(kind);
                let new = DepartmentRecord { read_at, department: row.department };
                batch.department(context.platform, known, &new, kind)?;
            }
        }
        context.run.phase = Phase::ApplyDepartments(page + 1);
        Ok(())
    })
}

/// Writes the next rows of members. Rows go with what they became, so that the end of a large run has little to clear.
pub(super) fn members<C: Client>(context: &mut RunContext<'_, C>, after: Option<&str>) -> Stepped {
    rows(context, 'm', after, Phase::ApplyMembers, |context, batch, row, stored| {
        let row: PlannedMember<'_> = store::parse(row)?.value;
        let read_at = row.read_at;
        if stored.as_ref().is_some_and(|stored| outlives(stored.read_at, read_at, context.platform.now_ms())) {
            return Ok(());
        }
        let mut fetched = row.into_fetched();
        // What is stored may be narrowed while a run is written.
        if let Some(fields) = &context.common.fields {
            fetched.member.keep_only(fields);
        }
        let decision = member_status::on_member(context.common, stored.as_ref(), &mut fetched);
        let is_present = stored.as_ref().is_some_and(|stored| is_present(stored.presence));
        if is_present
            && decision == Decision::Change(ChangeKind::MemberResigned)
            && is_spared(context, batch, &fetched.member.id)?
        {
            return Ok(());
        }
        if matches!(decision, Decision::Change(_))
            && let Decision::Change(kind) =
                batch.decided_member(context.platform, stored.as_ref(), fetched, read_at, decision)?
        {
            context.run.applied.count(kind);
        }
        Ok(())
    })
}

/// Marks the next members who left the visible range.
pub(super) fn removals<C: Client>(context: &mut RunContext<'_, C>, after: Option<&str>) -> Stepped {
    rows(context, 'g', after, Phase::ApplyRemovals, |context, batch, row, stored| {
        let read_at: u64 = store::parse(row)?.value;
        let Some(old) = stored else { return Ok(()) };
        let is_gone = is_present(old.presence) && !outlives(old.read_at, read_at, context.platform.now_ms());
        if is_gone && !is_spared(context, batch, &old.member.id)? {
            let new = old.gone(MemberStatus::LeftRange, read_at);
            batch.member(context.platform, Some(&old), &new, ChangeKind::MemberLeftRange)?;
            context.run.applied.members_left_range += 1;
        }
        Ok(())
    })
}

/// Whether a member stays for now though they would go: who became an administrator after the guard was asked. The next run
/// asks it again.
fn is_spared<C: Client>(context: &mut RunContext<'_, C>, batch: &mut Batch, id: &str) -> Result<bool, Failure> {
    let is_spared = batch.is_administrator(context.platform, id)?
        && !administrators::include(&context.run.approved_administrators, context.common.ids, id);
    if is_spared {
        context.note(text! {
        "管理员 {id} 已不可见或已离职：未经确认不予移除，下次同步将请求确认",
        "the administrator {id} is no longer visible or has resigned: kept until the next sync asks for an approval" });
    }
    Ok(is_spared)
}

/// Writes the next rows of a kind of scratch about members, each with what the copy knows of the member, as many as fit
/// into one batch.
fn rows<C: Client>(
    context: &mut RunContext<'_, C>,
    kind: char,
    after: Option<&str>,
    phase: fn(Option<String>) -> Phase,
    take: fn(&mut RunContext<'_, C>, &mut Batch, &Entry, Option<MemberRecord>) -> Stepped,
) -> Stepped {
    let prefix = key::scratch_of(&context.run.id, kind);
    let page = context.platform.scan(&prefix, after, ROWS).map_err(Failure::from)?;
    if page.entries.is_empty() {
        return context.next_phase();
    }
    let keys: Vec<String> =
        page.entries.iter().map(|entry| [key::MEMBERS, &entry.key[prefix.len()..]].concat()).collect();
    write(context, &mut |context, batch| {
        let stored = store::get_many(context.platform, &keys)?;
        for (row, entry) in page.entries.iter().zip(stored) {
            if batch.is_full() {
                break;
            }
            context.run.phase = phase(Some(row.key.clone()));
            batch.push(store::delete(row.key.clone()));
            take(context, batch, row, store::parsed(entry.as_ref())?)?;
        }
        Ok(())
    })
}

/// Deletes departments that are gone, children before their parents. The order is found once for each call; `done` of
/// them are deleted already.
pub(super) fn department_removals<C: Client>(context: &mut RunContext<'_, C>, done: usize) -> Stepped {
    let prefix = key::scratch_of(&context.run.id, 'e');
    let rows = store::keys(context.platform, &prefix)?;
    let keys: Vec<String> = rows.iter().map(|row| key::department(&row[prefix.len()..])).collect();
    let mut gone: Vec<DepartmentRecord> = Vec::new();
    for entry in store::get_many(context.platform, &keys)?.into_iter().flatten() {
        gone.push(store::parse(&entry)?.value);
    }
    let sorted = children_first(gone);
    let mut rest = sorted.as_slice();
    let mut done = done;
    while !rest.is_empty() {
        let ids: Vec<&str> = rest.iter().take(ROWS as usize).map(|record| record.department.id.as_str()).collect();
        let mut taken = 0;
        write(context, &mut |context, batch| {
            taken = 0;
            // They may have come back, or gone, since the order was found.
            for stored in context.known_departments(&ids)? {
                if batch.is_full() {
                    break;
                }
                taken += 1;
                let read_at = context.run.departments_read_at;
                let gone = stored.filter(|stored| !outlives(stored.read_at, read_at, context.platform.now_ms()));
                if let Some(stored) = gone {
                    context.run.applied.count(ChangeKind::DepartmentRemoved);
                    batch.remove_department(context.platform, stored)?;
                }
            }
            context.run.phase = Phase::ApplyDepartmentRemovals(done + taken);
            Ok(())
        })?;
        done += taken;
        rest = &rest[taken..];
        if !rest.is_empty() && !context.has_budget() {
            return Ok(());
        }
    }
    context.next_phase()
}

/// Sorts departments so that every child stands before its parent.
fn children_first(departments: Vec<DepartmentRecord>) -> Vec<DepartmentRecord> {
    let parent = |record: &DepartmentRecord| (record.department.id.clone(), record.department.parent_id.clone());
    let mut parents = BTreeMap::new();
    parents.extend(departments.iter().map(parent));
    let depth = |record: &DepartmentRecord| pages::depth(&parents, &record.department.id);
    let mut ranked = departments.into_iter().map(|record| (depth(&record), record)).collect();
    order::sort_by(&mut ranked, &|(one, _), (other, _)| other.cmp(one));
    ranked.into_iter().map(|(_, record)| record).collect()
}

/// Fills a batch and writes it with the run, anew when another writer came between.
pub(super) fn write<C: Client>(
    context: &mut RunContext<'_, C>,
    fill: &mut dyn FnMut(&mut RunContext<'_, C>, &mut Batch) -> Stepped,
) -> Stepped {
    let before = context.run.clone();
    for _ in 0..ATTEMPTS {
        let mut batch = Batch::begin(context.platform, context.common)?;
        fill(context, &mut batch)?;
        let ops = if batch.is_empty() { Vec::new() } else { batch.into_ops() };
        if context.try_commit(ops)? {
            return Ok(());
        }
        context.run = before.clone();
    }
    let failure = contended(ATTEMPTS);
    Err(StepError::Lost(failure.with_retry_after_ms(lease::TTL_MS)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::department::Department;

    fn record(id: &str, parent: Option<&str>) -> DepartmentRecord {
        DepartmentRecord {
            read_at: 0,
            department: Department { id: id.to_owned(), parent_id: parent.map(str::to_owned), ..Department::default() },
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
