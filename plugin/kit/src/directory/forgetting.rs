//! Forgetting the copy. It is gone for everybody at once, by a word in the head; what is stored of it is deleted in portions,
//! by the call that said so and, where its time does not suffice or it was killed, by whoever writes next.

use serde::{Deserialize, Serialize};

use super::{
    deletion::{self, Deleted},
    head::{self, Head},
    key,
};
use crate::{
    config::Common,
    contract::{
        storage::{Check, Expectation},
        types::Reason,
    },
    failure::Failure,
    locale::Text,
    platform::Platform,
    store::{self, Versioned},
};

/// What is forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgetting {
    /// Whether the roles of members, and what else the platform says of them, go as well.
    pub roles: bool,
}

/// What is stored of a copy. The feed goes first, the oldest entry before all: who reads it meanwhile finds a gap.
const COPY: [&str; 5] = [key::FEED, key::HISTORY, key::DEPARTMENTS, key::ALL_INDEXES, key::MEMBERS];

/// What the platform says of members.
const OF_MEMBERS: [&str; 3] = [key::ALL_ROLES, key::ALL_ASSIGNED, key::PLATFORM];

/// Makes way for a writer: deletes what is left of a copy that is being forgotten.
///
/// # Errors
/// `conflict` where the copy is that of another organisation, or more is left than this call has time for.
pub(crate) fn finish(platform: &dyn Platform, common: &Common) -> Result<(), Failure> {
    if head::is_being_forgotten(platform, common)? && !resume(platform)? {
        return Err(unfinished());
    }
    Ok(())
}

/// Deletes what is left of a copy that is being forgotten, as far as the call's budget goes; whether nothing is left.
pub(crate) fn resume(platform: &dyn Platform) -> Result<bool, Failure> {
    loop {
        let Some(Versioned { value: head, version }) = head::read(platform)? else { return Ok(true) };
        let Some(forgetting) = head.forgetting else { return Ok(true) };
        match delete(platform, forgetting, version)? {
            Deleted::All => {
                let head = Head { forgetting: None, ..head };
                let ops = [store::check(key::HEAD, Some(version)), store::put(key::HEAD, &head)];
                if store::apply(platform, &ops)?.is_ok() {
                    return Ok(true);
                }
            }
            Deleted::Partly => return Ok(false),
            // Another call came to the end first, or forgets anew.
            Deleted::Overtaken => {}
        }
    }
}

/// Every portion checks the head: a call that was stopped for a while must not delete what was written since.
fn delete(platform: &dyn Platform, forgetting: Forgetting, version: u64) -> Result<Deleted, Failure> {
    let unchanged = [Check { key: key::HEAD.to_owned(), expected: Expectation::Version(version) }];
    let of_members = if forgetting.roles { &OF_MEMBERS[..] } else { &[] };
    for prefix in COPY.iter().chain(of_members) {
        match deletion::all(platform, prefix, &unchanged)? {
            Deleted::All => {}
            stopped => return Ok(stopped),
        }
    }
    Ok(Deleted::All)
}

/// The copy of before is not wholly deleted yet.
pub(crate) fn unfinished() -> Failure {
    Failure::new(
        Reason::Conflict,
        ("本地通讯录正在清空", "what the directory held before its reset is still being deleted"),
    )
    .with_hint(Text::new(
        "原通讯录数据较多，正在分批删除：请再次调用",
        "there is much of it, and every call deletes a part: call again",
    ))
    .with_retry_after_ms(1_000)
}
