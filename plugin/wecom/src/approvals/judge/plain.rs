//! One value against its control. What is wrong is said as what follows the name of the field.

use organisation_kit::{
    contract::approvals::{AttendanceValue, Person, PlainControl, PlainValue, Precision, SpanValue},
    locale::Text,
    text,
};
use serde_json::Value;

use crate::{
    approvals::{
        limit, status, template,
        value::{CHINA, HALF_DAY, precision_of, write},
    },
    wire::json_tree::JsonTree,
};

/// Kinds with the case that holds their values, as the contract calls it.
const CASES: &[(&str, &str)] = &[
    ("text", "text"),
    ("textarea", "text"),
    ("number", "number"),
    ("money", "money"),
    ("date", "date"),
    ("date-range", "span"),
    ("selector", "options"),
    ("contact", "members, departments"),
    ("file", "files"),
    ("vacation", "vacation"),
    ("attendance", "attendance"),
    ("location", "place"),
    ("related-approval", "related"),
];

fn case_of(value: &PlainValue) -> &'static str {
    match value {
        PlainValue::Empty => "empty",
        PlainValue::Text(_) => "text",
        PlainValue::Number(_) => "number",
        PlainValue::Money(_) => "money",
        PlainValue::Date(_) => "date",
        PlainValue::Span(_) => "span",
        PlainValue::Options(_) => "options",
        PlainValue::Members(_) => "members",
        PlainValue::Departments(_) => "departments",
        PlainValue::Files(_) => "files",
        PlainValue::Vacation(_) => "vacation",
        PlainValue::Attendance(_) => "attendance",
        PlainValue::Place(_) => "place",
        PlainValue::Related(_) => "related",
        PlainValue::Other(_) => "other",
    }
}

#[inline(never)]
fn wrong(zh: &str, en: &str) -> Text {
    Text::new(zh, en)
}

/// The value, with what it leaves to the template.
pub(super) fn completed(control: &PlainControl, value: &PlainValue) -> PlainValue {
    let config = template::config(control);
    let config = JsonTree(&config);
    let mut value = value.clone();
    match &mut value {
        PlainValue::Date(date) => date.precision = date.precision.or(precision_in(config.at("date"))),
        PlainValue::Span(span) => span.precision = span.precision.or(precision_in(config.at("date_range"))),
        PlainValue::Attendance(AttendanceValue { kind, span }) => {
            let attendance = config.at("attendance");
            let kind_in = || attendance.at("type").number().map(|number| status::KIND.name(number));
            *kind = kind.take().or_else(kind_in);
            span.precision = span.precision.or(precision_in(attendance.at("date_range")));
        }
        _ => {}
    }
    value
}

/// Whether the value may stand in the control.
pub(super) fn judge(control: &PlainControl, value: &PlainValue) -> Result<(), Text> {
    let kind = control.kind.as_str();
    match kind {
        "table" => return Err(wrong("是明细，须按行填写", "is a table, which is filled in by rows")),
        "formula" | "tips" => return Err(wrong("由企业微信填写", "is filled in by WeCom")),
        "punch-correction" => {
            return Err(wrong("是补卡控件，不能通过接口提交", "corrects a punch, which no API can submit"));
        }
        _ => {}
    }
    let expected = CASES.iter().find(|(known, _)| *known == kind).map_or("other", |(_, cases)| cases);
    let case = case_of(value);
    if !expected.split(", ").any(|expected| expected == case) {
        return Err(text!("的值须为 {expected}，而不是 {case}", "takes a value of the case {expected}, not {case}"));
    }
    let config = template::config(control);
    let config = JsonTree(&config);
    match value {
        PlainValue::Text(text) if kind == "text" && text.contains(['\n', '\r']) => {
            Err(wrong("为单行文本，不能换行", "is one line of text"))
        }
        PlainValue::Number(number) | PlainValue::Money(number) if !is_decimal(number) => {
            Err(wrong("须为十进制数，例如 700.50", "is a decimal number, such as 700.50"))
        }
        PlainValue::Date(date) => {
            if date.precision == Some(Precision::HalfDay) {
                return Err(wrong("须精确到日或小时，不能为半天", "is exact to the day or the hour, not the half day"));
            }
            precision(config.at("date"), date.precision).map(drop)
        }
        PlainValue::Span(span) => {
            let precision = precision(config.at("date_range"), span.precision)?;
            self::span(span, precision, None)
        }
        PlainValue::Options(keys) => options(control, keys),
        PlainValue::Members(people) => contact(control, config, "user", people),
        PlainValue::Departments(people) => {
            if people.iter().any(|person| person.id.parse::<u32>().is_err()) {
                return Err(wrong("中的部门 ID 须为整数", "names departments by whole numbers"));
            }
            contact(control, config, "department", people)
        }
        PlainValue::Files(ids) => named(ids, "缺少文件的 media_id", "has a file without a media id"),
        PlainValue::Related(numbers) => named(numbers, "缺少审批编号", "has a request without a number"),
        PlainValue::Vacation(vacation) => {
            options(control, std::slice::from_ref(&vacation.option))?;
            let precision = precision(JsonTree(&Value::Null), vacation.span.precision)?;
            span(&vacation.span, precision, Some("leave"))
        }
        PlainValue::Attendance(value) => {
            let known = || (1..=5).map(|kind| status::KIND.name(kind)).collect::<Vec<_>>().join(", ");
            let kind = value.kind.as_deref().unwrap_or_default();
            let Some(number) = status::KIND.number(kind) else {
                let known = known();
                return Err(text!("的 kind 须为 {known}", "has one of the kinds {known}"));
            };
            if let Some(expected) = config.at("attendance").at("type").number().filter(|expected| *expected != number) {
                let expected = status::KIND.name(expected);
                return Err(text!("的 kind 须为 {expected}", "is of the kind {expected}"));
            }
            let precision = precision(config.at("attendance").at("date_range"), value.span.precision)?;
            span(&value.span, precision, Some(kind))
        }
        PlainValue::Place(place) if ![&place.latitude, &place.longitude].iter().all(|degrees| is_decimal(degrees)) => {
            Err(wrong("的经纬度须为十进制度数", "has a latitude and a longitude in decimal degrees"))
        }
        PlainValue::Other(text) if !matches!(serde_json::from_str(text), Ok(Value::Object(_))) => {
            Err(wrong("须为 JSON 对象", "is a JSON object"))
        }
        _ => Ok(()),
    }
}

