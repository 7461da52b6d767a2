//! Ids that make up the visible range. One that cannot be read is left out; a whole list that cannot be read spoils the
//! answer, since an empty range would look like a company that was taken away.

use super::tolerant::{Field, Items, UnreadableField, object};

object! {
    pub(super) struct User {
        userid: String,
    }
}

/// Ids of members.
pub(super) fn members(
    name: &'static str,
    field: Field<Items<User>>,
    unreadable: &mut Vec<&'static str>,
) -> Result<Vec<String>, UnreadableField> {
    ids(name, field, unreadable, |user| user.userid.text())
}

/// Ids of departments or tags.
pub(super) fn numbers(
    name: &'static str,
    field: Field<Items<u64>>,
    unreadable: &mut Vec<&'static str>,
) -> Result<Vec<String>, UnreadableField> {
    ids(name, field, unreadable, |id| (id != 0).then(|| id.to_string()))
}

fn ids<T>(
    name: &'static str,
    field: Field<Items<T>>,
    unreadable: &mut Vec<&'static str>,
    id: impl Fn(T) -> Option<String>,
) -> Result<Vec<String>, UnreadableField> {
    let Some(Items { read, odd }) = field.or_fail(name)? else { return Ok(Vec::new()) };
    let sent = read.len() + odd;
    let ids: Vec<_> = read.into_iter().filter_map(id).collect();
    if ids.len() < sent {
        unreadable.push(name);
    }
    Ok(ids)
}
