//! What the vendor's own word asks to be done for the copy: each task asks the vendor about one member or department, or lets
//! a run go on. A task may come again, or never: the next sync finds the same.
//!
//! Where an administrator narrows the visible range, the vendor says of each member that they left it. So what follow-ups take
//! away since the last sync is counted, and where the guard would ask a person, the rest is left to the sync, which does.

use super::{
    head, key,
    refresh::{self, Asker},
    sync::end_wait,
};
use crate::{
    config::Common,
    contract::{callbacks::FollowUpTask, log::Level, types::Reason},
    failure::Failure,
    platform::Platform,
    store,
    vendor::Client,
};

/// Reads one member anew.
pub const REFRESH_MEMBER: &str = "refresh-member";
/// Reads one department anew.
pub const REFRESH_DEPARTMENT: &str = "refresh-department";
/// Ends the wait of a run for an export.
pub const LOOK_AT_EXPORT: &str = "look-at-export";

/// A task to be done at once.
pub fn task(kind: &str, subject: &str) -> FollowUpTask {
    FollowUpTask { kind: kind.to_owned(), subject: subject.to_owned(), not_before: None }
}

/// Does a task. Before the first sync is complete there is no copy to follow, so that a refresh does nothing.
///
/// # Errors
/// `unsupported` for a kind that is not here. `unavailable` where another writer came first; what the vendor or the store
/// fails with.
pub fn carry_out<C: Client>(
    platform: &dyn Platform,
    common: &Common,
    client: &C,
    task: &FollowUpTask,
) -> Result<(), Failure> {
    let FollowUpTask { kind, subject, .. } = task;
    let done = match kind.as_str() {
        LOOK_AT_EXPORT => end_wait::look_at_export(platform, common),
        REFRESH_MEMBER | REFRESH_DEPARTMENT if !has_copy(platform, common)? => Ok(()),
        REFRESH_MEMBER => refresh::refresh_member(platform, common, client, subject, Asker::FollowUp).map(|_| ()),
        REFRESH_DEPARTMENT => refresh::sync_department(platform, common, client, subject).map(|_| ()),
        _ => Err(failure! { Unsupported: "没有后续任务 {kind:?}", "there is no follow-up {kind:?}" }),
    };
    match done {
        // Nobody ever knew of it, or it is for the next sync to take away.
        Err(failure) if failure.reason == Reason::NotFound => Ok(()),
        Err(failure) if matches!(failure.reason, Reason::MassRemovalBlocked(_)) => {
            let fields = [("member", subject.as_str()), ("why", failure.message.en.as_str())];
            platform.log(
                Level::Warn,
                "a member who is gone is left to the next sync, which asks before it removes",
                &fields,
            );
            Ok(())
        }
        // Whoever was faster is done soon, and this may come again: what a host does with `unavailable`.
        Err(failure) if failure.reason == Reason::Conflict && failure.retry_after_ms.is_some() => {
            Err(failure.with_reason(Reason::Unavailable))
        }
        done => done,
    }
}

/// Whether a sync was complete.
fn has_copy(platform: &dyn Platform, common: &Common) -> Result<bool, Failure> {
    Ok(head::read_own(platform, common)?.is_some() && store::get_text(platform, key::SYNCED_AT)?.is_some())
}
