//! Clearing up after runs: the scratch of those that are over.
//!
//! A run ends in one write, and its scratch, which may be as many rows as there are members, is deleted in portions afterwards. A
//! call that is killed meanwhile leaves a part of it; whoever begins or ends a run next deletes that as well.

use super::run::{self, Stored};
use crate::{
    contract::log::Level,
    directory::{
        deletion::{self, Deleted},
        key,
    },
    failure::Failure,
    platform::Platform,
};

/// Deletes the scratch of all runs but the current one, as far as the call's budget goes. What came before stands whether or
/// not this succeeds.
pub(super) fn sweep(platform: &dyn Platform) {
    if let Err(failure) = try_sweep(platform) {
        let fields = [("error", failure.message.en.as_str())];
        platform.log(Level::Warn, "the scratch of runs that are over is left to a later call", &fields);
    }
}

fn try_sweep(platform: &dyn Platform) -> Result<(), Failure> {
    let mut after: Option<String> = None;
    loop {
        let page = platform.scan_keys(key::ALL_SCRATCH, after.as_deref(), 1)?;
        let Some(owner) = page.keys.first().and_then(|key| key::run_of_scratch(key)) else { return Ok(()) };
        let scratch = key::scratch(owner);
        // Read after scratch of the owner was found: a run that is not the current one now is over, for none comes back. So
        // this is safe without the lease, also for a call that was stopped for a while.
        match run::load(platform)? {
            // Only its own version knows which scratch it has.
            Stored::Foreign(..) | Stored::Unreadable(_) => return Ok(()),
            Stored::Readable(current, _) if current.id == owner => {}
            Stored::Readable(..) | Stored::None => {
                if deletion::all(platform, &scratch, &[])? != Deleted::All {
                    return Ok(());
                }
            }
        }
        after = Some(format!("{scratch}{}", char::MAX));
    }
}
