//! Whether the value of a control fits it (fact sheet section 6.2).

use serde_json::Value;

use crate::api::view::View;
use crate::clock::UnixMillis;
use crate::message::MediaStore;

/// What values refer to.
pub(super) struct Against<'w> {
    pub(super) view: &'w View,
    pub(super) media: &'w MediaStore,
    pub(super) now: UnixMillis,
    /// Whether a request has this number.
    pub(super) known: &'w dyn Fn(&str) -> bool,
}

/// Attachments of a whole request, at most.
pub(super) const MOST_FILES: usize = 6;
/// Half days begin at midnight and noon in China.
const HALF_DAY: i64 = 43_200;
const CHINA: i64 = 8 * 3600;
const DAY: i64 = 86_400;
/// The type of an attendance.
const OVERTIME: i64 = 5;

/// Checks one value; the text says what is wrong.
pub(super) fn check(control: &Value, value: &Value, against: &Against<'_>) -> Result<(), &'static str> {
    let config = &control["config"];
    match control["property"]["control"].as_str().unwrap_or_default() {
        "Text" => match value["text"].as_str() {
            Some(text) if !text.contains('\n') => Ok(()),
            Some(_) => Err("a text has no line breaks"),
            None => Err("text is missing"),
        },
        "Textarea" => value["text"].as_str().map(drop).ok_or("text is missing"),
        "Number" => number(&value["new_number"]),
        "Money" => number(&value["new_money"]),
        "Date" => {
            let date = &value["date"];
            if date["type"] != config["date"]["type"] {
                return Err("the type of the date is another one");
            }
            let stamp = date["s_timestamp"].as_str().and_then(|text| text.parse::<u64>().ok());
            stamp.map(drop).ok_or("s_timestamp is no text with seconds")
        }
        "Selector" => selector(&config["selector"], &value["selector"]),
        "Contact" => contact(&config["contact"], value, against),
        "File" => {
            let files = value["files"].as_array().ok_or("files is no list")?;
            let known =
                |file: &Value| file["file_id"].as_str().is_some_and(|id| against.media.get(id, against.now).is_ok());
            if files.iter().all(known) { Ok(()) } else { Err("file_id is unknown or expired") }
        }
        "Table" => table(&config["table"], value, against),
        "DateRange" => range(&config["date_range"]["type"], &value["date_range"], true),
        "Vacation" => {
            let items = config["vacation_list"]["item"].as_array();
            let chosen = &value["vacation"]["selector"]["options"][0]["key"];
            let offered = items
                .is_some_and(|items| items.iter().any(|item| Some(item["id"].to_string().as_str()) == chosen.as_str()));
            if !offered {
                return Err("the kind of leave is unknown");
            }
            let range_of = &value["vacation"]["attendance"]["date_range"];
            range(&range_of["type"], range_of, true)
        }
        "Attendance" => {
            let attendance = &value["attendance"];
            if attendance["type"] != config["attendance"]["type"] {
                return Err("the type of the attendance is another one");
            }
            let kind = &config["attendance"]["date_range"]["type"];
            let whole = attendance["slice_info"].is_null();
            range(kind, &attendance["date_range"], whole)?;
            let length =
                attendance["date_range"]["new_end"].as_i64().zip(attendance["date_range"]["new_begin"].as_i64());
            if attendance["type"] == OVERTIME && length.is_some_and(|(end, begin)| end - begin > 7 * DAY) {
                return Err("overtime takes up to 7 days");
            }
            if whole { Ok(()) } else { slices(kind, attendance) }
        }
        "Location" => {
            let place = &value["location"];
            let written = |name: &str| place[name].as_str().is_some_and(|text| text.parse::<f64>().is_ok());
            let complete = written("latitude") && written("longitude") && place["time"].is_i64();
            if complete { Ok(()) } else { Err("location needs latitude and longitude as texts, and a time") }
        }
        "RelatedApproval" => {
            let related = value["related_approval"].as_array().ok_or("related_approval is no list")?;
            let known = |one: &Value| one["sp_no"].as_str().is_some_and(|number| (against.known)(number));
            if related.iter().all(known) { Ok(()) } else { Err("sp_no is unknown") }
        }
        "PunchCorrection" => Err("a punch correction cannot be submitted"),
        // BankAccount and PhoneNumber are not documented here; the platform works Formula and Tips out itself.
        _ => Ok(()),
    }
}

fn number(value: &Value) -> Result<(), &'static str> {
    let text = value.as_str().ok_or("numbers are texts")?;
    text.parse::<f64>().map(drop).map_err(|_| "the text is no number")
}