/// As WeCom writes numbers: digits, perhaps a sign and a fraction.
fn is_decimal(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    text.split_once('.').map_or_else(|| digits(text), |(whole, fraction)| digits(whole) && digits(fraction))
}

/// How exact a time is, where the template says it.
fn precision_in(config: JsonTree<'_>) -> Option<Precision> {
    config.at("type").text().as_deref().and_then(precision_of)
}

/// How exact a time is, as the template wants it where that says so.
fn precision(config: JsonTree<'_>, found: Option<Precision>) -> Result<Precision, Text> {
    let Some(found) = found else {
        return Err(wrong(
            "须说明精度（precision）：模板中没有",
            "says how exact it is (precision), since the template does not",
        ));
    };
    match precision_in(config).filter(|expected| *expected != found) {
        None => Ok(found),
        Some(Precision::Day) => Err(wrong("须精确到日（day）", "is exact to the day")),
        Some(Precision::HalfDay) => Err(wrong("须精确到半天（half-day）", "is exact to the half day")),
        Some(Precision::Hour) => Err(wrong("须精确到小时（hour）", "is exact to the hour")),
    }
}

fn options(control: &PlainControl, keys: &[String]) -> Result<(), Text> {
    if keys.is_empty() {
        return Err(wrong("没有选项；不填时请使用 empty", "has no option: use empty where nothing is chosen"));
    }
    if keys.len() > 1 && !control.multiple {
        return Err(wrong("为单选", "takes one option"));
    }
    for (index, key) in keys.iter().enumerate() {
        // A template may take its options from elsewhere and list none.
        if !control.options.is_empty() && !control.options.iter().any(|option| option.key == *key) {
            return Err(text!("没有选项 {key:?}", "has no option {key:?}"));
        }
        if keys[..index].contains(key) {
            return Err(text!("重复选择了 {key:?}", "has the option {key:?} twice"));
        }
    }
    Ok(())
}

fn contact(control: &PlainControl, config: JsonTree<'_>, mode: &str, people: &[Person]) -> Result<(), Text> {
    if config.at("contact").at("mode").text().is_some_and(|expected| expected != mode) {
        return Err(match mode {
            "user" => wrong("须选择部门，而不是成员", "takes departments, not members"),
            _ => wrong("须选择成员，而不是部门", "takes members, not departments"),
        });
    }
    if people.is_empty() || people.iter().any(|person| person.id.is_empty()) {
        return Err(wrong("缺少 ID；不填时请使用 empty", "lacks an id: use empty where nobody is chosen"));
    }
    if people.len() > 1 && !control.multiple {
        return Err(wrong("只能选择一个", "takes one alone"));
    }
    Ok(())
}

fn named(ids: &[String], zh: &str, en: &str) -> Result<(), Text> {
    if ids.is_empty() || ids.iter().any(String::is_empty) { Err(wrong(zh, en)) } else { Ok(()) }
}

/// A stretch of time; of attendance where a kind is given.
fn span(span: &SpanValue, precision: Precision, attendance: Option<&str>) -> Result<(), Text> {
    let (begin, end) = (span.begin / 1_000, span.end / 1_000);
    let share = match (precision, attendance) {
        (Precision::Day, _) => {
            return Err(wrong("须精确到半天或小时", "is exact to the half day or the hour, not the day"));
        }
        (Precision::HalfDay, Some("overtime")) => limit::SHARE_OF_OVERTIME,
        (Precision::HalfDay, _) => limit::SHARE_OF_HALF_DAYS,
        (Precision::Hour, _) => limit::SHARE_OF_HOURS,
    };
    let is_half_day = precision == Precision::HalfDay;
    if is_half_day && [begin, end].iter().any(|at| !(at + CHINA).is_multiple_of(HALF_DAY)) {
        return Err(wrong(
            "按半天计时，起止须为北京时间 00:00 或 12:00",
            "counts half days: it begins and ends at 00:00 or 12:00 of China's time",
        ));
    }
    if begin > end || (begin == end && !is_half_day) {
        return Err(wrong("的结束时间须晚于开始时间", "ends after it begins"));
    }
    if attendance.is_none() && !span.days.is_empty() {
        return Err(wrong("不能按天分配时长", "is not spread over days"));
    }
    for day in &span.days {
        if !(day.day / 1_000 + CHINA).is_multiple_of(2 * HALF_DAY) {
            return Err(wrong("的 days 须为北京时间 00:00", "has days that do not begin at 00:00 of China's time"));
        }
        if !day.duration_seconds.is_multiple_of(share) {
            return Err(text!(
                "每天的时长须为 {share} 秒的倍数",
                "has a day whose share is no multiple of {share} seconds"
            ));
        }
    }
    if attendance == Some("overtime") && write::duration(span).max(end - begin) > limit::OVERTIME {
        return Err(wrong("的加班时长不能超过 7 天", "is overtime of more than 7 days"));
    }
    Ok(())
}
