//! Whether a request exists whose answer was lost.
//!
//! WeCom knows nothing of idempotency keys. So the requests of the same applicant on the same template since it was sent are read
//! and compared. One that says the same is it; where that is not certain, the answer is `conflict`. Nor is it certain where another
//! one was made since: WeCom may have rewritten what was sent.

use organisation_kit::{
    capability::ApprovalSearch,
    contract::approvals::{ApprovalRequest, Field, FieldValue, Person, PlainField, PlainValue, SearchFilter, TableRow},
    failure::Failure,
    idempotency,
    order::sorted,
};
use serde_json::Value;

use super::{detail, kind, search};
use crate::{api::client::WeComClient, wire::json_tree::JsonTree};

/// Milliseconds by which WeCom's clock may be behind.
const CLOCKS_DIFFER_MS: u64 = 5_000;
/// A like request that is only that much older may have been made by somebody else, or by this one with clocks far apart.
const DOUBT_MS: u64 = 60_000;
/// So long after it was sent, what was made is listed.
const SETTLED_MS: u64 = 30_000;
/// Requests of one applicant on one template that are compared at most.
const CANDIDATES: u32 = 100;

/// When a request was sent, milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    first: u64,
    last: u64,
}

impl Sent {
    /// Sent now, perhaps not for the first time.
    pub(super) fn again(before: Option<Self>, now: u64) -> Self {
        Self { first: before.map_or(now, |before| before.first), last: now }
    }

    /// As the kit keeps it.
    pub(super) fn write(self) -> String {
        format!("{}.{}", self.first, self.last)
    }

    /// What [`Sent::write`] wrote.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('.')?;
        Some(Self { first: first.parse().ok()?, last: last.parse().ok()? })
    }
}

/// The number of the request; nothing where there is certainly none.
///
/// # Errors
/// `conflict` where that cannot be told; what the vendor refuses.
pub(super) fn find(
    client: &WeComClient<'_>,
    request: &ApprovalRequest,
    body: &Value,
    sent: Sent,
) -> Result<Option<String>, Failure> {
    let now = client.calls.platform().now_ms();
    let filter = SearchFilter {
        template: Some(request.template.clone()),
        applicant: Some(request.applicant.clone()),
        departments: Vec::new(),
        status: None,
        kind: None,
    };
    let (begin, end) = (sent.first.saturating_sub(DOUBT_MS), now.saturating_add(DOUBT_MS));
    let page =
        search::search(client, &ApprovalSearch { begin, end, filter: &filter, cursor: None, limit: CANDIDATES })?;
    if page.cursor.is_some() {
        return Err(idempotency::unknown(sent.last));
    }
    let ours = fields(body);
    let (mut found, mut is_in_doubt) = (Vec::new(), false);
    let is_since = |at: u64| at.saturating_add(CLOCKS_DIFFER_MS) >= sent.first;
    for number in page.numbers {
        let theirs = detail(client, &number)?;
        let is_mine = theirs.applicants.iter().any(|applicant| applicant.eq_ignore_ascii_case(&request.applicant));
        let is_there =
            request.department.is_none() || theirs.department.is_none() || theirs.department == request.department;
        if is_mine && is_there && are_alike(&ours, &theirs.fields) {
            found.push((number, theirs.submitted_at));
        } else {
            is_in_doubt |= is_mine && is_since(theirs.submitted_at);
        }
    }
    match found.pop() {
        None if now < sent.last.saturating_add(SETTLED_MS) => {
            Err(idempotency::unknown(sent.last).with_retry_after_ms(SETTLED_MS))
        }
        None if !is_in_doubt => Ok(None),
        Some((number, at)) if found.is_empty() && is_since(at) => Ok(Some(number)),
        _ => Err(idempotency::unknown(sent.last)),
    }
}

/// The fields of a body that was written, as they would be read.
fn fields(body: &Value) -> Vec<Field> {
    JsonTree(body).at("apply_data").at("contents").list().map(detail::field).collect()
}

