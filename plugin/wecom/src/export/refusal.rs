//! Whether a run may export, and what becomes of it where the export does not get on.

use super::job::{bookmark_key, job_key};
use crate::directory::sync::{
    context::{Stop, Worker},
    run::{Export, PendingWait, Phase, Way},
};
use crate::{contract::log::Level, directory::key, failure::Failure, platform::Platform, store};

/// Failures of a download in a row.
pub const HICCUPS: u32 = 3;

/// How long a refusal is remembered: a week, since somebody may grant what was missing.
const REFUSAL_TTL_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

/// Whether this run may ask for the bulk export. What an earlier run was refused is not asked for again, unless
/// somebody wants it.
pub fn may_export<P: Platform>(worker: &mut Worker<'_, P>) -> Result<bool, Failure> {
    if worker.run.export.is_given_up {
        return Ok(false);
    }
    match worker.run.way {
        Way::Walk => Ok(false),
        Way::Export => Ok(true),
        Way::Automatic => Ok(refused_before(worker.platform)?.is_none()),
    }
}

/// The refusal that an earlier run met, in words.
fn refused_before<P: Platform>(platform: &P) -> Result<Option<String>, Failure> {
    Ok(store::get(platform, key::EXPORT_REFUSED)?.map(|stored| stored.value))
}

/// Orders the export anew: its results are gone.
pub fn order_again<P: Platform>(worker: &mut Worker<'_, P>) -> Result<Option<PendingWait>, Stop> {
    let departments = worker.run.department_pages == 0;
    worker.run.phase = Phase::Export(Export::Order { departments });
    worker.checkpoint()?;
    Ok(None)
}

/// Goes on by walking, and says why. A refusal that will not pass by itself is remembered, so that the next runs do not
/// ask in vain.
pub fn give_up<P: Platform>(
    worker: &mut Worker<'_, P>,
    why: &str,
    remember: bool,
) -> Result<Option<PendingWait>, Stop> {
    worker.note(format!("departments were walked, since the export failed: {why}"));
    worker.platform.log(Level::Warn, "the export is given up", &[("run", &worker.run.id), ("error", why)]);
    worker.run.export.is_given_up = true;
    worker.run.is_exported = false;
    worker.run.phase =
        if worker.run.department_pages == 0 { Phase::Scope } else { Phase::Fetch(worker.run.export.walked) };
    for key in [job_key(worker), bookmark_key(worker)] {
        worker.buffer(store::delete(key));
    }
    if remember {
        worker.buffer(store::put_for(key::EXPORT_REFUSED, &why, REFUSAL_TTL_MS));
    }
    worker.checkpoint()?;
    Ok(None)
}
