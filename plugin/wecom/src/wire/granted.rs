//! Ids that make up the visible range. One that cannot be read is left out and counted; a whole list that cannot be read
//! spoils the answer, since an empty range would look like a company that was taken away.

use super::tolerant::{Items, UnreadableField, WireField, object};

object! {
    pub(super) struct User {
        userid: String,
    }
}

/// The id of a member, if there is one.
pub(super) fn member(user: User) -> Option<String> {
    user.userid.text()
}

/// The id of a department, if it is one.
pub(super) fn department(id: u64) -> Option<String> {
    (id != 0).then(|| id.to_string())
}

/// The id of a tag: they begin at 0 (doc 90210).
pub(super) fn tag(id: u64) -> Option<String> {
    Some(id.to_string())
}

/// The ids of a list. Those that cannot be read are added to `unreadable`.
pub(super) fn ids<T: Default>(
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
