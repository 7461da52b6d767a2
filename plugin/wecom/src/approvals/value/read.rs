//! From WeCom's JSON. Never fails: what is not there is [`PlainValue::Empty`], what cannot be read is passed on as it is.

use organisation_kit::{
    contract::approvals::{
        AttendanceValue, DateValue, DayShare, FieldValue, LocalisedText, Person, Place, PlainField, PlainValue,
        SpanValue, TableRow, VacationValue,
    },
    store,
};
use serde_json::Value;

use super::precision_of;
use crate::{
    approvals::{kind, language, status},
    wire::json_tree::JsonTree,
};

/// Id, kind and titles of something that was filled in.
pub(in crate::approvals) fn head(content: JsonTree<'_>) -> (String, Option<String>, Vec<LocalisedText>) {
    let kind = content.at("control").text().map(|control| kind::of_control(&control).to_owned());
    (content.at("id").text().unwrap_or_default(), kind, language::texts(content.at("title")))
}

/// The value of a control of this kind.
pub(in crate::approvals) fn field(kind: Option<&str>, value: JsonTree<'_>) -> FieldValue {
    if kind != Some("table") {
        return FieldValue::Plain(plain(kind, value));
    }
    FieldValue::Table(value.at("children").list().map(row).collect())
}

fn row(row: JsonTree<'_>) -> TableRow {
    let field = |content: JsonTree<'_>| {
        let (id, kind, titles) = head(content);
        PlainField { value: plain(kind.as_deref(), content.at("value")), id, kind, titles }
    };
    TableRow { fields: row.at("list").list().map(field).collect() }
}

/// The value of a control that holds no others.
pub(in crate::approvals) fn plain(kind: Option<&str>, value: JsonTree<'_>) -> PlainValue {
    let known = kind.filter(|_| value.0.is_object()).and_then(|kind| known(kind, value));
    known.unwrap_or_else(|| other(value.0))
}

/// Nothing where the kind has no case of its own or the value is not as documented.
fn known(kind: &str, value: JsonTree<'_>) -> Option<PlainValue> {
    match kind {
        "text" | "textarea" => text(value.at("text"), PlainValue::Text),
        "number" => text(value.at("new_number"), PlainValue::Number),
        "money" => text(value.at("new_money"), PlainValue::Money),
        "date" => date(value.within("date")),
        "date-range" => filled(value.within("date_range"), "new_begin", |range| {
            Some(PlainValue::Span(span(range, JsonTree(&Value::Null))?))
        }),
        "selector" => list(value.at("selector").at("options"), |option| option.at("key").text(), PlainValue::Options),
        "contact" if value.at("members").is_nothing() => {
            list(value.at("departments"), |found| person(found, "openapi_id"), PlainValue::Departments)
        }
        "contact" => list(value.at("members"), |found| person(found, "userid"), PlainValue::Members),
        "file" => list(value.at("files"), |file| file.at("file_id").text(), PlainValue::Files),
        "vacation" => filled(value, "vacation", |value| vacation(value.at("vacation"))),
        "attendance" => filled(value, "attendance", |value| attendance(value.at("attendance"))),
        "location" => filled(value, "location", |value| Some(PlainValue::Place(place(value.at("location"))))),
        "related-approval" => {
            list(value.at("related_approval"), |related| related.at("sp_no").text(), PlainValue::Related)
        }
        "tips" if value.at("tips").is_nothing() && value.at("new_tips").is_nothing() => Some(PlainValue::Empty),
        _ => None,
    }
}

fn text(value: JsonTree<'_>, of: fn(String) -> PlainValue) -> Option<PlainValue> {
    if value.is_nothing() { Some(PlainValue::Empty) } else { value.text().map(of) }
}

/// Where one item cannot be read, the whole is passed on as it is.
fn list<T>(
    items: JsonTree<'_>,
    item: impl Fn(JsonTree<'_>) -> Option<T>,
    of: fn(Vec<T>) -> PlainValue,
) -> Option<PlainValue> {
    let read = items.list().map(item).collect::<Option<Vec<T>>>()?;
    Some(if read.is_empty() { PlainValue::Empty } else { of(read) })
}

/// Empty where there is nothing behind the key that has to be there.
fn filled<'a>(value: JsonTree<'a>, key: &str, read: impl Fn(JsonTree<'a>) -> Option<PlainValue>) -> Option<PlainValue> {
    if value.at(key).is_nothing() && !is_strange(value, key) { Some(PlainValue::Empty) } else { read(value) }
}

/// Whether something else than the usual company of empty lists stands beside a key that says nothing.
fn is_strange(value: JsonTree<'_>, key: &str) -> bool {
    match value.0 {
        Value::Object(object) => object.iter().any(|(name, value)| name != key && !JsonTree(value).is_nothing()),
        _ => !value.is_nothing(),
    }
}

fn date(date: JsonTree<'_>) -> Option<PlainValue> {
    if date.at("s_timestamp").is_nothing() && !is_strange(date, "type") {
        return Some(PlainValue::Empty);
    }
    let precision = Some(precision_of(&date.at("type").text()?)?);
    Some(PlainValue::Date(DateValue { precision, at: instant(date.at("s_timestamp"))? }))
}

/// Seconds as the contract has instants. Unlike elsewhere 0 is one.
fn instant(seconds: JsonTree<'_>) -> Option<u64> {
    seconds.number()?.checked_mul(1_000)
}

fn span(range: JsonTree<'_>, slices: JsonTree<'_>) -> Option<SpanValue> {
    let share = |item: JsonTree<'_>| {
        Some(DayShare { day: instant(item.at("daytime"))?, duration_seconds: item.at("duration").number()? })
    };
    Some(SpanValue {
        precision: Some(precision_of(&range.at("type").text()?)?),
        begin: instant(range.at("new_begin"))?,
        end: instant(range.at("new_end"))?,
        duration_seconds: range.at("new_duration").number(),
        days: slices.at("day_items").list().map(share).collect::<Option<Vec<_>>>()?,
    })
}

fn vacation(vacation: JsonTree<'_>) -> Option<PlainValue> {
    let attendance = vacation.at("attendance");
    let option = vacation.at("selector").at("options").list().next()?.at("key").text()?;
    let span = span(attendance.at("date_range"), attendance.at("slice_info"))?;
    Some(PlainValue::Vacation(VacationValue { option, span }))
}

fn attendance(attendance: JsonTree<'_>) -> Option<PlainValue> {
    let kind = Some(status::KIND.name(attendance.at("type").number()?));
    let span = span(attendance.at("date_range"), attendance.at("slice_info"))?;
    Some(PlainValue::Attendance(AttendanceValue { kind, span }))
}

fn person(person: JsonTree<'_>, id: &str) -> Option<Person> {
    Some(Person { id: person.at(id).text()?, name: person.at("name").text() })
}

fn place(place: JsonTree<'_>) -> Place {
    let text = |key: &str| place.at(key).text().unwrap_or_default();
    Place {
        latitude: text("latitude"),
        longitude: text("longitude"),
        title: text("title"),
        address: text("address"),
        at: place.at("time").instant(),
    }
}

/// The vendor's JSON, without the empty lists that it adds to every value.
fn other(value: &Value) -> PlainValue {
    let mut value = value.clone();
    if let Value::Object(object) = &mut value {
        object.retain(|_, value| !matches!(value, Value::Array(items) if items.is_empty()));
    }
    if JsonTree(&value).is_nothing() { PlainValue::Empty } else { PlainValue::Other(store::to_json(&value)) }
}
