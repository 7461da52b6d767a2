//! What an event leaves to be done, so that the copy follows before the next sync.
//!
//! | Event | Follow-up |
//! |---|---|
//! | a member came into the range, or left it | `refresh-member` |
//! | a member was created, changed or deleted | `refresh-member` of the id, and of the new one |
//! | a department was created, changed or deleted | `refresh-department`; a deleted one is taken away by the next sync |
//! | a tag changed | `refresh-member` and `refresh-department` of all that were added or taken out: a tag may be part of the range; the members of a department follow with the next sync |
//! | an export has ended | `look-at-export` |
//!
//! An approval moved on leaves `update-to-do` where somebody was told of it, which only the storage knows: see [`super`].

use organisation_kit::{
    contract::callbacks::{Event, FollowUpTask, Happening},
    directory::{
        follow_up::{LOOK_AT_EXPORT, REFRESH_DEPARTMENT, REFRESH_MEMBER, task},
        member::is_id,
    },
};

use super::fields::Fields;

/// Tasks of one event at most: what is more is quicker for the next sync.
const MOST: usize = 200;

/// The tasks of an event, each once.
pub(super) fn of(event: &Event, fields: &Fields) -> Vec<FollowUpTask> {
    let mut tasks: Vec<FollowUpTask> = Vec::new();
    let mut add = |kind: &str, subject: &str| {
        let task = task(kind, subject);
        if is_id(subject) && tasks.len() < MOST && !tasks.contains(&task) {
            tasks.push(task);
        }
    };
    match &event.happening {
        Happening::EnteredRange | Happening::LeftRange => {
            event.member.iter().for_each(|member| add(REFRESH_MEMBER, member));
        }
        Happening::Directory(change) if change.kind.starts_with("member-") => {
            [Some(&change.id), change.new_id.as_ref()].into_iter().flatten().for_each(|id| add(REFRESH_MEMBER, id));
        }
        Happening::Directory(change) if change.kind.starts_with("department-") => add(REFRESH_DEPARTMENT, &change.id),
        Happening::Directory(_) => {
            for (list, kind) in [
                ("AddUserItems", REFRESH_MEMBER),
                ("DelUserItems", REFRESH_MEMBER),
                ("AddPartyItems", REFRESH_DEPARTMENT),
                ("DelPartyItems", REFRESH_DEPARTMENT),
            ] {
                fields.words(list).iter().for_each(|id| add(kind, id));
            }
        }
        Happening::Job(job) if job.kind.starts_with("export-") => add(LOOK_AT_EXPORT, &job.id),
        _ => {}
    }
    tasks
}
