//! Ids that make up the visible range. One that cannot be read is left out and counted; a whole list that cannot be read spoils the
//! answer, since an empty range would look like a company that was taken away.

use super::tolerant::{Field, Items, UnreadableField, object};

object! {
    pub(super) struct User {
        userid: String,
    }
}

/// Ids of members. Those that cannot be read are added to `unreadable`.
pub(super) fn members(
    name: &'static str,
    field: Field<Items<User>>,
    unreadable: &mut usize,
) -> Result<Vec<String>, UnreadableField> {
    ids(name, field, unreadable, |user| user.userid.text())
}

/// Ids of departments. Those that cannot be read are added to `unreadable`.
pub(super) fn departments(
    name: &'static str,
    field: Field<Items<u64>>,
    unreadable: &mut usize,
) -> Result<Vec<String>, UnreadableField> {
    ids(name, field, unreadable, |id| (id != 0).then(|| id.to_string()))
}

/// Ids of tags, which begin at 0 (doc 90210). Those that cannot be read are added to `unreadable`.
pub(super) fn tags(
    name: &'static str,
    field: Field<Items<u64>>,
    unreadable: &mut usize,
) -> Result<Vec<String>, UnreadableField> {
    ids(name, field, unreadable, |id| Some(id.to_string()))
}

fn ids<T: Default>(
    name: &'static str,
    field: Field<Items<T>>,
    unreadable: &mut usize,
    id: impl Fn(T) -> Option<String>,
) -> Result<Vec<String>, UnreadableField> {
    let Items { read, odd } = field.or_fail(name)?.unwrap_or_default();
    let sent = read.len() + odd;
    let ids: Vec<String> = read.into_iter().filter_map(id).collect();
    *unreadable += sent - ids.len();
    Ok(ids)
}
