//! `oa/getapprovalinfo` (doc 91816): numbers of requests by time of submission, page by page.

use serde_json::Value;

use super::{check, unfit};
use crate::api::answer::{Answer, Refusal};
use crate::api::call::Call;
use crate::approval::Approval;
use crate::corp::folded;

/// The longest window, in seconds.
const LONGEST: i64 = 31 * 86_400;
const FILTERS: &[&str] = &["template_id", "creator", "department", "sp_status", "record_type"];

/// A page. Requests that the app does not see, or that are filtered out, leave gaps in it: it may even be empty and not
/// the last one.
pub(crate) fn list(call: &mut Call<'_>) -> Result<Answer, Refusal> {
    check(call, "oa/getapprovalinfo")?;
    let time = |name| call.number(name).ok_or_else(|| unfit(format!("invalid {name}")));
    let (from, to) = (time("starttime")?, time("endtime")?);
    if to <= from || to - from > LONGEST {
        return Err(unfit("the time range is empty or longer than 31 days"));
    }
    let size = call.number("size").and_then(|size| usize::try_from(size).ok()).filter(|size| (1..=100).contains(size));
    let size = size.ok_or_else(|| unfit("invalid size"))?;
    let start = match call.body.get("new_cursor").and_then(Value::as_str) {
        Some("") => 0,
        Some(cursor) => read_cursor(cursor).ok_or_else(|| Refusal::form("invalid new_cursor"))?,
        None => return Err(Refusal::form("new_cursor is no text")),
    };
    let filters = filters(call)?;
    let seconds = |one: &Approval| i64::try_from(one.applied / 1000).unwrap_or(i64::MAX);
    let all: Vec<&Approval> =
        call.world.approvals.requests().filter(|one| (from..=to).contains(&seconds(one))).collect();
    if call.world.behaviour.approvals.densest_window.is_some_and(|most| all.len() > most) {
        return Err(301112.into());
    }
    let shown = |one: &&&Approval| {
        let applicant = call.view.corp.member(&one.applicant);
        applicant.is_some_and(|member| call.view.range.member(member))
            && filters.iter().all(|filter| filter.admits(one))
    };
    let numbers: Vec<Value> =
        all.iter().skip(start).take(size).filter(shown).map(|one| Value::from(one.number.as_str())).collect();
    let mut fields = vec![("sp_no_list", Value::from(numbers))];
    if start + size < all.len() {
        fields.push(("new_next_cursor", Value::from(cursor(start + size))));
    }
    Ok(Answer::ok(fields))
}

/// Values of one key, any of which admits.
struct Filter {
    key: String,
    values: Vec<String>,
}

impl Filter {
    fn admits(&self, one: &Approval) -> bool {
        let value = match self.key.as_str() {
            "template_id" => one.template.clone(),
            "creator" => folded(&one.applicant).into_owned(),
            "department" => one.department.to_string(),
            "sp_status" => one.status.number().to_string(),
            _ => one.record_type.map(|number| number.to_string()).unwrap_or_default(),
        };
        self.values.contains(&value)
    }
}

/// Keys combine with and, values of one key with or; only departments may be several.
fn filters(call: &Call<'_>) -> Result<Vec<Filter>, Refusal> {
    let mut filters: Vec<Filter> = Vec::new();
    for filter in call.body.get("filters").and_then(Value::as_array).into_iter().flatten() {
        let text =
            |name: &str| filter[name].as_str().ok_or_else(|| Refusal::form(format!("filters.{name} is no text")));
        let (key, mut value) = (text("key")?.to_owned(), text("value")?.to_owned());
        if !FILTERS.contains(&key.as_str()) {
            return Err(unfit("invalid filter key"));
        }
        if key == "creator" {
            // Also for somebody who has left.
            value = folded(&call.view.corp.member(&value).ok_or(301055)?.id).into_owned();
        }
        match filters.iter_mut().find(|one| one.key == key) {
            Some(one) if key == "department" => one.values.push(value),
            Some(_) => return Err(unfit("a filter key is repeated")),
            None => filters.push(Filter { key, values: vec![value] }),
        }
    }
    Ok(filters)
}

/// A cursor looks like nothing that could be counted on.
fn cursor(at: usize) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(format!("sim-{at}"))
}

fn read_cursor(text: &str) -> Option<usize> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok()?;
    String::from_utf8(bytes).ok()?.strip_prefix("sim-")?.parse().ok()
}
