//! The head of the directory: one small record that every writer reads, checks and replaces, so that all changes to
//! the copy stand in one order and the feed has no gap.

use serde::{Deserialize, Serialize};

use super::key;
use crate::{
    contract::{directory::MemberStatus, types::Reason},
    failure::Failure,
    platform::Platform,
    store::{self, Stored},
    text::Text,
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The corp to which the copy is bound from the first write on.
    pub corp_id: String,
    /// Number of the newest entry of the feed.
    pub last_change: u64,
    /// The ordinal of the next new member. Members keep theirs for ever, so the numbers stay dense.
    pub next_ordinal: u64,
    /// Departments of the copy.
    pub departments: u64,
    /// Members of the copy.
    pub members: Counts,
}

/// Members by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Counts {
    pub active: u64,
    pub disabled: u64,
    pub not_activated: u64,
    pub left_range: u64,
    pub resigned: u64,
}

impl Counts {
    /// Members that are in the visible range.
    pub fn present(&self) -> u64 {
        self.active + self.disabled + self.not_activated
    }

    /// The counter of one status.
    pub fn of(&mut self, presence: MemberStatus) -> &mut u64 {
        match presence {
            MemberStatus::Active => &mut self.active,
            MemberStatus::Disabled => &mut self.disabled,
            MemberStatus::NotActivated => &mut self.not_activated,
            MemberStatus::LeftRange => &mut self.left_range,
            MemberStatus::Resigned => &mut self.resigned,
        }
    }
}

/// Reads the head, with its version: absent before the first write.
pub fn read<P: Platform>(platform: &P) -> Result<Option<Stored<Head>>, Failure> {
    store::get(platform, key::HEAD)
}

/// Reads the head for a writer of this corp. A copy of another corp is refused: mixing two organisations under equal
/// ids could not be undone.
pub fn read_for<P: Platform>(platform: &P, corp_id: &str) -> Result<(Head, Option<u64>), Failure> {
    match read(platform)? {
        None => Ok((Head { corp_id: corp_id.to_owned(), ..Head::default() }, None)),
        Some(stored) if stored.value.corp_id.eq_ignore_ascii_case(corp_id) => Ok((stored.value, Some(stored.version))),
        Some(stored) => Err(Failure::new(
            Reason::Conflict,
            format!("the directory belongs to corp {}, the configuration names {corp_id}", stored.value.corp_id),
        )
        .with_hint(Text::new(
            "该元素的通讯录属于另一家企业：请恢复原 CorpID，或为新企业另建组织元素",
            "this element's directory belongs to another corp: restore the CorpID, or create a new element for the new corp",
        ))),
    }
}
