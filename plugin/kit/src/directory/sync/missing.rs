//! What the directory holds and the pass did not see, department by department, then member by member.
//!
//! A shrinking visible range looks exactly like a mass resignation, and an empty or partial answer looks like both. So
//! nothing is removed before the pass was complete, the [`guard`](super::guard) agreed, and the vendor was asked about
//! every single one ([`confirm`](super::confirm)).

use std::collections::BTreeSet;

use super::{
    context::{RunContext, Stepped},
    pages,
    phase::Phase,
    run::Sweep,
};
use crate::{
    directory::{head, key, member_status::is_present, record::MemberOutline},
    failure::Failure,
    store,
    vendor::Client,
};

/// Keys of a sweep's page.
const PAGE: u32 = 1_000;

/// Lists the next departments that were not seen.
pub(super) fn departments<C: Client>(context: &mut RunContext<'_, C>, after: Option<&str>) -> Stepped {
    // Among the rows that cannot be read may be any department.
    if context.run.departments_unreadable > 0 {
        return context.next_phase();
    }
    context.run.missing.searched.1 = head::read_for(context.platform, context.common)?.0.records();
    let seen = match context.departments_seen.take() {
        Some(seen) => seen,
        None => departments_seen(context)?,
    };
    let page = context.platform.scan(key::DEPARTMENTS, after, PAGE).map_err(Failure::from)?;
    for entry in &page.entries {
        let id = &entry.key[key::DEPARTMENTS.len()..];
        if !seen.contains(id) {
            context.run.missing.departments += 1;
            let row = key::scratch_row(&context.run.id, 'e', id);
            context.buffer(super::scratch_mark(row));
            context.run.phase = Phase::Missing(Sweep::Departments(Some(entry.key.clone())));
            context.flush_if_full()?;
        }
    }
    context.departments_seen = Some(seen);
    context.run.missing.searched.0 += page.entries.len() as u64;
    let Some(last) = page.entries.last().filter(|_| page.more) else { return context.next_phase() };
    context.run.phase = Phase::Missing(Sweep::Departments(Some(last.key.clone())));
    context.checkpoint()
}

/// Lists the next members that were not seen.
pub(super) fn members<C: Client>(context: &mut RunContext<'_, C>, after: Option<&str>) -> Stepped {
    let head = head::read_for(context.platform, context.common)?.0;
    context.run.missing.searched.1 = head.records();
    // Everybody present was seen. Where somebody else wrote meanwhile, equal numbers prove nothing.
    if head.members.present() == context.run.present_seen && head.last_change == context.run.began_after {
        return context.next_phase();
    }
    let page = context.platform.scan(key::MEMBERS, after, PAGE).map_err(Failure::from)?;
    let mut missing = Vec::new();
    for entry in &page.entries {
        let outline = MemberOutline::parse(entry)?;
        if is_present(outline.presence) && !context.seen.contains(outline.ordinal) {
            missing.push(entry);
        }
    }
    // Who was new to the pass and came into the copy since, by a refresh, was seen all the same.
    let rows: Vec<String> =
        missing.iter().map(|entry| key::scratch_row(&context.run.id, 'm', &entry.key[key::MEMBERS.len()..])).collect();
    let rows = store::get_many(context.platform, &rows)?;
    for (entry, row) in missing.into_iter().zip(rows) {
        let id_key = &entry.key[key::MEMBERS.len()..];
        if row.is_none() && !context.is_buffered(id_key) {
            context.run.missing.members += 1;
            let row = key::scratch_row(&context.run.id, 'g', id_key);
            context.buffer(super::scratch_mark(row));
            context.run.phase = Phase::Missing(Sweep::Members(Some(entry.key.clone())));
            context.flush_if_full()?;
        }
    }
    context.run.missing.searched.0 += page.entries.len() as u64;
    let Some(last) = page.entries.last().filter(|_| page.more) else { return context.next_phase() };
    context.run.phase = Phase::Missing(Sweep::Members(Some(last.key.clone())));
    context.checkpoint()
}

fn departments_seen<C: Client>(context: &RunContext<'_, C>) -> Result<BTreeSet<String>, Failure> {
    let mut ids = BTreeSet::new();
    for page in 0..context.run.department_pages {
        ids.extend(pages::departments(context, page)?.into_iter().map(|row| row.department.id));
    }
    Ok(ids)
}
