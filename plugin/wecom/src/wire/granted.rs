//! Ids that make up the visible range. One that cannot be read is left out and counted; a whole list that cannot be read
//! spoils the answer, since an empty range would look like a company that was taken away.

use super::{json_tree::JsonTree, tolerant::UnreadableField};

/// The id of a member, if there is one.
pub(super) fn member(user: JsonTree<'_>) -> Option<String> {
    user.at("userid").text_or_fail("userid").ok().flatten()
}

/// The id of a department, if it is one.
pub(super) fn department(id: JsonTree<'_>) -> Option<String> {
    id.number().filter(|id| *id != 0).map(|id| id.to_string())
}

/// The id of a tag: they begin at 0 (doc 90210).
pub(super) fn tag(id: JsonTree<'_>) -> Option<String> {
    id.number().map(|id| id.to_string())
}

/// The ids of a list. Those that cannot be read are added to `unreadable`.
pub(super) fn ids(
    list: JsonTree<'_>,
    name: &'static str,
    unreadable: &mut usize,
    id: fn(JsonTree<'_>) -> Option<String>,
) -> Result<Vec<String>, UnreadableField> {
    let sent = list.list_or_fail(name)?;
    let ids: Vec<String> = sent.iter().map(JsonTree).filter_map(id).collect();
    *unreadable += sent.len() - ids.len();
    Ok(ids)
}
