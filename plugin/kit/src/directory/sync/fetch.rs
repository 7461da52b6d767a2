//! Fetching members department by department, then those that are asked about one by one: granted members, and those of
//! a department that is too large.
//!
//! Memory stays flat whatever the size of a department, because rows are read a few hundred at a time from the text of
//! the answer.

use super::{
    compare,
    context::{RunContext, StepError, Stepped},
    export, pages,
    phase::Phase,
    run::PageCursor,
};
use crate::{
    directory::{key, member::MemberRow, record::MemberOutline},
    failure::Cause,
    store,
    vendor::{Client, ListRequest, Listed, MemberAnswer, unanswered},
};

/// Bytes of one answer of a batch. Five at a time stay below the guest's memory bound; what is larger is asked for
/// alone, with the host's own limit.
const BATCH_ANSWER_BYTES: u64 = 4 << 20;
/// Individually granted members that are looked up together.
const LOOKED_UP: usize = 50;

/// Fetches the next departments, as many at once as allowed.
pub(super) fn departments<C: Client>(context: &mut RunContext<'_, C>, at: &PageCursor) -> Stepped {
    if at.page >= context.run.department_pages {
        return context.next_phase();
    }
    let page = pages::departments(context, at.page)?;
    // A list that goes on from an earlier call is read to its end before others begin.
    let most = if at.within.is_some() { 1 } else { context.parallelism() };
    let end = page.len().min(at.row + most);
    let ids: Vec<&str> = page[at.row.min(end)..end].iter().map(|row| row.department.id.as_str()).collect();
    let asked: Vec<ListRequest<'_>> =
        ids.iter().map(|id| ListRequest { department: id, cursor: at.within.as_deref() }).collect();
    let read_at = context.platform.now_ms();
    context.before_request()?;
    for (index, answer) in context.client.list(&asked, Some(BATCH_ANSWER_BYTES)).into_iter().enumerate() {
        let id = ids[index];
        let answer = match answer {
            // More than one of a batch may hold; alone it may hold more. The vendor's own bound stays what it is.
            Err(failure) if failure.cause == Cause::AnswerTooLarge && failure.vendor_code.is_none() => {
                context.before_request()?;
                context.client.list(&asked[index..=index], None).pop().unwrap_or(Err(failure))
            }
            answer => answer,
        };
        let mut next = None;
        match answer {
            Ok(Listed::Here(list)) => {
                let client = context.client;
                next = client.read_list(id, list, |rows| compare::members(context, rows, read_at))?;
                next = read_on(context, id, &at.advance(index, page.len()), next)?;
            }
            // Whoever the copy knows of it is asked about one by one later.
            Ok(Listed::Hidden(code)) => out_of_sight(context, id, code),
            Err(failure) if failure.cause == Cause::AnswerTooLarge => {
                if export::may(context)? {
                    context.note(text! {
                    "部门 {id} 的成员超过单次返回的上限：改用批量导出",
                    "department {id} is larger than one answer may be: exported" });
                    context.run.walked = at.advance(index, page.len());
                    context.run.phase = export::begin::<C::Export>(false, context.run.phase.clone());
                    return context.checkpoint();
                }
                split(context, id)?;
            }
            Err(failure) => return Err(StepError::Vendor(failure)),
        }
        context.run.phase = Phase::Fetch(match next {
            Some(within) => PageCursor { within: Some(within), ..at.advance(index, page.len()) },
            None => at.advance(index + 1, page.len()),
        });
        let goes_on_within = matches!(&context.run.phase, Phase::Fetch(PageCursor { within: Some(_), .. }));
        if goes_on_within || context.is_nearly_over() {
            break;
        }
    }
    context.checkpoint_when_due()
}

/// Reads a list that comes in pages on to its end, as far as this call may: only then are the other answers of its batch
/// not asked for twice. Answers where it stopped.
fn read_on<C: Client>(
    context: &mut RunContext<'_, C>,
    department: &str,
    at: &PageCursor,
    mut next: Option<String>,
) -> Stepped<Option<String>> {
    while let Some(cursor) = next {
        // Here the run goes on, should this page not be had.
        context.run.phase = Phase::Fetch(PageCursor { within: Some(cursor.clone()), ..at.clone() });
        if !context.has_budget() {
            return Ok(Some(cursor));
        }
        context.before_request()?;
        let (client, read_at) = (context.client, context.platform.now_ms());
        let asked = [ListRequest { department, cursor: Some(&cursor) }];
        let answer = client.list(&asked, None).pop().unwrap_or_else(|| Err(unanswered()));
        next = match answer.map_err(StepError::Vendor)? {
            Listed::Here(list) => {
                client.read_list(department, list, |rows| compare::members(context, rows, read_at))?
            }
            Listed::Hidden(code) => {
                out_of_sight(context, department, code);
                None
            }
        };
    }
    Ok(None)
}

