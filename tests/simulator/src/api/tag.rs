//! Tags as a caller reads them (docs 90213, 90216).

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::call::Call;
use super::view::View;
use crate::corp::Tag;

/// `tag/list`: all tags of the corp.
pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let rows = call.view.corp.tags().map(|tag| json!({"tagid": tag.id, "tagname": tag.name})).collect();
    Ok(Answer::ok(vec![("taglist", Value::Array(rows))]))
}

/// `tag/get`: any tag, but only what is in the caller's range.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id: u64 = call.query("tagid").ok_or(41017)?.parse().map_err(|_| 40068)?;
    let tag = call.view.corp.tag(id).ok_or(40068)?;
    let (members, departments) = listed(&call.view, tag);
    Ok(Answer::ok(vec![
        ("tagname", Value::from(tag.name.as_str())),
        ("userlist", Value::Array(members)),
        ("partylist", Value::Array(departments)),
    ]))
}

/// The members and departments of a tag that are in range.
pub(crate) fn listed(view: &View, tag: &Tag) -> (Vec<Value>, Vec<Value>) {
    let members = tag.members().filter_map(|id| view.corp.member(id)).filter(|member| view.range.member(member));
    let members = members.map(|member| json!({"userid": member.id, "name": member.name})).collect();
    let departments = tag.departments().filter(|id| view.range.department(*id)).map(Value::from).collect();
    (members, departments)
}
