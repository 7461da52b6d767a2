//! The members and departments of a tag (doc 90213).

use serde::Deserialize;

use super::{
    granted::{self, User},
    tolerant::{Items, UnreadableField, WireField, object},
};

/// What `tag/get` tells: only what the app may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WireField<RawTag>")]
pub(crate) struct Tag {
    /// Ids of members that carry the tag themselves.
    pub(crate) members: Vec<String>,
    /// Ids of departments that carry it, with everything below them.
    pub(crate) departments: Vec<String>,
    /// Ids of both that cannot be read.
    pub(crate) unreadable: usize,
}

object! {
    struct RawTag {
        userlist: Items<User>,
        partylist: Items<u64>,
    }
}

impl TryFrom<WireField<RawTag>> for Tag {
    type Error = UnreadableField;

    fn try_from(raw: WireField<RawTag>) -> Result<Self, UnreadableField> {
        let raw = raw.or_fail("the tag")?.unwrap_or_default();
        let mut unreadable = 0;
        Ok(Self {
            members: granted::ids("userlist", raw.userlist, &mut unreadable, granted::member)?,
            departments: granted::ids("partylist", raw.partylist, &mut unreadable, granted::department)?,
            unreadable,
        })
    }
}