fn selector(config: &Value, value: &Value) -> Result<(), &'static str> {
    let chosen = value["options"].as_array().ok_or("options is no list")?;
    if value["type"] != config["type"] || (config["type"] == "single" && chosen.len() != 1) {
        return Err("the type of the selector is another one");
    }
    let offered = |option: &Value| {
        config["options"].as_array().is_some_and(|options| options.iter().any(|one| one["key"] == option["key"]))
    };
    if chosen.iter().all(offered) { Ok(()) } else { Err("an option is unknown") }
}

fn contact(config: &Value, value: &Value, against: &Against<'_>) -> Result<(), &'static str> {
    let corp = &against.view.corp;
    let departments = config["mode"] == "department";
    let known = |one: &Value| {
        if departments {
            let id = one["openapi_id"].as_str().and_then(|id| id.parse().ok());
            id.is_some_and(|id| corp.department(id).is_some())
        } else {
            one["userid"].as_str().is_some_and(|id| corp.member(id).is_some())
        }
    };
    let list = &value[if departments { "departments" } else { "members" }];
    let list = list.as_array().ok_or("members or departments is no list")?;
    if config["type"] == "single" && list.len() > 1 {
        return Err("only one can be chosen");
    }
    if list.iter().all(known) { Ok(()) } else { Err("a member or department is unknown") }
}

fn table(config: &Value, value: &Value, against: &Against<'_>) -> Result<(), &'static str> {
    let columns = config["children"].as_array().ok_or("the table has no columns")?;
    let rows = value["children"].as_array().filter(|rows| !rows.is_empty()).ok_or("a table has at least one row")?;
    for row in rows {
        let cells = row["list"].as_array().ok_or("list is no list")?;
        for column in columns {
            let cell = cells.iter().find(|cell| cell["id"] == column["property"]["id"]);
            check(column, &cell.ok_or("a row lacks a column")?["value"], against)?;
        }
    }
    Ok(())
}

/// A range of time; half days begin at 00:00 and 12:00 local time. The length may be left to `slice_info`.
fn range(kind: &Value, range: &Value, length: bool) -> Result<(), &'static str> {
    if range["type"] != *kind || !matches!(kind.as_str(), Some("halfday" | "hour")) {
        return Err("the type of the range is another one");
    }
    let stamps = (range["new_begin"].as_i64(), range["new_end"].as_i64());
    let (Some(begin), Some(end)) = stamps else { return Err("new_begin and new_end are numbers") };
    if begin > end || (length && !range["new_duration"].is_i64()) {
        return Err("the range is empty, or has no new_duration");
    }
    let on_time = |stamp: i64| (stamp + CHINA) % HALF_DAY == 0;
    if kind == "halfday" && !(on_time(begin) && on_time(end)) {
        Err("half days begin at 00:00 or 12:00")
    } else {
        Ok(())
    }
}

/// Lengths by day: each day begins at midnight, and each length is a whole number of the smallest units.
fn slices(kind: &Value, attendance: &Value) -> Result<(), &'static str> {
    let unit = match (kind.as_str(), attendance["type"] == OVERTIME) {
        (Some("halfday"), true) => 8640,
        (Some("halfday"), false) => HALF_DAY,
        _ => 360,
    };
    let days = attendance["slice_info"]["day_items"].as_array().ok_or("day_items is no list")?;
    let fits = |day: &Value| {
        let midnight = day["daytime"].as_i64().is_some_and(|at| (at + CHINA) % DAY == 0);
        midnight && day["duration"].as_i64().is_some_and(|length| length >= 0 && length % unit == 0)
    };
    if days.iter().all(fits) { Ok(()) } else { Err("a day or its duration does not fit") }
}
