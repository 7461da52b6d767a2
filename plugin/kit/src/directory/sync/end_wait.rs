//! Ending the wait of a run for an export, when the vendor says that it has finished one.

use super::{
    current::{self, Current},
    lease,
    phase::Phase,
    run::{EXPORT_RUNNING, Run},
};
use crate::{config::Common, directory::key, failure::Failure, platform::Platform, store};

/// Lets the next `advance` look at once. A wait for any other reason stays: the vendor wanted it. Which export is finished
/// does not matter, since a look too early costs one call.
pub(crate) fn look_at_export(platform: &dyn Platform, common: &Common) -> Result<(), Failure> {
    if waiting(platform, common)?.is_none() {
        return Ok(());
    }
    lease::hold(platform, |lease| {
        let Some((mut run, version)) = waiting(platform, common)? else { return Ok(()) };
        run.pending_wait = None;
        run.written_at = platform.now_ms();
        current::write(platform, lease, Some(version), &[store::put(key::RUN, &run)])
    })
}

/// The current run, where it waits for an export.
fn waiting(platform: &dyn Platform, common: &Common) -> Result<Option<(Run, u64)>, Failure> {
    let is_waiting = |run: &Run| {
        let waits_so = run.pending_wait.as_ref().is_some_and(|wait| wait.reason == EXPORT_RUNNING);
        matches!(run.phase, Phase::Export(_)) && waits_so
    };
    Ok(match current::read(platform, common)? {
        Current::Fresh(run, version) if is_waiting(&run) => Some((*run, version)),
        _ => None,
    })
}
