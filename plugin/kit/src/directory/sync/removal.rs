//! What the directory holds and the pass did not meet: found, guarded, confirmed.
//!
//! A shrinking visible range looks exactly like a mass resignation (fact sheet §4.7), and an empty or partial answer
//! looks like both. So nothing is removed before the pass was complete, the number of missing ones was compared with
//! what the guard allows, and WeCom was asked about every single one.

use std::collections::BTreeSet;

use super::{
    compare::meet,
    context::{Stop, Worker},
    pages,
    run::{Missing, Phase, Sweep},
    walk,
};
use crate::{
    contract::types::{Reason, RemovalCounts},
    directory::{
        head, key,
        record::{MemberOutline, is_present},
    },
    failure::Failure,
    platform::Platform,
    store,
    text::Text,
    vendor::{
        answer,
        api::Api,
        client::Call,
        refusal::{hides_department, hides_member},
        rows::members,
        wire::member,
    },
};

/// Departments or members that may be missing without a question.
const ALLOWED: u64 = 5;
/// The share that may be missing without a question, in per cent.
const ALLOWED_PER_CENT: u64 = 20;
/// Keys of a sweep's page.
const PAGE: u32 = 1_000;

/// Lists what was not met, department by department, then member by member.
pub fn find<P: Platform>(worker: &mut Worker<'_, P>, sweep: Sweep) -> Result<(), Stop> {
    match sweep {
        Sweep::Departments(after) => find_departments(worker, after),
        Sweep::Members(after) => find_members(worker, after),
    }
}

fn find_departments<P: Platform>(worker: &mut Worker<'_, P>, after: Option<String>) -> Result<(), Stop> {
    let met = departments_met(worker)?;
    let page = worker.platform.scan(key::DEPARTMENTS, after.as_deref(), PAGE).map_err(Failure::from)?;
    for entry in &page.entries {
        let id = &entry.key[key::DEPARTMENTS.len()..];
        if !met.contains(id) {
            worker.run.missing.departments += 1;
            worker.buffer(store::put_text(key::scratch_row(&worker.run.id, 'e', id), String::new()));
            worker.run.phase = Phase::Missing(Sweep::Departments(Some(entry.key.clone())));
            worker.relieve()?;
        }
    }
    worker.run.phase = match page.entries.last().filter(|_| page.more) {
        Some(last) => Phase::Missing(Sweep::Departments(Some(last.key.clone()))),
        None => Phase::Missing(Sweep::Members(None)),
    };
    worker.checkpoint()
}

fn find_members<P: Platform>(worker: &mut Worker<'_, P>, after: Option<String>) -> Result<(), Stop> {
    let head = head::read_for(worker.platform, &worker.config.corp_id)?.0;
    // Everybody present was met. Where somebody else wrote meanwhile, equal numbers prove nothing.
    if head.members.present() == worker.run.present_met && head.last_change == worker.run.began_after {
        worker.run.phase = Phase::Guard;
        return worker.checkpoint();
    }
    let page = worker.platform.scan(key::MEMBERS, after.as_deref(), PAGE).map_err(Failure::from)?;
    let mut missing = Vec::new();
    for entry in &page.entries {
        let outline = MemberOutline::parse(entry)?;
        if is_present(outline.presence) && !worker.seen.contains(outline.ordinal) {
            missing.push(entry);
        }
    }
    // Who was new to the pass and came into the copy since, by a refresh, was met all the same.
    let rows: Vec<String> =
        missing.iter().map(|entry| key::scratch_row(&worker.run.id, 'm', &entry.key[key::MEMBERS.len()..])).collect();
    let rows = store::get_many(worker.platform, &rows)?;
    for (entry, row) in missing.into_iter().zip(rows) {
        let id = &entry.key[key::MEMBERS.len()..];
        if row.is_none() && !worker.is_buffered(id) {
            worker.run.missing.members += 1;
            worker.buffer(store::put_text(key::scratch_row(&worker.run.id, 'g', id), String::new()));
            worker.run.phase = Phase::Missing(Sweep::Members(Some(entry.key.clone())));
            worker.relieve()?;
        }
    }
    worker.run.phase = match page.entries.last().filter(|_| page.more) {
        Some(last) => Phase::Missing(Sweep::Members(Some(last.key.clone()))),
        None => Phase::Guard,
    };
    worker.checkpoint()
}

/// Stops a run that would take away too much, unless somebody allowed it.
pub fn guard<P: Platform>(worker: &mut Worker<'_, P>, is_allowed: bool) -> Result<(), Stop> {
    let head = head::read_for(worker.platform, &worker.config.corp_id)?.0;
    let counts = counts(worker.run.missing, head.members.present(), head.departments);
    worker.run.is_blocked = !is_allowed && is_mass(&counts);
    if worker.run.is_blocked {
        // The plan is as old as the question, however long it took to come to it.
        worker.run.planned_at = Some(worker.platform.now_ms());
        return Err(Stop::Vendor(blocked(counts)));
    }
    worker.run.phase = Phase::Confirm(Sweep::Departments(None));
    worker.checkpoint()
}

/// Whether this many are too many to go without a question.
fn is_mass(counts: &RemovalCounts) -> bool {
    let too_many = |missing: u64, total: u64| missing > ALLOWED && missing * 100 > total * ALLOWED_PER_CENT;
    too_many(counts.members, counts.members_total) || too_many(counts.departments, counts.departments_total)
}

fn counts(missing: Missing, members_total: u64, departments_total: u64) -> RemovalCounts {
    RemovalCounts { members: missing.members, members_total, departments: missing.departments, departments_total }
}

