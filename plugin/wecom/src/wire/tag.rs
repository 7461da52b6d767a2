//! The members and departments of a tag (doc 90213).

use serde::Deserialize;

use super::tolerant::{Items, UnreadableField, WireField, object};

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

object! {
    struct User {
        userid: String,
    }
}

impl TryFrom<WireField<RawTag>> for Tag {
    type Error = UnreadableField;

    fn try_from(raw: WireField<RawTag>) -> Result<Self, UnreadableField> {
        let raw = raw.or_fail("the tag")?.unwrap_or_default();
        let mut unreadable = 0;
        Ok(Self {
            members: ids("userlist", raw.userlist, &mut unreadable, |user| user.userid.text())?,
            departments: ids("partylist", raw.partylist, &mut unreadable, |id| (id != 0).then(|| id.to_string()))?,
            unreadable,
        })
    }
}

/// As in [`granted`](super::granted), for the many that may carry a tag.
fn ids<T: Default>(
    name: &'static str,
    field: WireField<Items<T>>,
    unreadable: &mut usize,
    id: impl Fn(T) -> Option<String>,
) -> Result<Vec<String>, UnreadableField> {
    let Items { read, odd } = field.or_fail(name)?.unwrap_or_default();
    let sent = read.len() + odd;
    let ids: Vec<String> = read.into_iter().filter_map(id).collect();
    *unreadable += sent - ids.len();
    Ok(ids)
}
