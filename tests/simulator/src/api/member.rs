//! Members as a caller reads them (docs 90196, 90200, 90201, 96067).

use std::collections::BTreeSet;

use serde_json::Value;

use super::answer::{Answer, Refusal, Row};
use super::call::Call;
use super::department::visible;
use super::record;
use crate::corp::{Member, key};

/// `user/get`.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.query("userid").ok_or(41009)?;
    if id.len() > 64 {
        return Err(40003.into());
    }
    let member = call.view.corp.member(id).ok_or(60111)?;
    if !call.view.range.member(member) {
        return Err(call.world.behaviour.switches.hidden_member.into());
    }
    Ok(Answer::flat(record::full(&call.view, member)))
}

/// `user/list`: whole records of one department's direct members.
pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let rows = selected(call)?.into_iter().map(|member| record::full(&call.view, member)).collect();
    Ok(Answer::rows("userlist", rows))
}

/// `user/simplelist`: id, name and departments of one department's direct members.
pub(crate) fn simple_list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let rows = selected(call)?.into_iter().map(|member| record::simple(&call.view, member)).collect();
    Ok(Answer::rows("userlist", rows))
}

fn selected<'c>(call: &'c Call<'_>) -> Result<Vec<&'c Member>, Refusal> {
    let department = visible(call, call.query("department_id").ok_or(41019)?)?;
    let switches = &call.world.behaviour.switches;
    let below = switches.fetch_child && call.query("fetch_child") == Some("1");
    let members: Vec<&Member> = if below {
        let mut seen = BTreeSet::new();
        let departments = call.view.corp.subtree(department.id);
        departments
            .into_iter()
            .flat_map(|id| call.view.corp.staff(id))
            .filter(|member| seen.insert(key(&member.id)))
            .collect()
    } else {
        call.view.corp.staff(department.id).collect()
    };
    match switches.largest_list {
        Some(largest) if members.len() > largest => Err(45029.into()),
        _ => Ok(members),
    }
}

/// `user/list_id`: every (member, department) pair of the corp, in pages. The cursor is the row to begin with.
pub(crate) fn list_id(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let start: usize = match call.text("cursor") {
        Some(cursor) => cursor.parse().map_err(|_| 60268)?,
        None => 0,
    };
    let limit = match call.body.get("limit") {
        None | Some(Value::Null) => 10_000,
        Some(limit) => limit.as_u64().filter(|limit| (1..=10_000).contains(limit)).ok_or(40058)?,
    };
    let limit = usize::try_from(limit).unwrap_or(10_000);
    let pairs = call.view.corp.members().flat_map(|member| member.departments.iter().map(move |place| (member, place)));
    let mut rows: Vec<Row> =
        pairs.skip(start).take(limit + 1).map(|(member, place)| pair(member, place.department)).collect();
    let next = if rows.len() > limit { (start + limit).to_string() } else { String::new() };
    rows.truncate(limit);
    let mut answer = Answer::rows("dept_user", rows);
    answer.push("next_cursor", next);
    Ok(answer)
}

fn pair(member: &Member, department: u64) -> Row {
    let mut row = Row::default();
    row.put("userid", member.id.as_str());
    row.put("department", department);
    row
}
