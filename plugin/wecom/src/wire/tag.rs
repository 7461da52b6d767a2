//! The members and departments of a tag (doc 90213).

use serde::Deserialize;

use super::tolerant;

/// What `tag/get` tells: only what the app may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct Tag {
    /// Ids of members that carry the tag themselves.
    pub members: Vec<String>,
    /// Ids of departments that carry it, with everything below them.
    pub departments: Vec<String>,
}

impl From<Raw> for Tag {
    fn from(raw: Raw) -> Self {
        Self {
            members: raw.userlist.into_iter().map(|user| user.userid).filter(|id| !id.is_empty()).collect(),
            departments: raw.partylist.iter().map(u64::to_string).collect(),
        }
    }
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default, deserialize_with = "tolerant::list")]
    userlist: Vec<User>,
    #[serde(default, deserialize_with = "tolerant::numbers")]
    partylist: Vec<u64>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default, deserialize_with = "tolerant::text")]
    userid: String,
}
