//! To WeCom's JSON. Numbers are text where WeCom has them as text: decimals, ids of departments, the instant of a date.

use organisation_kit::contract::approvals::{Person, Place, PlainControl, PlainValue, Precision, SpanValue};
use serde_json::{Value, json};

use super::{HALF_DAY, precision_name};
use crate::approvals::{status, template};

/// The JSON of a value that was judged already; `multiple` says whether several options may be chosen.
pub(in crate::approvals) fn plain(value: &PlainValue, multiple: bool) -> Value {
    match value {
        PlainValue::Empty => json!({}),
        PlainValue::Text(text) => json!({ "text": text }),
        PlainValue::Number(number) => json!({ "new_number": number }),
        PlainValue::Money(money) => json!({ "new_money": money }),
        PlainValue::Date(date) => {
            let at = (date.at / 1_000).to_string();
            json!({ "date": { "type": date.precision.map(precision_name), "s_timestamp": at } })
        }
        PlainValue::Span(span) => json!({ "date_range": range(span) }),
        PlainValue::Options(keys) => selector(keys, multiple),
        PlainValue::Members(members) => json!({ "members": people(members, "userid") }),
        PlainValue::Departments(departments) => json!({ "departments": people(departments, "openapi_id") }),
        PlainValue::Files(ids) => json!({ "files": each(ids, "file_id") }),
        PlainValue::Vacation(vacation) => {
            let mut value = selector(std::slice::from_ref(&vacation.option), false);
            value["attendance"] = attendance(&vacation.span, 1);
            json!({ "vacation": value })
        }
        PlainValue::Attendance(value) => {
            let kind = value.kind.as_deref().and_then(|kind| status::KIND.number(kind));
            json!({ "attendance": attendance(&value.span, kind.unwrap_or_default()) })
        }
        PlainValue::Place(place) => json!({ "location": location(place) }),
        PlainValue::Related(numbers) => json!({ "related_approval": each(numbers, "sp_no") }),
        PlainValue::Other(text) => serde_json::from_str(text).unwrap_or_default(),
    }
}

/// The JSON for a column into which nothing was filled: a row must have all of them.
pub(in crate::approvals) fn empty(control: &PlainControl) -> Value {
    match control.kind.as_str() {
        "text" | "textarea" => json!({ "text": "" }),
        "number" => json!({ "new_number": "" }),
        "money" => json!({ "new_money": "" }),
        "date" => {
            let config = template::config(control);
            let precision = config["date"]["type"].as_str().unwrap_or("day");
            json!({ "date": { "type": precision, "s_timestamp": "" } })
        }
        "selector" => selector(&[], control.multiple),
        "contact" if template::config(control)["contact"]["mode"] == "department" => json!({ "departments": [] }),
        "contact" => json!({ "members": [] }),
        "file" => json!({ "files": [] }),
        "related-approval" => json!({ "related_approval": [] }),
        _ => json!({}),
    }
}

/// Seconds that a stretch of time lasts, as WeCom counts.
pub(in crate::approvals) fn duration(span: &SpanValue) -> u64 {
    let between = (span.end / 1_000).saturating_sub(span.begin / 1_000);
    match (span.duration_seconds, span.precision) {
        (Some(seconds), _) => seconds,
        _ if !span.days.is_empty() => span.days.iter().fold(0, |sum, share| share.duration_seconds.saturating_add(sum)),
        // The half day at the end counts.
        (None, Some(Precision::HalfDay)) => between + HALF_DAY,
        (None, _) => between,
    }
}

fn selector(keys: &[String], multiple: bool) -> Value {
    let chosen = if multiple { "multi" } else { "single" };
    json!({ "selector": { "type": chosen, "options": each(keys, "key") } })
}

fn range(span: &SpanValue) -> Value {
    json!({
        "type": span.precision.map(precision_name),
        "new_begin": span.begin / 1_000,
        "new_end": span.end / 1_000,
        "new_duration": duration(span),
    })
}

fn attendance(span: &SpanValue, kind: u64) -> Value {
    let mut value = json!({ "date_range": range(span), "type": kind });
    if !span.days.is_empty() {
        let items = span.days.iter();
        let items = items.map(|share| json!({ "daytime": share.day / 1_000, "duration": share.duration_seconds }));
        value["slice_info"] = json!({ "day_items": items.collect::<Vec<_>>() });
    }
    value
}

fn location(place: &Place) -> Value {
    let Place { latitude, longitude, title, address, at } = place;
    let mut value = json!({ "latitude": latitude, "longitude": longitude, "title": title, "address": address });
    if let Some(at) = at {
        value["time"] = json!(at / 1_000);
    }
    value
}

fn people(people: &[Person], id: &str) -> Value {
    let one = |person: &Person| match &person.name {
        Some(name) => json!({ id: person.id, "name": name }),
        None => json!({ id: person.id }),
    };
    people.iter().map(one).collect()
}

fn each(texts: &[String], key: &str) -> Value {
    texts.iter().map(|text| json!({ key: text })).collect()
}
