//! Asking the vendor about each one that was not seen: only its word removes anybody.

use super::{
    compare,
    context::{RunContext, StepError, Stepped},
    phase::Phase,
    run::Sweep,
};
use crate::{
    contract::storage::Entry,
    directory::{key, member::MemberRow},
    failure::Failure,
    store,
    vendor::{Client, DepartmentAnswer, MemberAnswer},
};

/// Asks about the next missing departments.
pub(super) fn departments<C: Client>(context: &mut RunContext<'_, C>, after: Option<&str>) -> Stepped {
    let prefix = key::scratch_of(&context.run.id, 'e');
    let rows = next(context, &prefix, after)?;
    let Some(last) = rows.last().map(|row| row.key.clone()) else {
        return context.next_phase();
    };
    let ids: Vec<String> = rows.iter().map(|row| row.key[prefix.len()..].to_owned()).collect();
    context.before_request()?;
    for (row, answer) in rows.iter().zip(context.client.departments(&ids)) {
        let id = &row.key[prefix.len()..];
        match answer.map_err(StepError::Vendor)? {
            DepartmentAnswer::Hidden(_) => context.run.planned.departments_removed += 1,
            DepartmentAnswer::Shown(_) | DepartmentAnswer::Unreadable => {
                context.note(text! {
                "部门 {id} 不在列表中，但仍可读取：已保留",
                "department {id} was missing from the list but can be read: kept" });
                context.buffer(store::delete(row.key.clone()));
            }
        }
        context.run.missing.departments = context.run.missing.departments.saturating_sub(1);
        context.run.missing.confirmed += 1;
        context.run.phase = Phase::Confirm(Sweep::Departments(Some(row.key.clone())));
    }
    context.run.phase = Phase::Confirm(Sweep::Departments(Some(last)));
    context.checkpoint_when_due()
}

/// Asks about the next missing members.
pub(super) fn members<C: Client>(context: &mut RunContext<'_, C>, after: Option<&str>) -> Stepped {
    let prefix = key::scratch_of(&context.run.id, 'g');
    let rows = next(context, &prefix, after)?;
    let Some(last) = rows.last().map(|row| row.key.clone()) else {
        context.run.is_confirmed = true;
        context.run.planned_at = Some(context.platform.now_ms());
        return context.next_phase();
    };
    let read_at = context.platform.now_ms();
    let ids: Vec<String> = rows.iter().map(|row| row.key[prefix.len()..].to_owned()).collect();
    context.before_request()?;
    for (row, answer) in rows.iter().zip(context.client.members(&ids)) {
        let id = &row.key[prefix.len()..];
        match answer.map_err(StepError::Vendor)? {
            // Moved to a department that was read before, or resigned in so many words: an ordinary row.
            MemberAnswer::Shown(fetched) => {
                context.buffer(store::delete(row.key.clone()));
                compare::members(context, vec![MemberRow::Fetched(fetched)], read_at)?;
            }
            MemberAnswer::Unreadable => {
                context.buffer(store::delete(row.key.clone()));
                let unreadable = MemberRow::Unreadable { id: Some(id.to_owned()) };
                compare::members(context, vec![unreadable], read_at)?;
            }
            MemberAnswer::Hidden(_) => {
                context.run.planned.members_left_range += 1;
                context.buffer(store::put_for(row.key.clone(), &read_at, super::SCRATCH_TTL_MS));
            }
        }
        context.run.missing.members = context.run.missing.members.saturating_sub(1);
        context.run.missing.confirmed += 1;
        context.run.phase = Phase::Confirm(Sweep::Members(Some(row.key.clone())));
    }
    context.run.phase = Phase::Confirm(Sweep::Members(Some(last)));
    context.checkpoint_when_due()
}

/// The next rows of a kind, as many as may be asked about at once.
fn next<C: Client>(context: &RunContext<'_, C>, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, Failure> {
    let limit = u32::try_from(context.parallelism()).unwrap_or(1);
    Ok(context.platform.scan(prefix, after, limit)?.entries)
}
