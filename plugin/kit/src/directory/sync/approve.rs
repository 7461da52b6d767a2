//! A person's word that a blocked run may remove what it would remove.

use super::{current, guard, lease};
use crate::{
    config::Common,
    contract::{log::Level, types::RemovalCounts},
    directory::key,
    failure::Failure,
    platform::Platform,
    store,
};

/// See `approve` in `wit/directory.wit`.
pub fn approve(platform: &dyn Platform, common: &Common, run: &str, counts: RemovalCounts) -> Result<(), Failure> {
    lease::hold(platform, |lease| {
        let (mut run, version) = current::find(platform, common, run)?;
        match (run.blocked, run.approved) {
            (Some(blocked), _) if guard::covers(&counts, &blocked) => {
                // What was seen is what the run found: who names more has not seen more.
                run.approved = Some(blocked);
                run.approved_administrators = std::mem::take(&mut run.administrators_leaving);
                run.blocked = None;
            }
            (Some(blocked), _) => return Err(guard::blocked(blocked, &run.administrators_leaving)),
            // Said before.
            (None, Some(approved)) if guard::covers(&counts, &approved) => return Ok(()),
            (None, _) => return Err(not_blocked()),
        }
        platform.log(Level::Info, "a mass removal is approved", &[("run", &run.id)]);
        run.written_at = platform.now_ms();
        current::write(platform, lease, Some(version), &[store::put(key::RUN, &run)])
    })
}

fn not_blocked() -> Failure {
    failure! { Conflict:
    "本次同步并未被拦截", "this run is not blocked";
    "只有因大量移除而被拦截的同步才需要允许：请继续同步",
    "only a run that was stopped for a mass removal is approved: go on with the sync" }
}