/// Whether a request that WeCom shows says what was sent. WeCom adds names, fields that it fills in itself and empty ones.
fn are_alike(sent: &[Field], shown: &[Field]) -> bool {
    let is_shown =
        |field: &Field| shown.iter().any(|other| other.id == field.id && is_alike(&field.value, &other.value));
    let is_sent = |field: &Field| {
        field.kind.as_deref().is_some_and(kind::is_filled_by_vendor)
            || is_blank(&field.value)
            || sent.iter().any(|other| other.id == field.id)
    };
    sent.iter().all(is_shown) && shown.iter().all(is_sent)
}

fn is_blank(value: &FieldValue) -> bool {
    match value {
        FieldValue::Plain(value) => *value == PlainValue::Empty,
        FieldValue::Table(rows) => {
            rows.iter().flat_map(|row| &row.fields).all(|field| field.value == PlainValue::Empty)
        }
    }
}

fn is_alike(sent: &FieldValue, shown: &FieldValue) -> bool {
    let is_cell_alike = |cell: &PlainField, cells: &[PlainField]| {
        let shown = cells.iter().find(|other| other.id == cell.id).map_or(&PlainValue::Empty, |other| &other.value);
        is_plain_alike(&cell.value, shown)
    };
    match (sent, shown) {
        (FieldValue::Plain(sent), FieldValue::Plain(shown)) => is_plain_alike(sent, shown),
        (FieldValue::Table(sent), FieldValue::Table(shown)) => {
            let is_row_alike = |(sent, shown): (&TableRow, &TableRow)| {
                sent.fields.iter().all(|cell| is_cell_alike(cell, &shown.fields))
            };
            sent.len() == shown.len() && sent.iter().zip(shown).all(is_row_alike)
        }
        _ => false,
    }
}

fn is_plain_alike(sent: &PlainValue, shown: &PlainValue) -> bool {
    match (sent, shown) {
        (PlainValue::Number(sent), PlainValue::Number(shown)) | (PlainValue::Money(sent), PlainValue::Money(shown)) => {
            shortest(sent) == shortest(shown)
        }
        (PlainValue::Options(sent), PlainValue::Options(shown)) => sorted(sent.iter()) == sorted(shown.iter()),
        (PlainValue::Members(sent), PlainValue::Members(shown)) => ids(sent) == ids(shown),
        (PlainValue::Departments(sent), PlainValue::Departments(shown)) => ids(sent) == ids(shown),
        // WeCom files them under other ids.
        (PlainValue::Files(sent), PlainValue::Files(shown)) => sent.len() == shown.len(),
        (PlainValue::Vacation(sent), PlainValue::Vacation(shown)) => {
            sent.option == shown.option && (sent.span.begin, sent.span.end) == (shown.span.begin, shown.span.end)
        }
        (PlainValue::Attendance(sent), PlainValue::Attendance(shown)) => {
            sent.kind == shown.kind && (sent.span.begin, sent.span.end) == (shown.span.begin, shown.span.end)
        }
        (PlainValue::Span(sent), PlainValue::Span(shown)) => (sent.begin, sent.end) == (shown.begin, shown.end),
        (PlainValue::Place(sent), PlainValue::Place(shown)) => {
            (&sent.title, &sent.address) == (&shown.title, &shown.address)
        }
        (PlainValue::Other(sent), PlainValue::Other(shown)) => {
            match [sent, shown].map(|text| serde_json::from_str::<Value>(text)) {
                [Ok(sent), Ok(shown)] => has_all(&shown, &sent),
                _ => false,
            }
        }
        (sent, shown) => sent == shown,
    }
}

/// A decimal without the zeros that say nothing.
fn shortest(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

fn ids(people: &[Person]) -> Vec<String> {
    sorted(people.iter().map(|person| person.id.to_ascii_lowercase()))
}

/// Whether a value says all that another one says, and perhaps more.
fn has_all(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => {
            part.iter().all(|(key, part)| value.get(key).is_some_and(|value| has_all(value, part)))
        }
        (Value::Array(value), Value::Array(part)) => {
            value.len() == part.len() && value.iter().zip(part).all(|(value, part)| has_all(value, part))
        }
        (value, part) => value == part,
    }
}

#[cfg(test)]
mod tests;
