//! The first steps of a run: what is visible at all, written to scratch so that no later call asks again.

use std::collections::BTreeMap;

use super::{
    context::{RunContext, StepError, Stepped},
    export, pages,
    phase::Phase,
    run::PageCursor,
};
use crate::{
    contract::directory::Strategy,
    directory::{key, member::is_id},
    store,
    vendor::{Client, Scoped},
};

/// Asks for the next part of the scope and writes it to scratch.
pub(super) fn step<C: Client>(context: &mut RunContext<'_, C>, steps: usize) -> Stepped {
    let state_key = key::scratch_page(&context.run.id, 's', 0);
    let stored = if steps == 0 { None } else { store::value(context.platform, &state_key)? };
    let mut state: C::Scope = stored.unwrap_or_default();
    if steps == 0 {
        (context.run.individual_pages, context.run.individuals) = (0, 0);
    }
    let may_export = export::may(context)?;
    let with_departments = !(context.run.strategy == Strategy::Export && may_export);
    let read_at = context.platform.now_ms();
    match C::scope(context, &mut state, with_departments)? {
        Scoped::More { members } => {
            add_individuals(context, members)?;
            context.buffer(store::put_for(state_key, &state, super::SCRATCH_TTL_MS));
            context.run.phase = Phase::Scope(steps + 1);
        }
        Scoped::Done { members, departments } => {
            add_individuals(context, members)?;
            context.buffer(store::delete(state_key));
            context.run.phase = match departments {
                None => export::begin::<C::Export>(true, Phase::Fetch(PageCursor::default())),
                // More than an answer may hold: an export has no such bound.
                Some(Err(_)) if may_export => {
                    context.note(text! {
                    "部门列表超过单次返回的上限：改用批量导出",
                    "the list of departments is larger than one answer may be: exported" });
                    export::begin::<C::Export>(true, Phase::Fetch(PageCursor::default()))
                }
                Some(Err(failure)) => return Err(StepError::Vendor(failure)),
                Some(Ok(rows)) => {
                    let is_large = rows.len() > C::EXPORT_FROM_DEPARTMENTS;
                    context.record_departments(rows, read_at)?;
                    let walk = Phase::Fetch(PageCursor::default());
                    if is_large && may_export { export::begin::<C::Export>(false, walk) } else { walk }
                }
            };
        }
    }
    context.checkpoint()
}

/// Members that are asked about one by one, each once.
fn add_individuals<C: Client>(context: &mut RunContext<'_, C>, members: Vec<String>) -> Stepped {
    let ids = context.common.ids;
    let mut by_key = BTreeMap::new();
    by_key.extend(members.into_iter().map(|id| (ids.key(&id), id)));
    let (sound, odd): (Vec<_>, Vec<_>) = by_key.into_values().partition(|id| is_id(id));
    if !odd.is_empty() {
        let count = odd.len();
        context.note(text! {
        "{count} 个授权的 ID 不能作为成员 ID：已忽略", "{count} granted ids can name no member: left out" });
    }
    pages::add_individuals(context, &sound)
}
