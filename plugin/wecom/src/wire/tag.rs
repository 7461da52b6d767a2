//! The members and departments of a tag (doc 90213).

use serde::Deserialize;
use serde_json::Value;

use super::{granted, tolerant::UnreadableField, tree::Tree};

/// What `tag/get` tells: only what the app may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Tag {
    /// Ids of members that carry the tag themselves.
    pub(crate) members: Vec<String>,
    /// Ids of departments that carry it, with everything below them.
    pub(crate) departments: Vec<String>,
    /// Ids of both that cannot be read.
    pub(crate) unreadable: usize,
}

impl TryFrom<Value> for Tag {
    type Error = UnreadableField;

    fn try_from(answer: Value) -> Result<Self, UnreadableField> {
        let answer = Tree(&answer).object_or_fail("the tag")?;
        let mut unreadable = 0;
        let mut ids = |key, id| granted::ids(answer.at(key), key, &mut unreadable, id);
        Ok(Self {
            members: ids("userlist", granted::member)?,
            departments: ids("partylist", granted::department)?,
            unreadable,
        })
    }
}
