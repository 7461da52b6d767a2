//! Ids that make up the visible range. One that cannot be read is left out; a whole list that cannot be read spoils the
//! answer, since an empty range would look like a company that was taken away.

use super::tolerant::{Field, Items, UnreadableField, object};

object! {
    pub(super) struct User {
        userid: String,
    }
}

/// Ids of members.
pub(super) fn members(name: &'static str, field: Field<Items<User>>) -> Result<Vec<String>, UnreadableField> {
    ids(name, field, |user| user.userid.text())
}

/// Ids of departments or tags.
pub(super) fn numbers(name: &'static str, field: Field<Items<u64>>) -> Result<Vec<String>, UnreadableField> {
    ids(name, field, |id| (id != 0).then(|| id.to_string()))
}

fn ids<T: Default>(
    name: &'static str,
    field: Field<Items<T>>,
    id: impl Fn(T) -> Option<String>,
) -> Result<Vec<String>, UnreadableField> {
    Ok(field.or_fail(name)?.unwrap_or_default().read.into_iter().filter_map(id).collect())
}
