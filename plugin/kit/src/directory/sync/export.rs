//! Fetching by a vendor's own export: a few calls whatever the size of the organisation.
//!
//! It can fail in ways that the walk cannot: an installation has none, a secret may not use it, its files lie on a server
//! that nobody admits. None of that is the administrator's concern as long as there is another way, so whatever does not
//! pass by itself ends in a fallback: the run goes on by walking, and its report says why.

use super::{
    context::{RunContext, Stepped},
    phase::Phase,
    run::{ExportPhase, PageCursor, PendingWait},
};
use crate::{
    contract::directory::Strategy,
    directory::key,
    failure::Failure,
    json,
    locale::Text,
    store,
    vendor::{Client, ExportState, ExportStep},
};

/// How long a refusal is remembered: a week, since somebody may grant what was missing.
const REFUSAL_TTL_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// Whether this run may ask for the export. What an earlier run of the same app was refused is not asked for again,
/// unless somebody wants it.
pub(super) fn may<C: Client>(context: &RunContext<'_, C>) -> Result<bool, Failure> {
    if context.run.export_failed || C::Export::begin(true).is_none() {
        return Ok(false);
    }
    Ok(match context.run.strategy {
        Strategy::Export => true,
        Strategy::Automatic => {
            // What cannot be read is of another version of this component, and says nothing about this app.
            let refused = store::get_text(context.platform, key::EXPORT_REFUSED)?;
            let of: Option<String> = refused.and_then(|entry| json::from_str(&entry.value).ok());
            of.is_none_or(|basis| basis != context.run.basis)
        }
        Strategy::Walk | Strategy::Other(_) => false,
    })
}

/// The phase in which an export begins; `otherwise` where the vendor has none.
pub(super) fn begin<B: ExportState>(departments: bool, otherwise: Phase) -> Phase {
    B::begin(departments).map_or(otherwise, |state| phase(&state))
}

/// Takes the next step. `Some` when there is nothing to do before a time.
pub(super) fn step<C: Client>(context: &mut RunContext<'_, C>, stored: &ExportPhase) -> Stepped<Option<PendingWait>> {
    let state: C::Export = json::from_str(&stored.state).map_err(|error| Failure::corrupt(key::RUN, &error))?;
    context.run.is_export = true;
    let mut wait = None;
    match C::export(context, state)? {
        ExportStep::Next(state) => context.run.phase = phase(&state),
        ExportStep::Wait(state, pending) => {
            context.run.phase = phase(&state);
            wait = Some(pending);
        }
        ExportStep::Done => {
            for key in [context.sealed_key(), key::EXPORT_REFUSED.to_owned()] {
                context.buffer(store::delete(key));
            }
            context.run.phase = Phase::Individuals(PageCursor::default());
        }
        ExportStep::Failed { why, remember } => fall_back(context, &why, remember),
    }
    context.checkpoint()?;
    Ok(wait)
}

/// Goes on by walking, and says why. A refusal that will not pass by itself is remembered, so that the next runs do not
/// ask in vain.
fn fall_back<C: Client>(context: &mut RunContext<'_, C>, why: &Text, remember: bool) {
    context.note((
        format!("批量导出失败，已改为逐部门读取：{}", why.zh),
        format!("departments were walked, since the export failed: {}", why.en),
    ));
    context.warn("the export is given up", why);
    context.run.export_failed = true;
    context.run.is_export = false;
    context.run.phase = match context.run.department_pages {
        0 => Phase::Scope(0),
        _ => Phase::Fetch(context.run.walked.clone()),
    };
    context.buffer(store::delete(context.sealed_key()));
    if remember {
        context.buffer(store::put_for(key::EXPORT_REFUSED, &context.run.basis, REFUSAL_TTL_MS));
    }
}

fn phase<B: ExportState>(state: &B) -> Phase {
    let (name, done, total) = state.progress();
    Phase::Export(ExportPhase { state: store::to_json(state), progress: (name.to_owned(), done, total) })
}