fn blocked(counts: RemovalCounts) -> Failure {
    let RemovalCounts { members, members_total, departments, departments_total } = counts;
    Failure::new(
        Reason::MassRemovalBlocked(counts),
        format!(
            "the sync would remove {members} of {members_total} members and {departments} of {departments_total} departments"
        ),
    )
    .with_hint(Text::new(
        format!(
            "本次同步将移除 {members}/{members_total} 名成员、{departments}/{departments_total} 个部门，已停止且未做任何更改。请检查应用的可见范围；确认无误后允许大量移除再执行"
        ),
        format!(
            "stopped with nothing changed: {members} of {members_total} members and {departments} of {departments_total} departments are no longer visible. Check the app's visible range; when this is right, allow the mass removal and sync again"
        ),
    ))
}

/// Asks WeCom about the next missing ones.
pub fn confirm<P: Platform>(worker: &mut Worker<'_, P>, sweep: Sweep) -> Result<(), Stop> {
    match sweep {
        Sweep::Departments(after) => confirm_departments(worker, after),
        Sweep::Members(after) => confirm_members(worker, after),
    }
}

fn confirm_departments<P: Platform>(worker: &mut Worker<'_, P>, after: Option<String>) -> Result<(), Stop> {
    let prefix = key::scratch_of(&worker.run.id, 'e');
    let (ids, last) = next(worker, &prefix, after.as_deref())?;
    let Some(last) = last else {
        worker.run.phase = Phase::Confirm(Sweep::Members(None));
        return worker.checkpoint();
    };
    let calls: Vec<Call> = ids.iter().map(|id| Call::department(id)).collect();
    for (id, answer) in ids.iter().zip(worker.ask_all(&calls, None)?) {
        match answer {
            Ok(_) => {
                worker.note(format!("department {id} was missing from the list but can be read: kept"));
                worker.buffer(store::delete(key::scratch_row(&worker.run.id, 'e', id)));
            }
            Err(failure) if hides_department(&failure) => worker.run.planned.departments_removed += 1,
            Err(failure) => return Err(Stop::Vendor(failure)),
        }
        worker.run.missing.confirmed += 1;
        worker.run.phase = Phase::Confirm(Sweep::Departments(Some(format!("{prefix}{id}"))));
    }
    worker.run.phase = Phase::Confirm(Sweep::Departments(Some(last)));
    worker.checkpoint_when_due()
}

fn confirm_members<P: Platform>(worker: &mut Worker<'_, P>, after: Option<String>) -> Result<(), Stop> {
    let prefix = key::scratch_of(&worker.run.id, 'g');
    let (ids, last) = next(worker, &prefix, after.as_deref())?;
    let Some(last) = last else {
        worker.run.phase = Phase::Planned;
        worker.run.planned_at = Some(worker.platform.now_ms());
        return worker.checkpoint();
    };
    let read_at = worker.platform.now_ms();
    let calls: Vec<Call> = ids.iter().map(|id| walk::get_call(id)).collect();
    for (id, answer) in ids.iter().zip(worker.ask_all(&calls, None)?) {
        let row = key::scratch_row(&worker.run.id, 'g', id);
        match answer {
            // Moved to a department that was read before, or resigned in so many words: an ordinary row.
            Ok(text) => {
                let found = member::parse(&text)
                    .map_err(|error| Stop::Vendor(answer::unreadable(&Api::UserGet, &error).failure))?;
                worker.buffer(store::delete(row));
                meet(worker, members([found]), read_at)?;
            }
            Err(failure) if hides_member(&failure) => {
                worker.run.planned.members_left_range += 1;
                worker.buffer(store::put(row, &read_at));
            }
            Err(failure) => return Err(Stop::Vendor(failure)),
        }
        worker.run.missing.confirmed += 1;
        worker.run.phase = Phase::Confirm(Sweep::Members(Some(format!("{prefix}{id}"))));
    }
    worker.run.phase = Phase::Confirm(Sweep::Members(Some(last)));
    worker.checkpoint_when_due()
}

/// The ids of the next rows of a kind, as many as may be asked about at once, and the last one's key.
fn next<P: Platform>(
    worker: &Worker<'_, P>,
    prefix: &str,
    after: Option<&str>,
) -> Result<(Vec<String>, Option<String>), Failure> {
    let limit = u32::try_from(worker.parallelism()).unwrap_or(1);
    let page = worker.platform.scan(prefix, after, limit)?;
    let ids = page.entries.iter().map(|entry| entry.key[prefix.len()..].to_owned()).collect();
    Ok((ids, page.entries.last().map(|entry| entry.key.clone())))
}

fn departments_met<P: Platform>(worker: &Worker<'_, P>) -> Result<BTreeSet<String>, Failure> {
    let mut ids = BTreeSet::new();
    for page in 0..worker.run.department_pages {
        ids.extend(pages::departments(worker, page)?.into_iter().map(|department| department.id));
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guard_counts_members_and_departments_apart() {
        for (members, members_total, departments, departments_total, blocked) in [
            (0, 0, 0, 0, false),
            (5, 5, 0, 0, false),
            (6, 6, 0, 0, true),
            (6, 30, 0, 0, false),
            (7, 30, 0, 0, true),
            (20, 100, 0, 10, false),
            (21, 100, 0, 10, true),
            (0, 100, 5, 5, false),
            (0, 100, 6, 6, true),
            (0, 100, 6, 30, false),
            (250_000, 1_000_000, 0, 0, true),
        ] {
            let counts = RemovalCounts { members, members_total, departments, departments_total };
            assert_eq!(is_mass(&counts), blocked, "{counts:?}");
        }
    }
}
