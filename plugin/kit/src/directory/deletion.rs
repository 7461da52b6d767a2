//! Deleting many keys: the storage does it in portions, and a call goes on while its budget lasts.

use crate::{
    contract::storage::{Check, RangeOutcome},
    failure::Failure,
    platform::Platform,
};

/// With less than this left of a call, what remains is left to a later one.
const WALL_MS: u64 = 5_000;
const CPU_MS: u64 = 100;
const HOST_CALLS: u64 = 100;

/// How far a deletion came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deleted {
    /// To its end.
    All,
    /// As far as the call's budget allowed: at least one portion further.
    Partly,
    /// A check failed: it is no longer for this call to delete.
    Overtaken,
}

/// Deletes all keys with this prefix, as far as the call's budget goes, while the checks hold.
pub(crate) fn all(platform: &dyn Platform, prefix: &str, checks: &[Check]) -> Result<Deleted, Failure> {
    loop {
        match platform.delete_range(prefix, checks)? {
            RangeOutcome::Done => return Ok(Deleted::All),
            RangeOutcome::Conflict(_) => return Ok(Deleted::Overtaken),
            RangeOutcome::More if !has_budget(platform) => return Ok(Deleted::Partly),
            RangeOutcome::More => {}
        }
    }
}

/// Whether the call may go on deleting.
pub(crate) fn has_budget(platform: &dyn Platform) -> bool {
    let left = platform.remaining();
    left.wall_ms >= WALL_MS && left.cpu_ms >= CPU_MS && left.host_calls >= HOST_CALLS
}