fn out_of_sight<C: Client>(context: &mut RunContext<'_, C>, id: &str, code: Option<i64>) {
    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
    context.note(text! {
    "部门 {id} 在同步期间变为不可见{code}", "department {id} went out of sight during the run{code}" });
}

/// Leaves the members of a department that is larger than one answer may be to [`individuals`]: their ids alone take a
/// tenth of the room.
fn split<C: Client>(context: &mut RunContext<'_, C>, department: &str) -> Stepped {
    context.before_request()?;
    let ids = match C::member_ids(context, department)? {
        Listed::Here(ids) => ids,
        Listed::Hidden(code) => {
            out_of_sight(context, department, code);
            return Ok(());
        }
    };
    let count = ids.len();
    context.note(text! {
    "部门 {department} 的成员超过单次返回的上限：其 {count} 名成员已逐个读取",
    "department {department} is larger than one answer may be: its {count} members were fetched one by one" });
    pages::add_individuals(context, &ids)
}

/// Fetches the next members that are asked about one by one and that no department brought.
pub(super) fn individuals<C: Client>(context: &mut RunContext<'_, C>, at: &PageCursor) -> Stepped {
    if at.page >= context.run.individual_pages {
        return context.next_phase();
    }
    let page = pages::individuals(context, at.page)?;
    let end = page.len().min(at.row + LOOKED_UP);
    let ids = &page[at.row.min(end)..end];
    let wanted = not_seen(context, ids)?;
    // Everything before a member that is still wanted is done.
    let at_wanted = |context: &mut RunContext<'_, C>, wanted_from: usize| {
        let done = wanted.get(wanted_from).map_or(ids.len(), |(index, _)| *index);
        context.run.phase = Phase::Individuals(at.advance(done, page.len()));
    };
    let mut asked = 0;
    while asked < wanted.len() && (asked == 0 || context.has_budget()) {
        let batch = &wanted[asked..wanted.len().min(asked + context.parallelism())];
        let read_at = context.platform.now_ms();
        let names: Vec<String> = batch.iter().map(|(_, id)| id.clone()).collect();
        context.before_request()?;
        for (index, (id, answer)) in names.iter().zip(context.client.members(&names)).enumerate() {
            match answer.map_err(StepError::Vendor)? {
                MemberAnswer::Shown(fetched) => compare::members(context, vec![MemberRow::Fetched(fetched)], read_at)?,
                MemberAnswer::Hidden(code) => {
                    let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
                    context.note(text! {
                    "成员 {id} 在列表中，但无法读取{code}", "member {id} is listed but cannot be read{code}" });
                }
                MemberAnswer::Unreadable => {
                    compare::members(context, vec![MemberRow::Unreadable { id: Some(id.clone()) }], read_at)?;
                }
            }
            // The run goes on from here, should the next answer not be had.
            at_wanted(context, asked + index + 1);
        }
        asked += batch.len();
    }
    at_wanted(context, asked);
    context.checkpoint_when_due()
}

/// The ids that no department brought, each with its place in `ids`.
fn not_seen<C: Client>(context: &RunContext<'_, C>, ids: &[String]) -> Stepped<Vec<(usize, String)>> {
    let mut keys = Vec::with_capacity(ids.len() * 2);
    for id in ids {
        let id_key = context.common.ids.key(id);
        keys.push([key::MEMBERS, &id_key].concat());
        keys.push(key::scratch_row(&context.run.id, 'm', &id_key));
    }
    let mut entries = store::get_many(context.platform, &keys)?.into_iter();
    let mut wanted = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let stored = entries.next().flatten();
        let row = entries.next().flatten();
        let is_seen = match &stored {
            Some(entry) => context.seen.contains(MemberOutline::parse(entry)?.ordinal),
            None => false,
        };
        if !is_seen && row.is_none() && !context.is_buffered(&context.common.ids.key(id)) {
            wanted.push((index, id.clone()));
        }
    }
    Ok(wanted)
}
