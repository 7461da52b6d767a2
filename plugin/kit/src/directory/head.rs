//! The head of the directory: one small record that every writer reads, checks and replaces, so that all changes to
//! the copy stand in one order and the feed has no gap. It also says whose copy it is.

use serde::{Deserialize, Serialize};

use super::{
    forgetting::{self, Forgetting},
    key,
};
use crate::{
    config::Common,
    contract::{directory::MemberStatus, storage::Version},
    failure::Failure,
    platform::Platform,
    store::{self, Versioned},
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The organisation to which the copy is bound from the first write on.
    #[serde(alias = "corp_id")]
    pub organisation: String,
    /// Number of the newest entry of the feed.
    pub last_change: u64,
    /// The ordinal of the next new member. Members keep theirs for ever, so the numbers stay dense.
    pub next_ordinal: u64,
    /// Departments of the copy.
    pub departments: u64,
    /// Members of the copy.
    pub members: StatusCounts,
    /// Whether everybody with an assigned role is in the index of these. Not so where roles are left that a version before the
    /// index wrote.
    #[serde(default)]
    pub roles_indexed: bool,
    /// Set while the copy of before is forgotten: what is still there of it is not to be seen any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgetting: Option<Forgetting>,
}

/// Members by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct StatusCounts {
    pub active: u64,
    pub disabled: u64,
    pub not_activated: u64,
    pub left_range: u64,
    pub resigned: u64,
}

impl StatusCounts {
    /// Members that are in the visible range.
    pub fn present(&self) -> u64 {
        self.active + self.disabled + self.not_activated
    }

    /// The counter of one status.
    pub fn of(&mut self, status: MemberStatus) -> &mut u64 {
        match status {
            MemberStatus::Active => &mut self.active,
            MemberStatus::Disabled => &mut self.disabled,
            MemberStatus::NotActivated => &mut self.not_activated,
            MemberStatus::LeftRange => &mut self.left_range,
            MemberStatus::Resigned => &mut self.resigned,
        }
    }
}

impl Head {
    /// Departments and members of the copy, whatever their status.
    pub fn records(&self) -> u64 {
        self.departments + self.members.present() + self.members.left_range + self.members.resigned
    }

    /// Whether the copy is that of the configured organisation.
    pub fn is_of(&self, common: &Common) -> bool {
        common.ids.is_same(&self.organisation, &common.organisation)
    }
}

/// Reads the head whoever's copy it is, with its version: absent before the first write.
pub fn read(platform: &dyn Platform) -> Result<Option<Versioned<Head>>, Failure> {
    store::get(platform, key::HEAD)
}

/// The head as `reset` finds it.
#[derive(Debug)]
pub enum FoundHead {
    /// There is no copy.
    None,
    /// One that can be read.
    Readable(Versioned<Head>),
    /// One that cannot, and which write it is.
    Damaged(Version),
}

/// Reads the head also where it is damaged.
pub fn find(platform: &dyn Platform) -> Result<FoundHead, Failure> {
    let Some(entry) = store::get_text(platform, key::HEAD)? else { return Ok(FoundHead::None) };
    Ok(store::parse(&entry).map_or(FoundHead::Damaged(entry.version), FoundHead::Readable))
}

/// Whether what is stored of the copy is not to be seen any more.
///
/// # Errors
/// As [`read_own`].
pub fn is_being_forgotten(platform: &dyn Platform, common: &Common) -> Result<bool, Failure> {
    Ok(read_own(platform, common)?.is_some_and(|stored| stored.value.forgetting.is_some()))
}

/// Whether what the platform says of members is that of a copy that is being forgotten together with it.
///
/// # Errors
/// As [`read_own`].
pub fn is_platform_forgotten(platform: &dyn Platform, common: &Common) -> Result<bool, Failure> {
    let forgetting = read_own(platform, common)?.and_then(|stored| stored.value.forgetting);
    Ok(forgetting.is_some_and(|forgetting| forgetting.roles))
}

/// Reads the head for a reader of the copy.
///
/// # Errors
/// `conflict` where the copy is that of another organisation: nobody is to be shown the members of one as those of
/// another.
pub fn read_own(platform: &dyn Platform, common: &Common) -> Result<Option<Versioned<Head>>, Failure> {
    match read(platform)? {
        Some(stored) if !stored.value.is_of(common) => Err(other_organisation(&stored.value.organisation, common)),
        stored => Ok(stored),
    }
}

/// Reads the head for a writer.
///
/// # Errors
/// As [`read_own`]: mixing two organisations under equal ids could not be undone. `conflict` while the copy is being forgotten:
/// what is written would be deleted with it.
pub fn read_for(platform: &dyn Platform, common: &Common) -> Result<(Head, Option<u64>), Failure> {
    Ok(match read_own(platform, common)? {
        Some(stored) if stored.value.forgetting.is_some() => return Err(forgetting::unfinished()),
        // Roles are of members of a copy: where there is none, none is without its place in the index.
        None => (Head { organisation: common.organisation.clone(), roles_indexed: true, ..Head::default() }, None),
        Some(stored) => (stored.value, Some(stored.version)),
    })
}

fn other_organisation(found: &str, common: &Common) -> Failure {
    let configured = &common.organisation;
    failure! { Conflict:
    "本地通讯录属于 {found}，而配置的是 {configured}",
    "the directory belongs to {found}, the configuration names {configured}";
    "该元素的通讯录属于另一家企业：请恢复原来的企业 ID，或为新企业另建组织元素；确定不再需要原通讯录时可重置",
    "this element's directory belongs to another organisation: restore the former id, or create a new element for \
     the new organisation; or reset the directory if the former one is no longer wanted" }
}
