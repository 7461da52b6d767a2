//! Departments as an app reads them (docs 90208, 95350, 95351).

use serde_json::Value;

use super::answer::{Answer, Refusal, Row, unknown};
use super::call::Call;
use super::view::View;
use crate::behaviour::HiddenRoot;
use crate::corp::{Department, ROOT};

/// `department/list`: whole records, as an array.
pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let rows = selected(call)?.into_iter().map(|department| record(&call.view, department, true)).collect();
    Ok(Answer::rows("department", rows))
}

/// `department/simplelist`: id, parent and order, under another key.
pub(crate) fn simple_list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let rows = selected(call)?.into_iter().map(|department| record(&call.view, department, false)).collect();
    Ok(Answer::rows("department_id", rows))
}

/// `department/get`: one record, as an object.
pub(crate) fn get(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    let id = call.query("id").ok_or(41019)?;
    let department = visible(call, id)?;
    Ok(Answer::row("department", record(&call.view, department, true)))
}

/// Reads a department id and checks that it exists and is in range: 60123, 60003, 60011.
pub(crate) fn visible<'c>(call: &'c Call<'_>, id: &str) -> Result<&'c Department, Refusal> {
    let id: u64 = id.parse().map_err(|_| 60123)?;
    let department = call.view.corp.department(id).ok_or(60003)?;
    if call.view.range.department(id) { Ok(department) } else { Err(60011.into()) }
}

/// Everything in range, or one department and what is below it.
fn selected<'c>(call: &'c Call<'_>) -> Result<Vec<&'c Department>, Refusal> {
    let Some(id) = call.query("id") else {
        return Ok(call
            .view
            .corp
            .departments()
            .filter(|department| call.view.range.department(department.id))
            .collect());
    };
    match visible(call, id) {
        Ok(top) => {
            Ok(call.view.corp.subtree(top.id).into_iter().filter_map(|id| call.view.corp.department(id)).collect())
        }
        Err(refusal) => {
            let hidden_root = refusal.code == 60011 && id.parse() == Ok(ROOT);
            let empty = call.world.behaviour.switches.hidden_root == HiddenRoot::EmptyList;
            if hidden_root && empty { Ok(Vec::new()) } else { Err(refusal) }
        }
    }
}

/// The record of `department/list` when `whole`, else that of `department/simplelist`.
pub(crate) fn record(view: &View, department: &Department, whole: bool) -> Row {
    let quirks = &view.quirks;
    let number =
        |value: u64| if quirks.numbers_as_strings { Value::from(value.to_string()) } else { Value::from(value) };
    let mut row = Row::default();
    row.put("id", number(department.id));
    if whole {
        row.put("name", department.name.as_str());
        let name_en = department.name_en.as_deref().unwrap_or_default();
        let leaders: Vec<&str> = view.range.leaders(&view.corp, department).collect();
        if !name_en.is_empty() || !quirks.department_extras_absent {
            row.put("name_en", name_en);
        }
        if !leaders.is_empty() || !quirks.department_extras_absent {
            row.put("department_leader", leaders);
        }
    }
    row.put("parentid", number(department.parent));
    row.put("order", number(department.order));
    if quirks.unknown_fields {
        row.put("sim_unknown", unknown());
    }
    row
}
